//! `videocliente`: a client and its prompt. The prompt is also `videolocal`'s, which adds commands to it.

use std::{future::Future, pin::Pin, process::ExitCode, time::Duration};

use tokio::{sync::mpsc, time::interval};
use tokio_util::sync::CancellationToken;

use super::{
    args::ClientArgs,
    commands::{self, ClientLine, CommonLine, explain},
    console::{Console, Entered, Mode, Printer},
    exit::Exit,
    program,
    text::{self, errors, help},
};
use crate::{
    model::ClientName,
    node::{
        NetworkRole,
        client::{self, ClientConfig, ClientEvent, ClientHandle, DownloadNumber},
    },
};

/// How often the live lines are looked at.
const LIVE_EVERY: Duration = Duration::from_millis(500);

/// Commands that a program adds to a client's.
pub trait Extra: Send {
    /// Answers a line that is one of its commands; `None` for others.
    fn try_run<'a>(
        &'a mut self,
        line: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<String>>> + Send + 'a>>;

    /// Its commands, for the help.
    fn help(&self) -> &'static [help::Entry];
}

/// Adds nothing.
#[derive(Debug)]
pub struct NoExtra;

impl Extra for NoExtra {
    fn try_run<'a>(
        &'a mut self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<String>>> + Send + 'a>> {
        Box::pin(std::future::ready(None))
    }

    fn help(&self) -> &'static [help::Entry] {
        &[]
    }
}

/// The program.
pub fn main() -> ExitCode {
    let args: ClientArgs = program::parse();
    let security = match args.security.load(NetworkRole::Connects) {
        Ok(security) => security,
        Err(error) => return program::refuse(&error),
    };
    let mode = Mode::detect(false);
    let central = (args.ip_central.clone(), args.puerto_central);
    let config = args
        .download
        .config(central, args.common.estadisticas.clone(), security);
    let name = args.nombre;
    program::run(&args.common, mode, commands::CLIENT, |console, stop| {
        run(config, name, NoExtra, console, stop)
    })
}

/// Runs a client between a console and the cluster.
pub async fn run(
    config: ClientConfig,
    name: Option<ClientName>,
    extra: impl Extra,
    mut console: Console,
    stop: CancellationToken,
) -> Exit {
    let (sender, mut events) = mpsc::channel(program::EVENTS);
    let handle = client::start(config, sender).await;
    let mut prompt = Prompt {
        handle: handle.clone(),
        printer: console.printer.clone(),
        extra,
        failed: 0,
    };
    if let Some(name) = name {
        prompt.enrol(name).await;
    }
    if console.mode == Mode::Prompt {
        prompt.printer.line("Escribe H para ver las órdenes");
    }
    console.open();
    let mut tick = interval(LIVE_EVERY);
    let end = loop {
        tokio::select! {
            () = stop.cancelled() => break Exit::Well,
            Some(event) = events.recv() => prompt.tell(&event),
            entered = console.entered.recv() => match entered {
                Some(Entered::Line(line)) => {
                    if !prompt.command(&line).await {
                        break Exit::Well;
                    }
                }
                Some(Entered::TooLong) => prompt.complain("Línea demasiado larga"),
                Some(Entered::End) | None => match console.mode {
                    Mode::Prompt => break Exit::Well,
                    Mode::Lines | Mode::None => break prompt.wait(&mut events, &stop).await,
                },
            },
            _ = tick.tick(), if console.mode == Mode::Prompt => {
                if let Ok(views) = handle.downloads().await {
                    prompt.printer.live(text::client::live(&views));
                }
            }
        }
    };
    prompt.printer.live(Vec::new());
    let stopped = program::within(handle.stop()).await;
    while let Ok(event) = events.try_recv() {
        prompt.tell(&event);
    }
    match stopped {
        Some(Ok(())) => end,
        Some(Err(error)) => {
            let why = errors::store(&error);
            prompt.complain(&format!("error: no se guardaron las estadísticas: {why}"));
            Exit::Failed
        }
        None => {
            prompt.complain("error: no se pudo parar en orden");
            Exit::Failed
        }
    }
}

struct Prompt<E> {
    handle: ClientHandle,
    printer: Printer,
    extra: E,
    /// Commands that could not be done.
    failed: u64,
}

impl<E: Extra> Prompt<E> {
    fn tell(&self, event: &ClientEvent) {
        self.printer.lines(text::client::event(event));
    }

    fn complain(&mut self, message: &str) {
        self.failed += 1;
        self.printer.line(message);
    }

    /// Waits for the downloads, after the last command of a pipe.
    async fn wait(
        &mut self,
        events: &mut mpsc::Receiver<ClientEvent>,
        stop: &CancellationToken,
    ) -> Exit {
        let handle = self.handle.clone();
        let idle = handle.wait_idle();
        tokio::pin!(idle);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Exit::Failed,
                Some(event) = events.recv() => self.tell(&event),
                tally = &mut idle => {
                    let is_well = tally.is_ok_and(|tally| tally.all_well()) && self.failed == 0;
                    return if is_well { Exit::Well } else { Exit::Failed };
                }
            }
        }
    }

    async fn enrol(&mut self, name: ClientName) {
        match self.handle.enrol(name.clone()).await {
            Ok(()) => self.printer.line(format!("Inscrito como {name}")),
            Err(error) => {
                let why = errors::client(&error);
                self.complain(&format!("Te llamas {name}, pero {why}"));
            }
        }
    }

    /// False when the program is to end.
    async fn command(&mut self, line: &str) -> bool {
        if let Some(answer) = self.extra.try_run(line).await {
            self.printer.lines(answer);
            return true;
        }
        match commands::client(line) {
            Err(bad) => self.complain(&explain(&bad)),
            Ok(ClientLine::Enrol(name)) => self.enrol(name).await,
            Ok(ClientLine::List) => match self.handle.list().await {
                Ok(files) => self.printer.lines(text::client::listing(&files)),
                Err(error) => self.complain(&errors::client(&error)),
            },
            Ok(ClientLine::Download(file)) => match self.handle.download(file).await {
                Ok(answer) => self.printer.line(text::client::answer(&answer)),
                Err(error) => self.complain(&errors::client(&error)),
            },
            Ok(ClientLine::Status) => self.status().await,
            Ok(ClientLine::Cancel(number)) => {
                match self.handle.cancel(DownloadNumber(number)).await {
                    Ok(true) => self
                        .printer
                        .line(format!("Se cancela la descarga {number}")),
                    Ok(false) | Err(_) => {
                        self.complain(&format!("No hay ninguna descarga {number} en curso"));
                    }
                }
            }
            Ok(ClientLine::Common(CommonLine::Help)) => {
                let groups = [help::CLIENT, self.extra.help(), help::COMMON];
                self.printer.lines(help::lines(&groups));
            }
            Ok(ClientLine::Common(CommonLine::Empty)) => {}
            Ok(ClientLine::Common(CommonLine::Quit)) => return false,
        }
        true
    }

    async fn status(&mut self) {
        let views = self.handle.downloads().await.unwrap_or_default();
        self.printer.lines(text::client::downloads(&views));
        match self.handle.status().await {
            Ok(status) => self.printer.lines(text::central::status(&status)),
            Err(error) => self.complain(&errors::client(&error)),
        }
    }
}
