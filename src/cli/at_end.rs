//! The program of `--al-terminar`, which is run at the end of each download that has brought its file, or found it there
//! already: one after the other, in the order of the ends. No shell is involved: what a file is called is an argument and
//! the value of a variable, and never part of a command.

use std::{
    collections::VecDeque,
    ffi::OsString,
    io::{self, Read, Seek, SeekFrom},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
};

use tokio::task::JoinSet;

use super::{
    quantity::BadValue,
    shell_words,
    text::{self, clean, security::SECRET_VARIABLES, t},
    values,
};
use crate::{
    model::{Digest, FileName},
    node::client::{ClientEvent, DownloadEvent},
    store::StoreError,
};

/// Of what a failed program wrote to standard error, the last line is in the last so many bytes.
const TAIL_BYTES: u64 = 4096;
/// The variables that the program is given.
pub const VARIABLES: [&str; 5] = [
    "TROZOS_DONE_NAME",
    "TROZOS_DONE_PATH",
    "TROZOS_DONE_BYTES",
    "TROZOS_DONE_SHA256",
    "TROZOS_DONE_OUTCOME",
];

/// A program and its first arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<String>,
}

/// Reads a program and its arguments: words, which may be in quotes.
///
/// # Errors
/// When there is none, or a quote is not closed.
pub fn program(text: &str) -> Result<Program, BadValue> {
    // The space ends the last word, unless a quote is open.
    let (words, rest) = shell_words::split(&format!("{text} "), "");
    if rest.is_unfinished() {
        return Err(BadValue::new(text, t!("why-open-quote")));
    }
    let mut words = words.into_iter();
    let first = words.next().filter(|word| !word.is_empty());
    let path = values::path(first.ok_or_else(BadValue::empty)?.as_ref())?;
    Ok(Program {
        path,
        arguments: words.collect(),
    })
}

/// A file that a download has brought, or has found there.
#[derive(Clone, Debug)]
struct Done {
    file: FileName,
    path: PathBuf,
    bytes: u64,
    whole: Digest,
    outcome: &'static str,
}

impl Done {
    /// What there is of an event; nothing of a file that was only read, and is nowhere.
    fn of(event: &ClientEvent) -> Option<Self> {
        let ClientEvent::Download { file, what, .. } = event else {
            return None;
        };
        let (path, bytes, whole, outcome) = match what {
            DownloadEvent::Complete(summary) => {
                (&summary.path, summary.bytes, summary.whole, "complete")
            }
            DownloadEvent::AlreadyComplete { path, bytes, whole } => {
                (path, *bytes, *whole, "already")
            }
            _ => return None,
        };
        // An absolute path is never taken for an option.
        let path = std::path::absolute(path).ok()?;
        let file = file.clone();
        Some(Self {
            file,
            path,
            bytes,
            whole,
            outcome,
        })
    }

    fn variables(&self) -> [(&'static str, OsString); 5] {
        let values = [
            self.file.as_str().into(),
            self.path.clone().into_os_string(),
            self.bytes.to_string().into(),
            self.whole.to_string().into(),
            self.outcome.into(),
        ];
        let mut values = values.into_iter();
        VARIABLES.map(|name| (name, values.next().unwrap_or_default()))
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct AtEnd {
    program: Option<Program>,
    /// As many as downloads were asked for, at most.
    waiting: VecDeque<Done>,
    /// One at most. Gives what is told of it.
    running: JoinSet<Option<String>>,
}

impl AtEnd {
    /// Runs this; nothing without.
    pub(super) fn new(program: Option<Program>) -> Self {
        Self {
            program,
            ..Self::default()
        }
    }

    /// Something happened: it may be the end of a download.
    pub(super) fn event(&mut self, event: &ClientEvent) {
        if self.program.is_some() {
            self.waiting.extend(Done::of(event));
            self.start();
        }
    }

    /// How many have not ended.
    pub(super) fn left(&self) -> usize {
        self.waiting.len() + self.running.len()
    }

    /// Waits for the end of the one that runs, and starts the next. Says what went wrong. Waits for ever while none runs.
    /// Cancel-safe.
    pub(super) async fn ended(&mut self) -> Option<String> {
        let Some(ended) = self.running.join_next().await else {
            return std::future::pending().await;
        };
        self.start();
        ended.unwrap_or_default()
    }

    fn start(&mut self) {
        let Some(program) = self.program.clone().filter(|_| self.running.is_empty()) else {
            return;
        };
        if let Some(done) = self.waiting.pop_front() {
            self.running.spawn_blocking(move || run(&program, &done));
        }
    }
}

/// Runs it to its end. Says what went wrong.
fn run(program: &Program, done: &Done) -> Option<String> {
    let why = match try_run(program, done) {
        Ok((status, _)) if status.success() => return None,
        Ok((status, said)) => failed(status, &said),
        Err(error) => text::files::store(&StoreError::new(&program.path, &error)),
    };
    let program = program.path.display().to_string();
    Some(t!(
        "at-end-failed",
        file = done.file,
        program = clean(&program),
        why = why
    ))
}

/// The end of a program, and the last line that it wrote to standard error. That is a file and not a pipe, so that whatever
/// it has left running may go on writing.
fn try_run(program: &Program, done: &Done) -> io::Result<(ExitStatus, String)> {
    let mut said = tempfile::tempfile()?;
    let mut command = Command::new(&program.path);
    command
        .args(&program.arguments)
        .arg(&done.path)
        .envs(done.variables())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said.try_clone()?);
    for secret in SECRET_VARIABLES {
        command.env_remove(secret);
    }
    let status = command.status()?;
    let from = said.metadata()?.len().saturating_sub(TAIL_BYTES);
    said.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    said.take(TAIL_BYTES).read_to_end(&mut tail)?;
    let tail = String::from_utf8_lossy(&tail);
    let last = tail.lines().rev().find(|line| !line.trim().is_empty());
    Ok((status, clean(last.unwrap_or_default().trim())))
}

fn failed(status: ExitStatus, said: &str) -> String {
    let end = match (status.code(), status.signal()) {
        (Some(code), _) => t!("at-end-code", code = code.to_string()),
        (None, signal) => t!(
            "at-end-signal",
            signal = signal.unwrap_or_default().to_string()
        ),
    };
    if said.is_empty() {
        end
    } else {
        format!("{end}: {said}")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{model::samples::name, node::client::DownloadNumber};

    fn already(file: &str, path: &Path) -> ClientEvent {
        ClientEvent::Download {
            number: DownloadNumber(1),
            file: name(file),
            what: DownloadEvent::AlreadyComplete {
                path: path.to_owned(),
                bytes: 7,
                whole: Digest::new([7; 32]),
            },
        }
    }

    #[test]
    fn a_program_and_its_arguments_are_words() {
        let read = program("/bin/sh -c 'echo \"$1\"' x").unwrap();
        assert_eq!(read.path, Path::new("/bin/sh"));
        assert_eq!(read.arguments, ["-c", "echo \"$1\"", "x"]);
        for (bad, part) in [
            ("", "vací"),
            ("''", "vací"),
            ("a 'b", "comilla"),
            ("a \\", "comilla"),
        ] {
            let error = program(bad).unwrap_err().to_string();
            assert!(error.contains(part), "{bad:?}: {error}");
        }
    }

    #[tokio::test]
    async fn names_are_never_part_of_a_command_and_all_run_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = format!(
            "echo \"$0|$TROZOS_DONE_NAME|$TROZOS_DONE_BYTES|$TROZOS_DONE_OUTCOME|$TROZOS_DONE_PATH\" >> {}",
            log.display()
        );
        let words = format!("sh -c '{script}'");
        let mut at_end = AtEnd::new(Some(program(&words).unwrap()));
        let names = ["-rf $(touch x) `y`; 'z\".mp4", "b.mp4", "c.mp4"];
        for name in names {
            at_end.event(&already(name, &folder.path().join(name)));
        }
        assert_eq!(at_end.left(), 3);
        while at_end.left() > 0 {
            assert_eq!(at_end.ended().await, None);
        }
        let lines = std::fs::read_to_string(log).unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let expected: Vec<String> = names
            .iter()
            .map(|name| format!("{0}|{name}|7|already|{0}", path(name)))
            .collect();
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    }

    #[tokio::test]
    async fn a_failure_is_one_line_with_its_last_word() {
        for (words, parts) in [
            (
                "sh -c 'echo no such thing >&2; exit 3'",
                &["3", "no such thing", "a.mp4"][..],
            ),
            ("sh -c 'kill -9 $$'", &["9"]),
            ("/no/such/program", &["/no/such/program"]),
        ] {
            let mut at_end = AtEnd::new(Some(program(words).unwrap()));
            at_end.event(&already("a.mp4", Path::new("/tmp/a.mp4")));
            let line = at_end.ended().await.unwrap();
            assert!(parts.iter().all(|part| line.contains(part)), "{line}");
        }
    }

    #[tokio::test]
    async fn what_it_leaves_running_does_not_hold_anybody_up() {
        let mut at_end = AtEnd::new(Some(program("sh -c 'sleep 60 & exit 0'").unwrap()));
        at_end.event(&already("a.mp4", Path::new("/tmp/a.mp4")));
        let soon = std::time::Duration::from_secs(20);
        let ended = tokio::time::timeout(soon, at_end.ended()).await;
        assert_eq!(ended, Ok(None));
    }
}
