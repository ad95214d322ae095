//! `videocentral`: a central and its prompt.

use std::{ffi::OsString, process::ExitCode, sync::Arc};

use tokio::sync::mpsc;

#[cfg(feature = "grpc")]
use super::remote;
use super::{
    args::{CentralArgs, CentralCommand},
    auditor, certificates,
    commands::{self, CentralLine, CommonLine},
    console::{Console, Mode, Printer, page_columns},
    diary, doors,
    exit::Exit,
    flags,
    logging::Log,
    news::CentralNews,
    orders::{self, central::By},
    output,
    program::{self, finish},
    reload,
    service::Manager,
    several,
    signals::{Hangup, Requests},
    text::{
        self,
        bad_line::explain,
        help,
        line::{Line, Tone, complaint},
        t, topics,
    },
};
use crate::node::{
    NetworkRole, Security,
    central::{self, CentralOrders, Unanswered},
    doors::{CHILD, run_child},
    where_to_listen,
};

/// The program.
pub fn main() -> ExitCode {
    main_with(std::env::args_os())
}

/// The program with a given command line, whose first word is its name.
pub fn main_with(args: impl Iterator<Item = OsString>) -> ExitCode {
    let line: Vec<OsString> = args.collect();
    if line.get(1).is_some_and(|first| first == CHILD) {
        return match run_child() {
            Ok(()) => Exit::Well.into(),
            Err(_) => Exit::Failed.into(),
        };
    }
    let mut args: CentralArgs = match flags::read(&line) {
        Ok(args) => args,
        Err(end) => return end,
    };
    match &args.instead {
        Some(CentralCommand::Certificados(args)) => return certificates::main(args),
        Some(CentralCommand::CertificadosMotor(args)) => return certificates::for_engine(args),
        Some(CentralCommand::Diario(args)) => return diary::main(args),
        Some(CentralCommand::Auditor(args)) => return auditor::main(args),
        #[cfg(feature = "grpc")]
        Some(CentralCommand::Consola(args)) => return remote::main(args),
        Some(CentralCommand::Order(order)) => {
            let which = orders::Which {
                port: order.which.puerto,
                ..orders::Which::default()
            };
            let line = order.line.clone();
            return orders::give::<orders::central::Central>(line, which, &order.how);
        }
        None => {}
    }
    let security = match args.security.load(NetworkRole::Listens) {
        Ok(security) => security,
        Err(error) => return output::refuse(&error),
    };
    if let Err(error) = args.http.read_password() {
        return output::refuse(&error);
    }
    if let Err(trouble) = args.http.check(&security, &args.ip) {
        return flags::wrong(&trouble.text(), "videocentral");
    }
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
    let operator = orders::operator::operator();
    let start = async {
        let listen = where_to_listen(&args.ip.host, args.puerto).await?;
        let several = several::config(&args, listen).await?;
        let security = Arc::clone(&security);
        let config = args.config(listen, security, several, operator.clone());
        central::start(config, sender).await
    };
    let handle = match program::started(start, &requests.stop, &printer).await {
        Ok(handle) => handle,
        Err(exit) => return exit,
    };
    // Whoever hears that it listens may give it orders.
    let mut orders = orders::taken(
        args.socket.as_deref(),
        "central",
        handle.address(),
        &printer,
    );
    let Ok(_doors) = doors::open(&args, &security, &handle, &printer).await else {
        let _ = program::within(handle.stop()).await;
        return Exit::Failed;
    };
    let listening = t!("listening", address = handle.address());
    manager.ready(&listening);
    printer.line(listening);
    printer.lines(warning.map(|text| Line::new(Tone::Warning, text)));
    let Requests {
        stop, reload, log, ..
    } = requests;
    let gave_up = handle.stopped();
    let stopped = program::either(&stop, &gave_up);
    // One on standby lives too.
    let alive = async || handle.own().await.is_ok();
    let read_again = async || read_again(&line, &log, &security, &handle).await;
    program::serve(
        &mut console,
        (&mut events, &mut orders),
        manager.watch(stopped, reload, read_again, alive),
        (CentralNews::default(), |event| {
            let text = text::central::event(event).text();
            operator.tell(&text);
            manager.central_event(event, &text);
        }),
        async |line| command(line, &handle, &printer).await,
        async |asked| {
            let perform =
                async |request| orders::central::order(&handle, request, By::console()).await;
            orders::answer(asked, perform).await;
        },
    )
    .await;
    manager.stopping();
    finish(handle.stop(), &printer).await
}

/// What changes while it runs when its options are read again.
async fn read_again(line: &[OsString], log: &Log, security: &Security, handle: &CentralOrders) {
    if let Some(args) = reload::read::<CentralArgs>(line, log, security) {
        let most = args.max_clientes as usize;
        if let Err(error) = handle.set_max_downloads(most).await {
            tracing::warn!(%error, most, "max-clients stays as it is");
        }
    }
}

/// False when the program is to end.
async fn command(line: &str, handle: &CentralOrders, printer: &Printer) -> bool {
    let parsed = match commands::central(line) {
        Ok(parsed) => parsed,
        Err(bad) => {
            printer.line(complaint(explain(&bad)));
            return true;
        }
    };
    let columns = page_columns();
    match parsed {
        CentralLine::Common(CommonLine::Help(word)) => {
            printer.lines(help::answer(
                word.as_deref(),
                &topics::of(commands::CENTRAL),
                columns,
            ));
        }
        CentralLine::Common(CommonLine::Empty) => {}
        CentralLine::Common(CommonLine::Quit) => return false,
        line => {
            let form = orders::central::form(&line);
            match orders::central::perform(handle, line, By::console(), None).await {
                Ok(Some(answer)) => printer.lines(orders::shown(&answer, form)),
                Ok(None) | Err(Unanswered::Stopped(_)) => {}
                Err(why) => printer.line(complaint(orders::central::unanswered(&why))),
            }
        }
    }
    true
}
