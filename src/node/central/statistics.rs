//! `central.json`: the cluster's books, kept from run to run.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    engine::{cluster::Cluster, registry::Totals},
    model::{ClusterId, Term},
    node::{
        refusals::Refusals,
        statistics::{self, Head, StatisticsFile, StatisticsTrouble},
    },
    store::StoreError,
};

/// The file's content.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    #[serde(flatten)]
    head: Head,
    /// The cluster, once it is known.
    cluster: Option<ClusterId>,
    /// The present term, or the last one.
    term: Term,
    /// The required secondaries were there at some time of this run.
    service_begun: bool,
    /// Connections that were refused, or ended for what their peers did, by code.
    refused: Refusals,
    #[serde(flatten)]
    totals: Totals,
}

/// What would be saved after reading such a file; for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub fn rewritten(json: &[u8]) -> Option<Vec<u8>> {
    statistics::rewritten::<Content>(json)
}

impl statistics::Content for Content {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// The central's statistics file.
pub(super) type Statistics = StatisticsFile<Content>;

/// What an earlier run left.
#[derive(Debug)]
pub(super) struct Before {
    pub(super) totals: Totals,
    /// It was killed after service had begun, so that service goes on at once.
    pub(super) begun: bool,
    /// Which cluster this is; made at the first start.
    pub(super) cluster: ClusterId,
    /// The last term.
    pub(super) term: Term,
    /// What people are to hear about the file.
    pub(super) warning: Option<StatisticsTrouble>,
}

impl Statistics {
    /// Reads what the last run left in the folder.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written.
    pub(super) fn of_central(folder: &Path) -> Result<(Self, Before), StoreError> {
        let (mut file, head, warning) = Self::open(folder, "central")?;
        let was_killed = head.is_some_and(|head| head.was_killed());
        file.content.service_begun &= was_killed;
        let cluster = *file
            .content
            .cluster
            .get_or_insert_with(|| ClusterId(fastrand::u64(..)));
        let before = Before {
            cluster,
            begun: file.content.service_begun,
            term: file.content.term,
            totals: std::mem::take(&mut file.content.totals),
            warning,
        };
        Ok((file, before))
    }

    /// A reign begins.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn begin(&mut self, term: Term) -> Result<(), StoreError> {
        self.content.term = term;
        self.save_now()
    }

    /// The same for a reign whose term is in the journal of several centrals: it is saved with the rest, as nobody may wait
    /// for that.
    pub(super) fn take_over(&mut self, term: Term) {
        self.content.term = term;
    }

    /// The connections that were refused.
    pub(super) fn refused(&mut self) -> &mut Refusals {
        &mut self.content.refused
    }

    fn update(&mut self, cluster: &Cluster) {
        self.content.service_begun = cluster.has_begun();
        self.content.totals = cluster.totals();
    }

    /// What would be saved now.
    pub(super) fn present(&mut self, cluster: &Cluster) -> serde_json::Value {
        self.update(cluster);
        self.to_value()
    }

    /// Starts to save, unless the last save is still under way.
    pub(super) fn save_books(&mut self, cluster: &Cluster) {
        // The books are large, so they are copied only once.
        self.start_save(|file| {
            file.content.service_begun = cluster.has_begun();
            file.content.totals = Totals::default();
            Content {
                totals: cluster.totals(),
                ..file.content.clone()
            }
        });
    }

    /// Saves for the last time.
    pub(super) async fn finish_books(
        mut self,
        cluster: &Cluster,
        has_begun: bool,
    ) -> Result<(), StoreError> {
        self.update(cluster);
        self.content.service_begun = has_begun;
        self.finish().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::counters::Counters, model::SecondaryNumber};

    #[test]
    fn service_goes_on_only_after_a_kill() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Statistics::of_central(folder.path()).unwrap();
        let (mut statistics, before) = open();
        assert!(!before.begun);
        statistics.content.service_begun = true;
        statistics.save_now().unwrap();
        drop(statistics);
        // It is killed before it has saved anything but its term, twice.
        for _ in 0..2 {
            assert!(open().1.begun);
        }
        let (statistics, _) = open();
        let ends = tokio::runtime::Runtime::new().unwrap();
        ends.block_on(statistics.finish()).unwrap();
        assert!(!open().1.begun);
        assert!(!open().1.begun);
    }

    #[test]
    fn figures_per_secondary_are_found_again() {
        let mut content = Content {
            head: Head::start("central"),
            ..Content::default()
        };
        let number = SecondaryNumber::try_from(3).unwrap();
        let totals = &mut content.totals;
        totals.secondaries.insert(number, Counters::default());
        statistics::assert_found_again(&content);
    }
}
