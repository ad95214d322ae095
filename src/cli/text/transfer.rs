//! What happens between a receiver and its sources: the same words for downloads and for copies.

use super::{
    t,
    table::table,
    units::{bytes, count, percent, rate, time},
};
use crate::{
    engine::download::{FailReason, Notice, Snapshot, SourceState},
    model::{Fault, ReceivedFrom, Who},
    node::Failure,
};

/// A source, where the words around it say that it is one.
pub fn who(who: Who) -> String {
    match who {
        Who::Secondary(number) => number.to_string(),
    }
}

/// What is wrong with a source.
pub fn fault(fault: Fault) -> String {
    match fault {
        Fault::Unreachable => t!("fault-unreachable"),
        Fault::Broken => t!("fault-broken"),
        Fault::Stalled => t!("fault-stalled"),
        Fault::Digest => t!("fault-digest"),
        Fault::Refused => t!("fault-refused"),
        Fault::Protocol => t!("fault-protocol"),
    }
}

/// Trouble with a source, or its return.
pub fn notice(notice: &Notice) -> String {
    match notice {
        Notice::Suspect { who: of } => t!("notice-suspect", source = who(*of)),
        Notice::Cleared { who: of } => t!("notice-cleared", source = who(*of)),
        Notice::Dead {
            who: of,
            fault: why,
            returned_chunks,
        } => {
            let returned = t!("chunks-return", count = returned_chunks);
            t!(
                "notice-dead",
                source = who(*of),
                why = fault(*why),
                returned = returned
            )
        }
        Notice::Back {
            who: of,
            after,
            own_chunks,
        } => {
            let chunks = t!("chunks", count = own_chunks);
            t!(
                "notice-back",
                source = who(*of),
                after = time(*after),
                chunks = chunks
            )
        }
        Notice::Banned {
            who: of,
            chunk: Some(chunk),
        } => t!(
            "notice-banned",
            source = who(*of),
            chunk = chunk.to_string()
        ),
        Notice::Banned {
            who: of,
            chunk: None,
        } => t!("notice-banned-manifest", source = who(*of)),
        Notice::NoSources { up_to } => t!("notice-no-sources", time = time(*up_to)),
        Notice::SourcesAgain { after } => t!("notice-sources-again", after = time(*after)),
    }
}

/// Why a transfer came to nothing, and what to do.
pub fn failure(failure: &Failure) -> String {
    let text = match failure {
        Failure::Sources(FailReason::NoSources { waited }) => {
            t!("failure-no-sources", waited = time(*waited))
        }
        Failure::Sources(FailReason::WrongManifest { chunk, who: both }) => t!(
            "failure-wrong-manifest",
            one = who(both[0]),
            other = who(both[1]),
            chunk = chunk.to_string()
        ),
        Failure::Sources(FailReason::Local(_)) => t!("failure-local"),
        Failure::Broken => t!("failure-broken"),
        // These have their own.
        Failure::Store(error) => return super::files::store(error),
        Failure::Refused { code, message } => return super::links::refusal(*code, message),
    };
    super::coded(&text, failure.code())
}

/// How far a transfer is, without its sources.
pub fn how_far(snapshot: &Snapshot) -> String {
    let percent = percent(snapshot.have_bytes, snapshot.file_bytes);
    let size = bytes(snapshot.file_bytes);
    if snapshot.waiting_for_sources {
        return t!("progress-waiting", percent = percent, size = size);
    }
    let rate = rate(snapshot.rate_bytes_per_s);
    match snapshot.time_left {
        Some(left) => t!(
            "progress-left",
            percent = percent,
            size = size,
            rate = rate,
            left = time(left)
        ),
        None => t!("progress", percent = percent, size = size, rate = rate),
    }
}

/// What a source is doing: its rate, or why it has none.
pub fn source_state(state: SourceState, bytes_per_s: f64) -> String {
    match state {
        SourceState::Connecting => t!("source-connecting"),
        SourceState::Up => rate(bytes_per_s),
        SourceState::Suspect => t!("source-suspect"),
        SourceState::Dead => t!("source-dead"),
        SourceState::Banned => t!("source-banned"),
        SourceState::Resting => t!("source-resting"),
    }
}

/// One line on how far a transfer is.
pub fn progress(snapshot: &Snapshot) -> String {
    let line = how_far(snapshot);
    if snapshot.waiting_for_sources || snapshot.sources.is_empty() {
        return line;
    }
    let sources: Vec<String> = snapshot
        .sources
        .iter()
        .map(|source| {
            let what = source_state(source.state, source.rate_bytes_per_s);
            format!("{}: {what}", who(source.received.who))
        })
        .collect();
    format!("{line} [{}]", sources.join("; "))
}

/// What each source brought.
pub fn sources(sources: &[ReceivedFrom]) -> Vec<String> {
    let rows: Vec<Vec<String>> = sources
        .iter()
        .map(|source| {
            vec![
                who(source.who),
                count(source.chunks),
                bytes(source.bytes),
                bytes(source.wasted),
                count(source.retries),
                count(source.recoveries),
            ]
        })
        .collect();
    let head = [
        t!("column-secondary"),
        t!("column-chunks"),
        t!("column-bytes"),
        t!("column-wasted"),
        t!("column-reassigned"),
        t!("column-returns"),
    ];
    table(&head, &rows)
}
