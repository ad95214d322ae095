//! What a secondary answers to a command: the same at its prompt and to orders from outside.

use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, NotDone, Request, Server};
use crate::{
    cli::{
        commands::{self, BadLine, Form, Numbers, SecondaryLine},
        console::page_columns,
        exit::Exit,
        limits::{Limits, Now},
        text::{
            self,
            bad_line::explain,
            files,
            limits::Limited,
            line::{Line, complaint},
            spoken, t,
        },
        timetable::{Held, Limit},
    },
    node::{
        Stopped,
        central::DownloadCount,
        secondary::{
            Emptied, RecoveredFile, SecondaryHandle, SecondaryOrders, SecondaryStatus, Transfer,
        },
    },
    store::{
        StoreError,
        retired::{RetiredFile, RetiredTotal},
    },
};

/// What a secondary answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum SecondaryAnswer {
    Transfers(Vec<Transfer>),
    Downloads(Vec<DownloadCount>),
    Status(SecondaryStatus),
    /// The folder is being read again.
    Reindexing,
    Retired(Vec<RetiredFile>),
    Recovered(Vec<RecoveredFile>),
    /// These would go for good, once somebody agrees.
    ToRemove(Vec<RetiredFile>),
    /// No such number among what was set aside.
    NotRetired(u64),
    Removed {
        files: usize,
        bytes: u64,
    },
    UploadLimit {
        bytes_per_s: Option<u64>,
        /// When another one follows; none ever does without.
        until_ms: Option<i64>,
        timetable: Option<String>,
    },
    Statistics(Value),
    /// The disk did not do it.
    Disk {
        code: String,
        message: String,
    },
}

/// A secondary, and what limits what it sends.
pub(in crate::cli) type Served<'a> = (&'a SecondaryHandle, &'a Limits<SecondaryOrders>);

/// Does what a command says; `None` for those of the prompt itself. What goes for good goes only with `agreed`.
pub(in crate::cli) async fn perform(
    (handle, limits): Served<'_>,
    line: SecondaryLine,
    agreed: bool,
) -> Result<Option<SecondaryAnswer>, Stopped> {
    use SecondaryAnswer as Answer;
    Ok(Some(match line {
        SecondaryLine::Running => {
            let running = handle.running().await?;
            Answer::Transfers(running.into_iter().map(Transfer::from).collect())
        }
        SecondaryLine::Downloads => Answer::Downloads(handle.downloads().await?),
        SecondaryLine::Status => Answer::Status(handle.status().await?),
        SecondaryLine::Reindex => {
            handle.reindex().await?;
            Answer::Reindexing
        }
        SecondaryLine::Retired(_) => told(handle.retired().await, Answer::Retired),
        SecondaryLine::Recover(which) => {
            let recovered = handle.recover_all(chosen(which)).await;
            told(recovered, Answer::Recovered)
        }
        SecondaryLine::Empty(None) => told(handle.retired().await, Answer::Retired),
        SecondaryLine::Empty(Some(which)) => {
            let emptied = handle.empty_all(chosen(which), agreed).await;
            told(emptied, emptied_answer)
        }
        SecondaryLine::Limit(None) => upload_limit(limits.now().await),
        SecondaryLine::Limit(Some(timetable)) => upload_limit(limits.set(timetable).await),
        SecondaryLine::Statistics(_) => Answer::Statistics(handle.statistics().await?),
        SecondaryLine::Common(_) => return Ok(None),
    }))
}

fn upload_limit(now: Now) -> SecondaryAnswer {
    SecondaryAnswer::UploadLimit {
        bytes_per_s: now.held.limit,
        until_ms: now
            .held
            .until
            .map(|until| until.timestamp().as_millisecond()),
        timetable: now.timetable,
    }
}

fn upload_limit_line(limit: Limit, until_ms: Option<i64>, timetable: Option<&str>) -> Line {
    let now = Zoned::now();
    let until = until_ms.and_then(|until| Timestamp::from_millisecond(until).ok());
    let until = until.map(|until| until.to_zoned(now.time_zone().clone()));
    let held = Held { limit, until };
    text::limits::line(Limited::Upload, &held, timetable, &now).into()
}

fn told<T>(
    result: Result<T, StoreError>,
    answer: impl FnOnce(T) -> SecondaryAnswer,
) -> SecondaryAnswer {
    match result {
        Ok(value) => answer(value),
        Err(error) => SecondaryAnswer::Disk {
            code: error.code().to_owned(),
            message: text::uncoded(&files::store(&error), error.code()).to_owned(),
        },
    }
}

fn emptied_answer(emptied: Emptied) -> SecondaryAnswer {
    match emptied {
        Emptied::NotThere(number) => SecondaryAnswer::NotRetired(number),
        Emptied::WouldGo(files) if files.is_empty() => SecondaryAnswer::Retired(files),
        Emptied::WouldGo(files) => SecondaryAnswer::ToRemove(files),
        Emptied::Gone(RetiredTotal { files, bytes }) => SecondaryAnswer::Removed { files, bytes },
    }
}

/// Several numbers, or `None` for all.
fn chosen(which: Numbers) -> Option<Vec<u64>> {
    match which {
        Numbers::These(numbers) => Some(numbers),
        Numbers::All => None,
    }
}

/// Removes what somebody has agreed to.
pub(in crate::cli) async fn remove(handle: &SecondaryHandle, numbers: Vec<u64>) -> SecondaryAnswer {
    let gone = handle.empty_retired(numbers).await;
    told(gone, |gone| emptied_answer(Emptied::Gone(gone)))
}

/// Does what another program asks.
pub(in crate::cli) async fn order(
    served: Served<'_>,
    request: Request,
) -> Result<SecondaryAnswer, NotDone> {
    let line = commands::secondary(&request.line).map_err(|bad| NotDone::Bad(explain(&bad)))?;
    match perform(served, line, request.yes).await {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(NotDone::Bad(t!("order-not-here", line = request.line))),
        Err(Stopped) => Err(NotDone::Stopping),
    }
}

/// How the answer to a line is wanted.
pub(in crate::cli) fn form(line: &SecondaryLine) -> Form {
    match line {
        SecondaryLine::Retired(form) | SecondaryLine::Statistics(form) => *form,
        SecondaryLine::Running
        | SecondaryLine::Downloads
        | SecondaryLine::Status
        | SecondaryLine::Reindex
        | SecondaryLine::Recover(_)
        | SecondaryLine::Empty(_)
        | SecondaryLine::Limit(_)
        | SecondaryLine::Common(_) => Form::Table,
    }
}

impl Answer for SecondaryAnswer {
    fn lines(&self) -> Vec<Line> {
        let plain = |lines: Vec<String>| lines.into_iter().map(Line::from).collect();
        let columns = page_columns();
        match self {
            Self::Transfers(transfers) => plain(text::secondary::running(transfers, columns)),
            Self::Downloads(rows) => plain(text::central::counts(t!("column-file"), rows, columns)),
            Self::Status(status) => plain(text::nodes::secondary(status)),
            Self::Reindexing => vec![t!("order-reindexing").into()],
            Self::Retired(files) => plain(text::retired::list(files, columns)),
            Self::Recovered(files) if files.is_empty() => vec![t!("retired-none").into()],
            Self::Recovered(files) => files.iter().map(recovered_line).collect(),
            Self::NotRetired(number) => {
                vec![no_such(*number)]
            }
            Self::ToRemove(files) => plain(text::retired::confirm(files)),
            Self::Removed { files, bytes } => {
                let gone = RetiredTotal {
                    files: *files,
                    bytes: *bytes,
                };
                vec![t!("retired-gone", what = text::retired::total(gone)).into()]
            }
            Self::UploadLimit {
                bytes_per_s,
                until_ms,
                timetable,
            } => vec![upload_limit_line(
                *bytes_per_s,
                *until_ms,
                timetable.as_deref(),
            )],
            Self::Statistics(document) => {
                plain(text::statistics::document(document, Form::Table, columns))
            }
            Self::Disk { code, message } => {
                vec![complaint(text::coded(&text::clean(message), code))]
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Recovered(files) if files.iter().any(|file| file.name.is_none()) => {
                Exit::NotFound
            }
            Self::NotRetired(_) => Exit::NotFound,
            Self::ToRemove(_) | Self::Disk { .. } => Exit::Failed,
            _ => Exit::Well,
        }
    }
}

fn no_such(number: u64) -> Line {
    complaint(t!(
        "retired-no-such",
        number = number,
        retired = spoken::command("RETIRADOS")
    ))
}

fn recovered_line(file: &RecoveredFile) -> Line {
    match &file.name {
        Some(name) => t!("retired-recovered", file = name).into(),
        None => no_such(file.number),
    }
}

/// Orders to a secondary.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Secondary;

impl Server for Secondary {
    type Answer = SecondaryAnswer;
    const KIND: &'static str = "secundario";
    const PROGRAM: &'static str = "videosecundario";
    const CHOICES: &'static [&'static str] = &["numero", "puerto", "socket"];

    fn check(line: &str) -> Result<bool, BadLine> {
        let line = commands::secondary(line)?;
        Ok(form(&line) == Form::Json)
    }

    fn wants_agreement(answer: &SecondaryAnswer) -> bool {
        matches!(answer, SecondaryAnswer::ToRemove(_))
    }
}
