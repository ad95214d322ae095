//! One real download machine and what `node/fetch` does around it: connections, manifests, frames, checks,
//! the part file. What must hold of it is checked after each thing that happens.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use trozos::{
    engine::download::{Action, Download, DownloadConfig, Event, FailReason, Finish, Notice},
    model::{
        ChunkIndex, Digest, Fault, FileMeta, Grant, Outcome, ReceivedFrom, SourceId, SourceInfo,
        TransferId, Who,
        limits::{CONNECT_TIMEOUT, HELLO_TIMEOUT},
    },
    node::rules::Receiving,
    proto::{
        ErrorCode, Hello, PeerRole,
        data::{FromSource, ToSource},
    },
};

use super::{
    Ctx,
    disk::{Before, digest_of, manifest_id},
    fetch_check::FetchCheck,
    net::{End, Incoming, Packet, Raw},
};

const SOURCE_WAIT: Duration = Duration::from_secs(60);
const LINGER: Duration = Duration::from_millis(250);
const DISK_TAKES: Duration = Duration::from_millis(3);

/// What the owner of a fetch holds of it.
#[derive(Clone, Debug, Default)]
pub struct Handle(Rc<Orders>);

#[derive(Debug, Default)]
struct Orders {
    sources: RefCell<Option<Vec<SourceInfo>>>,
    stop: Cell<bool>,
}

impl Receiving for Handle {
    fn set_sources(&self, sources: Vec<SourceInfo>) {
        self.0.sources.replace(Some(sources));
    }

    fn stop(&self) {
        self.0.stop.set(true);
    }
}

/// What its owner is told.
#[derive(Debug)]
pub enum News {
    Report {
        source: SourceId,
        fault: Fault,
        chunk: Option<ChunkIndex>,
    },
    /// No source is left.
    NoSources,
    Ended(Ended),
}

#[derive(Clone, Debug)]
pub struct Ended {
    pub outcome: Outcome,
    pub reason: Option<FailReason>,
    pub sources: Vec<ReceivedFrom>,
}

#[derive(Debug)]
struct Source {
    end: End,
    is_open: bool,
    /// When an attempt is given up.
    by: Option<Instant>,
    asked: BTreeSet<ChunkIndex>,
    partial: BTreeMap<ChunkIndex, (u32, Vec<u64>)>,
}

/// Work that takes a while.
#[derive(Debug)]
enum Work {
    Open,
    Check {
        source: SourceId,
        chunk: ChunkIndex,
        digest: u64,
    },
    Finish,
    /// Nothing more is waited for.
    Over,
}

#[derive(Debug)]
pub struct Fetch {
    pub transfer: TransferId,
    pub file: FileMeta,
    pub handle: Handle,
    replaces: Option<Digest>,
    role: PeerRole,
    machine: Download,
    check: FetchCheck,
    whereabouts: BTreeMap<SourceId, (Who, SocketAddr)>,
    sources: BTreeMap<SourceId, Source>,
    manifest: Option<Rc<[u64]>>,
    opening: bool,
    stopping: bool,
    work: BTreeMap<(Instant, u64), Work>,
    works: u64,
    /// How it ended, while late bytes are waited for.
    ended: Option<(Outcome, Option<FailReason>)>,
    news: Vec<News>,
}

impl Fetch {
    /// `replaces` is the content that may have the name until the file is whole.
    pub fn start(
        ctx: &mut Ctx<'_>,
        grant: Grant,
        replaces: Option<Digest>,
        role: PeerRole,
    ) -> Self {
        let config = DownloadConfig {
            seed: ctx.random.u64(..),
            source_wait: SOURCE_WAIT,
        };
        let layout = grant.file.layout;
        let mut fetch = Self {
            transfer: grant.transfer,
            file: grant.file,
            handle: Handle::default(),
            replaces,
            role,
            machine: Download::new(layout, config, ctx.now),
            check: FetchCheck::new(layout),
            whereabouts: BTreeMap::new(),
            sources: BTreeMap::new(),
            manifest: None,
            opening: false,
            stopping: false,
            work: BTreeMap::new(),
            works: 0,
            ended: None,
            news: Vec::new(),
        };
        fetch.listed(ctx, grant.sources);
        fetch
    }

    pub fn due(&self) -> Option<Instant> {
        let work = self.work.first_key_value().map(|((at, _), _)| *at);
        let attempts = self.sources.values().filter_map(|source| source.by).min();
        [work, attempts, self.machine.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// It was told to stop, and asks for nothing more.
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// Time passed, or its owner said something.
    pub fn tick(&mut self, ctx: &mut Ctx<'_>) -> Vec<News> {
        if let Some(sources) = self.handle.0.sources.take()
            && self.ended.is_none()
        {
            self.listed(ctx, sources);
        }
        if self.handle.0.stop.get() && !self.stopping {
            self.stopping = true;
            self.feed(ctx, Event::Stop);
        }
        let is_late = |source: &Source| source.by.is_some_and(|by| by <= ctx.now);
        let late = self.sources.iter().find(|(_, source)| is_late(source));
        if let Some(id) = late.map(|(id, _)| *id) {
            self.lost(ctx, id, Fault::Stalled);
        }
        while let Some(entry) = self.work.first_entry()
            && entry.key().0 <= ctx.now
        {
            let work = entry.remove();
            self.done(ctx, work);
        }
        if self.machine.poll_timeout().is_some_and(|at| at <= ctx.now) {
            self.machine.handle_timeout(ctx.now);
            self.act(ctx);
        }
        std::mem::take(&mut self.news)
    }

    /// A connection's news, if it is one of this fetch.
    pub fn incoming(&mut self, ctx: &mut Ctx<'_>, end: End, what: &Incoming) -> bool {
        let source = self.sources.iter().find(|(_, source)| source.end == end);
        let Some(id) = source.map(|(id, _)| *id) else {
            return false;
        };
        match what {
            Incoming::Connected => self.greet(ctx, id, end),
            Incoming::Closed => {
                let is_new = self.sources[&id].by.is_some();
                let fault = if is_new {
                    Fault::Unreachable
                } else {
                    Fault::Broken
                };
                self.lost(ctx, id, fault);
            }
            Incoming::Packet(Packet::FromSource(message, raw)) => {
                self.message(ctx, id, message.clone(), raw.clone());
            }
            other => panic!("{other:?} from a source"),
        }
        true
    }

    fn later(&mut self, at: Instant, work: Work) {
        self.works += 1;
        self.work.insert((at, self.works), work);
    }

    fn feed(&mut self, ctx: &mut Ctx<'_>, event: Event) {
        ctx.say(|| format!("{} {event:?}", self.transfer));
        self.check.event(&event);
        self.machine.handle_event(ctx.now, event);
        self.act(ctx);
    }

    fn listed(&mut self, ctx: &mut Ctx<'_>, sources: Vec<SourceInfo>) {
        let places = sources.iter().map(|s| (s.id, (s.who, s.address)));
        let mut moved = BTreeSet::new();
        for (id, place) in places {
            let before = self.whereabouts.insert(id, place);
            if before.is_some_and(|before| before != place) {
                moved.insert(id);
            }
        }
        if !moved.is_empty() {
            let mut without = sources.clone();
            without.retain(|source| !moved.contains(&source.id));
            self.feed(ctx, Event::Sources(without));
        }
        self.feed(ctx, Event::Sources(sources));
    }

    fn greet(&mut self, ctx: &mut Ctx<'_>, id: SourceId, end: End) {
        let source = self.sources.get_mut(&id).expect("it connected");
        source.by = Some(ctx.now + HELLO_TIMEOUT);
        let hello = ToSource::Hello(Hello::from_role(&self.role));
        let open = ToSource::Open {
            transfer: self.transfer,
            id: self.file.id,
            name: self.file.name.clone(),
            manifest: self.manifest.is_none(),
            queued: true,
            ticket: None,
        };
        ctx.send(end, Packet::ToSource(hello));
        ctx.send(end, Packet::ToSource(open));
    }

    fn drop_source(&mut self, ctx: &mut Ctx<'_>, id: SourceId) {
        if let Some(source) = self.sources.remove(&id) {
            ctx.net.close(ctx.time, source.end);
        }
    }

    fn lost(&mut self, ctx: &mut Ctx<'_>, id: SourceId, fault: Fault) {
        self.drop_source(ctx, id);
        if self.ended.is_none() {
            let source = id;
            self.feed(ctx, Event::Lost { source, fault });
        } else if self.sources.is_empty() {
            self.later(ctx.now, Work::Over);
        }
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, id: SourceId, message: FromSource, raw: Raw) {
        match message {
            FromSource::Hello(hello) => match hello.into_role() {
                Ok(PeerRole::Secondary { number, .. })
                    if Who::Secondary(number) == self.whereabouts[&id].0 => {}
                _ => self.lost(ctx, id, Fault::Protocol),
            },
            FromSource::Opened { .. } => self.opened(ctx, id, raw),
            FromSource::Data { chunk, offset, .. } => {
                self.frame(ctx, id, chunk, offset, &message, &raw);
            }
            FromSource::Cancelled { chunk } => {
                self.forget(id, chunk);
                let source = id;
                self.feed(ctx, Event::Cancelled { source, chunk });
            }
            FromSource::Failed { chunk, .. } => {
                self.forget(id, chunk);
                let source = id;
                self.feed(ctx, Event::Refused { source, chunk });
            }
            FromSource::Closed { .. } => self.lost(ctx, id, Fault::Broken),
            FromSource::Error { code, .. } => {
                let fault = match code {
                    ErrorCode::NoSuchContent => Fault::Refused,
                    ErrorCode::Stopping | ErrorCode::TimedOut => Fault::Broken,
                    _ => Fault::Protocol,
                };
                self.lost(ctx, id, fault);
            }
            FromSource::Queued => {
                let source = id;
                self.feed(ctx, Event::Queued { source });
            }
            FromSource::None | FromSource::Have { .. } => self.lost(ctx, id, Fault::Protocol),
            FromSource::Ping => {}
        }
    }

    fn opened(&mut self, ctx: &mut Ctx<'_>, id: SourceId, raw: Raw) {
        if let Raw::Manifest(manifest) = raw {
            if manifest_id(&manifest) != self.file.id {
                return self.lost(ctx, id, Fault::Digest);
            }
            self.manifest.get_or_insert(manifest);
        }
        let source = self.sources.get_mut(&id).expect("it speaks");
        source.by = None;
        source.is_open = true;
        if self.manifest.is_some() && !std::mem::replace(&mut self.opening, true) {
            self.later(ctx.now + DISK_TAKES, Work::Open);
        }
        let source = id;
        self.feed(ctx, Event::Connected { source });
    }

    fn forget(&mut self, id: SourceId, chunk: ChunkIndex) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.asked.remove(&chunk);
            source.partial.remove(&chunk);
        }
    }

    fn frame(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: SourceId,
        chunk: ChunkIndex,
        offset: u32,
        data: &FromSource,
        raw: &Raw,
    ) {
        let (FromSource::Data { length, .. }, Raw::Frame(content)) = (data, raw) else {
            panic!("{data:?} without bytes");
        };
        let source = self.sources.get_mut(&id).expect("it speaks");
        if !source.asked.contains(&chunk) {
            return self.lost(ctx, id, Fault::Protocol);
        }
        let (received, frames) = source.partial.entry(chunk).or_default();
        assert_eq!(*received, offset, "a frame is out of order");
        *received += length;
        frames.push(*content);
        if *received == self.file.layout.chunk_len(chunk) {
            let digest = digest_of(frames);
            source.partial.remove(&chunk);
            source.asked.remove(&chunk);
            let takes = Duration::from_micros(ctx.random.u64(500..8000));
            let source = id;
            let work = Work::Check {
                source,
                chunk,
                digest,
            };
            self.later(ctx.now + takes, work);
        }
        let (source, bytes) = (id, *length);
        let event = Event::Received {
            source,
            chunk,
            bytes,
        };
        self.feed(ctx, event);
    }

    fn done(&mut self, ctx: &mut Ctx<'_>, work: Work) {
        match work {
            Work::Open => match ctx.disk.open_part(&self.file, self.replaces) {
                Ok(Before::Complete) => self.end(ctx, Outcome::AlreadyComplete, None),
                Ok(Before::Part(have)) => self.feed(ctx, Event::Ready { have }),
                Err(reason) => self.local_failure(ctx, reason),
            },
            Work::Check {
                source,
                chunk,
                digest,
            } => {
                let expected = self.manifest.as_ref().map(|m| m[chunk.as_usize()]);
                if expected != Some(digest) {
                    return self.feed(ctx, Event::Wrong { source, chunk });
                }
                let truth = ctx.truth(&self.file);
                match ctx.disk.write(&truth, chunk, digest) {
                    Ok(()) => self.feed(ctx, Event::Verified { source, chunk }),
                    Err(reason) => self.local_failure(ctx, reason),
                }
            }
            Work::Finish => {
                let truth = ctx.truth(&self.file);
                match ctx.disk.finish(&truth, self.replaces, ctx.clock_ms) {
                    Ok(()) => self.end(ctx, Outcome::Complete, None),
                    Err(reason) => {
                        let reason = FailReason::Local(reason.to_owned());
                        self.end(ctx, Outcome::Failed, Some(reason));
                    }
                }
            }
            Work::Over => {
                if let Some((outcome, reason)) = self.ended.clone() {
                    let ids: Vec<_> = self.sources.keys().copied().collect();
                    ids.iter().for_each(|n| self.drop_source(ctx, *n));
                    self.work.clear();
                    let sources = self.machine.received();
                    self.news.push(News::Ended(Ended {
                        outcome,
                        reason,
                        sources,
                    }));
                }
            }
        }
    }

    fn local_failure(&mut self, ctx: &mut Ctx<'_>, reason: &str) {
        let reason = reason.to_owned();
        self.feed(ctx, Event::LocalFailure { reason });
    }

    /// It is over but for what is still on its way.
    fn end(&mut self, ctx: &mut Ctx<'_>, outcome: Outcome, reason: Option<FailReason>) {
        if self.ended.is_some() {
            return;
        }
        self.ended = Some((outcome, reason));
        let sending = self.machine.still_sending().to_vec();
        let ids: Vec<_> = self.sources.keys().copied().collect();
        for id in ids {
            if sending.contains(&id) {
                let end = self.sources[&id].end;
                ctx.send(end, Packet::ToSource(ToSource::Close));
            } else {
                self.drop_source(ctx, id);
            }
        }
        let linger = if self.sources.is_empty() {
            Duration::ZERO
        } else {
            LINGER
        };
        self.later(ctx.now + linger, Work::Over);
    }

    fn act(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(action) = self.machine.poll_action() {
            ctx.say(|| format!("{}     {action:?}", self.transfer));
            self.check.action(ctx.now, &action, &self.machine);
            match action {
                Action::Connect { source } => self.connect(ctx, source),
                Action::Disconnect { source } => self.drop_source(ctx, source),
                Action::Request { source, chunk } => {
                    if let Some(link) = self.sources.get_mut(&source) {
                        link.asked.insert(chunk);
                        let get = ToSource::Get {
                            chunk,
                            part: None,
                            lately: None,
                        };
                        ctx.send(link.end, Packet::ToSource(get));
                    }
                }
                Action::Cancel { source, chunk } => {
                    if let Some(link) = self.sources.get(&source) {
                        let cancel = ToSource::Cancel { chunk };
                        ctx.send(link.end, Packet::ToSource(cancel));
                    }
                }
                Action::RequestPart { .. }
                | Action::JoinParts { .. }
                | Action::ForgetParts { .. } => {
                    unreachable!("nobody reads")
                }
                Action::Swarm(action) => panic!("{action:?} outside of a swarm"),
                Action::Report {
                    source,
                    fault,
                    chunk,
                } => self.news.push(News::Report {
                    source,
                    fault,
                    chunk,
                }),
                Action::Notice(Notice::NoSources { .. }) => self.news.push(News::NoSources),
                Action::Notice(_) => {}
                Action::Finish(Finish::Complete) => {
                    self.later(ctx.now + DISK_TAKES, Work::Finish);
                }
                Action::Finish(Finish::Failed(reason)) => {
                    self.end(ctx, Outcome::Failed, Some(reason));
                }
                Action::Finish(Finish::Stopped) => self.end(ctx, Outcome::Cancelled, None),
            }
        }
        self.check.after(ctx.now, &self.machine);
    }

    fn connect(&mut self, ctx: &mut Ctx<'_>, id: SourceId) {
        self.drop_source(ctx, id);
        let (_, address) = self.whereabouts[&id];
        let end = ctx.net.connect(ctx.time, ctx.host, address);
        self.sources.insert(
            id,
            Source {
                end,
                is_open: false,
                by: Some(ctx.now + CONNECT_TIMEOUT),
                asked: BTreeSet::new(),
                partial: BTreeMap::new(),
            },
        );
    }
}
