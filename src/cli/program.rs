//! What the programs have in common: how they start, how they end.

use std::{
    future::Future,
    pin::Pin,
    process::ExitCode,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    args::Common,
    console::{Console, Entered, Mode, Printer, clear_row, restore},
    exit::Exit,
    logging::Log,
    news::News,
    output::{report, wrote},
    runtime,
    signals::{self, Hangup, Requests},
    text::{
        errors,
        line::{Line, complaint},
        t,
        topics::Topic,
    },
};
use crate::node::{
    StartError, StopError,
    orders::{Asked, Orders},
};

/// Events that may wait for the console.
pub const EVENTS: usize = 4096;
/// An orderly stop is abandoned after this time.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How often a server looks whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long blocking work may hold up the end.
pub(super) const LAST_WORK: Duration = Duration::from_millis(500);

/// Runs a program with a console, and ends it.
pub fn run<F>(
    name: &str,
    common: &Common,
    mode: Mode,
    commands: Vec<Topic>,
    program: impl FnOnce(Console, Requests) -> F,
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
        program,
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
            report(&t!("error", why = errors::chain(&error)));
            return Exit::Failed.into();
        }
    };
    let printer = console.printer.clone();
    // One type for all programs, so that what drives a future is compiled once and not three times for each.
    let program: Pin<Box<dyn Future<Output = Exit>>> = Box::pin(program(console, requests));
    let exit = runtime.block_on(program);
    printer.live(Vec::new());
    printer.flush();
    runtime.shutdown_timeout(LAST_WORK);
    restore();
    if mode == Mode::Prompt {
        clear_row();
    }
    exit.into()
}

/// Waits until everything is printed or the program is to stop, and says whether results were lost. Not for servers,
/// which do not wait for their console.
pub async fn printed(printer: &Printer, stop: &CancellationToken) -> Exit {
    tokio::select! {
        () = printer.printed() => {}
        () = stop.cancelled() => {}
    }
    printer.lost().map_or(Exit::Well, |error| wrote(Err(error)))
}

/// Shows a server's events, which `note` hears of too, and does what is typed and what other programs order, until
/// `stopped`, or the end of the input, or a command that gives false.
pub async fn serve<E>(
    console: &mut Console,
    (events, orders): (&mut mpsc::Receiver<E>, &mut Orders),
    stopped: impl Future<Output = ()>,
    (mut news, note): (impl News<E>, impl Fn(&E)),
    mut command: impl AsyncFnMut(&str) -> bool,
    order: impl AsyncFn(Asked),
) {
    if console.mode == Mode::Prompt {
        console.printer.line(t!("hint-help"));
    }
    console.open();
    tokio::pin!(stopped);
    let mut tick = interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut stopped => break,
            Some(event) = events.recv() => {
                note(&event);
                console.printer.news(timed(news.take(Instant::now(), &event)));
            }
            _ = tick.tick() => console.printer.news(timed(news.due(Instant::now()))),
            asked = orders.next() => order(asked).await,
            entered = console.next() => match entered {
                Some(Entered::Line(line)) => {
                    if !command(&line).await {
                        break;
                    }
                }
                Some(Entered::TooLong) => console.printer.line(complaint(t!("line-too-long"))),
                Some(Entered::Interrupt | Entered::End) | None => break,
            },
        }
    }
    while let Ok(event) = events.try_recv() {
        note(&event);
        console
            .printer
            .lines(timed(news.take(Instant::now(), &event)));
    }
    console.printer.lines(timed(news.rest()));
    console.printer.line(t!("stopping"));
}

/// The same lines with the time of day before each, unless the journal of the system adds it.
pub(super) fn timed(lines: Vec<Line>) -> Vec<Line> {
    if lines.is_empty() || std::env::var_os("JOURNAL_STREAM").is_some() {
        return lines;
    }
    let now = jiff::Zoned::now().strftime("%H:%M:%S ").to_string();
    lines.iter().map(|line| line.after(&now)).collect()
}

/// A node that starts, unless the program is to stop first. Tells why it does not.
///
/// # Errors
/// The exit of a program without a node.
pub(super) async fn started<T>(
    start: impl Future<Output = Result<T, StartError>>,
    stop: &CancellationToken,
    printer: &Printer,
) -> Result<T, Exit> {
    let started = tokio::select! {
        started = start => started,
        () = stop.cancelled() => return Err(Exit::Well),
    };
    started.map_err(|error| {
        printer.flush();
        report(&t!("error", why = errors::start(&error)));
        Exit::Failed
    })
}

/// Waits until one of two says stop.
pub(super) async fn either(one: &CancellationToken, other: &CancellationToken) {
    tokio::select! {
        () = one.cancelled() => {}
        () = other.cancelled() => {}
    }
}

/// Waits for an orderly stop, for a while.
pub async fn within<T>(stop: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(STOP_WITHIN, stop).await.ok()
}

/// Waits for the end of a server and tells how it went.
pub(super) async fn finish(
    stop: impl Future<Output = Result<(), StopError>>,
    printer: &Printer,
) -> Exit {
    match within(stop).await {
        Some(Ok(())) => Exit::Well,
        Some(Err(error)) => {
            printer.line(complaint(errors::stop(&error)));
            Exit::Failed
        }
        None => {
            printer.line(complaint(t!("error-no-orderly-stop")));
            Exit::Failed
        }
    }
}
