//! `videocentral`: a central and its prompt.

use std::{ffi::OsString, process::ExitCode};

use clap::Parser;
use tokio::sync::mpsc;

use super::{
    args::{CentralArgs, CentralCommand},
    certificates,
    commands::{self, CentralLine, CommonLine, explain},
    console::{Console, Mode, Printer},
    exit::Exit,
    program,
    service::Manager,
    signals::{Hangup, Requests},
    text::{self, errors, help, table::table},
};
use crate::node::{
    NetworkRole,
    central::{self, CentralConfig, CentralHandle, DownloadCount},
};

/// The program.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// The program with a command line of somebody else's, its name first.
pub fn main_with(args: impl Iterator<Item = OsString>) -> ExitCode {
    let args = CentralArgs::parse_from(args);
    if let Some(CentralCommand::Certificados(args)) = &args.instead {
        return certificates::main(args);
    }
    let security = match args.security.load(NetworkRole::Listens) {
        Ok(security) => security,
        Err(error) => return program::refuse(&error),
    };
    let mode = Mode::detect(args.sin_consola);
    program::run_with(
        &args.common.clone(),
        mode,
        Hangup::of(args.sin_consola),
        commands::CENTRAL,
        |console, requests| run(args.config(security), console, requests),
    )
}

async fn run(config: CentralConfig, mut console: Console, requests: Requests) -> Exit {
    let manager = Manager::default();
    let printer = console.printer.clone();
    let (sender, mut events) = mpsc::channel(program::EVENTS);
    let warning = text::security::of_central(&config.security);
    let handle = match central::start(config, sender).await {
        Ok(handle) => handle,
        Err(error) => {
            printer.flush();
            program::report(&format!("error: {}", errors::start(&error)));
            return Exit::Failed;
        }
    };
    let listening = format!("Servidor escuchando en {}", handle.address());
    manager.ready(&listening);
    printer.line(listening);
    printer.lines(warning.into_iter().map(str::to_owned).collect());
    let Requests { stop, reload } = requests;
    let alive = async || handle.status().await.is_ok();
    program::serve(
        &mut console,
        &mut events,
        manager.watch(stop.cancelled(), reload, alive),
        |event| {
            let line = text::central::event(event);
            manager.central_event(event, &line);
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
    stop: impl Future<Output = Result<(), crate::store::StoreError>>,
    printer: &Printer,
) -> Exit {
    match program::within(stop).await {
        Some(Ok(())) => Exit::Well,
        Some(Err(error)) => {
            printer.line(format!(
                "error: no se guardaron las estadísticas: {}",
                errors::store(&error)
            ));
            Exit::Failed
        }
        None => {
            printer.line("error: no se pudo parar en orden");
            Exit::Failed
        }
    }
}

/// False when the program is to end.
async fn command(line: &str, handle: &CentralHandle, printer: &Printer) -> bool {
    let parsed = match commands::central(line) {
        Ok(parsed) => parsed,
        Err(bad) => {
            printer.line(explain(&bad));
            return true;
        }
    };
    match parsed {
        CentralLine::PerFile => {
            let rows = handle.downloads_per_file().await.unwrap_or_default();
            printer.lines(counts("video", &rows));
        }
        CentralLine::PerClient => {
            let rows = handle.downloads_per_client().await.unwrap_or_default();
            printer.lines(counts("cliente", &rows));
        }
        CentralLine::Status => {
            if let Ok(status) = handle.status().await {
                printer.lines(text::central::status(&status));
            }
        }
        CentralLine::Common(CommonLine::Help) => {
            printer.lines(help::lines(&[help::CENTRAL, help::COMMON]));
        }
        CentralLine::Common(CommonLine::Empty) => {}
        CentralLine::Common(CommonLine::Quit) => return false,
    }
    true
}

/// A table of downloads.
pub(super) fn counts(what: &str, rows: &[DownloadCount]) -> Vec<String> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| vec![row.name.clone(), row.downloads.to_string()])
        .collect();
    table(&[what, "descargas"], &rows)
}
