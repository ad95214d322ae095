//! How a fetch ends: the file gets its name or is kept for another time, and what is on its way is counted.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{task::JoinHandle, time::sleep_until};

use super::{messages::Done, shell::Shell, storage::Completion, update::FetchOutcome};
use crate::{
    engine::download::{FailReason, Finish},
    model::Manifest,
    node::{Failure, clock},
};

/// How long bytes that are on their way at the end are waited for, so that they are known as wasted here too.
/// What comes later only the secondary counts; the cluster's books go by its figures.
const LINGER: Duration = Duration::from_millis(250);

/// How long the opening of the part file may take to end.
const PREPARING_ENDS: Duration = Duration::from_secs(10);

impl Shell {
    pub(super) async fn outcome(&mut self, finish: Finish) -> FetchOutcome {
        match (finish, self.manifest.get().cloned()) {
            (Finish::Complete, Some(manifest)) => self.complete(manifest).await,
            // Unreachable: a machine is complete only after `Ready`, which comes after the manifest.
            (Finish::Complete, None) => FetchOutcome::Failed(Failure::Broken),
            (Finish::Failed(reason), _) => {
                self.keep().await;
                FetchOutcome::Failed(match (reason, self.failure.take()) {
                    (FailReason::Local(_), Some(failure)) => failure,
                    (reason, _) => Failure::Sources(reason),
                })
            }
            (Finish::Stopped, _) => {
                self.keep().await;
                FetchOutcome::Stopped
            }
        }
    }

    async fn complete(&mut self, manifest: Arc<Manifest>) -> FetchOutcome {
        match self.storage.complete() {
            Completion::AlreadyThere(path) => FetchOutcome::AlreadyComplete { path, manifest },
            Completion::Naming(naming) => match self.meanwhile(naming).await {
                Some(Ok(path)) => FetchOutcome::Complete { path, manifest },
                Some(Err(error)) => FetchOutcome::Failed(Failure::Store(error)),
                None => FetchOutcome::Failed(Failure::Broken),
            },
            Completion::Reader => self.handed_over(manifest).await,
            Completion::InMemory => FetchOutcome::Complete {
                path: PathBuf::new(),
                manifest,
            },
            Completion::Nowhere => FetchOutcome::Failed(Failure::Broken),
        }
    }

    /// Waits until the reader has taken the rest.
    async fn handed_over(&mut self, manifest: Arc<Manifest>) -> FetchOutcome {
        while !self.storage.is_handed_over() {
            tokio::select! {
                Some(input) = self.inputs.recv() => self.input(input),
                Some(done) = self.storage.next() => match done {
                    Done::ReaderGone => return FetchOutcome::Stopped,
                    Done::Broken => return FetchOutcome::Failed(Failure::Broken),
                    Done::AllTaken
                    | Done::Taken(_)
                    | Done::Opened(_)
                    | Done::Zeros(_)
                    | Done::Verified(_)
                    | Done::Synced(_) => drop(self.storage.handle(done)),
                },
                Some(answer) = self.orders.maps.recv() => {
                    let _ = answer.send(Some(self.machine.chunk_map()));
                }
                () = self.orders.stop.cancelled() => return FetchOutcome::Stopped,
            }
        }
        FetchOutcome::Complete {
            path: PathBuf::new(),
            manifest,
        }
    }

    /// Keeps what is there for another time, if there will be one. What is being opened only now is left by whoever
    /// opens it.
    async fn keep(&mut self) {
        let opened = self.stop_preparing().await;
        let left = self.storage.leave(opened);
        self.meanwhile(left).await;
    }

    /// Whoever takes the part file up again should find it free: what is still done to it is ended first.
    async fn stop_preparing(&mut self) -> Option<Done> {
        if !self.storage.give_up() {
            return None;
        }
        let deadline = clock::now() + PREPARING_ENDS;
        loop {
            tokio::select! {
                Some(input) = self.inputs.recv() => self.input(input),
                done = self.storage.next() => {
                    if matches!(done, None | Some(Done::Opened(_) | Done::Verified(_) | Done::Broken)) {
                        return done;
                    }
                }
                () = sleep_until(deadline.into()) => return None,
            }
        }
    }

    /// Waits for blocking work while sources go on telling what comes; `None` when it failed.
    async fn meanwhile<T>(&mut self, mut work: JoinHandle<T>) -> Option<T> {
        loop {
            tokio::select! {
                done = &mut work => return done.ok(),
                Some(input) = self.inputs.recv() => self.input(input),
                Some(_) = self.storage.next() => {}
            }
        }
    }

    /// Lets bytes that are on their way come, and be counted, before the connections are closed.
    pub(super) async fn linger(&mut self) {
        // From the others nothing is expected.
        let sending = self.machine.still_sending();
        let (connections, works) = (self.sources.close(sending), self.works.clone());
        let deadline = clock::now() + LINGER;
        let all = async {
            connections.wait().await;
            works.wait().await;
        };
        tokio::pin!(all);
        loop {
            tokio::select! {
                // What was told before the last of them ended is counted first.
                biased;
                Some(input) = self.inputs.recv() => self.input(input),
                Some(_) = self.storage.next() => {}
                () = &mut all => break,
                () = sleep_until(deadline.into()) => break,
            }
        }
        self.sources.cut();
        while let Ok(input) = self.inputs.try_recv() {
            self.input(input);
        }
    }
}
