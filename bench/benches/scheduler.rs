//! The download machine alone: one download of 8192 chunks from sources that cost nothing to simulate.
//! An item is a decision: a chunk that was asked for, or one that was settled.
//! `cargo bench --bench scheduler`
#![allow(clippy::unwrap_used)]

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use divan::{Bencher, black_box, counter::ItemsCount};
use trozos::{
    engine::{
        assignment::assign,
        download::{Action, Download, DownloadConfig, Event, Finish},
    },
    model::{ChunkIndex, ChunkLayout, ChunkRange, ChunkSet, Fault, Have, SecondaryNumber, SourceId, SourceInfo, Who},
};

const CHUNKS: u64 = 8192;
const FRAME_BYTES: u32 = 256 << 10;
const RATE_BYTES_PER_S: f64 = 100e6;
/// In the world where sources die: one every so often, each for so long.
const DEATH_EVERY: Duration = Duration::from_millis(200);
const DEATH_LASTS: Duration = Duration::from_millis(400);

fn main() {
    divan::main();
}

/// What the sources are like.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Speeds {
    Equal,
    /// The fastest is sixteen times as fast as the slowest.
    Unequal,
    /// Equal, and one after the other dies for a while.
    Dying,
}

#[divan::bench(args = [Speeds::Equal, Speeds::Unequal, Speeds::Dying], sample_count = 10, sample_size = 1)]
fn of_16_sources(bencher: Bencher<'_, '_>, speeds: Speeds) {
    let decisions = World::new(speeds, 16).run();
    bencher.counter(ItemsCount::new(decisions)).bench(|| World::new(black_box(speeds), 16).run());
}

#[divan::bench(args = [1, 4, 64], sample_count = 10, sample_size = 1)]
fn of_other_numbers(bencher: Bencher<'_, '_>, sources: usize) {
    let decisions = World::new(Speeds::Equal, sources).run();
    bencher.counter(ItemsCount::new(decisions)).bench(|| World::new(Speeds::Equal, black_box(sources)).run());
}

struct Sender {
    rate_bytes_per_s: f64,
    connected: bool,
    dead_until: Instant,
    queue: VecDeque<(ChunkIndex, u32)>,
    /// When the first frame of its queue arrives.
    frame_at: Option<Instant>,
}

struct World {
    layout: ChunkLayout,
    now: Instant,
    machine: Download,
    senders: Vec<Sender>,
    /// What the machine is told at once.
    answers: VecDeque<Event>,
    next_death: Option<Instant>,
    deaths: usize,
    ready: bool,
    decisions: u64,
}

fn id(index: usize) -> SourceId {
    SourceId(index as u32 + 1)
}

fn index(id: SourceId) -> usize {
    id.0 as usize - 1
}

fn source(index: usize, ranges: Vec<ChunkRange>) -> SourceInfo {
    SourceInfo {
        id: id(index),
        who: Who::Secondary(SecondaryNumber::try_from(index as u64 + 1).unwrap()),
        address: ([10, 0, 0, 1], 1).into(),
        have: Have::All,
        ranges,
        draining: false,
    }
}

impl World {
    fn new(speeds: Speeds, sources: usize) -> Self {
        let layout = ChunkLayout::for_file(CHUNKS << 20).unwrap();
        let now = Instant::now();
        let config = DownloadConfig { seed: 7, source_wait: Duration::from_secs(60) };
        let rate = |source: usize| match speeds {
            Speeds::Equal | Speeds::Dying => RATE_BYTES_PER_S,
            Speeds::Unequal => RATE_BYTES_PER_S * 4_f64.powf(2.0 * source as f64 / (sources as f64 - 1.0) - 1.0),
        };
        let senders = (0..sources)
            .map(|source| Sender {
                rate_bytes_per_s: rate(source),
                connected: false,
                dead_until: now,
                queue: VecDeque::new(),
                frame_at: None,
            })
            .collect();
        let shares: Vec<_> = (0..sources).map(|source| (source, 1.0)).collect();
        let shares = assign(layout.all(), &shares).into_iter();
        let list = shares.map(|(index, ranges)| source(index, ranges));
        Self {
            layout,
            now,
            machine: Download::new(layout, config, now),
            senders,
            answers: VecDeque::from([Event::Sources(list.collect())]),
            next_death: (speeds == Speeds::Dying).then(|| now + DEATH_EVERY),
            deaths: 0,
            ready: false,
            decisions: 0,
        }
    }

    /// Runs the download to its end; gives the number of decisions.
    fn run(mut self) -> u64 {
        loop {
            while let Some(event) = self.answers.pop_front() {
                self.machine.handle_event(self.now, event);
                if self.act() {
                    return self.decisions;
                }
            }
            let frame =
                self.senders.iter().enumerate().filter_map(|(source, sender)| Some((sender.frame_at?, source))).min();
            let timer = self.machine.poll_timeout();
            let due = [frame.map(|(at, _)| at), timer, self.next_death];
            self.now = self.now.max(due.into_iter().flatten().min().unwrap());
            match frame {
                _ if self.next_death.is_some_and(|at| at <= self.now) => self.kill_one(),
                Some((at, source)) if at <= self.now => self.deliver(source),
                _ => {
                    self.machine.handle_timeout(self.now);
                    if self.act() {
                        return self.decisions;
                    }
                }
            }
        }
    }

    /// Does what the machine says; true at the end.
    fn act(&mut self) -> bool {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Connect { source } => self.connect(source),
                Action::Disconnect { source } => self.senders[index(source)].close(),
                Action::Request { source, chunk } => {
                    self.decisions += 1;
                    let sender = &mut self.senders[index(source)];
                    sender.queue.push_back((chunk, 0));
                    sender.start(self.now);
                }
                Action::Cancel { source, chunk } => {
                    let sender = &mut self.senders[index(source)];
                    let before = sender.queue.len();
                    sender.queue.retain(|(queued, _)| *queued != chunk);
                    if sender.queue.len() < before {
                        self.answers.push_back(Event::Cancelled { source, chunk });
                    }
                }
                Action::RequestPart { .. } | Action::JoinParts { .. } | Action::ForgetParts { .. } => {
                    unreachable!("nobody reads")
                }
                Action::Swarm(_) | Action::Report { .. } | Action::Notice(_) => {}
                Action::Finish(finish) => {
                    assert_eq!(finish, Finish::Complete);
                    return true;
                }
            }
        }
        false
    }

    fn connect(&mut self, source: SourceId) {
        let sender = &mut self.senders[index(source)];
        if self.now < sender.dead_until {
            let fault = Fault::Unreachable;
            self.answers.push_back(Event::Lost { source, fault });
            return;
        }
        sender.connected = true;
        self.answers.push_back(Event::Connected { source });
        if !std::mem::replace(&mut self.ready, true) {
            let have = ChunkSet::new(self.layout.chunk_count());
            self.answers.push_back(Event::Ready { have });
        }
    }

    /// A frame arrives; a whole chunk is right.
    fn deliver(&mut self, from: usize) {
        let sender = &mut self.senders[from];
        sender.frame_at = None;
        if let Some((chunk, offset)) = sender.queue.front_mut() {
            let (chunk, length) = (*chunk, self.layout.chunk_len(*chunk));
            let bytes = (length - *offset).min(FRAME_BYTES);
            *offset += bytes;
            let source = id(from);
            self.answers.push_back(Event::Received { source, chunk, bytes });
            if *offset == length {
                sender.queue.pop_front();
                self.answers.push_back(Event::Verified { source, chunk });
                self.decisions += 1;
            }
        }
        sender.start(self.now);
    }

    fn kill_one(&mut self) {
        let victim = self.deaths % self.senders.len();
        self.deaths += 1;
        self.next_death = Some(self.now + DEATH_EVERY);
        let sender = &mut self.senders[victim];
        sender.dead_until = self.now + DEATH_LASTS;
        if sender.connected {
            sender.close();
            self.answers.push_back(Event::Lost { source: id(victim), fault: Fault::Broken });
        }
    }
}

impl Sender {
    fn start(&mut self, now: Instant) {
        if self.frame_at.is_none() && !self.queue.is_empty() {
            let wait = f64::from(FRAME_BYTES) / self.rate_bytes_per_s;
            self.frame_at = Some(now + Duration::from_secs_f64(wait));
        }
    }

    fn close(&mut self) {
        self.connected = false;
        self.queue.clear();
        self.frame_at = None;
    }
}
