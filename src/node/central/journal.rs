//! The journal of the central's facts. What follows from a fact waits here until the fact is on the disk; with nothing to
//! be written, nothing waits.
//!
//! While a batch is being written, facts gather: they are the next one. So an order costs one sync when the central is
//! idle, and two at most when it is busy, and no timer is needed.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use tokio::task::JoinHandle;

use super::{
    batches::{line_of, of_lines, parse},
    effects::Effect,
    file_store::FileStore,
};
use crate::{
    engine::{
        leadership,
        registry::{Entry, Registry},
    },
    model::Term,
    store::{
        StoreError,
        diary::{Batch, Cut, DiaryError, Found},
    },
};

/// Effects that may wait before no more is taken in.
const MOST_HELD: usize = 4096;
/// Bytes of facts that may wait before no more is taken in.
const MOST_WAITING_BYTES: usize = 1 << 20;
/// Facts in one batch, and their bytes; the rest are in the next. etcd takes no value of more than a megabyte and a half.
const MOST_ENTRIES: usize = 1000;
const MOST_BATCH_BYTES: usize = 512 << 10;

/// See the module.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// `None` while it is being written to.
    file: Option<FileStore>,
    task: Option<JoinHandle<(FileStore, Result<(), StoreError>)>>,
    /// Facts that no batch has yet, as they are written, and their bytes.
    gathered: VecDeque<Vec<u8>>,
    gathered_bytes: usize,
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
        if let Some((file, found)) = FileStore::open(path)? {
            let (registry, at) = replay(path, &found)?;
            let cut = found.cut;
            let cluster = file.diary().cluster().to_owned();
            let journal = Self::of(file, at);
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
        let file = FileStore::create(path, &cluster, &snapshot)?;
        Ok(Before {
            cluster,
            journal: Self::of(file, 0),
            registry,
            cut: None,
        })
    }

    fn of(file: FileStore, at: u64) -> Self {
        Self {
            path: file.diary().path().to_owned(),
            seq: file.diary().seq(),
            file: Some(file),
            at,
            ..Self::elsewhere()
        }
    }

    /// One that others write: its batches are taken and told to be durable.
    pub(super) fn elsewhere() -> Self {
        Self {
            path: PathBuf::new(),
            seq: 0,
            file: None,
            task: None,
            gathered: VecDeque::new(),
            gathered_bytes: 0,
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
        let body = self.next_body(seq, term, at);
        Some((body, self.gathered.is_empty()))
    }

    /// Facts that have gathered, as many as may be in one batch, and at least one.
    fn next_body(&mut self, seq: u64, term: Term, at: u64) -> Vec<u8> {
        let (mut count, mut bytes) = (0, 0);
        for line in self.gathered.iter().take(MOST_ENTRIES) {
            if count > 0 && bytes + line.len() > MOST_BATCH_BYTES {
                break;
            }
            bytes += line.len() + 1;
            count += 1;
        }
        let lines: Vec<Vec<u8>> = self.gathered.drain(..count).collect();
        self.gathered_bytes -= lines.iter().map(Vec::len).sum::<usize>();
        self.writing += count as u64;
        of_lines(seq, term, at, &lines)
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
        self.gathered_bytes = 0;
        (self.recorded, self.writing, self.durable) = (0, 0, 0);
    }

    /// A fact is to be written.
    pub(super) fn record(&mut self, entry: &Entry) {
        let line = line_of(entry);
        self.gathered_bytes += line.len();
        self.gathered.push_back(line);
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
        self.held.len() >= MOST_HELD || self.gathered_bytes >= MOST_WAITING_BYTES
    }

    /// Begins to write what has gathered, unless something is being written.
    pub(super) fn advance(&mut self, term: Term, wall_ms: u64, registry: &Registry) {
        if self.gathered.is_empty() {
            return;
        }
        let Some(mut file) = self.file.take() else {
            return;
        };
        self.at = self.at.max(wall_ms);
        self.seq += 1;
        let (seq, at) = (self.seq, self.at);
        let body = self.next_body(seq, term, at);
        // A snapshot has all facts until now, and so may not be made while some are in no batch.
        let is_loose = file.diary().is_loose() && self.gathered.is_empty();
        let snapshot = is_loose.then(|| registry.clone());
        self.task = Some(tokio::task::spawn_blocking(move || {
            let batch = leadership::Batch {
                seq,
                term: term.0.into(),
                body: body.into(),
            };
            let written = file.append(&batch).and_then(|_| match snapshot {
                Some(registry) => file.restart(seq, registry.snapshot()),
                None => Ok(()),
            });
            (file, written)
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
        let (file, written) = ended.map_err(|error| {
            let error = std::io::Error::other(error);
            StoreError::new(&self.path, &error)
        })?;
        written?;
        self.file = Some(file);
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

#[cfg(test)]
mod tests {
    use super::{Entry, Journal, MOST_BATCH_BYTES, MOST_ENTRIES, MOST_WAITING_BYTES};
    use crate::model::{ClientName, Term};

    fn fact() -> Entry {
        Entry::Client {
            name: ClientName::try_from("x".repeat(60).as_str()).expect("it is a name"),
        }
    }

    #[test]
    fn a_batch_is_bounded_in_facts_and_bytes() {
        let mut journal = Journal::elsewhere();
        for _ in 0..20_000 {
            journal.record(&fact());
        }
        let mut taken = 0;
        for seq in 1.. {
            let Some((body, is_all)) = journal.take_batch(seq, Term(1), 0) else {
                break;
            };
            let facts = body.iter().filter(|byte| **byte == b'\n').count();
            assert!(facts <= MOST_ENTRIES && body.len() <= MOST_BATCH_BYTES + 200);
            taken += facts;
            journal.committed();
            assert_eq!(is_all, journal.is_empty());
        }
        assert_eq!(taken, 20_000);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut journal = Journal::elsewhere();
        let mut bytes = 0;
        while !journal.is_busy() {
            journal.record(&fact());
            bytes += serde_json::to_vec(&fact()).expect("it is plain").len();
            assert!(bytes <= MOST_WAITING_BYTES + 100, "it is never busy");
        }
        assert!(bytes + 100 > MOST_WAITING_BYTES);
        while journal.take_batch(1, Term(1), 0).is_some() {
            journal.committed();
        }
        assert!(!journal.is_busy());
    }
}
