//! How a fetch ends: the file gets its name or is kept for another time, and what is on its way is counted.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::oneshot, time::sleep_until};

use super::{
    FetchOutcome,
    disk::{leave, leave_opened},
    shell::{Done, Shell},
    source::Command,
    writing::Sink,
};
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
        let manifest = self.context.manifest.get().cloned();
        match (finish, manifest) {
            (Finish::Complete, Some(manifest)) => match self.already.take() {
                Some(path) => FetchOutcome::AlreadyComplete { path, manifest },
                None => match self.context.sink.get() {
                    Some(Sink::Stream(_)) => self.handed_over(manifest).await,
                    Some(Sink::Part(_)) | None => self.complete(manifest).await,
                },
            },
            // Unreachable: a machine is complete only after `Ready`, which comes after the manifest.
            (Finish::Complete, None) => FetchOutcome::Failed(Failure::Broken),
            (Finish::Failed(reason), _) => {
                self.keep().await;
                FetchOutcome::Failed(match (reason, self.local.take()) {
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

    pub(super) async fn complete(&mut self, manifest: Arc<Manifest>) -> FetchOutcome {
        let Some(part) = self.context.part() else {
            return FetchOutcome::Failed(Failure::Broken);
        };
        match self.blocking(move || part.finish()).await {
            Some(Ok(path)) => FetchOutcome::Complete { path, manifest },
            Some(Err(error)) => FetchOutcome::Failed(Failure::Store(error)),
            None => FetchOutcome::Failed(Failure::Broken),
        }
    }

    /// Waits until the reader has taken the rest.
    async fn handed_over(&mut self, manifest: Arc<Manifest>) -> FetchOutcome {
        while !self.all_taken {
            tokio::select! {
                Some(input) = self.inputs.recv() => self.input(input),
                Some(done) = self.done.recv() => match done {
                    Done::AllTaken => self.all_taken = true,
                    Done::ReaderGone => return FetchOutcome::Stopped,
                    Done::Broken => return FetchOutcome::Failed(Failure::Broken),
                    Done::Taken(_)
                    | Done::Opened(_)
                    | Done::Zeros(_)
                    | Done::Verified(_)
                    | Done::Synced(_) => {}
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
    pub(super) async fn keep(&mut self) {
        let told = self.stop_preparing().await;
        self.done.close();
        let unwanted = self.orders.unwanted.clone();
        let later = std::iter::from_fn(|| self.done.try_recv().ok());
        let opened: Vec<_> = told.into_iter().chain(later).collect();
        let part = self.context.part();
        let leave = move || {
            opened
                .into_iter()
                .for_each(|told| leave_opened(told, &unwanted));
            if let Some(part) = part {
                leave(&part, &unwanted);
            }
        };
        self.blocking(leave).await;
    }

    /// Whoever takes the part file up again should find it free: what is still done to it is ended first.
    async fn stop_preparing(&mut self) -> Option<Done> {
        self.giving_up.cancel();
        let is_preparing = self.opening && self.context.sink.get().is_none();
        if !is_preparing || self.already.is_some() || self.local.is_some() {
            return None;
        }
        let deadline = clock::now() + PREPARING_ENDS;
        loop {
            tokio::select! {
                Some(input) = self.inputs.recv() => self.input(input),
                done = self.done.recv() => {
                    if matches!(done, None | Some(Done::Opened(_) | Done::Verified(_) | Done::Broken)) {
                        return done;
                    }
                }
                () = sleep_until(deadline.into()) => return None,
            }
        }
    }

    /// Waits for blocking work while sources go on telling what comes; `None` when it failed.
    pub(super) async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, mut answered) = oneshot::channel();
        self.context.writes.spawn_blocking(move || {
            let _ = answer.send(work());
        });
        loop {
            tokio::select! {
                answer = &mut answered => return answer.ok(),
                Some(input) = self.inputs.recv() => self.input(input),
                Some(_) = self.done.recv() => {}
            }
        }
    }

    /// Lets bytes that are on their way come, and be counted, before the connections are closed.
    pub(super) async fn linger(&mut self) {
        // From the others nothing is expected.
        let sending = self.machine.still_sending();
        self.open.retain(|source, _| sending.contains(source));
        for connection in self.open.values() {
            let _ = connection.commands.try_send(Command::Close);
        }
        self.connections.close();
        self.context.writes.close();
        let deadline = clock::now() + LINGER;
        let (connections, writes) = (self.connections.clone(), self.context.writes.clone());
        let all = async {
            connections.wait().await;
            writes.wait().await;
        };
        tokio::pin!(all);
        loop {
            tokio::select! {
                // What was told before the last of them ended is counted first.
                biased;
                Some(input) = self.inputs.recv() => self.input(input),
                Some(_) = self.done.recv() => {}
                () = &mut all => break,
                () = sleep_until(deadline.into()) => break,
            }
        }
        self.open.clear();
        while let Ok(input) = self.inputs.try_recv() {
            self.input(input);
        }
    }
}
