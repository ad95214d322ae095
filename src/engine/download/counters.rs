//! What is counted of one source over all its connections.

use std::time::Duration;

use crate::model::{Fault, FaultCounts, ReceivedFrom, SourceId, Who};

/// The figures of one source. They only grow.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    received_bytes: u64,
    useful_bytes: u64,
    useful_chunks: u64,
    retries: u64,
    hedges: u64,
    digest_failures: u64,
    faults: FaultCounts,
    recoveries: u64,
    recovery: Duration,
    recovered_chunks: u64,
}

impl Counters {
    /// Payload bytes came, useful or not.
    pub(super) fn received(&mut self, bytes: u32) {
        self.received_bytes += u64::from(bytes);
    }

    /// The source brought a chunk of this length, which was verified.
    pub(super) fn useful(&mut self, length: u64) {
        self.useful_bytes += length;
        self.useful_chunks += 1;
    }

    /// Of a chunk that was verified the source brought so many bytes, and another more.
    pub(super) fn useful_part(&mut self, bytes: u64) {
        self.useful_bytes += bytes;
    }

    /// A chunk was taken from the source, to be asked for elsewhere.
    pub(super) fn retry(&mut self) {
        self.retries += 1;
    }

    /// The source was asked for a chunk that another has to bring as well.
    pub(super) fn hedge(&mut self) {
        self.hedges += 1;
    }

    /// A chunk did not match its digest.
    pub(super) fn digest_failure(&mut self) {
        self.digest_failures += 1;
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.count(fault);
    }

    /// The source works again, so long after it was given up; so many missing chunks are its own again.
    pub(super) fn recovered(&mut self, after: Duration, own_chunks: u32) {
        self.recoveries += 1;
        self.recovery += after;
        self.recovered_chunks += u64::from(own_chunks);
    }

    /// The figures as others see them. `pending_bytes` have come and are neither useful nor waste yet.
    pub(super) fn received_from(
        &self,
        source: SourceId,
        who: Who,
        pending_bytes: u64,
    ) -> ReceivedFrom {
        let settled = self.received_bytes.saturating_sub(pending_bytes);
        ReceivedFrom {
            source,
            who,
            bytes: self.useful_bytes,
            wasted: settled.saturating_sub(self.useful_bytes),
            chunks: self.useful_chunks,
            retries: self.retries,
            hedges: self.hedges,
            digest_failures: self.digest_failures,
            recoveries: self.recoveries,
            recovery_ms: self.recovery.as_millis() as u64,
            recovered_chunks: self.recovered_chunks,
            faults: self.faults,
        }
    }
}
