//! `central.json`: the cluster's books, kept from run to run.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    engine::cluster::{Cluster, Totals},
    node::statistics::{self, Head, Moment, StatisticsFile, StatisticsTrouble},
    store::StoreError,
};

/// The file's content.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    #[serde(flatten)]
    head: Head,
    /// The required secondaries were there at some time of this run.
    service_begun: bool,
    /// Connections that were refused: no proof, a wrong one, no TLS, or no message.
    connections_refused: u64,
    #[serde(flatten)]
    totals: Totals,
}

impl statistics::Content for Content {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// The central's statistics file.
#[derive(Debug)]
pub(super) struct Statistics {
    file: StatisticsFile<Content>,
}

/// What an earlier run left.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) totals: Totals,
    /// It was killed after service had begun: it goes on where it was.
    pub(super) begun: bool,
    /// What to tell people of the file.
    pub(super) warning: Option<StatisticsTrouble>,
}

impl Statistics {
    /// Reads what the last run left in the folder.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written.
    pub(super) fn open(folder: &Path) -> Result<(Self, Before), StoreError> {
        let (mut file, head, warning) = StatisticsFile::<Content>::open(folder, "central")?;
        let was_killed = head.is_some_and(|head| head.was_killed());
        let before = Before {
            begun: file.content.service_begun && was_killed,
            totals: std::mem::take(&mut file.content.totals),
            warning,
        };
        Ok((Self { file }, before))
    }

    /// A connection was refused.
    pub(super) fn refused(&mut self) {
        self.file.content.connections_refused += 1;
    }

    fn update(&mut self, cluster: &Cluster) {
        self.file.content.service_begun = cluster.has_begun();
        self.file.content.totals = cluster.totals();
    }

    /// Saves; gives what to tell people.
    pub(super) async fn save(&mut self, cluster: &Cluster) -> Option<StoreError> {
        self.update(cluster);
        self.file.save(Moment::Running).await
    }

    /// Saves for the last time.
    pub(super) async fn finish(mut self, cluster: &Cluster) -> Result<(), StoreError> {
        self.update(cluster);
        self.file.finish().await
    }
}
