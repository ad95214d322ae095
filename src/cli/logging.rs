//! Logs go to standard error, or above the prompt where there is one.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use super::console::{Mode, Printer};

/// Starts to log.
///
/// # Errors
/// When the level is none.
pub fn start(level: &str, mode: Mode, printer: &Printer) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level).map_err(|error| {
        anyhow::anyhow!(
            "--registro {level}: {error}; usa error, warn, info, debug o trace, o un filtro de tracing"
        )
    })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    // With a prompt on the same terminal, lines must not land in the middle of it.
    if mode == Mode::Prompt && io::stderr().is_terminal() {
        let above = Above(printer.clone());
        log.with_ansi(false).with_writer(above).try_init()
    } else {
        let ansi = io::stderr().is_terminal();
        log.with_ansi(ansi).with_writer(io::stderr).try_init()
    }
    .map_err(|error| anyhow::anyhow!("{error}"))
}

struct Above(Printer);

impl<'a> MakeWriter<'a> for Above {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            printer: self.0.clone(),
            text: Vec::new(),
        }
    }
}

/// One log line on its way.
struct Line {
    printer: Printer,
    text: Vec<u8>,
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let text = text.trim_end();
        if !text.is_empty() {
            self.printer.line(text);
        }
    }
}
