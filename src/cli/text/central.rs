//! What happens at a central.

use std::net::SocketAddr;

use super::{
    line::{Line, Tone},
    links, list, t,
    table::{Table, name, whole},
    transfer,
    units::{bytes, count},
};
use crate::{
    model::{
        ClientName, CopyLimits, EndReason, Fault, FileName, Outcome, Receiver, SecondaryNumber, Who,
    },
    node::{
        DiskTrouble, ToldFailure,
        central::{CentralEvent, DownReason, DownloadCount, Notice},
    },
    proto::Said,
};

/// One event, in a line.
pub fn event(event: &CentralEvent) -> Line {
    match event {
        CentralEvent::Cluster(notice) => Line::new(tone(notice), self::notice(notice)),
        CentralEvent::ManyOffered { files } => t!("offered-many", files = files).into(),
        CentralEvent::ManyNoLongerOffered { files } => {
            t!("no-longer-offered-many", files = files).into()
        }
        CentralEvent::LeftOut { address, lines } => {
            let line = match address {
                Some(address) => t!("left-out", address = address, lines = lines),
                None => t!("left-out-anybody", lines = lines),
            };
            Line::new(Tone::Warning, line)
        }
        CentralEvent::BadPeer { address, reason } => Line::new(
            Tone::Warning,
            t!(
                "bad-peer",
                address = address,
                reason = links::refused(reason)
            ),
        ),
        CentralEvent::JournalCut { path, bytes } => Line::new(
            Tone::Warning,
            t!(
                "journal-cut",
                path = path,
                bytes = super::units::bytes(*bytes)
            ),
        ),
        CentralEvent::KeyStoreFills { full: true, .. } => Line::new(Tone::Warning, t!("etcd-full")),
        CentralEvent::KeyStoreFills { bytes, quota, .. } => Line::new(
            Tone::Warning,
            t!(
                "etcd-fills",
                bytes = super::units::bytes(*bytes),
                quota = super::units::bytes(*quota)
            ),
        ),
        CentralEvent::Statistics(trouble) => {
            Line::new(Tone::Warning, super::errors::statistics(trouble))
        }
    }
}

fn tone(notice: &Notice) -> Tone {
    match notice {
        Notice::SecondaryUp { returned: true, .. }
        | Notice::ServiceBegan
        | Notice::Drained { .. }
        | Notice::Resolved { .. }
        | Notice::Level { .. } => Tone::Good,
        Notice::SecondaryDown {
            why: DownReason::Closed | DownReason::Silent,
            ..
        }
        | Notice::NoSecondaries
        | Notice::Limits { .. }
        | Notice::Conflict { .. }
        | Notice::SameText { .. }
        | Notice::Reported { .. }
        | Notice::Damaged { .. }
        | Notice::Finished {
            outcome: Outcome::Failed,
            ..
        }
        | Notice::CopyEnded {
            outcome: Outcome::Failed,
            ..
        } => Tone::Warning,
        _ => Tone::Plain,
    }
}

/// What happens in the cluster.
fn notice(notice: &Notice) -> String {
    match notice {
        Notice::SecondaryUp {
            number,
            address,
            returned,
        } => secondary_up(*number, *address, *returned),
        Notice::SecondaryDown { number, why } => secondary_down(*number, *why),
        Notice::Drained { number } => t!("secondary-drained", number = number),
        Notice::ServiceBegan => t!("service-began"),
        Notice::Limits { number, limits } => limited(*number, limits),
        Notice::Level { files } => t!("level", files = t!("files", count = files)),
        Notice::NoSecondaries => t!("no-secondaries"),
        Notice::Offered { file, bytes: size } => t!("offered", file = file, size = bytes(*size)),
        Notice::Published {
            owner,
            file,
            bytes: size,
        } => t!(
            "published-by",
            owner = owner,
            file = file,
            size = bytes(*size)
        ),
        Notice::Withdrawn { owner, file } => t!("withdrawn-by", owner = owner, file = file),
        Notice::NoLongerOffered { file, deleted_at } => no_longer_offered(file, *deleted_at),
        Notice::Replaced {
            file,
            number,
            bytes: size,
        } => replaced(file, *number, *size),
        Notice::Resolved { file } => t!("resolved", file = &file.name),
        Notice::Conflict { file, number } => t!("conflict", number = number, file = file),
        Notice::SameText { file, other: _ } => t!("same-text", file = file),
        Notice::CopyOrdered {
            file,
            target,
            sources,
        } => copy_ordered(file, *target, sources),
        Notice::CopyEnded {
            file,
            target,
            outcome,
            reason,
            bytes: _,
        } => copy_ended(file, *target, because(*outcome, reason.as_ref())),
        Notice::Damaged {
            file,
            number,
            others,
        } => damaged(file, *number, *others),
        Notice::Reported {
            by,
            secondary,
            fault,
        } => reported(by, *secondary, *fault),
        Notice::ClientEnrolled { .. }
        | Notice::ClientGone { .. }
        | Notice::Granted { .. }
        | Notice::Queued { .. }
        | Notice::SlotLent { .. }
        | Notice::Finished { .. } => of_client(notice),
    }
}

/// What happens to a client; nothing for all else.
fn of_client(notice: &Notice) -> String {
    match notice {
        Notice::ClientEnrolled { client, address } => {
            t!("client-enrolled", client = client, address = address)
        }
        Notice::ClientGone { client } => t!("client-gone", client = client),
        Notice::Granted {
            client,
            file,
            sources,
        } => granted(client, file, sources),
        Notice::Queued {
            client,
            file,
            position,
        } => t!("queued", client = client, file = file, place = position),
        Notice::SlotLent { client, file, .. } => t!("place-lent", client = client, file = file),
        Notice::Finished {
            client,
            file,
            outcome,
            reason,
            bytes: _,
        } => finished(client, file, because(*outcome, reason.as_ref())),
        _ => String::new(),
    }
}

fn secondary_up(number: SecondaryNumber, address: SocketAddr, returned: bool) -> String {
    if returned {
        t!("secondary-returned", number = number, address = address)
    } else {
        t!("secondary-up", number = number, address = address)
    }
}

fn secondary_down(number: SecondaryNumber, why: DownReason) -> String {
    match why {
        DownReason::Goodbye => t!("secondary-goodbye", number = number),
        DownReason::Closed => t!("secondary-closed", number = number),
        DownReason::Silent => t!("secondary-silent", number = number),
    }
}

fn limited(number: SecondaryNumber, limits: &CopyLimits) -> String {
    if limits.away {
        t!("secondary-all-away", number = number)
    } else if limits.some_away() {
        t!(
            "secondary-folders-away",
            number = number,
            folders = list(&limits.away_below)
        )
    } else if limits.read_only {
        t!("secondary-takes-no-copies", number = number)
    } else {
        t!("secondary-takes-copies", number = number)
    }
}

fn no_longer_offered(file: &FileName, deleted_at: Option<SecondaryNumber>) -> String {
    match deleted_at {
        Some(number) => t!("no-longer-offered-deleted", file = file, number = number),
        None => t!("no-longer-offered", file = file),
    }
}

fn replaced(file: &FileName, number: SecondaryNumber, size: u64) -> String {
    t!("replaced", file = file, number = number, size = bytes(size))
}

fn damaged(file: &FileName, number: SecondaryNumber, others: usize) -> String {
    t!(
        "copy-damaged",
        file = file,
        number = number,
        others = others
    )
}

fn copy_ordered(file: &FileName, target: SecondaryNumber, sources: &[Who]) -> String {
    t!(
        "copy-ordered",
        target = target,
        file = file,
        count = sources.len(),
        sources = list(sources.iter().map(|source| transfer::who(*source)))
    )
}

fn copy_ended(file: &FileName, target: SecondaryNumber, outcome: String) -> String {
    t!(
        "copy-ended",
        file = file,
        target = target,
        outcome = outcome
    )
}

fn granted(client: &ClientName, file: &FileName, sources: &[Who]) -> String {
    t!(
        "granted",
        client = client,
        file = file,
        count = sources.len(),
        sources = list(sources.iter().map(|source| transfer::who(*source)))
    )
}

fn finished(client: &ClientName, file: &FileName, outcome: String) -> String {
    t!("finished", file = file, client = client, outcome = outcome)
}

fn reported(by: &Receiver, secondary: SecondaryNumber, fault: Fault) -> String {
    t!(
        "reported",
        by = receiver(by),
        secondary = secondary,
        why = transfer::fault(fault)
    )
}

/// To whom something is sent.
pub fn to(receiver: &Receiver) -> String {
    match receiver {
        Receiver::Client(name) => t!("to-client", name = name),
        Receiver::Legacy(name) => t!("to-original", name = name),
        Receiver::Secondary(number) => t!("to-secondary", number = number),
        Receiver::Http(address) => t!("to-http", address = address),
    }
}

/// Who receives.
fn receiver(receiver: &Receiver) -> String {
    match receiver {
        Receiver::Client(name) => t!("the-client", name = name),
        Receiver::Legacy(name) => t!("the-original", name = name),
        Receiver::Secondary(number) => t!("the-secondary", number = number),
        Receiver::Http(address) => t!("the-http", address = address),
    }
}

fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Complete => t!("outcome-complete"),
        Outcome::AlreadyComplete => t!("outcome-already"),
        Outcome::Failed => t!("outcome-failed"),
        Outcome::Cancelled => t!("outcome-cancelled"),
    }
}

/// How a transfer ended, and why.
fn because(how: Outcome, reason: Option<&EndReason>) -> String {
    let what = outcome(how);
    match reason {
        Some(reason) => {
            let reason = told(&ToldFailure::read(reason));
            t!("with-reason", what = what, reason = reason)
        }
        None => what,
    }
}

/// Why a transfer came to nothing at its receiver.
fn told(failure: &ToldFailure) -> String {
    match failure {
        ToldFailure::NoSources => t!("told-no-sources"),
        ToldFailure::WrongManifest => t!("told-wrong-manifest"),
        ToldFailure::Disk(trouble) => {
            let why = match trouble {
                DiskTrouble::NotFound => t!("system-not-found"),
                DiskTrouble::Denied => t!("system-denied"),
                DiskTrouble::ReadOnly => t!("system-read-only"),
                DiskTrouble::Full => t!("system-full"),
                DiskTrouble::NotADirectory => t!("system-no-folder"),
                DiskTrouble::Exists => t!("told-exists"),
                DiskTrouble::Busy => t!("system-busy"),
                DiskTrouble::Changed => t!("told-changed"),
                DiskTrouble::TooLarge => t!("system-too-large"),
                DiskTrouble::NoDescriptor => t!("system-descriptors"),
                DiskTrouble::NotAFile => t!("ignored-not-a-file"),
                DiskTrouble::Link => t!("told-link"),
                DiskTrouble::Away => t!("told-disk-away"),
                DiskTrouble::Failed => t!("system-io"),
            };
            t!("told-disk", why = why)
        }
        ToldFailure::Refused(code) => links::refusal(*code, &Said::default()),
        ToldFailure::Broken => t!("told-broken"),
        ToldFailure::Other(words) => t!("told-other", words = words),
    }
}

/// Complete downloads per file or per client, which `head` says.
pub fn counts(head: String, rows: &[DownloadCount], columns: usize) -> Vec<String> {
    let row = |row: &DownloadCount| {
        let name = match row.account {
            true => t!("with-reason", what = &row.name, reason = t!("account")),
            false => row.name.clone(),
        };
        vec![name, count(row.downloads)]
    };
    Table::new([name(head), whole(t!("column-downloads"))])
        .with(rows.iter().map(row))
        .lines(columns)
}
