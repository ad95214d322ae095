//! What goes into the machine and comes out of it.

use std::time::Duration;

use bytes::Bytes;

use super::values::{Active, Batch, Fence, Standby};
use crate::model::{Call, Change, Digest, LeaseId, Reply, Revision, Silence};

/// Times of a central, all derived from how long its lease lives.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name of this central.
    pub node: String,
    /// Where its peers find it.
    pub address: String,
    /// How long its lease lives.
    pub ttl: Duration,
    /// The highest format of the journal that it reads.
    pub reads: u32,
    /// A snapshot is due after so many bytes,
    pub snapshot_bytes: u64,
    /// or so many batches,
    pub snapshot_batches: u64,
    /// or this time.
    pub snapshot_every: Duration,
    /// So many batches before a snapshot stay in the journal.
    pub kept_batches: u64,
}

impl Config {
    /// The shortest life of a lease. etcd gives no shorter ones than two seconds.
    pub const SHORTEST_TTL: Duration = Duration::from_secs(3);
    /// The usual life of a lease.
    pub const USUAL_TTL: Duration = Duration::from_secs(5);

    /// A central with the usual times.
    pub fn new(name: &str, address: &str) -> Self {
        Self {
            node: name.to_owned(),
            address: address.to_owned(),
            ttl: Self::USUAL_TTL,
            reads: 1,
            snapshot_bytes: 64 << 20,
            snapshot_batches: 100_000,
            snapshot_every: Duration::from_secs(24 * 3600),
            kept_batches: 2000,
        }
    }
}

/// Numbers what is asked of the key store. Each is answered once, by the store or by `Silence`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub(super) u64);

/// Numbers watches. A later one takes the place of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(pub(super) u64);

/// What happens to a central.
#[derive(Clone, Debug)]
pub enum Event {
    /// The key store's answer, or that there was none in time.
    Answer(AskId, Result<Reply, Silence>),
    /// What a watch tells, in the order of the store.
    Watched(WatchId, Vec<Change>),
    /// A watch has ended, for whatever reason.
    WatchEnded(WatchId),
    /// The batch that `Compose` asked for.
    Composed(Batch),
    /// The registry's next batch. Its seq and term are those of `next_batch`.
    Append(Batch),
    /// The registry as it is after a batch, with the digest of the text.
    SnapshotMade {
        /// That batch.
        seq: u64,
        /// Its term.
        term: u64,
        /// The registry as text.
        body: Bytes,
        /// The text's SHA-256.
        digest: Digest,
    },
    /// What was to be applied or loaded is damaged, or of a format that this version does not read.
    Unreadable,
    /// A person wants another central to be the active one: this one, or whichever is ready.
    Migrate(Option<String>),
    /// This central is to end. It hands over if it can.
    Shutdown,
}

/// What the owner does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Asks the key store.
    Ask(AskId, Call),
    /// Watches `active`, `handover` and the journal from this revision on, instead of what was watched before.
    Watch(WatchId, Revision),
    /// Watches nothing any more.
    Unwatch,
    /// Empties the registry and fills it from this snapshot, once its digest is right.
    Load {
        /// The last batch that it contains.
        seq: u64,
        /// The registry as text.
        body: Bytes,
        /// What its SHA-256 must be.
        digest: Digest,
    },
    /// Applies a committed batch to the registry.
    Apply(Batch),
    /// Makes the first or last batch of a reign, and tells it by `Composed` before anything else.
    Compose(Compose),
    /// This central is the active one, in this term: it opens for service. The batch is the next that it may write.
    Serve {
        /// Its reign.
        term: u64,
        /// The seq of the registry's next batch.
        next: u64,
    },
    /// The batch with this seq is durable: what waited for it may leave.
    Committed(u64),
    /// A snapshot is wanted of the registry as it is after the batch with this seq, or a later one.
    MakeSnapshot(u64),
    /// The key store is silent, and this central cannot know any more whether it is the active one.
    Limited,
    /// It is, still, in the same term.
    Resumed,
    /// Somebody else is active, or will be: the registry and all that was decided and not committed are dropped. The
    /// machine fills an empty registry from the start.
    StepDown(StepDown),
    /// Who is active now.
    Follow(Option<Active>),
    /// How an order to migrate ended.
    Migration(Result<String, NotMigrated>),
    /// The journal is not what it must be. Nothing is done any more; a person has to look.
    Fault(Broken),
    /// All is given back: the process may end.
    Stopped,
}

/// A batch that the machine needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compose {
    /// Its place.
    pub seq: u64,
    /// Its term.
    pub term: u64,
    /// What it says.
    pub what: Milestone,
}

/// What begins and ends a reign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Milestone {
    /// This central begins its term.
    Term,
    /// This central has given its term to another.
    HandedOver(String),
}

/// Why a central is not active any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepDown {
    /// Another has the key, or nobody: its own batches are refused.
    Fenced,
    /// Its lease has ended.
    LeaseLost,
    /// It has handed over to this central.
    HandedOver(String),
    /// It has given the key back, as it ends.
    Released,
}

/// Why an order to migrate came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotMigrated {
    /// This central is not active.
    NotActive,
    /// It is migrating already.
    UnderWay,
    /// It is active itself.
    ToItself,
    /// No such central is there.
    Unknown(String),
    /// No standby is there.
    Alone,
    /// The standby is behind, or reads no such journal.
    NotReady(String),
    /// The standby did not come level in time, or has left.
    Behind(String),
    /// The key store did not answer.
    Silent,
    /// This central has lost the key meanwhile.
    Lost,
}

/// What must never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The journal has another batch where this central, alone allowed to write, wrote its own.
    OtherBatch(u64),
    /// A batch before this one is missing.
    Gap(u64),
    /// A batch or a snapshot cannot be read.
    Unreadable(u64),
    /// The key store refuses a batch, in its own words.
    Refused(u64, String),
}

/// Where a central stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It follows.
    Standby,
    /// It has the key, and is reading what there is.
    TakingOver,
    /// It serves.
    Serving,
    /// It served, and the key store is silent.
    Limited,
    /// It has ended, or found a fault.
    Stopped,
}

/// The machine, to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it stands.
    pub standing: Standing,
    /// Its term, while it has one.
    pub term: Option<u64>,
    /// Its fence, while it has the key.
    pub fence: Option<Fence>,
    /// Its lease.
    pub lease: Option<LeaseId>,
    /// Who is active, as far as it knows.
    pub active: Option<Active>,
    /// The last batch that it has applied.
    pub applied: u64,
    /// The last batch that it has heard of.
    pub tail: u64,
    /// Whether it could take over at once.
    pub ready: bool,
    /// The standbys that it last saw.
    pub standbys: Vec<Standby>,
    /// Whether a batch is on its way.
    pub in_flight: bool,
    /// The key store has no room left.
    pub no_space: bool,
}
