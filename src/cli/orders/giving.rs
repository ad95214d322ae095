//! The side that gives orders: a command line of its own, a running server, and what is printed of the answer.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde_json::Value;
use tokio::task::JoinSet;

use super::{Answer, Reply, Request, socket};
use crate::{
    cli::{
        args::{CENTRAL_PORT, OrderArgs},
        commands::BadLine,
        exit::Exit,
        names::dashed,
        output::{report, say, wrote},
        runtime,
        text::{self, bad_line::explain, clean, errors, spoken, t},
    },
    node::orders::order,
};

/// A kind of server, as far as orders to it go.
pub(in crate::cli) trait Server {
    /// What it answers.
    type Answer: Answer;
    /// Of its socket.
    const KIND: &'static str;
    /// The program.
    const PROGRAM: &'static str;
    /// What chooses one of several.
    const CHOICES: &'static [&'static str];

    /// What is wrong with a line, and whether what it asks for is wanted as JSON anyway.
    fn check(line: &str) -> Result<bool, BadLine>;

    /// The same order once it is agreed to, where an answer asks for that.
    fn wants_agreement(answer: &Self::Answer) -> bool;
}

/// Which of the servers that run, and whether what it asks first is agreed to.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::cli) struct Which {
    /// Where it listens on the network.
    pub(in crate::cli) port: Option<u16>,
    /// The number that it has.
    pub(in crate::cli) number: Option<u16>,
    /// It need not ask.
    pub(in crate::cli) yes: bool,
}

/// Gives an order and ends the program.
pub(in crate::cli) fn give<S: Server>(line: String, which: Which, args: &OrderArgs) -> ExitCode {
    spoken::on_command_lines_of(S::PROGRAM);
    let json = match S::check(&line) {
        Ok(json) => json || args.json,
        Err(bad) => {
            report(&t!("error", why = explain(&bad)));
            return Exit::Usage.into();
        }
    };
    let asked = || -> Result<(S::Answer, Exit), (String, Exit)> {
        let runtime =
            runtime::start().map_err(|error| (errors::chain(&error.into()), Exit::Failed))?;
        let path = runtime.block_on(meant::<S>(which, args.socket.as_deref()));
        let path = path.map_err(|why| (why, Exit::Unreachable))?;
        let ask = |yes: bool| {
            let line = line.clone();
            runtime.block_on(ask::<S>(&path, Request { line, yes }))
        };
        let answer = ask(which.yes)?;
        if !S::wants_agreement(&answer) || json {
            let exit = answer.exit();
            return Ok((answer, exit));
        }
        if !is_agreed(&answer) {
            return Ok((answer, Exit::Failed));
        }
        let answer = ask(true)?;
        let exit = answer.exit();
        Ok((answer, exit))
    };
    match asked() {
        Ok((answer, exit)) => tell(&answer, json).or_worse(exit).into(),
        Err((why, exit)) => failed(&why, exit),
    }
}

fn failed(why: &str, exit: Exit) -> ExitCode {
    report(&t!("error", why = why));
    exit.into()
}

/// The socket of the server that is meant: where it was said, or the only one that is there.
async fn meant<S: Server>(which: Which, said: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(path) = said.filter(|path| !socket::is_none(path)) {
        return Ok(path.to_owned());
    }
    let port = match which.number {
        Some(number) if which.port.is_none() => {
            if let Some(path) = of_number::<S>(number).await {
                return Ok(path);
            }
            // It may stand still.
            Some(CENTRAL_PORT + number)
        }
        Some(_) | None => which.port,
    };
    let mut found = socket::found(S::KIND, port);
    if found.len() > 1 && found.iter().any(|path| socket::is_served(path)) {
        found.retain(|path| socket::is_served(path));
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(match port {
            Some(_) if which.number.is_some() && which.port.is_none() => t!(
                "order-nobody-numbered",
                program = S::PROGRAM,
                number = which.number.unwrap_or_default()
            ),
            Some(port) => t!(
                "order-nobody-there",
                program = S::PROGRAM,
                port = port.to_string()
            ),
            None => t!("order-nobody", program = S::PROGRAM),
        }),
        // The user's own come first.
        [first, ..] if port.is_some() => Ok(first.clone()),
        several => {
            let paths = several.iter().map(|path| path.display().to_string());
            let paths: Vec<_> = paths.collect();
            Err(t!(
                "order-several",
                program = S::PROGRAM,
                flags = text::either(
                    &S::CHOICES
                        .iter()
                        .map(|flag| dashed(flag))
                        .collect::<Vec<_>>()
                ),
                sockets = paths.join(", ")
            ))
        }
    }
}

/// The socket of the server that says that it has a number, wherever it listens.
async fn of_number<S: Server>(number: u16) -> Option<PathBuf> {
    let mut asked = JoinSet::new();
    for path in socket::found(S::KIND, None) {
        asked.spawn(async move {
            let request = Request {
                line: "ESTADO".to_owned(),
                yes: false,
            };
            let request = serde_json::to_vec(&request).ok()?;
            let answer: Value = serde_json::from_slice(&order(&path, &request).await.ok()?).ok()?;
            let own = answer.pointer("/answer/status/number")?.as_u64()?;
            (own == u64::from(number)).then_some(path)
        });
    }
    while let Some(path) = asked.join_next().await {
        if let Ok(Some(path)) = path {
            return Some(path);
        }
    }
    None
}

async fn ask<S: Server>(path: &Path, request: Request) -> Result<S::Answer, (String, Exit)> {
    let request = serde_json::to_vec(&request).unwrap_or_default();
    let answer = order(path, &request).await.map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                t!("order-not-running", program = S::PROGRAM, socket = path)
            }
            io::ErrorKind::PermissionDenied => t!("order-denied", socket = path),
            io::ErrorKind::UnexpectedEof => t!("order-cut", program = S::PROGRAM),
            _ => t!("order-failed", socket = path, why = error),
        };
        (why, Exit::Unreachable)
    })?;
    let other_version = || (t!("order-version", program = S::PROGRAM), Exit::Failed);
    match serde_json::from_slice(&answer).map_err(|_| other_version())? {
        Reply::Answer(value) => serde_json::from_value(value).map_err(|_| other_version()),
        Reply::Bad(why) => Err((clean(&why), Exit::Usage)),
        Reply::Stopping => Err((
            t!("order-stopping", program = S::PROGRAM),
            Exit::Unreachable,
        )),
    }
}

/// Shows what would be done and asks for agreement, where there is somebody to ask.
fn is_agreed(answer: &impl Answer) -> bool {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return false;
    }
    for line in answer.lines() {
        report(&line.text());
    }
    let _ = io::stderr().flush();
    let mut line = String::new();
    io::stdin().read_line(&mut line).is_ok() && crate::cli::commands::is_yes(&line)
}

/// Prints an answer: results to standard output, what went wrong to standard error.
fn tell(answer: &impl Answer, json: bool) -> Exit {
    if let Some(lines) = answer.json_lines().filter(|_| json) {
        return wrote(say(&lines));
    }
    if json {
        let text = serde_json::to_string_pretty(answer).unwrap_or_default();
        return wrote(say(&[text]));
    }
    let lines: Vec<String> = answer.lines().iter().map(|line| line.text()).collect();
    if answer.exit() == Exit::Well {
        return wrote(say(&lines));
    }
    lines.iter().for_each(|line| report(line));
    Exit::Well
}
