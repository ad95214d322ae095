//! A secondary's events: files that are served, copied and sent, in bulk where it is much. A connection over which nothing
//! was sent is no event.

use std::{collections::BTreeMap, time::Instant};

use super::{
    News,
    bulk::{Bulk, Sum},
    notices::Notices,
};
use crate::{
    cli::text::{
        bulk::{SecondaryKind, at_a_secondary},
        line::Line,
        secondary,
        transfer::Touched,
    },
    model::FileName,
    node::secondary::SecondaryEvent,
};

/// Copies that are remembered.
const MOST_COPIES: usize = 10_000;

/// See the module.
#[derive(Debug)]
pub struct SecondaryNews {
    bulk: Bulk<SecondaryKind>,
    /// Files that are or were being copied, with their bytes, until they are served.
    copies: BTreeMap<FileName, u64>,
    notices: Notices,
}

impl Default for SecondaryNews {
    fn default() -> Self {
        Self {
            bulk: Bulk::default(),
            copies: BTreeMap::new(),
            notices: Notices::new(Touched::Copies),
        }
    }
}

/// What an event has in common with others, its file, and the bytes of that.
fn kind(event: &SecondaryEvent) -> Option<(SecondaryKind, &FileName, u64)> {
    Some(match event {
        SecondaryEvent::Serving { file, bytes } => (SecondaryKind::Serving, file, *bytes),
        SecondaryEvent::NoLongerServing { file, why } => (SecondaryKind::Gone(*why), file, 0),
        SecondaryEvent::CopyStarted { file, bytes, .. } => {
            (SecondaryKind::CopyStarted, file, *bytes)
        }
        SecondaryEvent::Copied {
            file,
            from,
            own_bytes,
            ..
        } => {
            let sent: u64 = from.iter().map(|(_, bytes)| bytes).sum();
            (SecondaryKind::Copied, file, sent + own_bytes)
        }
        SecondaryEvent::SendingTo { receiver, file } => {
            (SecondaryKind::Sending(receiver.clone()), file, 0)
        }
        SecondaryEvent::SentTo {
            receiver,
            file,
            bytes,
        } => (SecondaryKind::Sent(receiver.clone()), file, *bytes),
        _ => return None,
    })
}

fn together(kind: &SecondaryKind, sum: Sum) -> Line {
    at_a_secondary(kind, sum.count, sum.bytes)
}

impl News<SecondaryEvent> for SecondaryNews {
    fn take(&mut self, now: Instant, event: &SecondaryEvent) -> Vec<Line> {
        match event {
            SecondaryEvent::CopyNotice { file, notice } => {
                self.notices.take(now, file.as_str(), notice);
                return Vec::new();
            }
            SecondaryEvent::SentTo {
                receiver,
                file,
                bytes,
            } => {
                let kind = SecondaryKind::Sending(receiver.clone());
                self.bulk.take_back(&kind, file.as_str(), 0);
                if *bytes == 0 {
                    return Vec::new();
                }
            }
            SecondaryEvent::CopyStarted { file, bytes, .. } if self.copies.len() < MOST_COPIES => {
                self.copies.insert(file.clone(), *bytes);
            }
            SecondaryEvent::Copied { file, .. } | SecondaryEvent::CopyFailed { file, .. } => {
                self.notices.over(file.as_str());
                let bytes = self.copies.get(file).copied().unwrap_or(0);
                let kind = SecondaryKind::CopyStarted;
                self.bulk.take_back(&kind, file.as_str(), bytes);
                if let SecondaryEvent::CopyFailed { .. } = event {
                    self.copies.remove(file);
                }
            }
            // What was copied is served: that was said.
            SecondaryEvent::Serving { file, .. } if self.copies.remove(file).is_some() => {
                return Vec::new();
            }
            _ => {}
        }
        if let Some((kind, file, bytes)) = kind(event) {
            let line = secondary::event(event);
            self.bulk.add(now, kind, file.as_str(), line, bytes);
            return Vec::new();
        }
        let mut lines = self.rest();
        lines.push(secondary::event(event));
        lines
    }

    fn due(&mut self, now: Instant) -> Vec<Line> {
        let mut lines = self.bulk.due(now, together);
        lines.extend(self.notices.due(now));
        lines
    }

    fn rest(&mut self) -> Vec<Line> {
        let mut lines = self.bulk.rest(together);
        lines.extend(self.notices.rest());
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClientName, Receiver};

    #[test]
    fn what_sends_nothing_is_not_told_and_the_rest_together() {
        let now = Instant::now();
        let mut news = SecondaryNews::default();
        let ana = Receiver::Client(ClientName::try_from("ana").unwrap());
        for n in 0..6u64 {
            let file = FileName::try_from(format!("{n}.mp4").as_str()).unwrap();
            let receiver = ana.clone();
            let began = SecondaryEvent::SendingTo { receiver, file };
            assert!(news.take(now, &began).is_empty());
        }
        for n in 0..6u64 {
            let sent = SecondaryEvent::SentTo {
                receiver: ana.clone(),
                file: FileName::try_from(format!("{n}.mp4").as_str()).unwrap(),
                bytes: if n < 3 { 0 } else { 1_000_000 },
            };
            assert!(news.take(now, &sent).is_empty());
        }
        let lines: Vec<_> = news.rest().iter().map(Line::text).collect();
        assert_eq!(lines, ["Enviados 3,0 MB de 3 ficheros al cliente ana"]);
    }
}
