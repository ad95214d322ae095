//! The copies from other secondaries that run here. The central decides what is copied, and from whom.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{RunningKind, RunningTransfer, SecondaryEvent, taken_in};
use crate::{
    model::{CopyOrder, FileMeta, Finished, IndexedFile, Manifest, RetiredReason, TransferId},
    node::{
        fetch::{Fetch, FetchConfig, FetchEnd, FetchOutcome, FetchUpdate, Goal},
        rules::copies::CopyOrders,
        shelf::{Incoming, Intake},
    },
    store::{Entry, Existing},
};

/// See the module.
#[derive(Debug)]
pub(super) struct Copies {
    config: FetchConfig,
    /// Where copies go, when that is not a folder.
    intake: Option<Arc<dyn Intake>>,
    updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    pub(super) tasks: TaskTracker,
    pub(super) orders: CopyOrders<Fetch>,
    /// The files that running copies may replace.
    replaced: BTreeMap<TransferId, Replaced>,
}

/// What follows from the end of a copy.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) finished: Finished,
    pub(super) events: Vec<SecondaryEvent>,
    /// The file, if it is held from now on.
    pub(super) held: Option<Here>,
}

/// A file that is held from now on.
#[derive(Debug)]
pub(super) struct Here {
    pub(super) meta: FileMeta,
    pub(super) manifest: Arc<Manifest>,
    /// What had its name before.
    pub(super) replaced: Option<Replaced>,
}

/// A file that a copy may replace, and why.
pub(super) type Replaced = (Arc<IndexedFile>, RetiredReason);

impl Copies {
    pub(super) fn new(
        config: FetchConfig,
        intake: Option<Arc<dyn Intake>>,
        updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    ) -> Self {
        Self {
            config,
            intake,
            updates,
            tasks: TaskTracker::new(),
            orders: CopyOrders::default(),
            replaced: BTreeMap::new(),
        }
    }

    /// Where the central is, from now on.
    pub(super) fn set_central(&mut self, central: SocketAddr) {
        self.config.central = Some(central);
    }

    /// Starts a copy, now or once the present one of its name has ended. `replaced` says which file it may replace.
    pub(super) fn start(
        &mut self,
        order: CopyOrder,
        replaced: impl FnOnce(&CopyOrder) -> Option<Replaced>,
    ) {
        let Some(order) = self.orders.order(order) else {
            return;
        };
        let (transfer, file) = (order.grant.transfer, order.grant.file.clone());
        let mut config = self.config.clone();
        let replaces = replaced(&order);
        if let Some(old) = &replaces {
            if let Goal::File(target) = &mut config.goal {
                target.existing = Existing::Replaces(Entry::from(&*old.0));
            }
            self.replaced.insert(transfer, old.clone());
        }
        let (updates, tasks) = (self.updates.clone(), &self.tasks);
        let fetch = match &self.intake {
            None => Fetch::start(order.grant, config, updates, tasks),
            Some(intake) => {
                let file = file.clone();
                let copy = Incoming { file, replaces };
                taken_in::start(order.grant, config, (intake, copy), updates, tasks)
            }
        };
        self.orders.started(transfer, file, fetch);
    }

    /// A copy is over; gives what follows from that.
    pub(super) fn ended(
        &mut self,
        transfer: TransferId,
        end: FetchEnd,
        replaced: impl FnOnce(&CopyOrder) -> Option<Replaced>,
    ) -> Ended {
        let copy = self.orders.ended(transfer);
        let old = self.replaced.remove(&transfer);
        let mut ended = Ended {
            finished: Finished {
                transfer,
                outcome: end.outcome.outcome(),
                reason: None,
                sources: end.sources,
                peers: Default::default(),
            },
            events: Vec::new(),
            held: None,
        };
        let Some((file, next)) = copy else {
            return ended;
        };
        let name = file.name.clone();
        match end.outcome {
            FetchOutcome::Complete { manifest, .. } => {
                let from = ended.finished.sources.iter();
                ended.events.push(SecondaryEvent::Copied {
                    file: name,
                    from: from.map(|source| (source.who, source.bytes)).collect(),
                    own_bytes: end.own_bytes,
                    took: end.took,
                });
                ended.held = Some(Here {
                    meta: file,
                    manifest,
                    replaced: old,
                });
            }
            FetchOutcome::AlreadyComplete { manifest, .. } => {
                ended.held = Some(Here {
                    meta: file,
                    manifest,
                    replaced: None,
                });
            }
            FetchOutcome::Failed(reason) => {
                ended.finished.reason = Some(reason.for_the_central());
                ended
                    .events
                    .push(SecondaryEvent::CopyFailed { file: name, reason });
            }
            FetchOutcome::Stopped => {}
        }
        if let Some(next) = next {
            self.start(next, replaced);
        }
        ended
    }

    pub(super) fn running(&self) -> impl Iterator<Item = RunningTransfer> + '_ {
        self.orders.running().map(|(file, fetch)| RunningTransfer {
            file: file.name.clone(),
            kind: RunningKind::Copying {
                snapshot: fetch.snapshot(),
            },
        })
    }
}
