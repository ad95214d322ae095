//! A line to be printed: pieces of text, each in a tone that a terminal with colours shows.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How much further in the rest of a long line is.
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

    /// Columns that it takes.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.width()).sum()
    }

    /// Its text alone.
    pub fn text(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// The same in lines that fit between words, the further ones further in. Rows of tables, which have bars, and
    /// lines of several tones stay as they are.
    pub fn wrapped(&self, columns: usize) -> Vec<Self> {
        let [(tone, text)] = self.pieces.as_slice() else {
            return vec![self.clone()];
        };
        if text.width() <= columns || text.contains(['|', '│']) {
            return vec![self.clone()];
        }
        let own = text.len() - text.trim_start_matches(' ').len();
        let further = " ".repeat(own + FURTHER_IN);
        let options = textwrap::Options::new(columns)
            .subsequent_indent(&further)
            .break_words(false);
        let lines = textwrap::wrap(text, options);
        lines
            .into_iter()
            .map(|text| Self::new(*tone, text))
            .collect()
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
            assert!(lines.iter().all(|line| line.pieces[0].0 == Tone::Bad));
            lines.iter().map(Line::text).collect()
        };
        assert_eq!(texts(21), ["  uno dos tres cuatro"]);
        assert_eq!(texts(14), ["  uno dos tres", "      cuatro"]);
        assert_eq!(
            texts(5),
            ["  uno", "      dos", "      tres", "      cuatro"]
        );
        let row = Line::from("a | b c d e f g");
        assert_eq!(row.wrapped(5), std::slice::from_ref(&row));
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
