//! The place of this central in its cluster: whether it reigns, where the others are, and what the network hears of it.

use std::net::SocketAddr;

use crate::{
    model::{ClusterId, GroupName, ShortClusterId, Term},
    net::Announcement,
    proto::{
        CentralState, ErrorCode, Reign, Said, announcement::Announced, control::FromCentral,
        said::Details, wire::pairs,
    },
};

/// Among the centrals of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It reigns.
    #[default]
    Active,
    /// It cannot know whether it still does. What runs goes on, and its peers look for another one.
    Limited,
    /// Another one reigns, if that is known.
    Standby(Option<Elsewhere>),
}

/// The central that reigns instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its term.
    pub term: Term,
}

/// The cluster that a central is of, and where its centrals are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which cluster.
    pub cluster: ClusterId,
    /// The centrals, as far as that was said.
    pub centrals: Vec<SocketAddr>,
}

/// How a central announces itself on its network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announce {
    /// What people call its cluster.
    pub group: Option<GroupName>,
}

/// What the owner knows of it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) membership: Membership,
    pub(super) standing: Standing,
    announcing: Option<(Announcement, Announce)>,
}

impl Place {
    /// A central that begins, and announces itself if it is to.
    pub(super) fn new(
        cluster: ClusterId,
        standing: Standing,
        term: Term,
        listens: SocketAddr,
        announce: Option<Announce>,
    ) -> Self {
        let mut place = Self {
            membership: Membership {
                cluster,
                centrals: Vec::new(),
            },
            standing,
            announcing: None,
        };
        // Nobody else could reach it.
        if let Some(announce) = announce.filter(|_| !listens.ip().is_loopback()) {
            let said = place.announced(term, &announce);
            let system = rustix::system::uname();
            let machine = system.nodename().to_string_lossy();
            let node = ShortClusterId(fastrand::u32(..));
            match Announcement::start(&machine, listens, node, &said) {
                Ok(announcement) => place.announcing = Some((announcement, announce)),
                Err(error) => tracing::warn!(%error, "this central does not announce itself"),
            }
        }
        place
    }

    /// It is heard of on its network.
    pub(super) fn is_announced(&self) -> bool {
        self.announcing.is_some()
    }

    fn announced(&self, term: Term, announce: &Announce) -> Announced {
        Announced {
            cluster: Some(self.membership.cluster.short()),
            group: announce.group.clone(),
            state: match &self.standing {
                Standing::Active => Some(CentralState::Active),
                Standing::Limited => Some(CentralState::Limited),
                Standing::Standby(_) => None,
            },
            term,
        }
    }

    /// Has the network hear how this central stands.
    pub(super) fn announce(&self, term: Term) {
        if let Some((announcement, announce)) = &self.announcing {
            let said = self.announced(term, announce);
            if let Err(error) = announcement.say(&said) {
                tracing::warn!(%error, "the announcement is as before");
            }
        }
    }

    /// What it says of itself to its peers.
    pub(super) fn reign(&self, term: Term) -> Reign {
        Reign {
            term,
            cluster: Some(self.membership.cluster),
            state: match self.standing {
                Standing::Limited => CentralState::Limited,
                Standing::Active | Standing::Standby(_) => CentralState::Active,
            },
            centrals: self.membership.centrals.clone(),
            swarm: true,
        }
    }

    /// The announcement ends with the central.
    pub(super) async fn end(&mut self) {
        if let Some((announcement, _)) = self.announcing.take() {
            announcement.end().await;
        }
    }

    /// What a peer is told where another central reigns.
    pub(super) fn refusal(&self) -> Option<FromCentral> {
        let Standing::Standby(elsewhere) = &self.standing else {
            return None;
        };
        let details = Details::Active {
            ip: elsewhere.map(|other| other.address.ip()),
            port: elsewhere.map(|other| other.address.port()),
            term: elsewhere.map(|other| other.term),
            centrals: pairs(&self.membership.centrals),
        };
        let message = match elsewhere {
            Some(other) => format!("not the active central: that is {}", other.address),
            None => "not the active central, and nobody is".to_owned(),
        };
        Some(FromCentral::Error {
            code: ErrorCode::NotActive,
            message: Said {
                message,
                details: Some(details),
            },
        })
    }
}
