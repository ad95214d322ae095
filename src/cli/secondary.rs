//! `videosecundario`: a secondary and its prompt.

use std::{ffi::OsString, path::PathBuf, process::ExitCode, sync::Arc};

use jiff::Zoned;
use tokio::sync::mpsc;

use super::{
    args::{SecondaryArgs, SecondaryCommand},
    commands::{self, CommonLine, Form, SecondaryLine},
    console::{Console, Mode, Printer, page_columns},
    exit::Exit,
    flags,
    limits::Limits,
    news::SecondaryNews,
    orders::{
        self,
        secondary::{SecondaryAnswer, Served},
    },
    output,
    program::{self, finish},
    reload, retired,
    service::Manager,
    signals::{Hangup, Requests},
    text::{self, bad_line::explain, help, limits::Limited, line::complaint, t, topics},
    timetable::Held,
};
use crate::{
    model::{SecondaryNumber, is_bucket_address},
    node::{
        NetworkRole, Security, StartError, announced_ip,
        secondary::{self, SecondaryEvent, SecondaryHandle, SecondaryOrders},
        where_to_listen,
    },
};

/// The program.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// The program with a given command line, whose first word is its name.
pub fn main_with(args: impl Iterator<Item = OsString>) -> ExitCode {
    let line: Vec<OsString> = args.collect();
    let mut args: SecondaryArgs = match flags::read(&line) {
        Ok(args) => args,
        Err(end) => return end,
    };
    if let Some(SecondaryCommand::Order(order)) = &args.instead {
        let (line, which) = (order.line.clone(), &order.which);
        let which = orders::Which {
            port: which.puerto,
            number: which.numero,
            yes: which.si,
        };
        return orders::give::<orders::secondary::Secondary>(line, which, &order.how);
    }
    let security = match args.security.load(NetworkRole::Both) {
        Ok(security) => security,
        Err(error) => return output::refuse(&error),
    };
    if let Err(error) = args.http.read_password() {
        return output::refuse(&error);
    }
    if let Err(trouble) = args.http.check(&security, &args.ip) {
        return flags::wrong(&trouble.text(), "videosecundario");
    }
    let number = match args.number() {
        Ok(number) => number,
        Err(error) => return flags::wrong(&error, "videosecundario"),
    };
    let mode = Mode::detect(args.sin_consola);
    let commands = topics::of(commands::SECONDARY);
    program::run_with(
        "videosecundario",
        &args.common.clone(),
        mode,
        Hangup::of(args.sin_consola),
        commands,
        |console, requests| run(args, number, security, line, console, requests),
    )
}

/// Resolves the names in its command line and starts it.
async fn start(
    args: &SecondaryArgs,
    number: SecondaryNumber,
    security: &Arc<Security>,
    events: mpsc::Sender<SecondaryEvent>,
) -> Result<(SecondaryHandle, PathBuf), StartError> {
    let listen = where_to_listen(&args.ip.host, args.port(number)).await?;
    let announced = match &args.ip_anunciada {
        Some(place) => announced_ip(&place.host).await?,
        None => None,
    };
    let config = args.config(number, listen, announced, Arc::clone(security));
    let folder = config.folder.clone();
    let handle = secondary::start(config, events).await?;
    Ok((handle, folder))
}

/// What it serves, for people.
fn served(place: PathBuf) -> String {
    if place.to_str().is_some_and(is_bucket_address) {
        return t!("bucket-served", bucket = place);
    }
    let shown = std::path::absolute(&place).unwrap_or(place);
    t!("folder-served", folder = shown)
}

/// What limits what it sends, and tells when that changes by itself.
async fn limits(
    handle: &SecondaryHandle,
    args: &SecondaryArgs,
    printer: Printer,
) -> Limits<SecondaryOrders> {
    let tell = move |held: &Held| {
        let changed = text::limits::changed(Limited::Upload, held, &Zoned::now());
        printer.news(program::timed(vec![changed.into()]));
    };
    Limits::start((**handle).clone(), args.limite_subida.clone(), tell).await
}

/// Starts, and tells what happens meanwhile.
async fn telling<T>(
    start: impl Future<Output = T>,
    events: &mut mpsc::Receiver<SecondaryEvent>,
    printer: &Printer,
) -> T {
    tokio::pin!(start);
    loop {
        tokio::select! {
            biased;
            started = &mut start => return started,
            Some(event) = events.recv() => {
                let line = text::secondary::event(&event);
                printer.news(program::timed(vec![line]));
            }
        }
    }
}

async fn run(
    args: SecondaryArgs,
    number: SecondaryNumber,
    security: Arc<Security>,
    line: Vec<OsString>,
    mut console: Console,
    requests: Requests,
) -> Exit {
    let Requests {
        stop, reload, log, ..
    } = requests;
    let manager = Manager::default();
    let printer = console.printer.clone();
    let (sender, mut events) = mpsc::channel(program::EVENTS);
    let start = start(&args, number, &security, sender);
    let start = telling(start, &mut events, &printer);
    let (handle, folder) = match program::started(start, &stop, &printer).await {
        Ok(started) => started,
        Err(exit) => return exit,
    };
    // Whoever hears that it listens may give it orders.
    let mut orders = orders::taken(
        args.socket.as_deref(),
        "secundario",
        handle.address(),
        &printer,
    );
    printer.line(t!("listening", address = handle.address()));
    printer.line(served(folder));
    let limits = limits(&handle, &args, printer.clone()).await;
    console.complete(Arc::new(retired::RetiredValues(handle.retired_store())));
    let gave_up = handle.stopped();
    let stopped = program::either(&stop, &gave_up);
    let read_again = async || {
        if let Some(args) = reload::read::<SecondaryArgs>(&line, &log, &security) {
            limits
                .set(args.limite_subida.clone().unwrap_or_default())
                .await;
            if let Err(error) = handle.set_retired_limits(args.retired_limits()).await {
                tracing::warn!(%error, "what was set aside cannot be looked at");
            }
        }
    };
    let alive = async || handle.running().await.is_ok();
    let mut emptying = None;
    program::serve(
        &mut console,
        (&mut events, &mut orders),
        manager.watch(stopped, reload, read_again, alive),
        (SecondaryNews::default(), |event| {
            manager.secondary_event(event, &text::secondary::event(event).text());
        }),
        async |line| command(line, (&handle, &limits), &printer, &mut emptying).await,
        async |asked| {
            let served = (&handle, &limits);
            let perform = async |request| orders::secondary::order(served, request).await;
            orders::answer(asked, perform).await;
        },
    )
    .await;
    manager.stopping();
    // It has stopped by itself; in a moment it has stopped in any case.
    let has_given_up = gave_up.is_cancelled();
    match finish(handle.stop(), &printer).await {
        Exit::Well if has_given_up => Exit::Failed,
        exit => exit,
    }
}

/// False when the program is to end. `emptying` are numbers of files that go for good if the next line agrees.
async fn command(
    line: &str,
    served: Served<'_>,
    printer: &Printer,
    emptying: &mut Option<Vec<u64>>,
) -> bool {
    if let Some(numbers) = emptying.take() {
        if commands::is_yes(line) {
            let answer = orders::secondary::remove(served.0, numbers).await;
            printer.lines(orders::shown(&answer, Form::Table));
            return true;
        }
        if commands::is_no(line) {
            return true;
        }
    }
    let parsed = match commands::secondary(line) {
        Ok(parsed) => parsed,
        Err(bad) => {
            printer.line(complaint(explain(&bad)));
            return true;
        }
    };
    let columns = page_columns();
    match parsed {
        SecondaryLine::Common(CommonLine::Help(word)) => {
            printer.lines(help::answer(
                word.as_deref(),
                &topics::of(commands::SECONDARY),
                columns,
            ));
        }
        SecondaryLine::Common(CommonLine::Empty) => {}
        SecondaryLine::Common(CommonLine::Quit) => return false,
        line => {
            let form = orders::secondary::form(&line);
            let answer = orders::secondary::perform(served, line, false).await;
            if let Ok(Some(SecondaryAnswer::ToRemove(files))) = &answer {
                *emptying = Some(files.iter().map(|file| file.number).collect());
            }
            match answer {
                // It says itself when it begins and ends.
                Ok(None | Some(SecondaryAnswer::Reindexing)) | Err(_) => {}
                Ok(Some(answer)) => printer.lines(orders::shown(&answer, form)),
            }
        }
    }
    true
}
