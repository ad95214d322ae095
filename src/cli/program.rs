//! What the programs have in common: how they start, how they end.

use std::{future::Future, io::Write, process::ExitCode, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    args::Common,
    console::{Console, Entered, Mode, restore},
    exit::Exit,
    logging::Log,
    signals::{self, Hangup, Requests},
    text::{
        self,
        help::Topic,
        line::{Line, Tone},
        t,
    },
};
use crate::node::SecurityError;

/// Events that may wait for the console.
pub const EVENTS: usize = 4096;
/// An orderly stop that takes longer than this is given up.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How long blocking work may hold up the end.
pub(super) const LAST_WORK: Duration = Duration::from_millis(500);

/// Runs a program with a console, and ends it.
pub fn run<F>(
    name: &str,
    common: &Common,
    mode: Mode,
    commands: Vec<Topic>,
    program: impl FnOnce(Console, CancellationToken) -> F,
) -> ExitCode
where
    F: Future<Output = Exit>,
{
    run_with(
        name,
        common,
        mode,
        Hangup::Stop,
        commands,
        |console, requests| program(console, requests.stop),
    )
}

/// The same for a program that may be a service, which a SIGHUP does not stop.
pub fn run_with<F>(
    name: &str,
    common: &Common,
    mode: Mode,
    hangup: Hangup,
    commands: Vec<Topic>,
    program: impl FnOnce(Console, Requests) -> F,
) -> ExitCode
where
    F: Future<Output = Exit>,
{
    let started = || -> anyhow::Result<_> {
        let log = Log::open(common.registro_archivo.as_deref())?;
        let requests = signals::listen(hangup, log.clone())?;
        let console = Console::start(mode, name, commands)?;
        let above = (mode == Mode::Prompt).then_some(&console.printer);
        log.start(&common.registro, common.registro_formato, above)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        Ok((requests, console, runtime))
    };
    let (requests, console, runtime) = match started() {
        Ok(started) => started,
        Err(error) => {
            restore();
            report(&t!("error", why = text::errors::chain(&error)));
            return Exit::Failed.into();
        }
    };
    let printer = console.printer.clone();
    let exit = runtime.block_on(program(console, requests));
    printer.live(Vec::new());
    printer.flush();
    runtime.shutdown_timeout(LAST_WORK);
    restore();
    exit.into()
}

/// Shows a server's events and does what is typed, until `stopped`, or the end of the input, or a command
/// that gives false.
pub async fn serve<E>(
    console: &mut Console,
    events: &mut mpsc::Receiver<E>,
    stopped: impl Future<Output = ()>,
    show: impl Fn(&E) -> Line,
    mut command: impl AsyncFnMut(&str) -> bool,
) {
    if console.mode == Mode::Prompt {
        console.printer.line(t!("hint-help"));
    }
    console.open();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(event) = events.recv() => console.printer.line(show(&event)),
            entered = console.entered.recv() => match entered {
                Some(Entered::Line(line)) => {
                    if !command(&line).await {
                        break;
                    }
                }
                Some(Entered::TooLong) => console.printer.line(complaint(t!("line-too-long"))),
                Some(Entered::End) | None => break,
            },
        }
    }
    while let Ok(event) = events.try_recv() {
        console.printer.line(show(&event));
    }
    console.printer.line(t!("stopping"));
}

/// A line that tells what could not be done.
pub fn complaint(text: String) -> Line {
    Line::new(Tone::Bad, text)
}

/// A server's statistics: the main figures, or the whole document; nothing when it has stopped.
pub fn statistics(document: Option<serde_json::Value>, as_json: bool) -> Vec<String> {
    match document {
        Some(document) if as_json => {
            let pretty = serde_json::to_string_pretty(&document).unwrap_or_default();
            pretty.lines().map(text::harmless::json).collect()
        }
        Some(document) => text::statistics::summary(&document),
        None => Vec::new(),
    }
}

/// Tells what a program without a console did. A pipe that was closed is no error.
pub fn say(lines: &[String]) {
    let mut output = std::io::stdout().lock();
    for line in lines {
        if writeln!(output, "{line}").is_err() {
            return;
        }
    }
}

/// Tells why a program cannot do what it should with the secret and the certificates that it was given.
pub fn refuse(error: &SecurityError) -> ExitCode {
    report(&t!("error", why = text::security::error(error)));
    Exit::Failed.into()
}

/// Tells why a program does not run.
#[allow(clippy::print_stderr)] // Before there is a console, or after.
pub fn report(message: &str) {
    eprintln!("{message}");
}

/// Waits for an orderly stop, for a while.
pub async fn within<T>(stop: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(STOP_WITHIN, stop).await.ok()
}
