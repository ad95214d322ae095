//! The transfers that run now, for people.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Cluster;
use crate::model::{FileName, Receiver, SecondaryNumber, TransferId};

/// A transfer that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Running {
    /// Its name. What comes by HTTP has one for each secondary; this is that of the first.
    pub transfer: TransferId,
    /// The file.
    pub file: FileName,
    /// Its length; `None` for a file that is not known any more.
    pub bytes: Option<u64>,
    /// Bytes that were sent so far, by the senders' reports.
    pub sent_bytes: u64,
    /// To whom.
    pub to: Receiver,
    /// Who has a connection for it.
    pub secondaries: BTreeSet<SecondaryNumber>,
}

impl Cluster {
    /// Transfers that run, those of the protocol first, as many as this at most.
    pub fn running(&self, most: usize) -> Vec<Running> {
        let senders = self.books.senders();
        let mut rows: Vec<Running> = Vec::new();
        let mut known: BTreeMap<TransferId, usize> = BTreeMap::new();
        for (transfer, running) in self.transfers.iter().take(most) {
            known.insert(transfer, rows.len());
            rows.push(Running {
                transfer,
                file: running.file.name.clone(),
                bytes: Some(running.file.layout.file_bytes()),
                sent_bytes: senders.bytes_in(transfer),
                to: running.receiver.clone(),
                secondaries: BTreeSet::new(),
            });
        }
        let mut others: BTreeMap<(&Receiver, &FileName), usize> = BTreeMap::new();
        for (number, transfer, to, file, bytes) in senders.all_open() {
            if let Some(row) = known.get(&transfer).and_then(|row| rows.get_mut(*row)) {
                row.secondaries.insert(number);
                continue;
            }
            // Of the protocol, and over already or not shown.
            if matches!(to, Receiver::Client(_) | Receiver::Secondary(_)) {
                continue;
            }
            let place = *others.entry((to, file)).or_insert(rows.len());
            if place == rows.len() && place < most {
                let meta = self.catalog.look_up(file).map(|standing| &standing.meta);
                rows.push(Running {
                    transfer,
                    file: file.clone(),
                    bytes: meta.map(|meta| meta.layout.file_bytes()),
                    sent_bytes: 0,
                    to: to.clone(),
                    secondaries: BTreeSet::new(),
                });
            }
            if let Some(row) = rows.get_mut(place) {
                row.sent_bytes = row.sent_bytes.saturating_add(bytes);
                row.secondaries.insert(number);
            }
        }
        rows
    }
}
