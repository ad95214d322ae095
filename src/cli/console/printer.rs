//! Everything that a program prints goes through one thread: above the prompt where there is one, with a
//! block of live lines between the two; plainly otherwise. A console that takes nothing, or has gone, holds
//! nobody up.

use std::{
    io::Write,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    time::Duration,
};

use rustyline::ExternalPrinter;
use unicode_width::UnicodeWidthStr;

use super::{
    paint::{has_colours, painted},
    terminal::columns,
};
use crate::cli::text::line::Line;

/// Messages that may wait; beyond that they are dropped.
const WAITING: usize = 4096;
/// How long the end of a program waits for its last lines.
const LAST_LINES: Duration = Duration::from_secs(2);

enum Message {
    Lines(Vec<Line>),
    Live(Vec<Line>),
    /// A line was typed and takes this many columns with its prompt.
    Entered {
        width: usize,
    },
    Flush(SyncSender<()>),
}

/// Prints. Copies print to the same place.
#[derive(Clone, Debug)]
pub struct Printer {
    messages: SyncSender<Message>,
    has_prompt: bool,
}

impl Printer {
    /// Prints to standard output.
    pub(super) fn plain() -> anyhow::Result<Self> {
        let (messages, received) = sync_channel(WAITING);
        std::thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || plain(&received))?;
        Ok(Self {
            messages,
            has_prompt: false,
        })
    }

    /// Prints above a prompt.
    pub(super) fn above(printer: impl ExternalPrinter + Send + 'static) -> anyhow::Result<Self> {
        let (messages, received) = sync_channel(WAITING);
        std::thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || {
                Screen {
                    printer,
                    live: Vec::new(),
                    colours: has_colours(),
                }
                .run(&received);
            })?;
        Ok(Self {
            messages,
            has_prompt: true,
        })
    }

    /// Prints a line.
    pub fn line(&self, line: impl Into<Line>) {
        self.lines([line]);
    }

    /// Prints lines together.
    pub fn lines(&self, lines: impl IntoIterator<Item = impl Into<Line>>) {
        let lines: Vec<Line> = lines.into_iter().map(Into::into).collect();
        if !lines.is_empty() {
            self.send(Message::Lines(lines));
        }
    }

    /// Shows these lines right above the prompt instead of those of the last call. Nothing without a prompt.
    pub fn live(&self, lines: Vec<Line>) {
        if self.has_prompt {
            self.send(Message::Live(lines));
        }
    }

    /// Waits until all is printed, for a while.
    pub fn flush(&self) {
        let (done, flushed) = sync_channel(1);
        self.send(Message::Flush(done));
        let _ = flushed.recv_timeout(LAST_LINES);
    }

    pub(super) fn line_entered(&self, prompt_width: usize, line: &str) {
        let width = prompt_width + line.width();
        self.send(Message::Entered { width });
    }

    fn send(&self, message: Message) {
        match self.messages.try_send(message) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => tracing::debug!("the console takes nothing"),
        }
    }
}

fn plain(messages: &Receiver<Message>) {
    let mut output = std::io::stdout();
    let colours = has_colours();
    // After the reader has gone everything is dropped.
    for message in messages {
        match message {
            Message::Lines(lines) => {
                let text = block(&lines, colours);
                let _ = output.write_all(text.as_bytes());
                let _ = output.flush();
            }
            Message::Live(_) | Message::Entered { .. } => {}
            Message::Flush(done) => {
                let _ = done.try_send(());
            }
        }
    }
}

struct Screen<P> {
    printer: P,
    /// What is shown right above the prompt.
    live: Vec<Line>,
    colours: bool,
}

impl<P: ExternalPrinter> Screen<P> {
    fn run(mut self, messages: &Receiver<Message>) {
        for message in messages {
            match message {
                Message::Lines(lines) => {
                    let erase = self.erase();
                    self.live = self.fitting(&self.live);
                    let columns = columns();
                    let lines: Vec<_> = lines.iter().flat_map(|l| l.wrapped(columns)).collect();
                    let (above, live) =
                        (block(&lines, self.colours), block(&self.live, self.colours));
                    self.print(format!("{erase}{above}{live}"));
                }
                Message::Live(lines) => {
                    let lines = self.fitting(&lines);
                    if lines != self.live {
                        let mut text = format!("{}{}", self.erase(), block(&lines, self.colours));
                        if lines.is_empty() {
                            // The line feed that ends every print must not leave a gap.
                            text.push_str("\x1b[A\n");
                        }
                        self.live = lines;
                        self.print(text);
                    }
                }
                Message::Entered { width } => self.entered(width),
                Message::Flush(done) => {
                    let _ = done.try_send(());
                }
            }
        }
    }

    fn print(&mut self, text: String) {
        if !text.is_empty() {
            let _ = self.printer.print(text);
        }
    }

    /// Moves to the first live line and clears from there; the prompt has been cleared.
    fn erase(&self) -> String {
        match self.live_rows() {
            0 => String::new(),
            rows => format!("\x1b[{rows}A\r\x1b[J"),
        }
    }

    /// Rows that the live lines take: more than one each after the terminal has become narrower.
    fn live_rows(&self) -> usize {
        let columns = columns();
        let rows = self
            .live
            .iter()
            .map(|line| line.width().div_ceil(columns).max(1));
        rows.sum()
    }

    fn fitting(&self, lines: &[Line]) -> Vec<Line> {
        let columns = columns();
        lines.iter().map(|line| line.cut(columns)).collect()
    }

    /// The typed line stays where it is read later; the live lines above it go. The cursor is below the typed
    /// line, and ends there: the line feed that ends every print takes it the last row down.
    fn entered(&mut self, width: usize) {
        let live = self.live_rows();
        self.live.clear();
        if live == 0 {
            return;
        }
        let rows = width / columns() + 1;
        let up = live + rows;
        let down = if rows > 1 {
            format!("\x1b[{}B", rows - 1)
        } else {
            String::new()
        };
        self.print(format!("\x1b[{up}A\r\x1b[{live}M{down}\n"));
    }
}

fn block(lines: &[Line], colours: bool) -> String {
    lines
        .iter()
        .map(|line| format!("{}\n", painted(line, colours)))
        .collect()
}
