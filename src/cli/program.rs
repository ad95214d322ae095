//! What the programs have in common: how they start, how they end.

use std::{
    future::Future,
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    args::Common,
    console::{Console, Entered, Mode, Printer, restore},
    exit::Exit,
    logging::Log,
    runtime,
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
    let log = Log::open_or_warn(common.registro_archivo.as_deref());
    run_logging(
        Ok(log),
        (name, mode, commands),
        common,
        Hangup::Stop,
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
    let log = Log::open(common.registro_archivo.as_deref());
    run_logging(log, (name, mode, commands), common, hangup, program)
}

fn run_logging<F>(
    log: anyhow::Result<Log>,
    (name, mode, commands): (&str, Mode, Vec<Topic>),
    common: &Common,
    hangup: Hangup,
    program: impl FnOnce(Console, Requests) -> F,
) -> ExitCode
where
    F: Future<Output = Exit>,
{
    let started = || -> anyhow::Result<_> {
        let log = log?;
        let requests = signals::listen(hangup, log.clone())?;
        let console = Console::start(mode, name, commands)?;
        let above = (mode == Mode::Prompt).then_some(&console.printer);
        log.start(&common.registro, common.registro_formato, above)?;
        let runtime = runtime::start()?;
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

/// Waits until all is printed, unless the program is to stop, and gives whether results were lost. Not for servers, who
/// have others to serve than their console.
pub async fn printed(printer: &Printer, stop: &CancellationToken) -> Exit {
    tokio::select! {
        () = printer.printed() => {}
        () = stop.cancelled() => {}
    }
    printer.lost().map_or(Exit::Well, |error| wrote(Err(error)))
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
            Some(event) = events.recv() => console.printer.news([show(&event)]),
            entered = console.next() => match entered {
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
///
/// # Errors
/// When it could not be written, as on a full disk: the result is lost.
pub fn say(lines: &[String]) -> io::Result<()> {
    say_bytes(lines.iter().map(String::as_bytes))
}

/// The same for lines that need not be text, as paths are not.
///
/// # Errors
/// As [`say`].
pub fn say_bytes<'a>(lines: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let write = || {
        for line in lines {
            output.write_all(line)?;
            output.write_all(b"\n")?;
        }
        output.flush()
    };
    unless_closed(write())
}

/// Whoever read and has had enough is no error.
pub fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// How a program ends that had nothing to do but to write this: a result that is lost is a failure.
pub fn wrote(written: io::Result<()>) -> Exit {
    match unless_closed(written) {
        Ok(()) => Exit::Well,
        Err(error) => {
            let why = t!("script-stdout", why = error);
            report(&t!("error", why = why));
            Exit::Failed
        }
    }
}

/// Tells why a program cannot do what it should with the secret and the certificates that it was given.
pub fn refuse(error: &SecurityError) -> ExitCode {
    report(&t!("error", why = text::security::error(error)));
    Exit::Failed.into()
}

/// Tells what people should know, beside the results. Where it cannot be written, as on a full disk, it is lost: there is
/// nowhere else to tell it.
pub fn report(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// Waits for an orderly stop, for a while.
pub async fn within<T>(stop: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(STOP_WITHIN, stop).await.ok()
}
