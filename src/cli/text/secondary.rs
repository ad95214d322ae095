//! What happens at a secondary.

use std::{net::SocketAddr, time::Duration};

use super::{
    central::to as to_whom,
    conflicts, errors, files,
    line::{Line, Tone},
    links, list, security, t,
    table::{Table, minor, name, whole},
    transfer::{self, LONGEST_LEFT},
    units::{LEAST_TIME, bytes, percent, rate, some_bytes, some_rate, time, whole_time},
};
use crate::{
    model::{FileName, IgnoredReason, RetiredReason, ScrubRound, SecondaryNumber, Who, Writer},
    node::{
        Refused,
        secondary::{NoLongerServing, SecondaryEvent, Transfer, TransferKind},
    },
    store::StoreError,
};

/// One event, in a line.
pub fn event(event: &SecondaryEvent) -> Line {
    Line::new(tone(event), words(event))
}

fn tone(event: &SecondaryEvent) -> Tone {
    match event {
        SecondaryEvent::Enrolled { .. }
        | SecondaryEvent::Copied { .. }
        | SecondaryEvent::FolderBack
        | SecondaryEvent::DiskBack(_)
        | SecondaryEvent::Writable => Tone::Good,
        SecondaryEvent::Denied(_)
        | SecondaryEvent::Refused(_)
        | SecondaryEvent::Damaged { .. }
        | SecondaryEvent::CopyFailed { .. } => Tone::Bad,
        SecondaryEvent::CentralLost { .. }
        | SecondaryEvent::NumberHeld { .. }
        | SecondaryEvent::Ignored { .. }
        | SecondaryEvent::ManyIgnored { .. }
        | SecondaryEvent::CopyNotice { .. }
        | SecondaryEvent::Conflict(_)
        | SecondaryEvent::BadPeer { .. }
        | SecondaryEvent::FolderGone(_)
        | SecondaryEvent::ReadOnly(_)
        | SecondaryEvent::DiskAway(_)
        | SecondaryEvent::Statistics(_) => Tone::Warning,
        _ => Tone::Plain,
    }
}

fn words(event: &SecondaryEvent) -> String {
    match event {
        SecondaryEvent::Enrolled { central, again } => enrolled(*central, *again),
        SecondaryEvent::CentralLost { reason } => t!("upstream-lost", reason = links::lost(reason)),
        SecondaryEvent::Denied(denied) => t!("central-denied", why = security::denied(denied)),
        SecondaryEvent::NumberHeld {
            number,
            holder,
            up_to,
        } => number_held(*number, *holder, *up_to),
        SecondaryEvent::Conflict(conflict) => conflicts::conflict(conflict),
        SecondaryEvent::Reindexing => t!("reindexing"),
        SecondaryEvent::Scrubbed(round) => scrubbed(*round),
        SecondaryEvent::FolderRead { files, bytes: size } => {
            t!("folder-read", files = files, size = bytes(*size))
        }
        SecondaryEvent::Serving { file, bytes: size } => {
            t!("serving", file = file, size = bytes(*size))
        }
        SecondaryEvent::NoLongerServing { file, why } => no_longer_serving(file, *why),
        SecondaryEvent::Damaged { file } => t!("file-damaged", file = file),
        SecondaryEvent::Ignored { path, reason } => {
            t!("not-served", path = path, why = files::ignored(reason))
        }
        SecondaryEvent::ManyIgnored {
            count,
            examples,
            reason,
        } => many_ignored(*count, examples, reason),
        SecondaryEvent::CopyStarted {
            file,
            bytes: size,
            sources,
        } => copy_started(file, *size, sources),
        SecondaryEvent::CopyNotice { file, notice } => {
            let what = transfer::alone(notice, file.as_str());
            t!("copy-notice", file = file, what = what)
        }
        SecondaryEvent::Copied {
            file,
            from,
            own_bytes,
            took,
        } => copied(file, from, *own_bytes, *took),
        SecondaryEvent::CopyFailed { file, reason } => {
            t!("copy-failed", file = file, why = transfer::failure(reason))
        }
        SecondaryEvent::SendingTo { receiver: to, file } => {
            t!("sending", file = file, to = to_whom(to))
        }
        SecondaryEvent::SentTo {
            receiver: to,
            file,
            bytes: size,
        } => t!("sent", size = bytes(*size), file = file, to = to_whom(to)),
        SecondaryEvent::BadPeer { address, reason } => bad_peer(*address, reason),
        SecondaryEvent::Refused(lost) => t!("refused-for-good", why = links::lost(lost)),
        SecondaryEvent::BeingWritten { file, by } => being_written(file, by.as_ref()),
        SecondaryEvent::FolderGone(error @ StoreError::Remote { .. }) => {
            t!("bucket-gone", why = files::store(error))
        }
        SecondaryEvent::FolderGone(error) => t!("folder-gone", why = files::store(error)),
        SecondaryEvent::FolderBack => t!("folder-back"),
        SecondaryEvent::DiskAway(folder) => t!("disk-away", folder = folder),
        SecondaryEvent::DiskBack(folder) => t!("disk-back", folder = folder),
        SecondaryEvent::ReadOnly(error) => t!("folder-read-only", why = files::store(error)),
        SecondaryEvent::Writable => t!("folder-writable"),
        SecondaryEvent::Statistics(trouble) => errors::statistics(trouble),
    }
}

fn scrubbed(round: ScrubRound) -> String {
    let ScrubRound {
        bytes: size,
        damaged,
    } = round;
    t!("scrub-ended", size = bytes(size), damaged = damaged)
}

fn enrolled(central: SocketAddr, again: bool) -> String {
    if again {
        t!("enrolled-again", central = central)
    } else {
        t!("enrolled", central = central)
    }
}

fn number_held(number: SecondaryNumber, holder: Option<SocketAddr>, up_to: Duration) -> String {
    let time = whole_time(up_to);
    match holder {
        Some(address) => t!(
            "number-held-by",
            number = number,
            address = address,
            time = time
        ),
        None => t!("number-held", number = number, time = time),
    }
}

fn no_longer_serving(file: &FileName, why: NoLongerServing) -> String {
    t!("no-longer-serving", file = file, why = gone(why))
}

/// Why a file is not served any more.
pub fn gone(why: NoLongerServing) -> String {
    match why {
        NoLongerServing::Deleted => t!("gone-deleted"),
        NoLongerServing::Changed => t!("gone-changed"),
        NoLongerServing::Damaged => t!("gone-altered"),
        NoLongerServing::SetAside(RetiredReason::Deleted) => t!("gone-set-aside"),
        NoLongerServing::SetAside(RetiredReason::Replaced) => t!("gone-replaced"),
        NoLongerServing::SetAside(RetiredReason::Resolved) => t!("gone-resolved"),
        NoLongerServing::SetAside(RetiredReason::Damaged) => t!("gone-damaged"),
        NoLongerServing::Withdrawn => t!("gone-withdrawn"),
    }
}

fn many_ignored(count: usize, examples: &[String], reason: &IgnoredReason) -> String {
    t!(
        "not-served-many",
        count = count,
        examples = list(examples),
        why = files::ignored(reason)
    )
}

fn being_written(file: &FileName, by: Option<&Writer>) -> String {
    match by {
        Some(writer) => t!(
            "being-written-by",
            file = file,
            program = writer.program.clone(),
            process = writer.process.to_string()
        ),
        None => t!("being-written", file = file),
    }
}

fn copy_started(file: &FileName, size: u64, sources: &[Who]) -> String {
    t!(
        "copy-started",
        file = file,
        size = bytes(size),
        count = sources.len(),
        sources = list(sources.iter().map(|source| transfer::who(*source)))
    )
}

/// A copy is complete: how long it took, and what each source and the own disk brought.
fn copied(file: &FileName, from: &[(Who, u64)], own_bytes: u64, took: Duration) -> String {
    let total: u64 = from.iter().map(|(_, bytes)| bytes).sum();
    let own = (own_bytes > 0).then(|| t!("copied-own", size = bytes(own_bytes)));
    if total == 0 {
        return match own {
            Some(share) => t!("copied-from-disk", file = file, share = share),
            None => t!("copied", file = file),
        };
    }
    let shares = from
        .iter()
        .filter(|(_, size)| *size > 0)
        .map(|(who, size)| {
            let number = transfer::who(*who);
            t!("copied-share", size = bytes(*size), number = number)
        })
        .chain(own);
    let mut time = time(took);
    if took >= LEAST_TIME {
        let rate = rate(total as f64 / took.as_secs_f64());
        time = t!("with-reason", what = time, reason = rate);
    }
    t!("copied-in", file = file, time = time, shares = list(shares))
}

fn bad_peer(address: SocketAddr, reason: &Refused) -> String {
    t!(
        "bad-peer",
        address = address,
        reason = links::refused(reason)
    )
}

/// Transfers that run now.
pub(in crate::cli) fn running(transfers: &[Transfer], columns: usize) -> Vec<String> {
    if transfers.is_empty() {
        return vec![t!("no-transfers")];
    }
    let head = [
        name(t!("column-file")),
        whole(t!("column-progress")),
        minor(1, t!("column-what")),
        minor(2, t!("column-left")),
        minor(3, t!("column-rate")),
    ];
    Table::new(head)
        .with(transfers.iter().map(row))
        .lines(columns)
}

fn row(transfer: &Transfer) -> Vec<String> {
    let file = transfer.file.to_string();
    match &transfer.kind {
        TransferKind::Sending { to, sent_bytes } => {
            vec![
                file,
                some_bytes(*sent_bytes),
                t!("row-sending", to = to_whom(to)),
            ]
        }
        TransferKind::Copying {
            bytes: size,
            have_bytes,
            verified_bytes: _,
            bytes_per_s,
            seconds_left,
            working,
            sources,
        } => {
            let count = transfer::working(*working, *sources);
            let left = seconds_left.and_then(|left| Duration::try_from_secs_f64(left).ok());
            let left = left.filter(|left| *left < LONGEST_LEFT).map(whole_time);
            vec![
                file,
                percent(*have_bytes, *size),
                t!("row-copying", sources = count),
                left.unwrap_or_default(),
                some_rate(*bytes_per_s),
            ]
        }
    }
}
