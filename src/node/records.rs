//! Writes records off the owner's task, one batch at a time: the owner goes on meanwhile, and hears when they are on
//! the disk.

use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};
use tokio::task::JoinHandle;

use crate::store::{RecordLog, StoreError};

/// The owner's side.
#[derive(Debug)]
pub(super) struct RecordWriter<T> {
    /// None while it is being written to, and after a panic.
    log: Option<RecordLog>,
    task: Option<JoinHandle<(RecordLog, Result<(), StoreError>)>>,
    live: usize,
    record: std::marker::PhantomData<fn(T)>,
}

impl<T: Serialize + DeserializeOwned + Send + 'static> RecordWriter<T> {
    /// Opens the file and gives what is in it, the oldest first.
    ///
    /// # Errors
    /// When it cannot be made, read or written.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<T>), StoreError> {
        let (log, records) = RecordLog::open(path)?;
        let writer = Self {
            log: Some(log),
            task: None,
            live: 0,
            record: std::marker::PhantomData,
        };
        Ok((writer, records))
    }

    /// True when [`Self::start`] may be called.
    pub(super) fn is_idle(&self) -> bool {
        self.log.is_some()
    }

    /// Begins to write records. `all`, of which there are `live`, is asked for when the file is to be written anew.
    pub(super) fn start(&mut self, records: Vec<T>, live: usize, all: impl FnOnce() -> Vec<T>) {
        let Some(mut log) = self.log.take() else {
            return;
        };
        self.live = live;
        let anew = log.is_loose(live).then(all);
        self.task = Some(tokio::task::spawn_blocking(move || {
            let written = match anew {
                Some(all) => log.rewrite(&all),
                None => log.append(&records),
            };
            (log, written)
        }));
    }

    /// Waits until what was begun is on the disk; for ever when nothing was. Cancel-safe.
    pub(super) async fn written(&mut self) -> Result<(), StoreError> {
        let Some(task) = &mut self.task else {
            return std::future::pending().await;
        };
        let ended = task.await;
        self.task = None;
        match ended {
            Ok((log, written)) => {
                self.log = Some(log);
                written
            }
            Err(error) => {
                tracing::error!(%error, "nothing more is remembered");
                Ok(())
            }
        }
    }

    /// Ends what was begun.
    pub(super) async fn finish(&mut self) -> Result<(), StoreError> {
        if self.task.is_some() {
            self.written().await
        } else {
            Ok(())
        }
    }
}
