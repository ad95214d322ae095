//! Limits and their timetables.

use jiff::Zoned;

use super::{t, units::rate};
use crate::{
    cli::timetable::{Held, Limit, MOST_ENTRIES, WhyBad},
    model::limits::LEAST_DOWNLOAD_LIMIT,
};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// What a secondary sends.
    Upload,
    /// What a client receives.
    Download,
}

/// A limit: `20,0 MB/s`, `ninguno`.
pub fn limit(bytes_per_s: Limit) -> String {
    bytes_per_s.map_or_else(|| t!("no-limit"), |limit| rate(limit as f64))
}

/// The same with the time until which it holds.
pub fn held(held: &Held, now: &Zoned) -> String {
    let limit = limit(held.limit);
    let Some(until) = &held.until else {
        return limit;
    };
    let has_seconds = until.second() != 0;
    let form = if has_seconds { "%H:%M:%S" } else { "%H:%M" };
    let time = until.strftime(form).to_string();
    if until.date() == now.date() {
        t!("limit-until", limit = limit, time = time)
    } else {
        let day = weekday(until);
        t!("limit-until-day", limit = limit, day = day, time = time)
    }
}

/// What holds, as a line of its own: `Límite de bajada: 5,0 MB/s hasta las 20:00`.
pub fn line(what: Limited, held_now: &Held, timetable: Option<&str>, now: &Zoned) -> String {
    let limit = held(held_now, now);
    let line = match what {
        Limited::Upload => t!("limit-set", limit = limit),
        Limited::Download => t!("limit-set-download", limit = limit),
    };
    match timetable {
        Some(timetable) => t!("limit-timetable", line = line, timetable = timetable),
        None => line,
    }
}

/// The timetable has changed the limit.
pub fn changed(what: Limited, held_now: &Held, now: &Zoned) -> String {
    let limit = held(held_now, now);
    match what {
        Limited::Upload => t!("limit-changed", limit = limit),
        Limited::Download => t!("limit-changed-download", limit = limit),
    }
}

fn weekday(day: &Zoned) -> String {
    match day.weekday().to_monday_zero_offset() {
        0 => t!("weekday-monday"),
        1 => t!("weekday-tuesday"),
        2 => t!("weekday-wednesday"),
        3 => t!("weekday-thursday"),
        4 => t!("weekday-friday"),
        5 => t!("weekday-saturday"),
        _ => t!("weekday-sunday"),
    }
}

/// Why a part of a timetable is wrong.
pub fn why(why: WhyBad) -> String {
    match why {
        WhyBad::Rate => t!("why-limit"),
        WhyBad::Unit(limit) => t!(
            "why-limit-unit",
            rate = rate(limit as f64),
            number = limit.to_string()
        ),
        WhyBad::NoRate => t!("why-limit-no-rate"),
        WhyBad::Hours => t!("why-limit-hours"),
        WhyBad::NoTime => t!("why-limit-no-time"),
        WhyBad::Day => t!("why-limit-day"),
        WhyBad::TwoUsual => t!("why-limit-two"),
        WhyBad::TooMany => t!("why-limit-many", most = MOST_ENTRIES),
        WhyBad::TooLow => t!("why-limit-low", least = rate(LEAST_DOWNLOAD_LIMIT as f64)),
    }
}
