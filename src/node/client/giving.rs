//! What a client gives of what it receives: chunks of running downloads, and of those that have just ended, to others who
//! want the same.

use std::time::Duration;

use super::{peering::Given, shared::Running, state::Client};
use crate::{
    model::{Digest, PeerInfo, PeerNumber, TransferId, messages::FromClient},
    node::{clock, watch::Watched},
};

/// How long a client that has all goes on giving.
const LINGERS: Duration = Duration::from_secs(600);
/// Files of which it gives at a time, when it has them.
const MOST_GIVEN: usize = 16;

impl Client {
    /// True while it gives others what it receives.
    pub(super) fn gives(&self) -> bool {
        self.config.peering.gives.is_some() && self.peering.door.is_some()
    }

    /// A download is in a swarm, and the central names peers there.
    pub(super) fn in_swarm(
        &mut self,
        transfer: TransferId,
        add: Vec<PeerInfo>,
        drop: Vec<PeerNumber>,
    ) {
        let Some(own) = self.peering.own else {
            return;
        };
        let sharing = self.sharing();
        let uplink = sharing.on.then_some(sharing.uplink);
        if let Some((_, _, fetch)) = self.state.downloads.of_transfer(transfer) {
            fetch.swarm(own, (add, drop), uplink);
        }
    }

    /// What there is of a content that it receives, or has received.
    pub(super) fn given(&self, id: Digest) -> Option<Running> {
        if !self.gives() {
            return None;
        }
        let fetched = self.state.downloads.receiving(id);
        let running = fetched.and_then(|fetch| Running::of(fetch.watched()));
        running.or_else(|| {
            let given = self.peering.given.iter().find(|given| given.id == id)?;
            Some(given.running.clone())
        })
    }

    /// A download is complete: whoever else wants it may have it from here for a while.
    pub(super) fn goes_on_giving(&mut self, transfer: TransferId) {
        if !self.gives() || self.peering.given.len() >= MOST_GIVEN {
            return;
        }
        let Some((_, _, fetch)) = self.state.downloads.of_transfer(transfer) else {
            return;
        };
        let watched: Watched = fetch.watched();
        let id = watched.meta().id;
        if let Some(running) = Running::of(watched) {
            let until = clock::now() + LINGERS;
            self.peering.given.push(Given { until, id, running });
            self.send(FromClient::Seeding { id, on: true });
        }
    }

    /// Ends what was given for long enough, or cannot be given any more.
    pub(super) fn look_at_given(&mut self) {
        let now = clock::now();
        let is_over = |given: &Given| given.until <= now || Running::check(&given.running).is_err();
        let (over, left) = std::mem::take(&mut self.peering.given)
            .into_iter()
            .partition(is_over);
        self.peering.given = left;
        let over: Vec<Given> = over;
        for given in over {
            let id = given.id;
            self.send(FromClient::Seeding { id, on: false });
        }
    }

    /// Another central does not know what is given.
    pub(super) fn tell_given(&mut self) {
        let ids: Vec<_> = self.peering.given.iter().map(|given| given.id).collect();
        for id in ids {
            self.send(FromClient::Seeding { id, on: true });
        }
    }
}
