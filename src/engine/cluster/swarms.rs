//! Who gives chunks to whom: the clients that receive one content, or have it, are a swarm, and each is told of some
//! others. Knows what each can give and roughly how far it is, and nothing of chunks; knows neither names nor addresses.
//!
//! A swarm begins once somebody receives a content and somebody else could give it chunks. So one client alone goes on
//! as if there were no swarms.

mod member;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Instant};

pub use self::member::Gives;
use self::member::{Member, TOO_MANY};
use crate::{
    engine::random::Random,
    model::{Digest, PeerNumber, TransferId},
};

/// Links that a member should have. Of those that are made for it at its beginning some go to those
/// who can give most; the rest are random, so that no part of the swarm is cut off.
const TARGET_LINKS: usize = 12;
const FIRST_LINKS: usize = 6;
const BIASED_OF_SIX: usize = 2;

/// See the module.
#[derive(Debug)]
pub struct Swarms {
    swarms: BTreeMap<Digest, Swarm>,
    of: BTreeMap<TransferId, (Digest, PeerNumber)>,
    random: Random,
}

#[derive(Debug, Default)]
struct Swarm {
    members: BTreeMap<PeerNumber, Member>,
    has_begun: bool,
}

/// What a member is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Where it receives.
    pub transfer: TransferId,
    /// What.
    pub id: Digest,
    /// The member.
    pub peer: PeerNumber,
    /// Those that it may ask from now on.
    pub add: Vec<PeerNumber>,
    /// Those that have nothing for it any more.
    pub drop: Vec<PeerNumber>,
}

impl Swarms {
    /// None yet. What is chosen at random is by the seed.
    pub fn new(seed: u64) -> Self {
        Self {
            swarms: BTreeMap::new(),
            of: BTreeMap::new(),
            random: Random::new(seed),
        }
    }

    /// A client that knows swarms receives a content. One that receives it already in another transfer is one member all
    /// the same.
    pub fn join(
        &mut self,
        now: Instant,
        (transfer, id): (TransferId, Digest),
        peer: PeerNumber,
        gives: Gives,
    ) {
        let swarm = self.swarms.entry(id).or_default();
        let member = swarm
            .members
            .entry(peer)
            .or_insert_with(|| Member::new(gives));
        if member.transfer.is_some() {
            return;
        }
        member.transfer = Some(transfer);
        member.due = swarm.has_begun.then_some(now);
        self.of.insert(transfer, (id, peer));
        self.begin(now, id);
        self.make_links(now, id, peer, FIRST_LINKS);
    }

    /// A transfer is over. Its receiver stays if it has said that it gives what it has.
    pub fn ended(&mut self, transfer: TransferId) {
        let Some((id, peer)) = self.of.remove(&transfer) else {
            return;
        };
        let Some(member) = self.member(id, peer) else {
            return;
        };
        member.transfer = None;
        member.due = None;
        member.permille = 1000;
        if !member.seeds {
            self.leave(id, peer);
        }
    }

    /// A client has all of a content and gives it, or does so no more.
    pub fn seeds(
        &mut self,
        now: Instant,
        id: Digest,
        (peer, gives): (PeerNumber, Gives),
        is_on: bool,
    ) {
        if is_on && gives.is_on {
            let swarm = self.swarms.entry(id).or_default();
            let member = swarm
                .members
                .entry(peer)
                .or_insert_with(|| Member::new(gives));
            member.seeds = true;
            member.permille = 1000;
            self.begin(now, id);
        } else if let Some(member) = self.member(id, peer) {
            member.seeds = false;
            if member.transfer.is_none() {
                self.leave(id, peer);
            }
        }
    }

    /// What a client gives has changed. Those who ask one that gives nothing any more are told so.
    pub fn gives(&mut self, now: Instant, peer: PeerNumber, gives: Gives) {
        let ids: Vec<_> = self.swarms_of(peer).collect();
        for id in ids {
            let Some(member) = self.member(id, peer) else {
                continue;
            };
            let before = std::mem::replace(&mut member.gives, gives);
            if before.is_on && !gives.is_on {
                self.drop_everywhere(now, id, peer);
            } else if gives.is_on && !before.is_on {
                self.begin(now, id);
            }
        }
    }

    /// A client is gone.
    pub fn gone(&mut self, peer: PeerNumber) {
        let ids: Vec<_> = self.swarms_of(peer).collect();
        for id in ids {
            self.leave(id, peer);
        }
    }

    /// How far a transfer is, in thousandths. What its receiver sends at most is what it can send, where it did not say.
    pub fn progress(&mut self, transfer: TransferId, permille: u16, sends: u64) {
        if let Some(&(id, peer)) = self.of.get(&transfer)
            && let Some(member) = self.member(id, peer)
        {
            member.permille = permille.min(1000);
            member.sends = member.sends.max(sends);
        }
    }

    /// A receiver could use more peers, and has given these up.
    pub fn more(&mut self, now: Instant, transfer: TransferId, lost: &[PeerNumber]) {
        let Some(&(id, peer)) = self.of.get(&transfer) else {
            return;
        };
        for other in lost {
            let Some(member) = self.member(id, peer) else {
                return;
            };
            // Only of those that it was told of.
            if member.links.remove(other)
                && let Some(other) = self.member(id, *other)
            {
                other.links.remove(&peer);
                other.missed_by.insert(peer);
            }
        }
        let links = self.member(id, peer).map_or(0, |member| member.links.len());
        let wanted = TARGET_LINKS.saturating_sub(links).div_ceil(2);
        self.make_links(now, id, peer, wanted);
        if let Some(member) = self.member(id, peer)
            && !member.add.is_empty()
        {
            member.due = Some(now);
        }
    }

    /// A receiver at an address got wrong bytes from a peer. Says whether that one is named to nobody any more by that.
    pub fn accused(
        &mut self,
        now: Instant,
        transfer: TransferId,
        from: std::net::IpAddr,
        liar: PeerNumber,
    ) -> bool {
        let Some(&(id, _)) = self.of.get(&transfer) else {
            return false;
        };
        let Some(member) = self.member(id, liar) else {
            return false;
        };
        let is_news = member.accused_by.len() < TOO_MANY
            && member.accused_by.insert(from)
            && member.accused_by.len() == TOO_MANY;
        if is_news {
            self.drop_everywhere(now, id, liar);
        }
        is_news
    }

    /// True for a transfer whose receiver may ask others.
    pub fn has_begun(&self, id: Digest) -> bool {
        self.swarms.get(&id).is_some_and(|swarm| swarm.has_begun)
    }

    /// Transfers of a content whose receivers give to others.
    pub fn sharers(&self, id: Digest) -> impl Iterator<Item = TransferId> + '_ {
        let members = self
            .swarms
            .get(&id)
            .into_iter()
            .flat_map(|swarm| swarm.members.values());
        members
            .filter(|member| member.gives.is_on)
            .filter_map(|member| member.transfer)
    }

    /// What members are to be told now.
    pub fn take_news(&mut self, now: Instant) -> Vec<News> {
        let mut all = Vec::new();
        for (id, swarm) in &mut self.swarms {
            for (peer, member) in &mut swarm.members {
                if let Some(transfer) = member.transfer
                    && member.due.is_some_and(|due| due <= now)
                {
                    member.due = None;
                    all.push(News {
                        transfer,
                        id: *id,
                        peer: *peer,
                        add: std::mem::take(&mut member.add).into_iter().collect(),
                        drop: std::mem::take(&mut member.drop).into_iter().collect(),
                    });
                }
            }
        }
        all
    }

    /// When [`Self::take_news`] has something.
    pub fn next_news(&self) -> Option<Instant> {
        let members = self
            .swarms
            .values()
            .flat_map(|swarm| swarm.members.values());
        members.filter_map(|member| member.due).min()
    }

    fn member(&mut self, id: Digest, peer: PeerNumber) -> Option<&mut Member> {
        self.swarms.get_mut(&id)?.members.get_mut(&peer)
    }

    fn swarms_of(&self, peer: PeerNumber) -> impl Iterator<Item = Digest> + '_ {
        let with = self.swarms.iter();
        with.filter(move |(_, swarm)| swarm.members.contains_key(&peer))
            .map(|(id, _)| *id)
    }

    /// Begins a swarm if it is time: all who receive are told, and find each other.
    fn begin(&mut self, now: Instant, id: Digest) {
        let Some(swarm) = self.swarms.get_mut(&id) else {
            return;
        };
        if swarm.has_begun || !swarm.is_worth_it() {
            return;
        }
        swarm.has_begun = true;
        let mut receivers = Vec::new();
        for (peer, member) in &mut swarm.members {
            if member.transfer.is_some() {
                member.due = Some(now);
                receivers.push(*peer);
            }
        }
        for peer in receivers {
            self.make_links(now, id, peer, FIRST_LINKS);
        }
    }

    /// Finds so many more peers for a member, as far as there are such.
    fn make_links(&mut self, now: Instant, id: Digest, peer: PeerNumber, wanted: usize) {
        let random = &mut self.random;
        let Some(swarm) = self.swarms.get_mut(&id).filter(|swarm| swarm.has_begun) else {
            return;
        };
        let Some(own) = swarm.members.get(&peer) else {
            return;
        };
        let wanted = wanted.min(TARGET_LINKS.saturating_sub(own.links.len()));
        let is_candidate = |(other, member): &(&PeerNumber, &Member)| {
            **other != peer && member.may_be_named() && !own.links.contains(*other)
        };
        let candidates = swarm.members.iter().filter(is_candidate);
        let mut candidates: Vec<_> = candidates
            .map(|(other, member)| (*other, member.worth()))
            .collect();
        random.shuffle(&mut candidates);
        let biased = (wanted * BIASED_OF_SIX).div_ceil(FIRST_LINKS);
        for place in 0..biased.min(candidates.len()) {
            let rest = candidates[place..].iter().enumerate();
            let best = rest.max_by(|a, b| a.1.1.total_cmp(&b.1.1));
            if let Some((at, _)) = best {
                candidates.swap(place, place + at);
            }
        }
        let chosen: Vec<_> = candidates
            .iter()
            .take(wanted)
            .map(|(other, _)| *other)
            .collect();
        for other in chosen {
            swarm.link(now, peer, other);
        }
    }

    /// A member gives nothing any more: whoever was told of it is told that.
    fn drop_everywhere(&mut self, now: Instant, id: Digest, peer: PeerNumber) {
        let Some(swarm) = self.swarms.get_mut(&id) else {
            return;
        };
        for (_, other) in swarm
            .members
            .iter_mut()
            .filter(|(number, _)| **number != peer)
        {
            if other.links.contains(&peer) && !other.add.remove(&peer) {
                other.drop.insert(peer);
                other.tell_later(now);
            }
        }
    }

    /// A member is no more. The others notice by themselves.
    fn leave(&mut self, id: Digest, peer: PeerNumber) {
        let Some(swarm) = self.swarms.get_mut(&id) else {
            return;
        };
        if let Some(member) = swarm.members.remove(&peer)
            && let Some(transfer) = member.transfer
        {
            self.of.remove(&transfer);
        }
        for other in swarm.members.values_mut() {
            other.links.remove(&peer);
            other.add.remove(&peer);
        }
        if swarm.members.is_empty() {
            self.swarms.remove(&id);
        }
    }
}

impl Swarm {
    /// Somebody receives, and somebody else could give.
    fn is_worth_it(&self) -> bool {
        let receivers = self
            .members
            .iter()
            .filter(|(_, member)| member.transfer.is_some());
        receivers.into_iter().any(|(peer, _)| {
            let mut others = self.members.iter().filter(|(other, _)| *other != peer);
            others.any(|(_, other)| other.gives.is_on)
        })
    }

    /// Each of two may ask the other, as far as that one gives.
    fn link(&mut self, now: Instant, a: PeerNumber, b: PeerNumber) {
        for (one, other) in [(a, b), (b, a)] {
            let other_gives = self.members.get(&other).is_some_and(Member::may_be_asked);
            if let Some(member) = self.members.get_mut(&one) {
                member.links.insert(other);
                if other_gives && member.transfer.is_some() {
                    member.add.insert(other);
                    member.tell_later(now);
                }
            }
        }
    }
}
