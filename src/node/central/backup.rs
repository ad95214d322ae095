//! The copy of etcd's journal that each central of several keeps in a file, behind the commit: what is left when etcd is
//! lost. Nobody waits for it. Where it has a gap it begins anew with all facts.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{CentralEvent, file_store::FileStore, inspect::set_aside};
use crate::{
    engine::{
        leadership::{Answer, Batch},
        registry::Registry,
    },
    node::StatisticsTrouble,
    store::{StoreError, diary, diary::DiaryError},
};

/// What may wait to be written; beyond that the copy has a gap.
const TOLD: usize = 64;

/// What is to be written.
#[derive(Debug)]
pub(super) enum Copied {
    Batch(Batch),
    /// All facts until a batch.
    Whole(u64, Box<Registry>),
    /// The same, as text.
    Text(u64, Bytes),
}

/// See the module.
#[derive(Debug)]
pub(super) struct Backup {
    tell: Option<mpsc::Sender<Copied>>,
    wants_whole: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

/// The file, and what the task needs to make it.
struct Writer {
    path: PathBuf,
    cluster: String,
    file: Option<FileStore>,
    wants_whole: Arc<AtomicBool>,
}

impl Backup {
    /// Goes on with the file that is there, if one is.
    pub(super) fn start(
        path: PathBuf,
        cluster: String,
        file: Option<FileStore>,
        events: mpsc::Sender<CentralEvent>,
    ) -> Self {
        let (tell, told) = mpsc::channel(TOLD);
        let wants_whole = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            path,
            cluster,
            file,
            wants_whole: Arc::clone(&wants_whole),
        };
        Self {
            tell: Some(tell),
            wants_whole,
            task: tokio::spawn(write_all(writer, told, events)),
        }
    }

    /// Has it written, sooner or later.
    pub(super) fn copy(&self, what: Copied) {
        let sent = self.tell.as_ref().map(|tell| tell.try_send(what));
        if let Some(Err(mpsc::error::TrySendError::Full(_))) = sent {
            self.wants_whole.store(true, Ordering::Relaxed);
        }
    }

    /// Whether all facts are wanted.
    pub(super) fn wants_whole(&self) -> bool {
        self.wants_whole.load(Ordering::Relaxed)
    }

    /// Gives it all facts until a batch.
    pub(super) fn copy_whole(&self, seq: u64, registry: &Registry) {
        self.wants_whole.store(false, Ordering::Relaxed);
        self.copy(Copied::Whole(seq, Box::new(registry.clone())));
    }

    /// Writes what is left.
    pub(super) async fn end(&mut self) {
        self.tell = None;
        // It has failed by itself otherwise, and said so.
        let _ = (&mut self.task).await;
    }
}

async fn write_all(
    mut writer: Writer,
    mut told: mpsc::Receiver<Copied>,
    events: mpsc::Sender<CentralEvent>,
) {
    while let Some(what) = told.recv().await {
        let writing = tokio::task::spawn_blocking(move || {
            let written = writer.write(what);
            (writer, written)
        });
        let Ok((back, written)) = writing.await else {
            return;
        };
        writer = back;
        match written {
            Ok(()) => {}
            Err(DiaryError::Store(error)) => {
                tracing::warn!(%error, "the copy of the journal ends here");
                let trouble = StatisticsTrouble::Failed(error);
                let _ = events.try_send(CentralEvent::Statistics(trouble));
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the copy of the journal ends here");
                return;
            }
        }
    }
}

impl Writer {
    fn write(&mut self, what: Copied) -> Result<(), DiaryError> {
        match what {
            Copied::Batch(batch) => self.append(&batch),
            Copied::Whole(seq, registry) => self.begin(seq, registry.snapshot()),
            Copied::Text(seq, body) => self.begin(seq, body.to_vec()),
        }
    }

    fn append(&mut self, batch: &Batch) -> Result<(), DiaryError> {
        let Some(file) = &mut self.file else {
            if batch.seq == 1 {
                self.begin(0, Registry::default().snapshot())?;
                return self.append(batch);
            }
            self.wants_whole.store(true, Ordering::Relaxed);
            return Ok(());
        };
        if batch.seq < file.diary().seq() {
            return Ok(());
        }
        match file.append(batch)? {
            Answer::OtherBatch => {
                // It is the copy of a journal that etcd does not have any more, and may be the last one.
                self.file = None;
                let kept = set_aside(&self.path);
                let kept = kept.map_err(|error| StoreError::new(&self.path, &error))?;
                tracing::warn!(
                    ?kept,
                    "etcd has another journal than the copy here, which is kept"
                );
                self.wants_whole.store(true, Ordering::Relaxed);
            }
            Answer::Gap => self.wants_whole.store(true, Ordering::Relaxed),
            _ => {
                if file.diary().is_loose() {
                    self.wants_whole.store(true, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, seq: u64, body: Vec<u8>) -> Result<(), DiaryError> {
        match &mut self.file {
            Some(file) => {
                let diary = file.diary();
                if seq > diary.seq() || (seq == diary.seq() && diary.is_loose()) {
                    file.restart(seq, body)?;
                }
            }
            None => {
                let snapshot = diary::Batch { seq, body };
                self.file = Some(FileStore::create(&self.path, &self.cluster, &snapshot)?);
            }
        }
        Ok(())
    }
}
