//! Logs go to a file, to standard error, or above the prompt where there is one; as text or as a JSON object per line,
//! with UTC times in both. Every record becomes one harmless line, whatever is in it: it is escaped where it is
//! written.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use anstyle::{AnsiColor, Style};
use anyhow::Context;
use arc_swap::ArcSwap;
use clap::{ValueEnum, builder::PossibleValue};
use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt::MakeWriter};

use super::{
    console::Printer,
    names, output,
    quantity::BadValue,
    text::{
        errors,
        harmless::{json_line, log_line},
        t,
    },
    values::named_value,
};

/// Permissions of a new log file: names and addresses in it are not for everybody.
const FILE_MODE: u32 = 0o640;

/// The line editor logs every key, and libraries of HTTP may log what was asked for, which may be signed.
const QUIET: &str = "rustyline=warn,h2=info,hyper=info";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

impl ValueEnum for LogFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Text, Self::Json]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(named_value(match self {
            Self::Text => "texto",
            Self::Json => "json",
        }))
    }
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
    file: ArcSwap<File>,
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
            t!(
                "usage-value",
                flag = names::dashed("registro-archivo"),
                why = why
            )
        })?;
        Ok(Self {
            file: Some(Arc::new(LogFile {
                path: path.to_owned(),
                file: ArcSwap::from_pointee(file),
            })),
            ..Self::default()
        })
    }

    /// The same for a client, whose work does not depend on its log: without its file it logs to standard error.
    pub fn open_or_warn(path: Option<&Path>) -> Self {
        Self::open(path).unwrap_or_else(|error| {
            output::report(&t!("warning", why = errors::chain(&error)));
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
                log.file.store(Arc::new(file));
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
        let sink = match &self.file {
            Some(log) => Sink::File(Arc::clone(log)),
            // With a prompt on the same terminal, lines must not land in the middle of it.
            None if at_terminal && let Some(printer) = above => Sink::Above(printer.clone()),
            None => Sink::Stderr {
                colours: at_terminal
                    && anstyle_query::term_supports_color()
                    && !anstyle_query::no_color(),
            },
        };
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            // Its escapes could not be told from those in quoted text.
            .with_ansi(false)
            // It would panic where standard error cannot be written either.
            .log_internal_errors(false)
            .with_writer(Lines { sink, format });
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
    let bad = || BadValue::new(level, t!("why-log-level"));
    // A lone word that is no level would be taken for a module, and nothing be logged.
    let is_word = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let is_meant = |part: &str| part == "trozos" || part.parse::<LevelFilter>().is_ok();
    let mut parts = level.split(',').map(str::trim);
    if parts.any(|part| is_word(part) && !is_meant(part)) {
        return Err(bad());
    }
    // What comes later wins: who asks for the line editor's own log has it.
    EnvFilter::try_new(format!("{QUIET},{level}")).map_err(|_| bad())
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .open(path)
}

/// Where log lines are written.
#[derive(Clone)]
enum Sink {
    File(Arc<LogFile>),
    Stderr { colours: bool },
    Above(Printer),
}

/// Writes log lines.
struct Lines {
    sink: Sink,
    format: LogFormat,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            sink: self.sink.clone(),
            format: self.format,
            text: Vec::new(),
        }
    }
}

/// One log line on its way.
struct Line {
    sink: Sink,
    format: LogFormat,
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
        let text = match self.format {
            LogFormat::Text => log_line(&self.text),
            LogFormat::Json => json_line(&self.text),
        };
        if text.is_empty() {
            return;
        }
        // There is nowhere to report that the log cannot be written.
        match &self.sink {
            Sink::File(log) => {
                let file = log.file.load();
                let _ = (&**file).write_all(format!("{text}\n").as_bytes());
            }
            Sink::Stderr { colours } => {
                let is_painted = *colours && self.format == LogFormat::Text;
                let text = if is_painted { painted(&text) } else { text };
                let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
            }
            Sink::Above(printer) => printer.news([text]),
        }
    }
}

/// A line of text with its time faint and its level in the level's colour.
fn painted(line: &str) -> String {
    let rest = line.trim_start();
    let Some((time, rest)) = rest.split_once(' ') else {
        return line.to_owned();
    };
    let Some((level, rest)) = rest.trim_start().split_once(' ') else {
        return line.to_owned();
    };
    let colour = match level {
        "ERROR" => AnsiColor::Red,
        "WARN" => AnsiColor::Yellow,
        "INFO" => AnsiColor::Green,
        "DEBUG" => AnsiColor::Blue,
        _ => AnsiColor::Magenta,
    };
    let (faint, strong) = (Style::new().dimmed(), colour.on_default());
    format!("{faint}{time}{faint:#} {strong}{level:>5}{strong:#} {rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_one_or_a_filter() {
        for level in [
            "warn",
            "DEBUG",
            "off",
            "info,trozos=debug",
            "trozos::net=trace",
            "rustyline=debug",
        ] {
            assert!(filter(level).is_ok(), "{level}");
        }
        for level in ["verboso", "debug,mucho", "==="] {
            assert!(filter(level).is_err(), "{level:?}");
        }
        let quiet = filter("debug").unwrap().to_string();
        assert!(quiet.contains("rustyline=warn"), "{quiet}");
        let asked = filter("rustyline=debug").unwrap().to_string();
        assert!(!asked.contains("warn"), "{asked}");
    }

    #[test]
    fn only_our_own_escapes_are_in_a_painted_line() {
        let line = log_line(b"2026-01-01T00:00:00Z  WARN trozos: said=a\x1b[2J\n");
        assert_eq!(
            painted(&line),
            "\u{1b}[2m2026-01-01T00:00:00Z\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m trozos: said=a\\u{1b}[2J"
        );
        assert_eq!(painted("x"), "x");
    }
}
