//! A client: the rules of `node/rules` with a folder and somebody who asks for files.

use std::{collections::BTreeMap, time::Instant};

use trozos::{
    engine::download::FailReason,
    model::{
        ClientName, FileName, Finished, Grant, Outcome, Session, TransferId,
        messages::{ForClient, ForReceiver, FromClient, FromReceiver, Report},
    },
    node::{
        Failure,
        client::{DownloadNumber, Priority},
        rules::downloads::{
            AfterStop, Answers, Downloads, End as DownloadEnd, GivenUp, Granted, Regulated,
            Resuming, State,
        },
    },
    proto::{
        ErrorCode, PeerRole,
        control::{FromCentral, ToCentral},
    },
};

use super::{
    Ctx,
    fetch::{self, Fetch, Handle},
    link::{Link, News},
    net::{End, Incoming},
    wishes::Wishes,
};

/// Whoever asks; it is counted how many are answered.
#[derive(Debug)]
pub struct Asker;

#[derive(Debug)]
pub struct Client {
    name: ClientName,
    pub link: Link,
    downloads: Downloads<Asker, Handle>,
    fetches: BTreeMap<TransferId, Fetch>,
    asked: u64,
    answered: u64,
    /// How downloads that began ended.
    pub ends: Vec<DownloadEnd>,
    /// Downloads that brought the whole file themselves.
    pub whole: u64,
    wishes: Wishes,
}

impl Client {
    pub fn start(ctx: &mut Ctx<'_>, name: ClientName) -> Self {
        let session = Some(Session(ctx.random.u64(..1 << 53)));
        let link = Link::new(
            ctx,
            PeerRole::Client {
                name: None,
                session,
            },
        );
        Self {
            name,
            link,
            downloads: Downloads::default(),
            fetches: BTreeMap::new(),
            asked: 0,
            answered: 0,
            ends: Vec::new(),
            whole: 0,
            wishes: Wishes::default(),
        }
    }

    pub fn ask(&mut self, ctx: &mut Ctx<'_>, file: FileName) {
        if self.downloads.active(&file).is_some() {
            return;
        }
        self.asked += 1;
        let number = self.downloads.ask(file.clone(), Asker);
        let request = number.into();
        let name = file;
        let asked = self.link.send(ctx, FromClient::Download { request, name });
        if !asked && !self.link.try_now(ctx) {
            self.wishes.not_answered();
            self.answered += self.downloads.take_asked().len() as u64;
        }
    }

    /// Its user has another name from now on.
    pub fn rename(&mut self, ctx: &mut Ctx<'_>) {
        let name = format!("{}x", self.name);
        self.name = ClientName::try_from(name.as_str()).expect("still short");
        let name = self.name.clone();
        self.link.send(ctx, FromClient::Enrol { name });
    }

    /// Gives up one of its downloads.
    pub fn give_one_up(&mut self, ctx: &mut Ctx<'_>) {
        let active = |(number, download): (
            DownloadNumber,
            &trozos::node::rules::downloads::Download<Asker, Handle>,
        )| { (!matches!(download.state, State::Ended(_))).then_some(number) };
        let Some(number) = self.downloads.iter().find_map(active) else {
            return;
        };
        self.give_up(ctx, number);
        self.tick_fetches(ctx);
    }

    fn give_up(&mut self, ctx: &mut Ctx<'_>, number: DownloadNumber) {
        match self.downloads.give_up(number) {
            GivenUp::Withdrawn(_, cancel) => {
                self.link.send(ctx, cancel);
                self.ends.push(DownloadEnd::Cancelled);
            }
            GivenUp::Dropped(_) => self.ends.push(DownloadEnd::Cancelled),
            GivenUp::Stopping | GivenUp::Nothing => {}
        }
    }

    /// It was expelled: all that it has ends.
    fn give_all_up(&mut self, ctx: &mut Ctx<'_>) {
        let all: Vec<_> = self.downloads.iter().map(|(number, _)| number).collect();
        for number in all {
            self.give_up(ctx, number);
        }
        self.tick_fetches(ctx);
    }

    /// Makes one of its downloads wait, if one runs or waits.
    pub fn make_one_wait(&mut self, ctx: &mut Ctx<'_>) {
        let numbers: Vec<_> = self.downloads.iter().map(|(number, _)| number).collect();
        for number in numbers {
            match self.downloads.pause(number) {
                GivenUp::Withdrawn(_, cancel) => {
                    self.link.send(ctx, cancel);
                }
                GivenUp::Stopping | GivenUp::Dropped(_) => {}
                GivenUp::Nothing => continue,
            }
            self.wishes.pause(number);
            break;
        }
        self.tick_fetches(ctx);
    }

    /// Whatever was made to wait goes on.
    pub fn let_all_go_on(&mut self, ctx: &mut Ctx<'_>) {
        let list = self.downloads.iter();
        let paused = list.filter_map(|(number, d)| d.is_paused().then_some(number));
        for number in paused.collect::<Vec<_>>() {
            self.asked += 1;
            self.wishes.go_on(number);
            match self.downloads.resume(number, Asker) {
                Resuming::Ask(request) => {
                    if !self.link.send(ctx, request) {
                        self.link.try_now(ctx);
                    }
                }
                Resuming::Soon(_) | Resuming::Held(..) => self.answered += 1,
                Resuming::Active(..) | Resuming::Unknown(_) => panic!("{number:?} was paused"),
            }
        }
        self.tick_fetches(ctx);
    }

    /// The last of its downloads that is not over gets another priority.
    pub fn prefer_one(&mut self, ctx: &mut Ctx<'_>, priority: Priority) {
        let numbers: Vec<_> = self.downloads.iter().map(|(number, _)| number).collect();
        let mut numbers = numbers.into_iter().rev();
        numbers.find(|number| self.downloads.set_priority(*number, priority));
        self.tick_fetches(ctx);
    }

    fn regulate(&mut self, ctx: &mut Ctx<'_>) {
        for regulated in self.downloads.regulate() {
            match regulated {
                Regulated::Withdrawn(_, _, cancel) => {
                    self.link.send(ctx, cancel);
                }
                Regulated::Released(request) => {
                    if !self.link.send(ctx, request) {
                        self.link.try_now(ctx);
                    }
                }
            }
        }
    }

    /// What its user wants is so: nothing paused or held asks for chunks, and nothing else is paused.
    fn check_wishes(&self) {
        self.wishes.check(&self.downloads);
        for (_, download) in self.downloads.iter() {
            if let State::Running(running) = &download.state
                && (download.is_paused() || download.is_held())
            {
                let fetch = self.fetches.get(&running.transfer);
                assert!(fetch.is_none_or(Fetch::is_stopping), "{download:?} goes on");
            }
        }
    }

    /// What is not over yet, for people to look into.
    pub fn unfinished(&self) -> Option<String> {
        let active = |state: &State<Asker, Handle>| !matches!(state, State::Ended(_));
        let list: Vec<_> = self
            .downloads
            .iter()
            .filter(|(_, download)| active(&download.state))
            .map(|(number, download)| format!("{number:?} {download:?}"))
            .collect();
        let fetches = self.fetches.len();
        (!list.is_empty() || fetches > 0).then(|| format!("{list:?}, {fetches} fetches"))
    }

    /// Every question was answered, and every end has a reason.
    pub fn check_ends(&self) {
        assert_eq!(self.asked, self.answered, "an asker waits for ever");
        for end in &self.ends {
            match end {
                DownloadEnd::Complete | DownloadEnd::Cancelled => {}
                DownloadEnd::Failed(why) => assert!(!why.to_string().is_empty()),
            }
        }
    }

    pub fn due(&self) -> Option<Instant> {
        let fetches = self.fetches.values().filter_map(Fetch::due);
        let settle = self.downloads.next_due();
        fetches.chain([self.link.due()]).chain(settle).min()
    }

    pub fn tick(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(news) = self.link.tick(ctx) {
            self.link_news(ctx, news);
        }
        self.downloads.endings.overdue(ctx.now);
        for message in self.downloads.due_again(ctx.now) {
            self.link.send(ctx, message);
        }
        self.tick_fetches(ctx);
    }

    fn tick_fetches(&mut self, ctx: &mut Ctx<'_>) {
        self.regulate(ctx);
        let transfers: Vec<_> = self.fetches.keys().copied().collect();
        for transfer in transfers {
            let news = self.fetches.get_mut(&transfer).map(|f| f.tick(ctx));
            for news in news.into_iter().flatten() {
                self.fetch_news(ctx, transfer, news);
            }
        }
        self.check_wishes();
    }

    pub fn incoming(&mut self, ctx: &mut Ctx<'_>, end: End, what: Incoming) {
        if self.link.end() == Some(end) {
            if let Some(news) = self.link.incoming(ctx, end, what) {
                self.link_news(ctx, news);
            }
        } else {
            let mut fetches = self.fetches.values_mut();
            if fetches.any(|fetch| fetch.incoming(ctx, end, &what)) {
                self.tick_fetches(ctx);
            }
        }
    }

    fn link_news(&mut self, ctx: &mut Ctx<'_>, news: News) {
        match news {
            News::Up => {
                let name = self.name.clone();
                self.link.send(ctx, FromClient::Enrol { name });
                for message in self.downloads.first_messages(ctx.now) {
                    self.link.send(ctx, message);
                }
            }
            News::Message(message) => self.message(ctx, *message),
            // Whoever waits for an answer is told that there is no central.
            News::Down(code) => {
                self.wishes.not_answered();
                self.answered += self.downloads.take_asked().len() as u64;
                if code == Some(ErrorCode::Expelled) {
                    self.give_all_up(ctx);
                }
            }
        }
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, message: FromCentral) {
        match message {
            FromCentral::Client(ForClient::Enrolled { name }) => self.name = name,
            FromCentral::Client(ForClient::Granted { request, grant }) => {
                self.granted(ctx, request.into(), grant);
            }
            FromCentral::Client(ForClient::Queued { request, position }) => {
                let answers = self.downloads.queued(request.into(), position);
                self.answered += u64::from(matches!(answers, Answers::Asker(_)));
            }
            FromCentral::Client(ForClient::Booked { transfer, .. }) => {
                self.downloads.endings.booked(transfer);
            }
            FromCentral::Client(ForClient::Superseded { transfer, .. }) => {
                self.downloads.superseded(transfer);
            }
            FromCentral::Receiver(ForReceiver::Sources { transfer, sources }) => {
                self.downloads.set_sources(transfer, sources);
            }
            FromCentral::Refused {
                request,
                code,
                message,
            } => self.refused(ctx, request.into(), Failure::Refused { code, message }),
            other => panic!("{other:?} to a client"),
        }
        self.tick_fetches(ctx);
    }

    fn refused(&mut self, ctx: &mut Ctx<'_>, number: DownloadNumber, why: Failure) {
        self.wishes.refused(number);
        match self.downloads.refused(ctx.now, number, &why) {
            Answers::Asker(_) => {
                self.answered += 1;
                if why.code() != ErrorCode::NotReady.code() {
                    // One that was to go on and cannot: its user gives it up.
                    self.downloads.give_up(number);
                }
            }
            Answers::Waiting(_) => self.ends.push(DownloadEnd::Failed(why)),
            Answers::Nothing => {}
        }
    }

    fn granted(&mut self, ctx: &mut Ctx<'_>, number: DownloadNumber, grant: Grant) {
        match self.downloads.granted(number, &grant) {
            Granted::Start => self.wishes.check_start(&self.downloads, number),
            Granted::Runs => return,
            Granted::Unwanted(finished) => {
                self.link.send(ctx, FromReceiver::Finished(finished));
                return;
            }
            Granted::Held(finished, asker) => {
                self.link.send(ctx, FromReceiver::Finished(finished));
                self.answered += u64::from(asker.is_some());
                return;
            }
        }
        let name = Some(self.name.clone());
        let fetch = Fetch::start(
            ctx,
            grant.clone(),
            None,
            PeerRole::Client {
                name,
                session: None,
            },
        );
        let handle = fetch.handle.clone();
        let started = self.downloads.started(number, &grant, handle);
        let (_, asker) = started.expect("it was asked for");
        self.answered += u64::from(asker.is_some());
        self.fetches.insert(grant.transfer, fetch);
    }

    fn fetch_news(&mut self, ctx: &mut Ctx<'_>, transfer: TransferId, news: fetch::News) {
        let ended = match news {
            fetch::News::Report {
                source,
                fault,
                chunk,
            } => {
                let report = Report {
                    transfer,
                    source,
                    fault,
                    chunk,
                };
                self.link.send(ctx, FromReceiver::Report(report));
                return;
            }
            fetch::News::NoSources => {
                if let Some((number, _, _)) = self.downloads.of_transfer(transfer) {
                    self.downloads.sources_gone(number);
                }
                return;
            }
            fetch::News::Ended(ended) => ended,
        };
        self.fetches.remove(&transfer);
        self.whole += u64::from(ended.outcome == Outcome::Complete);
        let Some((number, _, _)) = self.downloads.of_transfer(transfer) else {
            panic!("{transfer} is no download");
        };
        let reason = ended.reason.clone().map(Failure::Sources);
        let reason = reason.map(|reason| reason.for_the_central());
        let finished = Finished {
            transfer,
            outcome: ended.outcome,
            reason,
            sources: ended.sources.clone(),
            peers: Default::default(),
        };
        let took = std::time::Duration::ZERO;
        let mut again = None;
        let end = match (ended.outcome, ended.reason) {
            (Outcome::Complete | Outcome::AlreadyComplete, _) => Some(DownloadEnd::Complete),
            (Outcome::Cancelled, _) => None,
            (Outcome::Failed, Some(reason))
                if !matches!(reason, FailReason::Local(_)) && self.downloads.begin_anew(number) =>
            {
                None
            }
            (Outcome::Failed, Some(reason)) => Some(DownloadEnd::Failed(Failure::Sources(reason))),
            (Outcome::Failed, None) => panic!("{transfer} failed without a reason"),
        };
        let file = match end {
            Some(end) => {
                self.ends.push(end.clone());
                let ended_file = self.downloads.end(ctx.now, number, end, &finished);
                ended_file.expect("it ran")
            }
            None => {
                let stopped = self.downloads.stopped(ctx.now, number, &finished, took);
                let (file, after) = stopped.expect("it ran");
                match after {
                    AfterStop::Cancelled => self.ends.push(DownloadEnd::Cancelled),
                    AfterStop::Paused | AfterStop::Held => {}
                    AfterStop::Again(request) => again = Some(request),
                }
                file
            }
        };
        let outcome = ended.outcome;
        self.downloads.endings.wait_for_books(
            ctx.now,
            transfer,
            file,
            outcome,
            took,
            ended.sources,
        );
        if !self.link.send(ctx, FromReceiver::Finished(finished)) {
            self.downloads.endings.take_unbooked_of(transfer);
        }
        if let Some(request) = again
            && !self.link.send(ctx, request)
        {
            self.link.try_now(ctx);
        }
    }

    /// A planned stop.
    pub fn stop(&mut self, ctx: &mut Ctx<'_>) {
        self.link.send(ctx, ToCentral::Bye);
    }
}
