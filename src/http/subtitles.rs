//! Subtitles as browsers take them: WebVTT, in UTF-8. Films come with SubRip files of all ages. Pure.

use std::fmt::Write;

use crate::model::FileName;

/// Longest file that is converted, in bytes: the longest film has a tenth of it.
pub(super) const MOST_BYTES: u64 = 4 << 20;

const FIRST: &str = "WEBVTT";
/// Files of subtitles of a film.
const MOST_OF_A_FILM: usize = 32;

/// True for a name of a file of subtitles.
pub(super) fn is_one(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ["vtt", "srt"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// The files of subtitles of a film, among all names: those that begin as it does, and what each says beyond that (a
/// language, mostly).
pub(super) fn of<'a>(
    film: &str,
    names: impl Iterator<Item = &'a FileName>,
) -> Vec<(FileName, String)> {
    let stem = film.rsplit_once('.').map_or(film, |(stem, _)| stem);
    let beyond = |name: &'a FileName| {
        let rest = name.as_str().strip_prefix(stem)?;
        let rest = rest.strip_prefix('.').filter(|_| is_one(name.as_str()))?;
        let (beyond, _) = rest.rsplit_once('.').unwrap_or(("", rest));
        let is_word = beyond.len() <= 32 && !beyond.contains('/');
        is_word.then(|| (name.clone(), beyond.to_owned()))
    };
    names.filter_map(beyond).take(MOST_OF_A_FILM).collect()
}

/// A file of subtitles, WebVTT or SubRip, as WebVTT. Cues that cannot be understood are left out.
pub(super) fn to_vtt(file: &[u8]) -> String {
    let text = decoded(file).replace("\r\n", "\n").replace('\r', "\n");
    if text.starts_with(FIRST) {
        return text;
    }
    let mut vtt = format!("{FIRST}\n\n");
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((from, to)) = times(line) else {
            continue;
        };
        // Writing into a text does not fail.
        let _ = writeln!(vtt, "{from} --> {to}");
        while let Some(line) = lines.next_if(|line| !line.trim().is_empty()) {
            // A cue without the empty line before it.
            if lines.peek().is_some_and(|next| times(next).is_some()) && is_number(line) {
                break;
            }
            cue_text(line, &mut vtt);
            vtt.push('\n');
        }
        vtt.push('\n');
    }
    vtt
}

/// The text of a file: UTF-8, UTF-16 with its mark, or else what Windows wrote in the west.
fn decoded(file: &[u8]) -> String {
    let units = |pair: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let pairs = bytes.chunks_exact(2).map(|two| pair([two[0], two[1]]));
        let text = char::decode_utf16(pairs).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
        text.collect::<String>()
    };
    let text = match file {
        [0xFF, 0xFE, rest @ ..] => units(u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => units(u16::from_be_bytes, rest),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(file) {
            Ok(text) => text.to_owned(),
            Err(_) => file.iter().map(|byte| western(*byte)).collect(),
        },
    };
    text.replace('\0', "\u{fffd}")
}

/// A byte of Windows-1252, which is Latin-1 but for these.
fn western(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => UPPER[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}

fn is_number(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

/// The times of a line that begins a cue, as WebVTT writes them.
fn times(line: &str) -> Option<(String, String)> {
    let (from, to) = line.split_once("-->")?;
    // A position may follow.
    let to = to.split_whitespace().next()?;
    let (from, to) = (milliseconds(from.trim())?, milliseconds(to)?);
    (from <= to).then(|| (stamp(from), stamp(to)))
}

fn milliseconds(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let number = |text: &str| -> Option<u64> {
        let is_short = (1..=9).contains(&text.len());
        let is_number = is_short && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().ok()).flatten()
    };
    // Three places, whatever was written.
    let part = number(&format!("{:0<3}", part.get(..part.len().min(3))?))?;
    let mut parts = whole.split(':').map(number);
    let (first, second, third) = (parts.next()??, parts.next()??, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (hours, minutes, seconds) = match third {
        Some(third) => (first, second, third?),
        None => (0, first, second),
    };
    (minutes < 60 && seconds < 60).then_some(((hours * 60 + minutes) * 60 + seconds) * 1000 + part)
}

fn stamp(milliseconds: u64) -> String {
    let (seconds, part) = (milliseconds / 1000, milliseconds % 1000);
    let (minutes, hours) = (seconds / 60 % 60, seconds / 3600);
    format!("{hours:02}:{minutes:02}:{:02}.{part:03}", seconds % 60)
}

/// Tags of SubRip that WebVTT has too; all others are left out.
const TAGS: [&str; 6] = ["i", "/i", "b", "/b", "u", "/u"];

/// A line of a cue. What would mean something else in WebVTT is escaped.
fn cue_text(line: &str, vtt: &mut String) {
    let mut rest = line.trim_end();
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '&' => vtt.push_str("&amp;"),
            '>' => vtt.push_str("&gt;"),
            '<' => match tag(after) {
                Some((name, after)) => {
                    let name = name.to_ascii_lowercase();
                    if TAGS.contains(&name.as_str()) {
                        let _ = write!(vtt, "<{name}>");
                    }
                    rest = after;
                    continue;
                }
                None => vtt.push_str("&lt;"),
            },
            // Positions of other players: {\an8}
            '{' if after.starts_with('\\') => {
                rest = after.split_once('}').map_or("", |(_, after)| after);
                continue;
            }
            c if c.is_control() => {}
            c => vtt.push(c),
        }
        rest = after;
    }
}

/// The name of a tag whose `<` was read, and what follows its `>`.
fn tag(text: &str) -> Option<(&str, &str)> {
    let (inside, after) = text.split_once('>')?;
    let is_tag = inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    (is_tag && inside.len() <= 200).then(|| (inside.split(' ').next().unwrap_or(""), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subrip_becomes_webvtt() {
        let srt = "\u{feff}1\r\n00:00:01,500 --> 00:00:04,000 X1:40 X2:600\r\n<i>¿Quién</i> eres?\r\n- <font \
                   color=\"red\">Yo & <B>tú</B></font>\r\n\r\n2\r\n1:02:03,4 --> 1:02:05.25\r\n{\\an8}a < b --> c\r\n";
        assert_eq!(
            to_vtt(srt.as_bytes()),
            "WEBVTT\n\n00:00:01.500 --> 00:00:04.000\n<i>¿Quién</i> eres?\n- Yo &amp; <b>tú</b>\n\n\
             01:02:03.400 --> 01:02:05.250\na &lt; b --&gt; c\n\n"
        );
        // Minutes alone, and cues without empty lines between them.
        assert_eq!(
            to_vtt(b"1\n00:01,000 --> 00:02,000\nuno\n2\n00:03,000 --> 00:04,000\n7\n"),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nuno\n\n00:00:03.000 --> 00:00:04.000\n7\n\n"
        );
    }

    #[test]
    fn files_of_all_ages_are_read() {
        let cue = |text: &str| format!("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n{text}\n\n");
        let head = "1\n00:00:01,000 --> 00:00:02,000\n";
        let latin = [head.as_bytes(), b"ma\xf1ana \x93ya\x94\n"].concat();
        assert_eq!(to_vtt(&latin), cue("mañana “ya”"));
        let utf8 = format!("{head}mañana\n");
        assert_eq!(to_vtt(utf8.as_bytes()), cue("mañana"));
        for (mark, bytes) in [
            ([0xFF, 0xFE], u16::to_le_bytes as fn(u16) -> [u8; 2]),
            ([0xFE, 0xFF], u16::to_be_bytes),
        ] {
            let mut file = mark.to_vec();
            file.extend(utf8.encode_utf16().flat_map(bytes));
            assert_eq!(to_vtt(&file), cue("mañana"));
        }
        let vtt = "WEBVTT - x\n\n00:01.000 --> 00:02.000\n<c.red>a</c>\n";
        assert_eq!(to_vtt(vtt.as_bytes()), vtt);
    }

    #[test]
    fn a_film_has_the_subtitles_that_begin_as_it_does() {
        let names = [
            "serie/cap 1.en.vtt",
            "serie/cap 1.mkv",
            "serie/cap 1.srt",
            "serie/cap 10.srt",
            "serie/cap 1/x.srt",
            "cap 1.srt",
        ];
        let names = names.map(|name| FileName::try_from(name).unwrap());
        let found = of("serie/cap 1.mkv", names.iter());
        let found: Vec<_> = found
            .iter()
            .map(|(name, of)| (name.as_str(), of.as_str()))
            .collect();
        let expected = [("serie/cap 1.en.vtt", "en"), ("serie/cap 1.srt", "")];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_cue_is_left_out() {
        for text in [
            "",
            "some text",
            "1\n00:00:02,000 --> 00:00:01,000\nbackwards",
            "00:61:00,000 --> 00:62:00,000\nx",
            "a --> b\nx",
            "1:2:3:4,0 --> 5:6:7:8,0\nx",
            "99999999999999999999:00:00,0 --> 99999999999999999999:00:01,0\nx",
            "-->",
            "00:00:01,ñ --> 00:00:02,€",
        ] {
            assert_eq!(to_vtt(text.as_bytes()), "WEBVTT\n\n", "{text}");
        }
        let hidden = to_vtt(b"00:01,0 --> 00:02,0\n<script>x</script>\x07<\n");
        assert!(hidden.ends_with("\nx&lt;\n\n"), "{hidden}");
    }
}
