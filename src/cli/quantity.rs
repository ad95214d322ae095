//! Sizes, rates and times as people write them: `20MB/s`, `1GiB`, `30s`.

use std::time::Duration;

use super::text::{
    language::{Shown, Value},
    t,
};

/// An invalid value, described in the chosen language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadValue(String);

impl Shown for BadValue {
    fn shown(&self) -> Value {
        self.0.shown()
    }
}

impl BadValue {
    /// What was given, and why it will not do.
    pub fn new(value: &str, why: String) -> Self {
        Self(t!("line-value", value = value, why = why))
    }

    /// Nothing was given.
    pub fn empty() -> Self {
        Self(t!("why-empty"))
    }
}

/// Bytes: `500`, `500kB`, `20MB`, `1GiB`; a lone `K`, `M` or `G` is decimal.
///
/// # Errors
/// What was typed and what can be.
pub fn size(text: &str) -> Result<u64, BadValue> {
    bytes(text).ok_or_else(|| bad(text, t!("why-size")))
}

/// Bytes per second: as [`size`], with or without `/s`; not zero.
///
/// # Errors
/// What was typed and what can be.
pub fn rate(text: &str) -> Result<u64, BadValue> {
    let text = text.trim();
    let of_a_second = text.strip_suffix("/s").or_else(|| text.strip_suffix("/S"));
    bytes(of_a_second.unwrap_or(text))
        .filter(|rate| *rate > 0)
        .ok_or_else(|| bad(text, t!("why-rate")))
}

/// A time: `60`, which is seconds, or `30s`, `2m`, `1h 30m`.
///
/// # Errors
/// What was typed and what can be.
pub fn time(text: &str) -> Result<Duration, BadValue> {
    let fail = || bad(text, t!("why-time"));
    if let Ok(seconds) = text.trim().parse::<u32>() {
        return Ok(Duration::from_secs(u64::from(seconds)));
    }
    let length: jiff::SignedDuration = text.trim().parse().map_err(|_| fail())?;
    Duration::try_from(length).map_err(|_| fail())
}

/// True for the word that takes a limit away, or undoes.
pub fn is_off(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "no" | "off")
}

fn bytes(text: &str) -> Option<u64> {
    // A decimal comma, as Spanish has it.
    let text = match text.trim().split_once(',') {
        Some((whole, rest)) if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("{whole}.{rest}")
        }
        _ => text.trim().to_owned(),
    };
    // The parser rounds what does not fit to the largest number that does.
    let parsed: bytesize::ByteSize = text.parse().ok()?;
    (parsed.as_u64() < u64::MAX && !text.starts_with('-')).then_some(parsed.as_u64())
}

fn bad(text: &str, why: String) -> BadValue {
    BadValue::new(text, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_decimal_unless_they_say_otherwise() {
        for (text, expected) in [
            ("12M", 12_000_000),
            ("500k", 500_000),
            ("500K", 500_000),
            ("7", 7),
            ("20MB/s", 20_000_000),
            ("1GiB/s", 1 << 30),
            ("1.5 MB", 1_500_000),
            ("2,5MB/s", 2_500_000),
        ] {
            assert_eq!(rate(text), Ok(expected), "{text}");
        }
        for bad in [
            "",
            "M",
            "0",
            "-1",
            "1X",
            "99999999999G",
            "20MB/h",
            "1,2,3MB",
            "1,MB",
            "nan",
            "inf",
        ] {
            assert!(rate(bad).is_err(), "{bad}");
        }
        assert_eq!(size("1GiB"), Ok(1 << 30));
        assert_eq!(size("0"), Ok(0));
    }

    #[test]
    fn times_are_seconds_unless_they_say_otherwise() {
        for (text, seconds) in [
            ("60", 60),
            ("30s", 30),
            ("2m", 120),
            ("1h 30m", 5400),
            ("0", 0),
        ] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "-5s", "pronto", "99999999999"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }
}
