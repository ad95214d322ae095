//! Words from outside on screens and in logs: nothing moves a cursor, begins a line of its own, turns the direction of
//! what follows, or goes on for ever. Whoever shows or logs anything does it through here.

use std::borrow::Cow;

use serde_json::Value;

/// Characters of one value on a screen, and of one text in a log of JSON. Longer than any message of ours.
const MOST_CHARACTERS: usize = 4096;
/// Bytes of a log line.
const MOST_LINE_BYTES: usize = 16 * 1024;

/// A value with what would do harm made visible, and its end left out where it is too long.
pub fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for (count, c) in text.chars().enumerate() {
        if count == MOST_CHARACTERS {
            shown.push('…');
            break;
        }
        push(&mut shown, c);
    }
    shown
}

/// The same without a limit, for a line that is made of values.
pub fn clean_line(line: &str) -> Cow<'_, str> {
    if is_harmless(line) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len());
    line.chars().for_each(|c| push(&mut shown, c));
    Cow::Owned(shown)
}

/// Nothing in it does harm.
pub fn is_harmless(text: &str) -> bool {
    !text.contains(does_harm)
}

/// A line of a log, without its line feed.
pub fn log_line(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let mut shown = clean_line(line.trim_end()).into_owned();
    if shown.len() > MOST_LINE_BYTES {
        let end = shown.floor_char_boundary(MOST_LINE_BYTES);
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

/// A line of a log that is an object of JSON, without its line feed; it stays one.
pub fn json_line(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end();
    if line.len() > MOST_LINE_BYTES
        && let Ok(mut value) = serde_json::from_str::<Value>(line)
    {
        shorten(&mut value);
        return json(&value.to_string());
    }
    json(line)
}

/// A line of JSON, which allows such characters in its strings alone, and there as escapes too: it says the same.
pub fn json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if does_harm(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(MOST_CHARACTERS) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(values) => values.values_mut().for_each(shorten),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn push(shown: &mut String, c: char) {
    if does_harm(c) {
        shown.extend(c.escape_unicode());
    } else {
        shown.push(c);
    }
}

/// Control characters, and those that end lines or change the direction or the place of others without being seen.
fn does_harm(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_move_the_cursor() {
        assert_eq!(clean("a\u{1b}[2J\n"), "a\\u{1b}[2J\\u{a}");
        assert_eq!(clean("\u{202e}gpj.exe"), "\\u{202e}gpj.exe");
        assert_eq!(clean("a\u{2028}b\u{9b}"), "a\\u{2028}b\\u{9b}");
        assert_eq!(clean("película nº 1"), "película nº 1");
    }

    #[test]
    fn what_is_endless_is_cut() {
        let long = "é".repeat(MOST_CHARACTERS + 1);
        assert_eq!(clean(&long).chars().count(), MOST_CHARACTERS + 1);
        assert!(clean(&long).ends_with('…'));
        assert_eq!(
            clean(&long[..2 * MOST_CHARACTERS]),
            long[..2 * MOST_CHARACTERS]
        );
        let line = log_line("ñ".repeat(MOST_LINE_BYTES).as_bytes());
        assert!(line.len() <= MOST_LINE_BYTES + '…'.len_utf8());
        let json =
            json_line(format!(r#"{{"a":["{}"],"b":1}}"#, "x".repeat(MOST_LINE_BYTES)).as_bytes());
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["b"], 1);
        assert_eq!(
            value["a"][0].as_str().unwrap().chars().count(),
            MOST_CHARACTERS + 1
        );
    }

    #[test]
    fn a_line_of_a_log_is_one_line_and_json_stays_json() {
        assert_eq!(log_line(b"a\nWARN b\x1b[0m\n"), "a\\u{a}WARN b\\u{1b}[0m");
        assert_eq!(log_line(b"a\xffb"), "a\u{fffd}b");
        let said = "x\u{7f}\u{202e}\u{e0041}\u{2028}é";
        let json = json_line(serde_json::json!({ "said": said }).to_string().as_bytes());
        assert!(json.is_ascii() || !json.contains(does_harm), "{json}");
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["said"], said);
    }
}
