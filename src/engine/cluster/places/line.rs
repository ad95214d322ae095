//! Slots, which limit how many downloads run at once, and the line of waiting requests, in order of arrival.
//!
//! A slot is for work. While others wait, a download that is sent nothing for a while lends its slot to the first of
//! them. It gets a slot back as soon as it is sent something, even if that makes one too many.
//!
//! A waiting request is told its position. The first few hear of each change at once, the others when their position
//! falls below a power of two, and the rest bit by bit. So a change that moves everybody behind it costs few messages.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Instant,
};

use crate::engine::cluster::ConnectionId;
use crate::model::{
    RequestId,
    limits::{IDLE_PLACE, MAX_WAITING},
};

/// A client's request: its connection, and its own number for it.
pub(in crate::engine::cluster) type RequestKey = (ConnectionId, RequestId);

/// Who runs and who waits.
#[derive(Debug)]
pub(super) struct Line {
    slots: usize,
    /// Requests with a slot, and when they were last sent something.
    running: BTreeMap<RequestKey, Instant>,
    /// The same by time.
    by_time: BTreeSet<(Instant, RequestKey)>,
    /// Running requests that have lent their slot.
    lent: BTreeSet<RequestKey>,
    waiting: VecDeque<Waiting>,
    /// Requests of an earlier run, whose clients are not back yet. They keep their places: nobody goes before them.
    away: BTreeSet<RequestKey>,
    /// Nobody begins for now.
    is_held: bool,
    /// Where [`Self::tell_more`] goes on; `None` while all know their positions.
    cursor: Option<usize>,
}

/// One in the line.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: RequestKey,
    /// The position that it was told last.
    told: u32,
}

/// Positions of which each change is told at once.
const EXACT: u32 = 8;

impl Waiting {
    /// True if it must be told its new position at once.
    fn must_hear(&self, position: u32) -> bool {
        position != self.told && (position <= EXACT || position.ilog2() != self.told.ilog2())
    }
}

/// What became of a request that entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InLine {
    /// It has a slot.
    Runs,
    /// It waits at this position, from 1.
    Waits(u32),
    /// The line is full.
    Full,
}

/// What leaving changed for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Requests that run from now on, in order.
    pub(super) start: Vec<RequestKey>,
    /// Requests whose position changed and that must be told at once.
    pub(super) positions: Vec<(RequestKey, u32)>,
}

impl Line {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            slots: slots.max(1),
            running: BTreeMap::new(),
            by_time: BTreeSet::new(),
            lent: BTreeSet::new(),
            waiting: VecDeque::new(),
            away: BTreeSet::new(),
            is_held: false,
            cursor: None,
        }
    }

    pub(super) fn enter(&mut self, now: Instant, key: RequestKey) -> InLine {
        if self.running.len() < self.slots && self.waiting.is_empty() {
            self.run(now, key);
            return InLine::Runs;
        }
        if self.waiting.len() >= MAX_WAITING {
            return InLine::Full;
        }
        let told = self.waiting.len() as u32 + 1;
        self.waiting.push_back(Waiting { key, told });
        InLine::Waits(told)
    }

    /// A download goes on that was granted before, perhaps by an earlier run of the central. It gets a slot even if
    /// that makes one too many.
    pub(super) fn readmit(&mut self, now: Instant, key: RequestKey) {
        self.run(now, key);
    }

    /// A request of an earlier run waits, at the end of the line, for its turn and for its client.
    pub(super) fn wait_away(&mut self, key: RequestKey) {
        let told = self.waiting.len() as u32 + 1;
        self.waiting.push_back(Waiting { key, told });
        self.away.insert(key);
    }

    /// From now on, or no longer, nobody begins who waits. Those who can begin then do.
    pub(super) fn hold(&mut self, now: Instant, is_held: bool) -> Moved {
        self.is_held = is_held;
        self.leave(now, |_| false)
    }

    /// A client asks again, on another connection, for what it has a place for. `None` if it has none.
    pub(super) fn take_over(
        &mut self,
        now: Instant,
        from: RequestKey,
        to: RequestKey,
    ) -> Option<InLine> {
        self.away.remove(&from);
        if self.running.contains_key(&from) || self.lent.contains(&from) {
            self.rest(from);
            self.lent.remove(&from);
            self.run(now, to);
            return Some(InLine::Runs);
        }
        let waiting = self.waiting.iter_mut().zip(1..);
        let (waiting, position) = { waiting }.find(|(waiting, _)| waiting.key == from)?;
        (waiting.key, waiting.told) = (to, position);
        Some(InLine::Waits(position))
    }

    /// A download was sent something. It keeps its slot, or gets one back that it had lent.
    pub(super) fn worked(&mut self, now: Instant, key: RequestKey) {
        if self.running.contains_key(&key) || self.lent.contains(&key) {
            self.run(now, key);
        }
    }

    /// Takes the slots of idle downloads as far as others wait for them. Returns the lenders.
    pub(super) fn lend(&mut self, now: Instant) -> (Vec<RequestKey>, Moved) {
        let mut lenders = Vec::new();
        while self.first().is_some()
            && self.waiting.len() > self.slots.saturating_sub(self.running.len())
            && let Some((at, key)) = self.by_time.first().copied()
            && at + IDLE_PLACE <= now
        {
            self.rest(key);
            self.lent.insert(key);
            lenders.push(key);
        }
        if lenders.is_empty() {
            return (lenders, Moved::default());
        }
        (lenders, self.leave(now, |_| false))
    }

    /// When [`Self::lend`] is due.
    pub(super) fn next_lending(&self) -> Option<Instant> {
        let (at, _) = self.by_time.first()?;
        self.first().map(|_| *at + IDLE_PLACE)
    }

    /// Time in which this process did not run does not count as idle.
    pub(super) fn renew(&mut self, now: Instant) {
        for at in self.running.values_mut() {
            // Who is waited for has longer.
            *at = now.max(*at);
        }
        self.by_time = self.running.iter().map(|(key, at)| (*at, *key)).collect();
    }

    /// Changes the number of slots. If there are fewer, running downloads still run to their end.
    pub(super) fn set_slots(&mut self, now: Instant, slots: usize) -> Moved {
        self.slots = slots.max(1);
        self.leave(now, |_| false)
    }

    /// Takes out every request that `gone` selects. The first in line take the free slots.
    pub(super) fn leave(&mut self, now: Instant, gone: impl Fn(RequestKey) -> bool) -> Moved {
        let before = self.waiting.len();
        self.running.retain(|key, _| !gone(*key));
        self.by_time.retain(|(_, key)| !gone(*key));
        self.lent.retain(|key| !gone(*key));
        self.waiting.retain(|waiting| !gone(waiting.key));
        self.away.retain(|key| !gone(*key));
        let mut moved = Moved::default();
        while self.running.len() < self.slots
            && let Some(first) = self.take_first()
        {
            self.run(now, first);
            moved.start.push(first);
        }
        if self.waiting.len() < before {
            for (position, waiting) in (1..).zip(&mut self.waiting) {
                if waiting.must_hear(position) {
                    waiting.told = position;
                    moved.positions.push((waiting.key, position));
                }
            }
            self.cursor.get_or_insert(0);
        }
        moved
    }

    /// True if some requests do not know their position.
    pub(super) fn has_more_to_tell(&self) -> bool {
        self.cursor.is_some()
    }

    /// The next requests that do not know their position, at most this many.
    pub(super) fn tell_more(&mut self, most: usize) -> Vec<(RequestKey, u32)> {
        let mut positions = Vec::new();
        let Some(start) = self.cursor.take() else {
            return positions;
        };
        for (index, waiting) in self.waiting.iter_mut().enumerate().skip(start) {
            let position = index as u32 + 1;
            if waiting.told == position {
                continue;
            }
            if positions.len() == most {
                self.cursor = Some(index);
                break;
            }
            waiting.told = position;
            positions.push((waiting.key, position));
        }
        positions
    }

    fn take_first(&mut self) -> Option<RequestKey> {
        let first = self.waiting.remove(self.first()?)?;
        Some(first.key)
    }

    /// Who begins next, if anybody may. A connection that has lent a slot lets others go first, as it would take more
    /// slots without using them.
    fn first(&self) -> Option<usize> {
        let has_lent = |connection: ConnectionId| {
            let of_connection =
                (connection, RequestId(u64::MIN))..=(connection, RequestId(u64::MAX));
            self.lent.range(of_connection).next().is_some()
        };
        let first = self
            .line()
            .position(|(connection, _)| !has_lent(connection));
        let first = first.unwrap_or(0);
        let is_here = !self.away.contains(&self.waiting.get(first)?.key);
        (is_here && !self.is_held).then_some(first)
    }

    fn run(&mut self, now: Instant, key: RequestKey) {
        self.rest(key);
        self.lent.remove(&key);
        self.running.insert(key, now);
        self.by_time.insert((now, key));
    }

    fn rest(&mut self, key: RequestKey) {
        if let Some(at) = self.running.remove(&key) {
            self.by_time.remove(&(at, key));
        }
    }

    /// Running requests, with a slot or without.
    pub(super) fn running(&self) -> usize {
        self.running.len() + self.lent.len()
    }

    /// Waiting requests, the first in line first.
    pub(super) fn line(&self) -> impl Iterator<Item = RequestKey> {
        self.waiting.iter().map(|waiting| waiting.key)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(client: u64) -> RequestKey {
        (ConnectionId(client), RequestId(1))
    }

    #[test]
    fn eight_clients_and_five_slots() {
        let now = Instant::now();
        let mut queue = Line::new(5);
        let entered: Vec<_> = (0..8).map(|client| queue.enter(now, key(client))).collect();
        assert_eq!(entered[..5], [InLine::Runs; 5]);
        assert_eq!(
            entered[5..],
            [InLine::Waits(1), InLine::Waits(2), InLine::Waits(3)]
        );

        let moved = queue.leave(now, |k| k == key(6));
        assert_eq!(
            moved,
            Moved {
                start: vec![],
                positions: vec![(key(7), 2)]
            }
        );
        let moved = queue.leave(now, |k| k == key(0));
        assert_eq!(
            moved,
            Moved {
                start: vec![key(5)],
                positions: vec![(key(7), 1)]
            }
        );
        let moved = queue.leave(now, |k| k.0 == ConnectionId(1));
        assert_eq!(
            moved,
            Moved {
                start: vec![key(7)],
                positions: vec![]
            }
        );
    }

    #[test]
    fn a_full_line_takes_nobody_and_forgets_nobody() {
        let now = Instant::now();
        let mut queue = Line::new(1);
        let most = MAX_WAITING as u64;
        for client in 0..=most {
            assert_ne!(queue.enter(now, key(client)), InLine::Full);
        }
        assert_eq!(queue.enter(now, key(most + 1)), InLine::Full);
        assert_eq!((queue.running(), queue.waiting()), (1, MAX_WAITING));
        assert_eq!(queue.leave(now, |k| k == key(0)).start, [key(1)]);
        assert_eq!(
            queue.enter(now, key(most + 1)),
            InLine::Waits(MAX_WAITING as u32)
        );
    }

    #[test]
    fn a_download_that_is_sent_nothing_lends_its_slot_until_the_next_byte() {
        let start = Instant::now();
        let mut queue = Line::new(2);
        queue.enter(start, key(0));
        queue.enter(start, key(1));
        // Nobody waits, so nobody lends.
        let idle = start + IDLE_PLACE;
        assert_eq!(queue.next_lending(), None);
        assert_eq!(queue.lend(idle), Default::default());
        assert_eq!(queue.enter(idle, key(2)), InLine::Waits(1));
        assert_eq!(queue.enter(idle, key(3)), InLine::Waits(2));
        assert_eq!(queue.enter(idle, key(4)), InLine::Waits(3));
        queue.worked(idle, key(1));
        assert_eq!(queue.next_lending(), Some(idle));
        let (lenders, moved) = queue.lend(idle);
        assert_eq!((lenders, moved.start), (vec![key(0)], vec![key(2)]));
        assert_eq!(moved.positions, [(key(3), 1), (key(4), 2)]);
        assert_eq!((queue.running(), queue.waiting()), (3, 2));
        // It resumes, which makes one too many. Nobody else starts before two are over.
        queue.worked(idle, key(0));
        assert_eq!(queue.leave(idle, |k| k == key(1)).start, []);
        assert_eq!(queue.leave(idle, |k| k == key(2)).start, [key(3)]);
        // A request that is over gets nothing back.
        queue.worked(idle, key(2));
        assert_eq!((queue.running(), queue.waiting()), (2, 1));
        // One of two idle requests lends, as one waits. After a stop of this process nobody lends.
        let later = idle + IDLE_PLACE;
        queue.renew(later);
        assert_eq!(queue.lend(later).0, []);
        assert_eq!(queue.lend(later + IDLE_PLACE).0.len(), 1);
        assert_eq!((queue.running(), queue.waiting()), (3, 0));
        queue.leave(later, |_| true);
        assert_eq!((queue.running(), queue.waiting()), (0, 0));
        assert!(queue.by_time.is_empty());
    }

    #[test]
    fn a_client_that_leaves_slots_unused_lets_others_go_first() {
        let start = Instant::now();
        let mut queue = Line::new(1);
        let own = |request| (ConnectionId(1), RequestId(request));
        for request in 0..100 {
            queue.enter(start, own(request));
        }
        queue.enter(start, key(2));
        queue.enter(start, key(3));
        let later = start + IDLE_PLACE;
        let (lenders, moved) = queue.lend(later);
        assert_eq!((lenders, moved.start), (vec![own(0)], vec![key(2)]));
        // So far behind, the position is told as time passes.
        assert_eq!(moved.positions, []);
        assert_eq!(queue.tell_more(64), [(key(3), 100)]);
        assert_eq!(queue.leave(later, |k| k == key(2)).start, [key(3)]);
        // With nobody else there the next is its own.
        assert_eq!(queue.leave(later, |k| k == key(3)).start, [own(1)]);
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Enter(RequestKey),
        Readmit(RequestKey),
        Leave(RequestKey),
        LeaveAll(ConnectionId),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let keys = || {
            (0..12_u64, 0..3_u64)
                .prop_map(|(connection, request)| (ConnectionId(connection), RequestId(request)))
        };
        let step = prop_oneof![
            4 => keys().prop_map(Step::Enter),
            1 => keys().prop_map(Step::Readmit),
            3 => keys().prop_map(Step::Leave),
            1 => keys().prop_map(|(connection, _)| Step::LeaveAll(connection)),
        ];
        prop::collection::vec(step, 1..200)
    }

    #[test]
    fn leaving_a_long_line_costs_few_messages_and_all_know_their_positions_in_the_end() {
        let mut queue = Line::new(1);
        let now = Instant::now();
        for client in 0..=5000 {
            queue.enter(now, key(client));
        }
        let mut told: std::collections::BTreeMap<_, u32> = (1..=5000)
            .map(|client| (key(client), client as u32))
            .collect();
        for client in 1..=2500 {
            let moved = queue.leave(now, |k| k == key(client));
            assert!(moved.positions.len() <= EXACT as usize + 13, "{moved:?}");
            told.extend(moved.positions);
        }
        while queue.has_more_to_tell() {
            let more = queue.tell_more(64);
            assert!(more.len() <= 64);
            told.extend(more);
        }
        for (position, key) in (1..).zip(queue.line()) {
            assert_eq!(told[&key], position);
        }
    }

    proptest! {
        /// Beside the list of all in the order of arrival: those granted earlier by another run, and of the
        /// others as many as there are slots left.
        #[test]
        fn nobody_is_lost_doubled_or_overtaken_and_the_slots_are_kept(
            slots in 1usize..6,
            steps in steps(),
        ) {
            let now = Instant::now();
            let mut queue = Line::new(slots);
            let (mut running, mut line) = (BTreeSet::new(), Vec::new());
            let mut told = std::collections::BTreeMap::new();
            for step in steps {
                match step {
                    Step::Enter(key) | Step::Readmit(key)
                        if running.contains(&key) || line.contains(&key) => {}
                    Step::Enter(key) => {
                        let entered = queue.enter(now, key);
                        if running.len() < slots {
                            prop_assert_eq!(entered, InLine::Runs);
                            running.insert(key);
                        } else {
                            line.push(key);
                            told.insert(key, line.len() as u32);
                            prop_assert_eq!(entered, InLine::Waits(line.len() as u32));
                        }
                    }
                    Step::Readmit(key) => {
                        queue.readmit(now, key);
                        running.insert(key);
                    }
                    Step::Leave(_) | Step::LeaveAll(_) => {
                        let gone = |key: RequestKey| match step {
                            Step::LeaveAll(connection) => key.0 == connection,
                            Step::Leave(one) => key == one,
                            Step::Enter(_) | Step::Readmit(_) => false,
                        };
                        running.retain(|key| !gone(*key));
                        line.retain(|key| !gone(*key));
                        let free = slots.saturating_sub(running.len()).min(line.len());
                        let start: Vec<_> = line.drain(..free).collect();
                        running.extend(&start);
                        let moved = queue.leave(now, gone);
                        prop_assert_eq!(moved.start, start);
                        told.extend(moved.positions);
                        for (position, key) in (1..).zip(&line) {
                            let told = told[key];
                            prop_assert!(told == position || position > EXACT && told > position);
                            prop_assert_eq!(told.ilog2(), position.ilog2());
                        }
                    }
                }
                prop_assert!(queue.running.keys().eq(&running));
                prop_assert!(queue.line().eq(line.iter().copied()));
                prop_assert!(line.is_empty() || running.len() >= slots);
            }
        }

        #[test]
        fn without_earlier_grants_no_more_run_than_there_are_slots(
            slots in 1usize..6,
            steps in prop::collection::vec((0..40_u64, any::<bool>()), 1..200),
        ) {
            let now = Instant::now();
            let mut queue = Line::new(slots);
            let mut line: Vec<u64> = Vec::new();
            for (client, enters) in steps {
                if enters && !line.contains(&client) {
                    queue.enter(now, key(client));
                    line.push(client);
                } else {
                    queue.leave(now, |k| k == key(client));
                    line.retain(|c| *c != client);
                }
                prop_assert_eq!(queue.running(), line.len().min(slots));
                let running: BTreeSet<_> = line.iter().take(slots).map(|c| key(*c)).collect();
                prop_assert!(queue.running.keys().eq(&running));
            }
        }
    }
}
