//! What a secondary sends: contents are opened for connections, and what was sent is reported and booked.

use std::{net::IpAddr, sync::Arc};

use super::{
    SecondaryEvent,
    inputs::{Found, Held},
    state::Secondary,
};
use crate::{
    model::{IndexedFile, Receiver, SentTransfer, TransferId},
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
            Wanted::Content { id, name, .. } => held.with_content(*id, name),
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
        self.begin(transfer, receiver, file)
    }

    /// Whether a content is served, for a face. What was set aside is not: a face offers what the names stand for now.
    pub(super) fn find(&self, wanted: &Wanted) -> Found {
        let held = &self.state.held;
        match wanted {
            Wanted::Named(name) => held
                .named(name)
                .map_or(Found::Unknown, |file| Found::Here(Arc::clone(file))),
            Wanted::Content { id, name, .. } => match held.with_content(*id, name) {
                Some(file) => Found::Here(Arc::clone(file)),
                None if held.named(name).is_some() || self.retired.find(id).is_some() => {
                    Found::Replaced
                }
                None => Found::Unknown,
            },
        }
    }

    /// Opens the books of what a face sends to a host. All that it asks for of a content within a while is one transfer: a
    /// player makes a request for each place that it goes to.
    pub(super) fn open_for(
        &mut self,
        host: IpAddr,
        file: Arc<IndexedFile>,
    ) -> Result<Held, Refused> {
        let of = (host, file.meta.id);
        let known = self.state.hosts.get(&of).copied();
        let transfer = known
            .filter(|transfer| self.state.sent.knows(*transfer))
            // No central named this transfer.
            .unwrap_or_else(|| TransferId::without_term(fastrand::u64(..)));
        let held = self.begin(transfer, &Receiver::Http(host), file)?;
        self.state.hosts.insert(of, transfer);
        Ok(held)
    }

    /// Opens the books of a transfer.
    fn begin(
        &mut self,
        transfer: TransferId,
        receiver: &Receiver,
        file: Arc<IndexedFile>,
    ) -> Result<Held, Refused> {
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
            if matches!(progress.receiver, Receiver::Http(_)) {
                self.state.http_bytes = self.state.http_bytes.saturating_add(progress.bytes);
            }
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
        self.state.hosts.retain(|_, transfer| sent.knows(*transfer));
        self.state
            .stops
            .retain(now, |transfer| sent.knows(transfer));
    }
}
