//! `videocentral consola --en HOST`: the prompt of a central that runs elsewhere. Lines are understood here and obeyed there;
//! answers are shown in this program's language.

use std::{process::ExitCode, time::Instant};

use tokio::sync::mpsc;

use super::{
    args::{CENTRAL_PORT, ConsoleArgs},
    commands::{self, CentralLine, CommonLine},
    console::{Console, Mode, Printer, page_columns},
    exit::Exit,
    news::News,
    orders::{self, Answer},
    output::{report, say, wrote},
    program, runtime,
    signals::Requests,
    text::{
        bad_line::explain,
        clean, coded, errors, help,
        line::{Line, complaint},
        t, topics,
    },
};
use crate::node::{
    central::CentralAnswer,
    console::{ConsoleConfig, ConsoleError, RemoteConsole},
    orders::Orders,
};

/// The program.
pub(super) fn main(args: &ConsoleArgs) -> ExitCode {
    let config = match config(args) {
        Ok(config) => config,
        Err(why) => {
            report(&t!("error", why = why));
            return Exit::Usage.into();
        }
    };
    if !args.palabras.is_empty() {
        return once(&config, &args.palabras.join(" "), args.json);
    }
    program::run(
        "videocentral",
        &args.common,
        Mode::detect(false),
        topics::of(commands::CENTRAL),
        |console, requests| run(config, console, requests),
    )
}

fn config(args: &ConsoleArgs) -> Result<ConsoleConfig, String> {
    let read = |path: &std::path::Path| {
        std::fs::read(path).map_err(|error| t!("console-no-file", path = path, why = error))
    };
    let password = match &args.admin_contrasena_archivo {
        Some(path) => read(path)?,
        None => return Err(t!("console-needs-password")),
    };
    let authority = args.tls_ca.as_deref().map(read).transpose()?;
    let place = (args.en.host.clone(), args.en.port.unwrap_or(CENTRAL_PORT));
    Ok(ConsoleConfig {
        place,
        authority,
        password: password.trim_ascii_end().to_vec(),
    })
}

/// One line, and its answer.
fn once(config: &ConsoleConfig, line: &str, json: bool) -> ExitCode {
    let runtime = match runtime::start() {
        Ok(runtime) => runtime,
        Err(error) => {
            report(&t!("error", why = errors::chain(&error.into())));
            return Exit::Failed.into();
        }
    };
    let answered = runtime.block_on(async {
        let console = RemoteConsole::connect(config).await?;
        console.order(line).await
    });
    match answered {
        Err(error) => {
            report(&t!("error", why = why(&error)));
            match error {
                ConsoleError::Bad(_) => Exit::Usage.into(),
                _ => Exit::Unreachable.into(),
            }
        }
        Ok(reply) if json => wrote(say(&[reply.json])).into(),
        Ok(reply) => {
            let lines = shown(&reply.json, &reply.lines);
            let lines: Vec<String> = lines.iter().map(Line::text).collect();
            let exit = Exit::ALL.into_iter();
            let mut exit = exit.filter(|exit| i32::from(exit.code()) == reply.exit);
            let exit = exit.next().unwrap_or(Exit::Failed);
            wrote(say(&lines)).or_worse(exit).into()
        }
    }
}

/// An answer in this program's language; one of another version in the central's.
fn shown(json: &str, lines: &[String]) -> Vec<Line> {
    match serde_json::from_str::<CentralAnswer>(json) {
        Ok(answer) => answer.lines(),
        Err(_) => lines.iter().map(|line| clean(line).into()).collect(),
    }
}

async fn run(config: ConsoleConfig, mut console: Console, requests: Requests) -> Exit {
    let printer = console.printer.clone();
    let connected = async {
        let remote = RemoteConsole::connect(&config).await?;
        let events = remote.events().await?;
        Ok::<_, ConsoleError>((remote, events))
    };
    let (remote, mut told) = match connected.await {
        Ok(connected) => connected,
        Err(error) => {
            printer.flush();
            report(&t!("error", why = why(&error)));
            return Exit::Unreachable;
        }
    };
    let (host, port) = &config.place;
    let place = format!("{host}:{port}");
    printer.line(t!("console-connected", address = place));
    let (tell, mut events) = mpsc::channel(program::EVENTS);
    let gone = tokio_util::sync::CancellationToken::new();
    let over = gone.clone();
    let listening = tokio::spawn(async move {
        while let Some(event) = told.next().await {
            let _ = tell.try_send(event);
        }
        over.cancel();
    });
    let mut none = Orders::none();
    program::serve(
        &mut console,
        (&mut events, &mut none),
        program::either(&requests.stop, &gone),
        (Told, |_: &String| {}),
        async |line| command(line, &remote, &printer).await,
        async |_| {},
    )
    .await;
    listening.abort();
    match gone.is_cancelled() && !requests.stop.is_cancelled() {
        true => {
            printer.line(complaint(t!("console-gone")));
            Exit::Unreachable
        }
        false => Exit::Well,
    }
}

/// False when the program is to end.
async fn command(line: &str, remote: &RemoteConsole, printer: &Printer) -> bool {
    let parsed = match commands::central(line) {
        Ok(parsed) => parsed,
        Err(bad) => {
            printer.line(complaint(explain(&bad)));
            return true;
        }
    };
    match &parsed {
        CentralLine::Common(CommonLine::Help(word)) => {
            let topics = topics::of(commands::CENTRAL);
            printer.lines(help::answer(word.as_deref(), &topics, page_columns()));
        }
        CentralLine::Common(CommonLine::Empty) => {}
        CentralLine::Common(CommonLine::Quit) => return false,
        own => match remote.order(line).await {
            Ok(reply) => {
                let form = orders::central::form(own);
                match serde_json::from_str::<CentralAnswer>(&reply.json) {
                    Ok(answer) => printer.lines(orders::shown(&answer, form)),
                    Err(_) => printer.lines(shown(&reply.json, &reply.lines)),
                }
            }
            Err(error) => printer.line(complaint(why(&error))),
        },
    }
    true
}

fn why(error: &ConsoleError) -> String {
    let text = match error {
        ConsoleError::Unreachable(words) => t!("console-unreachable", why = clean(words)),
        ConsoleError::Password => t!("console-password"),
        ConsoleError::NotTaken(words) => t!("console-not-taken", why = clean(words)),
        ConsoleError::Bad(words) => return clean(words),
    };
    coded(&text, error.code())
}

/// Events are lines already.
#[derive(Debug, Default)]
struct Told;

impl News<String> for Told {
    fn take(&mut self, _: Instant, event: &String) -> Vec<Line> {
        vec![clean(event).into()]
    }

    fn due(&mut self, _: Instant) -> Vec<Line> {
        Vec::new()
    }

    fn rest(&mut self) -> Vec<Line> {
        Vec::new()
    }
}
