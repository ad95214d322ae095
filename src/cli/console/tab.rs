//! What Tab does: completes what was begun, or lists what it can be. The list is printed above the prompt as all else is,
//! so that it stays where it is while live lines are drawn again below it.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustyline::{
    Cmd, ConditionalEventHandler, Event, EventContext, RepeatCount, completion::Completer,
};
use unicode_width::UnicodeWidthStr;

use super::{
    completion::{Choice, Words},
    printer::Printer,
    terminal::columns,
};
use crate::cli::text::line::{Line, Tone, shorten};

/// Who presses Tab twice, as many shells want it, gets one list.
const AGAIN: Duration = Duration::from_secs(2);
/// Between two columns of a list.
const GAP: usize = 2;

/// See the module.
pub(super) struct CompleteOrList {
    words: Words,
    printer: Printer,
    /// What was listed last, and when.
    listed: Mutex<Option<(String, Instant)>>,
}

impl CompleteOrList {
    pub(super) fn new(words: Words, printer: Printer) -> Self {
        Self {
            words,
            printer,
            listed: Mutex::default(),
        }
    }
}

impl ConditionalEventHandler for CompleteOrList {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        let begun = &context.line()[..context.pos()];
        let (start, choices) = self.words.choices(begun);
        if completed(&begun[start..], &choices).is_some() {
            return Some(Cmd::Complete);
        }
        let mut listed = self.listed.lock();
        let is_shown = |(line, at): &(String, Instant)| line == begun && at.elapsed() < AGAIN;
        if !listed.as_ref().is_some_and(is_shown) {
            self.printer.lines(grid(&choices, columns()));
        }
        *listed = Some((begun.to_owned(), Instant::now()));
        Some(Cmd::Noop)
    }
}

impl Completer for Words {
    type Candidate = String;

    /// What the handler above has found to be so, and nothing that would have to be listed.
    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let begun = &line[..position];
        let (start, choices) = self.choices(begun);
        let completed = completed(&begun[start..], &choices);
        Ok((start, completed.into_iter().collect()))
    }
}

/// What takes the place of what was begun: the only choice, or what all have in common and was not typed yet.
fn completed(begun: &str, choices: &[Choice]) -> Option<String> {
    let common = common_beginning(choices);
    (choices.len() == 1 || common.len() > begun.len()).then_some(common)
}

/// What all choices begin with.
fn common_beginning(choices: &[Choice]) -> String {
    let Some((first, others)) = choices.split_first() else {
        return String::new();
    };
    let is_common = |at: usize, letter: char| {
        let mut others = others.iter();
        others.all(|other| other.replacement[at..].starts_with(letter))
    };
    let mut common = String::new();
    for (at, letter) in first.replacement.char_indices() {
        if !is_common(at, letter) {
            break;
        }
        common.push(letter);
    }
    common
}

/// Choices in columns, from above to below.
fn grid(choices: &[Choice], columns: usize) -> Vec<Line> {
    let most = columns.saturating_sub(1);
    let cells: Vec<String> = choices.iter().map(|c| shorten(&c.display, most)).collect();
    let widest = cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
    let across = ((most + GAP) / (widest + GAP)).max(1);
    let rows = cells.len().div_ceil(across);
    let row = |row: usize| {
        let cells: Vec<&String> = cells.iter().skip(row).step_by(rows).collect();
        let mut text = String::new();
        for (at, cell) in cells.iter().enumerate() {
            text.push_str(cell);
            if at + 1 < cells.len() {
                text.push_str(&" ".repeat(widest + GAP - cell.width()));
            }
        }
        Line::new(Tone::Faint, text)
    };
    (0..rows).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(texts: &[&str]) -> Vec<Choice> {
        let choice = |text: &&str| Choice {
            display: (*text).to_owned(),
            replacement: (*text).to_owned(),
        };
        texts.iter().map(choice).collect()
    }

    #[test]
    fn the_common_beginning_is_that_of_letters() {
        let common = |texts: &[&str]| common_beginning(&choices(texts));
        assert_eq!(common(&["pausar", "prioridad"]), "p");
        assert_eq!(common(&["película 1", "película 2"]), "película ");
        assert_eq!(common(&["ñ", "nada"]), "");
        assert_eq!(common(&["uno"]), "uno");
        assert_eq!(common(&[]), "");
        let completed = |begun, texts: &[&str]| completed(begun, &choices(texts));
        assert_eq!(completed("p", &["pausar", "prioridad"]), None);
        assert_eq!(completed("V", &["VIDEO "]), Some("VIDEO ".to_owned()));
        assert_eq!(
            completed("PEL", &["película 1", "película 2"]),
            Some("película ".to_owned())
        );
        assert_eq!(completed("x", &[]), None);
    }

    #[test]
    fn a_list_has_as_many_columns_as_fit() {
        let texts = |columns| -> Vec<String> {
            let all = choices(&["uno", "dos", "tres", "cuatro", "cinco"]);
            grid(&all, columns).iter().map(Line::text).collect()
        };
        assert_eq!(texts(80), ["uno     dos     tres    cuatro  cinco"]);
        assert_eq!(texts(25), ["uno     tres    cinco", "dos     cuatro"]);
        assert_eq!(texts(5), ["uno", "dos", "tres", "c…ro", "c…co"]);
        assert!(grid(&[], 80).is_empty());
    }
}
