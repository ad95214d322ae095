//! How a central is, all of it at once, for `INFO`.

use std::time::Instant;

use super::{
    api::{Connections, Info, InfoStanding, JournalInfo, Service, TrafficInfo},
    catalogue::Popular,
    place::Standing,
    state::Central,
};
impl Central {
    /// All of it.
    pub(super) fn info(&mut self, now: Instant) -> Info {
        let summary = self.summary(now);
        let permits = summary.server.permits;
        let living = summary.status.secondaries.iter().filter(|row| row.alive);
        let refused = summary.server.refused.values();
        let (facts, durable, held) = self.journal.counts();
        let service = |name: &str, up: bool| Service {
            name: name.to_owned(),
            up,
        };
        Info {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: self.place.membership.cluster.to_string(),
            up_s: now.saturating_duration_since(self.started).as_secs(),
            standing: match self.place.standing {
                Standing::Active => InfoStanding::Active,
                Standing::Limited => InfoStanding::Limited,
                Standing::Standby(_) => InfoStanding::Standby,
            },
            term: self.cluster.term().0,
            centrals: self.centrals(),
            services: vec![
                service("lines", true),
                service("http", self.context.face.is_some()),
                service(
                    "grpc",
                    cfg!(feature = "grpc") && self.context.face.is_some(),
                ),
                service("announcement", self.place.is_announced()),
            ],
            connections: Connections {
                secondaries: living.count() as u64,
                secondaries_known: summary.status.secondaries.len() as u64,
                clients: summary.status.clients,
                idle: permits.idle,
                busy: permits.busy,
                pinned: permits.pinned,
                refused: refused.copied().fold(0, u64::saturating_add),
            },
            queue: self.figures.info(now),
            figures: self.cluster.figures().len(),
            journal: JournalInfo {
                facts,
                durable,
                held,
            },
            traffic: TrafficInfo {
                lines_bytes: summary.sent.lines_bytes,
                http_bytes: summary.sent.http_bytes,
                received_bytes: summary.sums.bytes_received,
                downloads: summary.sums.downloads,
                running: summary.status.running,
                waiting: summary.status.waiting,
            },
        }
    }

    /// What is counted of each file; looked at again once a while has passed since the last time.
    pub(super) fn popular(&mut self, now: Instant) -> Popular {
        self.shown.popular(now, &self.cluster)
    }
}
