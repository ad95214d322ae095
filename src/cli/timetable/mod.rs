//! A limit by the time of day: which one holds at a moment, and until when. Pure: the time and its zone are arguments.
//! `parse` reads it: `20MB/s; 08:00-20:00 mon-fri 5MB/s`.
//!
//! The clock on the wall decides. Where an hour comes twice or not at all, as daylight saving time ends or begins, a limit
//! holds whenever the clock shows its hours. The hours of a day that go beyond midnight belong to the day on which they
//! begin.

mod parse;

use jiff::{
    SignedDuration, Timestamp, ToSpan, Zoned,
    civil::{Date, DateTime, Weekday},
};

pub use parse::{BadEntry, Bare, MOST_ENTRIES, WhyBad, download, parse};

const DAY_SECONDS: i32 = 24 * 3600;
/// All that a timetable has comes again within these days.
const DAYS_AHEAD: i64 = 8;

/// Bytes per second; `None` for no limit.
pub type Limit = Option<u64>;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timetable {
    /// As it was written; empty where it says one limit only.
    text: String,
    /// When nothing else holds.
    usual: Limit,
    /// The last that fits holds.
    entries: Vec<Entry>,
}

/// A limit of certain hours, of certain days.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    days: Days,
    /// From and to, in seconds since midnight; all day without.
    hours: Option<(i32, i32)>,
    limit: Limit,
}

/// Days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Days(u8);

impl Days {
    const NONE: Self = Self(0);
    const ALL: Self = Self(0x7f);

    fn with(self, day: Weekday) -> Self {
        Self(self.0 | (1 << day.to_monday_zero_offset()))
    }

    fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }
}

/// What holds at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The limit.
    pub limit: Limit,
    /// When another one follows; `None` where none ever does.
    pub until: Option<Zoned>,
}

impl Timetable {
    /// The same limit at all times.
    pub fn always(limit: Limit) -> Self {
        Self {
            usual: limit,
            ..Self::default()
        }
    }

    /// As it was written, where it says more than one limit.
    pub fn text(&self) -> Option<&str> {
        (!self.text.is_empty()).then_some(self.text.as_str())
    }

    /// What is read as this timetable.
    pub fn written(&self) -> String {
        match (self.text(), self.usual) {
            (Some(text), _) => text.to_owned(),
            (None, Some(limit)) => format!("{limit}B/s"),
            (None, None) => "no".to_owned(),
        }
    }

    /// The lowest of its limits.
    pub fn lowest(&self) -> Limit {
        let limits = self.entries.iter().map(|entry| entry.limit);
        limits.chain([self.usual]).flatten().min()
    }

    /// What holds at a moment.
    pub fn at(&self, now: &Zoned) -> Held {
        let limit = self.on_the_wall(now.datetime());
        let mut changes = self.moments(now);
        changes.retain(|at| *at > now.timestamp());
        changes.sort_unstable();
        let zone = now.time_zone();
        let there = |at: Timestamp| at.to_zoned(zone.clone());
        let another = |at: &Zoned| self.on_the_wall(at.datetime()) != limit;
        let until = changes.into_iter().map(there).find(another);
        Held { limit, until }
    }

    fn on_the_wall(&self, clock: DateTime) -> Limit {
        let last = self.entries.iter().rev().find(|entry| entry.fits(clock));
        last.map_or(self.usual, |entry| entry.limit)
    }

    /// When another limit might begin, among other moments.
    fn moments(&self, now: &Zoned) -> Vec<Timestamp> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let zone = now.time_zone();
        let hours = self.entries.iter().filter_map(|entry| entry.hours);
        let mut seconds: Vec<i32> = hours.flat_map(|(from, to)| [from, to]).collect();
        seconds.extend([0, DAY_SECONDS]);
        let days = (0..=DAYS_AHEAD).filter_map(|day| now.date().checked_add(day.days()).ok());
        let clocks = days.flat_map(|day| seconds.iter().filter_map(move |s| clock(day, *s)));
        let both = clocks.flat_map(|clock| {
            let when = zone.to_ambiguous_zoned(clock);
            [when.clone().earlier().ok(), when.later().ok()]
        });
        let mut moments: Vec<Timestamp> = both.flatten().map(|at| at.timestamp()).collect();
        // Clocks are put forward and back.
        let ahead = SignedDuration::from_hours(24 * DAYS_AHEAD);
        let end = now
            .timestamp()
            .saturating_add(ahead)
            .unwrap_or(Timestamp::MAX);
        let shifts = zone
            .following(now.timestamp())
            .map(|shift| shift.timestamp());
        moments.extend(shifts.take_while(|at| *at <= end));
        moments
    }
}

impl Entry {
    fn fits(&self, clock: DateTime) -> bool {
        let (today, seconds) = (clock.date().weekday(), second_of_day(clock));
        let Some((from, to)) = self.hours else {
            return self.days.has(today);
        };
        let is_beyond_midnight = to < from;
        let began_today = seconds >= from && (is_beyond_midnight || seconds < to);
        let began_before = is_beyond_midnight && seconds < to;
        (began_today && self.days.has(today)) || (began_before && self.days.has(today.previous()))
    }
}

fn second_of_day(clock: DateTime) -> i32 {
    i32::from(clock.hour()) * 3600 + i32::from(clock.minute()) * 60 + i32::from(clock.second())
}

fn clock(day: Date, second: i32) -> Option<DateTime> {
    let midnight = day.at(0, 0, 0, 0);
    midnight.checked_add(i64::from(second).seconds()).ok()
}

#[cfg(test)]
mod tests;
