//! Between a secondary and its central: what is said on a link, and what the central orders.

use std::{collections::BTreeSet, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    SecondaryEvent,
    index::IndexCommand,
    state::{Secondary, remember},
};
use crate::{
    model::{
        Conflict, CopyOrder, RetiredReason,
        limits::{EXPELLED_FOR, MAX_OUTBOX},
        messages::{ForReceiver, ForSecondary, FromSecondary},
    },
    node::{
        Lost, clock,
        link::{Link, LinkEvent},
        lost::LinkDown,
        rules::enrolment::{self, InUse},
    },
    proto::{ErrorCode, Said, control::FromCentral},
};

impl Secondary {
    /// Sends what the central may be told now, and saves what it has acknowledged.
    pub(super) fn tell_changes(&mut self) {
        remember(&mut self.memory, &mut self.state.changes);
        while let Some(outbox) = &self.state.outbox {
            // The other half is left to messages that cannot wait.
            if outbox.capacity() < MAX_OUTBOX / 2 {
                return;
            }
            let Some(message) = self.state.changes.next(self.state.held.by_name()) else {
                return;
            };
            self.send(message);
        }
    }

    pub(super) fn link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up {
                central, outbox, ..
            } => {
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
                // The central tells of all conflicts anew.
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

    fn link_down(&mut self, down: LinkDown) {
        self.state.outbox = None;
        self.state.changes.down();
        self.state.central = None;
        if down.is_move() {
            // It is told where it goes on.
            return;
        }
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

    fn message(&mut self, message: FromCentral) {
        match message {
            FromCentral::Secondary(message) => self.for_secondary(message),
            FromCentral::Receiver(ForReceiver::Sources { transfer, sources }) => {
                self.copies.orders.set_sources(transfer, &sources);
            }
            FromCentral::Hello(_)
            | FromCentral::Ping
            | FromCentral::Bye
            | FromCentral::Moved { .. }
            | FromCentral::Error { .. }
            | FromCentral::AccountRefused { .. }
            | FromCentral::RoomRefused { .. }
            | FromCentral::Rooms(_)
            | FromCentral::Refused { .. }
            | FromCentral::Client(_)
            | FromCentral::Answer(_)
            | FromCentral::Counted(_) => tracing::warn!(?message, "not for a secondary"),
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
            ForSecondary::Expelled { host, for_ms } => {
                let left = Duration::from_millis(for_ms).min(EXPELLED_FOR);
                self.state.expelled.expel(host, clock::now() + left);
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

    /// Other secondaries hold other content under a name, or a person has decided which one it stands for.
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
            // A change of holders alone is no news: the status shows it.
            before.is_none_or(|before| contents(&before) != contents(&conflict))
        };
        if is_news {
            self.tell(SecondaryEvent::Conflict(conflict));
        }
    }
}

/// Waits for the central's first word, so that a number in use is an error of the start. That it is in use is told at
/// once.
///
/// # Errors
/// The central's refusal.
pub(super) async fn first_contact(
    link: &mut Link,
    stop: &CancellationToken,
    mut number_is_held: impl FnMut(&Said),
) -> Result<Vec<LinkEvent>, LinkDown> {
    let mut in_use = InUse::default();
    let mut is_told = false;
    loop {
        let event = tokio::select! {
            event = link.events.recv() => event,
            () = stop.cancelled() => None,
        };
        match event {
            Some(LinkEvent::Down(LinkDown::Lost(Lost::Refused { code, message }))) => {
                if code == ErrorCode::NumberInUse && !std::mem::replace(&mut is_told, true) {
                    number_is_held(&message);
                }
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
