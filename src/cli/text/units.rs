//! Numbers as people read them: decimal units, and the decimal mark of the language.

use std::time::Duration;

use super::{language::grouped, t};

/// Below this nothing can be said to come.
pub const LEAST_RATE: f64 = 100.0;

/// A mean rate of what took less is an accident.
pub const LEAST_TIME: Duration = Duration::from_secs(1);

/// A size: `300,0 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{} {}", decimal(value, 1), UNITS[unit])
}

/// A rate: `12,3 MB/s`, `590 kB/s`.
pub fn rate(bytes_per_s: f64) -> String {
    let rate = bytes_per_s.max(0.0);
    if (1000.0..999_500.0).contains(&rate) {
        format!("{} kB/s", decimal(rate / 1000.0, 0))
    } else {
        // What is about to be a megabyte is one.
        let rate = if rate < 1000.0 { rate } else { rate.max(1e6) };
        format!("{}/s", bytes(rate as u64))
    }
}

/// A length of time: `0,35 s`, `7,5 s`, `2 min 5 s`, `1 h 20 min`.
pub fn time(length: Duration) -> String {
    let seconds = length.as_secs_f64();
    if seconds < 0.995 {
        // What took no time that can be told took next to none.
        format!("{} s", decimal(seconds.max(0.01), 2))
    } else if seconds < 59.95 {
        format!("{} s", decimal(seconds, 1))
    } else {
        whole_time(length)
    }
}

/// A time without tenths: `7 s`, `2 min 5 s`, `1 h`.
pub fn whole_time(length: Duration) -> String {
    let seconds = length.as_secs_f64().round() as u64;
    let (large, small) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        _ => ((seconds / 3600, "h"), (seconds % 3600 / 60, "min")),
    };
    match small {
        (0, _) => format!("{} {}", large.0, large.1),
        (count, unit) => format!("{} {} {count} {unit}", large.0, large.1),
    }
}

/// A time of which days count: `3 d`, `7 d 5 h`; below two days as [`whole_time`].
pub fn days(length: Duration) -> String {
    let hours = (length.as_secs() + 1800) / 3600;
    match (hours / 24, hours % 24) {
        (0 | 1, _) => whole_time(length),
        (days, 0) => format!("{days} d"),
        (days, hours) => format!("{days} d {hours} h"),
    }
}

/// A share of a whole: `45 %`. Only all of it is 100 %.
pub fn percent(part: u64, whole: u64) -> String {
    let value = if part >= whole {
        100.0
    } else {
        (part as f64 * 100.0 / whole as f64).floor().min(99.0)
    };
    t!("percent", value = value.to_string())
}

/// A small share of a whole: `0,5 %`.
pub fn small_percent(part: u64, whole: u64) -> String {
    let value = part as f64 * 100.0 / whole.max(1) as f64;
    t!("percent", value = decimal(value, 1))
}

/// How many there are of something: `12 345`.
pub fn count(number: impl Into<u64>) -> String {
    grouped(&number.into().to_string())
}

/// The same in a table, where no number stands for none.
pub fn some(number: impl Into<u64>) -> String {
    match number.into() {
        0 => String::new(),
        number => count(number),
    }
}

/// A size in a table, where no size stands for nothing.
pub fn some_bytes(count: u64) -> String {
    match count {
        0 => String::new(),
        count => bytes(count),
    }
}

/// A rate in a table, where nothing stands for a rate at which nothing can be said to come.
pub fn some_rate(bytes_per_s: f64) -> String {
    match bytes_per_s >= LEAST_RATE {
        true => rate(bytes_per_s),
        false => String::new(),
    }
}

fn decimal(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    match plain.split_once('.') {
        Some((whole, rest)) => format!("{}{}{rest}", grouped(whole), t!("decimal-mark")),
        None => grouped(&plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_say_their_unit() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1,0 kB"),
            (999_960, "1,0 MB"),
            (300_000_000, "300,0 MB"),
            (7 << 30, "7,5 GB"),
            (u64::MAX, "18\u{a0}446\u{a0}744,1 TB"),
        ] {
            assert_eq!(bytes(count), text);
        }
        for (ms, text) in [
            (0, "0,01 s"),
            (350, "0,35 s"),
            (7_460, "7,5 s"),
            (59_970, "1 min"),
            (60_400, "1 min"),
            (12_340, "12,3 s"),
            (125_000, "2 min 5 s"),
            (4_800_000, "1 h 20 min"),
        ] {
            assert_eq!(time(Duration::from_millis(ms)), text);
        }
        for (rate_bytes_per_s, text) in [
            (-1.0, "0 B/s"),
            (999.4, "999 B/s"),
            (590_200.0, "590 kB/s"),
            (999_600.0, "1,0 MB/s"),
            (12_340_000.0, "12,3 MB/s"),
        ] {
            assert_eq!(rate(rate_bytes_per_s), text);
        }
        assert_eq!(percent(999, 1000), "99 %");
        assert_eq!(percent(0, 0), "100 %");
    }
}
