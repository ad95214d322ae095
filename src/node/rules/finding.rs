//! Where a node looks for its central, and in which order. Knows neither names' addresses nor sockets.
//!
//! A node is told centrals by its user (*given*), by a central or by an earlier run (*told*), or hears them announced. What
//! a node was told is only believed of the cluster that it knows, so that an address which belongs to somebody else by now
//! leads nowhere.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};

use crate::{
    model::{ClusterId, ShortClusterId, Term, error_codes, limits::MAX_CENTRALS},
    proto::wire::{Reign, pairs, usable},
};

/// A host name or an address, and a port.
pub type Place = (String, u16);

/// Somewhere to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// As it is dialled: its certificate is of that name or address.
    pub place: Place,
    /// Only there, and not at all addresses of the place.
    pub address: Option<SocketAddr>,
    /// How it is known.
    pub origin: Origin,
}

/// How a candidate is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its user said it.
    Given,
    /// A central of the cluster said it, in this run or an earlier one.
    Told,
    /// A central that was asked has just said so. What it says to that is followed no further.
    Redirect,
    /// It was heard on the network, as of that cluster.
    Announced(Option<ShortClusterId>),
}

/// What answers is of another cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("of another cluster")]
pub struct OtherCluster;

error_codes!(OtherCluster, code {
    Self => "other-cluster",
});

/// What one run leaves for the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// Of which cluster all this is.
    cluster: Option<ClusterId>,
    /// The latest term that was seen.
    term: Term,
    /// The central that took this node last.
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<(std::net::IpAddr, u16)>,
    /// All that it had named.
    centrals: Vec<(std::net::IpAddr, u16)>,
}

impl Kept {
    /// The latest term that was seen.
    pub fn term(&self) -> Term {
        self.term
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct KnownCentrals {
    given: Vec<Place>,
    told: Vec<SocketAddr>,
    announced: Vec<(SocketAddr, Option<ShortClusterId>)>,
    /// Where the last one was that took this node.
    last: Option<Candidate>,
    /// Where that one has sent this node.
    moved: Option<SocketAddr>,
    cluster: Option<ClusterId>,
    /// What the addresses of given names were, when they were last resolved.
    names: BTreeMap<SocketAddr, Place>,
}

impl KnownCentrals {
    /// With what its user said and an earlier run left.
    pub fn new(given: Vec<Place>, kept: &Kept) -> Self {
        let mut known = Self {
            given,
            ..Self::default()
        };
        // Of no cluster, it could be anybody's.
        if kept.cluster.is_some() {
            known.cluster = kept.cluster;
            known.told = usable(&kept.centrals);
            let active = usable(kept.active.as_slice()).first().copied();
            known.last = active.map(|at| known.at(at, Origin::Told));
        }
        known
    }

    /// All that is worth a try, in order: where the last central has sent this node, the last one, those that its user
    /// named, those that a central did, those that announce themselves. Addresses come once; names may lead to them again.
    pub fn round(&self) -> Vec<Candidate> {
        let given = self.given.iter().map(|place| Candidate {
            place: place.clone(),
            address: None,
            origin: Origin::Given,
        });
        let at = |at: &SocketAddr| self.at(*at, Origin::Told);
        let announced = self.announced.iter();
        let mut round: Vec<Candidate> = Vec::new();
        for candidate in self
            .moved
            .iter()
            .map(|to| self.at(*to, Origin::Redirect))
            .chain(self.last.clone())
            .chain(given)
            .chain(self.told.iter().map(at))
            .chain(announced.map(|(to, cluster)| self.at(*to, Origin::Announced(*cluster))))
        {
            let is_there = |other: &Candidate| match candidate.address {
                Some(address) => other.address == Some(address),
                None => other.address.is_none() && other.place == candidate.place,
            };
            if !round.iter().any(is_there) {
                round.push(candidate);
            }
        }
        round
    }

    /// Where the last one was that took this node.
    pub fn last(&self) -> Option<SocketAddr> {
        self.last.as_ref()?.address
    }

    /// True if there is but one central to try, so that it may take its time.
    pub fn is_one(&self) -> bool {
        let last = self.last();
        let told = self.told.iter().chain(&self.moved);
        let others = told.chain(self.announced.iter().map(|(at, _)| at));
        let others = others.filter(|at| Some(**at) != last && !self.names.contains_key(at));
        self.given.len() + others.count() <= 1
    }

    /// The addresses of a given place.
    pub fn resolved(&mut self, place: &Place, addresses: &[SocketAddr]) {
        if self.given.contains(place) {
            self.names.retain(|_, known| known != place);
            let named = addresses.iter().map(|at| (*at, place.clone()));
            self.names.extend(named);
        }
    }

    /// Where somebody was sent who asked another central.
    pub fn redirect(&self, to: SocketAddr) -> Candidate {
        self.at(to, Origin::Redirect)
    }

    /// The central that has taken this node sends it elsewhere.
    pub fn moved(&mut self, to: SocketAddr) {
        self.moved = Some(to);
    }

    /// A central has named all of its cluster, as they are seen from here.
    pub fn told(&mut self, centrals: Vec<SocketAddr>) {
        if !centrals.is_empty() {
            self.told = centrals;
            self.told.truncate(MAX_CENTRALS);
        }
    }

    /// Those that announce themselves now.
    pub fn announced(&mut self, centrals: Vec<(SocketAddr, Option<ShortClusterId>)>) {
        self.announced = centrals;
    }

    /// A central said hello; true if its cluster is not the one that was known before.
    ///
    /// # Errors
    /// If it is not what was looked for there.
    pub fn check(&self, candidate: &Candidate, reign: &Reign) -> Result<bool, OtherCluster> {
        let is_new = self.cluster.is_some() && reign.cluster != self.cluster;
        match candidate.origin {
            Origin::Given => Ok(is_new),
            Origin::Told | Origin::Redirect if is_new => Err(OtherCluster),
            Origin::Told | Origin::Redirect => Ok(false),
            Origin::Announced(said) => {
                let is_it = said.is_none() || reign.cluster.map(ClusterId::short) == said;
                is_it.then_some(is_new).ok_or(OtherCluster)
            }
        }
    }

    /// A central has taken this node. `centrals` are those that it named, as they are seen from here.
    pub fn taken(
        &mut self,
        candidate: &Candidate,
        address: SocketAddr,
        reign: &Reign,
        centrals: Vec<SocketAddr>,
    ) {
        if self.cluster.is_some() && reign.cluster != self.cluster {
            self.told.clear();
        }
        self.cluster = reign.cluster;
        self.moved = None;
        self.last = Some(Candidate {
            address: Some(address),
            ..candidate.clone()
        });
        self.told(centrals);
    }

    /// What the next run should know, if that is more than its user says.
    pub fn kept(&self, term: Term) -> Option<Kept> {
        let cluster = self.cluster?;
        if self.told.is_empty() {
            return None;
        }
        let last = self.last();
        Some(Kept {
            cluster: Some(cluster),
            term,
            active: last.map(|at| (at.ip(), at.port())),
            centrals: pairs(&self.told),
        })
    }

    /// An address, dialled by the name that its user gave it, if there is one: certificates are of names.
    fn at(&self, at: SocketAddr, origin: Origin) -> Candidate {
        let by_itself = || (at.ip().to_string(), at.port());
        let place = self.names.get(&at).cloned();
        Candidate {
            place: place.unwrap_or_else(by_itself),
            address: Some(at),
            origin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Option<ClusterId> = Some(ClusterId(0xaaaa_bbbb_cccc_dddd));

    fn at(host: u8) -> SocketAddr {
        ([10, 0, 0, host], 50_000).into()
    }

    fn reign(cluster: Option<ClusterId>) -> Reign {
        Reign {
            cluster,
            ..Term(5).into()
        }
    }

    fn given(names: &[&str]) -> KnownCentrals {
        let places = names.iter().map(|name| ((*name).to_owned(), 50_000));
        KnownCentrals::new(places.collect(), &Kept::default())
    }

    /// A round as text: names, or addresses with the name that they are dialled by.
    fn round(known: &KnownCentrals) -> Vec<String> {
        let said = |candidate: Candidate| match candidate.address {
            Some(at) if candidate.place.0 == at.ip().to_string() => at.ip().to_string(),
            Some(at) => format!("{}={}", candidate.place.0, at.ip()),
            None => candidate.place.0,
        };
        known.round().into_iter().map(said).collect()
    }

    #[test]
    fn the_last_one_comes_first_and_what_it_says_before_all() {
        let mut known = given(&["a", "b"]);
        assert_eq!(round(&known), ["a", "b"]);
        known.resolved(&("b".to_owned(), 50_000), &[at(2)]);
        let candidate = known.round()[1].clone();
        known.taken(&candidate, at(2), &reign(OURS), vec![at(1), at(2), at(3)]);
        assert_eq!(
            round(&known),
            ["b=10.0.0.2", "a", "b", "10.0.0.1", "10.0.0.3"]
        );
        known.moved(at(3));
        assert_eq!(
            round(&known),
            ["10.0.0.3", "b=10.0.0.2", "a", "b", "10.0.0.1"]
        );
        known.taken(&known.redirect(at(3)), at(3), &reign(OURS), Vec::new());
        assert_eq!(
            round(&known),
            ["10.0.0.3", "a", "b", "10.0.0.1", "b=10.0.0.2"]
        );
    }

    #[test]
    fn one_central_may_take_its_time() {
        let mut known = given(&["a"]);
        assert!(known.is_one());
        known.resolved(&("a".to_owned(), 50_000), &[at(1)]);
        let candidate = known.round()[0].clone();
        known.taken(&candidate, at(1), &reign(OURS), vec![at(1)]);
        assert!(known.is_one());
        known.told(vec![at(1), at(2)]);
        assert!(!known.is_one());
        assert!(!given(&["a", "b"]).is_one());
    }

    #[test]
    fn what_was_told_is_believed_of_one_cluster_only() {
        let mut known = given(&["a"]);
        let named = known.round()[0].clone();
        assert_eq!(known.check(&named, &reign(OURS)), Ok(false));
        known.taken(&named, at(1), &reign(OURS), vec![at(1), at(2)]);
        let told = known.round().pop().unwrap();
        assert_eq!(told.origin, Origin::Told);
        assert_eq!(known.check(&told, &reign(OURS)), Ok(false));
        for other in [None, Some(ClusterId(1))] {
            assert_eq!(known.check(&told, &reign(other)), Err(OtherCluster));
            let redirect = known.redirect(at(9));
            assert_eq!(known.check(&redirect, &reign(other)), Err(OtherCluster));
            // Its user knows better.
            assert_eq!(known.check(&named, &reign(other)), Ok(true));
        }
        known.taken(&named, at(1), &reign(Some(ClusterId(1))), Vec::new());
        assert_eq!(round(&known), ["a=10.0.0.1", "a"]);
        // An announcement is a hint.
        let announced = |said| Candidate {
            origin: Origin::Announced(said),
            ..named.clone()
        };
        let short = OURS.map(ClusterId::short);
        assert_eq!(known.check(&announced(short), &reign(OURS)), Ok(true));
        assert_eq!(known.check(&announced(None), &reign(OURS)), Ok(true));
        let wrong = announced(Some(ShortClusterId(7)));
        assert_eq!(known.check(&wrong, &reign(OURS)), Err(OtherCluster));
    }

    #[test]
    fn the_next_run_knows_what_this_one_was_told() {
        let mut known = given(&["a"]);
        let named = known.round()[0].clone();
        known.taken(&named, at(1), &reign(OURS), Vec::new());
        // Its user says as much.
        assert_eq!(known.kept(Term(5)), None);
        known.told(vec![at(1), at(2)]);
        let kept = known.kept(Term(5)).unwrap();
        let json = serde_json::to_string(&kept).unwrap();
        let read: Kept = serde_json::from_str(&json).unwrap();
        assert_eq!((&read, read.term()), (&kept, Term(5)));
        let next = KnownCentrals::new(vec![("a".to_owned(), 50_000)], &read);
        assert_eq!(round(&next), ["10.0.0.1", "a", "10.0.0.2"]);
        let last = next.round()[0].clone();
        assert_eq!(next.check(&last, &reign(None)), Err(OtherCluster));
        // Nothing of an unknown cluster is taken.
        let odd = r#"{"centrals":[["10.0.0.9",1]],"active":["10.0.0.9",1]}"#;
        let odd: Kept = serde_json::from_str(odd).unwrap();
        assert!(KnownCentrals::new(Vec::new(), &odd).round().is_empty());
    }
}
