//! What this secondary sends, per transfer: counted where it is sent, reported to the central, added up for
//! the statistics. No figure here comes from a receiver.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::model::{FileName, Outcome, Receiver, SentTransfer, TransferId, limits::MAX_TRANSFERS};

/// How long an ended transfer's figures are kept for a central that asks again.
const KEEP_ENDED: Duration = Duration::from_secs(60);
/// How long those of one that nobody ended are kept.
const KEEP_SILENT: Duration = Duration::from_secs(600);

/// What one transfer has sent, counted by its connections.
#[derive(Debug, Default)]
pub struct Flow {
    bytes: AtomicU64,
    chunks: AtomicU64,
    connections: AtomicU32,
    whole_part: OnceLock<u8>,
}

impl Flow {
    /// Payload bytes were taken by the socket.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// All of a chunk was.
    pub fn add_chunk(&self) {
        self.chunks.fetch_add(1, Ordering::Relaxed);
    }

    /// All of a part of the original's was.
    pub fn set_whole_part(&self, part: u8) {
        let _ = self.whole_part.set(part);
    }

    fn now(&self) -> Sent {
        // The connections first: once there are none, nothing more is counted.
        let open = self.connections.load(Ordering::Acquire) > 0;
        Sent {
            bytes: self.bytes.load(Ordering::Relaxed),
            chunks: self.chunks.load(Ordering::Relaxed),
            last: !open,
        }
    }
}

/// A connection that sends in a transfer, for as long as it lives.
#[derive(Debug)]
pub struct Sending(Arc<Flow>);

impl Sending {
    fn start(flow: &Arc<Flow>) -> Self {
        flow.connections.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(flow))
    }
}

impl std::ops::Deref for Sending {
    type Target = Flow;

    fn deref(&self) -> &Flow {
        &self.0
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sent {
    bytes: u64,
    chunks: u64,
    last: bool,
}

#[derive(Debug)]
struct Entry {
    receiver: Receiver,
    file: FileName,
    flow: Arc<Flow>,
    /// What the central was told.
    reported: Option<Sent>,
    /// What is in the statistics.
    booked: Sent,
    /// Its end was told to people.
    told: bool,
    ended: bool,
    touched: Instant,
    /// Its connections began, since the last time that there were none.
    began: Instant,
}

/// What is new since the last look.
#[derive(Debug)]
pub struct Progress {
    pub receiver: Receiver,
    pub file: FileName,
    pub bytes: u64,
    pub chunks: u64,
    /// Its connections have ended: bytes sent over all of its life.
    pub over: Option<u64>,
    /// It was all of a part of the original's.
    pub whole_part: bool,
    /// How long it sent, told when its connections have ended.
    pub took: Duration,
}

/// A transfer that runs.
#[derive(Debug)]
pub struct Running {
    pub receiver: Receiver,
    pub file: FileName,
    pub bytes: u64,
}

/// All transfers of late.
#[derive(Debug, Default)]
pub struct SentBook {
    entries: BTreeMap<TransferId, Entry>,
}

impl SentBook {
    /// A connection starts to send in a transfer. True with it when the transfer is new here. `None` when
    /// the transfer is another's, as its name was made up, or when there are too many.
    pub fn open(
        &mut self,
        now: Instant,
        transfer: TransferId,
        receiver: &Receiver,
        file: &FileName,
    ) -> Option<(Sending, bool)> {
        if self.entries.len() >= MAX_TRANSFERS && !self.entries.contains_key(&transfer) {
            // Nobody has that many: those that are over make room.
            self.entries.retain(|_, entry| !entry.flow.now().last);
            if self.entries.len() >= MAX_TRANSFERS {
                return None;
            }
        }
        let mut new = false;
        let entry = self.entries.entry(transfer).or_insert_with(|| {
            new = true;
            Entry {
                receiver: receiver.clone(),
                file: file.clone(),
                flow: Arc::default(),
                reported: None,
                booked: Sent::default(),
                told: false,
                ended: false,
                touched: now,
                began: now,
            }
        });
        if entry.receiver != *receiver || entry.file != *file {
            return None;
        }
        entry.touched = now;
        if std::mem::take(&mut entry.told) {
            entry.began = now;
        }
        Some((Sending::start(&entry.flow), new))
    }

    /// The central says that a transfer is over; gives who received what, and whether anything was sent.
    pub fn ended(
        &mut self,
        transfer: TransferId,
        outcome: Outcome,
    ) -> Option<(Receiver, FileName)> {
        let entry = self.entries.get_mut(&transfer)?;
        let first = !std::mem::replace(&mut entry.ended, true);
        let took_part = entry.flow.now().bytes > 0;
        (first && took_part && outcome == Outcome::Complete)
            .then(|| (entry.receiver.clone(), entry.file.clone()))
    }

    /// What the central does not know yet, and counts as told from now on; `all` for a central that may
    /// have forgotten.
    pub fn report(&mut self, all: bool) -> Vec<SentTransfer> {
        let mut news = Vec::new();
        for (transfer, entry) in &mut self.entries {
            let sent = entry.flow.now();
            if all || entry.reported != Some(sent) {
                entry.reported = Some(sent);
                news.push(entry.told_as(*transfer, sent));
            }
        }
        news
    }

    /// The present figures of one transfer, told or not.
    pub fn report_one(&mut self, transfer: TransferId) -> Option<SentTransfer> {
        let entry = self.entries.get_mut(&transfer)?;
        let sent = entry.flow.now();
        entry.reported = Some(sent);
        Some(entry.told_as(transfer, sent))
    }

    /// What is new for the statistics, booked from now on; forgets what is long over.
    pub fn book(&mut self, now: Instant) -> Vec<Progress> {
        let mut news = Vec::new();
        self.entries.retain(|_, entry| {
            let sent = entry.flow.now();
            let over = sent.last && !std::mem::replace(&mut entry.told, sent.last);
            if sent.bytes != entry.booked.bytes || sent.chunks != entry.booked.chunks {
                entry.touched = now;
            }
            if over || sent.bytes != entry.booked.bytes || sent.chunks != entry.booked.chunks {
                news.push(Progress {
                    receiver: entry.receiver.clone(),
                    file: entry.file.clone(),
                    bytes: sent.bytes - entry.booked.bytes,
                    chunks: sent.chunks - entry.booked.chunks,
                    over: over.then_some(sent.bytes),
                    whole_part: over && entry.flow.whole_part.get().is_some(),
                    took: if over {
                        now.saturating_duration_since(entry.began)
                    } else {
                        Duration::ZERO
                    },
                });
                entry.booked = sent;
            }
            let keep = if entry.ended { KEEP_ENDED } else { KEEP_SILENT };
            !sent.last || now.saturating_duration_since(entry.touched) < keep
        });
        news
    }

    /// True for a transfer whose figures are kept.
    pub fn knows(&self, transfer: TransferId) -> bool {
        self.entries.contains_key(&transfer)
    }

    /// Transfers with an open connection.
    pub fn running(&self) -> Vec<Running> {
        self.entries
            .values()
            .filter(|entry| !entry.flow.now().last)
            .map(|entry| Running {
                receiver: entry.receiver.clone(),
                file: entry.file.clone(),
                bytes: entry.flow.now().bytes,
            })
            .collect()
    }
}

impl Entry {
    fn told_as(&self, transfer: TransferId, sent: Sent) -> SentTransfer {
        SentTransfer {
            transfer,
            receiver: self.receiver.clone(),
            file: self.file.clone(),
            bytes: sent.bytes,
            chunks: sent.chunks,
            last: sent.last,
            whole_part: self.flow.whole_part.get().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SecondaryNumber;

    #[test]
    fn figures_are_reported_once_and_booked_once() {
        let mut book = SentBook::default();
        let now = Instant::now();
        let receiver = Receiver::Secondary(SecondaryNumber::try_from(2).unwrap());
        let file = FileName::try_from("a b.bin").unwrap();
        let transfer = TransferId(7);
        let (sending, new) = book.open(now, transfer, &receiver, &file).unwrap();
        assert!(new);
        let other = Receiver::Secondary(SecondaryNumber::try_from(3).unwrap());
        assert!(book.open(now, transfer, &other, &file).is_none());
        sending.add_bytes(10);
        sending.add_chunk();
        assert_eq!(book.report(false)[0].bytes, 10);
        assert!(book.report(false).is_empty());
        assert_eq!(book.running().len(), 1);
        drop(sending);
        let told = book.report(false);
        assert!(told[0].last && told[0].bytes == 10);
        let booked = book.book(now);
        assert_eq!((booked[0].bytes, booked[0].over), (10, Some(10)));
        assert!(book.book(now).is_empty());
        assert_eq!(book.report(true).len(), 1);
        assert!(book.ended(transfer, Outcome::Complete).is_some());
        assert!(book.ended(transfer, Outcome::Complete).is_none());
        assert!(book.book(now + KEEP_ENDED).is_empty());
        assert!(book.report_one(transfer).is_none());
    }

    #[test]
    fn figures_of_so_many_transfers_are_kept_and_those_that_are_over_make_room() {
        let mut book = SentBook::default();
        let now = Instant::now();
        let receiver = Receiver::Secondary(SecondaryNumber::try_from(2).unwrap());
        let file = FileName::try_from("a").unwrap();
        let mut open = |n| book.open(now, TransferId(n), &receiver, &file);
        let mut sending: Vec<_> = (0..MAX_TRANSFERS as u64)
            .map(|n| open(n).unwrap())
            .collect();
        let one_more = MAX_TRANSFERS as u64;
        assert!(open(one_more).is_none());
        assert!(open(7).is_some(), "one of those that it has");
        sending.pop();
        assert!(open(one_more).is_some());
    }
}
