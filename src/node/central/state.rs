//! What the central's owner has and knows: the machine, its connections, its books.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, watch};

use super::{
    CentralEvent, api::Reigns, catalogue::Shown, connection::Context, counting::Figures,
    effects::Effect, inputs::Peer, journal::Journal, news::News, pages::Pages, place::Place,
    several::Several, statistics::Statistics,
};
use crate::{
    engine::cluster::{Cluster, ConnectionId, CountsVersion, FileCounts},
    node::{Refused, StatisticsTrouble, clock, face::ExpelledHosts, server::Server},
    proto::ticket::SigningKey,
    store::StoreError,
};

/// See the module.
pub(super) struct Central {
    pub(super) server: Server,
    pub(super) cluster: Cluster,
    pub(super) journal: Journal,
    /// What it has as one of several centrals.
    pub(super) several: Option<Several>,
    pub(super) statistics: Statistics,
    pub(super) events: mpsc::Sender<CentralEvent>,
    pub(super) context: Context,
    pub(super) place: Place,
    /// What those are told who ask it.
    pub(super) reigns: watch::Sender<Reigns>,
    pub(super) peers: HashMap<ConnectionId, Peer>,
    pub(super) next_connection: u64,
    /// What lets clients ask each other.
    pub(super) signer: SigningKey,
    pub(super) pages: Pages,
    pub(super) counts: Counts,
    /// Hosts whose requests by HTTP are refused.
    pub(super) expelled: ExpelledHosts,
    pub(super) shown: Shown,
    /// There may be accounts.
    pub(super) takes_accounts: bool,
    pub(super) save_every: Duration,
    pub(super) news: News,
    /// Orders to figures that wait.
    pub(super) figures: Figures,
    pub(super) started: Instant,
    /// When the loop last ran.
    pub(super) last_turn: Instant,
    /// Since when the journal takes nothing more in; and whether that is so for long.
    pub(super) busy_since: Option<Instant>,
    pub(super) journal_busy: Arc<AtomicBool>,
}

impl Central {
    pub(super) fn tell(&mut self, event: CentralEvent) {
        self.effect(Effect::Tell(event));
    }

    /// A connection was refused, or ended for what its peer did.
    pub(super) fn refused(&mut self, address: Option<SocketAddr>, reason: Refused) {
        let told = self.statistics.refused().note(address, reason);
        if let Some((address, reason)) = told {
            self.tell(CentralEvent::BadPeer { address, reason });
        }
    }

    /// Tells of statistics or records that could not be saved.
    pub(super) fn not_saved(&mut self, error: StoreError) {
        self.tell(CentralEvent::Statistics(StatisticsTrouble::Failed(error)));
    }
}

/// The last count of the whole catalogue. It is good until something changes, and answers questions for ten times as long
/// as it took all the same, so that frequent questions cannot crowd out other work.
#[derive(Debug, Default)]
pub(super) struct Counts {
    last: Option<(Instant, CountsVersion, FileCounts)>,
}

impl Counts {
    pub(super) fn get(&mut self, now: Instant, cluster: &Cluster) -> &FileCounts {
        let version = cluster.counts_version();
        self.last
            .take_if(|(until, of, _)| *until <= now && *of != version);
        let (_, _, counts) = self.last.get_or_insert_with(|| {
            let counts = cluster.count_files();
            (now + 10 * (clock::now() - now), version, counts)
        });
        counts
    }
}
