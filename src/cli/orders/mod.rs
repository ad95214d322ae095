//! Orders to a server that runs, from another program of this machine: `videocentral cola`, `videosecundario limite
//! 20MB/s`. The line that is sent is what a person would type at the prompt, and is understood by the same code; the
//! answer is a value, which is told in the language of whoever asked, or as JSON.
//!
//! `central` and `secondary` say what each answers, `accounts` what is done to accounts, `socket` where its socket is,
//! `giving` is the side that asks, and `operator` gives orders for the face of a central.

mod accounts;
pub(super) mod central;
mod giving;
pub(super) mod operator;
pub(super) mod secondary;
mod socket;

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

pub(super) use giving::{Server, Which, give};

use super::{
    commands::Form,
    console::Printer,
    exit::Exit,
    text::{
        coded,
        line::{Line, Tone},
        statistics, t,
    },
};
use crate::{
    model::OrderId,
    node::{
        central::CentralAnswer,
        orders::{Asked, Orders, OrdersError, order},
    },
};

/// What is asked of a running server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Request {
    /// What a person would type.
    pub(super) line: String,
    /// What asks for agreement is agreed to.
    #[serde(default)]
    pub(super) yes: bool,
    /// The name under which it is given, again when no answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<OrderId>,
}

impl Request {
    /// A line that is given once.
    pub(super) fn of(line: String) -> Self {
        Self {
            line,
            yes: false,
            id: None,
        }
    }
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    /// What was asked for.
    Answer(Value),
    /// The line is none of its commands: why, in its language.
    Bad(String),
    /// It is about to stop.
    Stopping,
    /// It is not the one that answers: why, in its language.
    Unanswered { code: String, message: String },
    /// Its journal does not keep up.
    JournalBusy,
}

/// What a server says to an order: for programs, for people, and as an exit code.
pub(super) trait Answer: Serialize + DeserializeOwned {
    /// For people.
    fn lines(&self) -> Vec<Line>;

    /// For programs, where it is a document a line.
    fn json_lines(&self) -> Option<Vec<String>> {
        None
    }

    /// For scripts.
    fn exit(&self) -> Exit;
}

/// Why a server does not do what a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotDone {
    /// The line is not understood; why, for people.
    Bad(String),
    /// The server is about to stop.
    Stopping,
    /// Another one would have to do it, or has perhaps done it.
    Unanswered {
        /// What programs go by.
        code: String,
        /// For people.
        message: String,
    },
    /// Its journal does not keep up.
    JournalBusy,
}

/// Does what another program asks, and answers it.
pub(super) async fn answer<A: Answer>(
    asked: Asked,
    perform: impl AsyncFnOnce(Request) -> Result<A, NotDone>,
) {
    let reply = match serde_json::from_slice::<Request>(&asked.request) {
        Ok(request) => match perform(request).await {
            Ok(answer) => Reply::Answer(serde_json::to_value(answer).unwrap_or_default()),
            Err(NotDone::Bad(why)) => Reply::Bad(why),
            Err(NotDone::Stopping) => Reply::Stopping,
            Err(NotDone::Unanswered { code, message }) => Reply::Unanswered { code, message },
            Err(NotDone::JournalBusy) => Reply::JournalBusy,
        },
        Err(error) => Reply::Bad(error.to_string()),
    };
    asked.answer(serde_json::to_vec(&reply).unwrap_or_default());
}

/// Has the secondary that takes orders at a path send so many bytes per second at most.
///
/// # Errors
/// What the socket says.
pub(super) async fn limit_upload(socket: &Path, bytes_per_s: u64) -> io::Result<()> {
    let request = Request::of(format!("LIMITE {bytes_per_s}B/s"));
    let request = serde_json::to_vec(&request).unwrap_or_default();
    order(socket, &request).await.map(drop)
}

/// Where a server takes orders that was not told where.
pub(super) fn usual_socket(kind: &str, port: u16) -> PathBuf {
    socket::path(kind, port)
}

/// What the central that takes orders at a path answers to a line.
///
/// # Errors
/// What the socket says, or that the central does not do it.
pub(super) async fn ask_central(socket: &Path, line: String) -> io::Result<CentralAnswer> {
    let request = serde_json::to_vec(&Request::of(line)).unwrap_or_default();
    let answer = order(socket, &request).await?;
    match serde_json::from_slice(&answer)? {
        Reply::Answer(answer) => Ok(serde_json::from_value(answer)?),
        Reply::Bad(why) => Err(io::Error::other(why)),
        Reply::Unanswered { code, message } => Err(io::Error::other(coded(&message, &code))),
        Reply::JournalBusy | Reply::Stopping => Err(io::ErrorKind::ConnectionRefused.into()),
    }
}

/// Takes orders for a server that listens on the network there: at the path that was said, or the usual one. Where none
/// can be taken the server runs all the same, and says so.
pub(super) fn taken(
    said: Option<&Path>,
    kind: &str,
    address: SocketAddr,
    printer: &Printer,
) -> Orders {
    let path = match said {
        Some(path) if socket::is_none(path) => return Orders::none(),
        Some(path) => path.to_owned(),
        None => socket::path(kind, address.port()),
    };
    Orders::listen(&path).unwrap_or_else(|error| {
        let why = why_none(&error);
        printer.line(Line::new(Tone::Warning, t!("orders-not-taken", why = why)));
        Orders::none()
    })
}

fn why_none(error: &OrdersError) -> String {
    let text = match error {
        OrdersError::Disk(error) => return super::text::files::store(error),
        OrdersError::InUse(path) => t!("orders-in-use", path = path),
        OrdersError::OpenFolder(path) => t!("orders-open-folder", path = path),
    };
    coded(&text, error.code())
}

/// An answer as the prompt shows it.
pub(super) fn shown(answer: &impl Answer, form: Form) -> Vec<Line> {
    match form {
        Form::Table => answer.lines(),
        Form::Json => {
            if let Some(lines) = answer.json_lines() {
                return lines.into_iter().map(Line::from).collect();
            }
            let value = serde_json::to_value(answer).unwrap_or_default();
            let inner = value.as_object().and_then(|map| map.values().next());
            let lines = statistics::json(inner.unwrap_or(&value));
            lines.into_iter().map(Line::from).collect()
        }
    }
}
