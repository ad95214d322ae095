//! A client's prompt, which is also `videolocal`'s: that adds commands to it.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::{sync::mpsc, time::interval};
use tokio_util::sync::CancellationToken;

use super::ending::stop_client;
use crate::{
    cli::{
        commands::{self, ClientLine, CommonLine, Level, Wanted, Which},
        console::{Console, Entered, Mode, Printer, columns},
        exit::Exit,
        program,
        suggestions::ClientValues,
        text::{
            self,
            bad_line::explain,
            errors, help,
            line::{Line, Tone, complaint},
            t,
            topics::{self, Topic},
        },
        wanted,
    },
    model::{ClientName, FileName},
    node::client::{
        self, ClientConfig, ClientError, ClientEvent, ClientHandle, DownloadAnswer, DownloadNumber,
        DownloadState, Priority,
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
        has_person: console.mode == Mode::Prompt,
        stop: stop.clone(),
        failed: 0,
    };
    if let Some(name) = name {
        prompt.enrol(name).await;
    }
    if console.mode == Mode::Prompt {
        console.complete(Arc::new(ClientValues::new(handle.clone())));
        prompt.printer.line(t!("hint-help"));
    }
    console.open();
    let mut tick = interval(LIVE_EVERY);
    let end = loop {
        tokio::select! {
            () = stop.cancelled() => break Exit::Well,
            Some(event) = events.recv() => prompt.tell(&event),
            entered = console.next() => match entered {
                Some(Entered::Line(line)) => {
                    if !prompt.command(&line).await {
                        break Exit::Well;
                    }
                }
                Some(Entered::TooLong) => prompt.complain(t!("line-too-long")),
                Some(Entered::End) | None => match console.mode {
                    Mode::Prompt => break Exit::Well,
                    Mode::Lines | Mode::None => break prompt.wait(&mut events, &stop).await,
                },
            },
            _ = tick.tick(), if console.mode == Mode::Prompt => {
                if let Ok(views) = handle.downloads().await {
                    prompt.printer.live(text::live::lines(&views, columns()));
                }
            }
        }
    };
    prompt.printer.live(Vec::new());
    let (exit, warning) = stop_client(&handle, &mut events, |event| prompt.tell(event)).await;
    prompt
        .printer
        .lines(warning.map(|text| Line::new(Tone::Warning, text)));
    let exit = end.or_worse(exit);
    match console.mode {
        // Every answer to a pipe is printed, however slow its reader is.
        Mode::Lines => exit.or_worse(program::printed(&prompt.printer, &stop).await),
        Mode::Prompt | Mode::None => exit,
    }
}

struct Prompt<E> {
    handle: ClientHandle,
    printer: Printer,
    extra: E,
    /// A person reads the answers.
    has_person: bool,
    stop: CancellationToken,
    /// Commands that failed.
    failed: u64,
}

impl<E: Extra> Prompt<E> {
    fn tell(&self, event: &ClientEvent) {
        let lines = text::client::event(event);
        if event.is_kept() {
            self.printer.lines(lines);
        } else {
            self.printer.news(lines);
        }
    }

    fn complain(&mut self, message: String) {
        self.failed += 1;
        self.printer.line(complaint(message));
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
            Ok(()) => self.printer.line(t!("enrolled-as", name = name)),
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
            Ok(ClientLine::List) => match self.handle.list().await {
                Ok(files) => self.printer.lines(text::client::listing(&files)),
                Err(error) => self.complain(errors::client(&error)),
            },
            Ok(ClientLine::Search(text)) => self.search(&text).await,
            Ok(ClientLine::Download(wanted)) => self.download(&wanted).await,
            Ok(ClientLine::Status) => self.status().await,
            Ok(ClientLine::Detail(which)) => self.detail(&which).await,
            Ok(ClientLine::Pause(which)) => self.pause(&which).await,
            Ok(ClientLine::Resume(which)) => self.resume(&which).await,
            Ok(ClientLine::Cancel(which)) => self.cancel(&which).await,
            Ok(ClientLine::Priority(which, level)) => self.prioritise(&which, level).await,
            Ok(ClientLine::Verify(name)) => {
                let answer = self.handle.verify(name.clone()).await;
                self.answer(&name, answer).await;
            }
            Ok(ClientLine::Common(CommonLine::Help(word))) => {
                let mut topics = topics::of(commands::CLIENT);
                topics.extend(self.extra.help());
                self.printer.lines(help::answer(word.as_deref(), &topics));
            }
            Ok(ClientLine::Common(CommonLine::Empty)) => {}
            Ok(ClientLine::Common(CommonLine::Quit)) => return false,
        }
        true
    }

    async fn name(&mut self) {
        match self.handle.name().await {
            Ok(Some(name)) => self.printer.line(t!("your-name", name = name)),
            Ok(None) | Err(_) => self.printer.line(t!("no-name")),
        }
    }

    async fn search(&mut self, text: &str) {
        match self.handle.list().await {
            Ok(files) => {
                let found = wanted::search(files, text);
                if found.is_empty() {
                    self.printer.line(t!("no-match", pattern = text));
                } else {
                    self.printer.lines(text::client::listing(&found));
                }
            }
            Err(error) => self.complain(errors::client(&error)),
        }
    }

    async fn download(&mut self, wanted: &Wanted) {
        let files = match wanted::files(&self.handle, wanted).await {
            Ok(files) => files,
            Err(none) => return self.complain(none.text()),
        };
        for file in files {
            let answer = if self.has_person {
                self.handle.download(file.clone()).await
            } else {
                // No person is there to retry.
                tokio::select! {
                    answer = self.handle.download_in_turn(file.clone()) => answer,
                    () = self.stop.cancelled() => return,
                }
            };
            self.answer(&file, answer).await;
        }
    }

    async fn answer(&mut self, file: &FileName, answer: Result<DownloadAnswer, ClientError>) {
        match answer {
            Ok(answer) => self.printer.line(text::client::answer(&answer)),
            Err(ClientError::NotFound) => {
                // Perhaps it was mistyped.
                let listed = self.handle.list().await.unwrap_or_default();
                self.complain(wanted::not_found(&listed, file.as_str()));
            }
            Err(error) => self.complain(errors::client(&error)),
        }
    }

    /// The download that is meant: by its number, or the last one of a file.
    async fn find(
        &self,
        which: &Which,
        fits: impl Fn(&DownloadState) -> bool,
    ) -> Option<DownloadNumber> {
        let views = self.handle.downloads().await.unwrap_or_default();
        let is_meant = |view: &&client::DownloadView| match which {
            Which::Number(number) => view.number.0 == *number,
            Which::Name(name) => view.file.as_str() == name,
        };
        let mut meant = views
            .iter()
            .rev()
            .filter(is_meant)
            .filter(|view| fits(&view.state));
        meant.next().map(|view| view.number)
    }

    async fn detail(&mut self, which: &Which) {
        let number = self.find(which, |_| true).await;
        let map = match number {
            Some(number) => self.handle.detail(number).await.ok().flatten(),
            None => None,
        };
        match map {
            Some(map) => self.printer.lines(text::map::lines(&map, columns())),
            None => self.complain(t!(
                "line-value",
                value = which.to_string(),
                why = t!("why-download")
            )),
        }
    }

    async fn pause(&mut self, which: &Which) {
        if let Some(number) = self.find(which, can_be_ended).await
            && let Ok(true) = self.handle.pause(number).await
        {
            self.printer.line(t!("pausing", number = number));
        } else {
            self.complain(t!("no-download", which = which.to_string()));
        }
    }

    async fn resume(&mut self, which: &Which) {
        let is_paused = |state: &DownloadState| matches!(state, DownloadState::Paused);
        let Some(number) = self.find(which, is_paused).await else {
            return self.complain(t!("no-download-to-resume", which = which.to_string()));
        };
        match self.handle.resume(number).await {
            Ok(answer) => self.printer.line(text::client::answer(&answer)),
            Err(error) => self.complain(errors::client(&error)),
        }
    }

    async fn cancel(&mut self, which: &Which) {
        if let Some(number) = self.find(which, can_be_ended).await
            && let Ok(true) = self.handle.cancel(number).await
        {
            self.printer.line(t!("cancelling", number = number));
        } else {
            self.complain(t!("no-download", which = which.to_string()));
        }
    }

    async fn prioritise(&mut self, which: &Which, level: Level) {
        let (priority, word) = match level {
            Level::Low => (Priority::Low, t!("priority-low")),
            Level::Normal => (Priority::Normal, t!("priority-normal")),
            Level::High => (Priority::High, t!("priority-high")),
        };
        if let Some(number) = self.find(which, can_be_ended).await
            && let Ok(true) = self.handle.set_priority(number, priority).await
        {
            self.printer
                .line(t!("priority-set", number = number, priority = word));
        } else {
            self.complain(t!("no-download", which = which.to_string()));
        }
    }

    async fn status(&mut self) {
        let views = self.handle.downloads().await.unwrap_or_default();
        self.printer.lines(text::client::downloads(&views));
        match self.handle.status().await {
            Ok(status) => self.printer.lines(text::central::status(&status)),
            Err(error) => self.complain(errors::client(&error)),
        }
    }
}

/// True for downloads that have not ended.
fn can_be_ended(state: &DownloadState) -> bool {
    !matches!(
        state,
        DownloadState::Complete | DownloadState::Failed(_) | DownloadState::Cancelled
    )
}
