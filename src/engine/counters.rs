//! What every node counts. Plain numbers that can be added up; the statistics files are made of them.

use serde::{Deserialize, Serialize};

use crate::model::{FaultCounts, ReceivedFrom, limits::MAX_FILE_BYTES};

/// Figures of a file, a client, a secondary, or all together.
///
/// For transfers that are over, `bytes_sent == bytes_received + bytes_wasted + bytes_unconfirmed`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// Complete downloads (or copies).
    pub downloads: u64,
    /// Those that ended without the file, cancelled ones included.
    pub failed: u64,
    /// Payload bytes that secondaries sent.
    pub bytes_sent: u64,
    /// Verified bytes, each byte of a file counted once.
    pub bytes_received: u64,
    /// Bytes sent that were of no use.
    pub bytes_wasted: u64,
    /// Bytes sent to receivers that vanished without a word.
    pub bytes_unconfirmed: u64,
    /// Of `bytes_sent`: known only from the receiver, as the sender died before it reported them.
    pub bytes_unreported: u64,
    /// Verified chunks.
    pub chunks: u64,
    /// Chunks that were taken from a secondary and asked for elsewhere.
    pub retries: u64,
    /// Chunks that were asked of two secondaries at once.
    pub hedges: u64,
    /// Chunks whose digest was wrong.
    pub digest_failures: u64,
    /// Times that a secondary came back during a transfer.
    pub recoveries: u64,
    /// Time from failure to return, over all recoveries, in milliseconds.
    pub recovery_ms: u64,
    /// Chunks that secondaries got back of their own ranges when they returned.
    pub recovered_chunks: u64,
    /// What receivers found wrong with secondaries, and how often.
    pub faults: FaultCounts,
    /// Time from grant to end, over all transfers, in milliseconds.
    pub duration_ms: u64,
    /// Mean rate: useful bytes, or bytes sent where only those are known, by that time. Follows from the
    /// others.
    pub mean_bytes_per_s: u64,
}

impl Counters {
    /// Adds another's figures to these. What a peer makes up must not overflow.
    pub fn add(&mut self, other: &Self) {
        let sum = |counter: &mut u64, more: u64| *counter = counter.saturating_add(more);
        sum(&mut self.downloads, other.downloads);
        sum(&mut self.failed, other.failed);
        sum(&mut self.bytes_sent, other.bytes_sent);
        sum(&mut self.bytes_received, other.bytes_received);
        sum(&mut self.bytes_wasted, other.bytes_wasted);
        sum(&mut self.bytes_unconfirmed, other.bytes_unconfirmed);
        sum(&mut self.bytes_unreported, other.bytes_unreported);
        sum(&mut self.chunks, other.chunks);
        sum(&mut self.retries, other.retries);
        sum(&mut self.hedges, other.hedges);
        sum(&mut self.digest_failures, other.digest_failures);
        sum(&mut self.recoveries, other.recoveries);
        sum(&mut self.recovery_ms, other.recovery_ms);
        sum(&mut self.recovered_chunks, other.recovered_chunks);
        sum(&mut self.duration_ms, other.duration_ms);
        self.faults.add(&other.faults);
        let bytes = match self.bytes_received {
            0 => self.bytes_sent,
            useful => useful,
        };
        let per_ms = u128::from(bytes) * 1000 / u128::from(self.duration_ms.max(1));
        self.mean_bytes_per_s = match self.duration_ms {
            0 => 0,
            _ => u64::try_from(per_ms).unwrap_or(u64::MAX),
        };
    }

    /// The figures of what a receiver counted from one secondary; at most a file's length of bytes is
    /// believed.
    pub fn of_received(received: &ReceivedFrom) -> Self {
        Self {
            bytes_received: received.bytes.min(MAX_FILE_BYTES),
            bytes_wasted: received.wasted.min(MAX_FILE_BYTES),
            chunks: received.chunks,
            retries: received.retries,
            hedges: received.hedges,
            digest_failures: received.digest_failures,
            recoveries: received.recoveries,
            recovery_ms: received.recovery_ms,
            recovered_chunks: received.recovered_chunks,
            faults: received.faults,
            ..Self::default()
        }
    }
}
