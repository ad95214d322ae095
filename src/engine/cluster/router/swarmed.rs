//! Clients that give each other what they receive: who is in which swarm, and whom each is told of.

use std::time::Instant;

use super::Cluster;
use crate::{
    engine::cluster::{Action, ConnectionId},
    model::{Digest, Fault, FileMeta, PeerNumber, Receiver, TransferId, messages::Report},
};

impl Cluster {
    /// A client begins to receive, or goes on: it is in a swarm if it knows what that is.
    pub(super) fn join_swarm(&mut self, transfer: TransferId) {
        let Some(running) = self.transfers.get(transfer) else {
            return;
        };
        let (connection, id) = (running.connection, running.file.id);
        if let Receiver::Client(_) = running.receiver
            && let Some(peer) = self.peers.number(connection)
        {
            let gives = self.peers.gives(connection);
            self.swarms
                .join(self.last_call, (transfer, id), peer, gives);
        }
    }

    /// What a client gives has changed.
    pub(super) fn gives_now(&mut self, connection: ConnectionId) {
        if let Some(peer) = self.peers.number(connection) {
            let gives = self.peers.gives(connection);
            self.swarms.gives(self.last_call, peer, gives);
        }
    }

    /// How far a client's downloads are, of those that are its own.
    pub(super) fn progressed(
        &mut self,
        connection: ConnectionId,
        transfers: &[(TransferId, u16)],
        sent: u64,
    ) {
        for (transfer, permille) in transfers {
            if self.transfers.get_on(connection, *transfer).is_some() {
                self.swarms.progress(*transfer, *permille, sent);
            }
        }
    }

    /// A client could use more peers, and has lost some.
    pub(super) fn more_peers(
        &mut self,
        connection: ConnectionId,
        transfer: TransferId,
        lost: &[PeerNumber],
    ) {
        if self.transfers.get_on(connection, transfer).is_some() {
            self.swarms.more(self.last_call, transfer, lost);
        }
    }

    /// A client has all of a content and gives it to others, or does so no more.
    pub(super) fn seeding(&mut self, connection: ConnectionId, id: Digest, is_on: bool) {
        if let Some(peer) = self.peers.number(connection) {
            let gives = self.peers.gives(connection);
            self.swarms.seeds(self.last_call, id, (peer, gives), is_on);
        }
    }

    /// A client got wrong bytes from another one. The word of one alone harms nobody.
    pub(super) fn reported_peer(&mut self, connection: ConnectionId, report: &Report) {
        let is_its_own = self.transfers.get_on(connection, report.transfer).is_some();
        if let (Some(liar), Fault::Digest, true) = (report.source.peer(), report.fault, is_its_own)
            && let Some(client) = self.places.get(connection)
        {
            let from = client.address().ip().to_canonical();
            self.swarms
                .accused(self.last_call, report.transfer, from, liar);
        }
    }

    /// True for a client that need not wait for a place: it gives to a swarm that has one, where who gives costs the
    /// secondaries nothing.
    pub(super) fn shares_a_place(&self, connection: ConnectionId, file: &FileMeta) -> bool {
        self.peers.gives(connection).is_on && self.swarms.sharers(file.id).next().is_some()
    }

    /// Tells receivers whom they may ask from now on.
    pub(super) fn tell_swarms(&mut self, now: Instant) {
        for news in self.swarms.take_news(now) {
            let Some(running) = self.transfers.get(news.transfer) else {
                continue;
            };
            let add = news.add.iter();
            let add = add.filter_map(|peer| self.peers.place_of(*peer));
            self.actions.push_back(Action::Introduce {
                connection: running.connection,
                receiver: news.peer,
                transfer: news.transfer,
                id: news.id,
                add: add.collect(),
                drop: news.drop,
                is_swarm: true,
            });
        }
    }
}
