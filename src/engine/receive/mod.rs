//! Schedules a node's downlink, where it has a limit: whose turn it is to read on. Knows neither sockets nor what is read.
//!
//! Whoever has read a piece waits for its turn before it reads the next one. All turns together stay within the limit (the
//! same `Line` as an uplink's), and lanes take turns: a lane is one transfer, whatever the number of its sources, so that
//! each transfer gets as much as the others. Within a lane its readers take turns. A source that sends nothing has no turn
//! and costs the others nothing.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Instant,
};

use super::send::line::Line;

/// Pieces per second of a limited line. Short ones keep the measured rates of all sources steady.
const PIECES_PER_S: u64 = 100;
const SHORTEST_PIECE_BYTES: u64 = 1 << 10;
const LONGEST_PIECE_BYTES: u64 = 256 << 10;

/// The readers of one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(u64);

/// One connection that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderId {
    lane: Lane,
    nth: u64,
}

/// The answer to a reader that has read a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// It reads on.
    Now,
    /// It asks again at this time, or when it is woken.
    At(Instant),
    /// It asks again when it is woken.
    Wait,
}

/// See the module.
#[derive(Debug)]
pub struct Downlink {
    line: Line,
    next_lane: u64,
    next_reader: u64,
    /// Lanes with readers that wait, in the order of their turns.
    waiting: VecDeque<(Lane, VecDeque<ReaderId>)>,
    woken: BTreeSet<ReaderId>,
}

impl Downlink {
    /// A downlink with a limit in bytes per second; `None` for no limit.
    pub fn new(now: Instant, limit_bytes_per_s: Option<u64>) -> Self {
        Self {
            line: Line::new(now, limit_bytes_per_s),
            next_lane: 0,
            next_reader: 0,
            waiting: VecDeque::new(),
            woken: BTreeSet::new(),
        }
    }

    /// The limit in bytes per second.
    pub fn limit_bytes_per_s(&self) -> Option<u64> {
        self.line.rate_bytes_per_s()
    }

    /// Changes the limit. It also holds for readers that already wait.
    pub fn set_limit(&mut self, now: Instant, bytes_per_s: Option<u64>) {
        self.line.set_rate(now, bytes_per_s);
        let waiting = self.waiting.iter().flat_map(|(_, readers)| readers);
        self.woken.extend(waiting);
    }

    /// One more transfer.
    pub fn lane(&mut self) -> Lane {
        self.next_lane += 1;
        Lane(self.next_lane)
    }

    /// One more reader of a transfer.
    pub fn reader(&mut self, lane: Lane) -> ReaderId {
        self.next_reader += 1;
        let nth = self.next_reader;
        ReaderId { lane, nth }
    }

    /// The longest that a piece may be, in bytes.
    pub fn piece_bytes(&self) -> u64 {
        self.limit_bytes_per_s().map_or(u64::MAX, |rate| {
            (rate / PIECES_PER_S).clamp(SHORTEST_PIECE_BYTES, LONGEST_PIECE_BYTES)
        })
    }

    /// A reader has read so many bytes and asks whether to read on. Unless it may, it waits from now on until it withdraws.
    pub fn ask(&mut self, now: Instant, reader: ReaderId, bytes: u64) -> Go {
        if self.limit_bytes_per_s().is_none() {
            self.withdraw(reader);
            return Go::Now;
        }
        self.line_up(reader);
        if self.next() != Some(reader) {
            return Go::Wait;
        }
        let due = self.line.due(now);
        if due > now {
            return Go::At(due);
        }
        self.line.take(now, bytes);
        self.remove(reader, true);
        self.wake_next();
        Go::Now
    }

    /// A reader does not wait any more.
    pub fn withdraw(&mut self, reader: ReaderId) {
        if self.remove(reader, false) {
            self.wake_next();
        }
        self.woken.remove(&reader);
    }

    /// Readers that should ask again now.
    pub fn poll_woken(&mut self) -> Option<ReaderId> {
        self.woken.pop_first()
    }

    fn next(&self) -> Option<ReaderId> {
        let (_, readers) = self.waiting.front()?;
        readers.front().copied()
    }

    fn wake_next(&mut self) {
        self.woken.extend(self.next());
    }

    fn line_up(&mut self, reader: ReaderId) {
        let lane = self
            .waiting
            .iter_mut()
            .find(|(lane, _)| *lane == reader.lane);
        match lane {
            Some((_, readers)) if readers.contains(&reader) => {}
            Some((_, readers)) => readers.push_back(reader),
            None => {
                self.waiting.push_back((reader.lane, [reader].into()));
            }
        }
    }

    /// Takes a reader out, whose lane goes behind the others if it has had its turn. Says whether it waited.
    fn remove(&mut self, reader: ReaderId, had_its_turn: bool) -> bool {
        let place = self
            .waiting
            .iter()
            .position(|(lane, _)| *lane == reader.lane);
        let Some(place) = place else {
            return false;
        };
        let readers = &mut self.waiting[place].1;
        let before = readers.len();
        readers.retain(|waiting| *waiting != reader);
        let waited = readers.len() < before;
        if (readers.is_empty() || had_its_turn)
            && let Some((lane, readers)) = self.waiting.remove(place)
            && !readers.is_empty()
        {
            self.waiting.push_back((lane, readers));
        }
        waited
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;

    /// Bytes that each reader gets in so many seconds of `now`, when all read as fast as they may.
    fn shared(
        downlink: &mut Downlink,
        now: &mut Instant,
        readers: &[ReaderId],
        seconds: u64,
    ) -> BTreeMap<ReaderId, u64> {
        let end = *now + Duration::from_secs(seconds);
        let mut got = BTreeMap::new();
        while *now < end {
            let mut next_due = end;
            for reader in readers {
                let piece = downlink.piece_bytes();
                match downlink.ask(*now, *reader, piece) {
                    Go::Now => *got.entry(*reader).or_default() += piece,
                    Go::At(at) => next_due = next_due.min(at),
                    Go::Wait => {}
                }
            }
            if downlink.poll_woken().is_none() {
                *now = next_due;
            }
            while downlink.poll_woken().is_some() {}
        }
        got
    }

    #[test]
    fn transfers_share_the_limit_whatever_the_number_of_their_sources() {
        let start = Instant::now();
        let mut now = start;
        let mut downlink = Downlink::new(now, Some(3_000_000));
        let (one, other) = (downlink.lane(), downlink.lane());
        let alone = downlink.reader(one);
        let three = [(); 3].map(|()| downlink.reader(other));
        let all = [&[alone][..], &three].concat();
        let got = shared(&mut downlink, &mut now, &all, 10);
        let sum: u64 = got.values().sum();
        assert!((29_500_000..30_500_000).contains(&sum), "{sum}");
        let of_three: u64 = three.iter().map(|reader| got[reader]).sum();
        let share = got[&alone] as f64 / of_three as f64;
        assert!((0.95..1.05).contains(&share), "{share}");
        for reader in &three[1..] {
            assert!(got[reader].abs_diff(got[&three[0]]) <= 60_000, "{got:?}");
        }
    }

    #[test]
    fn whoever_goes_away_leaves_its_turn_to_the_others() {
        let mut now = Instant::now();
        let mut downlink = Downlink::new(now, Some(100_000));
        let lane = downlink.lane();
        let readers = [(); 3].map(|()| downlink.reader(lane));
        assert_eq!(downlink.ask(now, readers[0], 10_000), Go::Now);
        let Go::At(due) = downlink.ask(now, readers[1], 1000) else {
            panic!();
        };
        assert_eq!(downlink.ask(now, readers[2], 1000), Go::Wait);
        downlink.withdraw(readers[1]);
        assert_eq!(downlink.poll_woken(), Some(readers[2]));
        now = due;
        assert_eq!(downlink.ask(now, readers[2], 1000), Go::Now);
        assert_eq!(downlink.poll_woken(), None);
    }

    #[test]
    fn another_limit_wakes_all_who_wait_and_none_lets_them_go() {
        let mut now = Instant::now();
        let mut downlink = Downlink::new(now, Some(50_000));
        let lane = downlink.lane();
        let readers = [(); 3].map(|()| downlink.reader(lane));
        assert_eq!(downlink.ask(now, readers[0], 1_000_000), Go::Now);
        assert!(matches!(downlink.ask(now, readers[1], 1), Go::At(at) if at > now));
        assert_eq!(downlink.ask(now, readers[2], 1), Go::Wait);
        downlink.set_limit(now, None);
        for reader in &readers[1..] {
            assert_eq!(downlink.poll_woken(), Some(*reader));
            assert_eq!(downlink.ask(now, *reader, 1 << 30), Go::Now);
        }
        assert_eq!(downlink.piece_bytes(), u64::MAX);
        // Nothing is owed for what was read without a limit.
        downlink.set_limit(now, Some(1_000_000));
        let got = shared(&mut downlink, &mut now, &readers, 1);
        let sum: u64 = got.values().sum();
        assert!((950_000..1_080_000).contains(&sum), "{sum}");
    }
}
