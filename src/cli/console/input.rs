//! What is typed, read in a thread of its own: reading a terminal cannot be cancelled.

use std::{
    io::{BufRead, Read},
    path::PathBuf,
    sync::mpsc::Receiver,
};

use rustyline::{
    Cmd, ConditionalEventHandler, Config, Editor, Event, EventContext, EventHandler, KeyCode,
    KeyEvent, Modifiers, Movement, RepeatCount,
    error::ReadlineError,
    history::{FileHistory, History},
};
use tokio::sync::mpsc;

use super::{completion::Words, history, printer::Printer, tab::CompleteOrList};

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
    /// Ctrl-C on an empty line. Nothing more is read until the console is opened again.
    Interrupt,
    /// The end: of the pipe, or by Ctrl-D.
    End,
}

/// Ctrl-C clears a line that was begun; on an empty one it asks for the end of the program.
struct ClearOrEnd;

impl ConditionalEventHandler for ClearOrEnd {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, context: &EventContext) -> Option<Cmd> {
        if context.line().is_empty() {
            Some(Cmd::Interrupt)
        } else {
            Some(Cmd::Kill(Movement::WholeBuffer))
        }
    }
}

/// Starts a prompt; lines can be printed above it through the printer.
pub(super) fn start_prompt(
    words: Words,
    history: Option<PathBuf>,
    sender: mpsc::Sender<Entered>,
    opened: Receiver<()>,
) -> anyhow::Result<Printer> {
    let config = Config::builder()
        .auto_add_history(false)
        .max_history_size(1000)?
        .history_ignore_dups(true)?
        .build();
    let kept = FileHistory::with_config(&config);
    let mut editor = Editor::<Words, FileHistory>::with_history(config, kept)?;
    editor.set_helper(Some(words.clone()));
    let clear_or_end = EventHandler::Conditional(Box::new(ClearOrEnd));
    editor.bind_sequence(KeyEvent::ctrl('C'), clear_or_end);
    if let Some(path) = &history {
        history::load(&mut editor, path);
    }
    let printer = Printer::above(editor.create_external_printer()?)?;
    let complete_or_list = CompleteOrList::new(words, printer.clone());
    let complete_or_list = EventHandler::Conditional(Box::new(complete_or_list));
    editor.bind_sequence(KeyEvent(KeyCode::Tab, Modifiers::NONE), complete_or_list);
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
                        // Before the next prompt: what follows may be typed already.
                        accepted.flush();
                        if !line.trim().is_empty() {
                            let _ = editor.history_mut().add(&line);
                            if let Some(path) = &history {
                                // At once: a program may be killed.
                                history::keep(&mut editor, path);
                            }
                        }
                        Entered::Line(line)
                    }
                    Err(ReadlineError::Interrupted) => Entered::Interrupt,
                    Err(ReadlineError::Eof) => Entered::End,
                    Err(error) => {
                        tracing::warn!(%error, "prompt");
                        Entered::End
                    }
                };
                if matches!(entered, Entered::Interrupt | Entered::End) {
                    accepted.prompt_left();
                    accepted.flush();
                }
                let (end, interrupt) = (entered == Entered::End, entered == Entered::Interrupt);
                if sender.blocking_send(entered).is_err() || end {
                    return;
                }
                // A program that ends leaves no prompt behind.
                if interrupt && opened.recv().is_err() {
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
            // Some editors put a byte order mark before the first one.
            let text = text.trim_start_matches('\u{feff}');
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
        text.extend_from_slice(b"\n\xef\xbb\xbfnext\r\nlast");
        let mut input = &text[..];
        assert_eq!(next_line(&mut input), Entered::TooLong);
        assert_eq!(next_line(&mut input), Entered::Line("next".to_owned()));
        assert_eq!(next_line(&mut input), Entered::Line("last".to_owned()));
        assert_eq!(next_line(&mut input), Entered::End);
    }
}
