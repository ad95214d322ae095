//! What the central remembers of names across its restarts, and the secondaries' messages that are acknowledged once it
//! is on the disk.

use std::path::Path;

use crate::{
    engine::cluster::{Cluster, ConnectionId},
    model::NameRecord,
    node::records::RecordWriter,
    store::StoreError,
};

/// How the name of its file ends, which lies beside the statistics.
const ENDING: &str = "nombres";

/// See the module.
#[derive(Debug)]
pub(super) struct Memory {
    writer: RecordWriter<NameRecord>,
    /// Messages that are acknowledged after the write that runs, and after the next one.
    after_this: Vec<(ConnectionId, u64)>,
    after_next: Vec<(ConnectionId, u64)>,
}

impl Memory {
    /// Reads what an earlier run remembered; of each name its last record. `stem` is the path of the file without its
    /// ending, which is nobody else's.
    ///
    /// # Errors
    /// When the file cannot be made, read or written.
    pub(super) fn open(stem: &Path) -> Result<(Self, Vec<NameRecord>), StoreError> {
        let (writer, records) = RecordWriter::open(&stem.with_extension(ENDING))?;
        let memory = Self {
            writer,
            after_this: Vec::new(),
            after_next: Vec::new(),
        };
        Ok((memory, records))
    }

    /// A secondary's message is acknowledged once all that is unsaved now is durable.
    pub(super) fn ack(&mut self, connection: ConnectionId, batch: u64) {
        self.after_next.push((connection, batch));
    }

    /// Begins to write what is unsaved. Gives the messages that can be acknowledged at once.
    pub(super) fn advance(&mut self, cluster: &mut Cluster) -> Vec<(ConnectionId, u64)> {
        if self.writer.is_broken() {
            return std::mem::take(&mut self.after_next);
        }
        if !self.writer.is_idle() {
            return Vec::new();
        }
        if !cluster.has_unsaved() {
            return std::mem::take(&mut self.after_next);
        }
        self.after_this = std::mem::take(&mut self.after_next);
        let unsaved = cluster.take_unsaved();
        let live = cluster.record_count();
        self.writer
            .start(unsaved, live, || cluster.records().collect());
        Vec::new()
    }

    /// Waits until what was begun is on the disk; for ever when nothing was. Cancel-safe.
    pub(super) async fn written(&mut self) -> Result<(), StoreError> {
        self.writer.written().await
    }

    /// The messages that can be acknowledged after [`Self::written`]. A disk that takes nothing must not stop the cluster:
    /// what it failed to keep is lost with the next restart only.
    pub(super) fn take_durable(&mut self) -> Vec<(ConnectionId, u64)> {
        std::mem::take(&mut self.after_this)
    }

    /// Writes what is left.
    pub(super) async fn finish(&mut self, cluster: &mut Cluster) -> Result<(), StoreError> {
        self.writer.finish().await?;
        if cluster.has_unsaved() {
            self.advance(cluster);
            self.writer.finish().await?;
        }
        Ok(())
    }
}
