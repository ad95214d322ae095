use jiff::{civil::date, tz::TimeZone};
use proptest::prelude::*;

use super::*;

const MB: u64 = 1_000_000;

fn read(text: &str) -> Timetable {
    parse(text, Bare::Asked).unwrap_or_else(|bad| panic!("{text}: {bad:?}"))
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// Limits in MB/s, and until when, at moments in Madrid in the week of Monday 2026-06-01.
fn at(table: &Timetable, day: i8, hour: i8, minute: i8) -> (u64, Option<String>) {
    let clock = date(2026, 6, day).at(hour, minute, 0, 0);
    let held = table.at(&clock.to_zoned(zone("Europe/Madrid")).unwrap());
    let until = held.until.map(|at| at.strftime("%d %H:%M").to_string());
    (held.limit.map_or(0, |limit| limit / MB), until)
}

fn until(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn one_limit_holds_for_ever() {
    for (text, limit) in [
        ("20MB/s", 20),
        ("2,5 MB/s", 2),
        ("NO", 0),
        ("off;", 0),
        ("20000000", 20),
    ] {
        let table = read(text);
        assert_eq!(at(&table, 1, 12, 0), (limit, None), "{text}");
        assert_eq!(table.text(), None);
    }
}

#[test]
fn hours_and_days_have_limits_of_their_own() {
    let table = read("20MB/s, 08:00-20:00 lun-vie 5MB/s, sáb no");
    assert_eq!(at(&table, 1, 7, 59), (20, until("01 08:00")));
    assert_eq!(at(&table, 1, 8, 0), (5, until("01 20:00")));
    assert_eq!(at(&table, 5, 20, 0), (20, until("06 00:00")));
    assert_eq!(at(&table, 6, 12, 0), (0, until("07 00:00")));
    assert_eq!(at(&table, 7, 12, 0), (20, until("08 08:00")));
    assert_eq!(table.lowest(), Some(5 * MB));
    assert!(table.text().is_some());
    // Without a limit for the rest of the time there is none.
    let table = read("8-20 2,5MB/s mon-fri; 12:30-13 10MB/s");
    assert_eq!(at(&table, 1, 7, 0), (0, until("01 08:00")));
    assert_eq!(at(&table, 1, 12, 30), (10, until("01 13:00")));
    assert_eq!(at(&table, 1, 13, 0), (2, until("01 20:00")));
    // The later entry holds, and what changes nothing is no change.
    let table = read("1MB/s; 8-20 2MB/s; 10-12 2MB/s; lun 3MB/s");
    assert_eq!(at(&table, 1, 9, 0), (3, until("02 00:00")));
    assert_eq!(at(&table, 2, 9, 0), (2, until("02 20:00")));
}

#[test]
fn what_goes_beyond_midnight_belongs_to_the_day_on_which_it_begins() {
    let table = read("1MB/s; 22:00-06:00 vie 9MB/s");
    assert_eq!(at(&table, 5, 5, 0), (1, until("05 22:00")));
    assert_eq!(at(&table, 5, 22, 0), (9, until("06 06:00")));
    assert_eq!(at(&table, 6, 5, 59), (9, until("06 06:00")));
    assert_eq!(at(&table, 6, 23, 0), (1, until("12 22:00")));
    let to_midnight = read("1MB/s; 22-24 9MB/s");
    assert_eq!(at(&to_midnight, 1, 23, 59), (9, until("02 00:00")));
    assert_eq!(
        to_midnight.entries,
        read("1MB/s; 22:00-00:00 9MB/s").entries
    );
    // From Saturday to Monday, over Sunday.
    let table = read("1MB/s; sat-mon 9MB/s");
    assert_eq!(at(&table, 6, 10, 0), (9, until("09 00:00")));
    assert_eq!(at(&table, 4, 10, 0), (1, until("06 00:00")));
}

#[test]
fn the_clock_on_the_wall_decides_where_it_is_put_forward_and_back() {
    let table = read("1MB/s; 02:30-03:30 9MB/s");
    let at = |text: &str| {
        let moment: Timestamp = text.parse().unwrap();
        let held = table.at(&moment.to_zoned(zone("Europe/Madrid")));
        let until = held.until.map(|at| at.timestamp().to_string());
        (held.limit.unwrap() / MB, until)
    };
    // At 01:00 UTC it is 03:00 after 01:59:59: half an hour is missing.
    assert_eq!(
        at("2026-03-29T00:59:59Z"),
        (1, until("2026-03-29T01:00:00Z"))
    );
    assert_eq!(
        at("2026-03-29T01:00:00Z"),
        (9, until("2026-03-29T01:30:00Z"))
    );
    // At 01:00 UTC it is 02:00 for a second time.
    assert_eq!(
        at("2026-10-25T00:29:59Z"),
        (1, until("2026-10-25T00:30:00Z"))
    );
    assert_eq!(
        at("2026-10-25T00:30:00Z"),
        (9, until("2026-10-25T01:00:00Z"))
    );
    assert_eq!(
        at("2026-10-25T01:00:00Z"),
        (1, until("2026-10-25T01:30:00Z"))
    );
    assert_eq!(
        at("2026-10-25T01:30:00Z"),
        (9, until("2026-10-25T02:30:00Z"))
    );
}

#[test]
fn mistakes_are_named() {
    for (text, part, why) in [
        ("", "", WhyBad::Rate),
        ("20MB/s; ; 5MB/s", "", WhyBad::Rate),
        ("20XB", "20XB", WhyBad::Rate),
        ("0", "0", WhyBad::Rate),
        ("20MB/s 5MB/s", "20MB/s 5MB/s", WhyBad::Rate),
        ("300", "300", WhyBad::Unit(300)),
        ("no; 8-20 20", "20", WhyBad::Unit(20)),
        ("20MB/s, 5MB/s", "5MB/s", WhyBad::TwoUsual),
        ("8-20", "8-20", WhyBad::NoRate),
        ("lun-vie", "lun-vie", WhyBad::NoRate),
        ("25-26 1MB/s", "25-26", WhyBad::Hours),
        ("8:60-9 1MB/s", "8:60-9", WhyBad::Hours),
        ("24:01-9 1MB/s", "24:01-9", WhyBad::Hours),
        ("8-9 10-11 1MB/s", "10-11", WhyBad::Hours),
        ("8:00- 1MB/s", "8:00-", WhyBad::Hours),
        ("8-8 1MB/s", "8-8", WhyBad::NoTime),
        ("lum-vie 1MB/s", "lum-vie", WhyBad::Day),
        ("mañana 1MB/s", "mañana", WhyBad::Day),
        ("lu 1MB/s", "lu", WhyBad::Day),
        ("x", "x", WhyBad::Rate),
    ] {
        let error = parse(text, Bare::Asked).unwrap_err();
        assert_eq!((error.part.as_str(), error.why), (part, why), "{text:?}");
    }
    assert!(parse("300", Bare::Bytes).is_ok());
    let low = download("1MB/s; 8-20 20kB/s", Bare::Asked).unwrap_err();
    assert_eq!(low.why, WhyBad::TooLow);
    assert!(download("50kB/s", Bare::Asked).is_ok());
    let many = "1-2 1MB/s;".repeat(101);
    assert_eq!(parse(&many, Bare::Asked).unwrap_err().why, WhyBad::TooMany);
}

fn any_entry() -> impl Strategy<Value = String> {
    let hours = prop::option::of((0..24u8, 0..60u8, 0..24u8, 0..60u8));
    let days = prop::option::of((0..7usize, 0..7usize));
    (hours, days, 1..4u8).prop_map(|(hours, days, limit)| {
        let names = ["lun", "tue", "mié", "thu", "vie", "sat", "dom"];
        let mut text = format!("{limit}MB/s");
        if let Some((from, minute, to, other)) = hours
            && (from, minute) != (to, other)
        {
            text.push_str(&format!(" {from}:{minute:02}-{to}:{other:02}"));
        }
        if let Some((from, to)) = days {
            text.push_str(&format!(" {}-{}", names[from], names[to]));
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Until the moment that is told the same limit holds, and then another.
    #[test]
    fn a_limit_holds_until_the_moment_that_is_told(
        entries in prop::collection::vec(any_entry(), 0..5),
        zone_at in 0..4usize,
        second in 1_750_000_000i64..1_790_000_000,
        steps in prop::collection::vec(0.0..1.0f64, 20),
    ) {
        let Ok(table) = parse(&entries.join(";"), Bare::Asked) else {
            return Ok(());
        };
        let zones = ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "UTC"];
        let zone = zone(zones[zone_at]);
        let now = Timestamp::from_second(second).unwrap().to_zoned(zone.clone());
        let held = table.at(&now);
        let last = match &held.until {
            Some(until) => {
                prop_assert_ne!(table.at(until).limit, held.limit);
                until.timestamp().as_second() - 1
            }
            None => second + 15 * 24 * 3600,
        };
        for step in steps {
            let between = second + ((last - second) as f64 * step) as i64;
            let between = Timestamp::from_second(between).unwrap().to_zoned(zone.clone());
            prop_assert_eq!(table.at(&between).limit, held.limit, "{}", between);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ -~áé;,0-9:MB/s-]{0,40}") {
        let _ = parse(&text, Bare::Asked);
    }
}

#[test]
fn what_is_written_is_read_as_the_same() {
    for text in [
        "20MB/s",
        "no",
        "20MB/s, 8:00-20:00 lun-vie 5MB/s, sáb-dom no",
        "22:00-6:00 80MB/s; 6:00-22:00 10MB/s",
    ] {
        let timetable = parse(text, Bare::Bytes).unwrap();
        let again = parse(&timetable.written(), Bare::Bytes).unwrap();
        assert_eq!(again, timetable, "{text}");
    }
}
