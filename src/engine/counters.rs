//! The figures that every node counts. They are plain numbers that add up, and the statistics files consist of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::model::{
    FaultCounts, Figure, Outcome, ReceivedFrom, SecondaryNumber, figures, limits::MAX_FILE_BYTES,
};

figures! {
    /// Figures of a file, a client, a secondary, or all together.
    ///
    /// For transfers that are over, `bytes_sent == bytes_received + bytes_wasted + bytes_unconfirmed`.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct Counters {
        sums {
            /// Complete downloads (or copies).
            pub downloads: u64,
            /// Those that ended without the file, cancelled ones included.
            pub failed: u64,
            /// Of `failed`: cancelled or paused by whoever asked for the file.
            pub cancelled: u64,
            /// Payload bytes that secondaries sent.
            pub bytes_sent: u64,
            /// Verified bytes, each byte of a file counted once.
            pub bytes_received: u64,
            /// Bytes that were sent and not used.
            pub bytes_wasted: u64,
            /// Bytes sent to receivers that vanished without a word.
            pub bytes_unconfirmed: u64,
            /// Of `bytes_sent`: known only from the receiver, as the sender died before it reported them.
            pub bytes_unreported: u64,
            /// Bytes that receivers took, verified, from files of their own disk; nobody sent them.
            pub bytes_own_disk: u64,
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
        }
        /// Mean rate: received bytes over that time, or sent bytes where only those are known. It follows from the
        /// other figures.
        pub mean_bytes_per_s: u64,
    }
}

/// Reads figures per secondary. The keys of a JSON object are text, and serde takes them for numbers only
/// where nothing is flattened, as the statistics files' heads are.
///
/// # Errors
/// When a key is no secondary's number, or a value no figures.
pub fn per_secondary<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<SecondaryNumber, Counters>, D::Error> {
    BTreeMap::<String, Counters>::deserialize(from)?
        .into_iter()
        .map(|(key, counters)| {
            let number: u64 = key.parse().map_err(D::Error::custom)?;
            let number = SecondaryNumber::try_from(number).map_err(D::Error::custom)?;
            Ok((number, counters))
        })
        .collect()
}

impl Counters {
    /// Adds another's figures to these. Sums saturate, as a peer may claim any figure.
    pub fn add(&mut self, other: &Self) {
        self.change(other, u64::saturating_add);
    }

    /// Takes figures out again that were added before.
    pub fn subtract(&mut self, other: &Self) {
        self.change(other, u64::saturating_sub);
    }

    fn change(&mut self, other: &Self, with: fn(u64, u64) -> u64) {
        self.combine(other, with);
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

    /// How a finished transfer counts, by one rule for all books. `None` stands for a receiver that vanished without a
    /// word.
    pub fn of_end(outcome: Option<Outcome>) -> Self {
        let (downloads, failed, cancelled) = match outcome {
            Some(Outcome::Complete) => (1, 0, 0),
            // Nothing was sent for it.
            Some(Outcome::AlreadyComplete) => (0, 0, 0),
            Some(Outcome::Failed) | None => (0, 1, 0),
            Some(Outcome::Cancelled) => (0, 1, 1),
        };
        Self {
            downloads,
            failed,
            cancelled,
            ..Self::default()
        }
    }

    /// The figures of what a receiver counted from one secondary. No more bytes are believed than a file can have.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_transfer_is_one_that_failed() {
        for (outcome, expected) in [
            (Some(Outcome::Complete), (1, 0, 0)),
            (Some(Outcome::AlreadyComplete), (0, 0, 0)),
            (Some(Outcome::Failed), (0, 1, 0)),
            (Some(Outcome::Cancelled), (0, 1, 1)),
            (None, (0, 1, 0)),
        ] {
            let counted = Counters::of_end(outcome);
            let counted = (counted.downloads, counted.failed, counted.cancelled);
            assert_eq!(counted, expected, "{outcome:?}");
        }
    }
}
