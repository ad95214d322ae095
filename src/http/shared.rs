//! What all routes of a server share.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    asker::Asker, auth::Administration, catalogue::Searched, live::Live, names, operator::Operator,
    problem::Problem, watching::Watching,
};
use crate::{
    model::FileName,
    node::{
        central::{CentralDoor, Holder, Offer, Refusal},
        secondary::SecondaryDoor,
    },
};

/// Of a central. Copies are the same.
#[derive(Clone, Debug)]
pub(super) struct Central {
    pub(super) door: CentralDoor,
    pub(super) administration: Administration,
    /// The pages that look on.
    pub(super) live: Live,
    pub(super) searched: Arc<Searched>,
    pub(super) watching: Watching,
    /// What the program lends, if it does.
    #[cfg_attr(not(feature = "grpc"), allow(dead_code, reason = "gRPC alone asks it"))]
    pub(super) operator: Option<Operator>,
    /// Counts redirections, so that equally busy secondaries take turns.
    turn: Arc<AtomicUsize>,
}

/// Of a secondary. Copies are the same.
#[derive(Clone, Debug)]
pub(super) struct Secondary {
    pub(super) door: SecondaryDoor,
    /// What is watched through it, where it is a gateway.
    pub(super) watching: Option<Watching>,
    pub(super) administration: Administration,
}

impl Central {
    pub(super) fn new(
        door: CentralDoor,
        administration: Administration,
        most_viewers: usize,
        operator: Option<Operator>,
    ) -> Self {
        Self {
            operator,
            watching: Watching::new(door.gateway().clone(), most_viewers),
            live: Live::new(door.clone()),
            door,
            administration,
            searched: Arc::default(),
            turn: Arc::default(),
        }
    }

    /// The file of a name, and who holds it.
    pub(super) async fn offer(&self, name: FileName) -> Result<Offer, Problem> {
        let offer = self.door.offer(name).await;
        match offer? {
            Ok(offer) => Ok(offer),
            Err(Refusal::NotReady { .. }) => Err(Problem::NotReady),
            Err(_) => Err(Problem::NotFound),
        }
    }

    /// The least busy holder; those that are equally busy take turns.
    pub(super) fn choose(&self, holders: &[Holder]) -> Option<Holder> {
        let least = holders.first()?.transfers;
        let equal = holders.iter().take_while(|h| h.transfers == least).count();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        holders.get(turn % equal).copied()
    }

    /// The address of a content at one of its holders, for whoever asks.
    pub(super) fn at_holder(&self, asker: &Asker, offer: &Offer, holder: &Holder) -> String {
        let path = format!("/c/{}/{}", offer.0.id, names::to_path(&offer.0.name));
        let scheme = if self.door.has_tls() { "https" } else { "http" };
        asker.signed(&format!("{scheme}://{}", holder.address), &path)
    }
}
