//! `cliente-NAME.json`: what this client received, kept from run to run.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    engine::counters::Counters,
    model::{ClientName, FileName, Outcome, ReceivedFrom, SecondaryNumber, SentBytes},
    node::statistics::{Head, Moment, Saver, StatisticsTrouble, load},
    store::{Root, StoreError},
};

/// The file's content.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    #[serde(flatten)]
    head: Head,
    /// All downloads.
    totals: Counters,
    /// Per file.
    files: BTreeMap<FileName, Counters>,
    /// Per secondary.
    secondaries: BTreeMap<SecondaryNumber, Counters>,
}

/// A client's statistics file; another one whenever it changes its name.
#[derive(Debug)]
pub(super) struct Statistics {
    folder: PathBuf,
    content: Content,
    saver: Saver,
}

/// A download whose figures are complete.
#[derive(Debug)]
pub(super) struct Booked<'a> {
    pub(super) file: &'a FileName,
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
    pub(super) received: &'a [ReceivedFrom],
    /// What the secondaries reported; `None` when the central did not say in time.
    pub(super) sent: Option<&'a [SentBytes]>,
}

fn open(
    folder: &Path,
    name: Option<&ClientName>,
) -> Result<(Content, Saver, Option<StatisticsTrouble>), StoreError> {
    Root::create(folder)?.check_writable()?;
    let node = name.map_or("cliente".to_owned(), |name| format!("cliente-{name}"));
    let path = folder.join(format!("{node}.json"));
    let (content, warning) = load::<Content>(&path)?;
    let mut content = content.unwrap_or_default();
    content.head = Head::start(&node);
    Ok((content, Saver::new(path), warning))
}

impl Statistics {
    /// Statistics of a client without a name; the second value is what to tell people.
    pub(super) fn nameless(folder: &Path) -> (Self, Option<StatisticsTrouble>) {
        match open(folder, None) {
            Ok((content, saver, warning)) => (
                Self {
                    folder: folder.to_owned(),
                    content,
                    saver,
                },
                warning,
            ),
            Err(error) => (
                Self {
                    folder: folder.to_owned(),
                    content: Content {
                        head: Head::start("cliente"),
                        ..Content::default()
                    },
                    saver: Saver::new(folder.join("cliente.json")),
                },
                Some(StatisticsTrouble::Failed(error)),
            ),
        }
    }

    /// Goes on under another name, with what was saved under it. Gives what to tell people.
    pub(super) async fn rename(&mut self, name: &ClientName) -> Option<StatisticsTrouble> {
        let saved = if self.content.totals == Counters::default() {
            // A client that was never named has nothing to keep.
            None
        } else {
            self.save(Moment::Stopping).await
        };
        let opened = open(&self.folder, Some(name));
        let warning = match opened {
            Ok((content, saver, warning)) => {
                self.content = content;
                self.saver = saver;
                warning
            }
            Err(error) => Some(StatisticsTrouble::Failed(error)),
        };
        saved.map(StatisticsTrouble::Failed).or(warning)
    }

    /// A download is over and its figures are known.
    pub(super) fn book(&mut self, booked: &Booked<'_>) {
        let mut whole = Counters::default();
        for source in booked.received {
            let mut counters = Counters::of_received(source);
            counters.bytes_sent = counters.bytes_received + counters.bytes_wasted;
            let sent = booked
                .sent
                .and_then(|all| all.iter().find(|sent| sent.number == source.number));
            if let Some(sent) = sent {
                // What was sent and did not come is waste too: the books of both sides agree.
                counters.bytes_wasted = sent.bytes.saturating_sub(counters.bytes_received);
                counters.bytes_sent = sent.bytes;
            }
            whole.add(&counters);
            let complete = booked.outcome == Outcome::Complete && counters.bytes_received > 0;
            counters.downloads = u64::from(complete);
            counters.duration_ms = booked.took.as_millis() as u64;
            let of_source = self.content.secondaries.entry(source.number).or_default();
            of_source.add(&counters);
        }
        match booked.outcome {
            Outcome::Complete => whole.downloads = 1,
            Outcome::AlreadyComplete => {}
            Outcome::Failed | Outcome::Cancelled => whole.failed = 1,
        }
        whole.duration_ms = booked.took.as_millis() as u64;
        self.content.totals.add(&whole);
        let of_file = self.content.files.entry(booked.file.clone()).or_default();
        of_file.add(&whole);
    }

    fn stamped(&self, moment: Moment) -> Content {
        let mut content = self.content.clone();
        content.head = content.head.stamped(moment);
        content
    }

    /// Saves; gives what to tell people.
    pub(super) async fn save(&mut self, moment: Moment) -> Option<StoreError> {
        let content = self.stamped(moment);
        self.saver.save_or_tell(content).await
    }

    /// Saves for the last time.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        self.saver.save(self.stamped(Moment::Stopping)).await
    }
}
