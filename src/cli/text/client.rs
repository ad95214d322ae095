//! What happens at a client.

use super::{
    line::{Line, Tone},
    links, list, security, t,
    table::table,
    transfer,
    units::{bytes, rate, time},
};
use crate::{
    engine::download::Notice,
    model::ListedFile,
    node::client::{
        ClientEvent, DownloadAnswer, DownloadEvent, DownloadNumber, DownloadState, DownloadView,
        Summary,
    },
    store::PartNote,
};

/// One event, in lines.
pub fn event(event: &ClientEvent) -> Vec<Line> {
    let warning = |text: String| vec![Line::new(Tone::Warning, text)];
    match event {
        ClientEvent::CentralLost { reason } => {
            warning(t!("central-lost", reason = links::lost(reason)))
        }
        ClientEvent::Denied(denied) => {
            warning(t!("central-denied", why = security::denied(denied)))
        }
        ClientEvent::Expelled => vec![Line::new(Tone::Bad, t!("you-are-expelled"))],
        ClientEvent::CentralBack => vec![Line::new(Tone::Good, t!("central-back"))],
        ClientEvent::Statistics(trouble) => warning(super::errors::statistics(trouble)),
        ClientEvent::Download { number, file, what } => {
            let head = t!("download-head", number = number, file = file);
            let tone = tone(what);
            let mut lines = download(*number, what).into_iter();
            let first = lines.next().unwrap_or_default();
            std::iter::once(Line::new(tone, format!("{head}: {first}")))
                .chain(lines.map(|line| Line::from(format!("    {line}"))))
                .collect()
        }
    }
}

fn tone(event: &DownloadEvent) -> Tone {
    match event {
        DownloadEvent::Complete(_) | DownloadEvent::AlreadyComplete { .. } => Tone::Good,
        DownloadEvent::Failed { .. } => Tone::Bad,
        DownloadEvent::Notice(Notice::Back { .. } | Notice::Cleared { .. })
        | DownloadEvent::Notice(Notice::SourcesAgain { .. }) => Tone::Good,
        DownloadEvent::Notice(_) | DownloadEvent::Remark(_) => Tone::Warning,
        DownloadEvent::Checked { bad, .. } if *bad > 0 => Tone::Warning,
        DownloadEvent::Queued { .. }
        | DownloadEvent::Started { .. }
        | DownloadEvent::Resumed { .. }
        | DownloadEvent::OwnDisk { .. }
        | DownloadEvent::Checked { .. }
        | DownloadEvent::Paused
        | DownloadEvent::Held
        | DownloadEvent::Superseded
        | DownloadEvent::Cancelled => Tone::Plain,
    }
}

fn download(number: DownloadNumber, event: &DownloadEvent) -> Vec<String> {
    let one = |text: String| vec![text];
    match event {
        DownloadEvent::Queued { place } => one(t!("download-queued", place = place)),
        DownloadEvent::Started {
            bytes: size,
            chunks,
            sources,
        } => {
            let shares = sources.iter().map(|(who, chunks)| {
                let number = transfer::who(*who);
                t!("download-share", count = chunks, number = number)
            });
            one(t!(
                "download-started",
                size = bytes(*size),
                count = chunks,
                shares = list(shares)
            ))
        }
        DownloadEvent::Resumed { bytes: size } => one(t!("download-resumed", size = bytes(*size))),
        DownloadEvent::OwnDisk { bytes: size } => one(t!("download-own", size = bytes(*size))),
        DownloadEvent::Remark(PartNote::StartedOver) => one(t!("download-started-over")),
        DownloadEvent::Remark(PartNote::Damaged { chunks }) => {
            one(t!("download-damaged", count = chunks))
        }
        DownloadEvent::Remark(PartNote::SetAside { to }) => one(t!("download-set-aside", to = to)),
        DownloadEvent::Remark(PartNote::NoLocks) => one(t!("download-no-locks")),
        DownloadEvent::Notice(notice) => one(transfer::notice(notice)),
        DownloadEvent::Complete(summary) => complete(summary),
        DownloadEvent::AlreadyComplete { path } => one(t!("download-already", path = path)),
        DownloadEvent::Failed { reason } => {
            one(t!("download-failed", why = transfer::failure(reason)))
        }
        DownloadEvent::Cancelled => one(t!("download-cancelled")),
        DownloadEvent::Checked { chunks, bad } => {
            one(t!("download-checked", chunks = chunks, bad = bad))
        }
        DownloadEvent::Paused => one(t!("download-paused", number = number)),
        DownloadEvent::Held => one(t!("download-held")),
        DownloadEvent::Superseded => one(t!("download-superseded")),
    }
}

fn complete(summary: &Summary) -> Vec<String> {
    let mut lines = vec![t!(
        "download-complete",
        size = bytes(summary.bytes),
        time = time(summary.took),
        rate = rate(summary.average_bytes_per_s())
    )];
    if !summary.path.as_os_str().is_empty() {
        lines.push(t!("download-path", path = summary.path));
    }
    lines.push(t!("download-digest", digest = summary.whole));
    if summary.own_disk_bytes > 0 || summary.zero_bytes > 0 {
        lines.push(t!(
            "download-spared",
            own = bytes(summary.own_disk_bytes),
            zeros = bytes(summary.zero_bytes)
        ));
    }
    if !summary.sources.is_empty() {
        let chunks = t!("chunks", count = summary.retries());
        lines.push(t!(
            "download-cost",
            chunks = chunks,
            wasted = bytes(summary.wasted_bytes())
        ));
        lines.extend(transfer::sources(&summary.sources));
    }
    lines
}

/// The answer to a download request.
pub fn answer(answer: &DownloadAnswer) -> String {
    match answer {
        DownloadAnswer::Found(number) => t!("answer-found", number = number),
        DownloadAnswer::Waits(number, place) => {
            t!("answer-waits", number = number, place = place)
        }
    }
}

/// How many have a file, and whether its name stands for anything else.
fn holders(listed: &ListedFile) -> String {
    let (holders, all) = (u64::from(listed.holders), u64::from(listed.wanted));
    if listed.conflict {
        t!("holders-conflict", holders = holders, secondaries = all)
    } else {
        t!("holders", holders = holders, secondaries = all)
    }
}

/// The listing.
pub fn listing(files: &[ListedFile]) -> Vec<String> {
    if files.is_empty() {
        return vec![t!("no-files")];
    }
    let rows: Vec<Vec<String>> = files
        .iter()
        .map(|listed| {
            vec![
                listed.file.name.to_string(),
                bytes(listed.file.layout.file_bytes()),
                holders(listed),
            ]
        })
        .collect();
    let head = [
        t!("column-file"),
        t!("column-size"),
        t!("column-secondaries"),
    ];
    table(&head, &rows)
}

/// How far a download is.
pub fn state(state: &DownloadState) -> String {
    match state {
        DownloadState::Asked => t!("state-asked"),
        DownloadState::Queued(place) => t!("state-queued", place = place),
        DownloadState::Running(snapshot) => transfer::how_far(snapshot),
        DownloadState::Complete => t!("state-complete"),
        DownloadState::Failed(why) => t!("state-failed", why = transfer::failure(why)),
        DownloadState::Cancelled => t!("state-cancelled"),
        DownloadState::Paused => t!("state-paused"),
        DownloadState::Held => t!("state-held"),
    }
}

/// This client's downloads.
pub fn downloads(views: &[DownloadView]) -> Vec<String> {
    if views.is_empty() {
        return vec![t!("no-downloads")];
    }
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            vec![
                view.number.0.to_string(),
                view.file.to_string(),
                state(&view.state),
            ]
        })
        .collect();
    let head = [t!("column-number"), t!("column-file"), t!("column-state")];
    table(&head, &rows)
}
