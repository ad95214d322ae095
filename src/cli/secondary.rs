//! `videosecundario`: a secondary and its prompt.

use std::{ffi::OsString, process::ExitCode};

use clap::Parser;
use tokio::sync::mpsc;

use super::{
    args::SecondaryArgs,
    central::{counts, finish},
    commands::{self, CommonLine, SecondaryLine, explain},
    console::{Console, Mode, Printer},
    exit::Exit,
    program,
    service::Manager,
    signals::{Hangup, Requests},
    text::{self, errors, help},
};
use crate::node::{
    NetworkRole,
    secondary::{self, SecondaryConfig, SecondaryHandle},
};

/// The program.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// The program with a command line of somebody else's, its name first.
pub fn main_with(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args = SecondaryArgs::parse_from(args);
    let security = match args.security.load(NetworkRole::Both) {
        Ok(security) => security,
        Err(error) => return program::refuse(&error),
    };
    let config = args.config(security).unwrap_or_else(|error| error.exit());
    let mode = Mode::detect(args.sin_consola);
    let hangup = Hangup::of(args.sin_consola);
    program::run_with(
        &args.common,
        mode,
        hangup,
        commands::SECONDARY,
        |console, requests| run(config, console, requests),
    )
}

async fn run(config: SecondaryConfig, mut console: Console, requests: Requests) -> Exit {
    let Requests { stop, reload } = requests;
    let manager = Manager::default();
    let printer = console.printer.clone();
    let (sender, mut events) = mpsc::channel(program::EVENTS);
    let folder = config.folder.clone();
    let started = tokio::select! {
        started = secondary::start(config, sender) => started,
        () = stop.cancelled() => return Exit::Well,
    };
    let handle = match started {
        Ok(handle) => handle,
        Err(error) => {
            printer.flush();
            program::report(&format!("error: {}", errors::start(&error)));
            return Exit::Failed;
        }
    };
    printer.line(format!("Servidor escuchando en {}", handle.address()));
    printer.line(format!("Carpeta {}", folder.display()));
    let gave_up = handle.stopped();
    let stopped = async {
        tokio::select! {
            () = stop.cancelled() => {}
            () = gave_up.cancelled() => {}
        }
    };
    let alive = async || handle.running().await.is_ok();
    program::serve(
        &mut console,
        &mut events,
        manager.watch(stopped, reload, alive),
        |event| {
            let line = text::secondary::event(event);
            manager.secondary_event(event, &line);
            line
        },
        async |line| command(line, &handle, &printer).await,
    )
    .await;
    manager.stopping();
    let exit = if gave_up.is_cancelled() {
        Exit::Failed
    } else {
        Exit::Well
    };
    match finish(handle.stop(), &printer).await {
        Exit::Well => exit,
        failed => failed,
    }
}

/// False when the program is to end.
async fn command(line: &str, handle: &SecondaryHandle, printer: &Printer) -> bool {
    let parsed = match commands::secondary(line) {
        Ok(parsed) => parsed,
        Err(bad) => {
            printer.line(explain(&bad));
            return true;
        }
    };
    match parsed {
        SecondaryLine::Running => {
            let transfers = handle.running().await.unwrap_or_default();
            printer.lines(text::secondary::running(&transfers));
        }
        SecondaryLine::Downloads => {
            let rows = handle.downloads().await.unwrap_or_default();
            printer.lines(counts("video", &rows));
        }
        SecondaryLine::Common(CommonLine::Help) => {
            printer.lines(help::lines(&[help::SECONDARY, help::COMMON]));
        }
        SecondaryLine::Common(CommonLine::Empty) => {}
        SecondaryLine::Common(CommonLine::Quit) => return false,
    }
    true
}
