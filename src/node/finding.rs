//! Finds the central: which of several, at which of the addresses of its name, and whether it is one that is obeyed. Where
//! to look is decided by [`super::rules::finding`]; `config` is what it is told, `asking` is how one of them is asked, `listening` how those are heard of
//! that announce themselves.

mod asking;
mod config;
mod listening;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
    time::Duration,
};

use tokio::time::timeout;

use self::listening::Listening;
use crate::{
    model::{Term, limits::HELLO_TIMEOUT},
    net::{ConnectError, connect, reachable, resolve},
    node::{
        Lost, clock,
        in_order::InOrder,
        lost::LinkDown,
        rules::{
            finding::{Candidate, Kept, KnownCentrals, Origin, Place},
            terms::LatestTerm,
        },
    },
    proto::{CentralState, ErrorCode, Reign, said::Details, wire::usable},
    store::{Loaded, load_json, save_json_anew},
};

#[cfg(test)]
pub(super) use self::asking::WRITE_STALL;
pub use self::config::{Announcing, Centrals};
pub(super) use self::config::{Connection, LinkConfig};

/// How long one central is waited for while there are others to try.
const PATIENCE: Duration = Duration::from_secs(2);

/// An attempt that came to nothing.
struct Failed {
    down: LinkDown,
    /// Where, if that is one address.
    at: Option<SocketAddr>,
}

impl From<LinkDown> for Failed {
    fn from(down: LinkDown) -> Self {
        Self { down, at: None }
    }
}

impl From<ConnectError> for Failed {
    fn from(error: ConnectError) -> Self {
        LinkDown::from(error).into()
    }
}

/// Which central will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Any that is obeyed.
    Any,
    /// An active one with a later term, while this node has one that is limited.
    After(Term),
}

/// See the module.
pub(super) struct Finder {
    config: LinkConfig,
    known: KnownCentrals,
    listening: Listening,
    latest_term: LatestTerm,
    saved: Option<Kept>,
    saving: InOrder,
}

impl Finder {
    /// True where no more than one central is known.
    pub(super) fn is_one(&self) -> bool {
        self.known.is_one()
    }

    /// With what an earlier run has left.
    pub(super) fn new(config: LinkConfig) -> Self {
        let kept = config.centrals.kept.as_deref().map(load_json::<Kept>);
        let kept = match kept {
            Some(Ok(Loaded::Read(kept))) => kept,
            // It is a hint, and made anew.
            Some(Ok(_) | Err(_)) | None => Kept::default(),
        };
        let mut latest_term = LatestTerm::default();
        latest_term.seen(kept.term());
        Self {
            known: KnownCentrals::new(config.centrals.places.clone(), &kept),
            listening: Listening::new(config.centrals.announced.clone()),
            latest_term,
            saved: Some(kept),
            saving: InOrder::default(),
            config,
        }
    }

    /// Connects to the first central that takes this node.
    ///
    /// # Errors
    /// The first central's no, or else the first trouble.
    pub(super) async fn find(&mut self) -> Result<Connection, LinkDown> {
        self.known.announced(Vec::new());
        let known = self.known.round();
        let is_new = known.is_empty();
        let found = self.go_round(Wanted::Any, known).await;
        if found.is_ok() || !self.listening.is_on() {
            return found;
        }
        match self.listening.look_around().await {
            Ok(announced) => self.known.announced(announced),
            Err(lost) if is_new => return Err(lost.into()),
            Err(_) => return found,
        }
        let heard = self.only_announced();
        if heard.is_empty() {
            return found;
        }
        let connection = self.go_round(Wanted::Any, heard).await?;
        self.listening.rest();
        Ok(connection)
    }

    /// Connects to an active central with a later term, if there is one.
    pub(super) async fn find_later(&mut self, term: Term) -> Option<Connection> {
        let wanted = Wanted::After(term);
        self.known.announced(Vec::new());
        let known = self.known.round();
        let found = self.go_round(wanted, known).await;
        if found.is_ok() || !self.listening.is_on() {
            return found.ok();
        }
        let heard = self.listening.look_around().await;
        self.listening.rest();
        self.known.announced(heard.ok()?);
        let heard = self.only_announced();
        self.go_round(wanted, heard).await.ok()
    }

    /// Those that nobody but they themselves has told of.
    fn only_announced(&self) -> Vec<Candidate> {
        let mut round = self.known.round();
        round.retain(|candidate| matches!(candidate.origin, Origin::Announced(_)));
        round
    }

    /// The central that has taken this node says that another one reigns.
    pub(super) fn moved(&mut self, to: SocketAddr) {
        self.known.moved(to);
    }

    /// The central that has taken this node says something new of its cluster.
    pub(super) fn told(&mut self, reign: &Reign, central: SocketAddr) {
        self.known
            .told(seen_from_here(&reign.centrals, Some(central)));
    }

    /// The latest term that was seen.
    pub(super) fn latest_term(&self) -> Term {
        self.latest_term.get()
    }

    async fn go_round(
        &mut self,
        wanted: Wanted,
        candidates: Vec<Candidate>,
    ) -> Result<Connection, LinkDown> {
        let mut first: Option<LinkDown> = None;
        let mut tried = BTreeSet::new();
        if wanted != Wanted::Any {
            // A second connection to the one that this node has would take the first one's place.
            tried.extend(self.known.last());
        }
        let mut queue = VecDeque::from(candidates);
        while let Some(candidate) = queue.pop_front() {
            let failed = match self.try_at(&candidate, wanted, &mut tried).await {
                Ok(connection) => return Ok(connection),
                Err(Some(failed)) => failed,
                Err(None) => continue,
            };
            if let LinkDown::Lost(Lost::Refused { code, message }) = &failed.down
                && *code == ErrorCode::NotActive
            {
                // The other addresses of a name are other centrals.
                queue.push_front(candidate.clone());
                let next = self.sent_on(&candidate, message.details.as_ref(), failed.at);
                if let Some(next) = next {
                    queue.push_front(next);
                }
            }
            match &first {
                Some(before) if before.is_an_answer() || !failed.down.is_an_answer() => {}
                Some(_) | None => first = Some(failed.down),
            }
        }
        Err(first.unwrap_or(LinkDown::Lost(Lost::Closed)))
    }

    /// Learns from a central that is not the active one, and says where it sends this node. A redirection is followed once:
    /// what says so at its end is not.
    fn sent_on(
        &mut self,
        from: &Candidate,
        details: Option<&Details>,
        at: Option<SocketAddr>,
    ) -> Option<Candidate> {
        let Some(Details::Active {
            ip,
            port,
            term,
            centrals,
        }) = details
        else {
            return None;
        };
        self.known.told(seen_from_here(&usable(centrals), at));
        self.latest_term.seen(term.unwrap_or_default());
        if from.origin == Origin::Redirect {
            return None;
        }
        let named = usable(&[((*ip)?, (*port)?)]);
        let to = seen_from_here(&named, at).first().copied()?;
        Some(self.known.redirect(to))
    }

    /// Tries all addresses of a candidate that were not tried yet; `None` if there are none.
    async fn try_at(
        &mut self,
        candidate: &Candidate,
        wanted: Wanted,
        tried: &mut BTreeSet<SocketAddr>,
    ) -> Result<Connection, Option<Failed>> {
        let mut addresses = match candidate.address {
            Some(address) => vec![address],
            None => self.addresses(&candidate.place).await.map_err(Some)?,
        };
        let is_one = self.known.is_one() && addresses.len() == 1;
        let patience = if is_one && wanted == Wanted::Any {
            HELLO_TIMEOUT
        } else {
            PATIENCE
        };
        addresses.retain(|address| !tried.contains(address));
        let mut first: Option<Failed> = None;
        // What answers at one address of a name need not be what was meant: the others are tried as well.
        while !addresses.is_empty() {
            let (socket, address) = match connect(&self.config.network, &addresses).await {
                Ok(connected) => connected,
                Err(error) => {
                    tried.extend(addresses);
                    return Err(Some(first.unwrap_or_else(|| error.into())));
                }
            };
            tried.insert(address);
            let asked = asking::ask(&self.config, &candidate.place, socket, patience).await;
            let down = match asked.and_then(|found| self.check(candidate, wanted, found)) {
                Ok(connection) => return Ok(connection),
                Err(down) => down,
            };
            let at = Some(address);
            let is_other = matches!(down, LinkDown::Lost(Lost::OtherCluster { .. }));
            if is_other && candidate.origin != Origin::Given {
                // Its user may have named it, and knows better.
                tried.remove(&address);
            }
            if down.is_an_answer() {
                return Err(Some(Failed { down, at }));
            }
            first = first.or(Some(Failed { down, at }));
            addresses.retain(|other| *other != address);
        }
        Err(first)
    }

    async fn addresses(&mut self, place: &Place) -> Result<Vec<SocketAddr>, Failed> {
        let (host, port) = place;
        let resolved = resolve(host, *port);
        let addresses = if self.known.is_one() {
            resolved.await?
        } else {
            let late = |_| ConnectError::Resolve {
                host: host.clone(),
                source: std::io::ErrorKind::TimedOut.into(),
            };
            timeout(PATIENCE, resolved).await.map_err(late)??
        };
        self.known.resolved(place, &addresses);
        Ok(addresses)
    }

    /// Whether a central that has taken this node is one that it wants.
    fn check(
        &mut self,
        candidate: &Candidate,
        wanted: Wanted,
        found: Connection,
    ) -> Result<Connection, LinkDown> {
        let (host, port) = candidate.place.clone();
        let is_other = |other| Lost::OtherCluster {
            host: host.clone(),
            port,
            other,
        };
        let is_new = self.known.check(candidate, &found.reign).map_err(is_other);
        if is_new? {
            self.latest_term.forget();
        }
        if let Wanted::After(term) = wanted {
            let later = found.reign.state == CentralState::Active && found.reign.term > term;
            if !later {
                return Err(Lost::Closed.into());
            }
        }
        let greeted = self.latest_term.greeted(clock::now(), found.reign.term);
        greeted.map_err(|outdated| Lost::Outdated {
            host,
            port,
            outdated,
        })?;
        self.taken(candidate, &found);
        Ok(found)
    }

    fn taken(&mut self, candidate: &Candidate, found: &Connection) {
        let centrals = seen_from_here(&found.reign.centrals, Some(found.central));
        self.known
            .taken(candidate, found.central, &found.reign, centrals);
        let kept = self.known.kept(found.reign.term);
        let Some(path) = self.config.centrals.kept.clone() else {
            return;
        };
        if kept.is_some() && kept != self.saved {
            self.saved.clone_from(&kept);
            // It is a hint: without a place for it the next run asks more.
            self.saving.run(move || save_json_anew(&path, &kept));
        }
    }
}

/// Addresses that a central at `there` has named.
pub(super) fn seen_from_here(named: &[SocketAddr], there: Option<SocketAddr>) -> Vec<SocketAddr> {
    let here = named.iter().flat_map(|at| reachable(*at, there));
    here.collect()
}
