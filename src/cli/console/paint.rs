//! Tones as a terminal shows them.

use std::{fmt::Write as _, io::IsTerminal};

use anstyle::{AnsiColor, Color, Style};

use crate::cli::text::{
    harmless::clean_line,
    line::{Line, Tone},
};

/// True when standard output is a terminal whose user wants colours: NO_COLOR, CLICOLOR=0, TERM=dumb and pipes say no,
/// wherever it runs.
pub(super) fn has_colours() -> bool {
    std::io::stdout().is_terminal()
        && anstyle_query::term_supports_color()
        && !anstyle_query::no_color()
        && anstyle_query::clicolor() != Some(false)
}

/// Colours of things that are told apart by them.
const OTHERS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Green,
    AnsiColor::Red,
];

fn style(tone: Tone) -> Style {
    let coloured = |colour| Style::new().fg_color(Some(Color::Ansi(colour)));
    match tone {
        Tone::Plain => Style::new(),
        Tone::Strong => Style::new().bold(),
        Tone::Good => coloured(AnsiColor::Green),
        Tone::Warning => coloured(AnsiColor::Yellow),
        Tone::Bad => coloured(AnsiColor::Red),
        Tone::Faint => Style::new().dimmed(),
        Tone::Of(which) => coloured(OTHERS[usize::from(which) % OTHERS.len()]),
    }
}

/// A line with its escapes, where there are to be any, and with no others.
pub(super) fn painted(line: &Line, colours: bool) -> String {
    let mut text = String::new();
    for (tone, piece) in &line.pieces {
        let piece = clean_line(piece);
        if !colours {
            text.push_str(&piece);
            continue;
        }
        let style = style(*tone);
        // Writing to a String does not fail.
        let _ = write!(text, "{style}{piece}{style:#}");
    }
    text
}

/// A piece of text in a tone.
pub(super) fn paint(tone: Tone, text: &str) -> String {
    painted(&Line::new(tone, text), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_escapes_and_end_where_they_should() {
        let mut line = Line::from("a ");
        line.push(Tone::Bad, "b");
        assert_eq!(painted(&line, false), "a b");
        assert_eq!(painted(&line, true), "a \u{1b}[31mb\u{1b}[0m");
        let forged = Line::new(Tone::Bad, "b\u{1b}[2J\nc");
        assert_eq!(painted(&forged, false), "b\\u{1b}[2J\\u{a}c");
        let shown = painted(&forged, true);
        assert_eq!(shown, "\u{1b}[31mb\\u{1b}[2J\\u{a}c\u{1b}[0m");
    }
}
