//! A client's prompt, which is also `videolocal`'s: that adds commands to it.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::{
    around::{Around, changed},
    ending::{is_end_of_run, stop_client},
    service::Service,
};
use crate::{
    cli::{
        args::Habits,
        commands::{self, ClientLine, CommonLine},
        console::{Console, Entered, Mode, Printer, columns, page_columns, rows},
        exit::Exit,
        news::{ClientNews, News},
        program,
        signals::Requests,
        suggestions::ClientValues,
        text::{
            self,
            bad_line::explain,
            errors, help,
            line::{Line, Tone, complaint},
            live::Window,
            t,
            topics::{self, Topic},
        },
        totals::Totals,
        wanted,
    },
    model::{ClientName, ClusterStatus, FileName},
    node::client::{
        self, ClientConfig, ClientError, ClientEvent, ClientHandle, DownloadEvent, DownloadNumber,
        Patience, Summary,
    },
};

/// How often the live lines are looked at.
const LIVE_EVERY: Duration = Duration::from_millis(500);
/// How often the central is asked whether service has begun.
const SERVICE_EVERY: Duration = Duration::from_secs(1);
/// Ends of downloads that are remembered.
const MOST_SUMMARIES: usize = 1000;

/// Commands that a program adds to a client's.
pub trait Extra: Send {
    /// Answers a line that is one of its commands; `None` for others.
    fn try_run<'a>(
        &'a mut self,
        line: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<Line>>> + Send + 'a>>;

    /// Its commands, for the help.
    fn help(&self) -> Vec<Topic>;
}

/// Adds nothing.
#[derive(Debug)]
pub struct NoExtra;

impl Extra for NoExtra {
    fn try_run<'a>(
        &'a mut self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<Line>>> + Send + 'a>> {
        Box::pin(std::future::ready(None))
    }

    fn help(&self) -> Vec<Topic> {
        Vec::new()
    }
}

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
    let around = Around::start(&handle, habits, move |held| printer.news([changed(held)])).await;
    let mut prompt = Prompt::new((handle, around), config, extra, &console, stop.clone());
    // Nobody else on this machine has the name meanwhile.
    let _claim = prompt.name_itself(name).await;
    if prompt.has_person {
        let (handle, target) = (prompt.handle.clone(), prompt.config.target.clone());
        console.complete(Arc::new(ClientValues::new(handle, target)));
        prompt.printer.line(t!("hint-help"));
    }
    console.open();
    let mut tick = interval(LIVE_EVERY);
    let end = loop {
        tokio::select! {
            () = stop.cancelled() => break Exit::Well,
            () = interrupts.heard() => {
                if prompt.is_to_end().await {
                    break Exit::Well;
                }
            }
            Some(event) = events.recv() => prompt.tell(&event),
            entered = console.next() => match entered {
                Some(Entered::Line(line)) => {
                    if !prompt.command(&line).await {
                        break Exit::Well;
                    }
                }
                Some(Entered::TooLong) => prompt.complain(t!("line-too-long")),
                Some(Entered::Interrupt) => {
                    if prompt.is_to_end().await {
                        break Exit::Well;
                    }
                    console.open();
                }
                Some(Entered::End) | None if prompt.has_person => break Exit::Well,
                Some(Entered::End) | None => break prompt.wait(&mut events, &stop).await,
            },
            Some(Ok(status)) = prompt.service.join_next(), if !prompt.service.is_empty() => {
                prompt.printer.line(text::client::service(&status));
            }
            failed = prompt.around.at_end.ended() => prompt.program_ended(failed),
            _ = tick.tick() => prompt.look().await,
        }
    };
    let exit = end.or_worse(prompt.end(&mut events).await);
    match console.mode {
        // Every answer to a pipe is printed, however slow its reader is.
        Mode::Lines => exit.or_worse(program::printed(&prompt.printer, &stop).await),
        Mode::Prompt | Mode::None => exit,
    }
}

pub(super) struct Prompt<E> {
    pub(super) handle: ClientHandle,
    pub(super) printer: Printer,
    pub(super) around: Around,
    pub(super) extra: E,
    /// A person reads the answers.
    pub(super) has_person: bool,
    pub(super) stop: CancellationToken,
    pub(super) config: ClientConfig,
    /// The files of the last list, which may be called by their numbers in it.
    pub(super) last: Vec<FileName>,
    /// Commands that failed.
    pub(super) failed: u64,
    pub(super) news: ClientNews,
    pub(super) totals: Totals,
    /// How downloads ended, for whoever wants to know more.
    pub(super) summaries: BTreeMap<DownloadNumber, Summary>,
    /// Waits for service to begin, after somebody was told that it has not.
    pub(super) service: JoinSet<ClusterStatus>,
    /// Requests that wait for service.
    pub(super) waiting: Service,
    /// When Ctrl-C was last answered with a question.
    pub(super) interrupted: Option<Instant>,
}

/// Ends when service has begun.
async fn service(client: ClientHandle) -> ClusterStatus {
    loop {
        sleep(SERVICE_EVERY).await;
        match client.status().await {
            Ok(status) if status.ready => return status,
            Ok(_) | Err(_) => {}
        }
    }
}

impl<E: Extra> Prompt<E> {
    fn new(
        (handle, around): (ClientHandle, Around),
        config: ClientConfig,
        extra: E,
        console: &Console,
        stop: CancellationToken,
    ) -> Self {
        let has_person = console.mode == Mode::Prompt;
        Self {
            handle,
            printer: console.printer.clone(),
            around,
            extra,
            has_person,
            stop,
            last: Vec::new(),
            failed: 0,
            news: ClientNews::new(has_person),
            totals: Totals::default(),
            summaries: BTreeMap::new(),
            service: JoinSet::new(),
            waiting: Service::new(config.source_wait),
            interrupted: None,
            config,
        }
    }

    /// Ends the client, and shows what comes of that.
    async fn end(&mut self, events: &mut mpsc::Receiver<ClientEvent>) -> Exit {
        self.printer.live(Vec::new());
        let was_stopped = self.stop.is_cancelled();
        if self.has_person {
            // Another Ctrl-C ends it at once.
            self.stop.cancel();
        }
        let is_kept = self.tells_what_is_left().await;
        let handle = self.handle.clone();
        let (exit, warning) = stop_client(&handle, events, |event| {
            if !(is_kept && is_end_of_run(event)) {
                self.tell(event);
            }
        })
        .await;
        self.tell_rest();
        self.ring();
        if !was_stopped {
            self.last_programs().await;
        }
        let warning = warning.map(|text| Line::new(Tone::Warning, text));
        self.printer.lines(warning);
        exit
    }

    fn tell(&mut self, event: &ClientEvent) {
        self.around.event(event);
        if let ClientEvent::Remembered(views) = event {
            return self.printer.news(text::work::remembered(views));
        }
        if let ClientEvent::Download {
            number,
            file,
            what: DownloadEvent::Complete(summary),
        } = event
        {
            self.totals.learn(file, summary.bytes);
            self.summaries.insert(*number, summary.clone());
            if self.summaries.len() > MOST_SUMMARIES {
                self.summaries.pop_first();
            }
        }
        let lines = self.news.take(Instant::now(), event);
        if event.is_kept() {
            self.printer.lines(lines);
        } else {
            self.printer.news(lines);
        }
    }

    /// Tells what was kept for others like it.
    fn tell_rest(&mut self) {
        self.printer.lines(self.news.rest());
    }

    /// Time passes: tells what waited for others like it, and shows how far the downloads are.
    async fn look(&mut self) {
        self.printer.lines(self.news.due(Instant::now()));
        self.ring();
        if self.has_person
            && let Ok(views) = self.handle.downloads().await
        {
            let total = self.totals.of(&views);
            let window = Window {
                columns: columns(),
                rows: rows() / 3,
            };
            let lines = text::live::lines(&views, &total, window);
            self.printer.live(lines);
        }
    }

    /// Tells what is wrong. Service that has not begun is waited for.
    pub(super) fn fails(&mut self, error: &ClientError) {
        self.complain(errors::client(error));
        if self.has_person && *error == ClientError::NotReady && self.service.is_empty() {
            self.service.spawn(service(self.handle.clone()));
        }
    }

    pub(super) fn complain(&mut self, message: String) {
        self.failed += 1;
        self.printer.line(complaint(text::sentence(&message)));
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
        let mut tick = interval(LIVE_EVERY);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return Exit::Failed,
                Some(event) = events.recv() => self.tell(&event),
                failed = self.around.at_end.ended() => self.program_ended(failed),
                _ = tick.tick() => self.look().await,
                tally = &mut idle => {
                    let is_well = tally.is_ok_and(|tally| tally.all_well()) && self.failed == 0;
                    return if is_well { Exit::Well } else { Exit::Failed };
                }
            }
        }
    }

    pub(super) async fn enrol(&mut self, name: ClientName) {
        match self.handle.enrol(name.clone()).await {
            Ok(given) if given == name => self.printer.line(t!("enrolled-as", name = name)),
            Ok(given) => self.printer.line(text::client::other_name(&name, &given)),
            Err(error) => {
                self.complain(t!("name-but", name = name, why = errors::client(&error)));
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
            Err(bad) => self.complain(explain(&bad)),
            Ok(ClientLine::Enrol(name)) => self.enrol(name).await,
            Ok(ClientLine::Name) => self.name().await,
            Ok(ClientLine::List) => self.list(None).await,
            Ok(ClientLine::Search(text)) => self.list(Some(&text)).await,
            Ok(ClientLine::Download(wanted)) => self.download(&wanted).await,
            Ok(ClientLine::Status) => self.status().await,
            Ok(ClientLine::Detail(which)) => self.detail(&which).await,
            Ok(ClientLine::Pause(which)) => self.pause(&which).await,
            Ok(ClientLine::Resume(which)) => self.resume(&which).await,
            Ok(ClientLine::Cancel(which)) => self.cancel(&which).await,
            Ok(ClientLine::Priority(which, level)) => self.prioritise(&which, level).await,
            Ok(ClientLine::Verify(wanted)) => self.verify(&wanted).await,
            Ok(ClientLine::Limit(timetable)) => self.limit(timetable).await,
            Ok(ClientLine::Common(CommonLine::Help(word))) => {
                let mut topics = topics::of(commands::CLIENT);
                topics.extend(self.extra.help());
                self.printer
                    .lines(help::answer(word.as_deref(), &topics, page_columns()));
            }
            Ok(ClientLine::Common(CommonLine::Empty)) => {}
            Ok(ClientLine::Common(CommonLine::Quit)) => return false,
        }
        true
    }

    async fn list(&mut self, text: Option<&str>) {
        let files = match self.handle.list().await {
            Ok(files) => files,
            Err(error) => return self.fails(&error),
        };
        let files = match text {
            Some(text) => wanted::search(files, text),
            None => files,
        };
        self.last = files.iter().map(|l| l.file.name.clone()).collect();
        match text {
            Some(text) if files.is_empty() => {
                let none = t!("no-match", pattern = text);
                self.printer.line(text::sentence(&none));
            }
            _ => self
                .printer
                .lines(text::client::numbered(&files, page_columns())),
        }
    }
}
