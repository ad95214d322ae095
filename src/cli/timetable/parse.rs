//! What people write: one limit, or several with hours and days.

use jiff::civil::Weekday;

use super::{DAY_SECONDS, Days, Entry, Limit, Timetable};
use crate::{
    cli::quantity::{is_off, rate},
    engine::fold::fold,
    model::limits::LEAST_DOWNLOAD_LIMIT,
};

/// Entries of one timetable.
pub const MOST_ENTRIES: usize = 100;
/// A smaller limit that has no unit may lack it.
const SURELY_BYTES: u64 = 10_000;
/// The letters by which a day is known at least.
const DAY_LETTERS: usize = 3;

const DAYS: [(Weekday, [&str; 2]); 7] = [
    (Weekday::Monday, ["lunes", "monday"]),
    (Weekday::Tuesday, ["martes", "tuesday"]),
    (Weekday::Wednesday, ["miercoles", "wednesday"]),
    (Weekday::Thursday, ["jueves", "thursday"]),
    (Weekday::Friday, ["viernes", "friday"]),
    (Weekday::Saturday, ["sabado", "saturday"]),
    (Weekday::Sunday, ["domingo", "sunday"]),
];

/// Whether a small number without a unit is one of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bare {
    /// Whoever wrote it knows.
    Bytes,
    /// Whoever typed it is asked.
    Asked,
}

/// What is no timetable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEntry {
    /// The part of it that is wrong.
    pub part: String,
    /// Why.
    pub why: WhyBad,
}

/// Why a part of a timetable is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyBad {
    /// It is no rate.
    Rate,
    /// It is a rate, but so small that its unit may be missing.
    Unit(u64),
    /// No rate follows.
    NoRate,
    /// It is no span of hours.
    Hours,
    /// It ends when it begins.
    NoTime,
    /// It is no day of the week.
    Day,
    /// There is a limit for the rest of the time already.
    TwoUsual,
    /// There are too many.
    TooMany,
    /// A client that takes less looks dead to servers.
    TooLow,
}

fn bad(part: &str, why: WhyBad) -> BadEntry {
    let part = part.to_owned();
    BadEntry { part, why }
}

/// Reads a limit, or a timetable.
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str, bare: Bare) -> Result<Timetable, BadEntry> {
    let text = text.trim();
    let parts = parts(text);
    if parts.len() > MOST_ENTRIES {
        return Err(bad(text, WhyBad::TooMany));
    }
    let (mut usual, mut entries) = (None, Vec::new());
    for part in parts {
        match entry(part, bare)? {
            Found::Entry(entry) => entries.push(entry),
            Found::Usual(limit) if usual.is_none() => usual = Some(limit),
            Found::Usual(_) => return Err(bad(part, WhyBad::TwoUsual)),
        }
    }
    let is_one = entries.is_empty();
    Ok(Timetable {
        text: if is_one { "" } else { text }.to_owned(),
        usual: usual.flatten(),
        entries,
    })
}

/// Reads what limits downloads: no less than servers bear with.
///
/// # Errors
/// What is wrong with it.
pub fn download(text: &str, bare: Bare) -> Result<Timetable, BadEntry> {
    let timetable = parse(text, bare)?;
    match timetable.lowest() {
        Some(lowest) if lowest < LEAST_DOWNLOAD_LIMIT => Err(bad(text, WhyBad::TooLow)),
        _ => Ok(timetable),
    }
}

/// Between semicolons, or commas that are no decimal marks.
fn parts(text: &str) -> Vec<&str> {
    let is_digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        let is_decimal = is_digit(before) && is_digit(bytes.get(at + 1));
        if *byte == b';' || (*byte == b',' && !is_decimal) {
            parts.push(text[from..at].trim());
            from = at + 1;
        }
    }
    let last = text[from..].trim();
    // One may stand at the end.
    if !last.is_empty() || parts.is_empty() {
        parts.push(last);
    }
    parts
}

enum Found {
    Usual(Limit),
    Entry(Entry),
}

fn entry(part: &str, bare: Bare) -> Result<Found, BadEntry> {
    let (mut hours, mut days, mut limit) = (None, Days::NONE, Vec::new());
    for word in part.split_whitespace() {
        if let Some(found) = span_of_hours(word) {
            if hours.replace(found?).is_some() {
                return Err(bad(word, WhyBad::Hours));
            }
        } else if let Some(found) = span_of_days(word) {
            days = Days(days.0 | found.0);
        } else if limit.is_empty() && word.starts_with(char::is_alphabetic) && !is_off(word) {
            let is_alone = word == part && !word.contains('-');
            let why = if is_alone { WhyBad::Rate } else { WhyBad::Day };
            return Err(bad(word, why));
        } else {
            limit.push(word);
        }
    }
    let is_usual = hours.is_none() && days == Days::NONE;
    if limit.is_empty() && !is_usual {
        return Err(bad(part, WhyBad::NoRate));
    }
    let limit = one_limit(&limit.join(" "), bare)?;
    if is_usual {
        return Ok(Found::Usual(limit));
    }
    let days = if days == Days::NONE { Days::ALL } else { days };
    Ok(Found::Entry(Entry { days, hours, limit }))
}

/// A limit, or the word that takes it away. Of a small number without a unit it is asked what it means.
fn one_limit(text: &str, bare: Bare) -> Result<Limit, BadEntry> {
    if is_off(text) {
        return Ok(None);
    }
    let limit = rate(text).map_err(|_| bad(text, WhyBad::Rate))?;
    let has_unit = text.contains(char::is_alphabetic);
    if bare == Bare::Asked && !has_unit && limit < SURELY_BYTES {
        return Err(bad(text, WhyBad::Unit(limit)));
    }
    Ok(Some(limit))
}

/// `8-20`, `08:00-20:00`, `22:30-6`; `None` for what is none.
fn span_of_hours(word: &str) -> Option<Result<(i32, i32), BadEntry>> {
    let (from, to) = word.split_once(['-', '–'])?;
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(match (time_of_day(from), time_of_day(to)) {
        (Some(from), Some(to)) if from == to || from == DAY_SECONDS => {
            Err(bad(word, WhyBad::NoTime))
        }
        // At midnight it is the end of the day, and not of the one before.
        (Some(from), Some(0)) => Ok((from, DAY_SECONDS)),
        (Some(from), Some(to)) => Ok((from, to)),
        _ => Err(bad(word, WhyBad::Hours)),
    })
}

/// In seconds: `8`, `08:00`, `8:00:30`, up to `24:00`.
fn time_of_day(text: &str) -> Option<i32> {
    let mut seconds = 0;
    let mut parts = text.split(':');
    for (unit, most) in [(3600, 24), (60, 59), (1, 59)] {
        let Some(part) = parts.next() else {
            break;
        };
        let is_number = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let value = part.parse::<i32>().ok().filter(|_| is_number)?;
        seconds += unit * Some(value).filter(|value| *value <= most)?;
    }
    (parts.next().is_none() && seconds <= DAY_SECONDS).then_some(seconds)
}

/// `lun`, `lun-vie`, `friday`; `None` for what is none.
fn span_of_days(word: &str) -> Option<Days> {
    let Some((from, to)) = word.split_once(['-', '–']) else {
        return day(word).map(|day| Days::NONE.with(day));
    };
    let (mut at, to) = (day(from)?, day(to)?);
    let mut days = Days::NONE.with(at);
    while at != to {
        at = at.next();
        days = days.with(at);
    }
    Some(days)
}

fn day(word: &str) -> Option<Weekday> {
    let word = fold(word.trim_end_matches('.'));
    let found = DAYS
        .iter()
        .find(|(_, names)| names.iter().any(|name| name.starts_with(&word)));
    found
        .filter(|_| word.len() >= DAY_LETTERS)
        .map(|(day, _)| *day)
}
