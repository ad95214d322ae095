//! A central of an earlier term beside the one that reigns: another machine with an old copy of its disk, and a clock
//! that has lost the time. Nobody who has seen the later one follows it while that one answers; all do when it is the
//! only one.

use std::time::{Duration, Instant};

use super::{
    link::CENTRAL,
    net::Host,
    story::{Earlier, Ending, Happening, Story},
    world::World,
};

/// For so long a node finds no other before it follows a central of an earlier term.
const NO_OTHER_FOR: Duration = Duration::from_secs(15);
/// A node finds a central that it can reach within this, however long it has been trying.
const FOUND_WITHIN: Duration = Duration::from_secs(8);
/// The one that reigns is away for so long at most, and then there for the rest of this.
const AWAY: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_secs(20);
/// Within this all follow one that is alone.
const ALL_WITHIN: Duration = Duration::from_secs(45);

/// Whom a node follows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Following {
    central: Option<Host>,
    /// When its connection to the one that reigns stood last.
    later_at: Option<Instant>,
}

impl Story {
    /// Without other faults than those that make nodes look for a central.
    pub fn with_an_earlier_central(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ 0xea71);
        let mut story = Self::without_faults(&mut random);
        let earlier = Earlier {
            is_tried_first: random.bool(),
            is_left_alone: random.bool(),
        };
        story.earlier = Some(earlier);
        let host = story.impostor() + 1;
        let latency = Duration::from_micros(random.u64(50..5000));
        story.latencies.push(latency);
        story.rates_bytes_per_s.push(10e6);
        // The one that reigns begins another term once the copy is made, and late enough for a later one by its clock.
        let mut at = Duration::from_millis(random.u64(4000..6000));
        let mut add = |at, what| story.happenings.push((at, what));
        add(Duration::from_secs(2), Happening::Backup(CENTRAL));
        add(at, Happening::End(CENTRAL, Ending::Killed));
        at += Duration::from_millis(random.u64(10..2000));
        add(at, Happening::Start(CENTRAL));
        at += FOUND_WITHIN;
        add(at, Happening::Start(host));
        for _ in 0..random.usize(1..=3) {
            at += AWAY.mul_f64(random.f64());
            story.goes_away(&mut random, at);
            at += BETWEEN;
        }
        if earlier.is_left_alone {
            let goes = match random.u8(..3) {
                0 => Happening::End(CENTRAL, Ending::Killed),
                1 => Happening::End(CENTRAL, Ending::Stopped),
                _ => Happening::PowerOff(CENTRAL),
            };
            story.happenings.push((at, goes));
            at += ALL_WITHIN;
        }
        story.quiet = at;
        story
    }

    /// The one that reigns cannot be reached for a while, by all or by one.
    fn goes_away(&mut self, random: &mut fastrand::Rng, at: Duration) {
        let lasts = AWAY.mul_f64(random.f64());
        let node = random.usize(1..self.impostor());
        let mut add = |at, what| self.happenings.push((at, what));
        match random.u8(..6) {
            0 => {
                add(at, Happening::End(CENTRAL, Ending::Killed));
                add(at + lasts, Happening::Start(CENTRAL));
            }
            1 => {
                add(at, Happening::End(CENTRAL, Ending::Stopped));
                add(at + lasts, Happening::Start(CENTRAL));
            }
            2 => add(at, Happening::Pause(CENTRAL, lasts)),
            3 => {
                add(at, Happening::Block(node, CENTRAL, lasts));
                add(at, Happening::Block(CENTRAL, node, lasts));
            }
            4 => add(at, Happening::Reset(node, CENTRAL)),
            _ => add(at, Happening::HalfOpen(node, CENTRAL)),
        }
    }
}

impl World {
    /// Something happened to a node: it must have had no choice if it follows the earlier central from now on.
    pub(super) fn watch(&mut self, host: Host, follows: Option<Host>) {
        if self.story.earlier.is_none() {
            return;
        }
        let before = self.following.get(&host).copied().unwrap_or_default();
        let mut later_at = before.later_at;
        if follows == Some(CENTRAL) {
            later_at = Some(self.now);
        } else if follows.is_some() && before.central != follows {
            let saw_none = later_at.is_none_or(|at| at + NO_OTHER_FOR <= self.now);
            let answers_since = self.later_answers_since(host);
            let there_is_none = answers_since.is_none_or(|since| self.now < since + FOUND_WITHIN);
            assert!(
                saw_none && there_is_none,
                "host {host} follows an earlier central: {before:?}, the later answers since {answers_since:?}"
            );
        }
        let now = Following {
            central: follows,
            later_at,
        };
        self.following.insert(host, now);
    }

    /// Since when a node could reach the one that reigns, if it can.
    fn later_answers_since(&self, host: Host) -> Option<Instant> {
        let central = &self.slots[CENTRAL];
        let started = central.started.filter(|_| self.net.listening[CENTRAL])?;
        let blocked = [(host, CENTRAL), (CENTRAL, host)].map(|way| self.net.blocked.get(&way));
        let hindered = blocked.into_iter().flatten().copied();
        let since = hindered.chain(central.paused_until).max();
        let since = since.map_or(started, |since| since.max(started));
        (since <= self.now && self.net.power[CENTRAL]).then_some(since)
    }

    /// In the end all follow the same one: the later, or the only one that is left.
    pub(super) fn check_whom_all_follow(&self) {
        if self.story.earlier.is_none() {
            return;
        }
        let last = self.story.last_central();
        for host in 1..self.story.impostor() {
            let follows = self.following.get(&host).and_then(|now| now.central);
            assert_eq!(follows, Some(last), "host {host}");
        }
    }
}
