//! What secondaries report, page by page, and what has none.

use std::time::Instant;

use super::{Ledger, News};
use crate::{
    engine::{
        cluster::{account::Account, accounts::Origin, books::OriginalParts},
        counters::Counters,
        tables::change_named,
    },
    model::{
        ClientName, Incarnation, Receiver, SecondaryNumber, SentTransfer, limits::MAX_FILE_BYTES,
    },
};

impl Ledger {
    /// A secondary's report; cumulative within one run of its process. `news` is what it adds to the one before.
    pub(in super::super) fn report(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        incarnation: Incarnation,
        sent: SentTransfer,
        news: News,
    ) {
        let transfer = sent.transfer;
        let known = self.accounts.change(transfer, |account| {
            account.report(number, incarnation, &sent);
        });
        if known.is_some() {
            return;
        }
        if self.is_settled(transfer) {
            if self.closed.contains_key(&transfer) {
                return self.amend(number, incarnation, sent);
            }
            // What was told before is in the books, of this run or an earlier one.
            let more = if news.is_first { 0 } else { news.more };
            return self.count_without_page(number, &sent, more);
        }
        if let Receiver::Legacy(client) = &sent.receiver {
            if sent.last {
                self.settled(transfer);
                self.original_part(number, client.clone(), &sent);
            }
            return;
        }
        if sent.bytes == 0 {
            return;
        }
        if news.more < sent.bytes {
            // It had a page, or none, when it was told before.
            return self.count_without_page(number, &sent, news.more);
        }
        // A transfer that nobody opened here: granted by an earlier run of the central that was killed
        // before it saved. Its receiver resumes it, or it is closed as orphaned.
        let (receiver, file) = (sent.receiver.clone(), sent.file.clone());
        let origin = Origin::Secondary(number);
        let mut account = Account::new(transfer, receiver, file, None, origin);
        account.orphan_since = Some(now);
        account.report(number, incarnation, &sent);
        self.accounts.insert(account);
    }

    /// Bytes of a transfer of which nothing else is known count all the same, as those of a receiver that vanished.
    fn count_without_page(&mut self, number: SecondaryNumber, sent: &SentTransfer, more: u64) {
        let bytes = more.min(MAX_FILE_BYTES);
        let counters = Counters {
            bytes_sent: bytes,
            bytes_unconfirmed: bytes,
            ..Counters::default()
        };
        match &sent.receiver {
            Receiver::Secondary(_) => self.totals.copies.add(&counters),
            Receiver::Client(_) | Receiver::Legacy(_) => {
                self.totals.totals.add(&counters);
                self.totals.other_files.add(&counters);
                self.totals.other_clients.add(&counters);
                let of_secondary = self.totals.secondaries.entry(number).or_default();
                of_secondary.add(&counters);
            }
        }
    }

    /// A report of a transfer whose books are closed: of a secondary that was away, or is slow. The figures
    /// are taken out and put in again as they would have been.
    fn amend(&mut self, number: SecondaryNumber, incarnation: Incarnation, sent: SentTransfer) {
        let Some(mut closed) = self.closed.remove(&sent.transfer) else {
            return;
        };
        let transfer = sent.transfer;
        closed.account.report(number, incarnation, &sent);
        let figures = closed.account.figures(&closed.died);
        if figures != closed.figures {
            let open = &closed.account.open;
            self.book(open, &closed.figures, Counters::subtract);
            self.book(open, &figures, Counters::add);
            closed.figures = figures;
        }
        self.closed.insert(transfer, closed);
    }

    fn original_part(&mut self, number: SecondaryNumber, client: ClientName, sent: &SentTransfer) {
        let mut counters = Counters {
            bytes_sent: sent.bytes,
            ..Counters::default()
        };
        let Some(part) = sent.whole_part else {
            counters.bytes_unconfirmed = sent.bytes;
            self.book_original(number, client, sent, counters);
            return;
        };
        counters.bytes_received = sent.bytes;
        let parts = &mut self.totals.original_parts;
        let found = parts
            .iter()
            .position(|p| p.client == client && p.file == sent.file);
        let index = found.unwrap_or_else(|| {
            parts.push(OriginalParts {
                client: client.clone(),
                file: sent.file.clone(),
                parts: 0,
            });
            parts.len() - 1
        });
        parts[index].parts |= 1 << part.min(2);
        if parts[index].parts == 0b111 {
            parts.remove(index);
            counters.downloads = 1;
        }
        // Those who never ask for all parts must not fill the file.
        if parts.len() > 1000 {
            parts.remove(0);
        }
        self.book_original(number, client, sent, counters);
    }

    fn book_original(
        &mut self,
        number: SecondaryNumber,
        client: ClientName,
        sent: &SentTransfer,
        counters: Counters,
    ) {
        self.totals.totals.add(&counters);
        let totals = &mut self.totals;
        let (files, others) = (&mut totals.files, &mut totals.other_files);
        change_named(files, others, &sent.file, &counters, Counters::add);
        let (clients, others) = (&mut totals.clients, &mut totals.other_clients);
        change_named(clients, others, &client, &counters, Counters::add);
        totals.secondaries.entry(number).or_default().add(&counters);
    }
}
