//! The whole catalogue as a face shows it: made in one go, and kept until it changes.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    engine::cluster::{Cluster, ListingVersion, Popularity},
    model::{FileName, ListedFile},
    node::clock,
};

/// What is counted of each file that anything is counted of.
pub type Popular = Arc<BTreeMap<FileName, Popularity>>;

/// For so long what is counted of files is good enough for pages.
const POPULAR_FOR: Duration = Duration::from_secs(1);

/// All files that can be downloaded, by name.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// The files.
    pub files: Vec<ListedFile>,
    /// Their length, in bytes.
    pub bytes: u64,
}

/// The last catalogue that was made. It answers for ten times as long as it took to make, so that many changes and many
/// questions cannot crowd out other work.
#[derive(Debug, Default)]
pub(super) struct Shown {
    last: Option<(Instant, ListingVersion, Arc<Catalogue>)>,
    /// How often its version was seen to have changed, and the last one.
    changes: (u64, Option<ListingVersion>),
    popular: Option<(Instant, Popular)>,
}

impl Shown {
    /// A number that changes whenever the catalogue may have changed.
    pub(super) fn changes(&mut self, cluster: &Cluster) -> u64 {
        let version = Some(cluster.listing_version());
        let (changes, last) = &mut self.changes;
        if *last != version {
            *last = version;
            *changes += 1;
        }
        *changes
    }

    /// What is counted of each file, as it was a second ago at most.
    pub(super) fn popular(&mut self, now: Instant, cluster: &Cluster) -> Popular {
        if let Some((until, popular)) = &self.popular
            && now < *until
        {
            return Arc::clone(popular);
        }
        let popular = Arc::new(cluster.popular());
        let took = clock::now().saturating_duration_since(now);
        self.popular = Some((now + POPULAR_FOR.max(10 * took), Arc::clone(&popular)));
        popular
    }

    pub(super) fn get(&mut self, now: Instant, cluster: &Cluster) -> Arc<Catalogue> {
        let version = cluster.listing_version();
        if let Some((until, of, catalogue)) = &self.last
            && (*of == version || now < *until)
        {
            return Arc::clone(catalogue);
        }
        let (files, _) = cluster.listing(None, |_| true);
        let lengths = files.iter().map(|listed| listed.file.layout.file_bytes());
        let bytes = lengths.fold(0, u64::saturating_add);
        let catalogue = Arc::new(Catalogue { files, bytes });
        let until = now + 10 * clock::now().saturating_duration_since(now);
        self.last = Some((until, version, Arc::clone(&catalogue)));
        catalogue
    }
}
