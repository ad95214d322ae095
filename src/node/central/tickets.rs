//! What clients need to ask each other: their numbers, and tickets that this central signs.

use super::state::Central;
use crate::{
    engine::cluster::{ConnectionId, PeerPlace},
    model::{Digest, PeerInfo, PeerNumber, limits::TICKET_LASTS, messages::ForClient},
    node::clock,
    proto::ticket::About,
};

impl Central {
    /// A client hears its number, and what it checks tickets with.
    pub(super) fn tell_number(&mut self, connection: ConnectionId, peer: PeerNumber) {
        let key = self.signer.verify_key();
        self.send(connection, ForClient::YouAre { peer, key });
    }

    /// These peers, each with a ticket that lets one client ask it for a content.
    pub(super) fn with_tickets(
        &self,
        id: Digest,
        receiver: PeerNumber,
        places: &[PeerPlace],
    ) -> Vec<PeerInfo> {
        let until_s = clock::wall_s() + TICKET_LASTS.as_secs();
        let cluster = self.place.membership.cluster;
        let with_ticket = |place: &PeerPlace| {
            let about = About {
                cluster,
                id,
                sender: place.peer,
            };
            PeerInfo {
                peer: place.peer,
                address: place.address,
                key: place.key,
                ticket: self.signer.sign(&about, receiver, until_s),
            }
        };
        places.iter().map(with_ticket).collect()
    }
}
