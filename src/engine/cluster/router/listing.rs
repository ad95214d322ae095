//! The listing: what secondaries hold, and what people publish that can be received now.

use std::iter::Peekable;

use super::Cluster;
use crate::{
    engine::cluster::ConnectionId,
    model::{AccountName, FileName, ListedFile},
};

impl Cluster {
    /// Files that an account can download, or who has none, by name, from after a name; as many as `fits` lets in. The flag
    /// says whether there are more.
    pub fn listing_for(
        &self,
        viewer: Option<&AccountName>,
        after: Option<&FileName>,
        mut fits: impl FnMut(&ListedFile) -> bool,
    ) -> (Vec<ListedFile>, bool) {
        let mut files = Vec::new();
        if !self.has_begun() {
            return (files, false);
        }
        let mut held = self.held(after).peekable();
        let mut published = self.published(viewer, after).peekable();
        while let Some(next) = first(&mut held, &mut published) {
            if !fits(&next) {
                return (files, true);
            }
            files.push(next);
        }
        (files, false)
    }

    /// The account whose listing is another one than that of those who have none, if a connection's is.
    pub fn special_viewer(&self, connection: ConnectionId) -> Option<&AccountName> {
        let viewer = self.account_at(connection)?;
        self.publications.sees_more(viewer).then_some(viewer)
    }

    /// What secondaries hold.
    fn held<'a>(&'a self, after: Option<&'a FileName>) -> impl Iterator<Item = ListedFile> + 'a {
        let present = self.members.present();
        let standings = self.catalog.after(after);
        standings.filter_map(move |standing| {
            let holders = standing.holders.and(present);
            (!holders.is_empty()).then(|| ListedFile {
                file: standing.meta.clone(),
                holders: holders.len(),
                wanted: (self.policy)(&standing.meta, present).len(),
                conflict: self.catalog.is_in_conflict(standing),
            })
        })
    }

    /// What people publish, as long as somebody is there to send it.
    fn published<'a>(
        &'a self,
        viewer: Option<&'a AccountName>,
        after: Option<&'a FileName>,
    ) -> impl Iterator<Item = ListedFile> + 'a {
        let published = self.publications.after(after, viewer);
        let there = published.filter(|(_, devices)| *devices > 0);
        there.map(|(publication, devices)| {
            let devices = u16::try_from(devices).unwrap_or(u16::MAX);
            ListedFile {
                file: publication.file.clone(),
                holders: devices,
                wanted: devices,
                conflict: false,
            }
        })
    }
}

/// The first of two lists by name.
fn first(
    one: &mut Peekable<impl Iterator<Item = ListedFile>>,
    other: &mut Peekable<impl Iterator<Item = ListedFile>>,
) -> Option<ListedFile> {
    match (one.peek(), other.peek()) {
        (Some(a), Some(b)) if b.file.name < a.file.name => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    }
}
