//! What a secondary sends: contents are opened for connections, and what was sent is reported and booked.

use super::{SecondaryEvent, inputs::Held, state::Secondary};
use crate::{
    model::{Receiver, SentTransfer, TransferId},
    node::{Refused, clock, rules::enrolment, send::Wanted},
};

impl Secondary {
    /// Finds a content for a connection, and opens the books of its transfer.
    pub(super) fn open(
        &mut self,
        transfer: TransferId,
        wanted: &Wanted,
        receiver: &Receiver,
    ) -> Result<Held, Refused> {
        let held = &self.state.held;
        let found = match wanted {
            Wanted::Named(name) => held.named(name),
            Wanted::Content { id, name } => held.with_content(*id, name),
        };
        let asked = match wanted {
            Wanted::Named(name) | Wanted::Content { name, .. } => name,
        };
        let not_held = || Refused::NotHeld(asked.clone());
        let aside = || match wanted {
            Wanted::Named(_) => None,
            Wanted::Content { id, .. } => self.retired.find(id),
        };
        let file = found.cloned().or_else(aside).ok_or_else(not_held)?;
        if self.state.stops.is_expelled(transfer) {
            return Err(Refused::Expelled);
        }
        if self.state.sent.is_full() {
            // Ended transfers make room once the central knows all of them.
            self.report();
        }
        let meta = &file.meta;
        let now = clock::now();
        let opened = self.state.sent.open(now, transfer, receiver, meta);
        let (sending, new) = opened.ok_or(Refused::OthersTransfer(transfer))?;
        let stop = self.state.stops.open(transfer);
        if new {
            self.tell(SecondaryEvent::SendingTo {
                receiver: receiver.clone(),
                file: meta.name.clone(),
            });
        }
        Ok(Held {
            file,
            sending,
            stop,
        })
    }

    /// Tells the central what was sent since the last report, and books it.
    pub(super) fn report(&mut self) {
        // Without a link nothing is told: the next one is told everything anew.
        if self.state.outbox.is_some() {
            let sent = self.state.sent.report_news();
            self.send_sent(sent);
        }
        self.book();
    }

    /// Sends a report, in pages.
    pub(super) fn send_sent(&mut self, sent: Vec<SentTransfer>) {
        for page in enrolment::sent_pages(sent) {
            self.send(page);
        }
    }

    /// Puts what was sent into the statistics.
    pub(super) fn book(&mut self) {
        let now = clock::now();
        for progress in self.state.sent.book(now) {
            self.statistics.sent(&progress);
            self.state.sent_bytes = self.state.sent_bytes.saturating_add(progress.bytes);
            self.state.rate.count(now, progress.bytes);
            if let Some(bytes) = progress.over {
                self.tell(SecondaryEvent::SentTo {
                    receiver: progress.receiver,
                    file: progress.file,
                    bytes,
                });
            }
        }
        let never_told = self.state.sent.take_never_told_bytes();
        self.statistics.never_told(never_told);
        let sent = &self.state.sent;
        self.state
            .stops
            .retain(now, |transfer| sent.knows(transfer));
    }
}
