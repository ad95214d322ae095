//! What a place of files is asked for ([`Shelf`]), and what it gives for that.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::{
    engine::index::Processes,
    model::{
        ChunkIndex, Digest, FileMeta, FileName, IndexedFile, Look, Manifest, RetiredReason, Seen,
        Stamp, Verdict, Writer,
    },
    node::send::Content,
    store::{
        Root, StoreError, Sweep,
        index::{Heard, ReadFrom, Scan},
        retired::{Retired, RetiredFile, RetiredLimits, RetiredTotal},
    },
};

/// What sets one kind of place apart from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// A look takes long, so that it has a thread of its own.
    pub looks_apart: bool,
    /// How often to look, where nothing else is ordered; `None` for what is usual where changes are heard.
    pub look_every: Option<Duration>,
    /// What is there is whole: nobody is seen writing, and no quiet time is waited for.
    pub is_atomic: bool,
}

/// What listening to changes has come to. It ends when this is dropped.
pub enum Listening {
    /// All changes are heard.
    Hears(Box<dyn Send>),
    /// Not all are, and why.
    Deaf(String),
    /// Nobody tells of changes here: looks are all there is.
    Looks,
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hears(_) => "Hears",
            Self::Deaf(_) => "Deaf",
            Self::Looks => "Looks",
        })
    }
}

/// Who writes into files.
#[derive(Debug)]
pub struct FoundWriters {
    /// Files into which somebody can write.
    pub open: BTreeMap<FileName, Writer>,
    /// How many processes could be looked at.
    pub processes: Processes,
}

/// See the module. Everything blocks, and may be called by several threads.
pub trait Shelf: fmt::Debug + Send + Sync + 'static {
    /// How people call it: a path, or an address.
    fn path(&self) -> &Path;

    /// What sets it apart.
    fn habits(&self) -> Habits;

    /// Looks at all of it.
    ///
    /// # Errors
    /// When it is away, and [`StoreError::NoDescriptor`] when nothing can be said of it now.
    fn scan(&self) -> Result<Scan, StoreError>;

    /// What a look has to know of earlier ones; `is_served_below` says whether files are served below a folder.
    fn recall(&self, scan: Scan, is_served_below: &dyn Fn(&FileName) -> bool) -> Look;

    /// One name, as far as it is known without asking far away.
    fn see(&self, name: &FileName) -> Option<Seen>;

    /// The same in the present folder: the one that is open may be gone.
    fn see_current(&self, name: &FileName) -> Option<Seen>;

    /// The same, asked anew wherever it lies.
    fn see_anew(&self, name: &FileName) -> Option<Seen>;

    /// Opens what its path leads to now; false when nothing came of it.
    ///
    /// # Errors
    /// What the disk says.
    fn reopen(&self) -> io::Result<bool>;

    /// Hears of changes from now on.
    fn listen(&self, tell: Box<dyn Fn(Heard) + Send>) -> Listening;

    /// What is known about making files in it, without making one.
    ///
    /// # Errors
    /// That none can be made.
    fn allows_writing(&self) -> Result<(), StoreError>;

    /// Makes a file in it, and removes it.
    ///
    /// # Errors
    /// That it cannot be made.
    fn check_writable(&self) -> Result<(), StoreError>;

    /// Which of some files somebody can write into.
    fn writers(&self, asked: &[(FileName, Stamp)]) -> FoundWriters;

    /// Reads a file and makes its digests, for as long as `keep_on` says so.
    ///
    /// # Errors
    /// What the disk says, as an error of the system's.
    fn digest(
        &self,
        name: &FileName,
        stamp: Stamp,
        keep_on: &dyn Fn() -> bool,
    ) -> io::Result<Manifest>;

    /// Reads one chunk and compares it with its digest.
    fn check_chunk(&self, file: &Arc<IndexedFile>, chunk: ChunkIndex, from: ReadFrom) -> Verdict;

    /// Opens a content for a receiver; one that was set aside as well.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when it is not what it was, and what the disk says.
    fn open(&self, file: &Arc<IndexedFile>) -> Result<Arc<dyn Content>, StoreError>;

    /// Takes a file out of what is served. Gives where it is; `None` when it is not kept.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when another has its name by now, and what the disk says.
    fn set_aside(
        &self,
        file: &Arc<IndexedFile>,
        reason: RetiredReason,
    ) -> Result<Option<String>, StoreError>;

    /// Takes note of a file that was set aside when a copy took its name. Gives where it is.
    fn adopt(&self, file: &Arc<IndexedFile>, reason: RetiredReason) -> Option<String>;

    /// What was set aside, for people.
    fn aside(&self) -> Arc<dyn Aside>;

    /// Digests of what an earlier run set aside, so that it can be read by its content.
    fn restore_aside(&self, _known: &mut dyn FnMut(&FileName, Stamp) -> Option<Arc<IndexedFile>>) {}

    /// It may be another place by now: what was known of what was set aside is read anew.
    fn reload_aside(&self) {}

    /// What was set aside and can be read by its content.
    fn readable_aside(&self) -> Vec<Arc<IndexedFile>> {
        Vec::new()
    }

    /// A content that was set aside; does not wait.
    fn find_aside(&self, _id: &Digest) -> Option<Arc<IndexedFile>> {
        None
    }

    /// Lines of digests that are kept beside the files, if any are: each is one of the digest cache's.
    fn kept_digests(&self) -> Vec<Bytes> {
        Vec::new()
    }

    /// True if digests are to be kept beside the files.
    fn keeps_digests(&self) -> bool {
        false
    }

    /// Has more lines kept. Does not wait.
    fn keep_digests(&self, _lines: Vec<u8>) {}

    /// Has all lines that are kept replaced by these, where it is worth it. Does not wait.
    fn replace_digests(&self, _all: &dyn Fn() -> Vec<u8>) {}

    /// Gives up what nobody goes on with of copies that came in parts.
    fn sweep(&self, sweep: &Sweep);

    /// The folder in which copies are received as part files; `None` where [`Self::intake`] takes them in.
    fn root(&self) -> Option<&Root> {
        None
    }

    /// Takes copies in.
    fn intake(&self) -> Option<Arc<dyn Intake>> {
        None
    }

    /// Ends all that waits for something far away.
    fn close(&self) {}
}

/// What was set aside and may be wanted again. It blocks.
pub trait Aside: fmt::Debug + Send + Sync + 'static {
    /// Where it lies, for people.
    fn path(&self) -> PathBuf;

    /// All that is kept, the oldest first.
    ///
    /// # Errors
    /// What the disk says.
    fn list(&self) -> Result<Vec<RetiredFile>, StoreError>;

    /// Brings a file back. Its new name; `None` when there is no such number.
    ///
    /// # Errors
    /// What the disk says.
    fn recover(&self, number: u64) -> Result<Option<FileName>, StoreError>;

    /// Removes files for good; gives what went.
    ///
    /// # Errors
    /// What the disk says.
    fn empty(&self, numbers: &[u64]) -> Result<RetiredTotal, StoreError>;

    /// Other limits from now on.
    fn set_limits(&self, limits: RetiredLimits);

    /// Removes what is too old or too much.
    ///
    /// # Errors
    /// What the disk says.
    fn enforce(&self) -> Result<(), StoreError>;
}

impl Aside for Retired {
    fn path(&self) -> PathBuf {
        Self::path(self).to_owned()
    }

    fn list(&self) -> Result<Vec<RetiredFile>, StoreError> {
        Self::list(self)
    }

    fn recover(&self, number: u64) -> Result<Option<FileName>, StoreError> {
        Self::recover(self, number)
    }

    fn empty(&self, numbers: &[u64]) -> Result<RetiredTotal, StoreError> {
        Self::empty(self, numbers)
    }

    fn set_limits(&self, limits: RetiredLimits) {
        Self::set_limits(self, limits);
    }

    fn enforce(&self) -> Result<(), StoreError> {
        Self::enforce(self)
    }
}

/// A copy that is taken in.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// What it is to be.
    pub file: FileMeta,
    /// The file that may have its name, and why it is replaced.
    pub replaces: Option<(Arc<IndexedFile>, RetiredReason)>,
}

/// What becomes of a copy that is taken in: where it is, or `None` when its chunks ended before the last.
pub type TakenIn = Result<Option<PathBuf>, StoreError>;

/// Takes copies in whose chunks come verified and in their order.
pub trait Intake: fmt::Debug + Send + Sync + 'static {
    /// Takes one in, to its end. The name has the file once all of it is there, and not before.
    fn take(
        self: Arc<Self>,
        copy: Incoming,
        chunks: mpsc::Receiver<Bytes>,
    ) -> Pin<Box<dyn Future<Output = TakenIn> + Send>>;
}
