//! Transfers that run at a secondary, as values that can be sent.

use serde::{Deserialize, Serialize};

use super::{RunningKind, RunningTransfer};
use crate::{
    engine::download::{Snapshot, SourceState},
    model::{FileName, Receiver},
};

/// A transfer that runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// The file.
    pub file: FileName,
    /// Which way, and how far.
    #[serde(flatten)]
    pub kind: TransferKind,
}

/// Which way a transfer goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// To somebody.
    Sending {
        /// To whom.
        to: Receiver,
        /// Bytes sent so far.
        sent_bytes: u64,
    },
    /// From other secondaries.
    Copying {
        /// Its length.
        bytes: u64,
        /// Bytes that came.
        have_bytes: u64,
        /// Of these, those of verified chunks.
        verified_bytes: u64,
        /// How fast they come.
        bytes_per_s: f64,
        /// Until it is complete, as far as that can be said.
        seconds_left: Option<f64>,
        /// Sources that send.
        working: usize,
        /// Sources that there are.
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
