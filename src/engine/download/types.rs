//! What goes into a download machine and what comes out of it.

use std::time::Duration;

use super::{SwarmAction, SwarmEvent};
use crate::model::{
    ChunkIndex, ChunkSet, Fault, Part, ReceivedFrom, SourceId, SourceInfo, Who, error_codes,
};

/// Somebody who reads the file while it comes. Later ones have higher numbers; 0 is whoever reads a file from its beginning
/// ([`Download::in_order`](super::Download::in_order)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReaderId(pub u64);

/// Where a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReaderAt {
    /// Which one.
    pub reader: ReaderId,
    /// The chunk that it needs next; one past the last where it is at the end.
    pub position: ChunkIndex,
    /// How many chunks, from there, it should find.
    pub window_chunks: u32,
    /// It waits for the chunk that it is at: that one is asked for before all else.
    pub is_urgent: bool,
}

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Event {
    /// Who can send the file, as the central says; the whole list every time. A source that is missing from it is down in
    /// the central's eyes, but maybe not in ours: what was last said of it holds.
    Sources(Vec<SourceInfo>),
    /// The connection that [`Action::Connect`] asked for stands, and the source has the content.
    Connected {
        /// The source.
        source: SourceId,
    },
    /// The connection could not be made, or ended without [`Action::Disconnect`].
    Lost {
        /// The source.
        source: SourceId,
        /// How.
        fault: Fault,
    },
    /// The digests are verified and the part file is open, so chunks may be asked for. Comes once.
    Ready {
        /// Chunks of an earlier run that are trusted.
        have: ChunkSet,
    },
    /// Payload bytes came over a connection, whether they are still wanted or not.
    Received {
        /// The source.
        source: SourceId,
        /// Their chunk.
        chunk: ChunkIndex,
        /// How many.
        bytes: u32,
    },
    /// A whole chunk matched its digest and is in the file.
    Verified {
        /// Who brought it.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// A whole chunk did not match its digest.
    Wrong {
        /// Who brought it.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// The source says that it cannot send a chunk.
    Refused {
        /// The source.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// The source confirms that the rest of a chunk will not come.
    Cancelled {
        /// The source.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// The source says that this side waits in its line. It shows life, but makes no progress.
    Queued {
        /// The source.
        source: SourceId,
    },
    /// This side stopped reading from a source because it cannot take more. Silence is not the source's fault now.
    Blocked {
        /// The source.
        source: SourceId,
    },
    /// This side has reached its own limit, and reads from a source again only after a while. Silence is not the source's
    /// fault now, but the time counts: with the limit, that is how fast it sends.
    Limited {
        /// The source.
        source: SourceId,
    },
    /// This side reads from a source again.
    Unblocked {
        /// The source.
        source: SourceId,
    },
    /// The reader of a file that is read while it comes has taken so many chunks: later ones may be asked for. Means nothing
    /// to a download that nobody reads.
    Taken {
        /// How many, from the first.
        chunks: u32,
    },
    /// A reader begins, or is elsewhere now.
    Read(ReaderAt),
    /// A reader is gone: what only it was near to is not wanted any more.
    Left {
        /// Which one.
        reader: ReaderId,
    },
    /// A verified chunk is not here any more, as there is only so much memory. It is missing again.
    Forgotten {
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// All bytes of the part of a chunk that a source was asked for are here. The chunk is looked at once all of its parts
    /// are.
    PartCame {
        /// Who brought it.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// All parts of a chunk, together, matched its digest, and the chunk is in the file.
    PartsVerified {
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// All parts of a chunk, together, did not match its digest.
    PartsWrong {
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// A part that a source had sent of a chunk is not what the chunk turned out to be.
    Lied {
        /// Who sent it.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Something about the swarm.
    Swarm(SwarmEvent),
    /// This side's disk failed. The download cannot go on, and no source is to blame.
    LocalFailure {
        /// For people.
        reason: String,
    },
    /// The user ends it, or the node stops.
    Stop,
}

/// What the owner must do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Connect to a source; answered by `Connected` or `Lost`.
    Connect {
        /// The source.
        source: SourceId,
    },
    /// Drop the connection to a source at once; not answered.
    Disconnect {
        /// The source.
        source: SourceId,
    },
    /// Ask a connected source for a chunk.
    Request {
        /// The source.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Ask a connected source for a part of a chunk, before all else that it was asked for. A source is asked for one part
    /// of a chunk at a time.
    RequestPart {
        /// The source.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
        /// Which part.
        part: Part,
    },
    /// Put a chunk together from these parts, which have all come; answered by `PartsVerified` or `PartsWrong`.
    JoinParts {
        /// The chunk.
        chunk: ChunkIndex,
        /// Its parts, in order, and who brought each.
        parts: Vec<(Part, SourceId)>,
    },
    /// Forget the parts of a chunk that have come.
    ForgetParts {
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Take a request back; answered by `Cancelled`, unless the whole chunk has come by then.
    Cancel {
        /// The source.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Something in the swarm.
    Swarm(SwarmAction),
    /// Tell the central.
    Report {
        /// The source.
        source: SourceId,
        /// What is wrong with it.
        fault: Fault,
        /// The chunk concerned.
        chunk: Option<ChunkIndex>,
    },
    /// Tell the people.
    Notice(Notice),
    /// The download is over. Only late bytes are expected after this, and no other action follows.
    Finish(Finish),
}

/// What people may want to know while a download runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// Nothing came from it for a while: it gets no new work.
    Suspect {
        /// The source.
        who: Who,
    },
    /// It was suspect and shows life again.
    Cleared {
        /// The source.
        who: Who,
    },
    /// It is given up for now, and others take its work.
    Dead {
        /// The source.
        who: Who,
        /// How.
        fault: Fault,
        /// Chunks in flight that are missing again.
        returned_chunks: u32,
    },
    /// It was dead and works again.
    Back {
        /// The source.
        who: Who,
        /// Time since it was given up.
        after: Duration,
        /// Missing chunks of its own ranges, which it takes first again.
        own_chunks: u32,
    },
    /// It sent wrong bytes and is not used again for this file.
    Banned {
        /// The source.
        who: Who,
        /// The chunk; `None` when it was the manifest.
        chunk: Option<ChunkIndex>,
    },
    /// No source is left, so the download waits.
    NoSources {
        /// For how long at most.
        up_to: Duration,
    },
    /// A source is there again after [`Notice::NoSources`].
    SourcesAgain {
        /// How long it waited.
        after: Duration,
    },
}

/// How a download ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Finish {
    /// Every chunk is verified and written.
    Complete,
    /// It cannot go on.
    Failed(FailReason),
    /// [`Event::Stop`].
    Stopped,
}

/// Why a download cannot go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FailReason {
    /// No source for as long as the download would wait.
    #[error("no source could send it for {} s", waited.as_secs())]
    NoSources {
        /// How long.
        waited: Duration,
    },
    /// Two sources sent the same chunk with wrong bytes, and nobody else is left to ask: the digests themselves are wrong.
    #[error("chunk {chunk}: {} and {} disagree with its digest; the manifest is wrong", who[0], who[1])]
    WrongManifest {
        /// The chunk.
        chunk: ChunkIndex,
        /// Who sent it.
        who: [Who; 2],
    },
    /// This side's disk.
    #[error("{0}")]
    Local(String),
}

error_codes!(FailReason, code {
    Self::NoSources { .. } => "no-sources",
    Self::WrongManifest { .. } => "wrong-manifest",
    Self::Local(_) => "local-disk",
});

/// A source's state, as people see it.
///
/// ```text
///  Connecting ──▶ Up ◀──▶ Suspect ──▶ Dead ──▶ Connecting …
///                 └── wrong bytes, from any state ──▶ Banned
///  Up ◀──▶ Resting, while it is drained
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceState {
    /// A connection is being made.
    Connecting,
    /// It gets work.
    Up,
    /// It is drained and the others suffice, so it gets no new work.
    Resting,
    /// It is silent and gets no new work.
    Suspect,
    /// It is given up until it answers again.
    Dead,
    /// It sent wrong bytes.
    Banned,
}

/// A download as it stands.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Length of the file, in bytes.
    pub file_bytes: u64,
    /// Verified bytes, those of earlier runs included.
    pub have_bytes: u64,
    /// Bytes that are here, verified or not: `have_bytes` and what has come of chunks that are not whole. Less than
    /// before when a source is lost, or sent wrong bytes.
    pub received_bytes: u64,
    /// Verified bytes that earlier runs brought.
    pub resumed_bytes: u64,
    /// Number of chunks of the file.
    pub chunk_count: u32,
    /// Verified chunks.
    pub have_chunks: u32,
    /// Present rate over all sources.
    pub rate_bytes_per_s: f64,
    /// Time left at that rate; `None` when nothing comes.
    pub time_left: Option<Duration>,
    /// Time since the start.
    pub elapsed: Duration,
    /// Mean rate since the start, in verified bytes of this run.
    pub average_bytes_per_s: f64,
    /// Bytes that came for nothing, over all sources.
    pub wasted_bytes: u64,
    /// Chunks that were taken from a source and asked for elsewhere, over all sources.
    pub retries: u64,
    /// True while no source is there.
    pub waiting_for_sources: bool,
    /// Those who read the file while it comes, and wait for what they read.
    pub readers: u32,
    /// Every source that was ever listed, by id.
    pub sources: Vec<SourceSnapshot>,
}

/// A source as it stands.
#[derive(Clone, Debug)]
pub struct SourceSnapshot {
    /// Its state.
    pub state: SourceState,
    /// Its present rate.
    pub rate_bytes_per_s: f64,
    /// Chunks that were asked for and are not here yet.
    pub in_flight: u32,
    /// What it brought so far. `bytes + wasted` is every payload byte that came from it.
    pub received: ReceivedFrom,
}
