//! How this central stands among those of its cluster, and what its peers and the network hear of that. Whoever runs several
//! centrals decides it; a central by itself is always the active one.

use std::time::Instant;

use super::{
    api::PlaceCommand,
    effects::Effect,
    inputs::Peer,
    place::{Elsewhere, Membership, Standing},
    state::Central,
};
use crate::{
    engine::cluster::{ConnectionId, Event, Parting},
    proto::{Hello, PeerRole, control::FromCentral},
};

impl Central {
    /// What the program says of the other centrals.
    pub(super) fn place_command(&mut self, now: Instant, command: PlaceCommand) {
        match command {
            PlaceCommand::Stand(standing, answer) => {
                self.stand(now, standing);
                let _ = answer.send(());
            }
            PlaceCommand::Membership(answer) => {
                let _ = answer.send(self.place.membership.clone());
            }
            PlaceCommand::Join(membership, answer) => {
                self.join(membership);
                let _ = answer.send(());
            }
        }
    }

    /// What this central says of itself on a connection.
    fn hello(&self, connection: ConnectionId) -> FromCentral {
        let role = PeerRole::Central(self.place.reign(self.cluster.term()));
        let nonce = self.peers.get(&connection).map(|peer| peer.nonce);
        FromCentral::Hello(Hello {
            nonce,
            ..Hello::from_role(&role)
        })
    }

    /// A peer said hello.
    pub(super) fn opened(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        peer: Peer,
        hello: Event,
    ) {
        self.peers.insert(connection, peer);
        if let Some(refusal) = self.place.refusal() {
            self.send(connection, refusal);
            self.effect(Effect::Close(connection));
            return;
        }
        self.cluster.handle_event(now, connection, hello);
        if self.cluster.has_peer(connection) {
            // It comes before all that follows from the enrolment. A refused peer gets an error instead.
            self.send(connection, self.hello(connection));
        }
    }

    /// Stands otherwise from now on, and says so: to those who come, to those who are here, and on the network.
    pub(super) fn stand(&mut self, now: Instant, standing: Standing) {
        if standing == self.place.standing {
            return;
        }
        let was_here = !matches!(self.place.standing, Standing::Standby(_));
        self.place.standing = standing;
        tracing::info!(standing = ?self.place.standing, "this central stands otherwise");
        self.place.announce(self.cluster.term());
        match self.place.standing.clone() {
            Standing::Active | Standing::Limited if was_here => self.say_hello_again(),
            Standing::Active | Standing::Limited => {}
            Standing::Standby(elsewhere) => self.send_all_away(now, elsewhere),
        }
    }

    /// Is of a cluster from now on, and says so.
    pub(super) fn join(&mut self, membership: Membership) {
        self.place.membership = membership;
        self.place.announce(self.cluster.term());
        self.say_hello_again();
    }

    fn say_hello_again(&mut self) {
        let connections: Vec<_> = self.peers.keys().copied().collect();
        for connection in connections {
            self.send(connection, self.hello(connection));
        }
    }

    fn send_all_away(&mut self, now: Instant, elsewhere: Option<Elsewhere>) {
        let connections: Vec<_> = self.peers.keys().copied().collect();
        for connection in connections {
            if let Some(Elsewhere { address, term }) = elsewhere {
                let (ip, port) = (address.ip(), address.port());
                self.send(connection, FromCentral::Moved { ip, port, term });
            }
            self.send(connection, FromCentral::Bye);
            self.effect(Effect::Close(connection));
            // It has not gone: it goes on elsewhere.
            let closed = Event::Closed(Parting::Broken);
            self.cluster.handle_event(now, connection, closed);
        }
    }
}
