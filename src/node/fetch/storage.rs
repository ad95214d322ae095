//! Where a fetch puts its chunks: a part file, or a reader. Owns the work that is done for it off the async threads (open,
//! sync, finish) and how far that is; tells the shell what the machine must hear of it.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    goal::Goal,
    keeper::Keeper,
    kept::{Part, Reading, State, Sync},
    leave::{leave, leave_opened},
    messages::{Done, Effects},
    own::{Prepared, prepare},
    stream::Stream,
    update::FetchUpdate,
    writing::{ChunkSink, SinkSlot},
};
use crate::{
    engine::download::Event,
    model::{ChunkIndex, ChunkSet, FileMeta, Manifest},
    node::{
        Failure, clock,
        watch::{ChunkPlace, Watched},
    },
    store::{Opened, PartFile, StoreError, WholeFile, zero_chunks},
};

/// Data and journal are synced at the latest when this much is not.
const SYNC_BYTES: u64 = 256 << 20;
/// Or when anything has not been for this long.
const SYNC_EVERY: Duration = Duration::from_secs(5);
/// Results that may wait for the shell.
const RESULTS: usize = 2;

/// See the module.
pub(super) struct Storage {
    goal: Goal,
    file: FileMeta,
    /// Those who read what is there.
    watched: Watched,
    state: State,
    slot: SinkSlot,
    done: mpsc::Receiver<Done>,
    results: mpsc::Sender<Done>,
    tasks: TaskTracker,
    /// What is there of the file is not kept.
    unwanted: CancellationToken,
    /// Ends what is done before the first chunk is asked for.
    giving_up: CancellationToken,
    /// Ends the handing over.
    handing_over: CancellationToken,
    /// What was taken from files of this disk.
    own_bytes: u64,
}

/// What is left to do when all chunks are there.
pub(super) enum Completion {
    /// Nothing: the file was there before.
    AlreadyThere(PathBuf),
    /// The part file gets its name.
    Naming(JoinHandle<Result<PathBuf, StoreError>>),
    /// The reader takes the rest.
    Reader,
    /// Nothing: readers find all of it in memory.
    InMemory,
    /// There is no place for any chunk: this cannot be.
    Nowhere,
}

impl Storage {
    /// Nothing is opened yet.
    pub(super) fn new(
        goal: Goal,
        watched: &Watched,
        slot: SinkSlot,
        unwanted: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let (results, done) = mpsc::channel(RESULTS);
        Self {
            goal,
            file: watched.meta().clone(),
            watched: watched.clone(),
            state: State::Closed,
            slot,
            done,
            results,
            tasks,
            unwanted,
            giving_up: CancellationToken::new(),
            handing_over: CancellationToken::new(),
            own_bytes: 0,
        }
    }

    /// Lets a reader, if there is one, have what comes. Begins at once, so that its going is noticed.
    pub(super) fn start(&mut self, manifest: &Arc<OnceLock<Arc<Manifest>>>) {
        let reader = match self.goal.clone() {
            Goal::Stream(reader) => reader,
            Goal::Watch(_) => {
                let _ = self.slot.set(Arc::new(Keeper {
                    manifest: Arc::clone(manifest),
                    watched: self.watched.clone(),
                }));
                self.state = State::Memory {
                    has_asked_for_zeros: false,
                };
                return;
            }
            Goal::File(_) | Goal::Verify(_) => return,
        };
        let layout = self.file.layout;
        let stream = Arc::new(Stream::new(Arc::clone(manifest), layout, reader));
        let sink: Arc<dyn ChunkSink> = Arc::<Stream>::clone(&stream);
        let _ = self.slot.set(sink);
        let (stop, results) = (self.handing_over.clone(), self.results.clone());
        Arc::clone(&stream).hand_over(stop, results, &self.tasks);
        self.state = State::Stream(Reading {
            stream,
            has_asked_for_zeros: false,
            has_all: false,
        });
    }

    /// Opens what the chunks go to, now that their digests are known.
    pub(super) fn open(&mut self, manifest: &Arc<Manifest>) {
        self.watched.knows_manifest();
        if self.giving_up.is_cancelled() {
            return;
        }
        match &mut self.state {
            State::Closed => {}
            State::Stream(Reading {
                has_asked_for_zeros,
                ..
            })
            | State::Memory {
                has_asked_for_zeros,
            } => {
                if !std::mem::replace(has_asked_for_zeros, true) {
                    let manifest = Arc::clone(manifest);
                    self.work(move || zero_chunks(&manifest), Done::Zeros);
                }
                return;
            }
            State::Opening | State::Part(_) | State::AlreadyThere(_) | State::Failed => return,
        }
        let (file, manifest) = (self.file.clone(), Arc::clone(manifest));
        let stop = self.giving_up.clone();
        match self.goal.clone() {
            Goal::File(target) => {
                let open = move || prepare(target, &file, manifest, &stop);
                self.work(open, Done::Opened);
            }
            Goal::Verify(root) => {
                let verify = move || {
                    let root = root.open()?;
                    let keep_on = || !stop.is_cancelled();
                    PartFile::verify(&root, &file, manifest, &keep_on)
                };
                self.work(verify, Done::Verified);
            }
            // It was begun at the start.
            Goal::Stream(_) | Goal::Watch(_) => return,
        }
        self.state = State::Opening;
    }

    /// Has work done off the async threads. What it comes to is a result, and so is its failure. When the shell has
    /// ended meanwhile, what was opened is left.
    fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        result: impl FnOnce(T) -> Done + Send + 'static,
    ) {
        let (results, unwanted) = (self.results.clone(), self.unwanted.clone());
        let tasks = self.tasks.clone();
        let working = tasks.spawn_blocking(work);
        self.tasks.spawn(async move {
            let done = working.await.map_or(Done::Broken, result);
            if let Err(mpsc::error::SendError(done)) = results.send(done).await {
                let left = tasks.spawn_blocking(move || leave_opened(done, &unwanted));
                let _ = left.await;
            }
        });
    }

    /// The next result. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Done> {
        self.done.recv().await
    }

    /// Takes a result in.
    pub(super) fn handle(&mut self, done: Done) -> Effects {
        match done {
            Done::Opened(Ok(Prepared { opened, own_bytes })) => {
                let (mut effects, earlier_bytes) = self.opened(opened);
                self.own_bytes = own_bytes;
                let told = [
                    (earlier_bytes > 0).then_some(FetchUpdate::Resumed {
                        bytes: earlier_bytes,
                    }),
                    (own_bytes > 0).then_some(FetchUpdate::OwnDisk { bytes: own_bytes }),
                ];
                effects.updates.extend(told.into_iter().flatten());
                effects
            }
            Done::Verified(Ok((checkup, opened))) => {
                let (mut effects, _) = self.opened(opened);
                effects.updates.insert(0, FetchUpdate::Checked(checkup));
                effects
            }
            Done::Opened(Err(error)) | Done::Verified(Err(error)) => {
                self.state = State::Failed;
                Failure::Store(error).into()
            }
            Done::Synced(synced) => self.synced(synced),
            Done::Zeros(zeros) => self.zeros_known(zeros),
            Done::Taken(chunks) => Event::Taken { chunks }.into(),
            Done::AllTaken => {
                if let State::Stream(reading) = &mut self.state {
                    reading.has_all = true;
                }
                Effects::default()
            }
            Done::ReaderGone => Event::Stop.into(),
            Done::Broken => {
                if let State::Opening = self.state {
                    self.state = State::Failed;
                }
                Failure::Broken.into()
            }
        }
    }

    /// The part file is open, or not needed; says also how many bytes of it earlier runs brought.
    fn opened(&mut self, opened: Opened) -> (Effects, u64) {
        let (part, have, notes) = match opened {
            Opened::AlreadyComplete(path) => {
                let mut all = ChunkSet::new(self.file.layout.chunk_count());
                for chunk in self.file.layout.all().iter() {
                    all.insert(chunk);
                }
                let file = Arc::new(WholeFile::new(path.clone()));
                self.watched.keep_in_file(file, all);
                self.state = State::AlreadyThere(path);
                return (Effects::default(), 0);
            }
            Opened::Part { part, have, notes } => (part, have, notes),
        };
        let length = |chunk| u64::from(self.file.layout.chunk_len(chunk));
        let earlier_bytes = have.iter().map(length).sum();
        let part: Arc<PartFile> = Arc::from(part);
        let have = part.have();
        let sink: Arc<dyn ChunkSink> = Arc::<PartFile>::clone(&part);
        let _ = self.slot.set(sink);
        let place: Arc<dyn ChunkPlace> = Arc::<PartFile>::clone(&part);
        self.watched.keep_in_file(place, have.clone());
        self.state = State::Part(Part {
            file: part,
            sync: Sync::Done(clock::now()),
        });
        let effects = Effects {
            updates: notes.into_iter().map(FetchUpdate::Remark).collect(),
            events: vec![Event::Ready { have }],
            failure: None,
        };
        (effects, earlier_bytes)
    }

    /// A reader is given chunks of zeros as they are; nobody has to send them.
    fn zeros_known(&mut self, zeros: ChunkSet) -> Effects {
        let reading = match &self.state {
            State::Stream(reading) => reading,
            State::Memory { .. } => {
                self.watched.keep_in_memory(zeros.clone());
                return Event::Ready { have: zeros }.into();
            }
            State::Closed
            | State::Opening
            | State::Part(_)
            | State::AlreadyThere(_)
            | State::Failed => return Effects::default(),
        };
        let chunks = reading.stream.taken();
        let mut have = zeros.clone();
        for chunk in (0..chunks).map(ChunkIndex) {
            have.insert(chunk);
        }
        reading.stream.set_zeros(zeros);
        Effects {
            events: vec![Event::Taken { chunks }, Event::Ready { have }],
            ..Effects::default()
        }
    }

    fn synced(&mut self, synced: Result<(), StoreError>) -> Effects {
        if let State::Part(part) = &mut self.state {
            part.sync = Sync::Done(clock::now());
        }
        match synced {
            Ok(()) => Effects::default(),
            Err(error) => Failure::Store(error).into(),
        }
    }

    /// Syncs what was written, where it is much or has waited for long.
    pub(super) fn sync_if_due(&mut self) {
        let State::Part(part) = &mut self.state else {
            return;
        };
        let Sync::Done(synced_at) = part.sync else {
            return;
        };
        let unsynced = part.file.unsynced_bytes();
        let is_old = unsynced > 0 && clock::now() - synced_at >= SYNC_EVERY;
        if !is_old && unsynced < SYNC_BYTES {
            return;
        }
        part.sync = Sync::Running;
        let file = Arc::clone(&part.file);
        self.work(move || file.sync(), Done::Synced);
    }

    /// The file was there before, whole.
    pub(super) fn is_already_there(&self) -> bool {
        matches!(self.state, State::AlreadyThere(_))
    }

    /// What comes is kept in memory, and not for good.
    pub(super) fn is_memory(&self) -> bool {
        matches!(self.state, State::Memory { .. })
    }

    /// What was taken from files of this disk, in bytes.
    pub(super) fn own_bytes(&self) -> u64 {
        self.own_bytes
    }

    /// All chunks are there.
    pub(super) fn complete(&self) -> Completion {
        match &self.state {
            State::AlreadyThere(path) => Completion::AlreadyThere(path.clone()),
            State::Part(part) => {
                let file = Arc::clone(&part.file);
                Completion::Naming(self.tasks.spawn_blocking(move || file.finish()))
            }
            State::Stream(_) => Completion::Reader,
            State::Memory { .. } => Completion::InMemory,
            State::Closed | State::Opening | State::Failed => Completion::Nowhere,
        }
    }

    /// The reader has all of it.
    pub(super) fn is_handed_over(&self) -> bool {
        matches!(&self.state, State::Stream(reading) if reading.has_all)
    }

    /// Ends what is done before the first chunk is asked for; says whether an end of that is still to come.
    pub(super) fn give_up(&mut self) -> bool {
        self.giving_up.cancel();
        matches!(self.state, State::Opening)
    }

    /// Keeps what is there for another time, if there will be one. `opened` is what was opened since it was given up; what
    /// is opened only from now on is left by whoever opens it.
    pub(super) fn leave(&mut self, opened: Option<Done>) -> JoinHandle<()> {
        self.done.close();
        let later = std::iter::from_fn(|| self.done.try_recv().ok());
        let opened: Vec<_> = opened.into_iter().chain(later).collect();
        let part = if let State::Part(part) = &self.state {
            Some(Arc::clone(&part.file))
        } else {
            None
        };
        let unwanted = self.unwanted.clone();
        self.tasks.spawn_blocking(move || {
            for done in opened {
                leave_opened(done, &unwanted);
            }
            if let Some(part) = part {
                leave(&part, &unwanted);
            }
        })
    }

    /// Nothing more is handed over, and no more work begins.
    pub(super) fn close(&self) {
        self.handing_over.cancel();
        self.tasks.close();
    }
}
