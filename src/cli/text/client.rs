//! What happens at a client.

use super::{
    line::{Line, Tone},
    links, security, spoken, t,
    table::{Table, minor, name, whole},
    transfer::{self, settled_left, settled_rate},
    units::{LEAST_TIME, bytes, rate, time, whole_time},
    work,
};
use crate::{
    engine::download::{FailReason, Notice},
    model::{ClientName, ClusterStatus, FileName},
    node::{
        Failure,
        client::{
            ClientEvent, DownloadAnswer, DownloadEvent, DownloadNumber, DownloadState,
            DownloadView, Summary,
        },
    },
    store::PartNote,
};

/// Details are this much further in.
const DETAIL_IN: &str = "    ";

/// One event, in a line.
pub fn event(event: &ClientEvent) -> Line {
    let warning = |text: String| Line::new(Tone::Warning, text);
    let good = |text: String| Line::new(Tone::Good, text);
    match event {
        ClientEvent::Connected { central } => good(t!("central-connected", central = central)),
        ClientEvent::CentralAway { reason } => {
            warning(t!("central-away", reason = links::lost(reason)))
        }
        ClientEvent::CentralLost {
            reason,
            are_running: false,
        } => warning(t!("central-lost-idle", reason = links::lost(reason))),
        ClientEvent::CentralLost { reason, .. } => {
            warning(t!("central-lost", reason = links::lost(reason)))
        }
        ClientEvent::Denied(denied) => {
            warning(t!("central-denied", why = security::denied(denied)))
        }
        ClientEvent::Expelled => Line::new(Tone::Bad, t!("you-are-expelled")),
        ClientEvent::CentralBack => good(t!("central-back")),
        ClientEvent::CentralMoved { central } => good(t!("central-moved", address = central)),
        ClientEvent::OtherName { wanted, name } => warning(other_name(wanted, name)),
        ClientEvent::NotOffered { name } => {
            let publish = spoken::command("PUBLICAR");
            warning(t!("not-offered", name = name, publish = publish))
        }
        ClientEvent::WithdrawnElsewhere { name } => warning(t!("withdrawn-elsewhere", name = name)),
        ClientEvent::NotServing(why) => warning(t!("not-serving", why = why)),
        ClientEvent::Account(event) => super::accounts::event(event),
        ClientEvent::Private { from, text } => super::figures::private(from, text),
        ClientEvent::Statistics(trouble) => warning(super::errors::statistics(trouble)),
        ClientEvent::Room(event) => {
            let lines = super::rooms::event(event, None);
            lines.into_iter().next().unwrap_or_default()
        }
        ClientEvent::Remembered(views) => work::how_many(views),
        ClientEvent::Memory(trouble) => warning(work::trouble(trouble)),
        ClientEvent::Download { number, file, what } => {
            let head = t!("download-head", number = number, file = file);
            let text = download(*number, file, what);
            Line::new(tone(what), format!("{head}: {text}"))
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

fn download(number: DownloadNumber, file: &FileName, event: &DownloadEvent) -> String {
    match event {
        DownloadEvent::Queued { place } => t!("download-queued", place = place),
        DownloadEvent::Started { bytes: 0, .. } => t!("download-started-empty"),
        DownloadEvent::Started {
            bytes: size,
            sources,
            ..
        } => t!(
            "download-started",
            size = bytes(*size),
            secondaries = t!("secondaries", count = sources.len())
        ),
        DownloadEvent::Resumed { bytes: size } => t!("download-resumed", size = bytes(*size)),
        DownloadEvent::OwnDisk { bytes: size } => t!("download-own", size = bytes(*size)),
        DownloadEvent::Remark(PartNote::StartedOver) => t!("download-started-over"),
        DownloadEvent::Remark(PartNote::Damaged { chunks }) => {
            t!("download-damaged", count = chunks)
        }
        DownloadEvent::Remark(PartNote::SetAside { to }) => t!("download-set-aside", to = to),
        DownloadEvent::Remark(PartNote::NoLocks) => t!("download-no-locks"),
        DownloadEvent::Notice(notice) => transfer::alone(notice, file.as_str()),
        DownloadEvent::Complete(summary) => complete(summary),
        DownloadEvent::AlreadyComplete { path, .. } => t!("download-already", path = path),
        DownloadEvent::Failed { reason } => {
            let failed = t!("download-failed", why = transfer::failure(reason));
            match reason {
                Failure::Sources(FailReason::NoSources { .. }) if spoken::is_at_a_prompt() => {
                    t!("download-failed-for-now", failed = failed, number = number)
                }
                _ => failed,
            }
        }
        DownloadEvent::Cancelled => t!("download-cancelled"),
        DownloadEvent::Checked { chunks, bad } => {
            t!("download-checked", chunks = chunks, bad = bad)
        }
        DownloadEvent::Paused => t!("download-paused", number = number),
        DownloadEvent::Held => t!("download-held"),
        DownloadEvent::Superseded => t!("download-superseded"),
    }
}

fn complete(summary: &Summary) -> String {
    let (size, received) = (bytes(summary.bytes), summary.received_bytes());
    let amount = if summary.bytes == 0 {
        t!("amount-nothing")
    } else if received == 0 {
        size
    } else {
        let size = if received < summary.bytes {
            t!("amount-part", part = bytes(received), size = size)
        } else {
            size
        };
        t!("amount-in", size = size, time = time(summary.took))
    };
    match summary.path.as_os_str().is_empty() {
        true => t!("download-complete", amount = amount),
        false => t!("download-complete-at", amount = amount, path = summary.path),
    }
}

/// What else there is to know of a complete download.
pub fn details(summary: &Summary, columns: usize) -> Vec<Line> {
    let mut lines = vec![t!("download-digest", digest = summary.whole)];
    if summary.received_bytes() > 0 && summary.took >= LEAST_TIME {
        let rate = rate(summary.average_bytes_per_s());
        lines.push(t!("download-rate", rate = rate));
    }
    if summary.own_disk_bytes > 0 {
        let size = bytes(summary.own_disk_bytes);
        lines.push(t!("download-spared-own", size = size));
    }
    if summary.zero_bytes > 0 {
        let size = bytes(summary.zero_bytes);
        lines.push(t!("download-spared-zeros", size = size));
    }
    if summary.wasted_bytes() > 0 {
        let wasted = bytes(summary.wasted_bytes());
        lines.push(t!("download-cost", wasted = wasted));
    }
    if !summary.sources.is_empty() {
        lines.extend(transfer::sources(
            &summary.sources,
            columns.saturating_sub(DETAIL_IN.len()),
        ));
    }
    let further_in = |line: String| Line::from(format!("{DETAIL_IN}{line}"));
    lines.into_iter().map(further_in).collect()
}

/// Service has begun.
pub fn service(status: &ClusterStatus) -> Line {
    let alive = status.secondaries.iter().filter(|s| s.alive).count();
    let text = t!(
        "service-is-here",
        secondaries = t!("secondaries", count = alive),
        files = t!("files", count = status.files)
    );
    Line::new(Tone::Good, text)
}

/// Several files were asked for at once.
pub fn answers(asked: usize, waiting: usize, size: Option<u64>) -> String {
    let asked = t!("downloads-asked", count = asked);
    let asked = match size {
        Some(size) => format!("{asked}, {}", bytes(size)),
        None => asked,
    };
    if waiting == 0 {
        asked
    } else {
        t!("downloads-wait", asked = asked, count = waiting)
    }
}

/// Several downloads became complete in a short time.
pub fn many_complete(count: usize, size: u64) -> Line {
    let text = t!("downloads-complete", count = count, size = bytes(size));
    Line::new(Tone::Good, text)
}

/// Several downloads failed in a short time.
pub fn many_failed(count: usize, _: u64) -> Line {
    Line::new(Tone::Bad, t!("downloads-failed", count = count))
}

/// Several downloads were given up at once, as when the program ends.
pub fn cancelled(count: usize) -> Line {
    t!("downloads-cancelled", count = count).into()
}

/// Several downloads were paused at once.
pub fn paused(count: usize) -> Line {
    t!("downloads-paused", count = count).into()
}

/// Several downloads wait at once for one that is more important.
pub fn held(count: usize) -> Line {
    t!("downloads-held", count = count).into()
}

/// The answer to a download request.
pub fn answer(file: &FileName, answer: &DownloadAnswer) -> String {
    match answer {
        DownloadAnswer::Found(number) => t!("answer-found", number = number, file = file),
        DownloadAnswer::Waits(number, place) => {
            t!("answer-waits", number = number, file = file, place = place)
        }
        DownloadAnswer::Postponed(number, _) => {
            t!("answer-postponed", number = number, file = file)
        }
    }
}

/// How many have a file, and whether its name stands for anything else.
/// How far a download is, in a few words.
pub fn state(state: &DownloadState) -> String {
    match state {
        DownloadState::Asked => t!("state-asked"),
        DownloadState::Queued(place) => t!("state-queued", place = place),
        DownloadState::Running(snapshot) if snapshot.waiting_for_sources => {
            t!("state-no-sources", percent = transfer::share(snapshot))
        }
        DownloadState::Running(snapshot) if snapshot.readers > 0 => {
            let percent = transfer::share(snapshot);
            t!("state-watched", percent = percent, count = snapshot.readers)
        }
        DownloadState::Running(snapshot) => transfer::share(snapshot),
        DownloadState::Complete => t!("state-complete"),
        DownloadState::Failed(_) => t!("state-failed"),
        DownloadState::Cancelled => t!("state-cancelled"),
        DownloadState::Paused => t!("state-paused"),
        DownloadState::Held => t!("state-held"),
    }
}

/// The central gave another name than the one that was asked for.
pub fn other_name(wanted: &ClientName, name: &ClientName) -> String {
    t!("enrolled-as-other", wanted = wanted, name = name)
}

/// Which download this is and how far, above its details.
pub fn heading(view: &DownloadView) -> Line {
    let head = t!("download-head", number = view.number, file = view.file);
    let how_far = match &view.state {
        DownloadState::Running(snapshot) => match snapshot.readers {
            0 => work::running(snapshot),
            count => t!(
                "state-watched",
                percent = work::running(snapshot),
                count = count
            ),
        },
        DownloadState::Paused => {
            work::paused_in_full(view.reached).unwrap_or_else(|| state(&view.state))
        }
        DownloadState::Failed(why) => t!("download-failed", why = transfer::failure(why)),
        other => state(other),
    };
    let mut line = Line::new(Tone::Strong, head);
    line.push(Tone::Plain, format!(": {how_far}"));
    line
}

/// The same of one that may be paused: how far it is too.
fn state_of(view: &DownloadView) -> String {
    let paused = match &view.state {
        DownloadState::Paused => work::paused(view.reached),
        DownloadState::Asked
        | DownloadState::Queued(_)
        | DownloadState::Running(_)
        | DownloadState::Held
        | DownloadState::Complete
        | DownloadState::Failed(_)
        | DownloadState::Cancelled => None,
    };
    paused.unwrap_or_else(|| state(&view.state))
}

/// This client's downloads. Why one failed is below it.
pub fn downloads(views: &[DownloadView], columns: usize) -> Vec<String> {
    if views.is_empty() {
        return vec![t!("no-downloads")];
    }
    let snapshot = |view: &DownloadView| match &view.state {
        DownloadState::Running(snapshot) => Some(snapshot.clone()),
        DownloadState::Asked
        | DownloadState::Queued(_)
        | DownloadState::Paused
        | DownloadState::Held
        | DownloadState::Complete
        | DownloadState::Failed(_)
        | DownloadState::Cancelled => None,
    };
    let head = [
        whole(t!("column-number")),
        name(t!("column-file")),
        whole(t!("column-state")),
        minor(1, t!("column-left")),
        minor(2, t!("column-rate")),
        minor(3, t!("column-size")),
    ];
    let mut table = Table::new(head);
    for view in views {
        let mut row = vec![
            view.number.0.to_string(),
            view.file.to_string(),
            state_of(view),
        ];
        if let Some(snapshot) = snapshot(view) {
            row.push(settled_left(&snapshot).map(whole_time).unwrap_or_default());
            row.push(settled_rate(&snapshot).map(rate).unwrap_or_default());
            row.push(bytes(snapshot.file_bytes));
        } else if view.reached.file_bytes > 0 {
            row.extend([String::new(), String::new(), bytes(view.reached.file_bytes)]);
        }
        let why = match &view.state {
            DownloadState::Failed(why) => Some(transfer::failure(why)),
            _ => None,
        };
        table.row_with(row, why);
    }
    table.lines(columns)
}
