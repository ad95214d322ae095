//! The journal of the central's facts. What follows from a fact waits here until the fact is on the disk; with nothing to
//! be written, nothing waits.
//!
//! While a batch is being written, facts gather: they are the next one. So an order costs one sync when the central is
//! idle, and two at most when it is busy, and no timer is needed.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::effects::Effect;
use crate::{
    engine::registry::{Entry, Registry},
    model::Term,
    store::{
        StoreError,
        diary::{Batch, Cut, Diary, DiaryError, Found, Opened},
    },
};

/// Effects that may wait before no more is taken in.
const MOST_HELD: usize = 4096;
/// Facts in one batch; the rest are in the next.
const MOST_ENTRIES: usize = 1000;
/// The format of batches.
const VERSION: u32 = 1;

/// The first line of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHead {
    /// The format.
    pub v: u32,
    /// The number of the batch.
    pub seq: u64,
    /// The reign.
    pub term: Term,
    /// When, in milliseconds since 1970; never less than before.
    pub at: u64,
    /// How many facts follow, one a line.
    pub n: usize,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// `None` while it is being written to.
    diary: Option<Diary>,
    task: Option<JoinHandle<(Diary, Result<(), StoreError>)>>,
    /// Facts that no batch has yet.
    gathered: Vec<Entry>,
    /// So many facts were recorded, are in the batch that is being written and before, and are on the disk.
    recorded: u64,
    writing: u64,
    durable: u64,
    /// What waits, each with the number of facts that must be on the disk before.
    held: VecDeque<(u64, Effect)>,
    seq: u64,
    at: u64,
}

/// What was found at the start.
pub(super) struct Before {
    pub(super) journal: Journal,
    pub(super) registry: Registry,
    pub(super) cut: Option<Cut>,
    /// The cluster that it is of.
    pub(super) cluster: String,
}

impl Journal {
    /// Opens the journal and reads all facts; where there is none, one is made from what `import` gives.
    ///
    /// # Errors
    /// See [`DiaryError`].
    pub(super) fn open(
        path: &Path,
        cluster: impl FnOnce() -> String,
        import: impl FnOnce() -> Result<Registry, StoreError>,
    ) -> Result<Before, DiaryError> {
        if let Some(Opened { diary, found }) = Diary::open(path)? {
            let (registry, at) = replay(path, &found)?;
            let cut = found.cut;
            let cluster = diary.cluster().to_owned();
            let journal = Self::of(diary, at);
            return Ok(Before {
                cluster,
                journal,
                registry,
                cut,
            });
        }
        let registry = import()?;
        let snapshot = Batch {
            seq: 0,
            body: registry.snapshot(),
        };
        let cluster = cluster();
        let diary = Diary::create(path, &cluster, &snapshot)?;
        Ok(Before {
            cluster,
            journal: Self::of(diary, 0),
            registry,
            cut: None,
        })
    }

    fn of(diary: Diary, at: u64) -> Self {
        Self {
            path: diary.path().to_owned(),
            seq: diary.seq(),
            diary: Some(diary),
            at,
            ..Self::elsewhere()
        }
    }

    /// One that others write: its batches are taken and told to be durable.
    pub(super) fn elsewhere() -> Self {
        Self {
            path: PathBuf::new(),
            seq: 0,
            diary: None,
            task: None,
            gathered: Vec::new(),
            recorded: 0,
            writing: 0,
            durable: 0,
            held: VecDeque::new(),
            at: 0,
        }
    }

    /// The next batch, if the one before is durable, and whether it has all facts until now.
    pub(super) fn take_batch(&mut self, seq: u64, term: Term, at: u64) -> Option<(Vec<u8>, bool)> {
        if self.gathered.is_empty() || self.writing != self.durable {
            return None;
        }
        let count = self.gathered.len().min(MOST_ENTRIES);
        let entries: Vec<Entry> = self.gathered.drain(..count).collect();
        self.writing += count as u64;
        Some((batch(seq, term, at, &entries), self.gathered.is_empty()))
    }

    /// The batch that was taken last is durable.
    pub(super) fn committed(&mut self) {
        self.durable = self.writing;
    }

    /// How many facts there were in this run, how many of them are durable, and how much waits for the others.
    pub(super) fn counts(&self) -> (u64, u64, usize) {
        (self.recorded, self.durable, self.held.len())
    }

    /// True when every fact is durable.
    pub(super) fn is_empty(&self) -> bool {
        self.durable == self.recorded
    }

    /// What is not durable never was.
    pub(super) fn forget(&mut self) {
        self.gathered.clear();
        self.held.clear();
        (self.recorded, self.writing, self.durable) = (0, 0, 0);
    }

    /// A fact is to be written.
    pub(super) fn record(&mut self, entry: Entry) {
        self.gathered.push(entry);
        self.recorded += 1;
    }

    /// Gives an effect back that may be done now; otherwise it waits for all facts until now.
    pub(super) fn hold(&mut self, effect: Effect) -> Option<Effect> {
        if self.durable == self.recorded {
            return Some(effect);
        }
        self.held.push_back((self.recorded, effect));
        None
    }

    /// True when so much waits that no more is to be taken in.
    pub(super) fn is_busy(&self) -> bool {
        self.held.len() >= MOST_HELD
    }

    /// Begins to write what has gathered, unless something is being written.
    pub(super) fn advance(&mut self, term: Term, wall_ms: u64, registry: &Registry) {
        if self.gathered.is_empty() {
            return;
        }
        let Some(mut diary) = self.diary.take() else {
            return;
        };
        let count = self.gathered.len().min(MOST_ENTRIES);
        let entries: Vec<Entry> = self.gathered.drain(..count).collect();
        self.writing += count as u64;
        self.at = self.at.max(wall_ms);
        self.seq += 1;
        let (seq, at) = (self.seq, self.at);
        let body = batch(seq, term, at, &entries);
        // A snapshot has all facts until now, and so may not be made while some are in no batch.
        let snapshot = (diary.is_loose() && self.gathered.is_empty()).then(|| registry.clone());
        self.task = Some(tokio::task::spawn_blocking(move || {
            let written = diary.append(&body).and_then(|_| match snapshot {
                Some(registry) => diary.compact(&registry.snapshot()),
                None => Ok(()),
            });
            (diary, written)
        }));
    }

    /// Waits until what is being written is on the disk; for ever when nothing is. Cancel-safe.
    ///
    /// # Errors
    /// When it could not be written: nothing more can be, and what waits must never be done.
    pub(super) async fn written(&mut self) -> Result<(), StoreError> {
        let Some(task) = &mut self.task else {
            return std::future::pending().await;
        };
        let ended = task.await;
        self.task = None;
        let (diary, written) = ended.map_err(|error| {
            let error = std::io::Error::other(error);
            StoreError::new(&self.path, &error)
        })?;
        written?;
        self.diary = Some(diary);
        self.durable = self.writing;
        Ok(())
    }

    /// The next effect that may be done.
    pub(super) fn next_due(&mut self) -> Option<Effect> {
        let (needs, _) = self.held.front()?;
        if *needs > self.durable {
            return None;
        }
        let (_, effect) = self.held.pop_front()?;
        Some(effect)
    }

    /// Writes all that is left.
    pub(super) async fn finish(
        &mut self,
        term: Term,
        wall_ms: u64,
        registry: &Registry,
    ) -> Result<(), StoreError> {
        loop {
            self.advance(term, wall_ms, registry);
            if self.task.is_none() {
                return Ok(());
            }
            self.written().await?;
        }
    }
}

/// A batch as it is written.
pub(super) fn batch(seq: u64, term: Term, at: u64, entries: &[Entry]) -> Vec<u8> {
    let head = BatchHead {
        v: VERSION,
        seq,
        term,
        at,
        n: entries.len(),
    };
    let mut body = serde_json::to_vec(&head).unwrap_or_default();
    for entry in entries {
        body.push(b'\n');
        body.extend(serde_json::to_vec(entry).unwrap_or_default());
    }
    body
}

/// The facts of a batch.
///
/// # Errors
/// When it is not understood.
pub(super) fn parse(
    path: &Path,
    seq: u64,
    body: &[u8],
) -> Result<(BatchHead, Vec<Entry>), DiaryError> {
    let not_understood = |words: String| DiaryError::Content {
        path: path.to_owned(),
        seq,
        words,
    };
    let mut lines = body.split(|byte| *byte == b'\n');
    let head = lines.next().unwrap_or_default();
    let head: BatchHead =
        serde_json::from_slice(head).map_err(|error| not_understood(error.to_string()))?;
    if head.v != VERSION {
        return Err(DiaryError::Later {
            path: path.to_owned(),
            version: head.v,
        });
    }
    let entries: Result<Vec<Entry>, _> = lines.map(serde_json::from_slice).collect();
    let entries = entries.map_err(|error| not_understood(error.to_string()))?;
    if entries.len() != head.n || head.seq != seq {
        return Err(not_understood("another number of facts".to_owned()));
    }
    Ok((head, entries))
}

/// All facts of a journal, and when the last was written.
///
/// # Errors
/// When something in it is not understood.
pub(super) fn replay(path: &Path, found: &Found) -> Result<(Registry, u64), DiaryError> {
    let registry = Registry::restore(&found.snapshot.body);
    let mut registry = registry.map_err(|error| DiaryError::Content {
        path: path.to_owned(),
        seq: found.snapshot.seq,
        words: error.to_string(),
    })?;
    let mut last = 0;
    for batch in &found.batches {
        let (head, entries) = parse(path, batch.seq, &batch.body)?;
        last = head.at;
        entries.iter().for_each(|entry| registry.apply(entry));
    }
    Ok((registry, last))
}
