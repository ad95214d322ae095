//! A client's events. Notices about secondaries are gathered over all downloads; what a person sees in the live lines, or
//! was told by an answer, is not told again.

use std::{collections::BTreeSet, time::Instant};

use super::{News, bulk::Bulk, complete::Ends, notices::Notices};
use crate::{
    cli::text::{client, line::Line, transfer::Touched},
    node::client::{ClientEvent, DownloadEvent, DownloadNumber},
};

/// See the module.
#[derive(Debug)]
pub struct ClientNews {
    /// There are live lines, which show what starts and what waits.
    has_live: bool,
    /// Downloads whose place in the line was told.
    queued: BTreeSet<DownloadNumber>,
    /// Downloads of which people know that something of them is here.
    known: BTreeSet<DownloadNumber>,
    /// Secondaries hang up on who is expelled: none of them has fallen.
    is_expelled: bool,
    notices: Notices,
    cancelled: Bulk<()>,
    paused: Bulk<()>,
    held: Bulk<()>,
    completed: Ends,
    failed: Ends,
}

impl ClientNews {
    /// News for a console, with live lines or without.
    pub fn new(has_live: bool) -> Self {
        Self {
            has_live,
            queued: BTreeSet::new(),
            known: BTreeSet::new(),
            is_expelled: false,
            notices: Notices::new(Touched::Downloads),
            cancelled: Bulk::default(),
            paused: Bulk::default(),
            held: Bulk::default(),
            completed: Ends::told_as(client::many_complete),
            failed: Ends::told_as(client::many_failed),
        }
    }

    /// An answer has told that a download waits.
    pub fn told_to_wait(&mut self, number: DownloadNumber) {
        self.queued.insert(number);
    }

    fn hear_of_the_central(&mut self, event: &ClientEvent) {
        match event {
            ClientEvent::Expelled => {
                self.is_expelled = true;
                self.notices.forget();
            }
            ClientEvent::Connected { .. }
            | ClientEvent::CentralBack
            | ClientEvent::CentralMoved { .. } => self.is_expelled = false,
            ClientEvent::CentralAway { .. }
            | ClientEvent::CentralLost { .. }
            | ClientEvent::Denied(_)
            | ClientEvent::OtherName { .. }
            | ClientEvent::Room(_)
            | ClientEvent::Account(_)
            | ClientEvent::NotOffered { .. }
            | ClientEvent::WithdrawnElsewhere { .. }
            | ClientEvent::NotServing(_)
            | ClientEvent::Private { .. }
            | ClientEvent::Download { .. }
            | ClientEvent::Statistics(_)
            | ClientEvent::Remembered(_)
            | ClientEvent::Memory(_) => {}
        }
    }

    /// True for what adds something to what was told before.
    fn is_new(&mut self, number: DownloadNumber, what: &DownloadEvent) -> bool {
        match what {
            DownloadEvent::Queued { .. } => self.queued.insert(number),
            DownloadEvent::Started { .. } => {
                self.queued.remove(&number);
                !self.has_live
            }
            DownloadEvent::Resumed { .. } => self.known.insert(number),
            DownloadEvent::Paused | DownloadEvent::Held => {
                self.known.insert(number);
                self.queued.remove(&number);
                true
            }
            DownloadEvent::Complete(_)
            | DownloadEvent::AlreadyComplete { .. }
            | DownloadEvent::Failed { .. }
            | DownloadEvent::Cancelled => {
                self.known.remove(&number);
                self.queued.remove(&number);
                true
            }
            DownloadEvent::OwnDisk { .. }
            | DownloadEvent::Remark(_)
            | DownloadEvent::Checked { .. }
            | DownloadEvent::Notice(_)
            | DownloadEvent::Superseded => true,
        }
    }
}

/// How long the file is of a download that has become complete.
fn complete_bytes(what: &DownloadEvent) -> Option<u64> {
    match what {
        DownloadEvent::Complete(summary) => Some(summary.bytes),
        DownloadEvent::AlreadyComplete { bytes, .. } => Some(*bytes),
        _ => None,
    }
}

impl News<ClientEvent> for ClientNews {
    fn take(&mut self, now: Instant, event: &ClientEvent) -> Vec<Line> {
        // Only a prompt shows rooms; nobody else has heard what was said there.
        if let ClientEvent::Room(_) = event {
            return Vec::new();
        }
        if let ClientEvent::Download { number, file, what } = event {
            if !self.is_new(*number, what) {
                return Vec::new();
            }
            // A script reads what became of each file.
            if let Some(bytes) = complete_bytes(what).filter(|_| self.has_live) {
                self.notices.over(file.as_str());
                let told = self.completed.take(now, bytes, client::event(event));
                return told.into_iter().collect();
            }
            if matches!(what, DownloadEvent::Failed { .. }) && self.has_live {
                self.notices.over(file.as_str());
                let mut lines = self.notices.rest();
                lines.extend(self.failed.take(now, 0, client::event(event)));
                return lines;
            }
            match what {
                DownloadEvent::Notice(_) if self.is_expelled => return Vec::new(),
                DownloadEvent::Notice(notice) => {
                    self.notices.take(now, file.as_str(), notice);
                    return Vec::new();
                }
                DownloadEvent::Cancelled => {
                    self.notices.over(file.as_str());
                    let line = client::event(event);
                    self.cancelled.add(now, (), file.as_str(), line, 0);
                    return Vec::new();
                }
                DownloadEvent::Paused if self.has_live => {
                    self.notices.over(file.as_str());
                    let line = client::event(event);
                    self.paused.add(now, (), file.as_str(), line, 0);
                    return Vec::new();
                }
                DownloadEvent::Held if self.has_live => {
                    self.notices.over(file.as_str());
                    let line = client::event(event);
                    self.held.add(now, (), file.as_str(), line, 0);
                    return Vec::new();
                }
                DownloadEvent::Complete(_)
                | DownloadEvent::AlreadyComplete { .. }
                | DownloadEvent::Failed { .. }
                | DownloadEvent::Paused
                | DownloadEvent::Held => self.notices.over(file.as_str()),
                DownloadEvent::Queued { .. }
                | DownloadEvent::Started { .. }
                | DownloadEvent::Resumed { .. }
                | DownloadEvent::OwnDisk { .. }
                | DownloadEvent::Remark(_)
                | DownloadEvent::Checked { .. }
                | DownloadEvent::Superseded => {}
            }
        }
        self.hear_of_the_central(event);
        let rest = self.rest();
        let line = vec![client::event(event)];
        // Who is expelled reads why before what came of it.
        let lines = match event {
            ClientEvent::Expelled => [line, rest],
            _ => [rest, line],
        };
        lines.concat()
    }

    fn due(&mut self, now: Instant) -> Vec<Line> {
        let mut lines = self.notices.due(now);
        lines.extend(self.completed.due(now));
        lines.extend(self.failed.due(now));
        lines.extend(
            self.cancelled
                .due(now, |(), sum| client::cancelled(sum.count)),
        );
        lines.extend(self.paused.due(now, |(), sum| client::paused(sum.count)));
        lines.extend(self.held.due(now, |(), sum| client::held(sum.count)));
        lines
    }

    fn rest(&mut self) -> Vec<Line> {
        let mut lines = self.notices.rest();
        lines.extend(self.completed.rest());
        lines.extend(self.failed.rest());
        lines.extend(self.cancelled.rest(|(), sum| client::cancelled(sum.count)));
        lines.extend(self.paused.rest(|(), sum| client::paused(sum.count)));
        lines.extend(self.held.rest(|(), sum| client::held(sum.count)));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileName;

    fn event(number: u64, what: DownloadEvent) -> ClientEvent {
        ClientEvent::Download {
            number: DownloadNumber(number),
            file: FileName::try_from(format!("{number}.mp4").as_str()).unwrap(),
            what,
        }
    }

    #[test]
    fn a_place_in_the_line_is_told_once() {
        let now = Instant::now();
        let mut news = ClientNews::new(false);
        let queued = |place| event(7, DownloadEvent::Queued { place });
        assert_eq!(news.take(now, &queued(4)).len(), 1);
        assert!(news.take(now, &queued(3)).is_empty());
        news.told_to_wait(DownloadNumber(8));
        assert!(
            news.take(now, &event(8, DownloadEvent::Queued { place: 5 }))
                .is_empty()
        );
        // It has begun, and waits anew.
        let started = DownloadEvent::Started {
            bytes: 1,
            chunks: 1,
            sources: Vec::new(),
        };
        assert_eq!(news.take(now, &event(7, started.clone())).len(), 1);
        assert_eq!(news.take(now, &queued(1)).len(), 1);
        let mut at_a_prompt = ClientNews::new(true);
        assert!(at_a_prompt.take(now, &event(1, started)).is_empty());
    }

    #[test]
    fn what_ends_or_stops_at_once_is_one_line() {
        let now = Instant::now();
        let mut news = ClientNews::new(true);
        for (what, words) in [
            (DownloadEvent::Cancelled, "60 descargas canceladas"),
            (DownloadEvent::Paused, "60 descargas en pausa"),
            (DownloadEvent::Held, "60 descargas esperan"),
        ] {
            for number in 1..=60 {
                assert!(news.take(now, &event(number, what.clone())).is_empty());
            }
            let lines = news.rest();
            assert_eq!(lines.len(), 1);
            assert!(lines[0].text().starts_with(words), "{lines:?}");
        }
    }

    #[test]
    fn what_fails_at_once_is_few_lines() {
        let now = Instant::now();
        let mut news = ClientNews::new(true);
        let failed = DownloadEvent::Failed {
            reason: crate::node::Failure::Broken,
        };
        let told: usize = (1..=60)
            .map(|number| news.take(now, &event(number, failed.clone())).len())
            .sum();
        assert_eq!(told, 3);
        let lines = news.rest();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].text().starts_with("57 descargas más"), "{lines:?}");
    }

    #[test]
    fn who_is_expelled_hears_of_no_fallen_secondaries() {
        use crate::{
            engine::download::Notice,
            model::{Fault, SecondaryNumber, Who},
        };
        let now = Instant::now();
        let mut news = ClientNews::new(true);
        let dead = Notice::Dead {
            who: Who::Secondary(SecondaryNumber::try_from(3).unwrap()),
            fault: Fault::Broken,
            returned_chunks: 2,
        };
        let fallen = event(1, DownloadEvent::Notice(dead));
        news.take(now, &fallen);
        let lines = news.take(now, &ClientEvent::Expelled);
        assert_eq!(lines.len(), 1, "{lines:?}");
        // Some hang up later.
        news.take(now, &fallen);
        assert!(news.rest().is_empty());
        news.take(now, &ClientEvent::CentralBack);
        news.take(now, &fallen);
        assert_eq!(news.rest().len(), 1);
    }
}
