//! What a prompt does with downloads: asks for them, finds the one that is meant, and answers. What of them goes on later is in
//! `work`.

use std::collections::BTreeSet;

use tokio::time::{Instant, sleep};

use super::{
    choosing::{self, Meant, can_be_ended, none_running},
    prompt::{Extra, Prompt},
    service::ASK_EVERY,
};
use crate::{
    cli::{
        commands::{Level, Wanted},
        console::{columns, page_columns},
        text::{self, t},
        wanted::{self, Guess},
    },
    model::FileName,
    node::client::{ClientError, DownloadAnswer, DownloadState, Priority},
};

impl<E: Extra> Prompt<E> {
    pub(super) async fn download(&self, wanted: &Wanted) {
        let last = self.last.borrow().clone();
        let files = match wanted::files(self.listed(), wanted, &last).await {
            Ok(files) => files,
            Err(wanted::NoFiles::Client(error)) => return self.fails(&error),
            Err(none) => return self.complain(none.text()),
        };
        let are_many = self.has_person && files.len() > 1;
        let (mut asked, mut running) = (Vec::new(), 0);
        for file in files {
            let Some(answer) = self.ask(&file).await else {
                return;
            };
            self.heard.set(Instant::now());
            match answer {
                Ok(answer) if self.has_person => {
                    self.tell_why_it_waits(&answer).await;
                    if !are_many {
                        self.printer.line(text::client::answer(&file, &answer));
                    }
                    asked.push((file, self.counted(&answer)));
                }
                Err(ClientError::AlreadyRunning(_)) if are_many => running += 1,
                answer => self.answer(&file, answer).await,
            }
        }
        if running > 0 {
            self.printer
                .line(t!("downloads-running-already", count = running));
        }
        self.asked(&asked, are_many).await;
    }

    /// Asks for one file; `None` when the program is to end.
    async fn ask(&self, file: &FileName) -> Option<Result<DownloadAnswer, ClientError>> {
        if self.has_person {
            return Some(self.handle.download(file.clone()).await);
        }
        // No person is there to retry.
        let began = Instant::now();
        loop {
            let answer = tokio::select! {
                answer = self.handle.download_in_turn(file.clone()) => answer,
                () = self.stop.cancelled() => return None,
            };
            match answer {
                Err(error) if self.waiting.is_worth_waiting(&error, began) => {
                    self.tell_service(&error).await;
                    sleep(ASK_EVERY).await;
                }
                answer => return Some(answer),
            }
        }
    }

    /// One more download; true when it waits. Its place is told by the answer.
    pub(super) fn counted(&self, answer: &DownloadAnswer) -> bool {
        let (number, waits) = match answer {
            DownloadAnswer::Found(number) => (*number, false),
            DownloadAnswer::Waits(number, _) => (*number, true),
            // It is not in the line yet.
            DownloadAnswer::Postponed(number, _) => (*number, false),
        };
        self.totals.borrow_mut().join(number);
        if waits && self.has_person {
            self.news.borrow_mut().told_to_wait(number);
        }
        waits
    }

    /// These were asked for. How long those are that wait is not known before they start: the listing says.
    async fn asked(&self, asked: &[(FileName, bool)], are_many: bool) {
        let waiting = asked.iter().filter(|(_, waits)| *waits).count();
        if waiting > 0 || (are_many && !asked.is_empty()) {
            let names: BTreeSet<&FileName> = asked.iter().map(|(file, _)| file).collect();
            let listed = self.handle.list().await.unwrap_or_default();
            let wanted = listed.iter().filter(|l| names.contains(&l.file.name));
            let mut total = 0;
            for listed in wanted {
                let bytes = listed.file.layout.file_bytes();
                self.totals.borrow_mut().learn(&listed.file.name, bytes);
                total += bytes;
            }
            if are_many {
                let totals = self.totals.borrow();
                let size = names.iter().all(|name| totals.knows(name));
                let size = size.then_some(total);
                let line = text::client::answers(asked.len(), waiting, size);
                self.printer.line(line);
            }
        }
    }

    pub(super) async fn answer(
        &self,
        file: &FileName,
        answer: Result<DownloadAnswer, ClientError>,
    ) {
        match answer {
            Ok(answer) => self.told(file, &answer).await,
            Err(ClientError::NotFound) => self.not_found(file).await,
            Err(error) => self.fails(&error),
        }
    }

    pub(super) async fn told(&self, file: &FileName, answer: &DownloadAnswer) {
        self.tell_why_it_waits(answer).await;
        self.printer.line(text::client::answer(file, answer));
        self.counted(answer);
    }

    /// There is no such file. Where only one can be meant, that is asked for.
    pub(super) async fn not_found(&self, file: &FileName) {
        let listed = self.handle.list().await.unwrap_or_default();
        if let Guess::Sure(meant) = wanted::guess(&listed, file.as_str())
            && meant != *file
        {
            match self.ask(&meant).await {
                Some(Ok(answer)) => self.told(&meant, &answer).await,
                Some(Err(error)) => self.fails(&error),
                None => {}
            }
            return;
        }
        self.complain(wanted::not_found(&listed, file.as_str()));
    }

    /// Compares files that are here with the cluster's.
    pub(super) async fn verify(&self, wanted: &Wanted) {
        let last = self.last.borrow().clone();
        let files = match wanted::files(self.listed(), wanted, &last).await {
            Ok(files) if wanted.only().is_some() => files,
            Ok(files) => wanted::here(files, &self.config.target),
            Err(wanted::NoFiles::Client(error)) => return self.fails(&error),
            Err(none) => return self.complain(none.text()),
        };
        if files.is_empty() {
            return self.complain(t!("none-here", pattern = wanted.whole));
        }
        for file in files {
            match self.handle.verify(file.clone()).await {
                Ok(answer) => self.told(&file, &answer).await,
                Err(error) => self.fails(&error),
            }
        }
    }

    /// The downloads that are meant, of those that something can be done with; tells when there are none.
    async fn find(
        &self,
        wanted: &Wanted,
        fits: impl Fn(&DownloadState) -> bool,
        none: impl Fn(&str) -> String,
    ) -> Vec<Meant> {
        let views = self.handle.downloads().await.unwrap_or_default();
        choosing::downloads(&views, wanted, fits).unwrap_or_else(|word| {
            self.complain(none(&word));
            Vec::new()
        })
    }

    /// A person is told of many downloads in one line; a script of each.
    pub(super) fn are_many(&self, meant: &[Meant]) -> bool {
        self.has_person && meant.len() > 1
    }

    pub(super) async fn detail(&self, wanted: &Wanted) {
        let none = |word: &str| t!("line-value", value = word, why = t!("why-download"));
        let meant = self.find(wanted, |_| true, none).await;
        let views = self.handle.downloads().await.unwrap_or_default();
        for (number, _) in meant {
            let view = views.iter().find(|view| view.number == number);
            self.printer.lines(view.map(text::client::heading));
            if let Some(map) = self.handle.detail(number).await.ok().flatten() {
                self.printer.lines(text::map::lines(&map, columns()));
            }
            if let Some(summary) = self.summaries.borrow().get(&number) {
                let lines = text::client::details(summary, page_columns());
                self.printer.lines(lines);
            }
        }
    }

    pub(super) async fn pause(&self, wanted: &Wanted) {
        let meant = self.find(wanted, can_be_ended, none_running).await;
        let are_many = self.are_many(&meant);
        if are_many {
            self.printer.line(t!("pausing-many", count = meant.len()));
        }
        for (number, _) in meant {
            match self.handle.pause(number).await {
                Ok(true) if are_many => {}
                Ok(true) => self.printer.line(t!("pausing", number = number)),
                Ok(false) | Err(_) => self.complain(none_running(&number.0.to_string())),
            }
        }
    }

    pub(super) async fn cancel(&self, wanted: &Wanted) {
        let meant = self.find(wanted, can_be_ended, none_running).await;
        let are_many = self.are_many(&meant);
        if are_many {
            self.printer
                .line(t!("cancelling-many", count = meant.len()));
        }
        for (number, _) in meant {
            self.stop_watching(number);
            match self.handle.cancel(number).await {
                Ok(true) if are_many => {}
                Ok(true) => self.printer.line(t!("cancelling", number = number)),
                Ok(false) | Err(_) => self.complain(none_running(&number.0.to_string())),
            }
        }
    }

    pub(super) async fn prioritise(&self, wanted: &Wanted, level: Level) {
        let (priority, word) = match level {
            Level::Low => (Priority::Low, t!("priority-low")),
            Level::Normal => (Priority::Normal, t!("priority-normal")),
            Level::High => (Priority::High, t!("priority-high")),
        };
        let meant = self.find(wanted, can_be_ended, none_running).await;
        let are_many = self.are_many(&meant);
        if are_many {
            let count = meant.len();
            self.printer
                .line(t!("priority-set-many", count = count, priority = &word));
        }
        for (number, _) in meant {
            match self.handle.set_priority(number, priority).await {
                Ok(true) if are_many => {}
                Ok(true) => {
                    let line = t!("priority-set", number = number, priority = &word);
                    self.printer.line(line);
                }
                Ok(false) | Err(_) => self.complain(none_running(&number.0.to_string())),
            }
        }
    }
}
