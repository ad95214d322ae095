//! What happens: how the cluster is, its secondaries, what is downloaded and what waits. The script goes on with it: it
//! finds what it changes by `data-f`, and new rows are made of the templates.

use maud::{Markup, html};

use super::{
    standby::centrals,
    units::{percent, rate, size},
};
use crate::{
    http::{
        names::to_path,
        text::{Tongue, w},
    },
    model::ClusterStatus,
    node::central::{Present, QueueRow, Running, SecondaryCondition, SecondaryInfo},
};

/// How the cluster is: the name of a mood, and a sentence.
fn mood(status: &ClusterStatus, tongue: Tongue) -> (&'static str, String) {
    let alive = status.secondaries.iter().filter(|row| row.alive).count();
    let all = status.secondaries.len().max(usize::from(status.required));
    if !status.ready {
        return (
            "none",
            w!(tongue, "web-not-ready", alive = alive, all = all),
        );
    }
    if status.level && alive == all {
        return ("good", w!(tongue, "web-all-well", alive = alive, all = all));
    }
    let sentence = w!(tongue, "web-working", alive = alive, all = all);
    ("some", sentence)
}

/// Sentences that the script fills in itself, by name.
pub(super) fn words(tongue: Tongue) -> serde_json::Value {
    serde_json::json!({
        "none": w!(tongue, "web-not-ready", alive = "{alive}", all = "{all}"),
        "good": w!(tongue, "web-all-well", alive = "{alive}", all = "{all}"),
        "some": w!(tongue, "web-working", alive = "{alive}", all = "{all}"),
        "up": w!(tongue, "web-up"),
        "draining": w!(tongue, "web-draining"),
        "down": w!(tongue, "web-down"),
        "missing": w!(tongue, "web-missing", count = "{count}"),
        "lost": w!(tongue, "web-lost", number = "{number}"),
        "returned": w!(tongue, "web-returned", number = "{number}"),
        "ended": w!(tongue, "web-ended", file = "{file}"),
        "left": w!(tongue, "web-left", time = "{time}"),
        "from": w!(tongue, "web-from", secondaries = "{secondaries}"),
        "copied": w!(tongue, "web-copied"),
        "select": w!(tongue, "web-select"),
        "done": w!(tongue, "web-done"),
        "failed": w!(tongue, "web-failed"),
        "sure": w!(tongue, "web-sure", name = "{name}"),
        "drain": w!(tongue, "web-drain"),
        "work": w!(tongue, "web-work"),
        "unlocked": w!(tongue, "web-unlocked"),
        "expel": w!(tongue, "web-expel"),
        "doing": w!(tongue, "web-doing", running = "{running}", waiting = "{waiting}"),
        "active": w!(tongue, "web-active"),
        "limited": w!(tongue, "web-limited"),
        "ready": w!(tongue, "web-ready"),
        "behind": w!(tongue, "web-behind"),
        "takeover": w!(tongue, "web-sure-migrate", name = "{name}"),
        "moved": w!(tongue, "web-moved", name = "{name}"),
        "http": w!(tongue, "web-via-http"),
        "copy": w!(tongue, "web-via-copy"),
    })
}

/// The line at the top.
pub(super) fn health(present: &Present, tongue: Tongue) -> Markup {
    let status = &present.summary.status;
    let (name, sentence) = mood(status, tongue);
    let rates = present.summary.secondaries.iter();
    let sum: f64 = rates.map(|info| info.rate_bytes_per_s).sum();
    html! {
        div.health {
            p.mood #salud data-mood=(name) { span { (sentence) } }
            dl.figures #cifras {
                div { dt { (w!(tongue, "web-files")) } dd data-f="files" { (status.files) } }
                div { dt { (w!(tongue, "web-sending")) } dd data-f="rate" { (rate(sum, tongue)) } }
                div { dt { (w!(tongue, "web-downloads")) } dd data-f="running" { (status.running) } }
                div { dt { (w!(tongue, "web-queue")) } dd data-f="waiting" { (status.waiting) } }
            }
        }
    }
}

/// All tables.
pub(super) fn happening(present: &Present, tongue: Tongue) -> Markup {
    html! {
        (secondaries(&present.summary.secondaries, tongue))
        (downloads(&present.running, tongue))
        (queue(&present.queue, tongue))
        (centrals(&present.centrals, tongue))
    }
}

fn secondaries(rows: &[SecondaryInfo], tongue: Tongue) -> Markup {
    html! {
        section.card.list.empty[rows.is_empty()] aria-labelledby="t-secundarios" {
            h2 #t-secundarios { (w!(tongue, "web-secondaries")) }
            p.quiet.nothing { (w!(tongue, "web-no-secondaries")) }
            table {
                thead { tr {
                    th scope="col" { (w!(tongue, "web-secondary")) }
                    th scope="col" { (w!(tongue, "web-state")) }
                    th.number scope="col" { (w!(tongue, "web-sends")) }
                } }
                tbody #secundarios {
                    @for info in rows { (secondary(Some(info), tongue)) }
                }
            }
            template #nuevo-secundario { (secondary(None, tongue)) }
        }
    }
}

fn state(state: SecondaryCondition, tongue: Tongue) -> (&'static str, String) {
    match state {
        SecondaryCondition::Up => ("up", w!(tongue, "web-up")),
        SecondaryCondition::Draining => ("draining", w!(tongue, "web-draining")),
        SecondaryCondition::Down => ("down", w!(tongue, "web-down")),
    }
}

fn secondary(info: Option<&SecondaryInfo>, tongue: Tongue) -> Markup {
    let number = info.map(|info| info.number.to_string()).unwrap_or_default();
    let (name, word) = info
        .map(|info| state(info.state, tongue))
        .unwrap_or_default();
    let address = info
        .map(|info| info.address.to_string())
        .unwrap_or_default();
    let missing = info.map(|info| info.missing).unwrap_or_default();
    let missing = match missing {
        0 => String::new(),
        count => w!(tongue, "web-missing", count = count),
    };
    let sends = info.map(|info| rate(info.rate_bytes_per_s, tongue));
    html! {
        tr data-key=(number) {
            th scope="row" {
                strong data-f="number" { (number) }
                div.quiet.small data-f="address" { (address) }
            }
            td {
                span.badge data-f="state" data-state=(name) { (word) }
                div.quiet.small data-f="missing" { (missing) }
                button.small type="button" hidden data-order="drain" {}
            }
            td.number data-f="rate" { (sends.unwrap_or_default()) }
        }
    }
}

fn downloads(rows: &[Running], tongue: Tongue) -> Markup {
    html! {
        section.card.list.empty[rows.is_empty()] aria-labelledby="t-descargas" {
            h2 #t-descargas { (w!(tongue, "web-running")) }
            p.quiet.nothing { (w!(tongue, "web-no-downloads")) }
            table {
                thead.unseen { tr { th scope="col" { (w!(tongue, "web-name")) } } }
                tbody #descargas {
                    @for row in rows { (download(Some(row), tongue)) }
                }
            }
            template #nueva-descarga { (download(None, tongue)) }
        }
    }
}

fn download(row: Option<&Running>, tongue: Tongue) -> Markup {
    let key = row.map(|row| crate::http::live::shown_id(row.transfer));
    let name = row.map(|row| row.file.to_string()).unwrap_or_default();
    let page = row.map(|row| format!("/p/{}", to_path(&row.file)));
    let whole = row.and_then(|row| row.bytes).unwrap_or(0);
    let sent = row.map_or(0, |row| row.sent_bytes);
    let share = percent(sent, whole);
    let numbers = row.map(|row| {
        let numbers = row.secondaries.iter().map(ToString::to_string);
        numbers.collect::<Vec<_>>().join(", ")
    });
    let from = numbers.filter(|numbers| !numbers.is_empty());
    let from = from.map(|numbers| w!(tongue, "web-from", secondaries = numbers));
    let kind = match row.map(|row| crate::http::live::via(&row.to)) {
        Some("http") => w!(tongue, "web-via-http"),
        Some("copy") => w!(tongue, "web-via-copy"),
        _ => String::new(),
    };
    let far = format!("{share} % · {}", size(sent.min(whole), tongue));
    html! {
        tr data-key=(key.unwrap_or_default()) {
            td {
                a data-f="file" href=(page.unwrap_or_default()) { (name) }
                progress data-f="share" max="100" value=(share) aria-label=(w!(tongue, "web-progress")) {}
                div.quiet.small { span data-f="far" { (far) } " " span data-f="from" { (from.unwrap_or_default()) } " "
                    span data-f="via" { (kind) } }
            }
        }
    }
}

fn queue(rows: &[QueueRow], tongue: Tongue) -> Markup {
    html! {
        section.card.list.empty[rows.is_empty()] aria-labelledby="t-cola" {
            h2 #t-cola { (w!(tongue, "web-queue")) }
            p.quiet.nothing { (w!(tongue, "web-no-queue")) }
            table {
                thead { tr {
                    th scope="col" { (w!(tongue, "web-name")) }
                    th.number scope="col" { (w!(tongue, "web-position")) }
                } }
                tbody #cola {
                    @for row in rows { (waiting(Some(row))) }
                }
            }
            template #nueva-espera { (waiting(None)) }
        }
    }
}

fn waiting(row: Option<&QueueRow>) -> Markup {
    let key = row.map(|row| format!("{:06}", row.position));
    let name = row.map(|row| row.file.to_string()).unwrap_or_default();
    let position = row.map(|row| row.position.to_string());
    html! {
        tr data-key=(key.unwrap_or_default()) {
            th scope="row" data-f="file" { (name) }
            td.number data-f="position" { (position.unwrap_or_default()) }
        }
    }
}
