//! What the programs have in common: how they start, how they end.

use std::{future::Future, process::ExitCode, time::Duration};

use clap::Parser;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    args::Common,
    console::{Console, Entered, Mode, restore},
    exit::Exit,
    logging::Log,
    signals::{self, Hangup, Requests},
    text,
};
use crate::node::SecurityError;

/// Events that may wait for the console.
pub const EVENTS: usize = 4096;
/// An orderly stop that takes longer than this is given up.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How long blocking work may hold up the end.
const LAST_WORK: Duration = Duration::from_millis(500);

/// Reads the command line; a wrong one ends the program.
pub fn parse<A: Parser>() -> A {
    A::parse()
}

/// Runs a program with a console, and ends it.
pub fn run<F>(
    common: &Common,
    mode: Mode,
    words: &[&str],
    program: impl FnOnce(Console, CancellationToken) -> F,
) -> ExitCode
where
    F: Future<Output = Exit>,
{
    run_with(common, mode, Hangup::Stop, words, |console, requests| {
        program(console, requests.stop)
    })
}

/// The same for a program that may be a service, which a SIGHUP does not stop.
pub fn run_with<F>(
    common: &Common,
    mode: Mode,
    hangup: Hangup,
    words: &[&str],
    program: impl FnOnce(Console, Requests) -> F,
) -> ExitCode
where
    F: Future<Output = Exit>,
{
    let started = || -> anyhow::Result<_> {
        let log = Log::open(common.registro_archivo.as_deref())?;
        let again = log.clone();
        let requests = signals::listen(hangup, move || again.reopen())?;
        let console = Console::start(mode, words)?;
        let (level, format) = (&common.registro, common.registro_formato);
        log.start(level, format, mode, &console.printer)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        Ok((requests, console, runtime))
    };
    let (requests, console, runtime) = match started() {
        Ok(started) => started,
        Err(error) => {
            restore();
            report(&format!("error: {error:#}"));
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
    show: impl Fn(&E) -> String,
    mut command: impl AsyncFnMut(&str) -> bool,
) {
    if console.mode == Mode::Prompt {
        console.printer.line("Escribe H para ver las órdenes");
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
                Some(Entered::TooLong) => console.printer.line("Línea demasiado larga"),
                Some(Entered::End) | None => break,
            },
        }
    }
    while let Ok(event) = events.try_recv() {
        console.printer.line(show(&event));
    }
    console.printer.line("Parando: se guardan las estadísticas");
}

/// Tells what a program without a console did.
#[allow(clippy::print_stdout)] // There is no console to say it.
pub fn say(lines: &[String]) {
    for line in lines {
        println!("{line}");
    }
}

/// Tells why a program cannot do what it should with the secret and the certificates that it was given.
pub fn refuse(error: &SecurityError) -> ExitCode {
    report(&format!("error: {}", text::security::error(error)));
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
