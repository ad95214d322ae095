//! `secundarioN.json`: what this secondary sent and copied, kept from run to run.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    engine::{
        counters::{Counters, per_secondary},
        tables::change_named,
    },
    model::{ClientName, FileName, Receiver, SecondaryNumber, Who},
    node::{
        fetch::FetchEnd,
        refusals::Refusals,
        rules::sent::Progress,
        statistics::{self, Head, StatisticsFile, StatisticsTrouble},
    },
    store::StoreError,
};

/// The file's content.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Content {
    #[serde(flatten)]
    head: Head,
    /// Connections that were refused, or ended for what their peers did, by code.
    refused: Refusals,
    /// What it sent to clients.
    totals: Counters,
    /// The same per file.
    files: BTreeMap<FileName, Counters>,
    /// The same of files without a row: if there are too many, those with the smallest figures have none.
    other_files: Counters,
    /// The same per client.
    clients: BTreeMap<ClientName, Counters>,
    /// The same of clients without a row.
    other_clients: Counters,
    /// Copies that it sent to other secondaries, per receiver.
    #[serde(deserialize_with = "per_secondary")]
    copies_sent: BTreeMap<SecondaryNumber, Counters>,
    /// Copies that it received, per sender.
    #[serde(deserialize_with = "per_secondary")]
    copies_received: BTreeMap<SecondaryNumber, Counters>,
    /// All copies that it received.
    copies: Counters,
}

/// What would be saved after reading such a file; for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub fn rewritten(json: &[u8]) -> Option<Vec<u8>> {
    statistics::rewritten::<Content>(json)
}

impl statistics::Content for Content {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// A secondary's statistics file.
pub(super) type Statistics = StatisticsFile<Content>;

impl Statistics {
    /// Reads what the last run left in the folder. The second value is a warning for people.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written.
    pub(super) fn of_secondary(
        folder: &Path,
        number: SecondaryNumber,
    ) -> Result<(Self, Option<StatisticsTrouble>), StoreError> {
        let node = format!("secundario{number}");
        let (file, _, trouble) = Self::open(folder, &node)?;
        Ok((file, trouble))
    }

    /// The connections that were refused.
    pub(super) fn refused(&mut self) -> &mut Refusals {
        &mut self.content.refused
    }

    /// All that it sent to clients.
    pub(super) fn sums(&self) -> &Counters {
        &self.content.totals
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
            Receiver::Client(client) | Receiver::Legacy(client) => {
                let content = &mut self.content;
                content.totals.add(counters);
                let (files, others) = (&mut content.files, &mut content.other_files);
                change_named(files, others, file, counters, Counters::add);
                let (clients, others) = (&mut content.clients, &mut content.other_clients);
                change_named(clients, others, client, counters, Counters::add);
            }
            Receiver::Http(_) => {
                let content = &mut self.content;
                content.totals.add(counters);
                let (files, others) = (&mut content.files, &mut content.other_files);
                change_named(files, others, file, counters, Counters::add);
                content.other_clients.add(counters);
            }
            Receiver::Secondary(number) => {
                let copies = &mut self.content.copies_sent;
                copies.entry(*number).or_default().add(counters);
            }
        }
    }

    /// Bytes that are counted here and never reported to the central.
    pub(super) fn never_told(&mut self, bytes: u64) {
        let unreported = &mut self.content.totals.bytes_unreported;
        *unreported = unreported.saturating_add(bytes);
    }

    /// A copy that this secondary received ended.
    pub(super) fn copied(&mut self, file: &FileName, end: &FetchEnd) {
        tracing::debug!(%file, ?end, "copy ended");
        for source in &end.sources {
            let counters = Counters::of_received(source);
            self.content.copies.add(&counters);
            let from = &mut self.content.copies_received;
            if let Who::Secondary(number) = source.who {
                from.entry(number).or_default().add(&counters);
            }
        }
        self.content.copies.add(&Counters {
            bytes_own_disk: end.own_bytes,
            duration_ms: end.took.as_millis() as u64,
            ..Counters::of_end(Some(end.outcome.outcome()))
        });
    }

    /// Complete downloads per file.
    pub(super) fn downloads(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        let files = self.content.files.iter();
        files.map(|(name, counters)| (name.to_string(), counters.downloads))
    }

    /// Starts to save, unless the last save is still under way.
    pub(super) fn save(&mut self) {
        self.start_save(|file| file.content.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_per_secondary_are_found_again() {
        let mut content = Content {
            head: Head::start("secundario1"),
            ..Content::default()
        };
        let number = SecondaryNumber::try_from(3).unwrap();
        content.copies_sent.insert(number, Counters::default());
        content.copies_received = content.copies_sent.clone();
        statistics::assert_found_again(&content);
    }
}
