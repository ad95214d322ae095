//! What is typed, read in a thread of its own: reading a terminal cannot be cancelled.

use std::{
    borrow::Cow,
    io::{BufRead, Read},
    sync::mpsc::Receiver,
};

use rustyline::{
    Config, Editor,
    completion::Completer,
    error::ReadlineError,
    highlight::Highlighter,
    hint::Hinter,
    history::{History, MemHistory},
    validate::Validator,
};
use tokio::sync::mpsc;

use super::printer::Printer;

/// Longest line that is read, in bytes.
const MOST_LINE_BYTES: usize = 64 * 1024;
const PROMPT: &str = "> ";

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// A line.
    Line(String),
    /// A line over the limit, of which nothing is kept.
    TooLong,
    /// The end: of the pipe, or by Ctrl-D or Ctrl-C.
    End,
}

struct Words(Vec<String>);

impl Completer for Words {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line[..position].trim_start();
        if typed.contains(char::is_whitespace) {
            return Ok((position, Vec::new()));
        }
        let upper = typed.to_uppercase();
        let fitting = self.0.iter().filter(|word| word.starts_with(&upper));
        let start = position - typed.len();
        Ok((start, fitting.map(|word| format!("{word} ")).collect()))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        Cow::Borrowed(prompt)
    }
}

impl Validator for Words {}

impl rustyline::Helper for Words {}

/// Starts a prompt; lines can be printed above it through the printer.
pub(super) fn start_prompt(
    words: Vec<String>,
    sender: mpsc::Sender<Entered>,
    opened: Receiver<()>,
) -> anyhow::Result<Printer> {
    let config = Config::builder()
        .auto_add_history(false)
        .max_history_size(1000)?
        .build();
    let mut editor = Editor::<Words, MemHistory>::with_history(config, MemHistory::new())?;
    editor.set_helper(Some(Words(words)));
    let printer = Printer::above(editor.create_external_printer()?)?;
    let accepted = printer.clone();
    std::thread::Builder::new()
        .name("prompt".to_owned())
        .spawn(move || {
            if opened.recv().is_err() {
                return;
            }
            loop {
                let entered = match editor.readline(PROMPT) {
                    Ok(line) if line.len() > MOST_LINE_BYTES => Entered::TooLong,
                    Ok(line) => {
                        accepted.line_entered(PROMPT.len(), &line);
                        if !line.trim().is_empty() {
                            let _ = editor.history_mut().add(&line);
                        }
                        Entered::Line(line)
                    }
                    Err(ReadlineError::Eof | ReadlineError::Interrupted) => Entered::End,
                    Err(error) => {
                        tracing::warn!(%error, "prompt");
                        Entered::End
                    }
                };
                let end = entered == Entered::End;
                if sender.blocking_send(entered).is_err() || end {
                    return;
                }
            }
        })?;
    Ok(printer)
}

/// Starts to read plain lines.
pub(super) fn start_lines(
    sender: mpsc::Sender<Entered>,
    opened: Receiver<()>,
) -> anyhow::Result<()> {
    std::thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || {
            if opened.recv().is_err() {
                return;
            }
            let mut input = std::io::stdin().lock();
            loop {
                let entered = next_line(&mut input);
                let end = entered == Entered::End;
                if sender.blocking_send(entered).is_err() || end {
                    return;
                }
            }
        })?;
    Ok(())
}

fn next_line(input: &mut impl BufRead) -> Entered {
    let mut line = Vec::new();
    let most = MOST_LINE_BYTES as u64 + 1;
    match input.by_ref().take(most).read_until(b'\n', &mut line) {
        Ok(0) | Err(_) => Entered::End,
        Ok(_) if line.len() as u64 == most && line.last() != Some(&b'\n') => {
            // The rest of it is skipped, in pieces.
            while line.last() != Some(&b'\n') {
                line.clear();
                match input.by_ref().take(most).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
            Entered::TooLong
        }
        Ok(_) => {
            let text = String::from_utf8_lossy(&line);
            Entered::Line(text.trim_end_matches(['\n', '\r']).to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_skipped_whole() {
        let mut text = vec![b'x'; 3 * MOST_LINE_BYTES];
        text.extend_from_slice(b"\nnext\r\nlast");
        let mut input = &text[..];
        assert_eq!(next_line(&mut input), Entered::TooLong);
        assert_eq!(next_line(&mut input), Entered::Line("next".to_owned()));
        assert_eq!(next_line(&mut input), Entered::Line("last".to_owned()));
        assert_eq!(next_line(&mut input), Entered::End);
    }
}
