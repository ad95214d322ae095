//! A client's prompt, which is also `videolocal`'s: that adds commands to it.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::Arc,
    time::Instant,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    around::Around,
    ending::{is_end_of_run, stop_client},
    question::{Next, Question},
    service::Service,
    watched::Watched,
};
use crate::{
    cli::{
        commands::{self, ClientLine, CommonLine},
        console::{Console, Mode, Printer, columns, page_columns, rows},
        exit::Exit,
        limits::{Limits, Uploads},
        news::{ClientNews, News},
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
    model::{ClientName, FileName, RoomName},
    node::client::{
        ClientConfig, ClientError, ClientEvent, ClientHandle, DownloadEvent, DownloadNumber,
        Summary,
    },
    store::Claim,
};

/// Ends of downloads that are remembered.
const MOST_SUMMARIES: usize = 1000;

/// Commands that a program adds to a client's.
pub trait Extra: Send {
    /// Answers a line that is one of its commands; `None` for others.
    fn try_run<'a>(
        &'a self,
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
        &'a self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Option<Vec<Line>>> + Send + 'a>> {
        Box::pin(std::future::ready(None))
    }

    fn help(&self) -> Vec<Topic> {
        Vec::new()
    }
}

/// What a line's answer changes is in cells: answers that wait for the central share it with all that goes on meanwhile.
pub(super) struct Prompt<E> {
    pub(super) handle: ClientHandle,
    pub(super) printer: Printer,
    pub(super) limits: Arc<Limits<ClientHandle>>,
    pub(super) uploads: Arc<Limits<Uploads>>,
    extra: E,
    /// A person reads the answers.
    pub(super) has_person: bool,
    pub(super) stop: CancellationToken,
    pub(super) config: ClientConfig,
    /// The files of the last list, which may be called by their numbers in it.
    pub(super) last: RefCell<Vec<FileName>>,
    /// Files that players read.
    pub(super) watched: RefCell<Vec<Watched>>,
    /// Commands that failed.
    pub(super) failed: Cell<u64>,
    pub(super) news: RefCell<ClientNews>,
    pub(super) totals: RefCell<Totals>,
    /// How downloads ended, for whoever wants to know more.
    pub(super) summaries: RefCell<BTreeMap<DownloadNumber, Summary>>,
    /// Somebody was told that there is no service yet, and is to be told when there is.
    pub(super) wants_service: Cell<bool>,
    /// Requests that wait for service.
    pub(super) waiting: Service,
    /// Why the line that is being asked got no answer, where it may get one later.
    pub(super) lacks: RefCell<Option<ClientError>>,
    /// Lines that wait for it as a whole.
    pub(super) postponed: RefCell<Vec<Question>>,
    /// When Ctrl-C was last answered with a question.
    pub(super) interrupted: Cell<Option<Instant>>,
    /// When the central answered last, as far as the line that is being asked knows.
    pub(super) heard: Cell<tokio::time::Instant>,
    /// The room where one is.
    pub(super) room: RefCell<Option<RoomName>>,
    /// Messages of channels to work on, the oldest first.
    pub(super) jobs: RefCell<VecDeque<(RoomName, u64)>>,
    /// Its name, which nobody else on this machine has meanwhile.
    pub(super) claim: RefCell<Option<Claim>>,
}

impl<E: Extra> Prompt<E> {
    pub(super) fn new(
        (handle, around): (ClientHandle, &Around),
        config: ClientConfig,
        extra: E,
        console: &Console,
        stop: CancellationToken,
    ) -> Self {
        let has_person = console.mode == Mode::Prompt;
        Self {
            handle,
            printer: console.printer.clone(),
            limits: Arc::clone(&around.limits),
            uploads: Arc::clone(&around.uploads),
            extra,
            has_person,
            stop,
            last: RefCell::default(),
            watched: RefCell::default(),
            failed: Cell::default(),
            news: RefCell::new(ClientNews::new(has_person)),
            totals: RefCell::default(),
            summaries: RefCell::default(),
            wants_service: Cell::default(),
            waiting: Service::new(config.source_wait),
            lacks: RefCell::default(),
            postponed: RefCell::default(),
            interrupted: Cell::default(),
            heard: Cell::new(tokio::time::Instant::now()),
            room: RefCell::default(),
            jobs: RefCell::default(),
            claim: RefCell::default(),
            config,
        }
    }

    /// Ends the client, and shows what comes of that.
    pub(super) async fn end(
        &self,
        events: &mut mpsc::Receiver<ClientEvent>,
        around: &mut Around,
    ) -> Exit {
        self.printer.live(Vec::new());
        let was_stopped = self.stop.is_cancelled();
        if self.has_person {
            // Another Ctrl-C ends it at once.
            self.stop.cancel();
        }
        let is_kept = self.tells_what_is_left().await;
        let handle = self.handle.clone();
        let (exit, warning) = stop_client(&handle, events, |event| {
            around.event(event);
            if !(is_kept && is_end_of_run(event)) {
                self.tell(event);
            }
        })
        .await;
        self.tell_rest();
        self.ring(around);
        if !was_stopped {
            self.last_programs(around).await;
        }
        let warning = warning.map(|text| Line::new(Tone::Warning, text));
        self.printer.lines(warning);
        exit
    }

    /// Something has happened.
    pub(super) async fn hears(&self, event: &ClientEvent) {
        match event {
            ClientEvent::Room(event) => self.room_event(event).await,
            event => self.tell(event),
        }
    }

    /// Tells what has happened. What was said in rooms comes again in the next run.
    pub(super) fn tell(&self, event: &ClientEvent) {
        if let ClientEvent::Remembered(views) = event {
            return self.printer.news(text::work::remembered(views));
        }
        if let ClientEvent::Download {
            number,
            file,
            what: DownloadEvent::Complete(summary),
        } = event
        {
            self.totals.borrow_mut().learn(file, summary.bytes);
            let mut summaries = self.summaries.borrow_mut();
            summaries.insert(*number, summary.clone());
            if summaries.len() > MOST_SUMMARIES {
                summaries.pop_first();
            }
        }
        let lines = self.news.borrow_mut().take(Instant::now(), event);
        if event.is_kept() {
            self.printer.lines(lines);
        } else {
            self.printer.news(lines);
        }
    }

    /// Tells what was kept for others like it.
    fn tell_rest(&self) {
        self.printer.lines(self.news.borrow_mut().rest());
    }

    /// Time passes: tells what waited for others like it, and shows how far the downloads are.
    pub(super) async fn look(&self, around: &mut Around) {
        let due = self.news.borrow_mut().due(Instant::now());
        self.printer.lines(due);
        self.ring(around);
        if self.has_person
            && let Ok(views) = self.handle.downloads().await
        {
            let total = self.totals.borrow_mut().of(&views);
            let window = Window {
                columns: columns(),
                rows: rows() / 3,
            };
            let lines = text::live::lines(&views, &total, window);
            self.printer.live(lines);
        }
    }

    /// Tells what is wrong. Service that a person lacks is waited for.
    pub(super) fn fails(&self, error: &ClientError) {
        let may_come = matches!(error, ClientError::NotReady | ClientError::Unreachable(_));
        if self.has_person && may_come {
            self.lacks.replace(Some(error.clone()));
            return;
        }
        self.complain(errors::client(error));
    }

    pub(super) fn complain(&self, message: String) {
        self.failed.set(self.failed.get() + 1);
        self.printer.line(complaint(text::sentence(&message)));
    }

    pub(super) async fn enrol(&self, name: ClientName) {
        match self.handle.enrol_as(name.clone()).await {
            Ok(given) if given == name => self.printer.line(t!("enrolled-as", name = name)),
            Ok(given) => self.printer.line(text::client::other_name(&name, &given)),
            Err(error @ ClientError::Refused { .. }) => self.complain(errors::client(&error)),
            Err(error) => {
                self.complain(t!("name-but", name = name, why = errors::client(&error)));
            }
        }
    }

    /// Does what of a line concerns this machine alone, and gives the rest.
    pub(super) async fn here(&self, line: &str) -> Next {
        if let Some(answer) = self.extra.try_run(line).await {
            self.printer.lines(answer);
            return Next::Done;
        }
        match commands::client(line) {
            Err(bad) => self.complain(explain(&bad)),
            Ok(ClientLine::Enrol(name)) => return Next::Ask(Question::Enrol(name)),
            Ok(ClientLine::Name) => self.name().await,
            Ok(ClientLine::List) => return Next::Ask(Question::List(None)),
            Ok(ClientLine::Search(text)) => return Next::Ask(Question::List(Some(text))),
            Ok(ClientLine::Download(wanted)) => return Next::Ask(Question::Download(wanted)),
            Ok(ClientLine::Status) => {
                self.downloads().await;
                return Next::Ask(Question::Status);
            }
            Ok(ClientLine::Detail(which)) => self.detail(&which).await,
            Ok(ClientLine::Pause(which)) => self.pause(&which).await,
            Ok(ClientLine::Resume(which)) => return Next::Ask(Question::Resume(which)),
            Ok(ClientLine::Cancel(which)) => self.cancel(&which).await,
            Ok(ClientLine::Priority(which, level)) => self.prioritise(&which, level).await,
            Ok(ClientLine::Verify(wanted)) => return Next::Ask(Question::Verify(wanted)),
            Ok(ClientLine::Watch(wanted)) => return Next::Ask(Question::Watch(wanted)),
            Ok(ClientLine::Room(line)) => return Next::Ask(Question::Room(line)),
            Ok(ClientLine::Publish(line)) => return Next::Ask(Question::Publish(line)),
            Ok(ClientLine::Withdraw(name)) => return Next::Ask(Question::Withdraw(name)),
            Ok(ClientLine::Content(account)) => return Next::Ask(Question::Content(account)),
            Ok(ClientLine::Bring(line)) => return Next::Ask(Question::Bring(line)),
            Ok(ClientLine::Figure(name, order)) => {
                return Next::Ask(Question::Figure(name, order));
            }
            Ok(ClientLine::Figures) => return Next::Ask(Question::Figures),
            Ok(ClientLine::Limit(timetable)) => self.limit(timetable).await,
            Ok(ClientLine::UploadLimit(timetable)) => self.upload_limit(timetable).await,
            Ok(ClientLine::Account(wish)) => return Next::Ask(Question::Account(wish)),
            Ok(ClientLine::Users(text)) => return Next::Ask(Question::Users(text)),
            Ok(ClientLine::Common(CommonLine::Help(word))) => {
                let mut topics = topics::of(commands::CLIENT);
                topics.extend(self.extra.help());
                self.printer
                    .lines(help::answer(word.as_deref(), &topics, page_columns()));
            }
            Ok(ClientLine::Common(CommonLine::Empty)) => {}
            Ok(ClientLine::Common(CommonLine::Quit)) => return Next::Quit,
        }
        Next::Done
    }

    /// Does what needs the central. What a person asks before there is service is asked again then.
    pub(super) async fn ask_the_central(&self, question: Question) {
        let asked = question.clone();
        self.asks(question).await;
        if let Some(why) = self.lacks.take() {
            self.postpone(asked, &why).await;
        }
    }

    async fn asks(&self, question: Question) {
        match question {
            Question::Name(name) => self.name_itself(name).await,
            Question::Enrol(name) => self.enrol(name).await,
            Question::List(text) => self.list(text.as_deref()).await,
            Question::Download(wanted) => self.download(&wanted).await,
            Question::Status => self.status().await,
            Question::Resume(which) => self.resume(&which).await,
            Question::Verify(wanted) => self.verify(&wanted).await,
            Question::Watch(wanted) => self.watch(&wanted).await,
            Question::Room(line) => self.room_line(line).await,
            Question::Publish(line) => self.publish(&line).await,
            Question::Withdraw(name) => self.withdraw(&name).await,
            Question::Content(account) => self.content(&account).await,
            Question::Bring(line) => self.bring(&line).await,
            Question::Account(wish) => self.account(wish).await,
            Question::Users(text) => self.users(text.as_deref()).await,
            Question::Figure(name, order) => self.figure(name, order).await,
            Question::Figures => self.figures().await,
        }
    }

    async fn name(&self) {
        match self.handle.name().await {
            Ok(Some(name)) => self.printer.line(t!("your-name", name = name)),
            Ok(None) | Err(_) => self.printer.line(t!("no-name")),
        }
    }

    async fn list(&self, text: Option<&str>) {
        let files = match self.listed().await {
            Ok(files) => files,
            Err(error) => return self.fails(&error),
        };
        let files = match text {
            Some(text) => wanted::search(files, text),
            None => files,
        };
        *self.last.borrow_mut() = files.iter().map(|l| l.file.name.clone()).collect();
        match text {
            Some(text) if files.is_empty() => {
                let none = t!("no-match", pattern = text);
                self.printer.line(text::sentence(&none));
            }
            _ => self
                .printer
                .lines(text::listing::numbered(&files, page_columns())),
        }
    }

    async fn downloads(&self) {
        let views = self.handle.downloads().await.unwrap_or_default();
        self.printer
            .lines(text::client::downloads(&views, page_columns()));
        self.tell_limit().await;
        self.tell_serving().await;
    }

    async fn status(&self) {
        match self.handle.status().await {
            Ok(status) => self
                .printer
                .lines(text::status::cluster(&status, page_columns())),
            Err(error) => self.fails(&error),
        }
    }
}
