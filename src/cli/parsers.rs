//! How values of single flags are read.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{
    quantity::{BadValue, is_off, time},
    text::{self, t},
    timetable::{self, BadEntry, Bare, Timetable, WhyBad},
};
use crate::{
    engine::leadership,
    model::{
        AccountName, ClientName,
        limits::{MAX_ACCOUNT_NAME_CHARS, MAX_SECONDARY_NUMBER},
    },
};

/// With a longer quiet time it would look as if nothing worked.
const LONGEST_QUIET: Duration = DAY;
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);
/// Nobody waits for longer.
const LONGEST_TTL: Duration = Duration::from_secs(60);
/// More often, a disk would do nothing else; more seldom, it would not help.
const SHORTEST_SCRUB: Duration = Duration::from_secs(60);
const LONGEST_SCRUB: Duration = Duration::from_secs(3650 * 24 * 3600);

/// The name of a file, or a pattern. Spaces may be part of it; line ends and byte order marks of lists are not.
pub(super) fn file_name(text: &str) -> Result<String, BadValue> {
    let around = ['\r', '\n', '\u{feff}'];
    let name = text.trim_matches(around);
    if name.trim().is_empty() {
        return Err(BadValue::empty());
    }
    Ok(name.to_owned())
}

pub(super) fn quiet(text: &str) -> Result<Duration, BadValue> {
    let quiet = time(text)?;
    if quiet > LONGEST_QUIET {
        return Err(BadValue::new(text, t!("why-quiet")));
    }
    Ok(quiet)
}

/// How long the lease of a central lives.
pub(super) fn ttl(text: &str) -> Result<Duration, BadValue> {
    let ttl = time(text)?;
    if ttl < leadership::Config::SHORTEST_TTL || ttl > LONGEST_TTL {
        return Err(BadValue::new(text, t!("why-ttl")));
    }
    Ok(ttl)
}

/// How often a secondary reads everything again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scrubs {
    /// Once in this time; `None`: never.
    pub every: Option<Duration>,
}

/// A time with days, or `no`.
pub(super) fn scrub(text: &str) -> Result<Scrubs, BadValue> {
    if is_off(text.trim()) {
        return Ok(Scrubs { every: None });
    }
    let days = text.trim().strip_suffix(['d', 'D']).map(str::trim_end);
    let every = match days.and_then(|days| days.parse::<u32>().ok()) {
        Some(days) => DAY * days,
        None => time(text).map_err(|_| BadValue::new(text, t!("why-scrub")))?,
    };
    if every < SHORTEST_SCRUB || every > LONGEST_SCRUB {
        return Err(BadValue::new(text, t!("why-scrub")));
    }
    Ok(Scrubs { every: Some(every) })
}

/// A limit of what is sent, or a timetable of them.
pub(super) fn upload_limit(text: &str) -> Result<Timetable, BadValue> {
    timetable::parse(text, Bare::Bytes).map_err(bad_limit)
}

/// A limit of what is received, or a timetable of them.
pub(super) fn download_limit(text: &str) -> Result<Timetable, BadValue> {
    timetable::download(text, Bare::Bytes).map_err(bad_limit)
}

fn bad_limit(bad: BadEntry) -> BadValue {
    let why = match bad.why {
        WhyBad::Rate => t!("why-rate"),
        why => text::limits::why(why),
    };
    BadValue::new(&bad.part, why)
}

/// A number between two others, both allowed.
pub(super) fn number<T: Copy + Into<u64> + TryFrom<u64>>(
    least: T,
    most: T,
) -> impl Fn(&str) -> Result<T, BadValue> + Clone {
    move |text: &str| {
        let (least, most): (u64, u64) = (least.into(), most.into());
        let number = text.parse::<u64>().ok();
        let number = number.filter(|number| (least..=most).contains(number));
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| {
                let (least, most) = (least.to_string(), most.to_string());
                BadValue::new(text, t!("why-range", least = least, most = most))
            })
    }
}

/// The number of a secondary. One that is too high is told otherwise: it may be allowed.
pub(super) fn secondary_number(text: &str) -> Result<u64, BadValue> {
    let most = u64::from(MAX_SECONDARY_NUMBER);
    text.parse().or_else(|_| number(1, most)(text))
}

pub(super) fn log_level(text: &str) -> Result<String, BadValue> {
    super::logging::filter(text)?;
    Ok(text.to_owned())
}

/// An address of this machine that others of the network can name, with or without a port.
pub(super) fn own_address(text: &str) -> Result<SocketAddr, BadValue> {
    let with_port = text.parse::<SocketAddr>().ok();
    let without = || text.parse::<IpAddr>().ok().map(|ip| (ip, 0).into());
    with_port
        .or_else(without)
        .filter(|address: &SocketAddr| !address.ip().is_unspecified())
        .ok_or_else(|| BadValue::new(text, t!("why-own-address")))
}

/// An account's name.
pub(super) fn account_name(text: &str) -> Result<AccountName, BadValue> {
    let bad = |_| BadValue::new(text, t!("refused-bad-name", most = MAX_ACCOUNT_NAME_CHARS));
    AccountName::try_from(text).map_err(bad)
}

pub(super) fn client_name(text: &str) -> Result<ClientName, BadValue> {
    ClientName::try_from(text).map_err(|_| BadValue::new(text, t!("bad-client-name")))
}
