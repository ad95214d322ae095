//! The JSON of a script: for each file what became of it, and how far a download is.

use std::path::Path;

use serde_json::{Value, json};

use super::ended::Ended;
use crate::{
    cli::{exit::Exit, text::uncoded},
    model::{Digest, ListedFile, Who},
    node::client::{DownloadState, DownloadView, Summary},
};

fn outcome_of(exit: Exit) -> &'static str {
    match exit {
        Exit::Well => "complete",
        Exit::NotFound => "not_found",
        Exit::Verification => "verification_failed",
        Exit::Unreachable => "unreachable",
        Exit::Interrupted => "interrupted",
        Exit::Failed | Exit::Usage => "failed",
    }
}

/// A path in a document, which is text: what is none in a name is replaced.
pub(super) fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A rate, which is never below nothing: not even `-0.0`.
fn rate(bytes_per_s: f64) -> f64 {
    if bytes_per_s > 0.0 { bytes_per_s } else { 0.0 }
}

/// The field that says which source it is, and its number.
fn named(mut source: Value, who: Who) -> Value {
    match who {
        Who::Secondary(number) => source["secondary"] = json!(number),
        Who::Peer(number) => source["peer"] = json!(number),
    }
    source
}

pub(super) fn listed_json(listed: &ListedFile) -> Value {
    json!({
        "name": listed.file.name.as_str(),
        "bytes": listed.file.layout.file_bytes(),
        "holders": listed.holders,
        "secondaries": listed.wanted,
    })
}

pub(super) fn complete_json(name: &str, path: Option<&Path>, summary: &Summary) -> Value {
    let sources: Vec<Value> = summary
        .sources
        .iter()
        .map(|source| {
            let figures = json!({
                "chunks": source.chunks, "bytes": source.bytes,
                "wasted_bytes": source.wasted, "retries": source.retries, "recoveries": source.recoveries,
            });
            named(figures, source.who)
        })
        .collect();
    json!({
        "name": name,
        "outcome": "complete",
        "path": path.map(shown),
        "bytes": summary.bytes,
        "seconds": summary.took.as_secs_f64(),
        "bytes_per_s": rate(summary.average_bytes_per_s()),
        "sha256": summary.whole.to_string(),
        "resumed_bytes": summary.resumed_bytes,
        "own_disk_bytes": summary.own_disk_bytes,
        "zero_bytes": summary.zero_bytes,
        "wasted_bytes": summary.wasted_bytes(),
        "retries": summary.retries(),
        "sources": sources,
    })
}

/// A file that was there before.
pub(super) fn already_json(name: &str, path: Option<&Path>, bytes: u64, whole: Digest) -> Value {
    json!({
        "name": name,
        "outcome": "already",
        "path": path.map(shown),
        "bytes": bytes,
        "sha256": whole.to_string(),
    })
}

/// A file that did not come.
pub(super) fn failed_json(name: &str, exit: Exit, why: &str, code: &str) -> Value {
    let error = uncoded(why, code);
    json!({ "name": name, "outcome": outcome_of(exit), "error": error, "code": code })
}

/// What every document ends with.
pub(super) fn close(document: &mut Value, exit: Exit, ended: Option<&Ended>) {
    document["ok"] = json!(exit == Exit::Well);
    document["exit"] = json!(exit.code());
    if let Some(ended) = ended {
        document["error"] = json!(uncoded(&ended.why, ended.code));
        document["code"] = json!(ended.code);
    }
}

pub(super) fn progress_json(view: &DownloadView) -> Option<Value> {
    let base = |state: &str| json!({ "name": view.file.as_str(), "number": view.number.0, "state": state });
    match &view.state {
        DownloadState::Queued(place) => {
            let mut line = base("queued");
            line["place"] = json!(place);
            Some(line)
        }
        DownloadState::Running(snapshot) => {
            let mut line = base("running");
            line["bytes"] = json!(snapshot.file_bytes);
            line["have_bytes"] = json!(snapshot.received_bytes);
            line["verified_bytes"] = json!(snapshot.have_bytes);
            line["bytes_per_s"] = json!(rate(snapshot.rate_bytes_per_s));
            line["seconds_left"] = json!(snapshot.time_left.map(|left| left.as_secs_f64()));
            let sources: Vec<Value> = snapshot
                .sources
                .iter()
                .map(|source| {
                    let figures = json!({
                        "state": format!("{:?}", source.state).to_lowercase(),
                        "bytes_per_s": rate(source.rate_bytes_per_s),
                        "in_flight": source.in_flight,
                        "bytes": source.received.bytes,
                    });
                    named(figures, source.received.who)
                })
                .collect();
            line["sources"] = json!(sources);
            Some(line)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_never_below_nothing() {
        for (rate, written) in [
            (-0.0, "0.0"),
            (-1.5, "0.0"),
            (f64::NAN, "0.0"),
            (2.5, "2.5"),
        ] {
            assert_eq!(json!(super::rate(rate)).to_string(), written);
        }
    }
}
