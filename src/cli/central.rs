//! `videocentral`: a central and its prompt.

use std::{ffi::OsString, process::ExitCode, sync::Arc};

use tokio::sync::mpsc;

use super::{
    args::{CentralArgs, CentralCommand},
    certificates,
    commands::{self, CentralLine, CommonLine, Drain, Form},
    console::{Console, Mode, Printer},
    exit::Exit,
    flags, output,
    program::{self, finish},
    reload,
    service::Manager,
    signals::{Hangup, Requests},
    text::{
        self,
        bad_line::explain,
        errors, help,
        line::{Line, Tone, complaint},
        t, topics,
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

/// The program with a given command line, whose first word is its name.
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
        Err(error) => return output::refuse(&error),
    };
    let mode = Mode::detect(args.sin_consola);
    let commands = topics::of(commands::CENTRAL);
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
            output::report(&t!("error", why = errors::start(&error)));
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

/// False when the program is to end.
async fn command(line: &str, handle: &CentralHandle, printer: &Printer) -> bool {
    let parsed = match commands::central(line) {
        Ok(parsed) => parsed,
        Err(bad) => {
            printer.line(complaint(explain(&bad)));
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
                printer.line(complaint(t!("no-such-client", name = name)));
            }
        },
        CentralLine::Drain(number, what) => printer.line(drain(handle, number, what).await),
        CentralLine::Conflicts(form) => {
            let conflicts = handle.conflicts().await.unwrap_or_default();
            printer.lines(match form {
                Form::Table => text::conflicts::conflicts(&conflicts),
                Form::Json => text::statistics::json(&conflicts),
            });
        }
        CentralLine::Resolve(name, choice) => {
            printer.line(resolve(handle, name, choice).await);
        }
        CentralLine::Statistics(form) => {
            if let Ok(document) = handle.statistics().await {
                printer.lines(text::statistics::document(&document, form));
            }
        }
        CentralLine::Common(CommonLine::Help(word)) => {
            printer.lines(help::answer(
                word.as_deref(),
                &topics::of(commands::CENTRAL),
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
        Resolved::NoSuchFile => complaint(t!("no-such-file", file = &name)),
        Resolved::NoConflict => complaint(t!("no-conflict", file = &name)),
        Resolved::NoSuchChoice(choices) => complaint(t!(
            "no-such-choice",
            file = &name,
            choice = choice,
            choices = text::list(choices)
        )),
    }
}

async fn drain(handle: &CentralHandle, number: u16, what: Drain) -> Line {
    let known = SecondaryNumber::try_from(u64::from(number)).ok();
    let drained = match known {
        Some(number) => handle
            .drain(number, what == Drain::Begin)
            .await
            .unwrap_or(Drained::NoSuchSecondary),
        None => Drained::NoSuchSecondary,
    };
    let number = number.to_string();
    match drained {
        Drained::Yes => t!("draining", number = number).into(),
        Drained::No => t!("not-draining", number = number).into(),
        Drained::NoSuchSecondary => complaint(t!("no-such-secondary", number = number)),
    }
}
