//! A line to be printed: pieces of text, each in a tone that a terminal with colours shows.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The longest ending of a name that says what kind of file it is, with its dot; and what is kept before it at least.
const LONGEST_ENDING: usize = 6;
const NUMBER_BEFORE_ENDING: usize = 2;
/// How far in the rest of a long line is, at least.
const FURTHER_IN: usize = 4;

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// What the eye should find.
    Strong,
    /// Done, or going well.
    Good,
    /// Trouble that is being dealt with.
    Warning,
    /// Something failed.
    Bad,
    /// Of little weight.
    Faint,
    /// One of several that are told apart by colour, from 0.
    Of(u8),
}

/// A line without its line feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its pieces, in order.
    pub pieces: Vec<(Tone, String)>,
}

impl Line {
    /// A line of one tone.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            pieces: vec![(tone, text.into())],
        }
    }

    /// Adds a piece.
    pub fn push(&mut self, tone: Tone, text: impl Into<String>) {
        self.pieces.push((tone, text.into()));
    }

    /// The same behind a text of little weight.
    pub fn after(&self, text: &str) -> Self {
        let own = self.pieces.iter().cloned();
        let pieces = std::iter::once((Tone::Faint, text.to_owned())).chain(own);
        Self {
            pieces: pieces.collect(),
        }
    }

    /// Columns that it takes.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.width()).sum()
    }

    /// Its text alone.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// The same in lines that fit between words, the further ones further in. Rows of tables, which have bars, stay as
    /// they are.
    pub fn wrapped(&self, columns: usize) -> Vec<Self> {
        let text = self.text();
        if text.width() <= columns || is_row(&text) {
            return vec![self.clone()];
        }
        let own = text.len() - text.trim_start_matches(' ').len();
        let further = " ".repeat(own.max(FURTHER_IN));
        let options = textwrap::Options::new(columns)
            .subsequent_indent(&further)
            // A path is copied whole, hyphens and all.
            .word_separator(textwrap::WordSeparator::AsciiSpace)
            .word_splitter(textwrap::WordSplitter::NoHyphenation)
            .break_words(false);
        let tones = |(tone, text): &(Tone, String)| vec![*tone; text.chars().count()];
        let mut letters = text
            .chars()
            .zip(self.pieces.iter().flat_map(tones))
            .peekable();
        // An arrow stays with what it leads to.
        let kept = text.replace("→ ", "→\u{a0}");
        let lines = textwrap::wrap(&kept, options);
        let toned = lines.into_iter().enumerate().map(|(at, text)| {
            let own = if at == 0 { 0 } else { further.len() };
            let mut line = Self::default();
            line.extend(&text[..own], None);
            if at > 0 {
                while letters.next_if(|(letter, _)| *letter == ' ').is_some() {}
            }
            for (letter, tone) in letters.by_ref().take(text[own..].chars().count()) {
                line.extend(letter.encode_utf8(&mut [0; 4]), Some(tone));
            }
            line
        });
        toned.collect()
    }

    /// Adds text to the last piece, or in a piece of its own where the tone is another one.
    fn extend(&mut self, text: &str, tone: Option<Tone>) {
        match (self.pieces.last_mut(), tone) {
            (Some((last, piece)), Some(tone)) if *last == tone => piece.push_str(text),
            (_, Some(tone)) => self.push(tone, text),
            (Some((_, piece)), None) => piece.push_str(text),
            (None, None) if text.is_empty() => {}
            (None, None) => self.push(Tone::Plain, text),
        }
    }

    /// As much of it as takes fewer than `columns` columns, with an ellipsis where something was left out.
    pub fn cut(&self, columns: usize) -> Self {
        if self.width() < columns {
            return self.clone();
        }
        let mut kept = Self::default();
        let mut left = columns.saturating_sub(2);
        for (tone, text) in &self.pieces {
            let part = fitting(text, left);
            left -= part.width();
            let is_cut = part.len() < text.len();
            kept.push(*tone, part);
            if is_cut {
                break;
            }
        }
        kept.push(Tone::Plain, "…");
        kept
    }
}

/// A row of a table, or of what is drawn.
fn is_row(text: &str) -> bool {
    text.contains(" | ") || text.contains("-|-") || text.contains('│')
}

/// As many whole words of a text as fit, with an ellipsis where some were left out.
pub fn whole_words(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!kept.is_empty());
        if kept.width() + gap + word.width() + 1 > columns {
            break;
        }
        if gap > 0 {
            kept.push(' ');
        }
        kept.push_str(word);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// A name in so many columns: its beginning and its end. In names of one kind that is where they differ: the number of an
/// episode stays, and what kind of file it is.
pub fn shorten(name: &str, columns: usize) -> String {
    if name.width() <= columns {
        return name.to_owned();
    }
    let ending = name
        .rsplit_once('.')
        .map_or(0, |(_, ending)| ending.width() + 1);
    let ending = if ending <= LONGEST_ENDING { ending } else { 0 };
    let tail_columns = (columns / 2)
        .max(ending + NUMBER_BEFORE_ENDING)
        .min(columns.saturating_sub(2));
    let mut tail = String::new();
    for c in name.chars().rev() {
        let longer = format!("{c}{tail}");
        if longer.width() > tail_columns {
            break;
        }
        tail = longer;
    }
    let head = fitting(name, columns.saturating_sub(tail.width() + 1));
    format!("{head}…{tail}")
}

/// A line that tells what could not be done.
pub fn complaint(text: String) -> Line {
    Line::new(Tone::Bad, text)
}

/// The beginning of a text that takes at most `columns` columns.
pub fn fitting(text: &str, columns: usize) -> &str {
    let mut width = 0;
    let end = text.char_indices().find(|(_, c)| {
        width += c.width().unwrap_or(0);
        width > columns
    });
    end.map_or(text, |(at, _)| &text[..at])
}

impl<T: Into<String>> From<T> for Line {
    fn from(text: T) -> Self {
        Self::new(Tone::Plain, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words() {
        let line = Line::new(Tone::Bad, "  uno dos tres cuatro");
        let texts = |columns| -> Vec<_> {
            let lines = line.wrapped(columns);
            let tones = lines.iter().flat_map(|line| line.pieces.last());
            assert!(tones.clone().count() == lines.len());
            assert!(tones.map(|(tone, _)| tone).all(|tone| *tone == Tone::Bad));
            lines.iter().map(Line::text).collect()
        };
        assert_eq!(texts(21), ["  uno dos tres cuatro"]);
        assert_eq!(texts(14), ["  uno dos tres", "    cuatro"]);
        assert_eq!(texts(5), ["  uno", "    dos", "    tres", "    cuatro"]);
        let arrow = Line::from("uno dos → tres").wrapped(9);
        let texts: Vec<_> = arrow.iter().map(Line::text).collect();
        assert_eq!(texts, ["uno dos", "    → tres"]);
        let path = Line::from("uno → /tmp/dos-tres/cuatro.mp4").wrapped(20);
        let texts: Vec<_> = path.iter().map(Line::text).collect();
        assert_eq!(texts, ["uno", "    → /tmp/dos-tres/cuatro.mp4"]);
        assert_eq!(whole_words("uno dos tres", 12), "uno dos tres");
        assert_eq!(whole_words("uno dos tres", 11), "uno dos…");
        assert_eq!(whole_words("uno dos tres", 3), "…");
        let timed = Line::new(Tone::Good, "uno dos tres").after("12:00:00 ");
        let lines = timed.wrapped(14);
        let texts: Vec<_> = lines.iter().map(Line::text).collect();
        assert_eq!(texts, ["12:00:00 uno", "    dos tres"]);
        assert_eq!(
            lines[0].pieces,
            [
                (Tone::Faint, "12:00:00 ".to_owned()),
                (Tone::Good, "uno".to_owned())
            ]
        );
        assert_eq!(
            lines[1].pieces.last(),
            Some(&(Tone::Good, "dos tres".to_owned()))
        );
        let row = Line::from("a | b c d e f g");
        assert_eq!(row.wrapped(5), std::slice::from_ref(&row));
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shorten("corto.mp4", 9), "corto.mp4");
        let short = shorten("una serie muy larga - episodio 12.mkv", 20);
        assert_eq!(short.width(), 20);
        assert!(
            short.starts_with("una serie") && short.ends_with("12.mkv"),
            "{short}"
        );
        for columns in [8, 10, 12, 16, 20] {
            let names = (1..=12).map(|n| format!("serie-capitulo-{n:02}.mp4"));
            let short: Vec<String> = names.map(|name| shorten(&name, columns)).collect();
            let different: std::collections::BTreeSet<_> = short.iter().collect();
            assert_eq!(different.len(), 12, "{short:?}");
            let fits = |name: &String| name.width() == columns && name.ends_with(".mp4");
            assert!(short.iter().all(fits), "{short:?}");
        }
        assert!(shorten("映画映画映画映画映画", 9).width() <= 9);
    }

    #[test]
    fn cut_lines_fit_whatever_their_letters_are() {
        assert_eq!(Line::from("short").cut(80).text(), "short");
        for columns in [2, 3, 10, 11, 12] {
            let mut line = Line::from("película 映画 ");
            line.push(Tone::Good, "very long indeed");
            let cut = line.cut(columns);
            assert!(cut.width() < columns, "{cut:?}");
            assert!(cut.text().ends_with('…'));
        }
    }
}
