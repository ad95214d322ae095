//! What the central remembers of names across restarts. Secondaries' messages are acknowledged once what they said is on
//! the disk.

use std::path::Path;

use crate::{
    engine::{
        cluster::{Cluster, ConnectionId},
        registry::Entry,
    },
    model::NameRecord,
    node::records::RecordWriter,
    store::StoreError,
};

/// Extension of the file, which lies beside the statistics.
const ENDING: &str = "nombres";

/// See the module.
#[derive(Debug)]
pub(super) struct Memory {
    writer: RecordWriter<NameRecord>,
    /// Messages to acknowledge after the write that runs, and after the next one.
    after_this: Vec<(ConnectionId, u64)>,
    after_next: Vec<(ConnectionId, u64)>,
    unsaved: Vec<NameRecord>,
}

impl Memory {
    /// Reads what an earlier run remembered: the last record of each name. `stem` is the file's path without its
    /// extension, which no other file has.
    ///
    /// # Errors
    /// When the file cannot be made, read or written.
    pub(super) fn open(stem: &Path) -> Result<(Self, Vec<NameRecord>), StoreError> {
        let (writer, records) = RecordWriter::open(&stem.with_extension(ENDING))?;
        let memory = Self {
            writer,
            after_this: Vec::new(),
            after_next: Vec::new(),
            unsaved: Vec::new(),
        };
        Ok((memory, records))
    }

    /// Something is to be remembered.
    pub(super) fn note(&mut self, entry: Entry) {
        if let Entry::Name(record) = entry {
            self.unsaved.push(record);
        }
    }

    /// A secondary's message is acknowledged once all that is unsaved now is durable.
    pub(super) fn ack(&mut self, connection: ConnectionId, batch: u64) {
        self.after_next.push((connection, batch));
    }

    /// Begins to write what is unsaved. Gives the messages that can be acknowledged without waiting for it.
    pub(super) fn advance(&mut self, cluster: &Cluster) -> Vec<(ConnectionId, u64)> {
        if self.writer.is_broken() {
            return std::mem::take(&mut self.after_next);
        }
        if !self.writer.is_idle() {
            return Vec::new();
        }
        if self.unsaved.is_empty() {
            return std::mem::take(&mut self.after_next);
        }
        self.after_this = std::mem::take(&mut self.after_next);
        let unsaved = std::mem::take(&mut self.unsaved);
        let live = cluster.registry().names().count();
        self.writer.start(unsaved, live, || {
            cluster.registry().names().cloned().collect()
        });
        Vec::new()
    }

    /// Waits until the write that runs is over, and for ever if none runs. Cancel-safe.
    pub(super) async fn written(&mut self) -> Result<(), StoreError> {
        self.writer.written().await
    }

    /// The messages that can be acknowledged after [`Self::written`], also after a failure: a broken disk must not stop
    /// the cluster, and what it did not keep is lost only by a restart.
    pub(super) fn take_durable(&mut self) -> Vec<(ConnectionId, u64)> {
        std::mem::take(&mut self.after_this)
    }

    /// Writes what is left.
    pub(super) async fn finish(&mut self, cluster: &Cluster) -> Result<(), StoreError> {
        self.writer.finish().await?;
        if !self.unsaved.is_empty() {
            self.advance(cluster);
            self.writer.finish().await?;
        }
        Ok(())
    }
}
