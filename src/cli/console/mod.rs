//! The console of a program: lines in, lines out, and which of the three ways it works in.
//!
//! At a terminal there is a prompt that stays usable while lines appear above it. With a pipe or a file,
//! commands are read until its end and answers are plain lines. With `/dev/null`, or when told so, a server reads
//! nothing. `printer` owns the output, `input` reads, `completion`, `tab` and `history` help at the prompt, `paint` knows
//! colours, `terminal` keeps what must be restored.

mod completion;
mod history;
mod input;
mod paint;
mod printer;
mod tab;
mod terminal;

use std::{
    io::IsTerminal,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
};

use tokio::sync::mpsc;

pub use completion::{Suggestion, Values};
pub use input::Entered;
pub use printer::Printer;
pub use terminal::{can_move, clear_row, columns, page_columns, restore, rows};

use self::completion::Words;
use super::text::topics::Topic;

/// Where commands come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A person at a terminal.
    Prompt,
    /// A pipe or a file.
    Lines,
    /// Nobody.
    None,
}

impl Mode {
    /// How this process was started.
    pub fn detect(no_console: bool) -> Self {
        let stdin = std::io::stdin();
        if no_console || terminal::is_null(&stdin) {
            Self::None
        } else if stdin.is_terminal() && std::io::stdout().is_terminal() && terminal::can_move() {
            Self::Prompt
        } else {
            Self::Lines
        }
    }

    /// How a client was started, which is there for its commands: where there are none it ends.
    pub fn detect_client() -> Self {
        match Self::detect(false) {
            Self::None => Self::Lines,
            mode => mode,
        }
    }
}

/// A program's console.
#[derive(Debug)]
pub struct Console {
    /// How it works.
    pub mode: Mode,
    /// What is printed.
    pub printer: Printer,
    /// What is typed; ends with [`Entered::End`].
    pub entered: mpsc::Receiver<Entered>,
    gate: SyncSender<()>,
    words: Words,
    /// Keeps the channel open where nothing is read, so that the console does not end.
    _silent: Option<mpsc::Sender<Entered>>,
}

impl Console {
    /// Starts to print; reading starts with [`Console::open`]. `commands` are completed at the prompt; `program`
    /// names the file of its history.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn start(mode: Mode, program: &str, commands: Vec<Topic>) -> anyhow::Result<Self> {
        let (sender, entered) = mpsc::channel(64);
        let (gate, opened) = sync_channel(1);
        let mut silent = None;
        let words = Words::new(commands);
        let printer = match mode {
            Mode::Prompt => {
                terminal::remember();
                input::start_prompt(words.clone(), history::path(program), sender, opened)?
            }
            Mode::Lines => {
                input::start_lines(sender, opened)?;
                Printer::plain()?
            }
            Mode::None => {
                silent = Some(sender);
                Printer::plain()?
            }
        };
        Ok(Self {
            mode,
            printer,
            entered,
            gate,
            words,
            _silent: silent,
        })
    }

    /// What follows the commands, for completion, from here on.
    pub fn complete(&self, values: Arc<dyn Values>) {
        self.words.set(values);
    }

    /// What is typed next. Nothing is read while too much waits to be printed. Cancel-safe.
    pub async fn next(&mut self) -> Option<Entered> {
        self.printer.room().await;
        self.entered.recv().await
    }

    /// Starts reading, or goes on after [`Entered::Interrupt`]; nothing is lost before.
    pub fn open(&self) {
        let _ = self.gate.try_send(());
    }
}
