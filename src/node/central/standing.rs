//! How this central stands among those of its cluster, and what its peers and the network hear of that. Whoever runs several
//! centrals decides it; a central by itself is always the active one.

use std::{net::SocketAddr, time::Instant};

use super::{inputs::Peer, state::Central};
use crate::{
    engine::cluster::{ConnectionId, Event, Parting},
    model::{ClusterId, GroupName, ShortClusterId, Term},
    net::Announcement,
    proto::{
        CentralState, ErrorCode, Hello, PeerRole, Reign, Said, announcement::Announced,
        control::FromCentral, said::Details, wire::pairs,
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
    standing: Standing,
    announcing: Option<(Announcement, Announce)>,
}

impl Place {
    /// A central that reigns, and announces itself if it is to.
    pub(super) fn new(
        cluster: ClusterId,
        term: Term,
        listens: SocketAddr,
        announce: Option<Announce>,
    ) -> Self {
        let mut place = Self {
            membership: Membership {
                cluster,
                centrals: Vec::new(),
            },
            standing: Standing::Active,
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

    /// The announcement ends with the central.
    pub(super) async fn end(&mut self) {
        if let Some((announcement, _)) = self.announcing.take() {
            announcement.end().await;
        }
    }

    /// What a peer is told where another central reigns.
    fn refusal(&self) -> Option<FromCentral> {
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

impl Central {
    /// What this central says of itself.
    fn hello(&self) -> FromCentral {
        FromCentral::Hello(Hello::from_role(&PeerRole::Central(Reign {
            term: self.cluster.term(),
            cluster: Some(self.place.membership.cluster),
            state: match self.place.standing {
                Standing::Limited => CentralState::Limited,
                Standing::Active | Standing::Standby(_) => CentralState::Active,
            },
            centrals: self.place.membership.centrals.clone(),
        })))
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
            // Once its outbox is dropped, the connection sends what is left in it and ends.
            self.peers.remove(&connection);
            return;
        }
        self.cluster.handle_event(now, connection, hello);
        if self.cluster.has_peer(connection) {
            // It comes before all that follows from the enrolment. A refused peer gets an error instead.
            self.send(connection, self.hello());
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
        self.announce();
        match self.place.standing.clone() {
            Standing::Active | Standing::Limited if was_here => self.say_hello_again(),
            Standing::Active | Standing::Limited => {}
            Standing::Standby(elsewhere) => self.send_all_away(now, elsewhere),
        }
    }

    /// Is of a cluster from now on, and says so.
    pub(super) fn join(&mut self, membership: Membership) {
        self.place.membership = membership;
        self.announce();
        self.say_hello_again();
    }

    /// Has the network hear how this central stands.
    fn announce(&self) {
        if let Some((announcement, announce)) = &self.place.announcing {
            let said = self.place.announced(self.cluster.term(), announce);
            if let Err(error) = announcement.say(&said) {
                tracing::warn!(%error, "the announcement is as before");
            }
        }
    }

    fn say_hello_again(&mut self) {
        let connections: Vec<_> = self.peers.keys().copied().collect();
        for connection in connections {
            self.send(connection, self.hello());
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
            self.peers.remove(&connection);
            // It has not gone: it goes on elsewhere.
            let closed = Event::Closed(Parting::Broken);
            self.cluster.handle_event(now, connection, closed);
        }
    }
}
