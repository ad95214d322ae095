//! Between a secondary and its central.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::SecondaryEvent;
use super::run::Secondary;
use crate::{
    model::{FileMeta, SentTransfer, limits::PAGE_BYTES},
    node::link::{Link, LinkDown, LinkEvent},
    proto::{
        ErrorCode,
        control::{FromCentral, ToCentral},
    },
    store::index::IndexCommand,
};

/// How long a number may be in use by a process whose lease is about to end.
pub(super) const NUMBER_PATIENCE: Duration = Duration::from_secs(4);

impl Secondary {
    pub(super) fn link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up { central, outbox } => {
                self.state.outbox = Some(outbox);
                self.state.told_lost = false;
                self.state.refused_since = None;
                let again = std::mem::replace(&mut self.state.enrolled_before, true);
                self.tell(SecondaryEvent::Enrolled { central, again });
                if self.state.indexed {
                    self.send_inventory();
                }
                for finished in self.copies.unsent() {
                    self.send(ToCentral::Finished(finished));
                }
                let sent = self.state.sent.report(true);
                self.send_sent(sent);
            }
            LinkEvent::Message(message) => self.message(message),
            LinkEvent::Down(down) => self.link_down(down),
        }
    }

    pub(super) fn link_down(&mut self, down: LinkDown) {
        self.state.outbox = None;
        let for_good = match &down {
            LinkDown::Refused { code, .. } => match code {
                ErrorCode::NumberInUse => {
                    let since = self.state.refused_since.get_or_insert_with(Instant::now);
                    since.elapsed() >= NUMBER_PATIENCE
                }
                ErrorCode::NumberNotAllowed | ErrorCode::WrongProtocol => true,
                _ => false,
            },
            LinkDown::Unreachable(_)
            | LinkDown::NotACentral(_)
            | LinkDown::Denied(_)
            | LinkDown::Ended(_) => false,
        };
        let reason = down.to_string();
        if for_good {
            self.tell(SecondaryEvent::Refused { message: reason });
            self.context.stop.cancel();
        } else if !std::mem::replace(&mut self.state.told_lost, true) {
            self.tell(match down {
                LinkDown::Denied(denied) => SecondaryEvent::Denied(denied),
                _ => SecondaryEvent::CentralLost { reason },
            });
        }
    }

    pub(super) fn message(&mut self, message: FromCentral) {
        match message {
            FromCentral::Copy(grant) => {
                let sources = grant.sources.iter().map(|source| source.number).collect();
                self.tell(SecondaryEvent::CopyStarted {
                    file: grant.file.name.clone(),
                    bytes: grant.file.layout.file_bytes(),
                    sources,
                });
                self.copies.start(grant);
            }
            FromCentral::CancelCopy { transfer } => self.copies.cancel(transfer),
            FromCentral::Sources { transfer, sources } => {
                self.copies.set_sources(transfer, sources);
            }
            FromCentral::Withdraw { file } => self.command_index(IndexCommand::SetAside(file)),
            FromCentral::Ended { transfer, outcome } => {
                if let Some((receiver, file)) = self.state.sent.ended(transfer, outcome) {
                    self.statistics.download(&receiver, &file);
                }
                if let Some(sent) = self.state.sent.report_one(transfer) {
                    self.send_sent(vec![sent]);
                }
            }
            FromCentral::Hello(_)
            | FromCentral::Ping
            | FromCentral::Bye
            | FromCentral::Error { .. }
            | FromCentral::Enrolled { .. }
            | FromCentral::Listing { .. }
            | FromCentral::Status(_)
            | FromCentral::Granted { .. }
            | FromCentral::Queued { .. }
            | FromCentral::Refused { .. }
            | FromCentral::Settled { .. } => {
                tracing::warn!(?message, "not for a secondary");
            }
        }
    }

    pub(super) fn send(&mut self, message: ToCentral) {
        if let Some(outbox) = &self.state.outbox
            && outbox.try_send(message).is_err()
        {
            // The link is ending, or the central takes nothing: all is said anew on the next one.
            self.state.outbox = None;
        }
    }

    pub(super) fn send_inventory(&mut self) {
        let files: Vec<FileMeta> = self.state.held.values().map(|f| f.meta.clone()).collect();
        let mut pages = pages(files);
        let last_page = pages.pop().unwrap_or_default();
        for files in pages {
            self.send(ToCentral::Inventory { files, last: false });
        }
        self.send(ToCentral::Inventory {
            files: last_page,
            last: true,
        });
    }

    pub(super) fn send_sent(&mut self, sent: Vec<SentTransfer>) {
        for transfers in pages(sent) {
            self.send(ToCentral::Sent { transfers });
        }
    }
}

/// Cuts a list into pages that fit a line each; none for an empty list.
fn pages<T: serde::Serialize>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut pages = Vec::new();
    let mut room = 0;
    for item in items {
        let size = serde_json::to_vec(&item).map_or(0, |json| json.len() + 1);
        if size > room || pages.is_empty() {
            pages.push(Vec::new());
            room = PAGE_BYTES;
        }
        room = room.saturating_sub(size);
        if let Some(page) = pages.last_mut() {
            page.push(item);
        }
    }
    pages
}

/// Waits for the first word of the central, so that a number that is in use is an error of the start.
///
/// # Errors
/// The central's refusal.
pub(super) async fn first_contact(
    link: &mut Link,
    stop: &CancellationToken,
) -> Result<Vec<LinkEvent>, LinkDown> {
    let began = Instant::now();
    loop {
        let event = tokio::select! {
            event = link.events.recv() => event,
            () = stop.cancelled() => None,
        };
        match event {
            Some(LinkEvent::Down(LinkDown::Refused { code, message })) => match code {
                ErrorCode::NumberInUse if began.elapsed() < NUMBER_PATIENCE => {}
                ErrorCode::NumberInUse | ErrorCode::NumberNotAllowed | ErrorCode::WrongProtocol => {
                    return Err(LinkDown::Refused { code, message });
                }
                _ => {
                    return Ok(vec![LinkEvent::Down(LinkDown::Refused { code, message })]);
                }
            },
            Some(LinkEvent::Down(denied @ LinkDown::Denied(_))) => return Err(denied),
            Some(event) => return Ok(vec![event]),
            None => return Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold_everything_once_and_fit_a_line() {
        let items: Vec<String> = (0..1000).map(|n| format!("{n:0200}")).collect();
        let pages = pages(items.clone());
        assert!(pages.len() > 1);
        for page in &pages {
            assert!(serde_json::to_vec(page).unwrap().len() <= PAGE_BYTES + 2);
        }
        assert_eq!(pages.concat(), items);
        assert!(super::pages(Vec::<u8>::new()).is_empty());
    }
}
