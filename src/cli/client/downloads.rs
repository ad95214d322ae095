//! What a prompt does with downloads: asks for them, finds the one that is meant, and answers.

use std::collections::BTreeSet;

use super::prompt::{Extra, Prompt};
use crate::{
    cli::{
        commands::{Level, Wanted, Which},
        console::{columns, page_columns},
        text::{self, t},
        wanted,
    },
    model::FileName,
    node::client::{self, ClientError, DownloadAnswer, DownloadNumber, DownloadState, Priority},
};

impl<E: Extra> Prompt<E> {
    pub(super) async fn download(&mut self, wanted: &Wanted) {
        let files = match wanted::files(&self.handle, wanted).await {
            Ok(files) => files,
            Err(wanted::NoFiles::Client(error)) => return self.fails(&error),
            Err(none) => return self.complain(none.text()),
        };
        let are_many = self.has_person && files.len() > 1;
        let mut asked = Vec::new();
        for file in files {
            let answer = if self.has_person {
                self.handle.download(file.clone()).await
            } else {
                // No person is there to retry.
                tokio::select! {
                    answer = self.handle.download_in_turn(file.clone()) => answer,
                    () = self.stop.cancelled() => return,
                }
            };
            match answer {
                Ok(answer) if self.has_person => {
                    if !are_many {
                        self.printer.line(text::client::answer(&answer));
                    }
                    asked.push((file, self.counted(&answer)));
                }
                answer => self.answer(&file, answer).await,
            }
        }
        self.asked(&asked, are_many).await;
    }

    /// One more download; true when it waits. Its place is told by the answer.
    fn counted(&mut self, answer: &DownloadAnswer) -> bool {
        let (number, waits) = match answer {
            DownloadAnswer::Found(number) => (*number, false),
            DownloadAnswer::Waits(number, _) => (*number, true),
        };
        self.totals.join(number);
        if waits && self.has_person {
            self.news.told_to_wait(number);
        }
        waits
    }

    /// These were asked for. How long those are that wait is not known before they start: the listing says.
    async fn asked(&mut self, asked: &[(FileName, bool)], are_many: bool) {
        let waiting = asked.iter().filter(|(_, waits)| *waits).count();
        if waiting > 0 || (are_many && !asked.is_empty()) {
            let names: BTreeSet<&FileName> = asked.iter().map(|(file, _)| file).collect();
            let listed = self.handle.list().await.unwrap_or_default();
            let wanted = listed.iter().filter(|l| names.contains(&l.file.name));
            let mut size = 0;
            for listed in wanted {
                let bytes = listed.file.layout.file_bytes();
                self.totals.learn(&listed.file.name, bytes);
                size += bytes;
            }
            if are_many {
                let size = names
                    .iter()
                    .all(|name| self.totals.knows(name))
                    .then_some(size);
                let line = text::client::answers(asked.len(), waiting, size);
                self.printer.line(line);
            }
        }
    }

    pub(super) async fn answer(
        &mut self,
        file: &FileName,
        answer: Result<DownloadAnswer, ClientError>,
    ) {
        match answer {
            Ok(answer) => {
                self.printer.line(text::client::answer(&answer));
                self.counted(&answer);
            }
            Err(ClientError::NotFound) => {
                // Perhaps it was mistyped.
                let listed = self.handle.list().await.unwrap_or_default();
                self.complain(wanted::not_found(&listed, file.as_str()));
            }
            Err(error) => self.fails(&error),
        }
    }

    /// The download that is meant: by its number, or the last one of a file.
    async fn find(
        &self,
        which: &Which,
        fits: impl Fn(&DownloadState) -> bool,
    ) -> Option<DownloadNumber> {
        let views = self.handle.downloads().await.unwrap_or_default();
        let is_meant = |view: &&client::DownloadView| match which {
            Which::Number(number) => view.number.0 == *number,
            Which::Name(name) => view.file.as_str() == name,
        };
        let mut meant = views
            .iter()
            .rev()
            .filter(is_meant)
            .filter(|view| fits(&view.state));
        meant.next().map(|view| view.number)
    }

    pub(super) async fn detail(&mut self, which: &Which) {
        let number = self.find(which, |_| true).await;
        let map = match number {
            Some(number) => self.handle.detail(number).await.ok().flatten(),
            None => None,
        };
        match map {
            Some(map) => {
                self.printer.lines(text::map::lines(&map, columns()));
                if let Some(summary) = number.and_then(|number| self.summaries.get(&number)) {
                    let lines = text::client::details(summary, page_columns());
                    self.printer.lines(lines);
                }
            }
            None => self.complain(t!(
                "line-value",
                value = which.to_string(),
                why = t!("why-download")
            )),
        }
    }

    pub(super) async fn pause(&mut self, which: &Which) {
        if let Some(number) = self.find(which, can_be_ended).await
            && let Ok(true) = self.handle.pause(number).await
        {
            self.printer.line(t!("pausing", number = number));
        } else {
            self.complain(t!("no-download", which = which.to_string()));
        }
    }

    pub(super) async fn resume(&mut self, which: &Which) {
        let is_paused = |state: &DownloadState| matches!(state, DownloadState::Paused);
        let Some(number) = self.find(which, is_paused).await else {
            return self.complain(t!("no-download-to-resume", which = which.to_string()));
        };
        match self.handle.resume(number).await {
            Ok(answer) => {
                self.printer.line(text::client::answer(&answer));
                self.counted(&answer);
            }
            Err(error) => self.fails(&error),
        }
    }

    pub(super) async fn cancel(&mut self, which: &Which) {
        if let Some(number) = self.find(which, can_be_ended).await
            && let Ok(true) = self.handle.cancel(number).await
        {
            self.printer.line(t!("cancelling", number = number));
        } else {
            self.complain(t!("no-download", which = which.to_string()));
        }
    }

    pub(super) async fn prioritise(&mut self, which: &Which, level: Level) {
        let (priority, word) = match level {
            Level::Low => (Priority::Low, t!("priority-low")),
            Level::Normal => (Priority::Normal, t!("priority-normal")),
            Level::High => (Priority::High, t!("priority-high")),
        };
        if let Some(number) = self.find(which, can_be_ended).await
            && let Ok(true) = self.handle.set_priority(number, priority).await
        {
            self.printer
                .line(t!("priority-set", number = number, priority = word));
        } else {
            self.complain(t!("no-download", which = which.to_string()));
        }
    }
}

/// True for downloads that have not ended.
fn can_be_ended(state: &DownloadState) -> bool {
    !matches!(
        state,
        DownloadState::Complete | DownloadState::Failed(_) | DownloadState::Cancelled
    )
}
