//! `central.json`: the cluster's books, kept from run to run.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    engine::cluster::{Cluster, Totals},
    node::statistics::{Head, Moment, Saver, StatisticsTrouble, load},
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
    #[serde(flatten)]
    totals: Totals,
}

/// The central's statistics file.
#[derive(Debug)]
pub(super) struct Statistics {
    head: Head,
    saver: Saver,
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
        crate::store::Root::create(folder)?.check_writable()?;
        let path = folder.join("central.json");
        let (content, warning) = load::<Content>(&path)?;
        let content = content.unwrap_or_default();
        let before = Before {
            begun: content.service_begun && content.head.was_killed(),
            totals: content.totals,
            warning,
        };
        let statistics = Self {
            head: Head::start("central"),
            saver: Saver::new(path),
        };
        Ok((statistics, before))
    }

    fn content(&self, cluster: &Cluster, moment: Moment) -> Content {
        Content {
            head: self.head.stamped(moment),
            service_begun: cluster.has_begun(),
            totals: cluster.totals(),
        }
    }

    /// Saves; gives what to tell people.
    pub(super) async fn save(&mut self, cluster: &Cluster, moment: Moment) -> Option<StoreError> {
        let content = self.content(cluster, moment);
        self.saver.save_or_tell(content).await
    }

    /// Saves for the last time.
    pub(super) async fn finish(self, cluster: &Cluster) -> Result<(), StoreError> {
        self.saver
            .save(self.content(cluster, Moment::Stopping))
            .await
    }
}
