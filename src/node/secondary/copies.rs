//! Copies from other secondaries that run here. The central decides what is copied from whom.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{RunningKind, RunningTransfer, SecondaryEvent};
use crate::{
    model::{FileMeta, Finished, Grant, Manifest, SourceInfo, TransferId},
    node::fetch::{Fetch, FetchConfig, FetchEnd, FetchOutcome, FetchUpdate},
};

/// Ends of copies that are kept for a central that is away.
const MOST_UNSENT: usize = 1000;

/// The copies.
#[derive(Debug)]
pub(super) struct Copies {
    config: FetchConfig,
    updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    pub(super) tasks: TaskTracker,
    running: BTreeMap<TransferId, Copy>,
    unsent: VecDeque<Finished>,
}

#[derive(Debug)]
struct Copy {
    file: FileMeta,
    fetch: Fetch,
    /// A newer order for the same name; it starts when this one has let go of the part file.
    next: Option<Grant>,
}

/// What follows from the end of a copy.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) finished: Finished,
    pub(super) events: Vec<SecondaryEvent>,
    /// The file is here from now on.
    pub(super) held: Option<(FileMeta, Arc<Manifest>)>,
}

impl Copies {
    pub(super) fn new(
        config: FetchConfig,
        updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    ) -> Self {
        Self {
            config,
            updates,
            tasks: TaskTracker::new(),
            running: BTreeMap::new(),
            unsent: VecDeque::new(),
        }
    }

    /// Starts a copy; one of the same name is ended first, and what it brought is kept.
    pub(super) fn start(&mut self, grant: Grant) {
        let name = &grant.file.name;
        let same_name = self.running.values_mut().find(|c| c.file.name == *name);
        if let Some(old) = same_name {
            old.fetch.stop();
            old.next = Some(grant);
            return;
        }
        let (transfer, file) = (grant.transfer, grant.file.clone());
        let fetch = Fetch::start(
            grant,
            self.config.clone(),
            self.updates.clone(),
            &self.tasks,
        );
        self.running.insert(
            transfer,
            Copy {
                file,
                fetch,
                next: None,
            },
        );
    }

    pub(super) fn cancel(&mut self, transfer: TransferId) {
        for (running, copy) in &mut self.running {
            if *running == transfer {
                copy.fetch.stop();
            }
            copy.next = copy.next.take().filter(|next| next.transfer != transfer);
        }
    }

    pub(super) fn stop_all(&mut self) {
        for copy in self.running.values_mut() {
            copy.next = None;
            copy.fetch.stop();
        }
    }

    pub(super) fn set_sources(&mut self, transfer: TransferId, sources: Vec<SourceInfo>) {
        for (running, copy) in &mut self.running {
            match &mut copy.next {
                Some(next) if next.transfer == transfer => next.sources = sources.clone(),
                _ if *running == transfer => copy.fetch.set_sources(sources.clone()),
                _ => {}
            }
        }
    }

    pub(super) fn file(&self, transfer: TransferId) -> Option<FileMeta> {
        Some(self.running.get(&transfer)?.file.clone())
    }

    /// A copy's last update.
    pub(super) fn ended(&mut self, transfer: TransferId, end: FetchEnd) -> Ended {
        let copy = self.running.remove(&transfer);
        let mut ended = Ended {
            finished: Finished {
                transfer,
                outcome: end.outcome.outcome(),
                reason: None,
                sources: end.sources,
            },
            events: Vec::new(),
            held: None,
        };
        let Some(Copy { file, next, .. }) = copy else {
            return ended;
        };
        let name = file.name.clone();
        match end.outcome {
            FetchOutcome::Complete { manifest, .. } => {
                let from = ended.finished.sources.iter();
                ended.events.push(SecondaryEvent::Copied {
                    file: name,
                    from: from.map(|source| (source.number, source.bytes)).collect(),
                    took: end.took,
                });
                ended.held = Some((file, manifest));
            }
            FetchOutcome::AlreadyComplete { manifest, .. } => {
                ended.held = Some((file, manifest));
            }
            FetchOutcome::Failed(reason) => {
                ended.finished.reason = Some(reason.to_string());
                ended
                    .events
                    .push(SecondaryEvent::CopyFailed { file: name, reason });
            }
            FetchOutcome::Stopped => {}
        }
        if let Some(next) = next {
            self.start(next);
        }
        ended
    }

    /// Keeps the end of a copy until the central is back.
    pub(super) fn keep_unsent(&mut self, finished: Finished) {
        if self.unsent.len() == MOST_UNSENT {
            self.unsent.pop_front();
        }
        self.unsent.push_back(finished);
    }

    /// Ends of copies that the central does not know of.
    pub(super) fn unsent(&mut self) -> VecDeque<Finished> {
        std::mem::take(&mut self.unsent)
    }

    pub(super) fn running(&self) -> impl Iterator<Item = RunningTransfer> + '_ {
        self.running.values().map(|copy| RunningTransfer {
            file: copy.file.name.clone(),
            kind: RunningKind::Copying {
                snapshot: copy.fetch.snapshot(),
            },
        })
    }
}
