//! Pages of the listing as they are sent. Each is made once and kept until the listing changes, because many clients list
//! at once and all begin with the same page. Legacy clients get all names as one line, which is shared as well.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use serde::Serialize;

use crate::{
    engine::cluster::{Cluster, ConnectionId, ListingVersion},
    model::{
        AccountName, FileName, PublishedFile,
        limits::{MAX_PAGES_BYTES, PAGE_BYTES},
        messages::Answer,
    },
    proto::encode_line,
};

/// Pages that are kept.
const MOST_PAGES: usize = 64;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pages {
    version: Option<ListingVersion>,
    lines: BTreeMap<Option<FileName>, Bytes>,
    names: Option<Bytes>,
    /// Bytes of all pages that are kept here or still on their way.
    alive_bytes: Arc<AtomicUsize>,
}

impl Pages {
    /// The page of the files after a name.
    pub(super) fn get(&mut self, cluster: &Cluster, after: Option<FileName>) -> Bytes {
        self.forget_old(cluster);
        if self.lines.len() >= MOST_PAGES && !self.lines.contains_key(&after) {
            self.lines.clear();
        }
        let alive = &self.alive_bytes;
        let page = self.lines.entry(after);
        let after = page.key().clone();
        page.or_insert_with(|| shared(make(cluster, None, after.as_ref()), alive))
            .clone()
    }

    /// The page for an account that may see what others may not. It is not kept.
    pub(super) fn special(
        &self,
        cluster: &Cluster,
        viewer: &AccountName,
        after: Option<&FileName>,
    ) -> Bytes {
        shared(make(cluster, Some(viewer), after), &self.alive_bytes)
    }

    /// The names of all files, for legacy clients.
    pub(super) fn names(&mut self, cluster: &Cluster) -> Bytes {
        self.forget_old(cluster);
        let alive = &self.alive_bytes;
        let names = self
            .names
            .get_or_insert_with(|| shared(make_names(cluster), alive));
        names.clone()
    }

    /// True when pages on their way take too much memory, because peers ask for more than they read.
    pub(super) fn are_too_many(&self) -> bool {
        self.alive_bytes.load(Ordering::Relaxed) > MAX_PAGES_BYTES
    }

    fn forget_old(&mut self, cluster: &Cluster) {
        let version = cluster.listing_version();
        if self.version != Some(version) {
            self.version = Some(version);
            self.lines.clear();
            self.names = None;
        }
    }
}

/// A page's bytes, counted until the last holder drops them.
struct Page {
    bytes: Vec<u8>,
    alive_bytes: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Page {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.alive_bytes
            .fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

fn shared(bytes: Vec<u8>, alive_bytes: &Arc<AtomicUsize>) -> Bytes {
    alive_bytes.fetch_add(bytes.len(), Ordering::Relaxed);
    let alive_bytes = Arc::clone(alive_bytes);
    Bytes::from_owner(Page { bytes, alive_bytes })
}

fn make(cluster: &Cluster, viewer: Option<&AccountName>, after: Option<&FileName>) -> Vec<u8> {
    let mut room = PAGE_BYTES;
    let (files, more) = cluster.listing_for(viewer, after, |listed| takes(listed, &mut room));
    let ready = cluster.is_ready();
    let mut line = Vec::with_capacity(PAGE_BYTES - room + 64);
    encode_line(&Answer::Listing { ready, files, more }, &mut line);
    line
}

/// One page of what an account publishes, for whoever is connected here.
pub(super) fn content_page(
    cluster: &Cluster,
    connection: ConnectionId,
    account: AccountName,
    after: Option<&FileName>,
) -> Answer {
    let mut room = PAGE_BYTES;
    let fits = |file: &PublishedFile| takes(file, &mut room);
    let (files, more) = cluster.content(connection, &account, after, fits);
    Answer::Content {
        known: cluster.has_account(&account),
        account,
        files,
        more,
    }
}

/// True while a value fits into what is left of a page.
fn takes(value: &impl Serialize, room: &mut usize) -> bool {
    let size = serde_json::to_vec(value).map_or(0, |json| json.len() + 1);
    let fits = size <= *room;
    *room = room.saturating_sub(size);
    fits
}

/// Published files are not among them: they are received from clients, which do not speak the legacy protocol.
fn make_names(cluster: &Cluster) -> Vec<u8> {
    let (files, _) = cluster.listing(None, |_| true);
    let names = files.iter().map(|listed| &listed.file.name);
    let names: Vec<_> = names.filter(|name| !name.is_reserved()).collect();
    let mut line = Vec::new();
    encode_line(&names, &mut line);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_count_for_as_long_as_somebody_holds_them() {
        let pages = Pages::default();
        let page = shared(vec![0; MAX_PAGES_BYTES], &pages.alive_bytes);
        let on_its_way = page.clone();
        assert!(!pages.are_too_many());
        let another = shared(vec![0], &pages.alive_bytes);
        drop(page);
        assert!(pages.are_too_many());
        drop((on_its_way, another));
        assert!(!pages.are_too_many());
        assert_eq!(pages.alive_bytes.load(Ordering::Relaxed), 0);
    }
}
