//! Data plane: receiver ↔ secondary. Long-lived, requests pipelined, one transfer open at a time.

use serde::{Deserialize, Serialize};

use crate::model::{ChunkIndex, Digest, FileName, Part, TransferId};

use super::{ErrorCode, Hello};

/// From a receiver to one of its sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToSource {
    /// First line.
    Hello(Hello),
    /// Names the content that the requests after it are about.
    Open {
        /// The transfer, for the statistics.
        transfer: TransferId,
        /// The content.
        id: Digest,
        /// The name under which it was asked for.
        name: FileName,
        /// Send the manifest's digests too.
        manifest: bool,
        /// The receiver knows [`FromSource::Queued`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        queued: bool,
    },
    /// Asks for one chunk; answered in order by `data` frames, `cancelled` or `failed`.
    Get {
        /// The chunk.
        chunk: ChunkIndex,
        /// Only this part of it, and before all that was asked for without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<Part>,
    },
    /// Takes a request back: what is not sent yet will not be.
    Cancel {
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Ends the open transfer: every request is taken back, `closed` answers.
    Close,
    /// Sign of life of a receiver that asks for nothing.
    Ping,
}

/// From a source to its receiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromSource {
    /// First line.
    Hello(Hello),
    /// The content is here; `manifest_bytes` raw bytes follow this line.
    Opened {
        /// The transfer.
        transfer: TransferId,
        /// Length of the raw digests that follow; 0 when they were not asked for.
        manifest_bytes: u64,
    },
    /// `length` raw bytes of a chunk follow this line; a chunk's frames come in order of their offset.
    Data {
        /// The chunk.
        chunk: ChunkIndex,
        /// Where in the chunk they start, in bytes.
        offset: u32,
        /// How many they are.
        length: u32,
    },
    /// The rest of a chunk will not come, as was asked.
    Cancelled {
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// The rest of a chunk cannot be sent.
    Failed {
        /// The chunk.
        chunk: ChunkIndex,
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for people.
        message: String,
    },
    /// What was asked for comes later: others are sent to first, and the sender lives.
    Queued,
    /// The transfer is closed: nothing more of it comes.
    Closed {
        /// The transfer.
        transfer: TransferId,
        /// Payload bytes that were sent on this connection for it.
        sent: u64,
    },
    /// What went wrong; the connection closes when it cannot go on.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For people.
        message: String,
    },
    /// Sign of life.
    Ping,
}
