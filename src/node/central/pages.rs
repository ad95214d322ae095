//! Pages of the listing as they are sent: made once, kept until the listing changes. Many clients list at
//! once, and all begin with the same page.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{
    engine::cluster::{Cluster, ListingVersion},
    model::{FileName, limits::PAGE_BYTES},
    proto::{control::FromCentral, encode_line},
};

/// Pages that are kept.
const MOST_PAGES: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pages {
    version: Option<ListingVersion>,
    lines: BTreeMap<Option<FileName>, Bytes>,
}

impl Pages {
    /// The page of the files after a name.
    pub(super) fn get(&mut self, cluster: &Cluster, after: Option<FileName>) -> Bytes {
        let version = cluster.listing_version();
        if self.version != Some(version) || self.lines.len() >= MOST_PAGES {
            self.version = Some(version);
            self.lines.clear();
        }
        let page = self.lines.entry(after);
        let after = page.key().clone();
        page.or_insert_with(|| make(cluster, after.as_ref()))
            .clone()
    }
}

fn make(cluster: &Cluster, after: Option<&FileName>) -> Bytes {
    let mut room = PAGE_BYTES;
    let (files, more) = cluster.listing(after, |listed| {
        let size = serde_json::to_vec(listed).map_or(0, |json| json.len() + 1);
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    });
    let ready = cluster.is_ready();
    let mut line = Vec::with_capacity(PAGE_BYTES - room + 64);
    encode_line(&FromCentral::Listing { ready, files, more }, &mut line);
    line.into()
}
