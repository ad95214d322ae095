//! Clients that a person sends away: connections, downloads, places and, for a while, the name.

use std::{collections::BTreeSet, time::Instant};

use super::{
    Action, Cluster, LinkId, Refusal,
    machine::{Client, Peer, Request},
};
use crate::model::{
    ClientName, Outcome, SecondaryNumber, TransferId, limits::EXPELLED_FOR, messages::ForSecondary,
};

/// What became of a wish to send a client away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expelled {
    /// So many connections of that name ended. A client that has none, but is still being sent something, counts as
    /// one.
    Clients(u32),
    /// Nobody of that name is connected or is being sent anything.
    NoSuchClient,
}

impl Cluster {
    /// Ends all that clients of a name have, and refuses the name for [`EXPELLED_FOR`]. Secondaries are told to send
    /// nothing more in their transfers. A legacy client, which only its secondaries know by name, loses
    /// what it is being sent and is not refused afterwards.
    pub fn expel(&mut self, now: Instant, name: &str) -> Expelled {
        self.notice_own_stop(now);
        let Ok(name) = ClientName::try_from(name) else {
            return Expelled::NoSuchClient;
        };
        let has_name = |peer: &Peer| match peer {
            Peer::Client(client) => client.name.as_ref() == Some(&name),
            Peer::Secondary { .. } => false,
        };
        let peers = self.peers.iter().filter(|(_, peer)| has_name(peer));
        let links: Vec<LinkId> = peers.map(|(link, _)| *link).collect();
        let sent: BTreeSet<_> = self.traffic.open_to(name.as_str()).into_iter().collect();
        if links.is_empty() && sent.is_empty() {
            return Expelled::NoSuchClient;
        }
        self.expelled.insert(name, now + EXPELLED_FOR);
        for (number, transfer) in sent {
            self.stop_sending(number, transfer);
            self.ledger.expel(now, transfer);
        }
        links.iter().for_each(|link| self.send_away(*link));
        self.after(now);
        Expelled::Clients(links.len().max(1) as u32)
    }

    /// True while a name is refused.
    pub(super) fn is_expelled(&mut self, name: &ClientName) -> bool {
        let now = self.last_call;
        self.expelled.retain(|_, until| *until > now);
        self.expelled.contains_key(name)
    }

    /// Ends a client's connection and all that it has.
    pub(super) fn send_away(&mut self, link: LinkId) {
        if !matches!(self.peers.get(&link), Some(Peer::Client(_))) {
            return self.wrong_role(link, "enrol");
        }
        let Some(Peer::Client(client)) = self.peers.remove(&link) else {
            return;
        };
        let refusal = Refusal::Expelled;
        self.actions.push_back(Action::Close { link, refusal });
        let now = self.last_call;
        let running = self.running_of(&client);
        for transfer in &running {
            let assigned = self.transfers.get(transfer).map(|t| t.ranges.keys());
            let numbers: BTreeSet<_> = assigned.into_iter().flatten().copied().collect();
            for number in numbers.into_iter().chain(self.ledger.involved(*transfer)) {
                self.stop_sending(number, *transfer);
            }
        }
        self.client_gone(now, link, client);
        for transfer in running {
            self.ledger.expel(now, transfer);
        }
    }

    fn running_of(&self, client: &Client) -> Vec<TransferId> {
        let running = client
            .requests
            .values()
            .filter_map(|request| match request {
                Request::Running(transfer) => Some(*transfer),
                Request::Waiting { .. } => None,
            });
        running.collect()
    }

    fn stop_sending(&mut self, number: SecondaryNumber, transfer: TransferId) {
        let Some(link) = self.membership.link(number) else {
            return;
        };
        let ended = ForSecondary::Ended {
            transfer,
            outcome: Outcome::Cancelled,
            expelled: true,
        };
        let ended = Action::ToSecondary(link, ended);
        if !self.actions.contains(&ended) {
            self.actions.push_back(ended);
        }
    }
}
