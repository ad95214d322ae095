//! The events, actions and notices of the index machine.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::model::{
    ChunkIndex, FileMeta, FileName, FileTime, IgnoredReason, IndexedFile, Look, Origin,
    RemovedReason, RetiredReason, Scrub, Seen, Stamp, SystemError, Verdict, Writer,
};

/// One reading of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashJob(pub u64);

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// The answer to [`Action::Look`]. Newer news of single files never comes before it.
    Looked {
        /// When the look began.
        began: Instant,
        /// The time by the clock that dates files.
        clock: FileTime,
        /// What it found.
        look: Look,
    },
    /// The answer when the folder is not there or cannot be read.
    FolderGone {
        /// When the look began.
        began: Instant,
        /// What its path leads to now.
        path: PathNow,
    },
    /// The answer when nothing can be said about the folder now.
    LookFailed {
        /// When the look began.
        began: Instant,
    },
    /// Which changes are heard from now on. It comes after [`Action::Listen`] and when listening ends.
    Listens(Hearing),
    /// Something in the folder changed.
    Changed,
    /// Somebody does something to a file.
    Touched(FileName, Touch),
    /// Some changes were not heard.
    Missed,
    /// The answer to [`Action::Recognise`].
    Recognised {
        /// The file.
        name: FileName,
        /// What the question was about.
        stamp: Stamp,
        /// What it is.
        found: Recognised,
    },
    /// The answer to [`Action::FindWriters`].
    Writers {
        /// When the look at the processes began.
        began: Instant,
        /// Files that were asked for.
        asked: Vec<(FileName, Stamp)>,
        /// Those of them that a process can write into.
        open: BTreeMap<FileName, Writer>,
        /// How many of the processes could be looked at.
        processes: Processes,
    },
    /// The answer to [`Action::Hash`], also after [`Action::CancelHash`].
    Hashed {
        /// Which reading.
        job: HashJob,
        /// The file as it was seen afterwards.
        after: Option<Seen>,
        /// What was read.
        read: Read,
    },
    /// The answer to [`Action::SetAside`].
    SetAside {
        /// What was to be set aside.
        file: Arc<IndexedFile>,
        /// Why.
        reason: RetiredReason,
        /// What came of it.
        outcome: SetAside,
    },
    /// The answer to [`Action::CheckChunk`].
    ChunkChecked {
        /// The file.
        file: Arc<IndexedFile>,
        /// What the chunk is on the disk.
        verdict: Verdict,
        /// The file as it was seen afterwards.
        after: Option<Seen>,
    },
    /// The answer to [`Action::Scrub`].
    Scrubbed {
        /// The file.
        file: Arc<IndexedFile>,
        /// The chunk.
        chunk: ChunkIndex,
        /// What it is on the disk.
        verdict: Verdict,
        /// The file as it was seen afterwards.
        after: Option<Seen>,
    },
    /// A copy is complete and verified under its final name. `None` if another file has the name by now.
    Inserted(Option<Arc<IndexedFile>>),
    /// A content is no longer wanted under its name.
    Unwanted {
        /// The file.
        file: FileMeta,
        /// Why.
        reason: RetiredReason,
    },
    /// A file could not be sent as it was indexed. This is how it looks now.
    Doubted(FileName, Option<Seen>),
    /// Somebody received wrong bytes of a chunk.
    Complaint {
        /// The file.
        file: FileMeta,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Everything is to be read again, whatever is known.
    ReadAll,
}

/// What the path of a folder that is gone leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathNow {
    /// Nothing that can be served.
    Nothing,
    /// Another folder, which is open by now.
    AnotherFolder,
}

/// Which changes are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Those of all folders.
    All,
    /// Not all of them.
    Deaf,
}

/// What somebody does to a file. The last thing heard counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// It is being written.
    Written,
    /// A writer closed it.
    Closed,
    /// It got its name as a whole file.
    Moved,
}

/// What a file that has stopped changing is, without reading it.
#[derive(Debug)]
pub enum Recognised {
    /// It has changed or is gone.
    Other(Option<Seen>),
    /// It was hashed before, under this name or another.
    Known(Arc<IndexedFile>),
    /// It was hashed before and found to be damaged later: what it should be.
    Damaged(Arc<IndexedFile>),
    /// It has to be read.
    Unknown,
}

/// How many of the system's processes could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processes {
    /// All.
    All,
    /// Only those of this user.
    Some,
}

/// What reading a file gave.
#[derive(Debug)]
pub enum Read {
    /// Its digests.
    Content(Arc<IndexedFile>),
    /// The disk cannot read it: what was there is damaged.
    Damage(SystemError),
    /// It could not be read, which says nothing about its content.
    Failed(SystemError),
}

/// What came of setting a file aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetAside {
    /// It is gone from its name.
    Done,
    /// Another file has the name by now, or none.
    Changed,
    /// It cannot be moved away.
    Failed,
}

/// What is to be done.
#[derive(Debug)]
pub enum Action {
    /// Look at the whole folder. Answer: [`Event::Looked`], [`Event::FolderGone`] or [`Event::LookFailed`].
    Look,
    /// Hear of changes from now on, anew. Answer: [`Event::Listens`].
    Listen,
    /// Find out whether a file is unchanged, and whether it is known. Answer: [`Event::Recognised`].
    Recognise {
        /// The file.
        name: FileName,
        /// As it was.
        stamp: Stamp,
    },
    /// Look at all processes: which of these files can somebody write into? Answer: [`Event::Writers`].
    FindWriters(Vec<(FileName, Stamp)>),
    /// Read a file. Answer: [`Event::Hashed`], after any time.
    Hash {
        /// Number of this reading.
        job: HashJob,
        /// The file.
        name: FileName,
        /// As it was.
        stamp: Stamp,
    },
    /// Nobody waits for this reading any more. It is answered all the same.
    CancelHash(HashJob),
    /// Read one chunk. Answer: [`Event::ChunkChecked`], or none when there are too many.
    CheckChunk {
        /// The file.
        file: Arc<IndexedFile>,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Read one chunk, from the disk if possible, for nobody in particular. Answer: [`Event::Scrubbed`].
    Scrub {
        /// The file.
        file: Arc<IndexedFile>,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Take a file out of the folder. Answer: [`Event::SetAside`].
    SetAside {
        /// The file.
        file: Arc<IndexedFile>,
        /// Why.
        reason: RetiredReason,
    },
    /// Remember what a file is, for later runs as well.
    Remember(Arc<IndexedFile>),
    /// Remember what a damaged file should be.
    RememberDamage(Arc<IndexedFile>),
    /// Everything has been read. Whatever is remembered of files other than [`super::Index::known`] may be forgotten.
    ForgetOthers,
    /// Tell it to the node.
    Tell(Notice),
}

/// What the index tells the node and people.
#[derive(Debug)]
pub enum Notice {
    /// The first look at the folder is over. All that is served was told before.
    Ready(Total),
    /// Everything was read again after [`Event::ReadAll`].
    ReadAll(Total),
    /// A file is served from now on; it replaces one of the same name.
    Added {
        /// The file.
        file: Arc<IndexedFile>,
        /// How it came there: somebody wrote it, or it was copied.
        origin: Origin,
    },
    /// A file is no longer served.
    Removed {
        /// The file.
        file: Arc<IndexedFile>,
        /// What it means for the cluster.
        reason: RemovedReason,
        /// What happened to it.
        why: Gone,
    },
    /// A file is not what it was hashed as, though nothing shows that somebody changed it. It is not served, and a good copy
    /// may take its place. [`Notice::Added`] when it is whole again.
    Damaged {
        /// What it should be.
        file: Arc<IndexedFile>,
    },
    /// Something in the folder is not served; told once.
    Ignored {
        /// Its path below the folder.
        path: String,
        /// Why.
        reason: IgnoredReason,
    },
    /// More of one kind than can be told one by one is not served.
    ManyIgnored {
        /// How many.
        count: usize,
        /// Some of their paths.
        examples: Vec<String>,
        /// Why.
        reason: IgnoredReason,
    },
    /// The folders below this one whose disks are not there now, all of them each time.
    DisksAway(Vec<FileName>),
    /// What is on disks that came back is served now, as at the start.
    CaughtUp,
    /// A file has been open for writing for a while: it is served once it is closed.
    BeingWritten {
        /// The file.
        name: FileName,
        /// Who has it open, when that is known.
        by: Option<Writer>,
    },
    /// So far is the scrub, told now and then; to be kept for later runs.
    Scrubbed {
        /// How far.
        done: Scrub,
        /// How long it waits until the next chunk.
        rest: Duration,
    },
    /// A large file is being read.
    Hashing {
        /// The file.
        name: FileName,
        /// Its length, in bytes.
        bytes: u64,
    },
}

/// How many files are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// They change, or have just changed.
    pub settling: usize,
    /// They are to be recognised or read.
    pub waiting: usize,
    /// They are being read.
    pub hashing: usize,
    /// They are served.
    pub served: Total,
    /// They are not there although the cluster counts on them.
    pub missing: usize,
    /// They could not be read.
    pub failed: usize,
    /// They are not what they should be.
    pub damaged: usize,
    /// They are not wanted, and cannot be moved away.
    pub withdrawn: usize,
}

/// Files that are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// How many.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// What happened to a file that is no longer served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was deleted or renamed.
    Deleted,
    /// It changed, or cannot be read.
    Changed,
    /// The disk has altered it; [`Notice::Damaged`] follows.
    Damaged,
    /// It was set aside.
    SetAside(RetiredReason),
    /// It is not wanted any more, and cannot be moved away here.
    Withdrawn,
}
