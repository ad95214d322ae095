//! A secondary: the rules of `node/rules` with a folder, an index that takes its time, and one uplink.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use trozos::{
    model::{
        ChunkIndex, CopyLimits, CopyOrder, Digest, FileMeta, FileName, Finished, Incarnation,
        Origin, Outcome, Receiver, RemovedReason, SecondaryNumber, TransferId,
        limits::{IDLE_TIMEOUT, SEND_STALL_TIMEOUT},
        messages::{self, ForReceiver, ForSecondary, FromReceiver, Report},
    },
    node::{
        Failure,
        rules::{
            changes::Changes,
            copies::CopyOrders,
            enrolment::{self, InUse},
            sent::{Sending, SentBook},
        },
    },
    proto::{
        ErrorCode, Hello, PeerRole,
        control::{FromCentral, ToCentral},
        data::{FromSource, ToSource},
    },
};

use super::{
    Ctx,
    disk::{FRAME_BYTES, Held, frame_of},
    fetch::{self, Fetch, Handle},
    link::{Link, News},
    net::{End, Incoming, Packet, Raw, address},
};

const REPORT_EVERY: Duration = Duration::from_millis(500);
/// What a socket takes before its receiver has it.
const SOCKET_BYTES: u64 = 1 << 20;

/// What the index finds after a while.
#[derive(Debug)]
enum Index {
    /// The whole folder is read.
    Ready,
    /// A file that somebody put there is hashed.
    Added(FileName),
    /// A copy of this content is complete.
    Copied(FileName, Digest),
    /// Somebody changes it.
    Changing(FileName),
    Deleted(FileMeta),
    SetAside(FileMeta),
}

#[derive(Debug)]
struct Serving {
    receiver: Option<Receiver>,
    open: Option<(Sending, FileMeta, TransferId)>,
    queue: VecDeque<(ChunkIndex, u32)>,
    /// When it last took something, while there is something to take.
    took: Instant,
    /// When it was last heard of.
    heard: Instant,
}

#[derive(Debug)]
pub struct Secondary {
    number: SecondaryNumber,
    incarnation: Incarnation,
    pub link: Link,
    held: BTreeMap<FileName, Held>,
    changes: Changes,
    /// Names of which others have other content.
    pub conflicts: BTreeSet<FileName>,
    is_indexed: bool,
    index: BTreeMap<(Instant, u64), Index>,
    works: u64,
    sent: SentBook,
    orders: CopyOrders<Handle>,
    fetches: BTreeMap<TransferId, Fetch>,
    serving: BTreeMap<End, Serving>,
    uplink_free: Instant,
    turn: Option<End>,
    report_at: Instant,
    in_use: InUse,
    /// The number is another's.
    pub has_given_up: bool,
}

impl Secondary {
    pub fn start(ctx: &mut Ctx<'_>, number: SecondaryNumber) -> Self {
        let incarnation = Incarnation(ctx.random.u64(..1 << 53));
        let at = address(ctx.host);
        let role = PeerRole::Secondary {
            number,
            listens: Some((Some(at.ip()), at.port())),
            incarnation,
        };
        let mut secondary = Self {
            number,
            incarnation,
            link: Link::new(ctx, role),
            held: BTreeMap::new(),
            changes: Changes::restore(ctx.disk.known.values().cloned(), ctx.random.u64(..)),
            conflicts: BTreeSet::new(),
            is_indexed: false,
            index: BTreeMap::new(),
            works: 0,
            sent: SentBook::default(),
            orders: CopyOrders::default(),
            fetches: BTreeMap::new(),
            serving: BTreeMap::new(),
            uplink_free: ctx.now,
            turn: None,
            report_at: ctx.now + REPORT_EVERY,
            in_use: InUse::default(),
            has_given_up: false,
        };
        let mut takes = Duration::ZERO;
        for name in ctx.disk.files.keys().cloned().collect::<Vec<_>>() {
            takes += Duration::from_millis(ctx.random.u64(1..400));
            secondary.find(ctx.now + takes, Index::Added(name));
        }
        secondary.find(ctx.now + takes, Index::Ready);
        secondary
    }

    /// It has read its folder, and sees what people do there.
    pub fn has_eyes(&self) -> bool {
        self.is_indexed
    }

    /// The central has noted that there is nothing of this name.
    pub fn has_told_of_the_end(&self, name: &FileName) -> bool {
        !self.held.contains_key(name) && self.changes.is_told()
    }

    /// A copy of this name is complete, and nobody has looked at it yet.
    pub fn is_unserved_copy(&self, name: &FileName) -> bool {
        let is_it = |work: &Index| matches!(work, Index::Copied(of, _) if of == name);
        !self.held.contains_key(name) && self.index.values().any(is_it)
    }

    pub fn is_busy(&self) -> bool {
        !self.is_indexed
            || !self.fetches.is_empty()
            || !self.index.is_empty()
            || !self.changes.is_told()
    }

    /// What it says that it holds.
    pub fn held(&self) -> &BTreeMap<FileName, Held> {
        &self.held
    }

    fn find(&mut self, at: Instant, what: Index) {
        self.works += 1;
        self.index.insert((at, self.works), what);
    }

    /// Somebody put a file into its folder.
    pub fn file_added(&mut self, ctx: &mut Ctx<'_>, name: FileName) {
        let takes = Duration::from_millis(ctx.random.u64(10..1500));
        self.find(ctx.now + takes, Index::Added(name));
    }

    /// Somebody put other content in the place of a file.
    pub fn file_replaced(&mut self, ctx: &mut Ctx<'_>, name: FileName) {
        let sees = Duration::from_millis(ctx.random.u64(1..300));
        self.find(ctx.now + sees, Index::Changing(name.clone()));
        let takes = Duration::from_millis(ctx.random.u64(10..1500));
        self.find(ctx.now + sees + takes, Index::Added(name));
    }

    /// Somebody took one out of it.
    pub fn file_deleted(&mut self, ctx: &mut Ctx<'_>, meta: FileMeta) {
        self.find(ctx.now + REPORT_EVERY, Index::Deleted(meta));
    }

    pub fn due(&self) -> Option<Instant> {
        if self.has_given_up {
            return None;
        }
        let index = self.index.first_key_value().map(|((at, _), _)| *at);
        let fetches = self.fetches.values().filter_map(Fetch::due).min();
        let sends = self.serving.values().any(|s| !s.queue.is_empty());
        let sends = sends.then_some(self.uplink_free);
        let idle = self.serving.values().filter(|s| s.queue.is_empty());
        let idle = idle.map(|s| s.heard + IDLE_TIMEOUT).min();
        let own = self.link.due().min(self.report_at);
        [Some(own), idle, index, fetches, sends]
            .into_iter()
            .flatten()
            .min()
    }

    fn say(&mut self, ctx: &mut Ctx<'_>, message: impl Into<ToCentral>) -> bool {
        self.link.send(ctx, message)
    }

    pub fn tick(&mut self, ctx: &mut Ctx<'_>) {
        if self.has_given_up {
            return;
        }
        if let Some(news) = self.link.tick(ctx) {
            self.link_news(ctx, news);
        }
        if self.report_at <= ctx.now {
            self.report_at = ctx.now + REPORT_EVERY;
            for page in enrolment::sent_pages(self.sent.report_news()) {
                self.say(ctx, page);
            }
            self.sent.book(ctx.now);
        }
        while let Some(entry) = self.index.first_entry()
            && entry.key().0 <= ctx.now
        {
            let found = entry.remove();
            self.index_found(ctx, found);
        }
        if self.uplink_free <= ctx.now {
            self.send_one(ctx);
        }
        let is_idle = |s: &Serving| s.queue.is_empty() && s.heard + IDLE_TIMEOUT <= ctx.now;
        let idle = self.serving.iter().filter(|(_, serving)| is_idle(serving));
        for end in idle.map(|(end, _)| *end).collect::<Vec<_>>() {
            ctx.net.close(ctx.time, end);
            self.serving.remove(&end);
        }
        self.tick_fetches(ctx);
    }

    fn tick_fetches(&mut self, ctx: &mut Ctx<'_>) {
        let transfers: Vec<_> = self.fetches.keys().copied().collect();
        for transfer in transfers {
            let news = self.fetches.get_mut(&transfer).map(|f| f.tick(ctx));
            for news in news.into_iter().flatten() {
                self.fetch_news(ctx, transfer, news);
            }
        }
    }

    fn link_news(&mut self, ctx: &mut Ctx<'_>, news: News) {
        match news {
            News::Up => {
                self.in_use = InUse::default();
                self.changes.up();
                self.conflicts.clear();
                let unsent = self.orders.take_unsent();
                let sent = self.sent.report_all();
                for message in enrolment::first_messages(CopyLimits::default(), unsent, sent) {
                    self.say(ctx, message);
                }
            }
            News::Message(message) => self.message(ctx, *message),
            News::Down(Some(code)) if enrolment::is_for_good(ctx.now, code, &mut self.in_use) => {
                self.has_given_up = true;
            }
            News::Down(_) => self.changes.down(),
        }
        self.tell_changes(ctx);
    }

    /// Says what may be said, and keeps what was acknowledged.
    fn tell_changes(&mut self, ctx: &mut Ctx<'_>) {
        for record in self.changes.take_unsaved() {
            if record.id.is_none() && record.deleted.is_none() {
                ctx.disk.known.remove(&record.name);
            } else {
                ctx.disk.known.insert(record.name.clone(), record);
            }
        }
        while self.link.is_up() {
            let Some(message) = self.changes.next(&self.held) else {
                return;
            };
            self.say(ctx, message);
        }
    }

    fn message(&mut self, ctx: &mut Ctx<'_>, message: FromCentral) {
        match message {
            FromCentral::Secondary(message) => self.for_secondary(ctx, message),
            FromCentral::Receiver(ForReceiver::Sources { transfer, sources }) => {
                self.orders.set_sources(transfer, &sources);
            }
            other => panic!("{other:?} to a secondary"),
        }
        self.tick_fetches(ctx);
    }

    fn for_secondary(&mut self, ctx: &mut Ctx<'_>, message: ForSecondary) {
        match message {
            ForSecondary::Copy(order) => self.copy(ctx, order),
            // Its disk has altered nothing: what came wrong was altered on the way.
            ForSecondary::Check { .. } => {}
            ForSecondary::CancelCopy { transfer } => self.orders.cancel(transfer),
            ForSecondary::Withdraw { batch, files } => {
                for file in files {
                    let takes = Duration::from_millis(ctx.random.u64(1..20));
                    self.find(ctx.now + takes, Index::SetAside(file));
                }
                self.say(ctx, messages::FromSecondary::Ack { batch });
            }
            ForSecondary::Conflicts { batch, names } => {
                for conflict in names {
                    if conflict.versions.is_empty() {
                        self.conflicts.remove(&conflict.name);
                    } else {
                        self.conflicts.insert(conflict.name);
                    }
                }
                self.say(ctx, messages::FromSecondary::Ack { batch });
            }
            ForSecondary::Ack { batch } => {
                self.changes.acknowledged(batch);
                self.tell_changes(ctx);
            }
            // Nobody asks by HTTP here.
            ForSecondary::Expelled { .. } => {}
            ForSecondary::Ended {
                transfer,
                outcome,
                expelled,
            } => {
                let is_over = |serving: &Serving| {
                    let open = serving.open.as_ref();
                    expelled && open.is_some_and(|(_, _, of)| *of == transfer)
                };
                let over = self.serving.iter().filter(|(_, s)| is_over(s));
                for end in over.map(|(end, _)| *end).collect::<Vec<_>>() {
                    ctx.net.close(ctx.time, end);
                    self.serving.remove(&end);
                }
                self.sent.ended(transfer, outcome);
                if let Some(sent) = self.sent.report_one(transfer) {
                    let transfers = vec![sent];
                    self.say(ctx, messages::FromSecondary::Sent { transfers });
                }
            }
        }
    }

    fn copy(&mut self, ctx: &mut Ctx<'_>, order: CopyOrder) {
        let Some(CopyOrder { grant, replaces }) = self.orders.order(order) else {
            return;
        };
        let held = self.held.get(&grant.file.name);
        let replaces = replaces.filter(|id| held.is_some_and(|held| held.meta.id == *id));
        let role = PeerRole::Secondary {
            number: self.number,
            listens: None,
            incarnation: self.incarnation,
        };
        let (transfer, file) = (grant.transfer, grant.file.clone());
        let fetch = Fetch::start(ctx, grant, replaces, role);
        self.orders.started(transfer, file, fetch.handle.clone());
        self.fetches.insert(transfer, fetch);
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
                self.say(ctx, FromReceiver::Report(report));
                return;
            }
            fetch::News::NoSources => return,
            fetch::News::Ended(ended) => ended,
        };
        self.fetches.remove(&transfer);
        let Some((file, next)) = self.orders.ended(transfer) else {
            panic!("{transfer} was not ordered");
        };
        let finished = Finished {
            transfer,
            outcome: ended.outcome,
            reason: ended
                .reason
                .map(|reason| Failure::Sources(reason).for_the_central()),
            sources: ended.sources,
            peers: Default::default(),
        };
        if let Some(next) = next {
            self.copy(ctx, next);
        }
        if self.link.is_up() {
            self.say(ctx, FromReceiver::Finished(finished));
        } else {
            self.orders.keep_unsent(finished);
        }
        if matches!(ended.outcome, Outcome::Complete | Outcome::AlreadyComplete) {
            // Now and then its folder has much else to be looked at.
            let most = if ctx.random.u8(..4) == 0 { 1500 } else { 20 };
            let takes = Duration::from_millis(ctx.random.u64(1..most));
            self.changes.arrived(&file);
            self.find(ctx.now + takes, Index::Copied(file.name, file.id));
        }
    }

    fn index_found(&mut self, ctx: &mut Ctx<'_>, found: Index) {
        match found {
            Index::Ready => {
                self.is_indexed = true;
                self.changes.read();
            }
            Index::Added(name) => self.serve(ctx, &name, Origin::Written),
            Index::Copied(name, id) => {
                let there = ctx.disk.files.get(&name);
                if there.is_some_and(|there| there.meta.id == id) {
                    self.serve(ctx, &name, Origin::Copied);
                }
            }
            Index::Changing(name) => {
                let there = ctx.disk.files.get(&name).map(|there| there.meta.id);
                let held = self.held.get(&name).map(|held| held.meta.clone());
                let held = held.filter(|held| there.is_some_and(|there| there != held.id));
                if let Some(held) = held {
                    self.removed(held, RemovedReason::Changing);
                }
            }
            Index::Deleted(meta) => {
                // What stood under the name for a moment may never have been looked at.
                let is_back = ctx.disk.files.contains_key(&meta.name);
                let held = self.held.get(&meta.name).map(|held| held.meta.clone());
                match held.filter(|_| !is_back) {
                    Some(held) => self.removed(held, RemovedReason::Deleted),
                    // It was being changed.
                    None if !is_back && self.is_indexed => {
                        self.changes.gone(&meta, RemovedReason::Deleted);
                    }
                    None => {}
                }
            }
            Index::SetAside(meta) => {
                if self
                    .held
                    .get(&meta.name)
                    .is_some_and(|h| h.meta.id == meta.id)
                {
                    let there = ctx.disk.files.get(&meta.name);
                    if there.is_some_and(|there| there.meta.id == meta.id) {
                        ctx.disk.files.remove(&meta.name);
                        ctx.disk.aside.push(meta.clone());
                        self.held.remove(&meta.name);
                        if self.is_indexed {
                            self.changes.set_aside(&meta);
                        }
                    }
                }
            }
        }
        self.tell_changes(ctx);
    }

    /// What is there under a name is served from now on.
    fn serve(&mut self, ctx: &mut Ctx<'_>, name: &FileName, origin: Origin) {
        let Some(there) = ctx.disk.files.get(name) else {
            return;
        };
        let held = Held {
            meta: there.meta.clone(),
            modified: there.modified,
        };
        let meta = held.meta.clone();
        let before = self.held.insert(name.clone(), held);
        if self.is_indexed && before.is_none_or(|before| before.meta != meta) {
            self.changes.held(&meta, origin);
        }
    }

    fn removed(&mut self, meta: FileMeta, reason: RemovedReason) {
        if self
            .held
            .get(&meta.name)
            .is_some_and(|h| h.meta.id == meta.id)
        {
            self.held.remove(&meta.name);
            if self.is_indexed {
                self.changes.gone(&meta, reason);
            }
        }
    }

    pub fn incoming(&mut self, ctx: &mut Ctx<'_>, end: End, what: Incoming) {
        if self.has_given_up {
            return;
        }
        if self.link.end() == Some(end) {
            if let Some(news) = self.link.incoming(ctx, end, what) {
                self.link_news(ctx, news);
            }
        } else if let Incoming::Accepted(_) = what {
            let serving = Serving {
                receiver: None,
                open: None,
                queue: VecDeque::new(),
                took: ctx.now,
                heard: ctx.now,
            };
            self.serving.insert(end, serving);
            ctx.net.accept(ctx.time, end);
        } else if self.serving.contains_key(&end) {
            match what {
                Incoming::Closed => drop(self.serving.remove(&end)),
                Incoming::Packet(Packet::ToSource(request)) => self.asked(ctx, end, request),
                other => panic!("{other:?} from a receiver"),
            }
        } else {
            let mut fetches = self.fetches.values_mut();
            if fetches.any(|fetch| fetch.incoming(ctx, end, &what)) {
                self.tick_fetches(ctx);
            }
        }
    }

    fn asked(&mut self, ctx: &mut Ctx<'_>, end: End, request: ToSource) {
        let serving = self.serving.get_mut(&end).expect("it asks");
        serving.heard = ctx.now;
        match request {
            ToSource::Hello(hello) => {
                serving.receiver = match hello.into_role() {
                    Ok(PeerRole::Client {
                        name: Some(name), ..
                    }) => Some(Receiver::Client(name)),
                    Ok(PeerRole::Secondary { number, .. }) => Some(Receiver::Secondary(number)),
                    other => panic!("{other:?} receives"),
                };
                let hello = Hello::from_role(&PeerRole::Secondary {
                    number: self.number,
                    listens: None,
                    incarnation: self.incarnation,
                });
                let hello = FromSource::Hello(hello);
                ctx.send(end, Packet::FromSource(hello, Raw::None));
            }
            ToSource::Open {
                transfer,
                id,
                name,
                manifest,
                ..
            } => {
                let held = self.held.get(&name).filter(|file| file.meta.id == id);
                let held = held.or_else(|| self.held.values().find(|file| file.meta.id == id));
                let held = held.map(|held| &held.meta);
                let receiver = serving.receiver.clone().expect("it said hello");
                let opened = held.cloned().and_then(|file| {
                    let sending = self.sent.open(ctx.now, transfer, &receiver, &file)?;
                    Some((sending.0, file))
                });
                let Some((sending, file)) = opened else {
                    let code = ErrorCode::NoSuchContent;
                    let message = "not held here".to_owned();
                    let error = FromSource::Error { code, message };
                    ctx.send(end, Packet::FromSource(error, Raw::None));
                    ctx.net.close(ctx.time, end);
                    self.serving.remove(&end);
                    return;
                };
                let mut digests = ctx.truth(&file).manifest;
                if ctx.sends_wrong_bytes && ctx.random.u8(..4) == 0 {
                    digests = digests.iter().map(|digest| digest ^ 1).collect();
                }
                let manifest_bytes = if manifest {
                    32 * digests.len() as u64
                } else {
                    0
                };
                let raw = if manifest {
                    Raw::Manifest(digests)
                } else {
                    Raw::None
                };
                serving.open = Some((sending, file, transfer));
                let opened = FromSource::Opened {
                    transfer,
                    manifest_bytes,
                };
                ctx.send(end, Packet::FromSource(opened, raw));
            }
            ToSource::Any { .. } => panic!("any outside of a swarm"),
            ToSource::Get { chunk, .. } => {
                if serving.queue.is_empty() {
                    serving.took = ctx.now;
                }
                serving.queue.push_back((chunk, 0));
                self.uplink_free = self.uplink_free.max(ctx.now);
            }
            ToSource::Cancel { chunk } => {
                let before = serving.queue.len();
                serving.queue.retain(|(queued, _)| *queued != chunk);
                if serving.queue.len() < before {
                    let cancelled = FromSource::Cancelled { chunk };
                    ctx.send(end, Packet::FromSource(cancelled, Raw::None));
                }
            }
            ToSource::Close => {
                serving.queue.clear();
                if let Some((_, _, transfer)) = serving.open.take() {
                    let closed = FromSource::Closed { transfer, sent: 0 };
                    ctx.send(end, Packet::FromSource(closed, Raw::None));
                }
            }
            ToSource::Ping => {}
        }
    }

    /// The next frame, of whose turn it is.
    fn send_one(&mut self, ctx: &mut Ctx<'_>) {
        let stalled = |serving: &Serving| {
            !serving.queue.is_empty() && ctx.now > serving.took + SEND_STALL_TIMEOUT
        };
        let stalled = self.serving.iter().find(|(_, serving)| stalled(serving));
        if let Some(end) = stalled.map(|(end, _)| *end) {
            ctx.net.close(ctx.time, end);
            self.serving.remove(&end);
        }
        let ready = |(end, serving): &(&End, &Serving)| {
            !serving.queue.is_empty() && ctx.net.on_its_way(**end) < SOCKET_BYTES
        };
        let after = self.serving.iter().filter(ready);
        let next = after
            .map(|(end, _)| *end)
            .min_by_key(|end| (self.turn.is_some_and(|turn| *end <= turn), *end));
        let Some(end) = next else {
            // Nobody takes anything now.
            self.uplink_free = ctx.now + Duration::from_millis(20);
            return;
        };
        self.turn = Some(end);
        let serving = self.serving.get_mut(&end).expect("just found");
        serving.took = ctx.now;
        let (chunk, offset) = serving.queue[0];
        let (sending, file, _) = serving.open.as_ref().expect("it was opened");
        let there = ctx.disk.files.get(&file.name);
        let Some(there) = there.filter(|there| there.meta.id == file.id) else {
            serving.queue.pop_front();
            let failed = FromSource::Failed {
                chunk,
                code: ErrorCode::FileChanged,
                message: "changed while in use".to_owned(),
            };
            ctx.send(end, Packet::FromSource(failed, Raw::None));
            return;
        };
        let chunk_len = file.layout.chunk_len(chunk);
        let length = (chunk_len - offset).min(FRAME_BYTES);
        let mut content = frame_of(there.chunks[chunk.as_usize()], offset);
        if ctx.sends_wrong_bytes && ctx.random.u8(..3) == 0 {
            content ^= 1;
        }
        sending.add_bytes(u64::from(length));
        *ctx.sent_bytes += u64::from(length);
        if offset + length == chunk_len {
            sending.add_chunk();
            serving.queue.pop_front();
        } else {
            serving.queue[0].1 = offset + length;
        }
        let data = FromSource::Data {
            chunk,
            offset,
            length,
        };
        ctx.send(end, Packet::FromSource(data, Raw::Frame(content)));
        let takes = f64::from(length) / ctx.bytes_per_s;
        self.uplink_free = ctx.now + Duration::from_secs_f64(takes);
    }

    /// A planned stop.
    pub fn stop(&mut self, ctx: &mut Ctx<'_>) {
        for page in enrolment::sent_pages(self.sent.report_news()) {
            self.say(ctx, page);
        }
        self.say(ctx, ToCentral::Bye);
    }
}
