//! One download machine in a world of simulated secondaries, with a clock of its own. Those who read at any place of the file
//! are in `watching`.

mod watching;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque},
    time::{Duration, Instant},
};

use crate::samples::number;
use watching::Audience;
pub use watching::{Act, Watcher, Watchers};

use trozos::{
    engine::{
        assignment::assign,
        download::{Action, Download, DownloadConfig, Event, Finish, Notice},
    },
    model::{
        ChunkIndex, ChunkLayout, ChunkSet, Fault as Complaint, Have, Part, SourceId, SourceInfo,
        Who,
    },
};

const FRAME_BYTES: u32 = 256 << 10;
/// Less than makes a source suspect.
const NOISE: Duration = Duration::from_millis(400);
/// How often a secondary that sends to others says so.
const FIRST_WORD: Duration = Duration::from_millis(150);
const WORD: Duration = Duration::from_secs(1);
/// No story is longer than this.
const MOST_STEPS: u64 = 3_000_000;
const MOST_TIME: Duration = Duration::from_secs(100_000);
/// Calls of `handle_timeout` that change nothing at one instant: more is a busy loop.
const MOST_IDLE_CALLS: u32 = 50;

/// What happens to a secondary.
#[derive(Clone, Copy, Debug)]
pub enum Life {
    /// Its process is killed: connections are reset, new ones refused.
    Dead,
    /// Its cable is pulled: nothing comes, nothing is refused.
    Unplugged,
    /// SIGSTOP: connections stand, new ones are even accepted, nothing comes.
    Stopped,
    /// It sends at this share of its rate.
    Slow(f64),
    /// It sends to others, and says so.
    Queueing,
}

#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub at: Duration,
    pub lasts: Duration,
    pub life: Life,
}

#[derive(Clone, Debug)]
pub struct SourcePlan {
    pub rate_bytes_per_s: f64,
    pub latency: Duration,
    /// From then on its bytes are wrong.
    pub corrupt_from: Option<Duration>,
    /// Share of the chunks that it cannot read.
    pub refuses: f64,
    pub has: Has,
    pub faults: Vec<Fault>,
}

/// Which chunks a source has.
#[derive(Clone, Copy, Debug, Default)]
pub enum Has {
    #[default]
    All,
    /// Some, by chance: so large a share.
    Share(f64),
    /// Those that the source before it lacks.
    TheRest,
    /// All but the first.
    AllButTheFirst,
}

#[derive(Clone, Debug)]
pub struct Story {
    pub seed: u64,
    pub length: u64,
    pub sources: Vec<SourcePlan>,
    /// When the central is away, and for how long.
    pub central_restarts: Vec<(Duration, Duration)>,
    /// When this process does not run, and for how long.
    pub own_pauses: Vec<(Duration, Duration)>,
    /// Share of the chunks that an earlier run brought.
    pub resumed: f64,
    pub source_wait: Duration,
    /// Somebody who reads the file while it comes.
    pub reader: Option<Reader>,
    /// Those who read it at any place.
    pub watchers: Option<Watchers>,
    pub weather: Weather,
}

/// What is between machines on which nothing fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    /// Share of the frames that a busy machine makes wait for up to [`NOISE`].
    pub noise: f64,
    /// What a socket holds, in bytes: it comes, whatever is taken back. 0 for none, which faults need.
    pub pipe_bytes: u64,
}

/// Somebody who reads a file while it comes.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// Chunks that are kept for him.
    pub ahead_chunks: u32,
    /// What he takes for each chunk.
    pub per_chunk: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    Dead,
    Unplugged,
    Stopped,
    Queueing,
}

/// What is on its way. Each names the connection that it belongs to.
#[derive(Clone, Debug)]
enum Coming {
    Connected(usize, u64),
    Lost(usize, u64, Complaint),
    /// A request or its withdrawal arrives at a secondary.
    Asked(usize, u64, ChunkIndex, Option<Part>),
    Withdrawn(usize, u64, ChunkIndex),
    /// A secondary has sent a frame.
    Sent(usize, u64),
    /// A frame arrives here, and whether it is the last one of what was asked for.
    Frame(usize, u64, ChunkIndex, u32, Last),
    Refused(usize, u64, ChunkIndex),
    Cancelled(usize, u64, ChunkIndex),
    /// A secondary that sends to others says so.
    Word(usize),
    Checked(usize, ChunkIndex, bool),
    Begins(usize, Life),
    Ends(usize, Life),
    Ready,
    CentralGone,
    CentralBack(u32),
    /// The reader has one more chunk.
    Taken,
    /// A chunk that was put together from parts was looked at.
    Joined(ChunkIndex, bool),
    /// A watcher does the next thing.
    Watcher(usize, u64),
    /// Nobody watches any more, and that was some time ago.
    Over,
}

/// What a frame is the end of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    No,
    Chunk,
    Part(Part),
}

/// What a secondary has to send of a chunk.
#[derive(Clone, Copy, Debug)]
struct Queued {
    chunk: ChunkIndex,
    /// Where in it the rest begins, and ends.
    rest: (u32, u32),
    part: Option<Part>,
}

impl Queued {
    fn last(&self) -> Last {
        match self.part {
            _ if self.rest.0 < self.rest.1 => Last::No,
            Some(part) => Last::Part(part),
            None => Last::Chunk,
        }
    }

    fn is_begun(&self) -> bool {
        self.rest.0 > self.part.map_or(0, |part| part.from)
    }
}

#[derive(Debug, Default)]
struct Connection {
    generation: u64,
    open: bool,
    queue: VecDeque<Queued>,
    sending: bool,
    /// Until when its socket is busy with what it holds.
    busy_until: Option<Instant>,
}

struct Secondary {
    plan: SourcePlan,
    state: State,
    slow: f64,
    have: Have,
    refused: BTreeSet<ChunkIndex>,
    connection: Connection,
    /// Payload bytes that arrived here from it.
    arrived: u64,
}

pub struct World {
    story: Story,
    layout: ChunkLayout,
    start: Instant,
    now: Instant,
    machine: Download,
    secondaries: Vec<Secondary>,
    coming: BinaryHeap<Reverse<(Instant, u64)>>,
    what: BTreeMap<u64, Coming>,
    sequence: u64,
    generations: u64,
    central_up: bool,
    /// Requests that the machine has not taken back and that are not answered.
    asked: BTreeMap<ChunkIndex, BTreeSet<usize>>,
    /// Connections as the machine was told.
    told_connected: BTreeSet<usize>,
    banned: BTreeSet<usize>,
    have: u32,
    /// Chunks whose bytes were right.
    good: BTreeSet<ChunkIndex>,
    ready: bool,
    /// Chunks that the reader has, and whether he is at the next one.
    taken: u32,
    is_reading: bool,
    pub audience: Audience,
    pub notices: Vec<Notice>,
    pub trace: bool,
    noise: fastrand::Rng,
}

fn id(index: usize) -> SourceId {
    SourceId(index as u32 + 1)
}

fn index(id: SourceId) -> usize {
    id.0 as usize - 1
}

/// How long it takes to look at a chunk.
fn takes(chunk: ChunkIndex) -> Duration {
    Duration::from_millis(1 + u64::from(chunk.0) % 7)
}

/// Numbers are not ids: the central names as it likes.
fn who(index: usize) -> Who {
    Who::Secondary(number(64 - index as u64))
}

/// Which chunks each source of a story has.
fn haves(story: &Story, layout: ChunkLayout) -> Vec<Have> {
    let count = layout.chunk_count();
    let mut random = fastrand::Rng::with_seed(story.seed ^ 0x4a5e);
    let mut chosen = vec![false; count as usize];
    let plans = story.sources.iter();
    let have = plans.map(|plan| {
        match plan.has {
            Has::All => return Have::All,
            Has::Share(share) => chosen.fill_with(|| random.f64() < share),
            Has::TheRest => chosen.iter_mut().for_each(|chosen| *chosen = !*chosen),
            Has::AllButTheFirst => {
                chosen.fill(true);
                chosen.iter_mut().take(1).for_each(|first| *first = false);
            }
        }
        let mut have = ChunkSet::new(count);
        let indexes = (0..count).filter(|index| chosen[*index as usize]);
        for index in indexes {
            have.insert(ChunkIndex(index));
        }
        Have::Chunks(have)
    });
    have.collect()
}

impl World {
    pub fn new(story: Story) -> Self {
        let layout = ChunkLayout::for_file(story.length).unwrap();
        let start = Instant::now();
        let config = DownloadConfig {
            seed: story.seed,
            source_wait: story.source_wait,
        };
        let mut random = fastrand::Rng::with_seed(story.seed ^ 0xabcd);
        let secondaries = story
            .sources
            .iter()
            .zip(haves(&story, layout))
            .map(|(plan, have)| Secondary {
                plan: plan.clone(),
                state: State::Up,
                slow: 1.0,
                have,
                refused: layout
                    .all()
                    .iter()
                    .filter(|_| random.f64() < plan.refuses)
                    .collect(),
                connection: Connection::default(),
                arrived: 0,
            })
            .collect();
        Self {
            layout,
            start,
            now: start,
            machine: match (story.reader, &story.watchers) {
                (None, None) => Download::new(layout, config, start),
                (None, Some(watchers)) => watchers.download(layout, config, start),
                (Some(Reader { ahead_chunks, .. }), _) => {
                    Download::in_order(layout, config, ahead_chunks, start)
                }
            },
            secondaries,
            coming: BinaryHeap::new(),
            what: BTreeMap::new(),
            sequence: 0,
            generations: 0,
            central_up: true,
            asked: BTreeMap::new(),
            told_connected: BTreeSet::new(),
            banned: BTreeSet::new(),
            have: 0,
            good: BTreeSet::new(),
            ready: false,
            taken: 0,
            is_reading: false,
            audience: Audience::new(story.watchers.clone()),
            notices: Vec::new(),
            trace: false,
            noise: fastrand::Rng::with_seed(story.seed ^ 0x0153),
            story,
        }
    }

    /// The same, read while it comes.
    pub fn read_by(self, reader: Reader) -> Self {
        let mut story = self.story;
        story.reader = Some(reader);
        Self::new(story)
    }

    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    pub fn wasted(&self) -> u64 {
        self.machine.received().iter().map(|r| r.wasted).sum()
    }

    /// Bytes that came, useful or not.
    pub fn came(&self) -> u64 {
        self.machine
            .received()
            .iter()
            .map(|r| r.bytes + r.wasted)
            .sum()
    }

    fn at(&mut self, when: Instant, what: Coming) {
        self.sequence += 1;
        self.coming.push(Reverse((when, self.sequence)));
        self.what.insert(self.sequence, what);
    }

    fn after(&mut self, wait: Duration, what: Coming) {
        self.at(self.now + wait, what);
    }

    /// Runs the story to its end.
    pub fn run(&mut self) -> Finish {
        for source in 0..self.secondaries.len() {
            for fault in self.secondaries[source].plan.faults.clone() {
                self.after(fault.at, Coming::Begins(source, fault.life));
                self.after(fault.at + fault.lasts, Coming::Ends(source, fault.life));
            }
        }
        for (at, lasts) in self.story.central_restarts.clone() {
            self.after(at, Coming::CentralGone);
            // Secondaries enrol one after the other.
            let all = self.secondaries.len() as u32;
            for enrolled in 1..=all {
                let wait = at + lasts + Duration::from_millis(200) * enrolled;
                self.after(wait, Coming::CentralBack(enrolled));
            }
        }
        self.begin_to_watch();
        let mut pauses = self.story.own_pauses.clone();
        pauses.sort();
        self.tell_sources(self.secondaries.len());
        self.check();
        let mut idle_calls = 0;
        for _ in 0..MOST_STEPS {
            if let Some(finish) = self.act() {
                self.settle(&finish);
                return finish;
            }
            let next = self.coming.peek().map(|Reverse((at, _))| *at);
            let due = self.machine.poll_timeout();
            let moment = match (next, due) {
                (Some(next), Some(due)) => next.min(due),
                (Some(only), None) | (None, Some(only)) => only,
                (None, None) => panic!("{}: nothing more can happen", self.story.seed),
            };
            if moment > self.now {
                idle_calls = 0;
            }
            self.now = self.now.max(moment);
            if let Some((at, lasts)) = pauses.first().copied()
                && self.elapsed() >= at
            {
                // Everything that came meanwhile is found at once, in its order.
                pauses.remove(0);
                self.now += lasts;
            }
            assert!(self.elapsed() < MOST_TIME, "seed {}", self.story.seed);
            if due.is_some_and(|due| due <= self.now) && next.is_none_or(|next| next > self.now) {
                idle_calls += 1;
                assert!(
                    idle_calls < MOST_IDLE_CALLS,
                    "seed {}: a timer that is always due",
                    self.story.seed
                );
                self.machine.handle_timeout(self.now);
            } else if let Some(Reverse((_, sequence))) = self.coming.pop() {
                let what = self.what.remove(&sequence).unwrap();
                self.happen(what);
            }
            self.check();
        }
        panic!("seed {}: it never ends", self.story.seed);
    }

    fn feed(&mut self, event: Event) {
        if self.trace {
            println!("{:>10.3?} {event:?}", self.elapsed());
        }
        self.machine.handle_event(self.now, event);
    }

    fn tell_sources(&mut self, known: usize) {
        let alive: Vec<_> = self
            .secondaries
            .iter()
            .enumerate()
            .take(known)
            .filter(|(_, s)| matches!(s.state, State::Up | State::Stopped | State::Queueing))
            .map(|(source, _)| source)
            .collect();
        let all: Vec<_> = (0..self.secondaries.len())
            .map(|source| (source, 1.0))
            .collect();
        let ranges = assign(self.layout.all(), &all);
        let list = ranges
            .into_iter()
            .filter(|(source, _)| alive.contains(source))
            .map(|(source, ranges)| SourceInfo {
                id: id(source),
                who: who(source),
                address: ([10, 0, 0, 1], 1).into(),
                have: self.secondaries[source].have.clone(),
                ranges,
                draining: false,
            })
            .collect();
        self.feed(Event::Sources(list));
    }

    fn is_current(&self, source: usize, generation: u64) -> bool {
        let connection = &self.secondaries[source].connection;
        connection.open && connection.generation == generation
    }

    fn happen(&mut self, what: Coming) {
        match what {
            Coming::Connected(source, generation) => self.connected(source, generation),
            Coming::Lost(source, generation, fault) => {
                if self.secondaries[source].connection.generation == generation {
                    self.lose(source);
                    let source = id(source);
                    self.feed(Event::Lost { source, fault });
                }
            }
            Coming::Asked(source, generation, chunk, part) => {
                if self.is_current(source, generation) {
                    let length = self.layout.chunk_len(chunk);
                    let secondary = &mut self.secondaries[source];
                    assert!(
                        secondary.connection.queue.iter().all(|q| q.chunk != chunk),
                        "seed {}: {chunk} asked for twice",
                        self.story.seed
                    );
                    let queue = &mut secondary.connection.queue;
                    let rest = part.map_or((0, length), |part| (part.from, part.from + part.bytes));
                    // Somebody waits for parts.
                    let parts = queue.iter().take_while(|queued| queued.part.is_some());
                    let at = match part {
                        Some(_) => parts.count(),
                        None => queue.len(),
                    };
                    queue.insert(at, Queued { chunk, rest, part });
                    self.send_on(source);
                }
            }
            Coming::Withdrawn(source, generation, chunk) => {
                if self.is_current(source, generation) {
                    let secondary = &mut self.secondaries[source];
                    let before = secondary.connection.queue.len();
                    secondary.connection.queue.retain(|q| q.chunk != chunk);
                    if secondary.connection.queue.len() < before {
                        let latency = secondary.plan.latency;
                        self.after(latency, Coming::Cancelled(source, generation, chunk));
                    }
                }
            }
            Coming::Sent(source, generation) => self.sent(source, generation),
            Coming::Frame(source, generation, chunk, bytes, last) => {
                if self.is_current(source, generation) {
                    self.frame(source, chunk, bytes, last);
                }
            }
            Coming::Refused(source, generation, chunk) => {
                if self.is_current(source, generation) {
                    self.forget(source, chunk);
                    let source = id(source);
                    self.feed(Event::Refused { source, chunk });
                }
            }
            Coming::Cancelled(source, generation, chunk) => {
                if self.is_current(source, generation) {
                    let source = id(source);
                    self.feed(Event::Cancelled { source, chunk });
                }
            }
            Coming::Checked(source, chunk, good) => {
                self.forget(source, chunk);
                let source = id(source);
                if good {
                    self.good.insert(chunk);
                }
                self.feed(if good {
                    Event::Verified { source, chunk }
                } else {
                    Event::Wrong { source, chunk }
                });
                if good {
                    self.find_liars(chunk);
                }
            }
            Coming::Joined(chunk, good) => self.joined(chunk, good),
            Coming::Watcher(watcher, turn) => self.watcher(watcher, turn),
            Coming::Over => self.feed(Event::Stop),
            Coming::Word(source) => {
                let secondary = &self.secondaries[source];
                if secondary.state != State::Queueing {
                    return;
                }
                self.after(WORD, Coming::Word(source));
                let connection = &self.secondaries[source].connection;
                if connection.open && !connection.queue.is_empty() {
                    let source = id(source);
                    self.feed(Event::Queued { source });
                }
            }
            Coming::Begins(source, life) => self.begins(source, life),
            Coming::Ends(source, life) => self.ends(source, life),
            Coming::Ready => self.make_ready(),
            Coming::Taken => {
                self.is_reading = false;
                self.taken += 1;
                let chunks = self.taken;
                self.feed(Event::Taken { chunks });
            }
            Coming::CentralGone => self.central_up = false,
            Coming::CentralBack(known) => {
                self.central_up = true;
                self.tell_sources(known as usize);
            }
        }
    }

    fn make_ready(&mut self) {
        let mut random = fastrand::Rng::with_seed(self.story.seed ^ 0x1234);
        let mut have = ChunkSet::new(self.layout.chunk_count());
        for chunk in self.layout.all().iter() {
            if random.f64() < self.story.resumed {
                have.insert(chunk);
            }
        }
        self.have = have.len();
        self.good.extend(have.iter());
        self.feed(Event::Ready { have });
    }

    fn connected(&mut self, source: usize, generation: u64) {
        if !self.is_current(source, generation) {
            return;
        }
        match self.secondaries[source].state {
            State::Up | State::Queueing => {
                self.told_connected.insert(source);
                self.feed(Event::Connected { source: id(source) });
                if !std::mem::replace(&mut self.ready, true) {
                    self.after(Duration::from_millis(3), Coming::Ready);
                }
            }
            // Nobody answers to hello: the time-out of the shell speaks.
            State::Stopped | State::Unplugged => {
                let lost = Coming::Lost(source, generation, Complaint::Stalled);
                self.after(Duration::from_secs(2), lost);
            }
            State::Dead => {
                let lost = Coming::Lost(source, generation, Complaint::Unreachable);
                self.after(Duration::ZERO, lost);
            }
        }
    }

    /// The machine's side of a connection is gone.
    fn lose(&mut self, source: usize) {
        self.told_connected.remove(&source);
        let connection = &mut self.secondaries[source].connection;
        connection.open = false;
        connection.sending = false;
        connection.busy_until = None;
        connection.queue.clear();
        for owners in self.asked.values_mut() {
            owners.remove(&source);
        }
    }

    fn forget(&mut self, source: usize, chunk: ChunkIndex) {
        if let Some(owners) = self.asked.get_mut(&chunk) {
            owners.remove(&source);
        }
    }

    /// Starts to send the next frame, if there is one to send and it can.
    fn send_on(&mut self, source: usize) {
        let secondary = &mut self.secondaries[source];
        let connection = &mut secondary.connection;
        while let Some(queued) = connection.queue.front().copied() {
            let chunk = queued.chunk;
            if queued.is_begun() || !secondary.refused.contains(&chunk) {
                break;
            }
            connection.queue.pop_front();
            let (latency, generation) = (secondary.plan.latency, connection.generation);
            self.sequence += 1;
            self.coming
                .push(Reverse((self.now + latency, self.sequence)));
            let refused = Coming::Refused(source, generation, chunk);
            self.what.insert(self.sequence, refused);
        }
        let Some(queued) = connection.queue.front().copied() else {
            return;
        };
        if self.story.weather.pipe_bytes > 0 {
            return self.fill_pipe(source);
        }
        if connection.sending || secondary.state != State::Up {
            return;
        }
        connection.sending = true;
        let bytes = (queued.rest.1 - queued.rest.0).min(FRAME_BYTES);
        let rate = secondary.plan.rate_bytes_per_s * secondary.slow;
        let generation = connection.generation;
        let wait = Duration::from_secs_f64(f64::from(bytes) / rate);
        self.after(wait, Coming::Sent(source, generation));
    }

    /// Puts the next frame into the socket, if there is room, and comes back for the one after it.
    fn fill_pipe(&mut self, source: usize) {
        let Weather { noise, pipe_bytes } = self.story.weather;
        let secondary = &mut self.secondaries[source];
        let (latency, rate) = (secondary.plan.latency, secondary.plan.rate_bytes_per_s);
        let connection = &mut secondary.connection;
        if connection.sending {
            return;
        }
        let free = connection.busy_until.unwrap_or(self.now).max(self.now);
        let Some(queued) = connection.queue.front_mut() else {
            return;
        };
        let bytes = (queued.rest.1 - queued.rest.0).min(FRAME_BYTES);
        queued.rest.0 += bytes;
        let (chunk, last) = (queued.chunk, queued.last());
        if last != Last::No {
            connection.queue.pop_front();
        }
        let mut done = free + Duration::from_secs_f64(f64::from(bytes) / rate);
        if self.noise.f64() < noise {
            done += NOISE.mul_f64(self.noise.f64());
        }
        connection.busy_until = Some(done);
        connection.sending = true;
        let generation = connection.generation;
        let frame = Coming::Frame(source, generation, chunk, bytes, last);
        self.at(done + latency, frame);
        let held = Duration::from_secs_f64(pipe_bytes as f64 / rate);
        let room = done.checked_sub(held).unwrap_or(self.now).max(self.now);
        self.at(room, Coming::Sent(source, generation));
    }

    fn sent(&mut self, source: usize, generation: u64) {
        if !self.is_current(source, generation) {
            return;
        }
        let secondary = &mut self.secondaries[source];
        secondary.connection.sending = false;
        if self.story.weather.pipe_bytes > 0 {
            return self.send_on(source);
        }
        match secondary.state {
            State::Up => {}
            State::Stopped | State::Dead | State::Unplugged | State::Queueing => return,
        }
        if let Some(queued) = secondary.connection.queue.front_mut() {
            let bytes = (queued.rest.1 - queued.rest.0).min(FRAME_BYTES);
            queued.rest.0 += bytes;
            let (chunk, last) = (queued.chunk, queued.last());
            if last != Last::No {
                secondary.connection.queue.pop_front();
            }
            let latency = secondary.plan.latency;
            let frame = Coming::Frame(source, generation, chunk, bytes, last);
            self.after(latency, frame);
        }
        self.send_on(source);
    }

    fn frame(&mut self, source: usize, chunk: ChunkIndex, bytes: u32, last: Last) {
        self.secondaries[source].arrived += u64::from(bytes);
        self.feed(Event::Received {
            source: id(source),
            chunk,
            bytes,
        });
        let corrupt = self.secondaries[source].plan.corrupt_from;
        let good = corrupt.is_none_or(|from| self.elapsed() < from);
        match last {
            Last::No => {}
            Last::Chunk => self.after(takes(chunk), Coming::Checked(source, chunk, good)),
            Last::Part(part) => self.part(source, chunk, part, good),
        }
    }

    fn begins(&mut self, source: usize, life: Life) {
        if matches!(life, Life::Queueing) {
            self.after(FIRST_WORD, Coming::Word(source));
        }
        let secondary = &mut self.secondaries[source];
        secondary.state = match life {
            Life::Dead => State::Dead,
            Life::Unplugged => State::Unplugged,
            Life::Stopped => State::Stopped,
            Life::Queueing => State::Queueing,
            Life::Slow(share) => {
                secondary.slow = share;
                return;
            }
        };
        let generation = secondary.connection.generation;
        if matches!(life, Life::Dead) && secondary.connection.open {
            let wait = secondary.plan.latency;
            self.after(wait, Coming::Lost(source, generation, Complaint::Broken));
        }
        if self.central_up && !matches!(life, Life::Stopped) {
            self.tell_sources(self.secondaries.len());
        }
    }

    fn ends(&mut self, source: usize, life: Life) {
        let secondary = &mut self.secondaries[source];
        secondary.slow = 1.0;
        if matches!(life, Life::Slow(_)) {
            return;
        }
        secondary.state = State::Up;
        self.send_on(source);
        if self.central_up {
            self.tell_sources(self.secondaries.len());
        }
    }

    /// Does what the machine says, and checks that it may say so.
    fn act(&mut self) -> Option<Finish> {
        while let Some(action) = self.machine.poll_action() {
            if self.trace {
                println!("{:>10.3?}     {action:?}", self.elapsed());
            }
            let seed = self.story.seed;
            match action {
                Action::Connect { source } => {
                    let source = index(source);
                    assert!(!self.banned.contains(&source), "seed {seed}: banned");
                    assert!(!self.told_connected.contains(&source), "seed {seed}");
                    self.lose(source);
                    self.generations += 1;
                    let generation = self.generations;
                    let connection = &mut self.secondaries[source].connection;
                    connection.generation = generation;
                    connection.open = true;
                    let wait = self.secondaries[source].plan.latency * 2;
                    self.after(wait, Coming::Connected(source, generation));
                }
                Action::Disconnect { source } => self.lose(index(source)),
                Action::Request { source, chunk } => {
                    let source = index(source);
                    assert!(
                        self.told_connected.contains(&source),
                        "seed {seed}: {source}"
                    );
                    assert!(!self.banned.contains(&source), "seed {seed}");
                    assert!(self.layout.contains(chunk), "seed {seed}");
                    self.audience.allows(seed, chunk);
                    if let Some(reader) = self.story.reader {
                        let end = self.taken + reader.ahead_chunks;
                        assert!(chunk.0 < end, "seed {seed}: {chunk} is too far ahead");
                    }
                    assert!(!self.machine.have().contains(chunk), "seed {seed}");
                    let owners = self.asked.entry(chunk).or_default();
                    assert!(
                        owners.insert(source),
                        "seed {seed}: {chunk} of {source} again"
                    );
                    assert!(owners.len() <= 2, "seed {seed}: {chunk} of {owners:?}");
                    let secondary = &self.secondaries[source];
                    assert!(secondary.have.contains(chunk), "seed {seed}: {chunk} lacks");
                    let generation = secondary.connection.generation;
                    let wait = secondary.plan.latency;
                    self.after(wait, Coming::Asked(source, generation, chunk, None));
                }
                Action::Cancel { source, chunk } => {
                    let source = index(source);
                    self.forget(source, chunk);
                    let secondary = &self.secondaries[source];
                    let generation = secondary.connection.generation;
                    let wait = secondary.plan.latency;
                    self.after(wait, Coming::Withdrawn(source, generation, chunk));
                }
                Action::RequestPart {
                    source,
                    chunk,
                    part,
                } => self.asked_for_part(index(source), chunk, part),
                Action::JoinParts { chunk, parts } => self.join(chunk, &parts),
                Action::ForgetParts { chunk } => self.audience.forget_parts(chunk),
                Action::Swarm(action) => panic!("{action:?} outside of a swarm"),
                Action::Report { .. } => {}
                Action::Notice(notice) => {
                    if let Notice::Banned { who: of, .. } = &notice {
                        let mut all = 0..self.secondaries.len();
                        self.banned.extend(all.find(|source| who(*source) == *of));
                    }
                    self.notices.push(notice);
                }
                Action::Finish(finish) => return Some(finish),
            }
        }
        self.audience.heard();
        None
    }

    /// What must hold after every event.
    fn check(&mut self) {
        let have = self.machine.have().len();
        let seed = self.story.seed;
        let is_lost = have < self.have && !self.audience.may_forget();
        assert!(!is_lost, "seed {seed}: a chunk was lost");
        if have != self.have {
            let mut unverified = self.machine.have().iter();
            let unverified = unverified.find(|chunk| !self.good.contains(chunk));
            assert_eq!(unverified, None, "seed {seed}: wrong bytes");
        }
        self.have = have;
        self.read();
        self.watch();
        let have = self.machine.have().len();
        let snapshot = self.machine.snapshot(self.now);
        assert_eq!(snapshot.have_chunks, have, "seed {seed}");
        for (source, secondary) in self.secondaries.iter().enumerate() {
            let seen = snapshot
                .sources
                .iter()
                .find(|s| s.received.source == id(source));
            let counted = seen.map_or(0, |s| s.received.bytes + s.received.wasted);
            // What is neither useful nor waste yet is on its way to be one of them.
            assert!(counted <= secondary.arrived, "seed {seed}: {source}");
        }
    }

    /// The reader begins with the next chunk, if it is there.
    fn read(&mut self) {
        let Some(reader) = self.story.reader else {
            return;
        };
        if !self.is_reading && self.machine.have().contains(ChunkIndex(self.taken)) {
            self.is_reading = true;
            self.after(reader.per_chunk, Coming::Taken);
        }
    }

    /// What must hold at the end.
    fn settle(&mut self, finish: &Finish) {
        let seed = self.story.seed;
        assert!(self.machine.poll_action().is_none(), "seed {seed}");
        assert!(self.machine.poll_timeout().is_none(), "seed {seed}");
        if *finish == Finish::Complete {
            assert!(self.machine.have().is_full(), "seed {seed}");
        }
        for received in self.machine.received() {
            let source = index(received.source);
            assert_eq!(received.who, who(source), "seed {seed}");
            assert_eq!(
                received.bytes + received.wasted,
                self.secondaries[source].arrived,
                "seed {seed}: source {source}",
            );
        }
    }
}
