//! The side that gives orders: a command line of its own, a running server, and what is printed of the answer.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Answer, Reply, Request, socket};
use crate::{
    cli::{
        args::OrderArgs,
        commands::BadLine,
        exit::Exit,
        output::{report, say, wrote},
        runtime,
        text::{bad_line::explain, clean, errors, spoken, t},
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

    /// What is wrong with a line, and whether what it asks for is wanted as JSON anyway.
    fn check(line: &str) -> Result<bool, BadLine>;

    /// The same order once it is agreed to, where an answer asks for that.
    fn wants_agreement(answer: &Self::Answer) -> bool;
}

/// Gives an order and ends the program.
pub(in crate::cli) fn give<S: Server>(
    line: String,
    (port, yes): (Option<u16>, bool),
    args: &OrderArgs,
) -> ExitCode {
    spoken::on_command_lines_of(S::PROGRAM);
    let json = match S::check(&line) {
        Ok(json) => json || args.json,
        Err(bad) => {
            report(&t!("error", why = explain(&bad)));
            return Exit::Usage.into();
        }
    };
    let path = match which::<S>(port, args.socket.as_deref()) {
        Ok(path) => path,
        Err(why) => return failed(&why, Exit::Unreachable),
    };
    let asked = || -> Result<(S::Answer, Exit), (String, Exit)> {
        let runtime =
            runtime::start().map_err(|error| (errors::chain(&error.into()), Exit::Failed))?;
        let ask = |yes: bool| {
            let line = line.clone();
            runtime.block_on(ask::<S>(&path, Request { line, yes }))
        };
        let answer = ask(yes)?;
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
fn which<S: Server>(port: Option<u16>, said: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(path) = said.filter(|path| !socket::is_none(path)) {
        return Ok(path.to_owned());
    }
    let mut found = socket::found(S::KIND, port);
    if found.len() > 1 && found.iter().any(|path| socket::is_served(path)) {
        found.retain(|path| socket::is_served(path));
    }
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(match port {
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
                sockets = paths.join(", ")
            ))
        }
    }
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
