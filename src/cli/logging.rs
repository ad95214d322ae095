//! Logs go to a file, to standard error, or above the prompt where there is one; as text or as a JSON object per
//! line, with UTC times in both.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use anyhow::Context;
use tracing_subscriber::{
    EnvFilter,
    fmt::{MakeWriter, writer::BoxMakeWriter},
};

use super::{console::Printer, quantity::BadValue, text::t};

/// Permissions of a new log file: names and addresses in it are not for everybody.
const FILE_MODE: u32 = 0o640;

/// How log lines look. Without doc comments on the variants, which would be shown in the help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "lower")]
pub enum LogFormat {
    // For people.
    #[default]
    #[value(name = "texto")]
    Text,
    // For programs.
    Json,
}

/// Where the log goes, and what is in it. Copies are the same.
#[derive(Clone, Default)]
pub struct Log {
    file: Option<Arc<LogFile>>,
    /// There once it has started.
    filter: Arc<OnceLock<SetFilter>>,
}

type SetFilter =
    Box<dyn Fn(EnvFilter) -> Result<(), tracing_subscriber::reload::Error> + Send + Sync>;

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Log").field(&self.file).finish()
    }
}

#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    /// Replaced as a whole, so that a line on its way ends where it began.
    file: Mutex<Arc<File>>,
}

impl Log {
    /// Opens the file, if it is to go to one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let file = append(path).with_context(|| {
            let why = t!("local-cannot-write", path = path);
            t!("usage-value", flag = "--registro-archivo", why = why)
        })?;
        Ok(Self {
            file: Some(Arc::new(LogFile {
                path: path.to_owned(),
                file: Mutex::new(Arc::new(file)),
            })),
            ..Self::default()
        })
    }

    /// The same for a client, whose work does not depend on its log: without its file it logs to standard error.
    pub fn open_or_warn(path: Option<&Path>) -> Self {
        Self::open(path).unwrap_or_else(|error| {
            super::program::report(&t!("warning", why = super::text::errors::chain(&error)));
            Self::default()
        })
    }

    /// Opens the file again by its name, after somebody has moved it away. When that fails the old one goes on.
    pub fn reopen(&self) {
        let Some(log) = &self.file else {
            return;
        };
        match append(&log.path) {
            Ok(file) => {
                *log.file.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(file);
                tracing::info!("log file opened again");
            }
            Err(error) => {
                let path = log.path.display();
                tracing::error!(%path, %error, "the log file cannot be opened again");
            }
        }
    }

    /// Starts to log; `above` is where a prompt prints.
    ///
    /// # Errors
    /// When the level is none.
    pub fn start(
        &self,
        level: &str,
        format: LogFormat,
        above: Option<&Printer>,
    ) -> anyhow::Result<()> {
        let filter = filter(level).map_err(anyhow::Error::msg)?;
        let at_terminal = self.file.is_none() && io::stderr().is_terminal();
        let (writer, ansi) = match &self.file {
            Some(log) => (BoxMakeWriter::new(ToFile(Arc::clone(log))), false),
            // With a prompt on the same terminal, lines must not land in the middle of it.
            None if at_terminal && let Some(printer) = above => {
                (BoxMakeWriter::new(Above(printer.clone())), false)
            }
            None => (BoxMakeWriter::new(io::stderr), at_terminal),
        };
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            // It would panic where standard error cannot be written either.
            .log_internal_errors(false)
            .with_ansi(ansi)
            .with_writer(writer);
        let (set, started): (SetFilter, _) = match format {
            LogFormat::Text => {
                let log = log.with_filter_reloading();
                let handle = log.reload_handle();
                (Box::new(move |new| handle.reload(new)), log.try_init())
            }
            LogFormat::Json => {
                let log = log
                    .json()
                    .flatten_event(true)
                    .with_current_span(false)
                    .with_span_list(false)
                    .with_filter_reloading();
                let handle = log.reload_handle();
                (Box::new(move |new| handle.reload(new)), log.try_init())
            }
        };
        started.map_err(|error| anyhow::anyhow!("{error}"))?;
        // It starts once.
        let _ = self.filter.set(set);
        Ok(())
    }

    /// From now on the log has this level.
    ///
    /// # Errors
    /// When it is none; the log goes on as before then.
    pub fn set_level(&self, level: &str) -> anyhow::Result<()> {
        let filter = filter(level).map_err(anyhow::Error::msg)?;
        if let Some(set) = self.filter.get() {
            set(filter)?;
        }
        Ok(())
    }
}

/// What a level, or a filter of tracing's, lets through.
///
/// # Errors
/// Why it is none.
pub(super) fn filter(level: &str) -> Result<EnvFilter, BadValue> {
    EnvFilter::try_new(level).map_err(|_| BadValue::new(level, t!("why-log-level")))
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .open(path)
}

struct ToFile(Arc<LogFile>);

impl<'a> MakeWriter<'a> for ToFile {
    type Writer = Arc<File>;

    fn make_writer(&'a self) -> Arc<File> {
        let file = self.0.file.lock();
        Arc::clone(&file.unwrap_or_else(PoisonError::into_inner))
    }
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
            self.printer.news([text]);
        }
    }
}
