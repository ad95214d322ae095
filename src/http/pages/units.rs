//! Figures for people.

use crate::http::text::Tongue;

/// A length in the unit that suits it.
pub(super) fn size(bytes: u64, tongue: Tongue) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 99.95);
    let text = format!("{value:.digits$} {}", UNITS[unit]);
    match tongue {
        Tongue::Spanish => text.replace('.', ","),
        Tongue::English => text,
    }
}

/// The same in a second.
pub(super) fn rate(bytes_per_s: f64, tongue: Tongue) -> String {
    format!("{}/s", size(bytes_per_s.max(0.0) as u64, tongue))
}

/// How much of something is there, in hundredths.
pub(super) fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 100;
    }
    (u128::from(part.min(whole)) * 100 / u128::from(whole)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1500, "1.5 kB"),
            (999_940, "1.0 MB"),
            (123_456_789, "123 MB"),
            (16 << 40, "17.6 TB"),
        ] {
            assert_eq!(size(bytes, Tongue::English), expected);
        }
        assert_eq!(size(1500, Tongue::Spanish), "1,5 kB");
        assert_eq!(rate(1500.0, Tongue::English), "1.5 kB/s");
        assert_eq!(
            (percent(1, 3), percent(9, 3), percent(0, 0)),
            (33, 100, 100)
        );
    }
}
