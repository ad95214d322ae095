//! The machine of one download: under a network that does what the input says, and under any events.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use arbitrary::{Arbitrary, Unstructured};
use trozos::{
    engine::download::{
        Action, Download, DownloadConfig, Event, FailReason, Finish, ReaderAt, ReaderId,
    },
    model::{
        ChunkIndex, ChunkLayout, ChunkRange, ChunkSet, Fault, Have, SourceId, SourceInfo, Who,
        limits::MAX_QUEUED_REQUESTS, samples::secondary,
    },
};

const SOURCES: u8 = 4;
const SOURCE_WAIT: Duration = Duration::from_secs(60);
/// More than there is between two tries of a source.
const LONGEST_RETRY: Duration = Duration::from_secs(10);

fn source(n: u8) -> SourceId {
    SourceId(u32::from(n % SOURCES) + 1)
}

fn who(n: u8) -> Who {
    secondary(64 - u64::from(n % SOURCES))
}

fn fault(n: u8) -> Fault {
    let faults = [
        Fault::Unreachable,
        Fault::Broken,
        Fault::Stalled,
        Fault::Digest,
        Fault::Refused,
        Fault::Protocol,
    ];
    faults[usize::from(n) % faults.len()]
}

fn start(input: &mut Unstructured<'_>, now: Instant) -> Option<(ChunkLayout, Download)> {
    let (length, seed) = input.arbitrary::<(u32, u8)>().ok()?;
    // Up to 40 chunks.
    let layout = ChunkLayout::for_file(u64::from(length) % (40 << 20)).ok()?;
    let config = DownloadConfig {
        seed: seed.into(),
        source_wait: SOURCE_WAIT,
    };
    // Some are read from the beginning while they come.
    let machine = match u32::from(seed).checked_sub(128) {
        Some(ahead) => Download::in_order(layout, config, ahead % 8, now),
        None => Download::new(layout, config, now),
    };
    Some((layout, machine))
}

/// A list of sources; those with a long range are about to leave, the second and the fourth lack chunks if their first
/// range is odd.
fn sources(layout: ChunkLayout, list: &[(u8, u8, u8)]) -> Vec<SourceInfo> {
    let mut sources = BTreeMap::new();
    for &(n, first, count) in list {
        let first = u32::from(first) % (layout.chunk_count() + 1);
        let is_draining = count >= 224;
        let lacks_some = n % 2 == 1 && count % 2 == 1;
        let bits = 0x9e37_79b9_7f4a_7c15_u64.rotate_left(count.into());
        let count = u32::from(count);
        let new = || SourceInfo {
            id: source(n),
            who: who(n),
            address: ([10, 0, 0, 1], 1).into(),
            have: if lacks_some {
                Have::Chunks(have(layout, bits))
            } else {
                Have::All
            },
            ranges: Vec::new(),
            draining: false,
        };
        let source = sources.entry(source(n)).or_insert_with(new);
        source.ranges.push(ChunkRange { first, count });
        source.draining |= is_draining;
    }
    sources.into_values().collect()
}

fn have(layout: ChunkLayout, bits: u64) -> ChunkSet {
    let mut have = ChunkSet::new(layout.chunk_count());
    for chunk in layout.all().iter().filter(|c| bits >> (c.0 % 64) & 1 == 1) {
        have.insert(chunk);
    }
    have
}

/// What a network, the disk and the user can do.
#[derive(Arbitrary, Debug)]
enum Step {
    List([(u8, u8, u8); 4]),
    Answer(u8),
    Lose(u8, u8),
    Ready(u64),
    /// Some of what a source has to send, in units of 64 KiB.
    Bring(u8, u8),
    /// The oldest whole chunk of a source was looked at.
    Check(u8, bool),
    Refuse(u8),
    ConfirmCancel(u8),
    Block(u8, bool),
    Wait(u16),
    Stop,
    DiskFails,
}

#[derive(Debug)]
struct Request {
    chunk: ChunkIndex,
    received: u32,
    cancelled: bool,
}

/// A source as the network has it.
#[derive(Debug, Default)]
struct Peer {
    connecting: bool,
    connected: bool,
    requests: VecDeque<Request>,
    /// Chunks that came whole and were not looked at.
    whole: VecDeque<ChunkIndex>,
    arrived_bytes: u64,
    banned: bool,
}

struct World {
    machine: Download,
    layout: ChunkLayout,
    now: Instant,
    peers: BTreeMap<SourceId, Peer>,
    have: BTreeSet<ChunkIndex>,
    ready: bool,
    finish: Option<Finish>,
    /// Chunks that somebody has read, from the first.
    taken: u32,
    /// What each source was last said to have.
    listed: BTreeMap<SourceId, Have>,
}

/// A network that does what the input says and then calms down: nothing is asked twice, counted twice or
/// lost, and the download ends with the file if one source is left.
pub fn download(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let now = Instant::now();
    let Some((layout, machine)) = start(&mut input, now) else {
        return;
    };
    let ids = (0..SOURCES).map(source);
    let mut world = World {
        machine,
        layout,
        now,
        peers: ids.map(|id| (id, Peer::default())).collect(),
        have: BTreeSet::new(),
        ready: false,
        finish: None,
        taken: 0,
        listed: BTreeMap::new(),
    };
    for step in crate::steps(&mut input, 300) {
        world.step(step);
        world.check();
    }
    world.calm_down();
}

impl World {
    fn feed(&mut self, event: Event) {
        if let Event::Sources(sources) = &event {
            let have = sources
                .iter()
                .map(|source| (source.id, source.have.clone()));
            self.listed.extend(have);
        }
        self.machine.handle_event(self.now, event);
        self.act();
        self.read();
    }

    /// What is there and comes next is read at once.
    fn read(&mut self) {
        let before = self.taken;
        while self.have.contains(&ChunkIndex(self.taken)) {
            self.taken += 1;
        }
        if self.taken > before && self.finish.is_none() {
            let chunks = self.taken;
            self.machine.handle_event(self.now, Event::Taken { chunks });
            self.act();
        }
    }

    fn peer(&mut self, source: SourceId) -> &mut Peer {
        self.peers.entry(source).or_default()
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::List(list) => {
                self.feed(Event::Sources(sources(self.layout, &list)));
            }
            Step::Answer(n) => self.answer(source(n)),
            Step::Lose(n, kind) => self.lose(source(n), fault(kind)),
            Step::Ready(bits) => self.make_ready(bits),
            Step::Bring(n, amount) => self.bring(source(n), (u32::from(amount) + 1) << 16),
            Step::Check(n, right) => self.look(source(n), right),
            Step::Refuse(n) => {
                let source = source(n);
                let peer = self.peer(source);
                if let Some(Request { chunk, .. }) = peer.requests.pop_front() {
                    self.feed(Event::Refused { source, chunk });
                }
            }
            Step::ConfirmCancel(n) => {
                let source = source(n);
                let peer = self.peer(source);
                if let Some(request) = peer.requests.pop_front_if(|request| request.cancelled) {
                    let chunk = request.chunk;
                    self.feed(Event::Cancelled { source, chunk });
                }
            }
            Step::Block(n, blocked) => {
                let source = source(n);
                if self.peer(source).connected {
                    self.feed(match (blocked, n < 128) {
                        (true, true) if n < 64 => Event::Limited { source },
                        (true, true) => Event::Blocked { source },
                        (false, true) => Event::Unblocked { source },
                        (_, false) => Event::Queued { source },
                    });
                }
            }
            Step::Wait(ms) => self.wait(Duration::from_millis(ms.into())),
            Step::Stop => self.feed(Event::Stop),
            Step::DiskFails => {
                let reason = "disk full".to_owned();
                self.feed(Event::LocalFailure { reason });
            }
        }
    }

    fn answer(&mut self, source: SourceId) {
        let peer = self.peer(source);
        if std::mem::take(&mut peer.connecting) {
            peer.connected = true;
            self.feed(Event::Connected { source });
        }
    }

    fn lose(&mut self, source: SourceId, fault: Fault) {
        let peer = self.peer(source);
        if !peer.connecting && !peer.connected {
            return;
        }
        peer.hang_up();
        peer.banned |= fault == Fault::Digest;
        self.feed(Event::Lost { source, fault });
    }

    fn make_ready(&mut self, bits: u64) {
        if std::mem::replace(&mut self.ready, true) || self.finish.is_some() {
            return;
        }
        let have = have(self.layout, bits);
        self.have = have.iter().collect();
        self.feed(Event::Ready { have });
    }

    fn bring(&mut self, source: SourceId, most: u32) {
        let layout = self.layout;
        let peer = self.peer(source);
        let Some(request) = peer.requests.front_mut() else {
            return;
        };
        let chunk = request.chunk;
        let bytes = most.min(layout.chunk_len(chunk) - request.received);
        request.received += bytes;
        if request.received == layout.chunk_len(chunk) {
            peer.requests.pop_front();
            peer.whole.push_back(chunk);
        }
        peer.arrived_bytes += u64::from(bytes);
        self.feed(Event::Received {
            source,
            chunk,
            bytes,
        });
    }

    fn look(&mut self, source: SourceId, right: bool) {
        let peer = self.peer(source);
        let Some(chunk) = peer.whole.pop_front() else {
            return;
        };
        let running = self.finish.is_none();
        if right {
            // Also when it comes too late to be waited for.
            self.have.insert(chunk);
            self.feed(Event::Verified { source, chunk });
        } else {
            self.peer(source).banned |= running;
            self.feed(Event::Wrong { source, chunk });
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        // Whatever is due is done by one call or a few.
        for _ in 0..100 {
            if self.machine.poll_timeout().is_none_or(|due| due > self.now) {
                return;
            }
            self.machine.handle_timeout(self.now);
            self.act();
        }
        panic!("a time-out stays due: {:?}", self.machine);
    }

    fn act(&mut self) {
        while let Some(action) = self.machine.poll_action() {
            assert!(self.finish.is_none(), "{action:?} after the end");
            match action {
                Action::Connect { source } => {
                    let peer = self.peer(source);
                    assert!(!peer.connecting && !peer.connected && !peer.banned);
                    peer.connecting = true;
                }
                Action::Disconnect { source } => self.peer(source).hang_up(),
                Action::Request { source, chunk } => self.requested(source, chunk),
                Action::Cancel { source, chunk } => {
                    let peer = self.peer(source);
                    assert!(peer.connected);
                    let request = peer.requests.iter_mut().find(|r| r.chunk == chunk);
                    if let Some(request) = request {
                        assert!(!request.cancelled, "{chunk} cancelled twice");
                        request.cancelled = true;
                    }
                }
                Action::RequestPart { .. }
                | Action::JoinParts { .. }
                | Action::ForgetParts { .. } => {
                    unreachable!("nobody reads")
                }
                Action::Swarm(action) => panic!("{action:?} outside of a swarm"),
                Action::Report { source, .. } => {
                    assert!(self.peers.contains_key(&source));
                }
                Action::Notice(_) => {}
                Action::Finish(finish) => self.finish = Some(finish),
            }
        }
        if self.finish.is_some() {
            self.check_end();
        }
    }

    fn requested(&mut self, source: SourceId, chunk: ChunkIndex) {
        assert!(self.ready && self.layout.contains(chunk));
        assert!(!self.have.contains(&chunk), "chunk {chunk} is here");
        assert!(
            self.listed[&source].contains(chunk),
            "{source} lacks {chunk}"
        );
        let peer = self.peer(source);
        assert!(peer.connected && !peer.banned);
        let known = peer.requests.iter().any(|request| request.chunk == chunk);
        assert!(!known, "chunk {chunk} is asked twice of {source}");
        assert!(peer.requests.len() < MAX_QUEUED_REQUESTS);
        peer.requests.push_back(Request {
            chunk,
            received: 0,
            cancelled: false,
        });
        let asked = |peer: &&Peer| {
            peer.requests
                .iter()
                .any(|request| request.chunk == chunk && !request.cancelled)
        };
        let owners = self.peers.values().filter(asked).count();
        assert!(owners <= 2, "chunk {chunk} is asked of {owners}");
    }

    fn check(&self) {
        let snapshot = self.machine.snapshot(self.now);
        assert!(self.machine.have().iter().eq(self.have.iter().copied()));
        assert_eq!(snapshot.have_chunks as usize, self.have.len());
        let bytes = self
            .have
            .iter()
            .map(|chunk| u64::from(self.layout.chunk_len(*chunk)));
        assert_eq!(snapshot.have_bytes, bytes.sum::<u64>());
        let counted = snapshot.have_bytes..=self.layout.file_bytes();
        assert!(counted.contains(&snapshot.received_bytes));
        let mut brought = 0;
        for seen in &snapshot.sources {
            let arrived = self.peers[&seen.received.source].arrived_bytes;
            assert!(seen.received.bytes + seen.received.wasted <= arrived);
            brought += seen.received.bytes;
        }
        assert_eq!(brought + snapshot.resumed_bytes, snapshot.have_bytes);
    }

    fn check_end(&self) {
        self.check();
        assert_eq!(self.machine.poll_timeout(), None);
        if self.finish == Some(Finish::Complete) {
            assert!(self.machine.have().is_full());
        }
        for received in self.machine.received() {
            let arrived = self.peers[&received.source].arrived_bytes;
            assert_eq!(received.bytes + received.wasted, arrived);
        }
    }

    /// From now on everybody is honest and there.
    fn calm_down(&mut self) {
        if self.finish.is_some() {
            return;
        }
        let began = self.now;
        self.make_ready(0);
        let all: Vec<_> = (0..SOURCES).map(|n| (n, 0, 0)).collect();
        self.feed(Event::Sources(sources(self.layout, &all)));
        let numbers: Vec<_> = self.peers.keys().copied().collect();
        for _ in 0..500 {
            if self.finish.is_some() {
                break;
            }
            numbers.iter().for_each(|source| self.serve(*source));
            self.wait(Duration::from_millis(200));
        }
        match &self.finish {
            Some(Finish::Complete | Finish::Failed(FailReason::WrongManifest { .. })) => {}
            Some(Finish::Failed(FailReason::NoSources { .. })) => {
                // Nobody may be used, or it had waited for nearly as long as it would.
                let banned = self.peers.values().all(|peer| peer.banned);
                assert!(
                    banned || self.now < began + LONGEST_RETRY,
                    "it gave up too soon"
                );
            }
            other => panic!("{other:?}: {:?}", self.machine),
        }
    }

    fn serve(&mut self, source: SourceId) {
        self.answer(source);
        if self.peer(source).connected {
            self.feed(Event::Unblocked { source });
        }
        while self.finish.is_none() && !self.peer(source).requests.is_empty() {
            self.bring(source, u32::MAX);
        }
        while !self.peer(source).whole.is_empty() {
            self.look(source, true);
        }
    }
}

impl Peer {
    fn hang_up(&mut self) {
        self.connecting = false;
        self.connected = false;
        self.requests.clear();
    }
}

/// Any event at any time.
#[derive(Arbitrary, Debug)]
enum AnyEvent {
    Sources([(u8, u8, u8); 4]),
    Connected(u8),
    Lost(u8, u8),
    Ready(u64),
    Received(u8, u8, u32),
    Verified(u8, u8),
    Wrong(u8, u8),
    Refused(u8, u8),
    Cancelled(u8, u8),
    Blocked(u8, bool),
    Timeout,
    Wait(u16),
    LongWait(u32),
    End(bool),
    Taken(u8),
    Read(u8, u8, u8),
    Left(u8),
    Forgotten(u8),
    PartCame(u8, u8),
    PartsLookedAt(u8, bool),
    Lied(u8, u8),
}

/// Events that come in any order, of any source and chunk: what is here stays here, and the sums agree.
pub fn download_events(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut now = Instant::now();
    let Some((layout, mut machine)) = start(&mut input, now) else {
        return;
    };
    // The last one is of no file.
    let chunk = |n: u8| match n {
        u8::MAX => ChunkIndex(u32::MAX),
        _ => ChunkIndex(u32::from(n) % (layout.chunk_count() + 2)),
    };
    let (mut have_chunks, mut over) = (0, false);
    for step in crate::steps(&mut input, 300) {
        let event = match step {
            AnyEvent::Sources(list) => Event::Sources(sources(layout, &list)),
            AnyEvent::Connected(n) => Event::Connected { source: source(n) },
            AnyEvent::Lost(n, kind) => Event::Lost {
                source: source(n),
                fault: fault(kind),
            },
            AnyEvent::Ready(bits) => Event::Ready {
                have: have(layout, bits),
            },
            AnyEvent::Received(n, c, bytes) => Event::Received {
                source: source(n),
                chunk: chunk(c),
                bytes,
            },
            AnyEvent::Verified(n, c) => Event::Verified {
                source: source(n),
                chunk: chunk(c),
            },
            AnyEvent::Wrong(n, c) => Event::Wrong {
                source: source(n),
                chunk: chunk(c),
            },
            AnyEvent::Refused(n, c) => Event::Refused {
                source: source(n),
                chunk: chunk(c),
            },
            AnyEvent::Cancelled(n, c) => Event::Cancelled {
                source: source(n),
                chunk: chunk(c),
            },
            AnyEvent::Blocked(n @ 128.., _) => Event::Queued { source: source(n) },
            AnyEvent::Blocked(n @ ..64, true) => Event::Limited { source: source(n) },
            AnyEvent::Blocked(n, true) => Event::Blocked { source: source(n) },
            AnyEvent::Blocked(n, false) => Event::Unblocked { source: source(n) },
            AnyEvent::Wait(ms) => {
                now += Duration::from_millis(ms.into());
                continue;
            }
            AnyEvent::LongWait(ms) => {
                now += Duration::from_millis(ms.into());
                continue;
            }
            AnyEvent::Timeout => {
                machine.handle_timeout(now);
                Event::Sources(Vec::new())
            }
            AnyEvent::Taken(chunks) => Event::Taken {
                chunks: chunks.into(),
            },
            AnyEvent::Read(reader, c, window) => Event::Read(ReaderAt {
                reader: ReaderId(u64::from(reader % 5)),
                position: chunk(c),
                window_chunks: u32::from(window) % 40,
                is_urgent: window < 200,
            }),
            AnyEvent::Left(reader) => Event::Left {
                reader: ReaderId(u64::from(reader % 5)),
            },
            AnyEvent::Forgotten(c) => {
                have_chunks = 0;
                Event::Forgotten { chunk: chunk(c) }
            }
            AnyEvent::PartCame(n, c) => Event::PartCame {
                source: source(n),
                chunk: chunk(c),
            },
            AnyEvent::PartsLookedAt(c, true) => Event::PartsVerified { chunk: chunk(c) },
            AnyEvent::PartsLookedAt(c, false) => Event::PartsWrong { chunk: chunk(c) },
            AnyEvent::Lied(n, c) => Event::Lied {
                source: source(n),
                chunk: chunk(c),
            },
            AnyEvent::End(true) => Event::Stop,
            AnyEvent::End(false) => Event::LocalFailure {
                reason: String::new(),
            },
        };
        machine.handle_event(now, event);
        while let Some(action) = machine.poll_action() {
            assert!(!over, "{action:?} after the end");
            over = matches!(action, Action::Finish(_));
            if let Action::Request { chunk, .. } | Action::RequestPart { chunk, .. } = action {
                assert!(layout.contains(chunk) && !machine.have().contains(chunk));
            }
        }
        let snapshot = machine.snapshot(now);
        assert!(snapshot.have_chunks >= have_chunks, "a chunk was lost");
        have_chunks = snapshot.have_chunks;
        assert!(snapshot.have_bytes <= layout.file_bytes());
    }
}
