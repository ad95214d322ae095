//! Places: how many downloads run at once, and the line of those that wait, in order of arrival.
//!
//! A place is for work: while others wait, a download that is sent nothing for a while lends its place to the first
//! of them. It has a place again as soon as it is sent something, even when that makes one too many.
//!
//! Whoever waits is told its place. The first few hear of each change at once, the others when theirs falls below a
//! power of two, and the rest as time passes: a change moves all who are behind, and costs messages to few of them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Instant,
};

use super::LinkId;
use crate::model::{
    RequestId,
    limits::{IDLE_PLACE, MAX_WAITING},
};

/// A client's request: its connection, and its own number for it.
pub(super) type RequestKey = (LinkId, RequestId);

/// Who runs and who waits.
#[derive(Debug)]
pub(super) struct Admission {
    places: usize,
    /// Those that have a place, and when they were last sent something.
    running: BTreeMap<RequestKey, Instant>,
    /// The same by time.
    by_time: BTreeSet<(Instant, RequestKey)>,
    /// Those that run and have lent their place.
    lent: BTreeSet<RequestKey>,
    waiting: VecDeque<Waiting>,
    /// Where [`Self::tell_more`] goes on; `None` while all know their places.
    cursor: Option<usize>,
}

/// One in the line.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    key: RequestKey,
    /// The place that it was told last.
    told: u32,
}

/// Places of which each change is told at once.
const EXACT: u32 = 8;

impl Waiting {
    /// It must hear at once that its place is another.
    fn must_hear(&self, place: u32) -> bool {
        place != self.told && (place <= EXACT || place.ilog2() != self.told.ilog2())
    }
}

/// What became of a request that entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// It runs.
    Running,
    /// It waits at this place, from 1.
    Waits(u32),
    /// The line is full.
    Full,
}

/// What leaving changed for others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// Those that run from now on, in order.
    pub(super) start: Vec<RequestKey>,
    /// Those that wait at another place than before and are to be told at once.
    pub(super) places: Vec<(RequestKey, u32)>,
}

impl Admission {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: places.max(1),
            running: BTreeMap::new(),
            by_time: BTreeSet::new(),
            lent: BTreeSet::new(),
            waiting: VecDeque::new(),
            cursor: None,
        }
    }

    pub(super) fn enter(&mut self, now: Instant, key: RequestKey) -> Entered {
        if self.running.len() < self.places && self.waiting.is_empty() {
            self.run(now, key);
            return Entered::Running;
        }
        if self.waiting.len() >= MAX_WAITING {
            return Entered::Full;
        }
        let told = self.waiting.len() as u32 + 1;
        self.waiting.push_back(Waiting { key, told });
        Entered::Waits(told)
    }

    /// A download that was granted before, by an earlier run of the central perhaps, and goes on: it has its
    /// place even when that makes one too many.
    pub(super) fn readmit(&mut self, now: Instant, key: RequestKey) {
        self.run(now, key);
    }

    /// A download was sent something: it has its place, again if it had lent it.
    pub(super) fn worked(&mut self, now: Instant, key: RequestKey) {
        if self.running.contains_key(&key) || self.lent.contains(&key) {
            self.run(now, key);
        }
    }

    /// Takes the places of those that are sent nothing, as far as others wait for them; gives who they are.
    pub(super) fn lend(&mut self, now: Instant) -> (Vec<RequestKey>, Moved) {
        let mut lenders = Vec::new();
        while self.waiting.len() > self.places.saturating_sub(self.running.len())
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
        (!self.waiting.is_empty()).then(|| *at + IDLE_PLACE)
    }

    /// A time in which this process did not run is nobody's idleness.
    pub(super) fn renew(&mut self, now: Instant) {
        for at in self.running.values_mut() {
            *at = now;
        }
        self.by_time = self.running.keys().map(|key| (now, *key)).collect();
    }

    /// There are so many places from now on. Where there are fewer, those that run end as they would have.
    pub(super) fn set_places(&mut self, now: Instant, places: usize) -> Moved {
        self.places = places.max(1);
        self.leave(now, |_| false)
    }

    /// Takes out every request that `gone` names; the first in line take the places.
    pub(super) fn leave(&mut self, now: Instant, gone: impl Fn(RequestKey) -> bool) -> Moved {
        let before = self.waiting.len();
        self.running.retain(|key, _| !gone(*key));
        self.by_time.retain(|(_, key)| !gone(*key));
        self.lent.retain(|key| !gone(*key));
        self.waiting.retain(|waiting| !gone(waiting.key));
        let mut moved = Moved::default();
        while self.running.len() < self.places
            && let Some(first) = self.take_first()
        {
            self.run(now, first);
            moved.start.push(first);
        }
        if self.waiting.len() < before {
            for (place, waiting) in (1..).zip(&mut self.waiting) {
                if waiting.must_hear(place) {
                    waiting.told = place;
                    moved.places.push((waiting.key, place));
                }
            }
            self.cursor.get_or_insert(0);
        }
        moved
    }

    /// Some do not know their present place.
    pub(super) fn has_more_to_tell(&self) -> bool {
        self.cursor.is_some()
    }

    /// The next of those that do not know their present place, so many at most.
    pub(super) fn tell_more(&mut self, most: usize) -> Vec<(RequestKey, u32)> {
        let mut places = Vec::new();
        let Some(start) = self.cursor.take() else {
            return places;
        };
        for (index, waiting) in self.waiting.iter_mut().enumerate().skip(start) {
            let place = index as u32 + 1;
            if waiting.told == place {
                continue;
            }
            if places.len() == most {
                self.cursor = Some(index);
                break;
            }
            waiting.told = place;
            places.push((waiting.key, place));
        }
        places
    }

    /// The first in line; whoever has lent a place, and would take more without using them, lets others go first.
    fn take_first(&mut self) -> Option<RequestKey> {
        let has_lent = |link: LinkId| {
            let of_link = (link, RequestId(u64::MIN))..=(link, RequestId(u64::MAX));
            self.lent.range(of_link).next().is_some()
        };
        let first = self.line().position(|(link, _)| !has_lent(link));
        let first = self.waiting.remove(first.unwrap_or(0))?;
        Some(first.key)
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

    /// Those that run, with a place or without.
    pub(super) fn running(&self) -> usize {
        self.running.len() + self.lent.len()
    }

    /// Those that wait, the first in line first.
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
        (LinkId(client), RequestId(1))
    }

    #[test]
    fn eight_clients_and_five_places() {
        let now = Instant::now();
        let mut admission = Admission::new(5);
        let entered: Vec<_> = (0..8)
            .map(|client| admission.enter(now, key(client)))
            .collect();
        assert_eq!(entered[..5], [Entered::Running; 5]);
        assert_eq!(
            entered[5..],
            [Entered::Waits(1), Entered::Waits(2), Entered::Waits(3)]
        );

        let moved = admission.leave(now, |k| k == key(6));
        assert_eq!(
            moved,
            Moved {
                start: vec![],
                places: vec![(key(7), 2)]
            }
        );
        let moved = admission.leave(now, |k| k == key(0));
        assert_eq!(
            moved,
            Moved {
                start: vec![key(5)],
                places: vec![(key(7), 1)]
            }
        );
        let moved = admission.leave(now, |k| k.0 == LinkId(1));
        assert_eq!(
            moved,
            Moved {
                start: vec![key(7)],
                places: vec![]
            }
        );
    }

    #[test]
    fn a_full_line_takes_nobody_and_forgets_nobody() {
        let now = Instant::now();
        let mut admission = Admission::new(1);
        let most = MAX_WAITING as u64;
        for client in 0..=most {
            assert_ne!(admission.enter(now, key(client)), Entered::Full);
        }
        assert_eq!(admission.enter(now, key(most + 1)), Entered::Full);
        assert_eq!((admission.running(), admission.waiting()), (1, MAX_WAITING));
        assert_eq!(admission.leave(now, |k| k == key(0)).start, [key(1)]);
        assert_eq!(
            admission.enter(now, key(most + 1)),
            Entered::Waits(MAX_WAITING as u32)
        );
    }

    #[test]
    fn who_is_sent_nothing_lends_the_place_and_has_it_again_with_the_first_byte() {
        let start = Instant::now();
        let mut admission = Admission::new(2);
        admission.enter(start, key(0));
        admission.enter(start, key(1));
        // Nobody waits: nobody is bothered.
        let idle = start + IDLE_PLACE;
        assert_eq!(admission.next_lending(), None);
        assert_eq!(admission.lend(idle), Default::default());
        assert_eq!(admission.enter(idle, key(2)), Entered::Waits(1));
        assert_eq!(admission.enter(idle, key(3)), Entered::Waits(2));
        assert_eq!(admission.enter(idle, key(4)), Entered::Waits(3));
        admission.worked(idle, key(1));
        assert_eq!(admission.next_lending(), Some(idle));
        let (lenders, moved) = admission.lend(idle);
        assert_eq!((lenders, moved.start), (vec![key(0)], vec![key(2)]));
        assert_eq!(moved.places, [(key(3), 1), (key(4), 2)]);
        assert_eq!((admission.running(), admission.waiting()), (3, 2));
        // It goes on: that is one too many, and nobody else starts before two are over.
        admission.worked(idle, key(0));
        assert_eq!(admission.leave(idle, |k| k == key(1)).start, []);
        assert_eq!(admission.leave(idle, |k| k == key(2)).start, [key(3)]);
        // One that is gone has nothing to get back.
        admission.worked(idle, key(2));
        assert_eq!((admission.running(), admission.waiting()), (2, 1));
        // Of two that are idle one lends, as one waits; after a stop of this process nobody does.
        let later = idle + IDLE_PLACE;
        admission.renew(later);
        assert_eq!(admission.lend(later).0, []);
        assert_eq!(admission.lend(later + IDLE_PLACE).0.len(), 1);
        assert_eq!((admission.running(), admission.waiting()), (3, 0));
        admission.leave(later, |_| true);
        assert_eq!((admission.running(), admission.waiting()), (0, 0));
        assert!(admission.by_time.is_empty());
    }

    #[test]
    fn who_leaves_places_unused_lets_others_go_first() {
        let start = Instant::now();
        let mut admission = Admission::new(1);
        let own = |request| (LinkId(1), RequestId(request));
        for request in 0..100 {
            admission.enter(start, own(request));
        }
        admission.enter(start, key(2));
        admission.enter(start, key(3));
        let later = start + IDLE_PLACE;
        let (lenders, moved) = admission.lend(later);
        assert_eq!((lenders, moved.start), (vec![own(0)], vec![key(2)]));
        // So far behind, the place is told as time passes.
        assert_eq!(moved.places, []);
        assert_eq!(admission.tell_more(64), [(key(3), 100)]);
        assert_eq!(admission.leave(later, |k| k == key(2)).start, [key(3)]);
        // With nobody else there the next is its own.
        assert_eq!(admission.leave(later, |k| k == key(3)).start, [own(1)]);
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Enter(RequestKey),
        Readmit(RequestKey),
        Leave(RequestKey),
        LeaveAll(LinkId),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let keys =
            || (0..12_u64, 0..3_u64).prop_map(|(link, request)| (LinkId(link), RequestId(request)));
        let step = prop_oneof![
            4 => keys().prop_map(Step::Enter),
            1 => keys().prop_map(Step::Readmit),
            3 => keys().prop_map(Step::Leave),
            1 => keys().prop_map(|(link, _)| Step::LeaveAll(link)),
        ];
        prop::collection::vec(step, 1..200)
    }

    #[test]
    fn who_leaves_a_long_line_costs_few_messages_and_all_know_their_places_in_the_end() {
        let mut admission = Admission::new(1);
        let now = Instant::now();
        for client in 0..=5000 {
            admission.enter(now, key(client));
        }
        let mut told: std::collections::BTreeMap<_, u32> = (1..=5000)
            .map(|client| (key(client), client as u32))
            .collect();
        for client in 1..=2500 {
            let moved = admission.leave(now, |k| k == key(client));
            assert!(moved.places.len() <= EXACT as usize + 13, "{moved:?}");
            told.extend(moved.places);
        }
        while admission.has_more_to_tell() {
            let more = admission.tell_more(64);
            assert!(more.len() <= 64);
            told.extend(more);
        }
        for (place, key) in (1..).zip(admission.line()) {
            assert_eq!(told[&key], place);
        }
    }

    proptest! {
        /// Beside the list of all in the order of arrival: those granted earlier by another run, and of the
        /// others as many as there are places left.
        #[test]
        fn nobody_is_lost_doubled_or_overtaken_and_the_places_are_kept(
            places in 1usize..6,
            steps in steps(),
        ) {
            let now = Instant::now();
            let mut admission = Admission::new(places);
            let (mut running, mut line) = (BTreeSet::new(), Vec::new());
            let mut told = std::collections::BTreeMap::new();
            for step in steps {
                match step {
                    Step::Enter(key) | Step::Readmit(key)
                        if running.contains(&key) || line.contains(&key) => {}
                    Step::Enter(key) => {
                        let entered = admission.enter(now, key);
                        if running.len() < places {
                            prop_assert_eq!(entered, Entered::Running);
                            running.insert(key);
                        } else {
                            line.push(key);
                            told.insert(key, line.len() as u32);
                            prop_assert_eq!(entered, Entered::Waits(line.len() as u32));
                        }
                    }
                    Step::Readmit(key) => {
                        admission.readmit(now, key);
                        running.insert(key);
                    }
                    Step::Leave(_) | Step::LeaveAll(_) => {
                        let gone = |key: RequestKey| match step {
                            Step::LeaveAll(link) => key.0 == link,
                            Step::Leave(one) => key == one,
                            Step::Enter(_) | Step::Readmit(_) => false,
                        };
                        running.retain(|key| !gone(*key));
                        line.retain(|key| !gone(*key));
                        let free = places.saturating_sub(running.len()).min(line.len());
                        let start: Vec<_> = line.drain(..free).collect();
                        running.extend(&start);
                        let moved = admission.leave(now, gone);
                        prop_assert_eq!(moved.start, start);
                        told.extend(moved.places);
                        for (place, key) in (1..).zip(&line) {
                            let told = told[key];
                            prop_assert!(told == place || place > EXACT && told > place);
                            prop_assert_eq!(told.ilog2(), place.ilog2());
                        }
                    }
                }
                prop_assert!(admission.running.keys().eq(&running));
                prop_assert!(admission.line().eq(line.iter().copied()));
                prop_assert!(line.is_empty() || running.len() >= places);
            }
        }

        #[test]
        fn without_earlier_grants_no_more_run_than_there_are_places(
            places in 1usize..6,
            steps in prop::collection::vec((0..40_u64, any::<bool>()), 1..200),
        ) {
            let now = Instant::now();
            let mut admission = Admission::new(places);
            let mut line: Vec<u64> = Vec::new();
            for (client, enters) in steps {
                if enters && !line.contains(&client) {
                    admission.enter(now, key(client));
                    line.push(client);
                } else {
                    admission.leave(now, |k| k == key(client));
                    line.retain(|c| *c != client);
                }
                prop_assert_eq!(admission.running(), line.len().min(places));
                let running: BTreeSet<_> = line.iter().take(places).map(|c| key(*c)).collect();
                prop_assert!(admission.running.keys().eq(&running));
            }
        }
    }
}
