//! Events on their way to people. A stalled console makes nobody wait, and loses no end of a download: ends wait here
//! until there is room, at most one for each download. Other events are left out meanwhile.

use std::{collections::VecDeque, future::pending};

use tokio::sync::mpsc;

use super::ClientEvent;

/// See the module.
#[derive(Debug)]
pub(super) struct Telling {
    events: mpsc::Sender<ClientEvent>,
    waiting: VecDeque<ClientEvent>,
}

impl Telling {
    pub(super) fn new(events: mpsc::Sender<ClientEvent>) -> Self {
        Self {
            events,
            waiting: VecDeque::new(),
        }
    }

    /// Tells an event, now or when there is room.
    pub(super) fn tell(&mut self, event: ClientEvent) {
        tracing::debug!(?event, "event");
        // Waiting events go first.
        let untold = if self.waiting.is_empty() {
            match self.events.try_send(event) {
                Ok(()) => return,
                Err(mpsc::error::TrySendError::Full(event)) => event,
                Err(mpsc::error::TrySendError::Closed(_)) => return,
            }
        } else {
            event
        };
        if untold.is_kept() {
            self.waiting.push_back(untold);
        }
    }

    /// Tells the first waiting event once there is room; waits for ever if there is none. Cancel-safe.
    pub(super) async fn tell_waiting(&mut self) {
        if self.waiting.is_empty() {
            return pending().await;
        }
        match self.events.reserve().await {
            Ok(permit) => {
                if let Some(event) = self.waiting.pop_front() {
                    permit.send(event);
                }
            }
            // Nobody is left to be told.
            Err(_) => self.waiting.clear(),
        }
    }

    /// Tells all waiting events.
    pub(super) async fn finish(mut self) {
        while !self.waiting.is_empty() {
            self.tell_waiting().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::FileName,
        node::client::{DownloadEvent, DownloadNumber},
    };

    fn event(number: u64, what: DownloadEvent) -> ClientEvent {
        ClientEvent::Download {
            number: DownloadNumber(number),
            file: FileName::try_from("f").unwrap(),
            what,
        }
    }

    #[tokio::test]
    async fn ends_are_told_however_slow_the_console_is_and_the_rest_may_be_left_out() {
        let (sender, mut events) = mpsc::channel(4);
        let mut telling = Telling::new(sender);
        for number in 0..1000 {
            for place in 1..4 {
                telling.tell(event(number, DownloadEvent::Queued { place }));
            }
            telling.tell(event(number, DownloadEvent::Cancelled));
        }
        tokio::spawn(telling.finish());
        let mut ended = Vec::new();
        while let Some(told) = events.recv().await {
            if let ClientEvent::Download {
                number,
                what: DownloadEvent::Cancelled,
                ..
            } = told
            {
                ended.push(number.0);
            }
        }
        assert_eq!(ended, (0..1000).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn nothing_is_kept_for_nobody() {
        let (sender, events) = mpsc::channel(1);
        let mut telling = Telling::new(sender);
        for number in 0..10 {
            telling.tell(event(number, DownloadEvent::Cancelled));
        }
        drop(events);
        telling.tell_waiting().await;
        assert!(telling.waiting.is_empty());
        telling.finish().await;
    }
}
