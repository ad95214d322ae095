//! What a secondary answers to a command: the same at its prompt and to orders from outside.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, NotDone, Request, Server, transfers::Transfer};
use crate::{
    cli::{
        commands::{self, BadLine, Form, Numbers, SecondaryLine},
        console::page_columns,
        exit::Exit,
        text::{
            self,
            bad_line::explain,
            files,
            line::{Line, complaint},
            t,
        },
    },
    model::FileName,
    node::{
        Stopped,
        central::DownloadCount,
        secondary::{SecondaryHandle, SecondaryStatus},
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
    },
    Statistics(Value),
    /// The disk did not do it.
    Disk {
        code: String,
        message: String,
    },
}

/// What was brought back; no name where nothing had the number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cli) struct RecoveredFile {
    number: u64,
    name: Option<FileName>,
}

/// Does what a command says; `None` for those of the prompt itself. What goes for good goes only with `agreed`.
pub(in crate::cli) async fn perform(
    handle: &SecondaryHandle,
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
            let recovered = recover(handle, which).await;
            told(recovered, Answer::Recovered)
        }
        SecondaryLine::Empty(what) => empty(handle, what, agreed).await,
        SecondaryLine::Limit(bytes_per_s) => {
            handle.set_upload_limit(bytes_per_s).await?;
            Answer::UploadLimit { bytes_per_s }
        }
        SecondaryLine::Statistics(_) => Answer::Statistics(handle.statistics().await?),
        SecondaryLine::Common(_) => return Ok(None),
    }))
}

fn told<T>(
    result: Result<T, StoreError>,
    answer: impl FnOnce(T) -> SecondaryAnswer,
) -> SecondaryAnswer {
    match result {
        Ok(value) => answer(value),
        Err(error) => SecondaryAnswer::Disk {
            code: error.code().to_owned(),
            message: files::store(&error),
        },
    }
}

async fn recover(
    handle: &SecondaryHandle,
    which: Numbers,
) -> Result<Vec<RecoveredFile>, StoreError> {
    let numbers = match which {
        Numbers::These(numbers) => numbers,
        Numbers::All => {
            let files = handle.retired().await?;
            files.iter().map(|file| file.number).collect()
        }
    };
    let mut recovered = Vec::new();
    for number in numbers {
        let name = handle.recover(number).await?;
        recovered.push(RecoveredFile { number, name });
    }
    Ok(recovered)
}

async fn empty(handle: &SecondaryHandle, what: Option<Numbers>, agreed: bool) -> SecondaryAnswer {
    let files = match handle.retired().await {
        Ok(files) => files,
        failed @ Err(_) => return told(failed, SecondaryAnswer::Retired),
    };
    let going = match what {
        None => return SecondaryAnswer::Retired(files),
        Some(Numbers::All) => files,
        Some(Numbers::These(numbers)) => {
            let is_there = |number: &u64| files.iter().any(|file| file.number == *number);
            if let Some(number) = numbers.iter().find(|number| !is_there(number)) {
                return SecondaryAnswer::NotRetired(*number);
            }
            let is_meant = |file: &RetiredFile| numbers.contains(&file.number);
            files.into_iter().filter(is_meant).collect()
        }
    };
    if going.is_empty() {
        return SecondaryAnswer::Retired(going);
    }
    if !agreed {
        return SecondaryAnswer::ToRemove(going);
    }
    remove(handle, going.iter().map(|file| file.number).collect()).await
}

/// Removes what somebody has agreed to.
pub(in crate::cli) async fn remove(handle: &SecondaryHandle, numbers: Vec<u64>) -> SecondaryAnswer {
    told(handle.empty_retired(numbers).await, |gone| {
        let RetiredTotal { files, bytes } = gone;
        SecondaryAnswer::Removed { files, bytes }
    })
}

/// Does what another program asks.
pub(in crate::cli) async fn order(
    handle: &SecondaryHandle,
    request: Request,
) -> Result<SecondaryAnswer, NotDone> {
    let line = commands::secondary(&request.line).map_err(|bad| NotDone::Bad(explain(&bad)))?;
    match perform(handle, line, request.yes).await {
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
                vec![complaint(t!("retired-no-such", number = number))]
            }
            Self::ToRemove(files) => plain(text::retired::confirm(files)),
            Self::Removed { files, bytes } => {
                let gone = RetiredTotal {
                    files: *files,
                    bytes: *bytes,
                };
                vec![t!("retired-gone", what = text::retired::total(gone)).into()]
            }
            Self::UploadLimit { bytes_per_s } => {
                vec![t!("limit-set", limit = text::nodes::limit(*bytes_per_s)).into()]
            }
            Self::Statistics(document) => {
                plain(text::statistics::document(document, Form::Table, columns))
            }
            Self::Disk { code, message } => {
                let _ = code;
                vec![complaint(text::clean(message))]
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

fn recovered_line(file: &RecoveredFile) -> Line {
    match &file.name {
        Some(name) => t!("retired-recovered", file = name).into(),
        None => complaint(t!("retired-no-such", number = file.number)),
    }
}

/// Orders to a secondary.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Secondary;

impl Server for Secondary {
    type Answer = SecondaryAnswer;
    const KIND: &'static str = "secundario";
    const PROGRAM: &'static str = "videosecundario";

    fn check(line: &str) -> Result<bool, BadLine> {
        let line = commands::secondary(line)?;
        Ok(form(&line) == Form::Json)
    }

    fn wants_agreement(answer: &SecondaryAnswer) -> bool {
        matches!(answer, SecondaryAnswer::ToRemove(_))
    }
}
