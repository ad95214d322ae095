//! The console of a program: lines in, lines out, and which of the three ways it works in.
//!
//! At a terminal there is a prompt that stays usable while lines appear above it. With a pipe or a file,
//! commands are read until its end and answers are plain lines. With `/dev/null`, or when told so, nothing is
//! read. `printer` owns the output, `input` reads, `terminal` keeps what must be restored.

mod input;
mod printer;
mod terminal;

use std::{
    io::IsTerminal,
    sync::mpsc::{SyncSender, sync_channel},
};

use tokio::sync::mpsc;

pub use input::Entered;
pub use printer::Printer;
pub use terminal::restore;

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
        } else if stdin.is_terminal() && std::io::stdout().is_terminal() {
            Self::Prompt
        } else {
            Self::Lines
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
    /// Where nothing is read nothing ends either: the channel stays open as long as the console.
    _silent: Option<mpsc::Sender<Entered>>,
}

impl Console {
    /// Starts to print; reading starts with [`Console::open`]. `words` are completed at the prompt.
    ///
    /// # Errors
    /// When the terminal cannot be used.
    pub fn start(mode: Mode, words: &[&str]) -> anyhow::Result<Self> {
        let (sender, entered) = mpsc::channel(64);
        let (gate, opened) = sync_channel(1);
        let mut silent = None;
        let printer = match mode {
            Mode::Prompt => {
                terminal::remember();
                let words = words.iter().map(|word| (*word).to_owned()).collect();
                input::start_prompt(words, sender, opened)?
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
            _silent: silent,
        })
    }

    /// Starts to read: until then nothing is asked for and nothing is lost.
    pub fn open(&self) {
        let _ = self.gate.try_send(());
    }
}
