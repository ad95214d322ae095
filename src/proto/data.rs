//! Data plane: receiver ↔ secondary or peer. Long-lived, requests pipelined, one transfer open at a time.

use serde::{Deserialize, Serialize};

use crate::model::{ChunkIndex, ChunkSet, Digest, FileName, Lately, Part, Ticket, TransferId};

use super::{ErrorCode, Hello, Wanted};

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
        /// The central's permission to ask a peer; secondaries need none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<Ticket>,
    },
    /// Asks for one chunk; answered in order by `data` frames, `cancelled` or `failed`.
    Get {
        /// The chunk.
        chunk: ChunkIndex,
        /// Only this part of it, and before all that was asked for without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<Part>,
        /// Of a member of a swarm: what it got lately.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lately: Option<Lately>,
    },
    /// Asks for one chunk, whichever the source likes of some; answered by its `data` frames, or by `none`. Only to a
    /// secondary that knows swarms, and one at a time.
    Any {
        /// What the receiver got lately.
        lately: Lately,
        /// What it can give on, in bytes per second.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uplink: Option<u64>,
        /// Which it would take.
        #[serde(flatten)]
        wanted: Wanted,
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
    /// Of the chunks of an `any` none will come.
    None,
    /// What a peer has: all of it after `opened`, then what it got since.
    Have {
        /// The chunks.
        chunks: ChunkSet,
        /// How long who asks now waits until its turn comes, in milliseconds.
        #[serde(default)]
        line: u32,
    },
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

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<M>(json: &str) -> M
    where
        M: Serialize + serde::de::DeserializeOwned,
    {
        let message: M = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
        message
    }

    #[test]
    fn what_swarms_say_round_trips() {
        let ticket = "00000009".to_owned() + &"ab".repeat(72);
        let open = format!(
            r#"{{"type":"open","transfer":"1-0000000000000017","id":"{}","name":"a","manifest":true,"queued":true,"ticket":"{ticket}"}}"#,
            "0f".repeat(32)
        );
        round_trip::<ToSource>(&open);
        round_trip::<ToSource>(r#"{"type":"get","chunk":7,"lately":250}"#);
        let any = round_trip::<ToSource>(r#"{"type":"any","lately":0,"from":3,"wanted":"BQ"}"#);
        let ToSource::Any { wanted, .. } = any else {
            panic!("{any:?}");
        };
        assert!(wanted.chunks().iter().map(|chunk| chunk.0).eq([3, 5]));
        round_trip::<FromSource>(r#"{"type":"have","chunks":[[0,3],[9,1]],"line":250}"#);
        assert_eq!(
            round_trip::<FromSource>(r#"{"type":"none"}"#),
            FromSource::None
        );
        for bad in [
            r#"{"type":"any","lately":0,"from":3}"#,
            r#"{"type":"any","from":3,"wanted":"BQ"}"#,
            r#"{"type":"any","lately":-1,"from":3,"wanted":"BQ"}"#,
            r#"{"type":"get","chunk":7,"lately":4294967296}"#,
        ] {
            assert!(serde_json::from_str::<ToSource>(bad).is_err(), "{bad}");
        }
        assert!(
            serde_json::from_str::<FromSource>(r#"{"type":"have","chunks":[[5,1],[2,1]]}"#)
                .is_err()
        );
    }
}
