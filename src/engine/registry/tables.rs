//! The tables of figures: all downloads, and those of each file, client and secondary.

use serde::{Deserialize, Serialize};

use super::{
    figures::Figures,
    saved::{LegacyParts, OpenTransfer, Totals},
};
use crate::{
    engine::{
        counters::Counters,
        tables::{Blank, change_named},
    },
    model::{
        ClientName, FileName, Receiver, SecondaryNumber, SentTransfer, limits::MAX_FILE_BYTES,
    },
};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tables {
    /// Without lists of transfers, which are kept elsewhere.
    totals: Totals,
    /// Clients in the table that have no figures.
    blank: Blank<ClientName>,
}

impl Tables {
    /// Goes on from what an earlier run saved.
    pub fn restore(mut totals: Totals) -> Self {
        let blank = Blank::of(&mut totals.clients);
        Self { totals, blank }
    }

    /// All of it; the lists of transfers are empty.
    pub fn totals(&self) -> Totals {
        self.totals.clone()
    }

    /// The figures of all downloads by clients.
    pub fn sums(&self) -> &Counters {
        &self.totals.totals
    }

    /// Downloads per file.
    pub fn per_file(&self) -> impl Iterator<Item = (&FileName, u64)> {
        let files = self.totals.files.iter();
        files.map(|(name, counters)| (name, counters.downloads))
    }

    /// Downloads of one file.
    pub fn downloads_of(&self, file: &FileName) -> u64 {
        let counters = self.totals.files.get(file);
        counters.map_or(0, |counters| counters.downloads)
    }

    /// Downloads per client.
    pub fn per_client(&self) -> impl Iterator<Item = (&ClientName, u64)> {
        let clients = self.totals.clients.iter();
        clients.map(|(name, counters)| (name, counters.downloads))
    }

    /// Downloads of one client.
    pub fn downloads_by(&self, client: &ClientName) -> u64 {
        let counters = self.totals.clients.get(client);
        counters.map_or(0, |counters| counters.downloads)
    }

    /// A client that enrols has a row with zero downloads, until too many others have come since.
    pub fn know_client(&mut self, client: &ClientName) {
        self.blank.add(&mut self.totals.clients, client);
    }

    /// True when [`Self::know_client`] would change something.
    pub fn is_new_client(&self, client: &ClientName) -> bool {
        Blank::has_room(&self.totals.clients, client)
    }

    /// A client's row is another one's, which may have one.
    pub fn rename_client(&mut self, from: &ClientName, to: &ClientName) {
        let totals = &mut self.totals;
        self.blank.forget(from);
        if let Some(row) = totals.clients.remove(from)
            && row != Counters::default()
        {
            let (clients, others) = (&mut totals.clients, &mut totals.other_clients);
            change_named(clients, others, to, &row, Counters::add);
        }
        let parts = totals.legacy_parts.iter_mut();
        parts
            .filter(|parts| parts.client == *from)
            .for_each(|parts| parts.client.clone_from(to));
    }

    /// Puts a transfer's figures in.
    pub fn book(&mut self, open: &OpenTransfer, figures: &Figures) {
        self.change(open, figures, Counters::add);
    }

    /// Takes them out again.
    pub fn take_back(&mut self, open: &OpenTransfer, figures: &Figures) {
        self.change(open, figures, Counters::subtract);
    }

    fn change(
        &mut self,
        open: &OpenTransfer,
        figures: &Figures,
        change: fn(&mut Counters, &Counters),
    ) {
        let whole = &figures.whole;
        let totals = &mut self.totals;
        let Receiver::Client(client) = &open.receiver else {
            return change(&mut totals.copies, whole);
        };
        change(&mut totals.totals, whole);
        let (files, others) = (&mut totals.files, &mut totals.other_files);
        change_named(files, others, &open.file, whole, change);
        let (clients, others) = (&mut totals.clients, &mut totals.other_clients);
        change_named(clients, others, client, whole, change);
        for (number, counters) in &figures.per_source {
            let mut counters = counters.clone();
            counters.downloads = u64::from(whole.downloads == 1 && counters.bytes_received > 0);
            counters.duration_ms = whole.duration_ms;
            change(totals.secondaries.entry(*number).or_default(), &counters);
        }
    }

    /// Bytes of a transfer without an entry count all the same, like those of a receiver that vanished.
    pub fn book_without_entry(&mut self, number: SecondaryNumber, receiver: &Receiver, bytes: u64) {
        let bytes = bytes.min(MAX_FILE_BYTES);
        let counters = Counters {
            bytes_sent: bytes,
            bytes_unconfirmed: bytes,
            ..Counters::default()
        };
        match receiver {
            Receiver::Secondary(_) => self.totals.copies.add(&counters),
            Receiver::Client(_) | Receiver::Legacy(_) | Receiver::Http(_) => {
                self.totals.totals.add(&counters);
                self.totals.other_files.add(&counters);
                self.totals.other_clients.add(&counters);
                let of_secondary = self.totals.secondaries.entry(number).or_default();
                of_secondary.add(&counters);
            }
        }
    }

    /// A legacy client was sent a part, or some of one.
    pub fn book_legacy(
        &mut self,
        number: SecondaryNumber,
        client: &ClientName,
        sent: &SentTransfer,
    ) {
        let mut counters = Counters {
            bytes_sent: sent.bytes,
            ..Counters::default()
        };
        if let Some(part) = sent.whole_part {
            counters.bytes_received = sent.bytes;
            counters.downloads = u64::from(self.has_all_parts(client, &sent.file, part));
        } else {
            counters.bytes_unconfirmed = sent.bytes;
        }
        let totals = &mut self.totals;
        totals.totals.add(&counters);
        let (files, others) = (&mut totals.files, &mut totals.other_files);
        change_named(files, others, &sent.file, &counters, Counters::add);
        let (clients, others) = (&mut totals.clients, &mut totals.other_clients);
        change_named(clients, others, client, &counters, Counters::add);
        totals.secondaries.entry(number).or_default().add(&counters);
    }

    /// A legacy client has one part more; true when that makes a file.
    fn has_all_parts(&mut self, client: &ClientName, file: &FileName, part: u8) -> bool {
        let all = &mut self.totals.legacy_parts;
        let known = all
            .iter()
            .position(|p| p.client == *client && p.file == *file);
        let index = known.unwrap_or_else(|| {
            all.push(LegacyParts {
                client: client.clone(),
                file: file.clone(),
                parts: 0,
            });
            all.len() - 1
        });
        all[index].parts |= 1 << part.min(2);
        let is_whole = all[index].parts == 0b111;
        if is_whole {
            all.remove(index);
        }
        // Clients that never ask for all parts must not fill the table.
        if all.len() > 1000 {
            all.remove(0);
        }
        is_whole
    }
}
