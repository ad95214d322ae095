//! What this secondary has sent in each transfer: counted where it is sent, reported to the central, added up for the
//! statistics. No figure here comes from a receiver.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::model::{
    Digest, FileMeta, FileName, Outcome, Receiver, SentTransfer, TransferId, limits::MAX_TRANSFERS,
};

/// How long an ended transfer's figures are kept, in case the central needs them again.
const KEEP_ENDED: Duration = Duration::from_secs(60);
/// How long the figures of a transfer are kept that nobody ended.
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
    /// The socket took payload bytes.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The socket took all of a chunk.
    pub fn add_chunk(&self) {
        self.chunks.fetch_add(1, Ordering::Relaxed);
    }

    /// The socket took all of a legacy part.
    pub fn set_whole_part(&self, part: u8) {
        let _ = self.whole_part.set(part);
    }

    fn now(&self) -> Sent {
        // The connections are read first: once there are none, nothing more is counted.
        let open = self.connections.load(Ordering::Acquire) > 0;
        Sent {
            bytes: self.bytes.load(Ordering::Relaxed),
            chunks: self.chunks.load(Ordering::Relaxed),
            last: !open,
        }
    }
}

/// A connection that sends in a transfer, for as long as this lives.
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
    /// Its name here, whatever name the receiver uses.
    file: FileName,
    id: Digest,
    flow: Arc<Flow>,
    /// What the central was last told.
    reported: Option<Sent>,
    /// What is in the statistics.
    booked: Sent,
    /// People know that it ended.
    told: bool,
    ended: bool,
    touched: Instant,
    /// When the first of its present connections began.
    began: Instant,
}

/// What is new since the last time it was booked.
#[derive(Debug)]
pub struct Progress {
    pub receiver: Receiver,
    pub file: FileName,
    pub bytes: u64,
    pub chunks: u64,
    /// Once its connections have ended: the bytes sent in all.
    pub over: Option<u64>,
    /// It was a whole legacy part.
    pub whole_part: bool,
    /// Once its connections have ended: how long it was sent.
    pub took: Duration,
}

/// A transfer that runs.
#[derive(Debug)]
pub struct Running {
    pub receiver: Receiver,
    pub file: FileName,
    pub bytes: u64,
}

/// The transfers of the last while.
#[derive(Debug, Default)]
pub struct SentBook {
    entries: BTreeMap<TransferId, Entry>,
    /// Bytes that the central will never hear of, because there was no room to keep them.
    never_told_bytes: u64,
}

impl SentBook {
    /// True when a new transfer needs the room of an ended one. Callers report and book first if they can.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= MAX_TRANSFERS
    }

    /// Bytes that were given up since this was last asked, before the central had heard of them.
    pub fn take_never_told_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.never_told_bytes)
    }

    /// Makes room. All ended transfers go that are reported and booked; if there are none, the older half of those that
    /// are reported; if there are none either, because the central is away, the older half of those that are booked.
    fn make_room(&mut self) {
        self.entries
            .retain(|_, entry| !(entry.ended && entry.is_booked() && entry.is_told()));
        for needs_telling in [true, false] {
            if !self.is_full() {
                return;
            }
            let may_go = |entry: &Entry| {
                entry.is_booked() && entry.flow.now().last && (entry.is_told() || !needs_telling)
            };
            let going = self.entries.iter().filter(|(_, entry)| may_go(entry));
            let mut going: Vec<_> = going.map(|(id, entry)| (entry.touched, *id)).collect();
            going.sort_unstable();
            for (_, transfer) in &going[..going.len().div_ceil(2)] {
                if let Some(entry) = self.entries.remove(transfer) {
                    let told = entry.reported.map_or(0, |told| told.bytes);
                    let never = entry.flow.now().bytes.saturating_sub(told);
                    self.never_told_bytes = self.never_told_bytes.saturating_add(never);
                }
            }
        }
    }

    /// A connection starts to send in a transfer. The second value is true if the transfer is new here. `None` if the
    /// transfer belongs to somebody else, so that its id was made up, or if there are too many.
    pub fn open(
        &mut self,
        now: Instant,
        transfer: TransferId,
        receiver: &Receiver,
        file: &FileMeta,
    ) -> Option<(Sending, bool)> {
        if self.is_full() && !self.entries.contains_key(&transfer) {
            self.make_room();
            if self.is_full() {
                return None;
            }
        }
        let mut new = false;
        let entry = self.entries.entry(transfer).or_insert_with(|| {
            new = true;
            Entry {
                receiver: receiver.clone(),
                file: file.name.clone(),
                id: file.id,
                flow: Arc::default(),
                reported: None,
                booked: Sent::default(),
                told: false,
                ended: false,
                touched: now,
                began: now,
            }
        });
        if entry.receiver != *receiver || entry.id != file.id {
            return None;
        }
        entry.touched = now;
        if std::mem::take(&mut entry.told) {
            entry.began = now;
        }
        Some((Sending::start(&entry.flow), new))
    }

    /// The central says that a transfer is over. Gives who received what, if it is complete and something was sent here.
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

    /// All figures, for a central that may have forgotten what it was told.
    pub fn report_all(&mut self) -> Vec<SentTransfer> {
        for entry in self.entries.values_mut() {
            entry.reported = None;
        }
        self.report_news()
    }

    /// The figures that have changed since they were last reported.
    pub fn report_news(&mut self) -> Vec<SentTransfer> {
        let mut news = Vec::new();
        for (transfer, entry) in &mut self.entries {
            let sent = entry.flow.now();
            if entry.reported != Some(sent) {
                entry.reported = Some(sent);
                news.push(entry.told_as(*transfer, sent));
            }
        }
        news
    }

    /// The present figures of one transfer, whether or not they were reported.
    pub fn report_one(&mut self, transfer: TransferId) -> Option<SentTransfer> {
        let entry = self.entries.get_mut(&transfer)?;
        let sent = entry.flow.now();
        entry.reported = Some(sent);
        Some(entry.told_as(transfer, sent))
    }

    /// Books what is new for the statistics, and forgets transfers that are long over.
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
            if sent.last && sent.bytes == 0 && entry.reported.is_none_or(|told| told == sent) {
                // There is nothing to report again.
                return false;
            }
            let keep = if entry.ended { KEEP_ENDED } else { KEEP_SILENT };
            !sent.last || now.saturating_duration_since(entry.touched) < keep
        });
        news
    }

    /// True if the figures of a transfer are kept.
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
    /// All that it sent is booked.
    fn is_booked(&self) -> bool {
        self.booked == self.flow.now()
    }

    /// It is over, and the central has heard so.
    fn is_told(&self) -> bool {
        let sent = self.flow.now();
        sent.last && self.reported == Some(sent)
    }

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
    use crate::model::{
        Term,
        samples::{self, number},
    };

    fn meta(name: &str) -> FileMeta {
        samples::meta(name, 100, name.len() as u8)
    }

    #[test]
    fn figures_are_reported_once_and_booked_once() {
        let mut book = SentBook::default();
        let now = Instant::now();
        let receiver = Receiver::Secondary(number(2));
        let file = meta("a b.bin");
        let transfer = TransferId::new(Term(1), 7);
        let (sending, new) = book.open(now, transfer, &receiver, &file).unwrap();
        assert!(new);
        let other = Receiver::Secondary(number(3));
        assert!(book.open(now, transfer, &other, &file).is_none());
        sending.add_bytes(10);
        sending.add_chunk();
        assert_eq!(book.report_news()[0].bytes, 10);
        assert!(book.report_news().is_empty());
        assert_eq!(book.running().len(), 1);
        drop(sending);
        let told = book.report_news();
        assert!(told[0].last && told[0].bytes == 10);
        let booked = book.book(now);
        assert_eq!((booked[0].bytes, booked[0].over), (10, Some(10)));
        assert!(book.book(now).is_empty());
        assert_eq!(book.report_all().len(), 1);
        assert!(book.ended(transfer, Outcome::Complete).is_some());
        assert!(book.ended(transfer, Outcome::Complete).is_none());
        assert!(book.book(now + KEEP_ENDED).is_empty());
        assert!(book.report_one(transfer).is_none());
    }

    #[test]
    fn figures_of_so_many_transfers_are_kept_and_those_that_are_over_make_room() {
        let mut book = SentBook::default();
        let now = Instant::now();
        let receiver = Receiver::Secondary(number(2));
        let open = |book: &mut SentBook, n: u64| {
            let opened = book.open(now, TransferId::new(Term(1), n), &receiver, &meta("a"));
            opened.map(|(sending, _)| sending)
        };
        let mut sending: Vec<_> = (0..MAX_TRANSFERS as u64)
            .map(|n| open(&mut book, n).unwrap())
            .collect();
        let one_more = MAX_TRANSFERS as u64;
        assert!(open(&mut book, one_more).is_none());
        assert!(open(&mut book, 7).is_some(), "one of those that it has");
        let over = sending.pop().unwrap();
        over.add_bytes(3);
        drop(over);
        // What is neither in the statistics nor told is not forgotten.
        assert!(open(&mut book, one_more).is_none());
        book.report_news();
        assert!(open(&mut book, one_more).is_none());
        book.book(now);
        assert!(open(&mut book, one_more).is_some());
        assert_eq!(book.take_never_told_bytes(), 0);
    }

    #[test]
    fn what_the_central_is_never_told_is_counted() {
        let mut book = SentBook::default();
        let now = Instant::now();
        let receiver = Receiver::Secondary(number(2));
        for n in 0..=MAX_TRANSFERS as u64 {
            // The central is away: nothing is told.
            let (sending, _) = book
                .open(now, TransferId::new(Term(1), n), &receiver, &meta("a"))
                .unwrap();
            sending.add_bytes(3);
            drop(sending);
            book.book(now);
        }
        let kept: u64 = book.report_news().iter().map(|sent| sent.bytes).sum();
        let all = 3 * (MAX_TRANSFERS as u64 + 1);
        assert_eq!(kept + book.take_never_told_bytes(), all);
    }

    #[test]
    fn transfers_in_which_nothing_was_sent_are_not_kept() {
        let mut book = SentBook::default();
        let now = Instant::now();
        let receiver = Receiver::Secondary(number(2));
        for n in 0..3 * MAX_TRANSFERS as u64 {
            let opened = book.open(now, TransferId::new(Term(1), n), &receiver, &meta("a"));
            let sending = opened.unwrap();
            if n == 0 {
                assert!(!book.report_news()[0].last);
            }
            drop(sending);
            if n == 0 {
                assert!(
                    book.report_news()[0].last,
                    "the central knows that it is over"
                );
            }
            book.book(now);
        }
        assert!(book.report_all().is_empty());
    }

    #[test]
    fn a_transfer_is_booked_under_the_name_that_is_held_here() {
        let mut book = SentBook::default();
        let now = Instant::now();
        let receiver = Receiver::Secondary(number(2));
        let held = meta("held");
        let sending = book
            .open(now, TransferId::new(Term(1), 1), &receiver, &held)
            .unwrap();
        sending.0.add_bytes(1);
        // The same content may have another name by now, another content is another transfer's.
        let renamed = FileMeta {
            name: FileName::try_from("renamed").unwrap(),
            ..held.clone()
        };
        assert!(
            book.open(now, TransferId::new(Term(1), 1), &receiver, &renamed)
                .is_some()
        );
        assert!(
            book.open(
                now,
                TransferId::new(Term(1), 1),
                &receiver,
                &meta("other one")
            )
            .is_none()
        );
        assert_eq!(book.report_news()[0].file, held.name);
    }
}
