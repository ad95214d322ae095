//! One member of a swarm.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::model::{PeerNumber, TransferId};

/// What is taken for the uplink of one that does not say what it has, in bytes per second.
const ANY_UPLINK: u64 = 12_500_000;
/// Links that a member may have.
pub(super) const MOST_LINKS: usize = 24;
/// A member that so many others cannot reach, or that so many addresses accuse of wrong bytes, is named to nobody more.
pub(super) const TOO_MANY: usize = 3;
/// What is told to members that have not asked is gathered for so long.
pub(super) const GATHER: Duration = Duration::from_millis(250);

/// What a member gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gives {
    /// It can be asked for chunks.
    pub is_on: bool,
    /// What it can send, in bytes per second; 0 when nobody knows.
    pub uplink: u64,
}

/// Some 300 bytes, whatever the file.
#[derive(Debug)]
pub(super) struct Member {
    /// Where it receives; one that only gives has none.
    pub(super) transfer: Option<TransferId>,
    /// It gives when it has all.
    pub(super) seeds: bool,
    pub(super) gives: Gives,
    /// The most that it was seen to send, in bytes per second.
    pub(super) sends: u64,
    pub(super) permille: u16,
    /// Those that ask it or that it asks.
    pub(super) links: BTreeSet<PeerNumber>,
    /// Who gave it up, and who got wrong bytes from it.
    pub(super) missed_by: BTreeSet<PeerNumber>,
    pub(super) accused_by: BTreeSet<IpAddr>,
    /// What it is to be told, and when.
    pub(super) add: BTreeSet<PeerNumber>,
    pub(super) drop: BTreeSet<PeerNumber>,
    pub(super) due: Option<Instant>,
}

impl Member {
    pub(super) fn new(gives: Gives) -> Self {
        Self {
            transfer: None,
            seeds: false,
            gives,
            sends: 0,
            permille: 0,
            links: BTreeSet::new(),
            missed_by: BTreeSet::new(),
            accused_by: BTreeSet::new(),
            add: BTreeSet::new(),
            drop: BTreeSet::new(),
            due: None,
        }
    }

    /// It gives, and no three have had trouble with it.
    pub(super) fn may_be_asked(&self) -> bool {
        self.gives.is_on && self.missed_by.len() < TOO_MANY && self.accused_by.len() < TOO_MANY
    }

    /// The same, and it has a link to spare.
    pub(super) fn may_be_named(&self) -> bool {
        self.may_be_asked() && self.links.len() < MOST_LINKS
    }

    /// What it can spare for one more.
    pub(super) fn worth(&self) -> f64 {
        let uplink = match self.gives.uplink {
            0 => self.sends.max(ANY_UPLINK),
            uplink => uplink,
        };
        let has = f64::from(self.permille) + 1.0;
        uplink as f64 * has / (self.links.len() as f64 + 1.0)
    }

    /// It is told soon, with what else there is by then.
    pub(super) fn tell_later(&mut self, now: Instant) {
        self.due.get_or_insert(now + GATHER);
    }
}
