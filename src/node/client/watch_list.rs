//! The downloads that somebody watches.

use std::collections::BTreeMap;

use super::DownloadNumber;
use crate::node::Watched;

/// What becomes of a file that is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// What readers are near to is kept in memory for a while.
    Nothing,
    /// It is a download like any other, whether it is read or not.
    TheFile,
}

/// The downloads that somebody watches, and what they read.
#[derive(Debug, Default)]
pub(super) struct WatchList(BTreeMap<DownloadNumber, Option<Watched>>);

impl WatchList {
    pub(super) fn begin(&mut self, number: DownloadNumber) {
        self.0.entry(number).or_default();
    }

    /// What there is to read of a download.
    pub(super) fn get(&self, number: DownloadNumber) -> Option<Watched> {
        self.0.get(&number).cloned().flatten()
    }

    /// A download runs, or runs again.
    pub(super) fn runs(&mut self, number: DownloadNumber, watched: impl FnOnce() -> Watched) {
        if let Some(known) = self.0.get_mut(&number) {
            *known = Some(watched());
        }
    }

    pub(super) fn end(&mut self, number: DownloadNumber) {
        self.0.remove(&number);
    }
}
