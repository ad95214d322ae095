//! `cliente-NAME.json`: what this client received, kept from run to run.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    engine::counters::{Counters, per_secondary},
    model::{ClientName, FileName, Outcome, ReceivedFrom, SecondaryNumber, SentBytes},
    node::statistics::{self, Head, Moment, StatisticsFile, StatisticsTrouble},
    store::StoreError,
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
    #[serde(deserialize_with = "per_secondary")]
    secondaries: BTreeMap<SecondaryNumber, Counters>,
}

/// What would be saved of a file that was read; for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub fn rewritten(json: &[u8]) -> Option<Vec<u8>> {
    statistics::rewritten::<Content>(json)
}

impl statistics::Content for Content {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// A client's statistics file; another one whenever it changes its name.
#[derive(Debug)]
pub(super) struct Statistics {
    folder: PathBuf,
    file: StatisticsFile<Content>,
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

/// Name of the file of a client that has none.
const NAMELESS: &str = "cliente";

impl Statistics {
    /// Statistics of a client without a name; the second value is what to tell people.
    pub(super) fn nameless(folder: &Path) -> (Self, Option<StatisticsTrouble>) {
        let (file, trouble) = match StatisticsFile::open(folder, NAMELESS) {
            Ok((file, _, trouble)) => (file, trouble),
            Err(error) => {
                let file = StatisticsFile::new(folder, NAMELESS);
                (file, Some(StatisticsTrouble::Failed(error)))
            }
        };
        let folder = folder.to_owned();
        (Self { folder, file }, trouble)
    }

    /// Goes on under another name, with what was saved under it. Gives what to tell people.
    pub(super) async fn rename(&mut self, name: &ClientName) -> Option<StatisticsTrouble> {
        let unsaved = if self.file.content.totals == Counters::default() {
            // A client that was never named has nothing to keep.
            None
        } else {
            self.file.save(Moment::Stopping).await
        };
        let node = format!("{NAMELESS}-{name}");
        let trouble = match StatisticsFile::open(&self.folder, &node) {
            Ok((file, _, trouble)) => {
                self.file = file;
                trouble
            }
            Err(error) => Some(StatisticsTrouble::Failed(error)),
        };
        unsaved.map(StatisticsTrouble::Failed).or(trouble)
    }

    /// A download took bytes from files of this disk.
    pub(super) fn own_disk(&mut self, file: &FileName, bytes: u64) {
        let counters = Counters {
            bytes_own_disk: bytes,
            ..Counters::default()
        };
        let content = &mut self.file.content;
        content.totals.add(&counters);
        content
            .files
            .entry(file.clone())
            .or_default()
            .add(&counters);
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
                // What was sent and did not come is waste too: the books of both sides agree. Less than what
                // came was not sent, whatever the reports have lost.
                counters.bytes_sent = sent.bytes.max(counters.bytes_sent);
                counters.bytes_wasted = counters.bytes_sent - counters.bytes_received;
            }
            whole.add(&counters);
            let complete = booked.outcome == Outcome::Complete && counters.bytes_received > 0;
            counters.downloads = u64::from(complete);
            counters.duration_ms = booked.took.as_millis() as u64;
            let of_source = self
                .file
                .content
                .secondaries
                .entry(source.number)
                .or_default();
            of_source.add(&counters);
        }
        match booked.outcome {
            Outcome::Complete => whole.downloads = 1,
            Outcome::AlreadyComplete => {}
            Outcome::Failed | Outcome::Cancelled => whole.failed = 1,
        }
        whole.duration_ms = booked.took.as_millis() as u64;
        self.file.content.totals.add(&whole);
        let of_file = self
            .file
            .content
            .files
            .entry(booked.file.clone())
            .or_default();
        of_file.add(&whole);
    }

    /// Saves; gives what to tell people.
    pub(super) async fn save(&mut self) -> Option<StoreError> {
        self.file.save(Moment::Running).await
    }

    /// Saves for the last time.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        self.file.finish().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_per_secondary_are_found_again() {
        let mut content = Content {
            head: Head::start("cliente"),
            ..Content::default()
        };
        let number = SecondaryNumber::try_from(3).unwrap();
        content.secondaries.insert(number, Counters::default());
        let found = statistics::found_again(&content);
        assert_eq!(found.secondaries, content.secondaries);
    }
}
