//! Clients as peers: their numbers, where they listen, and what of theirs is pinned. Knows neither files nor names.

use std::{collections::BTreeMap, net::SocketAddr};

use super::{ConnectionId, PeerPlace, swarms::Gives};
use crate::model::{PeerNumber, Sharing, limits::MAX_PEER_NUMBER};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Peers {
    here: BTreeMap<ConnectionId, Peer>,
    last: u32,
}

/// A client that knows peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    number: PeerNumber,
    /// Where it connects from.
    from: SocketAddr,
    sharing: Sharing,
}

impl Peers {
    /// A client says what it gives to others. True when it did not say that before on this connection: it has a number
    /// from now on.
    pub(super) fn share(
        &mut self,
        connection: ConnectionId,
        from: SocketAddr,
        sharing: Sharing,
    ) -> bool {
        if let Some(peer) = self.here.get_mut(&connection) {
            peer.sharing = sharing;
            return false;
        }
        let number = self.next();
        let peer = Peer {
            number,
            from,
            sharing,
        };
        self.here.insert(connection, peer);
        true
    }

    /// Numbers are not used again before all others were.
    fn next(&mut self) -> PeerNumber {
        loop {
            self.last = self.last % MAX_PEER_NUMBER + 1;
            if let Ok(number) = PeerNumber::try_from(u64::from(self.last))
                && self.here.values().all(|peer| peer.number != number)
            {
                return number;
            }
        }
    }

    /// A connection is gone.
    pub(super) fn leave(&mut self, connection: ConnectionId) {
        self.here.remove(&connection);
    }

    /// A client's number, if it has said that it knows peers.
    pub(super) fn number(&self, connection: ConnectionId) -> Option<PeerNumber> {
        Some(self.here.get(&connection)?.number)
    }

    /// What a client gives to a swarm.
    pub(super) fn gives(&self, connection: ConnectionId) -> Gives {
        let peer = self.here.get(&connection);
        peer.map_or_else(Gives::default, |peer| Gives {
            is_on: peer.sharing.on && peer.sharing.listens.is_some_and(|port| port != 0),
            uplink: peer.sharing.uplink,
        })
    }

    /// Where a peer listens; `None` if it does not, or is gone.
    pub(super) fn place_of(&self, number: PeerNumber) -> Option<PeerPlace> {
        let mut here = self.here.iter();
        let (connection, _) = here.find(|(_, peer)| peer.number == number)?;
        self.place(*connection)
    }

    /// Where a client listens; `None` if it does not.
    pub(super) fn place(&self, connection: ConnectionId) -> Option<PeerPlace> {
        let peer = self.here.get(&connection)?;
        let port = peer.sharing.listens.filter(|port| *port != 0)?;
        Some(PeerPlace {
            peer: peer.number,
            address: SocketAddr::new(peer.from.ip().to_canonical(), port),
            key: peer.sharing.key,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_keeps_its_number_and_is_where_it_said_last() {
        let mut peers = Peers::default();
        let (one, two) = (ConnectionId(1), ConnectionId(2));
        let from = SocketAddr::from(([10, 0, 0, 7], 40000));
        let listening = |port| Sharing {
            listens: Some(port),
            ..Sharing::default()
        };
        assert!(peers.share(one, from, Sharing::default()));
        assert!(peers.share(two, from, listening(50100)));
        assert_eq!(peers.place(one), None);
        let number = peers.number(one);
        assert!(!peers.share(one, from, listening(50101)));
        assert_eq!(peers.number(one), number);
        assert_eq!(peers.place(one).unwrap().address.port(), 50101);
        assert_ne!(peers.number(two), number);
        assert!(!peers.share(one, from, listening(0)));
        assert_eq!(peers.place(one), None);
        peers.leave(one);
        assert_eq!(peers.number(one), None);
        assert!(peers.share(one, from, Sharing::default()));
        assert_ne!(peers.number(one), number);
    }
}
