//! `secundarioN.json`: what this secondary sent and copied, kept from run to run.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::sent::Progress;
use crate::{
    engine::counters::Counters,
    model::{ClientName, FileName, Receiver, SecondaryNumber, limits::MAX_STATISTICS_NAMES},
    node::{
        fetch::{FetchEnd, FetchOutcome},
        statistics::{Head, Moment, Saver, StatisticsTrouble, load},
    },
    store::{Root, StoreError},
};

/// The file's content.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    #[serde(flatten)]
    head: Head,
    /// What it sent to clients.
    totals: Counters,
    /// The same per file.
    files: BTreeMap<FileName, Counters>,
    /// The same per client.
    clients: BTreeMap<ClientName, Counters>,
    /// Copies that it sent to other secondaries, per receiver.
    copies_sent: BTreeMap<SecondaryNumber, Counters>,
    /// Copies that it received, per sender.
    copies_received: BTreeMap<SecondaryNumber, Counters>,
    /// Copies that it received, all together.
    copies: Counters,
}

/// A secondary's statistics file.
#[derive(Debug)]
pub(super) struct Statistics {
    content: Content,
    saver: Saver,
}

impl Statistics {
    /// Reads what the last run left in the folder; the second value is what to tell people.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written.
    pub(super) fn open(
        folder: &Path,
        number: SecondaryNumber,
    ) -> Result<(Self, Option<StatisticsTrouble>), StoreError> {
        Root::create(folder)?.check_writable()?;
        let path = folder.join(format!("secundario{number}.json"));
        let (content, warning) = load::<Content>(&path)?;
        let mut content = content.unwrap_or_default();
        content.head = Head::start(&format!("secundario{number}"));
        let saver = Saver::new(path);
        Ok((Self { content, saver }, warning))
    }

    /// Bytes were sent.
    pub(super) fn sent(&mut self, progress: &Progress) {
        let counters = Counters {
            bytes_sent: progress.bytes,
            chunks: progress.chunks,
            downloads: u64::from(progress.whole_part),
            duration_ms: progress.took.as_millis() as u64,
            ..Counters::default()
        };
        self.add(&progress.receiver, &progress.file, &counters);
    }

    /// A transfer to which this secondary sent something is complete.
    pub(super) fn download(&mut self, receiver: &Receiver, file: &FileName) {
        let counters = Counters {
            downloads: 1,
            ..Counters::default()
        };
        self.add(receiver, file, &counters);
    }

    fn add(&mut self, receiver: &Receiver, file: &FileName, counters: &Counters) {
        match receiver {
            Receiver::Client(client) | Receiver::Original(client) => {
                let content = &mut self.content;
                content.totals.add(counters);
                content.files.entry(file.clone()).or_default().add(counters);
                let clients = &mut content.clients;
                if clients.len() < MAX_STATISTICS_NAMES || clients.contains_key(client) {
                    clients.entry(client.clone()).or_default().add(counters);
                }
            }
            Receiver::Secondary(number) => {
                let copies = &mut self.content.copies_sent;
                copies.entry(*number).or_default().add(counters);
            }
        }
    }

    /// A copy that this secondary received ended.
    pub(super) fn copied(&mut self, file: &FileName, end: &FetchEnd) {
        tracing::debug!(%file, ?end, "copy ended");
        let complete = matches!(end.outcome, FetchOutcome::Complete { .. });
        let failed = matches!(end.outcome, FetchOutcome::Failed(_));
        for source in &end.sources {
            let counters = Counters::of_received(source);
            self.content.copies.add(&counters);
            let from = &mut self.content.copies_received;
            from.entry(source.number).or_default().add(&counters);
        }
        self.content.copies.add(&Counters {
            downloads: u64::from(complete),
            failed: u64::from(failed),
            duration_ms: end.took.as_millis() as u64,
            ..Counters::default()
        });
    }

    /// Complete downloads per file.
    pub(super) fn downloads(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        let files = self.content.files.iter();
        files.map(|(name, counters)| (name.to_string(), counters.downloads))
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
