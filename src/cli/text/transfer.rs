//! What happens between a receiver and its sources: the same words for downloads and for copies.

use std::time::Duration;

use super::{
    clean,
    line::{Line, Tone},
    t,
    table::{Table, minor, whole},
    units::{LEAST_RATE, bytes, percent, some, some_bytes, whole_time},
};
use crate::{
    engine::download::{FailReason, Notice, Snapshot},
    model::{Fault, ReceivedFrom, Who},
    node::Failure,
};

/// A rate is an accident before that much of a download has passed.
const SETTLED: Duration = Duration::from_secs(2);
/// A longer wait is none that anybody plans with.
pub const LONGEST_LEFT: Duration = Duration::from_secs(100 * 3600);
/// A shorter time is over before it is read.
const SHORTEST_LEFT: Duration = Duration::from_millis(500);
/// A shorter absence is none that people plan with.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// A source, where the words around it say that it is one.
pub fn who(who: Who) -> String {
    match who {
        Who::Secondary(number) => number.to_string(),
        Who::Peer(number) => t!("source-peer", number = number.get().to_string()),
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

/// What a secondary's trouble touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Downloads of a client.
    Downloads,
    /// Copies of a secondary.
    Copies,
}

impl Touched {
    /// `pelicula.mp4`, or `3 descargas`.
    fn of(self, files: &[&str]) -> String {
        match (files, self) {
            ([file], _) => clean(file),
            (files, Self::Downloads) => t!("downloads", count = files.len()),
            (files, Self::Copies) => t!("copies", count = files.len()),
        }
    }
}

/// What one download says of a secondary.
pub fn alone(notice: &Notice, file: &str) -> String {
    let files = [file];
    match *notice {
        Notice::Suspect { who } => suspect(who),
        Notice::Cleared { who } => cleared(who),
        Notice::Dead {
            who,
            fault,
            returned_chunks,
        } => fallen(who, fault, returned_chunks, Touched::Downloads, &files),
        Notice::Back {
            who,
            after,
            own_chunks,
        } => back(who, after, own_chunks),
        Notice::Banned { who, .. } => banned(who, Touched::Downloads, &files),
        Notice::NoSources { up_to } => no_sources(up_to, Touched::Downloads, &files),
        Notice::SourcesAgain { .. } => sources_again(Touched::Downloads, &files),
    }
    .text()
}

/// A secondary is silent.
pub fn suspect(of: Who) -> Line {
    Line::new(Tone::Warning, t!("notice-suspect", source = who(of)))
}

/// A silent secondary sends again.
pub fn cleared(of: Who) -> Line {
    Line::new(Tone::Good, t!("notice-cleared", source = who(of)))
}

/// A secondary is given up; so many chunks go to others.
pub fn fallen(of: Who, why: Fault, chunks: u32, touched: Touched, files: &[&str]) -> Line {
    let (source, why) = (who(of), fault(why));
    let text = if chunks == 0 {
        t!("notice-dead", source = source, why = why)
    } else {
        let from = touched.of(files);
        let chunks = t!("chunks-go-on", count = chunks, from = from);
        t!(
            "notice-dead-chunks",
            source = source,
            why = why,
            chunks = chunks
        )
    };
    Line::new(Tone::Warning, text)
}

/// A secondary is back, and takes so many chunks again.
pub fn back(of: Who, after: Duration, chunks: u32) -> Line {
    let mut text = if after < WORTH_TELLING {
        t!("notice-back", source = who(of))
    } else {
        t!(
            "notice-back-after",
            source = who(of),
            after = whole_time(after)
        )
    };
    if chunks > 0 {
        text.push_str(&t!("notice-back-chunks", count = chunks));
    }
    Line::new(Tone::Good, text)
}

/// A secondary sent wrong bytes.
pub fn banned(of: Who, touched: Touched, files: &[&str]) -> Line {
    let files = touched.of(files);
    Line::new(
        Tone::Bad,
        t!("notice-banned", source = who(of), files = files),
    )
}

/// No secondary is left.
pub fn no_sources(up_to: Duration, touched: Touched, files: &[&str]) -> Line {
    let (count, of) = (files.len(), touched.of(files));
    let text = t!(
        "notice-no-sources",
        count = count,
        files = of,
        time = whole_time(up_to)
    );
    Line::new(Tone::Warning, text)
}

/// There are secondaries again.
pub fn sources_again(touched: Touched, files: &[&str]) -> Line {
    let (count, of) = (files.len(), touched.of(files));
    let text = t!("notice-sources-again", count = count, files = of);
    Line::new(Tone::Good, text)
}

/// Why a transfer came to nothing, and what to do.
pub fn failure(failure: &Failure) -> String {
    let text = match failure {
        Failure::Sources(FailReason::NoSources { waited }) => {
            t!("failure-no-sources", waited = whole_time(*waited))
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

/// The rate of a download, once there is one worth telling.
pub fn settled_rate(snapshot: &Snapshot) -> Option<f64> {
    let rate = snapshot.rate_bytes_per_s;
    (snapshot.elapsed >= SETTLED && rate >= LEAST_RATE).then_some(rate)
}

/// The time that a download still takes, if it can be told.
pub fn settled_left(snapshot: &Snapshot) -> Option<Duration> {
    settled_rate(snapshot)?;
    let worth_telling = SHORTEST_LEFT..LONGEST_LEFT;
    snapshot
        .time_left
        .filter(|left| worth_telling.contains(left))
}

/// `3 fuentes`, or `2/3 fuentes` while some do not send.
pub fn working(working: usize, all: usize) -> String {
    let shown = if working == all {
        all.to_string()
    } else {
        format!("{working}/{all}")
    };
    t!("live-sources", count = all, shown = shown)
}

/// How far a transfer is, in one cell.
pub fn share(snapshot: &Snapshot) -> String {
    percent(snapshot.received_bytes, snapshot.file_bytes)
}

/// What each source brought.
pub fn sources(sources: &[ReceivedFrom], columns: usize) -> Vec<String> {
    let head = [
        whole(t!("column-secondary")),
        minor(1, t!("column-chunks")),
        whole(t!("column-bytes")),
        minor(2, t!("column-wasted")),
        minor(3, t!("column-reassigned")),
        minor(4, t!("column-returns")),
    ];
    let row = |source: &ReceivedFrom| {
        vec![
            who(source.who),
            some(source.chunks),
            bytes(source.bytes),
            some_bytes(source.wasted),
            some(source.retries),
            some(source.recoveries),
        ]
    };
    Table::new(head)
        .with(sources.iter().map(row))
        .lines(columns)
}
