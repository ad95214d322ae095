//! Between a secondary and its central.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::{SecondaryEvent, index::IndexCommand, run::Secondary};
use crate::{
    model::{
        Conflict, CopyOrder, RetiredReason, SentTransfer,
        messages::{ForReceiver, ForSecondary, FromSecondary},
    },
    node::{
        Lost, clock,
        link::{Link, LinkEvent},
        lost::LinkDown,
        rules::enrolment::{self, InUse},
    },
    proto::{
        ErrorCode,
        control::{FromCentral, ToCentral},
    },
};

impl Secondary {
    pub(super) fn link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up { central, outbox } => {
                self.state.outbox = Some(outbox);
                self.state.central = Some(central);
                self.copies.set_central(central);
                self.state.told_lost = false;
                self.state.in_use = InUse::default();
                let again = std::mem::replace(&mut self.state.enrolled_before, true);
                self.tell(SecondaryEvent::Enrolled { central, again });
                let unsent = self.copies.orders.take_unsent();
                let sent = self.state.sent.report_all();
                self.state.changes.up();
                // The central tells of those that there are.
                self.state.conflicts.clear();
                let limits = self.state.limits();
                for message in enrolment::first_messages(limits, unsent, sent) {
                    self.send(message);
                }
            }
            LinkEvent::Message(message) => self.message(message),
            LinkEvent::Down(down) => self.link_down(down),
        }
    }

    pub(super) fn link_down(&mut self, down: LinkDown) {
        self.state.outbox = None;
        self.state.changes.down();
        self.state.central = None;
        let told = match down {
            LinkDown::Lost(Lost::Refused { code, message })
                if enrolment::is_for_good(clock::now(), code, &mut self.state.in_use) =>
            {
                self.tell(SecondaryEvent::Refused(Lost::Refused { code, message }));
                self.stop.cancel();
                return;
            }
            LinkDown::Lost(reason) => SecondaryEvent::CentralLost { reason },
            LinkDown::Denied(denied) => SecondaryEvent::Denied(denied),
        };
        if !std::mem::replace(&mut self.state.told_lost, true) {
            self.tell(told);
        }
    }

    pub(super) fn message(&mut self, message: FromCentral) {
        match message {
            FromCentral::Secondary(message) => self.for_secondary(message),
            FromCentral::Receiver(ForReceiver::Sources { transfer, sources }) => {
                self.copies.orders.set_sources(transfer, &sources);
            }
            FromCentral::Hello(_)
            | FromCentral::Ping
            | FromCentral::Bye
            | FromCentral::Error { .. }
            | FromCentral::Refused { .. }
            | FromCentral::Client(_)
            | FromCentral::Answer(_) => tracing::warn!(?message, "not for a secondary"),
        }
    }

    fn for_secondary(&mut self, message: ForSecondary) {
        match message {
            ForSecondary::Copy(order) => self.copy(order),
            ForSecondary::CancelCopy { transfer } => self.copies.orders.cancel(transfer),
            ForSecondary::Withdraw { batch, files } => {
                for file in files {
                    let reason = RetiredReason::Deleted;
                    self.command_index(IndexCommand::SetAside { file, reason });
                }
                self.send(FromSecondary::Ack { batch });
            }
            ForSecondary::Conflicts { batch, names } => {
                names
                    .into_iter()
                    .for_each(|conflict| self.conflict(conflict));
                self.send(FromSecondary::Ack { batch });
            }
            ForSecondary::Ack { batch } => self.state.changes.acknowledged(batch),
            ForSecondary::Check { file, chunk } => {
                self.command_index(IndexCommand::Check { file, chunk });
            }
            ForSecondary::Ended {
                transfer,
                outcome,
                expelled,
            } => {
                if expelled {
                    self.state.stops.expel(clock::now(), transfer);
                }
                if let Some((receiver, file)) = self.state.sent.ended(transfer, outcome) {
                    self.statistics.download(&receiver, &file);
                }
                if let Some(sent) = self.state.sent.report_one(transfer) {
                    self.send_sent(vec![sent]);
                }
            }
        }
    }

    fn copy(&mut self, order: CopyOrder) {
        let grant = &order.grant;
        let sources = grant.sources.iter().map(|source| source.who).collect();
        self.tell(SecondaryEvent::CopyStarted {
            file: grant.file.name.clone(),
            bytes: grant.file.layout.file_bytes(),
            sources,
        });
        let state = &self.state;
        self.copies.start(order, |order| state.replaced(order));
    }

    pub(super) fn send(&mut self, message: impl Into<ToCentral>) {
        if let Some(outbox) = &self.state.outbox
            && outbox.try_send(message.into()).is_err()
        {
            // The link is ending, or the central takes nothing: all is said anew on the next one.
            self.state.outbox = None;
        }
    }

    /// Other secondaries hold other content under a name, or a person has decided on it.
    fn conflict(&mut self, conflict: Conflict) {
        let is_news = if conflict.versions.is_empty() {
            self.state.conflicts.remove(&conflict.name).is_some()
        } else {
            let name = conflict.name.clone();
            let before = self.state.conflicts.insert(name, conflict.clone());
            let contents = |conflict: &Conflict| -> BTreeSet<_> {
                let versions = conflict.versions.iter();
                versions.map(|version| version.file.id).collect()
            };
            // Who else has them by now is seen in the status.
            before.is_none_or(|before| contents(&before) != contents(&conflict))
        };
        if is_news {
            self.tell(SecondaryEvent::Conflict(conflict));
        }
    }

    pub(super) fn send_sent(&mut self, sent: Vec<SentTransfer>) {
        for page in enrolment::sent_pages(sent) {
            self.send(page);
        }
    }
}

/// Waits for the first word of the central, so that a number that is in use is an error of the start.
///
/// # Errors
/// The central's refusal.
pub(super) async fn first_contact(
    link: &mut Link,
    stop: &CancellationToken,
) -> Result<Vec<LinkEvent>, LinkDown> {
    let mut in_use = InUse::default();
    loop {
        let event = tokio::select! {
            event = link.events.recv() => event,
            () = stop.cancelled() => None,
        };
        match event {
            Some(LinkEvent::Down(LinkDown::Lost(Lost::Refused { code, message }))) => {
                let refused = LinkDown::Lost(Lost::Refused { code, message });
                if enrolment::is_for_good(clock::now(), code, &mut in_use) {
                    return Err(refused);
                }
                if code != ErrorCode::NumberInUse {
                    return Ok(vec![LinkEvent::Down(refused)]);
                }
            }
            Some(LinkEvent::Down(denied @ LinkDown::Denied(_))) => return Err(denied),
            Some(event) => return Ok(vec![event]),
            None => return Ok(Vec::new()),
        }
    }
}
