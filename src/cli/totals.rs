//! How far all downloads are together: those that were asked for since nothing was going on.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{
    live::{Total, is_live},
    transfer::settled_rate,
};
use crate::{
    model::FileName,
    node::client::{DownloadNumber, DownloadState, DownloadView},
};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// Lengths of files, as far as anything has told them.
    lengths: BTreeMap<FileName, u64>,
    /// The downloads that belong together.
    batch: BTreeSet<DownloadNumber>,
}

impl Totals {
    /// A file has this length.
    pub(super) fn learn(&mut self, file: &FileName, bytes: u64) {
        self.lengths.insert(file.clone(), bytes);
    }

    /// True when the length of a file is known.
    pub(super) fn knows(&self, file: &FileName) -> bool {
        self.lengths.contains_key(file)
    }

    /// A download was asked for.
    pub(super) fn join(&mut self, number: DownloadNumber) {
        self.batch.insert(number);
    }

    /// How far all are.
    pub(super) fn of(&mut self, views: &[DownloadView]) -> Total {
        if !views.iter().any(|view| goes_on(&view.state)) {
            self.batch.clear();
            self.lengths.clear();
            return Total::default();
        }
        let mut total = Total {
            bytes: Some(0),
            ..Total::default()
        };
        for view in views {
            if is_live(&view.state) {
                self.batch.insert(view.number);
            }
            if self.batch.contains(&view.number) {
                self.add(view, &mut total);
            }
        }
        total
    }

    fn add(&mut self, view: &DownloadView, total: &mut Total) {
        if let DownloadState::Running(snapshot) = &view.state {
            self.learn(&view.file, snapshot.file_bytes);
            total.received_bytes += snapshot.received_bytes;
            total.rate_bytes_per_s += settled_rate(snapshot).unwrap_or(0.0);
        }
        let length = self.lengths.get(&view.file).copied();
        match view.state {
            DownloadState::Asked
            | DownloadState::Queued(_)
            | DownloadState::Held
            | DownloadState::Running(_) => {
                total.bytes = total.bytes.zip(length).map(|(all, one)| all + one);
            }
            DownloadState::Complete => {
                // One that was complete before has no length here, and nothing to wait for.
                let length = length.unwrap_or(0);
                total.bytes = total.bytes.map(|all| all + length);
                total.received_bytes += length;
                total.complete += 1;
            }
            DownloadState::Paused | DownloadState::Failed(_) | DownloadState::Cancelled => return,
        }
        total.files += 1;
    }
}

/// True while a download has not ended and is not paused.
fn goes_on(state: &DownloadState) -> bool {
    is_live(state) || matches!(state, DownloadState::Asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::samples;

    fn view(number: u64, state: DownloadState) -> DownloadView {
        samples::view(number, &format!("{number}.mp4"), state)
    }

    #[test]
    fn files_that_are_complete_count_until_nothing_goes_on() {
        let mut totals = Totals::default();
        let mut views = [
            view(1, DownloadState::Queued(1)),
            view(2, DownloadState::Queued(2)),
            view(3, DownloadState::Failed(crate::node::Failure::Broken)),
        ];
        // Nobody knows how long they are.
        let total = totals.of(&views);
        assert_eq!((total.bytes, total.files), (None, 2));
        for view in &views {
            totals.learn(&view.file, 10);
        }
        assert_eq!(totals.of(&views).bytes, Some(20));
        views[0].state = DownloadState::Complete;
        let total = totals.of(&views);
        assert_eq!((total.received_bytes, total.bytes), (10, Some(20)));
        assert_eq!((total.complete, total.files), (1, 2));
        views[1].state = DownloadState::Complete;
        assert_eq!(totals.of(&views), Total::default());
        let later = [
            view(1, DownloadState::Complete),
            view(4, DownloadState::Queued(1)),
        ];
        assert_eq!(totals.of(&later).files, 1);
    }
}
