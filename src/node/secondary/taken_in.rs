//! A copy that does not become a part file: its chunks are handed on in their order, as to a reader, and whoever takes them in
//! has the last word on what becomes of it.

use std::sync::Arc;

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::task::TaskTracker;

use crate::{
    model::{Grant, TransferId},
    node::{
        Failure,
        fetch::{Fetch, FetchConfig, FetchEnd, FetchOutcome, FetchUpdate, Goal, Reader},
        shelf::{Incoming, Intake, TakenIn},
    },
};

/// Chunks that may wait to be taken in; more wait in the fetch.
const WAITING: usize = 1;
/// Updates that may wait.
const UPDATES: usize = 16;

/// Starts it.
pub(super) fn start(
    grant: Grant,
    mut config: FetchConfig,
    (intake, copy): (&Arc<dyn Intake>, Incoming),
    updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    tasks: &TaskTracker,
) -> Fetch {
    let (chunks, incoming) = mpsc::channel(WAITING);
    config.goal = Goal::Stream(Reader::new(chunks));
    let (sender, mut told) = mpsc::channel(UPDATES);
    let fetch = Fetch::start(grant, config, sender, tasks);
    let taking = tasks.spawn(Arc::clone(intake).take(copy, incoming));
    tasks.spawn(async move {
        let mut taking = Some(taking);
        while let Some((transfer, update)) = told.recv().await {
            let update = match (update, taking.take()) {
                (FetchUpdate::Ended(end), Some(taking)) => {
                    FetchUpdate::Ended(Box::new(ended(*end, taking).await))
                }
                (update, kept) => {
                    taking = kept;
                    update
                }
            };
            if updates.send((transfer, update)).await.is_err() {
                return;
            }
        }
    });
    fetch
}

/// What becomes of the copy, by what became of its chunks and of what they were taken in as.
async fn ended(mut end: FetchEnd, taking: JoinHandle<TakenIn>) -> FetchEnd {
    // All chunks that will come have come: it ends soon.
    let taken = taking.await;
    end.outcome = match (end.outcome, taken) {
        (FetchOutcome::Complete { manifest, .. }, Ok(Ok(Some(path)))) => {
            FetchOutcome::Complete { path, manifest }
        }
        (FetchOutcome::Complete { .. }, Ok(Ok(None)) | Err(_)) => {
            FetchOutcome::Failed(Failure::Broken)
        }
        // It was stopped because nobody took its chunks any more.
        (FetchOutcome::Complete { .. } | FetchOutcome::Stopped, Ok(Err(error))) => {
            FetchOutcome::Failed(Failure::Store(error))
        }
        (other, _) => other,
    };
    end
}
