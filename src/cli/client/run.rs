//! The loop of a client's prompt: what is typed, what happens, and how it ends.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    around::{Around, changed},
    asking::Asking,
    prompt::{Extra, Prompt},
    question::{Next, Question},
};
use crate::{
    cli::{
        args::Habits,
        commands,
        console::{Console, Entered, Mode},
        exit::Exit,
        program,
        signals::Requests,
        suggestions::ClientValues,
        text::{self, t},
        timetable::Held,
    },
    model::{ClientName, ClusterStatus},
    node::client::{self, ClientConfig, ClientEvent, ClientHandle, Patience},
};

/// How often the live lines are looked at.
const LIVE_EVERY: Duration = Duration::from_millis(500);
/// How often the central is asked whether service has begun.
const SERVICE_EVERY: Duration = Duration::from_secs(1);

/// Runs a client between a console and the cluster.
pub async fn run(
    (mut config, habits): (ClientConfig, Habits),
    name: Option<ClientName>,
    extra: impl Extra,
    mut console: Console,
    requests: Requests,
) -> Exit {
    let Requests {
        stop, interrupts, ..
    } = requests;
    let (sender, mut events) = mpsc::channel(program::EVENTS);
    if console.mode == Mode::Prompt {
        config.patience = Patience::Waits;
        interrupts.decide();
    }
    let handle = client::start(config.clone(), sender).await;
    let printer = console.printer.clone();
    let told = move |held: &Held| printer.news([changed(held)]);
    let mut around = Around::start(&handle, habits, told).await;
    let prompt = Prompt::new((handle, &around), config, extra, &console, stop.clone());
    // Waits for service to begin, after somebody was told that it has not.
    let mut service = JoinSet::new();
    let mut asking = Asking::default();
    asking.ask(&prompt, enrol(), Question::Name(name)).await;
    open(&prompt, &mut console);
    let mut tick = interval(LIVE_EVERY);
    let end = loop {
        if prompt.wants_service.take() && service.is_empty() {
            service.spawn(until_service(prompt.handle.clone()));
        }
        tokio::select! {
            () = stop.cancelled() => break Exit::Well,
            () = interrupts.heard() => if prompt.is_to_end().await { break Exit::Well },
            () = asking.answered() => asking.go_on(&prompt),
            Some(event) = events.recv() => {
                around.event(&event);
                prompt.tell(&event);
            }
            failed = around.at_end.ended() => prompt.program_ended(failed),
            entered = console.next() => match entered {
                Some(Entered::Line(line)) => match prompt.here(&line).await {
                    Next::Done => {}
                    Next::Ask(question) => asking.ask(&prompt, &line, question).await,
                    Next::Quit => break Exit::Well,
                },
                Some(Entered::TooLong) => prompt.complain(t!("line-too-long")),
                Some(Entered::Interrupt) => {
                    if !asking.gives_up(&prompt) && prompt.is_to_end().await {
                        break Exit::Well;
                    }
                    console.open();
                }
                Some(Entered::End) | None if prompt.has_person => break Exit::Well,
                Some(Entered::End) | None => {
                    break wait(&prompt, &mut events, &mut around, &stop).await;
                }
            },
            Some(Ok(status)) = service.join_next(), if !service.is_empty() => {
                prompt.printer.line(text::client::service(&status));
                asking.ask_again(&prompt).await;
            }
            _ = tick.tick() => prompt.look(&mut around).await,
        }
    };
    drop(asking);
    let exit = end.or_worse(prompt.end(&mut events, &mut around).await);
    all_printed(&prompt, &console, exit).await
}

/// Every answer to a pipe is printed, however slow its reader is.
async fn all_printed<E: Extra>(prompt: &Prompt<E>, console: &Console, exit: Exit) -> Exit {
    match console.mode {
        Mode::Lines => exit.or_worse(program::printed(&prompt.printer, &prompt.stop).await),
        Mode::Prompt | Mode::None => exit,
    }
}

/// The command that gives a name.
fn enrol() -> &'static str {
    commands::find(commands::CLIENT, "INSCRIBIR").map_or("", |e| commands::in_language(e.names))
}

/// Lets a person type.
fn open<E: Extra>(prompt: &Prompt<E>, console: &mut Console) {
    if prompt.has_person {
        let (handle, target) = (prompt.handle.clone(), prompt.config.target.clone());
        console.complete(Arc::new(ClientValues::new(handle, target)));
        prompt.printer.line(t!("hint-help"));
    }
    console.open();
}

/// Ends when service has begun.
async fn until_service(client: ClientHandle) -> ClusterStatus {
    loop {
        sleep(SERVICE_EVERY).await;
        match client.status().await {
            Ok(status) if status.ready => return status,
            Ok(_) | Err(_) => {}
        }
    }
}

/// Waits for the downloads, after the last command of a pipe.
async fn wait<E: Extra>(
    prompt: &Prompt<E>,
    events: &mut mpsc::Receiver<ClientEvent>,
    around: &mut Around,
    stop: &CancellationToken,
) -> Exit {
    let idle = prompt.handle.wait_idle();
    tokio::pin!(idle);
    let mut tick = interval(LIVE_EVERY);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Exit::Failed,
            Some(event) = events.recv() => {
                around.event(&event);
                prompt.tell(&event);
            }
            failed = around.at_end.ended() => prompt.program_ended(failed),
            _ = tick.tick() => prompt.look(around).await,
            tally = &mut idle => {
                let is_well = tally.is_ok_and(|tally| tally.all_well()) && prompt.failed.get() == 0;
                return if is_well { Exit::Well } else { Exit::Failed };
            }
        }
    }
}
