//! Statistics as people read them: the figures of a node's document that matter at a glance. The document itself is
//! for programs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    harmless, spoken, t,
    table::{Column, Table, minor, whole},
    transfer::fault,
    units::{bytes, some, some_bytes, some_rate},
};
use crate::{cli::commands::Form, engine::counters::Counters, model::Fault};

/// A server's statistics in the form that is wanted.
pub fn document(document: &Value, form: Form, columns: usize) -> Vec<String> {
    match form {
        Form::Table => summary(document, columns),
        Form::Json => json(document),
    }
}

/// Any document for programs, a line each as they are printed.
pub fn json(document: &impl Serialize) -> Vec<String> {
    let pretty = serde_json::to_string_pretty(document).unwrap_or_default();
    pretty.lines().map(harmless::json).collect()
}

/// What a central's or a secondary's statistics say.
fn summary(document: &Value, columns: usize) -> Vec<String> {
    let counters = |key: &str| Counters::deserialize(&document[key]).unwrap_or_default();
    let totals = counters("totals");
    let since = document["started"].as_str().unwrap_or_default();
    let mut lines = vec![t!("statistics-since", time = moment(since))];
    let mut rows = vec![row(t!("statistics-downloads"), &totals)];
    let copies = ["copies", "copies_received"].map(counters);
    let copies = copies
        .into_iter()
        .find(|copies| *copies != Counters::default());
    rows.extend(
        copies
            .iter()
            .map(|copies| row(t!("statistics-copies"), copies)),
    );
    rows.extend(per(document, "copies_sent", |number| {
        t!("statistics-copies-to", number = number)
    }));
    rows.extend(per(document, "secondaries", |number| {
        t!("statistics-from", number = number)
    }));
    lines.extend(Table::new(head()).with(rows).lines(columns));
    lines.extend(trouble(&totals));
    let own_bytes = [Some(&totals), copies.as_ref()].into_iter().flatten();
    let own_bytes: u64 = own_bytes.map(|counters| counters.bytes_own_disk).sum();
    if own_bytes > 0 {
        lines.push(t!("statistics-own", size = bytes(own_bytes)));
    }
    lines.extend(faults(&totals));
    lines.extend(refusals(&document["refused"]));
    lines.push(t!(
        "statistics-all",
        statistics = spoken::command("ESTADISTICAS")
    ));
    lines
}

/// A time as the documents have it, written shorter.
fn moment(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => text.to_owned(),
    }
}

fn head() -> [Column; 7] {
    [
        whole(""),
        whole(t!("column-complete")),
        minor(3, t!("column-failed")),
        minor(4, t!("column-cancelled")),
        minor(1, t!("column-sent")),
        minor(5, t!("column-wasted")),
        minor(2, t!("column-mean")),
    ]
}

fn row(what: String, counters: &Counters) -> Vec<String> {
    let broken = counters.failed.saturating_sub(counters.cancelled);
    vec![
        what,
        counters.downloads.to_string(),
        some(broken),
        some(counters.cancelled),
        some_bytes(counters.bytes_sent),
        some_bytes(counters.bytes_wasted),
        some_rate(counters.mean_bytes_per_s as f64),
    ]
}

/// A row for each secondary in a part of the document.
fn per(document: &Value, key: &str, name: impl Fn(&str) -> String) -> Vec<Vec<String>> {
    let each = document[key].as_object().into_iter().flatten();
    each.map(|(number, counters)| {
        let counters = Counters::deserialize(counters).unwrap_or_default();
        row(name(number), &counters)
    })
    .collect()
}

/// What did not go straight, as far as anything did not.
fn trouble(totals: &Counters) -> Option<String> {
    let parts = [
        (totals.retries > 0).then(|| t!("statistics-again", count = totals.retries)),
        (totals.hedges > 0).then(|| t!("statistics-twice", count = totals.hedges)),
        (totals.recoveries > 0).then(|| t!("statistics-returns", count = totals.recoveries)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| super::sentence(&parts.join("; ")))
}

fn faults(totals: &Counters) -> Option<String> {
    let counts = &totals.faults;
    let each = [
        (counts.unreachable, Fault::Unreachable),
        (counts.broken, Fault::Broken),
        (counts.stalled, Fault::Stalled),
        (counts.digest, Fault::Digest),
        (counts.refused, Fault::Refused),
        (counts.protocol, Fault::Protocol),
    ];
    let happened = each.iter().filter(|(count, _)| *count > 0);
    let told: Vec<_> = happened
        .map(|(count, why)| t!("statistics-fault", why = fault(*why), count = *count))
        .collect();
    (!told.is_empty()).then(|| t!("statistics-faults", faults = told.join("; ")))
}

/// Connections that were refused or ended, by the code that docs/en/problems.md explains.
fn refusals(refused: &Value) -> Option<String> {
    let codes = refused.as_object()?;
    let told: Vec<_> = codes
        .iter()
        .map(|(code, count)| format!("[{code}] × {count}"))
        .collect();
    (!told.is_empty()).then(|| t!("statistics-refused", codes = told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_matters_is_told_and_what_did_not_happen_is_not() {
        let document = json!({
            "started": "2026-11-21T17:45:31Z",
            "totals": {"downloads": 3, "failed": 2, "cancelled": 1, "bytes_sent": 90_820_000u64,
                "bytes_wasted": 820_000, "retries": 4, "faults": {"broken": 2}, "mean_bytes_per_s": 2_500_000},
            "secondaries": {"1": {"downloads": 3, "bytes_sent": 90_820_000u64}},
            "copies": {"downloads": 8},
            "refused": {"expelled": 1},
        });
        let lines = summary(&document, 80);
        assert!(
            lines.iter().all(|line| line.chars().count() <= 80),
            "{lines:#?}"
        );
        let all = lines.join("\n");
        for part in [
            "2026-11-21 17:45:31 UTC",
            "90,8 MB",
            "820,0 kB",
            "2,5 MB/s",
            "[expelled] × 1",
            "secund. 1",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        let row = lines
            .iter()
            .find(|line| line.starts_with("descargas"))
            .unwrap();
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        assert_eq!(cells[1..4], ["3", "1", "1"]);
        let nothing = summary(&json!({"started": "x", "totals": {}}), 80).join("\n");
        for part in ["copias", "secund. 1", "×", "Fallos", "fallidas"] {
            assert!(!nothing.contains(part), "{part}: {nothing}");
        }
    }
}
