//! What a fetch has done off the async threads: its part file is opened, and synced now and then. And what its reader
//! has taken, where there is one instead of a file.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    FetchUpdate, Goal,
    own::{Prepared, prepare},
    shell::{Done, Shell},
    writing::Sink,
};
use crate::{
    engine::download::Event,
    model::{ChunkIndex, ChunkSet},
    node::{Failure, clock},
    store::{Opened, PartFile, zero_chunks},
};

/// Data and journal are synced at the latest when this much is not.
const SYNC_BYTES: u64 = 256 << 20;
/// Or when anything has not been for this long.
const SYNC_EVERY: Duration = Duration::from_secs(5);

impl Shell {
    /// Opens what the chunks go to once the digests are known.
    pub(super) fn open_sink(&mut self) {
        let Some(manifest) = self.context.manifest.get().cloned() else {
            return;
        };
        let ending = self.connections.is_closed();
        if ending || std::mem::replace(&mut self.opening, true) {
            return;
        }
        let file = self.file.clone();
        match self.config.goal.clone() {
            Goal::File(target) => {
                let stop = self.giving_up.clone();
                let open = move || prepare(target, &file, manifest, &stop);
                self.work(open, Done::Opened);
            }
            Goal::Verify(root) => {
                let stop = self.giving_up.clone();
                let verify = move || {
                    let root = root.open()?;
                    let keep_on = || !stop.is_cancelled();
                    PartFile::verify(&root, &file, manifest, &keep_on)
                };
                self.work(verify, Done::Verified);
            }
            Goal::Stream(_) => {
                self.work(move || zero_chunks(&manifest), Done::Zeros);
            }
        }
    }

    /// Has work done off the async threads. What it comes to is told as a word, and also that it failed. A shell that
    /// has ended meanwhile has no use for what was opened.
    fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        word: impl FnOnce(T) -> Done + Send + 'static,
    ) {
        let (done, unwanted) = (self.done_sender.clone(), self.orders.unwanted.clone());
        let writes = self.context.writes.clone();
        let working = writes.spawn_blocking(work);
        self.context.writes.spawn(async move {
            let told = working.await.map_or(Done::Broken, word);
            if let Err(mpsc::error::SendError(told)) = done.send(told).await {
                let left = writes.spawn_blocking(move || leave_opened(told, &unwanted));
                let _ = left.await;
            }
        });
    }

    /// A reader is given chunks of zeros as they are; nobody has to send them.
    fn zeros_known(&mut self, zeros: ChunkSet) {
        let Goal::Stream(reader) = &self.config.goal else {
            return;
        };
        let chunks = reader.taken();
        let mut have = zeros.clone();
        for chunk in (0..chunks).map(ChunkIndex) {
            have.insert(chunk);
        }
        if let Some(Sink::Stream(stream)) = self.context.sink.get() {
            stream.set_zeros(zeros, self.file.layout);
        }
        let now = clock::now();
        self.machine.handle_event(now, Event::Taken { chunks });
        self.machine.handle_event(now, Event::Ready { have });
    }

    pub(super) async fn done(&mut self, done: Done) {
        match done {
            Done::Opened(Ok(Prepared { opened, own_bytes })) => {
                let bytes = self.opened(opened).await;
                if bytes > 0 {
                    self.update(FetchUpdate::Resumed { bytes }).await;
                }
                self.own_bytes = own_bytes;
                if own_bytes > 0 {
                    let bytes = own_bytes;
                    self.update(FetchUpdate::OwnDisk { bytes }).await;
                }
            }
            Done::Zeros(zeros) => self.zeros_known(zeros),
            Done::Verified(Ok((checkup, opened))) => {
                self.update(FetchUpdate::Checked(checkup)).await;
                self.opened(opened).await;
            }
            Done::Opened(Err(error)) | Done::Verified(Err(error)) | Done::Synced(Err(error)) => {
                self.failed(Failure::Store(error));
            }
            Done::Broken => self.failed(Failure::Broken),
            Done::Synced(Ok(())) => {
                self.syncing = false;
                self.synced_at = clock::now();
            }
            Done::Taken(chunks) => {
                let now = clock::now();
                self.machine.handle_event(now, Event::Taken { chunks });
            }
            Done::AllTaken => self.all_taken = true,
            Done::ReaderGone => self.machine.handle_event(clock::now(), Event::Stop),
        }
    }

    /// The part file is open, or not needed; gives what earlier runs brought of it, in bytes.
    async fn opened(&mut self, opened: Opened) -> u64 {
        let (part, have, notes) = match opened {
            Opened::AlreadyComplete(path) => {
                self.already = Some(path);
                return 0;
            }
            Opened::Part { part, have, notes } => (part, have, notes),
        };
        for note in notes {
            self.update(FetchUpdate::Remark(note)).await;
        }
        let length = |chunk| u64::from(self.file.layout.chunk_len(chunk));
        let bytes = have.iter().map(length).sum();
        let have = part.have();
        let _ = self.context.sink.set(Sink::Part(Arc::from(part)));
        let now = clock::now();
        self.machine.handle_event(now, Event::Ready { have });
        bytes
    }

    fn failed(&mut self, error: Failure) {
        self.syncing = false;
        let reason = error.to_string();
        self.local.get_or_insert(error);
        let now = clock::now();
        self.machine
            .handle_event(now, Event::LocalFailure { reason });
    }

    pub(super) fn sync_if_due(&mut self) {
        let Some(part) = self.context.part() else {
            return;
        };
        let unsynced = part.unsynced_bytes();
        let old = unsynced > 0 && clock::now() - self.synced_at >= SYNC_EVERY;
        if self.syncing || !(old || unsynced >= SYNC_BYTES) {
            return;
        }
        self.syncing = true;
        self.work(move || part.sync(), Done::Synced);
    }
}

/// Leaves what was opened and is not received any more.
pub(super) fn leave_opened(told: Done, unwanted: &CancellationToken) {
    if let Done::Opened(Ok(Prepared { opened, .. })) | Done::Verified(Ok((_, opened))) = told
        && let Opened::Part { part, .. } = opened
    {
        leave(&part, unwanted);
    }
}

/// Keeps what is there for another time, or takes it away when there will be none.
pub(super) fn leave(part: &PartFile, unwanted: &CancellationToken) {
    let left = if unwanted.is_cancelled() {
        part.discard()
    } else {
        part.put_away()
    };
    if let Err(error) = left {
        tracing::warn!(%error, "what was received may be asked for again, or be left over");
    }
}
