//! What the programs have in common: how they start, how they end.

use std::{future::Future, process::ExitCode, time::Duration};

use clap::Parser;
use tokio_util::sync::CancellationToken;

use super::{
    args::Common,
    console::{Console, Mode, restore},
    exit::Exit,
    logging, signals,
};

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
    let started = || -> anyhow::Result<_> {
        let stop = signals::listen()?;
        let console = Console::start(mode, words)?;
        logging::start(&common.registro, mode, &console.printer)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        Ok((stop, console, runtime))
    };
    let (stop, console, runtime) = match started() {
        Ok(started) => started,
        Err(error) => {
            restore();
            report(&format!("error: {error:#}"));
            return Exit::Failed.into();
        }
    };
    let printer = console.printer.clone();
    let exit = runtime.block_on(program(console, stop));
    printer.live(Vec::new());
    printer.flush();
    runtime.shutdown_timeout(LAST_WORK);
    restore();
    exit.into()
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
