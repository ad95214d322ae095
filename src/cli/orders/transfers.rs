//! Transfers that run at a secondary, as values that can be sent.

use serde::{Deserialize, Serialize};

use crate::{
    engine::download::{Snapshot, SourceState},
    model::{FileName, Receiver},
    node::secondary::{RunningKind, RunningTransfer},
};

/// A transfer that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cli) struct Transfer {
    /// The file.
    pub(in crate::cli) file: FileName,
    /// Which way, and how far.
    #[serde(flatten)]
    pub(in crate::cli) kind: TransferKind,
}

/// Which way a transfer goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum TransferKind {
    /// To somebody.
    Sending { to: Receiver, sent_bytes: u64 },
    /// From other secondaries.
    Copying {
        bytes: u64,
        have_bytes: u64,
        verified_bytes: u64,
        bytes_per_s: f64,
        seconds_left: Option<f64>,
        /// Sources that send, of those that there are.
        working: usize,
        sources: usize,
    },
}

impl From<RunningTransfer> for Transfer {
    fn from(transfer: RunningTransfer) -> Self {
        let kind = match transfer.kind {
            RunningKind::Sending { receiver, bytes } => TransferKind::Sending {
                to: receiver,
                sent_bytes: bytes,
            },
            RunningKind::Copying { snapshot } => TransferKind::Copying {
                bytes: snapshot.file_bytes,
                have_bytes: snapshot.received_bytes,
                verified_bytes: snapshot.have_bytes,
                // A sum of nothing is a negative zero.
                bytes_per_s: snapshot.rate_bytes_per_s + 0.0,
                seconds_left: snapshot.time_left.map(|left| left.as_secs_f64()),
                working: working(&snapshot),
                sources: snapshot.sources.len(),
            },
        };
        Self {
            file: transfer.file,
            kind,
        }
    }
}

fn working(snapshot: &Snapshot) -> usize {
    let sources = snapshot.sources.iter();
    let working = sources.filter(|source| source.state == SourceState::Up);
    working.count()
}
