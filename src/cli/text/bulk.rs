//! Many events of one kind in one line.

use super::{
    central::to as to_whom,
    line::{Line, Tone},
    secondary::gone,
    t,
    units::bytes,
};
use crate::{
    model::{ClientName, Receiver, SecondaryNumber},
    node::secondary::NoLongerServing,
};

/// Several events of one kind: `8 ficheros copiados al 3, 73,0 MB`.
pub fn at_a_central(kind: &CentralKind, count: usize, size: u64) -> Line {
    let size = bytes(size);
    match kind {
        CentralKind::Offered => t!("offered-some", count = count, size = size),
        CentralKind::NoLongerOffered => t!("no-longer-offered-many", files = count),
        CentralKind::CopyOrdered(target) => {
            t!("copy-ordered-many", target = target, count = count)
        }
        CentralKind::Copied(target) => {
            let text = t!(
                "copied-to-many",
                target = target,
                count = count,
                size = size
            );
            return Line::new(Tone::Good, text);
        }
        CentralKind::Granted(client) => t!("granted-many", client = client, count = count),
        CentralKind::Queued(client) => t!("queued-many", client = client, count = count),
        CentralKind::SlotLent(client) => t!("place-lent-many", client = client, count = count),
        CentralKind::Complete(client) => {
            t!("finished-many", client = client, count = count, size = size)
        }
        CentralKind::Cancelled(client) => t!("cancelled-many", client = client, count = count),
    }
    .into()
}

/// Events of a central that come in bulk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CentralKind {
    /// Files can be downloaded.
    Offered,
    /// Files cannot be downloaded any more.
    NoLongerOffered,
    /// A secondary was told to copy.
    CopyOrdered(SecondaryNumber),
    /// Copies of a secondary are complete.
    Copied(SecondaryNumber),
    /// Downloads of a client begin.
    Granted(ClientName),
    /// Downloads of a client wait.
    Queued(ClientName),
    /// Downloads of a client are sent nothing.
    SlotLent(ClientName),
    /// Downloads of a client are complete.
    Complete(ClientName),
    /// A client gave downloads up.
    Cancelled(ClientName),
}

/// Several files of one kind of event: `8 ficheros copiados y verificados, 73,0 MB`.
pub fn at_a_secondary(kind: &SecondaryKind, count: usize, size: u64) -> Line {
    let size = bytes(size);
    let text = match kind {
        SecondaryKind::Serving => t!("serving-many", count = count, size = size),
        SecondaryKind::CopyStarted => t!("copy-started-many", count = count, size = size),
        SecondaryKind::Copied => t!("copied-many", count = count, size = size),
        SecondaryKind::Gone(why) => {
            t!("no-longer-serving-many", count = count, why = gone(*why))
        }
        SecondaryKind::Sending(to) => t!("sending-many", count = count, to = to_whom(to)),
        SecondaryKind::Sent(to) => {
            t!("sent-many", count = count, size = size, to = to_whom(to))
        }
    };
    let tone = match kind {
        SecondaryKind::Copied => Tone::Good,
        SecondaryKind::Serving
        | SecondaryKind::CopyStarted
        | SecondaryKind::Gone(_)
        | SecondaryKind::Sending(_)
        | SecondaryKind::Sent(_) => Tone::Plain,
    };
    Line::new(tone, text)
}

/// Events of a secondary that come in bulk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondaryKind {
    /// Files are served.
    Serving,
    /// Copies begin.
    CopyStarted,
    /// Copies are complete.
    Copied,
    /// Files are not served any more, all for the same reason.
    Gone(NoLongerServing),
    /// Files are sent to somebody.
    Sending(Receiver),
    /// Files were sent to somebody.
    Sent(Receiver),
}
