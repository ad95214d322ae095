//! Which bytes a request means, and under which conditions (RFC 9110, sections 13 and 14). Pure.

use axum::http::{HeaderMap, HeaderName, header};

use crate::model::ByteRange;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Everything: 200.
    Whole,
    /// A part of it: 206.
    Part(ByteRange),
    /// Bytes that it lacks, or no set of ranges: 416.
    Unsatisfiable,
    /// What the client has is right: 304.
    NotModified,
    /// A condition does not hold: 412.
    Failed,
}

/// The method, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// `GET`
    Body,
    /// `HEAD`, for which ranges have no meaning.
    Head,
}

/// What is asked for of a representation with a strong entity tag, quotes included.
pub(super) fn asked(wants: Wants, headers: &HeaderMap, tag: &str, file_bytes: u64) -> Asked {
    if let Some(list) = joined(headers, &header::IF_MATCH)
        && !matches_any(&list, tag, Compared::Strongly)
    {
        return Asked::Failed;
    }
    if let Some(list) = joined(headers, &header::IF_NONE_MATCH)
        && matches_any(&list, tag, Compared::Weakly)
    {
        return Asked::NotModified;
    }
    if wants == Wants::Head {
        return Asked::Whole;
    }
    // A date, or another tag: the client has something else, and needs everything.
    if let Some(validator) = joined(headers, &header::IF_RANGE)
        && validator.trim() != tag
    {
        return Asked::Whole;
    }
    match only(headers, &header::RANGE) {
        Some(range) => of_range(range, file_bytes),
        None => Asked::Whole,
    }
}

/// All values of a field as one list.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let texts: Vec<&str> = values.map(|value| value.to_str().unwrap_or("")).collect();
    Some(texts.join(","))
}

/// The value of a field that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.to_str().ok())?
}

/// How tags are compared (RFC 9110, 8.8.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    Strongly,
    Weakly,
}

/// True when a list of tags has this strong one, or is `*`.
fn matches_any(list: &str, tag: &str, compared: Compared) -> bool {
    let mut rest = list.trim();
    if rest == "*" {
        return true;
    }
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (is_weak, opaque) = match rest.strip_prefix("W/") {
            Some(opaque) => (true, opaque),
            None => (false, rest),
        };
        let Some(inner) = opaque.strip_prefix('"') else {
            return false;
        };
        let Some(end) = inner.find('"') else {
            return false;
        };
        let (this, after) = opaque.split_at(end + 2);
        if this == tag && (!is_weak || compared == Compared::Weakly) {
            return true;
        }
        rest = after;
    }
}

/// What a `Range` asks for. Other units are ignored, as they must be; so are several ranges, which may be: no client of
/// ours needs them, and they make a small request a large answer.
fn of_range(field: &str, file_bytes: u64) -> Asked {
    let Some((unit, set)) = field.split_once('=') else {
        return Asked::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') || file_bytes == 0 {
        return Asked::Whole;
    }
    match part(set.trim(), file_bytes) {
        Some(range) => Asked::Part(range),
        None => Asked::Unsatisfiable,
    }
}

/// `a-b`, `a-` or `-n`, cut to what there is.
fn part(spec: &str, file_bytes: u64) -> Option<ByteRange> {
    let (first, last) = spec.split_once('-')?;
    if first.is_empty() {
        let length = number(last)?.min(file_bytes);
        let start = file_bytes - length;
        return (length > 0).then_some(ByteRange {
            start,
            end: file_bytes,
        });
    }
    let start = number(first)?;
    let last = match last {
        "" => u64::MAX,
        last => number(last)?,
    };
    let end = last.saturating_add(1).min(file_bytes);
    (start < file_bytes && start <= last).then_some(ByteRange { start, end })
}

/// Digits only; what is too large is the largest.
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"abc\"";

    fn ask(wants: Wants, fields: &[(HeaderName, &str)], file_bytes: u64) -> Asked {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, value.parse().unwrap());
        }
        asked(wants, &headers, TAG, file_bytes)
    }

    fn bytes(start: u64, end: u64) -> Asked {
        Asked::Part(ByteRange { start, end })
    }

    #[test]
    fn ranges_are_cut_ignored_or_refused() {
        for (range, expected) in [
            // Safari asks for two bytes first, and wants exactly these.
            ("bytes=0-1", bytes(0, 2)),
            ("bytes=0-0", bytes(0, 1)),
            // Players ask for everything as a range.
            ("bytes=0-", bytes(0, 100)),
            ("bytes=99-", bytes(99, 100)),
            ("bytes=-5", bytes(95, 100)),
            ("bytes=-1000", bytes(0, 100)),
            ("bytes=5-999999999999", bytes(5, 100)),
            ("bytes=5-99999999999999999999999", bytes(5, 100)),
            ("Bytes=1-2", bytes(1, 3)),
            ("bytes= 1-2 ", bytes(1, 3)),
            ("bytes=100-", Asked::Unsatisfiable),
            ("bytes=99999999999999999999999-", Asked::Unsatisfiable),
            ("bytes=-0", Asked::Unsatisfiable),
            ("bytes=2-1", Asked::Unsatisfiable),
            ("bytes=", Asked::Unsatisfiable),
            ("bytes=-", Asked::Unsatisfiable),
            ("bytes=x-1", Asked::Unsatisfiable),
            ("bytes=+1-2", Asked::Unsatisfiable),
            ("bytes=1 - 2", Asked::Unsatisfiable),
            ("bytes=1", Asked::Unsatisfiable),
            ("items=0-1", Asked::Whole),
            ("0-1", Asked::Whole),
            ("bytes=0-1,5-6", Asked::Whole),
        ] {
            let fields = [(header::RANGE, range)];
            assert_eq!(ask(Wants::Body, &fields, 100), expected, "{range}");
            assert_eq!(ask(Wants::Head, &fields, 100), Asked::Whole, "{range}");
            assert_eq!(ask(Wants::Body, &fields, 0), Asked::Whole, "{range}");
        }
        let twice = [(header::RANGE, "bytes=0-1"), (header::RANGE, "bytes=2-3")];
        assert_eq!(ask(Wants::Body, &twice, 100), Asked::Whole);
    }

    #[test]
    fn conditions_hold_in_their_order() {
        let range = (header::RANGE, "bytes=0-1");
        for (fields, expected) in [
            (vec![(header::IF_MATCH, TAG)], Asked::Whole),
            (vec![(header::IF_MATCH, "*")], Asked::Whole),
            (vec![(header::IF_MATCH, "\"x\", \"abc\"")], Asked::Whole),
            (vec![(header::IF_MATCH, "\"x,\", \"abc\"")], Asked::Whole),
            (vec![(header::IF_MATCH, "\"x\"")], Asked::Failed),
            (vec![(header::IF_MATCH, "W/\"abc\"")], Asked::Failed),
            (vec![(header::IF_MATCH, "abc")], Asked::Failed),
            (vec![(header::IF_MATCH, "")], Asked::Failed),
            (
                vec![(header::IF_MATCH, "\"x\""), (header::IF_MATCH, TAG)],
                Asked::Whole,
            ),
            // VLC sends the tag with each seek.
            (vec![(header::IF_MATCH, TAG), range.clone()], bytes(0, 2)),
            (vec![(header::IF_NONE_MATCH, TAG)], Asked::NotModified),
            (
                vec![(header::IF_NONE_MATCH, "W/\"abc\"")],
                Asked::NotModified,
            ),
            (vec![(header::IF_NONE_MATCH, "*")], Asked::NotModified),
            (vec![(header::IF_NONE_MATCH, "\"x\"")], Asked::Whole),
            (
                vec![(header::IF_NONE_MATCH, TAG), (header::IF_MATCH, "\"x\"")],
                Asked::Failed,
            ),
            (
                vec![(header::IF_NONE_MATCH, TAG), range.clone()],
                Asked::NotModified,
            ),
            (vec![(header::IF_RANGE, TAG), range.clone()], bytes(0, 2)),
            (
                vec![(header::IF_RANGE, "\"x\""), range.clone()],
                Asked::Whole,
            ),
            (
                vec![(header::IF_RANGE, "W/\"abc\""), range.clone()],
                Asked::Whole,
            ),
            (
                vec![
                    (header::IF_RANGE, "Sun, 06 Nov 1994 08:49:37 GMT"),
                    range.clone(),
                ],
                Asked::Whole,
            ),
            (vec![(header::IF_RANGE, "\"x\"")], Asked::Whole),
            // What it has of another version is no reason to refuse it everything.
            (
                vec![(header::IF_RANGE, "\"x\""), (header::RANGE, "bytes=500-")],
                Asked::Whole,
            ),
            // There is no date to compare with.
            (
                vec![
                    (header::IF_UNMODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:37 GMT"),
                    range,
                ],
                bytes(0, 2),
            ),
        ] {
            assert_eq!(ask(Wants::Body, &fields, 100), expected, "{fields:?}");
        }
        let fields = [(header::IF_NONE_MATCH, TAG)];
        assert_eq!(ask(Wants::Head, &fields, 100), Asked::NotModified);
    }
}
