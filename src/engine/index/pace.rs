//! How often to look at the folder and at the system's processes: soon after a change, but never for more than a share
//! of the time.

use std::time::{Duration, Instant};

use super::types::Hearing;

/// The longest time between two looks at the folder, whatever was heard.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The same while not all changes are heard, or while something is away.
const LOOK_EVERY_DEAF: Duration = Duration::from_secs(2);
/// A look waits for this long after a change, as changes come in groups.
const LOOK_SOON: Duration = Duration::from_millis(150);
/// Looks may take this share of the time.
const SHARE: u32 = 10;
/// Looks at the processes come no closer together than this.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// Looks at the folder.
#[derive(Debug)]
pub(super) struct Looks {
    /// The longest time between two looks where all changes are heard.
    usual: Duration,
    every: Duration,
    /// When the next look is due. `None` while one is under way and nothing has happened since it began.
    next: Option<Instant>,
    under_way: bool,
    /// When the last look ended, and how long it took.
    ended: Instant,
    took: Duration,
}

impl Looks {
    /// The first look is due at once; `every` is how often to look unless changes are missed.
    pub(super) fn new(now: Instant, every: Option<Duration>) -> Self {
        let usual = every.unwrap_or(LOOK_EVERY);
        Self {
            usual,
            every: usual,
            next: Some(now),
            under_way: false,
            ended: now,
            took: Duration::ZERO,
        }
    }

    pub(super) fn listens(&mut self, hearing: Hearing) {
        self.every = match hearing {
            Hearing::All => self.usual,
            Hearing::Deaf => LOOK_EVERY_DEAF.min(self.usual),
        };
    }

    /// True when a look is due. It counts as under way from then on.
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        let due = !self.under_way && self.next.is_some_and(|next| next <= now);
        if due {
            (self.under_way, self.next) = (true, None);
        }
        due
    }

    /// A look is over and has found the folder.
    pub(super) fn over(&mut self, now: Instant, began: Instant) {
        self.ended(now, began);
        self.by(now + self.every.max(self.took * SHARE));
    }

    /// A look is over and has found nothing. Another follows soon.
    pub(super) fn failed(&mut self, now: Instant, began: Instant) {
        self.ended(now, began);
        self.by(now + LOOK_EVERY_DEAF);
    }

    fn ended(&mut self, now: Instant, began: Instant) {
        (self.under_way, self.ended) = (false, now);
        self.took = now.saturating_duration_since(began);
    }

    /// The next look is due by this time.
    pub(super) fn by(&mut self, at: Instant) {
        self.next = Some(self.next.map_or(at, |next| next.min(at)));
    }

    /// Something changed.
    pub(super) fn soon(&mut self, now: Instant) {
        let earliest = self.ended + self.took * SHARE;
        self.by((now + LOOK_SOON).max(earliest));
    }

    /// Something is expected of which no event will tell.
    pub(super) fn expect(&mut self) {
        self.by(self.ended + LOOK_EVERY_DEAF.max(self.took * SHARE));
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        self.next.filter(|_| !self.under_way)
    }
}

/// Looks at the processes that may write.
#[derive(Debug)]
pub(super) struct WriterLooks {
    next: Instant,
    under_way: bool,
}

impl WriterLooks {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            next: now,
            under_way: false,
        }
    }

    /// True when a look is due. It counts as under way from then on.
    pub(super) fn begin(&mut self, now: Instant) -> bool {
        let due = !self.under_way && self.next <= now;
        self.under_way |= due;
        due
    }

    pub(super) fn over(&mut self, now: Instant, began: Instant) {
        let took = now.saturating_duration_since(began);
        self.under_way = false;
        self.next = now + (took * SHARE).max(LEAST_PAUSE);
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        (!self.under_way).then_some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_during_a_look_is_looked_at_again() {
        let ms = Duration::from_millis;
        let start = Instant::now();
        let mut looks = Looks::new(start, None);
        assert!(looks.begin(start) && !looks.begin(start));
        assert_eq!(looks.next_at(), None);
        looks.over(start + ms(50), start);
        assert_eq!(looks.next_at(), Some(start + ms(50) + LOOK_EVERY));
        // Ten times what the last one took.
        looks.soon(start + ms(60));
        assert_eq!(looks.next_at(), Some(start + ms(550)));
        looks.soon(start + ms(540));
        assert!(looks.begin(start + ms(550)));
        looks.soon(start + ms(551));
        looks.over(start + ms(560), start + ms(550));
        assert_eq!(looks.next_at(), Some(start + ms(701)));
        looks.listens(Hearing::Deaf);
        assert!(looks.begin(start + ms(701)));
        looks.over(start + ms(701), start + ms(701));
        assert_eq!(looks.next_at(), Some(start + ms(701) + LOOK_EVERY_DEAF));
    }

    #[test]
    fn looks_are_as_often_as_ordered_and_take_a_share_of_the_time_at_most() {
        let s = Duration::from_secs;
        let start = Instant::now();
        let mut looks = Looks::new(start, Some(s(5)));
        looks.listens(Hearing::All);
        assert!(looks.begin(start));
        looks.over(start + s(0), start);
        assert_eq!(looks.next_at(), Some(start + s(5)));
        assert!(looks.begin(start + s(5)));
        looks.over(start + s(8), start + s(5));
        assert_eq!(looks.next_at(), Some(start + s(38)));
        let mut looks = Looks::new(start, Some(s(1)));
        looks.listens(Hearing::Deaf);
        assert!(looks.begin(start));
        looks.over(start, start);
        assert_eq!(looks.next_at(), Some(start + s(1)));
    }
}
