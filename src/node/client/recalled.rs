//! What a client writes down of its downloads, and what it finds there of an earlier run.

use super::{
    ClientEvent, DownloadNumber, Reached,
    commands::view,
    memory::{News, Remembered, Use},
    state::{Client, Purpose},
};
use crate::node::rules::downloads::{End, State};

impl Client {
    /// Downloads of an earlier run are here again, as paused ones.
    pub(super) fn recalled(&mut self, news: News) {
        if let Some(trouble) = news.trouble {
            self.tell(ClientEvent::Memory(trouble));
        }
        let mut views = Vec::new();
        for one in &news.found {
            let Some(number) = self.state.downloads.restore(one) else {
                continue;
            };
            let purpose = match one.purpose {
                Use::Download => Purpose::File(None),
                Use::Verify => Purpose::Verify,
            };
            self.state.purposes.insert(number, purpose);
            let download = self.state.downloads.get(number);
            views.extend(download.map(|download| view(number, download)));
        }
        if !views.is_empty() {
            self.tell(ClientEvent::Remembered(views));
        }
    }

    /// Has written down what changed.
    pub(super) fn remember(&mut self) {
        if self.memory.is_due() {
            let unfinished = self.unfinished();
            let unfinished = unfinished.into_iter().map(|(_, download)| download);
            self.memory.save(unfinished.collect());
        }
    }

    /// Looks how far the running downloads are.
    pub(super) fn look_at_running(&mut self) {
        let all = self.state.downloads.iter();
        let running = all.filter(|(_, download)| matches!(download.state, State::Running(_)));
        for number in running.map(|(number, _)| number).collect::<Vec<_>>() {
            self.look_at(number);
            self.memory.may_change();
        }
    }

    /// Looks how far a running download is.
    pub(super) fn look_at(&mut self, number: DownloadNumber) {
        let Some(download) = self.state.downloads.get(number) else {
            return;
        };
        let State::Running(running) = &download.state else {
            return;
        };
        let snapshot = running.receiving.snapshot();
        let reached = Reached {
            have_bytes: snapshot.have_bytes,
            file_bytes: snapshot.file_bytes,
        };
        // At first the part file has not been read.
        let is_read = reached.have_bytes > 0 || download.reached.file_bytes != reached.file_bytes;
        if is_read {
            self.state.downloads.reach(number, reached);
        }
    }

    /// The downloads that the next run is to go on with.
    pub(super) fn unfinished(&self) -> Vec<(DownloadNumber, Remembered)> {
        let unfinished = self.state.downloads.unfinished();
        let remembered = unfinished.into_iter().filter_map(|(number, download)| {
            let purpose = match self.state.purposes.get(&number) {
                Some(Purpose::File(None)) | None => Use::Download,
                Some(Purpose::Verify) => Use::Verify,
                // A script names a place, and asks again by itself.
                Some(Purpose::File(Some(_)) | Purpose::Stream(_) | Purpose::Watch) => return None,
            };
            let remembered = Remembered {
                file: download.file.clone(),
                purpose,
                priority: download.priority,
                reached: download.reached,
            };
            Some((number, remembered))
        });
        remembered.collect()
    }

    /// Those of them that have not become complete while the client stopped, and how far they have come.
    pub(super) fn still_unfinished(
        &self,
        unfinished: Vec<(DownloadNumber, Remembered)>,
    ) -> Vec<Remembered> {
        let still = unfinished.into_iter().filter_map(|(number, mut one)| {
            let download = self.state.downloads.get(number)?;
            one.reached = download.reached;
            let is_complete = matches!(download.state, State::Ended(End::Complete));
            (!is_complete).then_some(one)
        });
        still.collect()
    }
}
