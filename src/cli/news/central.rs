//! A central's events: files that come, go and are copied, and what each client does, in bulk where it is much; a client's
//! word on a secondary once, and not once for each of its downloads.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{News, bulk::Bulk};
use crate::{
    cli::text::{
        bulk::{CentralKind, at_a_central},
        central,
        line::Line,
    },
    model::{Fault, FileName, Outcome, Receiver, SecondaryNumber},
    node::central::{CentralEvent, Notice},
};

/// A report is not told again for this long.
const REPORTED: Duration = Duration::from_secs(10);
/// Reports that are remembered.
const MOST_REPORTS: usize = 1000;

/// See the module.
#[derive(Debug, Default)]
pub struct CentralNews {
    bulk: Bulk<CentralKind>,
    reports: BTreeMap<(String, SecondaryNumber), (Fault, Instant)>,
}

impl CentralNews {
    /// An order, grant or wait of which nobody was told need not be told when what it led to is there.
    fn take_orders_back(&mut self, notice: &Notice) {
        match notice {
            Notice::CopyEnded { file, target, .. } => {
                self.bulk
                    .take_back(&CentralKind::CopyOrdered(*target), file.as_str(), 0);
            }
            Notice::Granted { client, file, .. } => {
                self.bulk
                    .take_back(&CentralKind::Queued(client.clone()), file.as_str(), 0);
            }
            Notice::Finished { client, file, .. } => {
                self.bulk
                    .take_back(&CentralKind::Granted(client.clone()), file.as_str(), 0);
            }
            _ => {}
        }
    }

    /// True for what was not said just before, by another download of the same receiver.
    fn is_new(
        &mut self,
        now: Instant,
        by: &Receiver,
        secondary: SecondaryNumber,
        fault: Fault,
    ) -> bool {
        let is_recent = |(_, at): &(Fault, Instant)| now.saturating_duration_since(*at) < REPORTED;
        self.reports.retain(|_, report| is_recent(report));
        if self.reports.len() >= MOST_REPORTS {
            return true;
        }
        let key = (central::to(by), secondary);
        let before = self.reports.insert(key, (fault, now));
        before.is_none_or(|(told, _)| told != fault)
    }
}

/// What an event has in common with others, its file, and the bytes of that.
fn kind(notice: &Notice) -> Option<(CentralKind, &FileName, u64)> {
    Some(match notice {
        Notice::Offered { file, bytes } => (CentralKind::Offered, file, *bytes),
        Notice::NoLongerOffered {
            file,
            deleted_at: None,
        } => (CentralKind::NoLongerOffered, file, 0),
        Notice::CopyOrdered { file, target, .. } => (CentralKind::CopyOrdered(*target), file, 0),
        Notice::CopyEnded {
            file,
            target,
            bytes,
            outcome: Outcome::Complete | Outcome::AlreadyComplete,
            ..
        } => (CentralKind::Copied(*target), file, *bytes),
        Notice::Granted { client, file, .. } => (CentralKind::Granted(client.clone()), file, 0),
        Notice::Queued { client, file, .. } => (CentralKind::Queued(client.clone()), file, 0),
        Notice::SlotLent { client, file, .. } => (CentralKind::SlotLent(client.clone()), file, 0),
        Notice::Finished {
            client,
            file,
            bytes,
            outcome: Outcome::Complete | Outcome::AlreadyComplete,
            ..
        } => (CentralKind::Complete(client.clone()), file, *bytes),
        Notice::Finished {
            client,
            file,
            outcome: Outcome::Cancelled,
            ..
        } => (CentralKind::Cancelled(client.clone()), file, 0),
        _ => return None,
    })
}

fn together(kind: &CentralKind, sum: super::bulk::Sum) -> Line {
    at_a_central(kind, sum.count, sum.bytes)
}

impl News<CentralEvent> for CentralNews {
    fn take(&mut self, now: Instant, event: &CentralEvent) -> Vec<Line> {
        if let CentralEvent::Cluster(notice) = event {
            self.take_orders_back(notice);
            if let Some((kind, file, bytes)) = kind(notice) {
                let line = central::event(event);
                self.bulk.add(now, kind, file.as_str(), line, bytes);
                return Vec::new();
            }
            if let Notice::Reported {
                by,
                secondary,
                fault,
            } = notice
                && !self.is_new(now, by, *secondary, *fault)
            {
                return Vec::new();
            }
        }
        let mut lines = self.rest();
        lines.push(central::event(event));
        lines
    }

    fn due(&mut self, now: Instant) -> Vec<Line> {
        self.bulk.due(now, together)
    }

    fn rest(&mut self) -> Vec<Line> {
        self.bulk.rest(together)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ClientName;

    fn texts(lines: &[Line]) -> Vec<String> {
        lines.iter().map(Line::text).collect()
    }

    #[test]
    fn eight_copies_are_a_line_for_each_thing_that_happened() {
        let now = Instant::now();
        let target = SecondaryNumber::try_from(3).unwrap();
        let mut news = CentralNews::default();
        let mut told = Vec::new();
        for n in 0..8 {
            let file = FileName::try_from(format!("{n}.mp4").as_str()).unwrap();
            let bytes = 9_125_000;
            for notice in [
                Notice::Offered {
                    file: file.clone(),
                    bytes,
                },
                Notice::CopyOrdered {
                    file: file.clone(),
                    target,
                    sources: Vec::new(),
                },
                Notice::CopyEnded {
                    file,
                    bytes,
                    target,
                    outcome: Outcome::Complete,
                    reason: None,
                },
            ] {
                told.extend(news.take(now, &CentralEvent::Cluster(notice)));
            }
        }
        told.extend(news.take(now, &CentralEvent::Cluster(Notice::Level { files: 8 })));
        let told = texts(&told);
        // The orders were carried out before anybody was told of them.
        assert_eq!(told.len(), 3, "{told:#?}");
        assert_eq!(told[0], "Se ofrecen 8 ficheros más, 73,0 MB");
        assert_eq!(told[1], "8 ficheros copiados al secundario 3, 73,0 MB");
    }

    #[test]
    fn a_client_reports_a_secondary_once_for_all_its_downloads() {
        let now = Instant::now();
        let mut news = CentralNews::default();
        let report = |fault| {
            CentralEvent::Cluster(Notice::Reported {
                by: Receiver::Client(ClientName::try_from("ana").unwrap()),
                secondary: SecondaryNumber::try_from(2).unwrap(),
                fault,
            })
        };
        assert_eq!(news.take(now, &report(Fault::Stalled)).len(), 1);
        assert!(news.take(now, &report(Fault::Stalled)).is_empty());
        assert_eq!(news.take(now, &report(Fault::Broken)).len(), 1);
        let later = now + REPORTED;
        assert_eq!(news.take(later, &report(Fault::Broken)).len(), 1);
    }
}
