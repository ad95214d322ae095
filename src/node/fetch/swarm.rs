//! What follows for a fetch of being in a swarm: the central names peers, the machine asks for more of them, and
//! secondaries are asked for any chunk.

use std::time::Duration;

use super::{
    messages::{Command, SwarmOrder},
    shell::Shell,
    update::FetchUpdate,
};
use crate::{
    engine::download::{Event, SwarmAction, SwarmEvent},
    model::{SourceId, Who},
    node::clock,
    proto::Wanted,
};

/// How often the central hears how far a download in a swarm is.
const PROGRESS: Duration = Duration::from_secs(2);

impl Shell {
    /// The central says that the download is in a swarm, and names peers.
    pub(super) fn in_swarm(&mut self, order: SwarmOrder) {
        let now = clock::now();
        if !self.machine.is_in_swarm() {
            let joined = Event::Swarm(SwarmEvent::Joined);
            self.machine.handle_event(now, joined);
        }
        self.sources.set_uplink(order.uplink);
        let mut add = Vec::new();
        for peer in order.add {
            let id = SourceId::of_peer(peer.peer);
            // Another central calls those that are connected by other numbers.
            if !self.sources.is_connected_at(peer.address) {
                self.sources.learn(id, Who::Peer(peer.peer), peer.address);
                add.push(peer.peer);
            }
        }
        let drop = order.drop;
        let peers = Event::Swarm(SwarmEvent::Peers { add, drop });
        self.machine.handle_event(now, peers);
    }

    pub(super) async fn do_in_swarm(&mut self, action: SwarmAction) {
        match action {
            SwarmAction::Any { source, wanted } => {
                let lately = self.machine.lately(clock::now()).unwrap_or_default();
                if let Some(wanted) = Wanted::of(wanted.iter()) {
                    let uplink = self.sources.uplink();
                    let any = Command::Any(Box::new(wanted), lately, uplink);
                    self.sources.command(source, any);
                }
            }
            SwarmAction::MorePeers { lost } => {
                self.update(FetchUpdate::MorePeers { lost }).await;
            }
        }
    }

    /// Says now and then how far the download is.
    pub(super) async fn tell_progress(&mut self) {
        let now = clock::now();
        if self.machine.is_in_swarm() && now >= self.told_progress + PROGRESS {
            self.told_progress = now;
            let have = self.machine.have();
            let all = u64::from(have.chunk_count()).max(1);
            let permille = (u64::from(have.len()) * 1000 / all) as u16;
            self.update(FetchUpdate::Progress { permille }).await;
        }
    }
}
