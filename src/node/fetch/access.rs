//! The peers that a fetch may ask, and what lets it in there: the central names them beside the secondaries.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use parking_lot::Mutex;

use super::fault::Lost;
use crate::{
    model::{
        Have, PeerInfo, PeerNumber, SourceId, SourceInfo, Who,
        limits::{MAX_PEERS_MET, MAX_SOURCES},
    },
    net::{Network, Stream, reachable},
    node::{
        Security,
        dialling::{dial, dial_peer},
    },
};

/// See the module. Copies are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct PeerAccess(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// This client's number.
    own: Option<PeerNumber>,
    peers: BTreeMap<PeerNumber, PeerInfo>,
    /// Those of its swarm, which have what they announce.
    members: BTreeMap<PeerNumber, PeerInfo>,
}

/// What is shown to a peer.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// This client's number.
    pub(super) own: PeerNumber,
    /// The peer, with the ticket for it.
    pub(super) peer: PeerInfo,
}

impl PeerAccess {
    /// The central names peers, and says which have gone.
    pub(super) fn introduce(&self, own: PeerNumber, add: Vec<PeerInfo>, drop: &[PeerNumber]) {
        let mut known = self.0.lock();
        if known.own != Some(own) {
            // Another central, or a later run of it: what was signed before is worth nothing there.
            known.peers.clear();
            known.members.clear();
        }
        known.own = Some(own);
        known.peers.retain(|peer, _| !drop.contains(peer));
        for peer in add {
            if known.peers.len() < MAX_SOURCES || known.peers.contains_key(&peer.peer) {
                known.peers.insert(peer.peer, peer);
            }
        }
    }

    /// The central names peers of the swarm. What is known of others stays: it is asked for while they are connected to.
    pub(super) fn join(&self, own: PeerNumber, add: &[PeerInfo]) {
        let mut known = self.0.lock();
        if known.own != Some(own) {
            known.peers.clear();
            known.members.clear();
        }
        known.own = Some(own);
        for peer in add {
            if known.members.len() < MAX_PEERS_MET || known.members.contains_key(&peer.peer) {
                known.members.insert(peer.peer, peer.clone());
            }
        }
    }

    /// The peers as sources. Each has all: it publishes the file.
    pub(super) fn sources(&self) -> Vec<SourceInfo> {
        let known = self.0.lock();
        let source = |peer: &PeerInfo| SourceInfo {
            id: SourceId::of_peer(peer.peer),
            who: Who::Peer(peer.peer),
            address: peer.address,
            have: Have::All,
            ranges: Vec::new(),
            draining: false,
        };
        known.peers.values().map(source).collect()
    }

    /// What is shown to one of them.
    pub(super) fn of(&self, peer: PeerNumber) -> Option<Entry> {
        let known = self.0.lock();
        Some(Entry {
            own: known.own?,
            peer: known
                .peers
                .get(&peer)
                .or_else(|| known.members.get(&peer))?
                .clone(),
        })
    }
}

/// Connects to a source; gives what is shown to it as well, if it is a peer.
pub(super) async fn reach(
    access: &PeerAccess,
    (network, security): (&Network, &Security),
    who: Who,
    (address, central): (SocketAddr, Option<SocketAddr>),
) -> Result<(Stream, Option<Entry>), Lost> {
    let addresses = reachable(address, central);
    match who {
        Who::Secondary(_) => {
            let dialled = addresses.first().unwrap_or(&address).ip().to_string();
            let stream = dial(network, &addresses, &dialled, security).await?;
            Ok((stream, None))
        }
        Who::Peer(number) => {
            let entry = access.of(number);
            let entry = entry.ok_or_else(|| Lost::protocol(format!("peer {number} has gone")))?;
            let stream = dial_peer(network, &addresses, entry.peer.key, security).await?;
            Ok((stream, Some(entry)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ticket;

    fn number(n: u64) -> PeerNumber {
        PeerNumber::try_from(n).unwrap()
    }

    fn info(n: u64) -> PeerInfo {
        let receiver = number(9);
        PeerInfo {
            peer: number(n),
            address: ([10, 0, 0, 1], 50100).into(),
            key: None,
            ticket: Ticket {
                receiver,
                until_s: 1,
                signature: [0; 64],
            },
        }
    }

    #[test]
    fn peers_come_and_go_and_those_of_another_central_are_forgotten() {
        let access = PeerAccess::default();
        access.introduce(number(9), vec![info(1), info(2)], &[]);
        assert_eq!(access.sources().len(), 2);
        access.introduce(number(9), vec![info(3)], &[number(1)]);
        assert!(access.of(number(1)).is_none() && access.of(number(3)).is_some());
        assert_eq!(access.of(number(2)).unwrap().own, number(9));
        access.introduce(number(4), vec![info(1)], &[]);
        assert_eq!(access.sources().len(), 1);
        // Those of a swarm are let in there, and are no sources that have all.
        access.join(number(4), &[info(7)]);
        assert!(access.of(number(7)).is_some() && access.sources().len() == 1);
    }
}
