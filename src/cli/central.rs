//! `videocentral`: a central and its prompt.

use std::{ffi::OsString, process::ExitCode, sync::Arc};

use tokio::sync::mpsc;

use super::{
    args::{CentralArgs, CentralCommand},
    certificates,
    commands::{self, CentralLine, CommonLine, explain},
    console::{Console, Mode, Printer},
    exit::Exit,
    flags, program, reload,
    service::Manager,
    signals::{Hangup, Requests},
    text::{
        self, errors, help,
        line::{Line, Tone},
        t,
    },
};
use crate::{
    model::{FileName, SecondaryNumber},
    node::{
        NetworkRole, Security,
        central::{self, CentralHandle, Drained, Expelled, Resolved},
        where_to_listen,
    },
};

/// The program.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// The program with a command line of somebody else's, its name first.
pub fn main_with(args: impl Iterator<Item = OsString>) -> ExitCode {
    let line: Vec<OsString> = args.collect();
    let args: CentralArgs = match flags::read(&line) {
        Ok(args) => args,
        Err(end) => return end,
    };
    if let Some(CentralCommand::Certificados(args)) = &args.instead {
        return certificates::main(args);
    }
    let security = match args.security.load(NetworkRole::Listens) {
        Ok(security) => security,
        Err(error) => return program::refuse(&error),
    };
    let mode = Mode::detect(args.sin_consola);
    let commands = help::topics(commands::CENTRAL);
    program::run_with(
        "videocentral",
        &args.common.clone(),
        mode,
        Hangup::of(args.sin_consola),
        commands,
        |console, requests| run(args, security, line, console, requests),
    )
}

async fn run(
    args: CentralArgs,
    security: Arc<Security>,
    line: Vec<OsString>,
    mut console: Console,
    requests: Requests,
) -> Exit {
    let manager = Manager::default();
    let printer = console.printer.clone();
    let (sender, mut events) = mpsc::channel(program::EVENTS);
    let warning = text::security::of_central(&security);
    let started = async {
        let listen = where_to_listen(&args.ip.host, args.puerto).await?;
        let config = args.config(listen, Arc::clone(&security));
        central::start(config, sender).await
    };
    let started = tokio::select! {
        started = started => started,
        () = requests.stop.cancelled() => return Exit::Well,
    };
    let handle = match started {
        Ok(handle) => handle,
        Err(error) => {
            printer.flush();
            program::report(&t!("error", why = errors::start(&error)));
            return Exit::Failed;
        }
    };
    let listening = t!("listening", address = handle.address());
    manager.ready(&listening);
    printer.line(listening);
    printer.lines(warning.map(|text| Line::new(Tone::Warning, text)));
    let Requests { stop, reload, log } = requests;
    let gave_up = handle.stopped();
    let stopped = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = gave_up.cancelled() => {}
        }
    };
    let alive = async || handle.status().await.is_ok();
    let read_again = async || {
        if let Some(args) = reload::read::<CentralArgs>(&line, &log, &security) {
            let most = args.max_clientes as usize;
            let _ = handle.set_max_downloads(most).await;
        }
    };
    program::serve(
        &mut console,
        &mut events,
        manager.watch(stopped, reload, read_again, alive),
        |event| {
            let line = text::central::event(event);
            manager.central_event(event, &line.text());
            line
        },
        async |line| command(line, &handle, &printer).await,
    )
    .await;
    manager.stopping();
    finish(handle.stop(), &printer).await
}

/// Waits for the end of a server and tells how it went.
pub(super) async fn finish(
    stop: impl Future<Output = Result<(), crate::node::StopError>>,
    printer: &Printer,
) -> Exit {
    match program::within(stop).await {
        Some(Ok(())) => Exit::Well,
        Some(Err(error)) => {
            printer.line(program::complaint(errors::stop(&error)));
            Exit::Failed
        }
        None => {
            printer.line(program::complaint(t!("error-no-orderly-stop")));
            Exit::Failed
        }
    }
}

/// False when the program is to end.
async fn command(line: &str, handle: &CentralHandle, printer: &Printer) -> bool {
    let parsed = match commands::central(line) {
        Ok(parsed) => parsed,
        Err(bad) => {
            printer.line(program::complaint(explain(&bad)));
            return true;
        }
    };
    match parsed {
        CentralLine::PerFile => {
            let rows = handle.downloads_per_file().await.unwrap_or_default();
            printer.lines(text::central::counts(t!("column-file"), &rows));
        }
        CentralLine::PerClient => {
            let rows = handle.downloads_per_client().await.unwrap_or_default();
            printer.lines(text::central::counts(t!("column-client"), &rows));
        }
        CentralLine::Status => {
            if let Ok(status) = handle.status().await {
                printer.lines(text::central::status(&status));
            }
        }
        CentralLine::Secondaries => {
            let secondaries = handle.secondaries().await.unwrap_or_default();
            printer.lines(text::nodes::secondaries(&secondaries));
        }
        CentralLine::Clients => {
            let clients = handle.clients().await.unwrap_or_default();
            printer.lines(text::nodes::clients(&clients));
        }
        CentralLine::Queue => {
            let queue = handle.queue().await.unwrap_or_default();
            printer.lines(text::nodes::queue(&queue));
        }
        CentralLine::Expel(name) => match handle.expel(&name).await {
            Ok(Expelled::Clients(count)) => {
                printer.line(t!("expelled", count = count, name = name))
            }
            Ok(Expelled::NoSuchClient) | Err(_) => {
                printer.line(program::complaint(t!("no-such-client", name = name)));
            }
        },
        CentralLine::Drain(number, on) => printer.line(drain(handle, number, on).await),
        CentralLine::Conflicts(as_json) => {
            let conflicts = handle.conflicts().await.unwrap_or_default();
            if as_json {
                let document = serde_json::to_value(&conflicts).ok();
                printer.lines(program::statistics(document, true));
            } else {
                printer.lines(text::conflicts::conflicts(&conflicts));
            }
        }
        CentralLine::Resolve(name, choice) => {
            printer.line(resolve(handle, name, choice).await);
        }
        CentralLine::Statistics(as_json) => {
            let document = handle.statistics().await.ok();
            printer.lines(program::statistics(document, as_json));
        }
        CentralLine::Common(CommonLine::Help(word)) => {
            printer.lines(help::answer(
                word.as_deref(),
                &help::topics(commands::CENTRAL),
            ));
        }
        CentralLine::Common(CommonLine::Empty) => {}
        CentralLine::Common(CommonLine::Quit) => return false,
    }
    true
}

async fn resolve(handle: &CentralHandle, name: FileName, choice: u16) -> Line {
    let resolved = handle.resolve(name.clone(), choice).await;
    match resolved.unwrap_or(Resolved::NoSuchFile) {
        Resolved::To(file) => t!("resolved", file = &file.name).into(),
        Resolved::NoSuchFile => program::complaint(t!("no-such-file", file = &name)),
        Resolved::NoConflict => program::complaint(t!("no-conflict", file = &name)),
        Resolved::NoSuchChoice(choices) => program::complaint(t!(
            "no-such-choice",
            file = &name,
            choice = choice,
            choices = text::list(choices)
        )),
    }
}

async fn drain(handle: &CentralHandle, number: u16, on: bool) -> Line {
    let known = SecondaryNumber::try_from(u64::from(number)).ok();
    let drained = match known {
        Some(number) => handle
            .drain(number, on)
            .await
            .unwrap_or(Drained::NoSuchSecondary),
        None => Drained::NoSuchSecondary,
    };
    let number = number.to_string();
    match drained {
        Drained::Yes => t!("draining", number = number).into(),
        Drained::No => t!("not-draining", number = number).into(),
        Drained::NoSuchSecondary => program::complaint(t!("no-such-secondary", number = number)),
    }
}
