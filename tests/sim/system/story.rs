//! What happens in a story: who is there, what they hold, what goes wrong when. All of it follows from a seed.

use std::{collections::BTreeSet, time::Duration};

use trozos::node::client::Priority;

use super::{disk::Content, link::CENTRAL, net::Host};

/// Most stories are short, so that there are many; some are long enough for slow things to happen.
const SHORT: Duration = Duration::from_secs(9);
const LONG: Duration = Duration::from_secs(30);

/// Seeds before this one are as they were before users had wishes.
const FIRST_WITH_WISHES: u64 = 100;

/// Seeds before this one are as they were before people edited files.
const FIRST_WITH_EDITS: u64 = 200;

/// Seeds before this one are as they were before copies were lost that had just come.
const FIRST_WITH_UNSERVED_COPIES: u64 = 300;

/// What happens.
#[derive(Clone, Debug)]
pub enum Happening {
    Start(Host),
    /// SIGKILL, or SIGTERM.
    End(Host, Ending),
    /// A power cut: no peer hears of it.
    PowerOff(Host),
    PowerOn(Host),
    /// Its folder is lost while nobody runs there.
    LoseDisk(Host),
    /// SIGSTOP.
    Pause(Host, Duration),
    /// Its clock jumps ahead.
    Jump(Host, Duration),
    Reset(Host, Host),
    /// Connections stand at both sides and carry nothing.
    HalfOpen(Host, Host),
    /// From the first to the second nothing passes.
    Block(Host, Host, Duration),
    Slow(Host, f64, Duration),
    WrongBytes(Host, bool),
    DiskFull(Host, bool),
    Add(Host, usize),
    /// Content takes the place of what is there under its name.
    Write(Host, usize),
    /// A file gets another name, which another content of the story stands for.
    Rename(Host, usize, usize),
    Delete(Host, usize),
    /// A copy that is complete and not served yet is lost: nobody sees that it was there.
    LoseCopy(Host, usize),
    /// Somebody makes a backup of a folder, and brings it back while nobody runs there.
    Backup(Host),
    Restore(Host),
    Ask(Host, usize),
    GiveUp(Host),
    /// A client's user makes a download wait, lets those that do go on, or finds one more or less important.
    MakeWait(Host),
    GoOn(Host),
    Prefer(Host, Priority),
    /// A client's user calls himself by another name.
    CallOneself(Host),
    /// A person orders at the central that a secondary is to have nothing to send, or takes that back.
    Drain(Host, bool),
    /// A person sends a client away.
    Expel(Host),
    /// A program counts, by a request with this number. It may say it again.
    Count(i64, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Killed,
    Stopped,
}

/// See the module. Host 0 is the central, then the secondaries, then the clients, then a second process with
/// the number of a secondary, then a central of an earlier term, if there is one.
#[derive(Clone, Debug)]
pub struct Story {
    pub secondaries: usize,
    pub clients: usize,
    pub required: usize,
    pub places: usize,
    pub contents: Vec<Content>,
    /// Which secondary holds which content from the start.
    pub holds: Vec<(Host, usize)>,
    pub latencies: Vec<Duration>,
    pub rates_bytes_per_s: Vec<f64>,
    pub happenings: Vec<(Duration, Happening)>,
    /// Faults end here; what follows must come right.
    pub quiet: Duration,
    /// There is a central of an earlier term.
    pub earlier: Option<Earlier>,
}

/// A central of an earlier term, on a machine of its own.
#[derive(Clone, Copy, Debug)]
pub struct Earlier {
    /// Nodes try it before the one that reigns.
    pub is_tried_first: bool,
    /// The one that reigns is gone for good in the end.
    pub is_left_alone: bool,
}

impl Story {
    pub fn hosts(&self) -> usize {
        self.impostor() + 1 + usize::from(self.earlier.is_some())
    }

    pub fn impostor(&self) -> Host {
        1 + self.secondaries + self.clients
    }

    /// The machine of the central of an earlier term.
    pub fn earlier_host(&self) -> Option<Host> {
        self.earlier.map(|_| self.impostor() + 1)
    }

    /// Where nodes look for a central, in order.
    pub fn centrals(&self) -> Vec<Host> {
        let mut centrals: Vec<_> = [Some(CENTRAL), self.earlier_host()]
            .into_iter()
            .flatten()
            .collect();
        if self.earlier.is_some_and(|earlier| earlier.is_tried_first) {
            centrals.reverse();
        }
        centrals
    }

    /// The central that all follow in the end.
    pub fn last_central(&self) -> Host {
        let alone = self.earlier.filter(|earlier| earlier.is_left_alone);
        alone.and(self.earlier_host()).unwrap_or(CENTRAL)
    }

    pub fn of_seed(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut story = Self::without_faults(&mut random);
        let quiet = story.quiet;
        for _ in 0..random.usize(..=8) {
            let at = quiet.mul_f64(random.f64() * 0.7 + 0.05);
            story.fault(&mut random, at);
        }
        if seed >= FIRST_WITH_WISHES && seed.is_multiple_of(3) {
            story.wishes(&mut fastrand::Rng::with_seed(!seed));
        }
        // By chance of its own: the other seeds tell what they told before there were such orders.
        if seed % 4 == 3 {
            story.orders(&mut fastrand::Rng::with_seed(seed ^ 0xd4a1));
        }
        if seed % 8 == 5 {
            story.deletions(&mut fastrand::Rng::with_seed(seed ^ 0xde1e));
        }
        if seed >= FIRST_WITH_EDITS && seed % 4 == 1 {
            story.edits(&mut fastrand::Rng::with_seed(seed ^ 0xed17));
        }
        if seed % 16 == 9 {
            story.names(&mut fastrand::Rng::with_seed(seed ^ 0xa11a5));
        }
        if seed >= FIRST_WITH_UNSERVED_COPIES && seed % 16 == 6 {
            story.unserved_copy(&mut fastrand::Rng::with_seed(seed ^ 0x0c0b));
        }
        if seed % 8 == 2 {
            story.counts(&mut fastrand::Rng::with_seed(seed ^ 0xc0c0));
        }
        if seed % 16 == 14 {
            story.late_report(&mut fastrand::Rng::with_seed(seed ^ 0x1a7e));
        }
        story
    }

    /// Everybody starts, and clients ask for files.
    pub(super) fn without_faults(random: &mut fastrand::Rng) -> Self {
        let secondaries = random.usize(3..=5);
        let clients = random.usize(1..=3);
        let files = random.usize(2..=4);
        let mut contents: Vec<_> = (0..files)
            .map(|file| {
                let length = random.u64(1..6 << 20);
                Content::new(&format!("f{file}"), file as u64, length)
            })
            .collect();
        if random.u8(..3) == 0 {
            // Another content under a name.
            contents.push(Content::new("f0", 100, random.u64(1..3 << 20)));
        }
        let mut holds = Vec::new();
        for content in 0..files {
            for _ in 0..random.usize(1..=2) {
                holds.push((random.usize(1..=secondaries), content));
            }
        }
        let mut story = Self {
            secondaries,
            clients,
            required: random.usize(1..=3),
            places: random.usize(1..=3),
            contents,
            holds,
            latencies: Vec::new(),
            rates_bytes_per_s: Vec::new(),
            happenings: Vec::new(),
            quiet: if random.u8(..8) == 0 { LONG } else { SHORT },
            earlier: None,
        };
        for host in 0..story.hosts() {
            let latency = Duration::from_micros(random.u64(50..5000));
            story.latencies.push(latency);
            // With frames of half a mebibyte, a dozen receivers must each get one before they call it dead.
            story.rates_bytes_per_s.push(random.f64() * 15e6 + 5e6);
            let starts = Duration::from_millis(random.u64(0..1500));
            if host != story.impostor() {
                story.happenings.push((starts, Happening::Start(host)));
            }
        }
        for _ in 0..random.usize(2..=8) {
            let at = story.quiet.mul_f64(random.f64() * 0.6 + 0.1);
            let client = 1 + secondaries + random.usize(..clients);
            let file = random.usize(..files);
            story.happenings.push((at, Happening::Ask(client, file)));
            if random.u8(..8) == 0 {
                let later = at + Duration::from_millis(random.u64(0..3000));
                story.happenings.push((later, Happening::GiveUp(client)));
            }
        }
        story
    }

    /// A copy is lost the moment it comes, before it is served.
    fn unserved_copy(&mut self, random: &mut fastrand::Rng) {
        let (holder, content) = self.holds[random.usize(..self.holds.len())];
        let host = 1 + holder % self.secondaries;
        let mut at = Duration::from_millis(random.u64(800..2000));
        for _ in 0..random.usize(100..400) {
            self.happenings
                .push((at, Happening::LoseCopy(host, content)));
            at += Duration::from_millis(4);
        }
    }

    /// A secondary is cut off from the central while it sends, and its receiver gives up. The central closes the books
    /// without it, runs anew, and hears only then what was sent.
    fn late_report(&mut self, random: &mut fastrand::Rng) {
        let secondary = random.usize(1..=self.secondaries);
        let client = 1 + self.secondaries + random.usize(..self.clients);
        // Nobody has asked for it before.
        let file = self.contents.len();
        self.contents.push(Content::new("late", 900, 6 << 20));
        self.holds.push((secondary, file));
        let mut add = |at, what| self.happenings.push((at, what));
        let mut at = Duration::from_millis(random.u64(3000..6000));
        let lasts = Duration::from_millis(random.u64(8000..11_000));
        add(at, Happening::Block(secondary, CENTRAL, lasts));
        add(at, Happening::Block(CENTRAL, secondary, lasts));
        let restart = at + Duration::from_millis(random.u64(6500..7500));
        add(restart, Happening::End(CENTRAL, Ending::Stopped));
        let back = restart + Duration::from_millis(random.u64(10..1000));
        add(back, Happening::Start(CENTRAL));
        self.quiet = self.quiet.max(at + lasts);
        at += Duration::from_millis(random.u64(0..300));
        add(at, Happening::Ask(client, file));
        at += Duration::from_millis(random.u64(20..300));
        add(at, Happening::GiveUp(client));
    }

    /// Files are deleted while they are copied from one secondary to the next.
    fn deletions(&mut self, random: &mut fastrand::Rng) {
        for _ in 0..random.usize(1..=2) {
            let at = Duration::from_millis(random.u64(800..4000));
            let (holder, content) = self.holds[random.usize(..self.holds.len())];
            self.happenings
                .push((at, Happening::Delete(holder, content)));
        }
    }

    /// People change, rename and delete files, several at once now and then, and bring backups back.
    fn edits(&mut self, random: &mut fastrand::Rng) {
        let first = self.contents.len();
        let names: BTreeSet<_> = self.contents.iter().map(|c| c.meta.name.clone()).collect();
        let names: Vec<_> = names.into_iter().collect();
        for (index, name) in names.iter().enumerate() {
            for version in 0..3 {
                let number = 1000 + (index * 10 + version) as u64;
                let length = random.u64(1..3 << 20);
                self.contents
                    .push(Content::new(name.as_str(), number, length));
            }
        }
        for _ in 0..random.usize(2..=10) {
            let mut at = self.quiet.mul_f64(random.f64() * 0.85 + 0.1);
            let host = random.usize(1..=self.secondaries);
            let many = if random.u8(..4) == 0 { 3 } else { 1 };
            for _ in 0..many {
                let content = random.usize(first..self.contents.len());
                let what = match random.u8(..8) {
                    0 => Happening::Delete(host, content),
                    1 => Happening::Rename(host, random.usize(..first), content),
                    _ => Happening::Write(host, content),
                };
                self.happenings.push((at, what));
                at += Duration::from_millis(random.u64(0..60));
            }
            if random.u8(..4) == 0 {
                // The central is away just then.
                let before = at.saturating_sub(Duration::from_millis(random.u64(0..400)));
                let back = at + Duration::from_millis(random.u64(0..3000));
                let ends = Happening::End(0, Ending::Killed);
                self.happenings.push((before, ends));
                self.happenings.push((back, Happening::Start(0)));
            }
        }
        if random.u8(..3) == 0 {
            let host = random.usize(1..=self.secondaries);
            let at = self.quiet.mul_f64(random.f64() * 0.4 + 0.1);
            let down = self.quiet.mul_f64(random.f64() * 0.3 + 0.5);
            let short = Duration::from_millis(random.u64(10..2000));
            self.happenings.push((at, Happening::Backup(host)));
            let ends = Happening::End(host, Ending::Stopped);
            self.happenings.push((down, ends));
            if random.bool() {
                let content = random.usize(first..self.contents.len());
                let write = Happening::Write(host, content);
                self.happenings.push((down + short / 3, write));
            } else {
                self.happenings
                    .push((down + short / 2, Happening::Restore(host)));
            }
            self.happenings.push((down + short, Happening::Start(host)));
        }
    }

    /// Users find other names, some of them while there is no network.
    fn names(&mut self, random: &mut fastrand::Rng) {
        for _ in 0..random.usize(1..=4) {
            let at = self.quiet.mul_f64(random.f64() * 0.8 + 0.1);
            let client = 1 + self.secondaries + random.usize(..self.clients);
            if random.bool() {
                let before = at.saturating_sub(Duration::from_millis(random.u64(1..3000)));
                self.happenings
                    .push((before, Happening::HalfOpen(client, 0)));
            }
            self.happenings.push((at, Happening::CallOneself(client)));
        }
    }

    fn wishes(&mut self, random: &mut fastrand::Rng) {
        for _ in 0..random.usize(2..=10) {
            let at = self.quiet.mul_f64(random.f64() * 0.8 + 0.1);
            let client = 1 + self.secondaries + random.usize(..self.clients);
            let priority = match random.u8(..3) {
                0 => Priority::Low,
                1 => Priority::Normal,
                _ => Priority::High,
            };
            let what = match random.u8(..4) {
                0 | 1 => Happening::MakeWait(client),
                2 => Happening::GoOn(client),
                _ => Happening::Prefer(client, priority),
            };
            self.happenings.push((at, what));
        }
        self.wishes_among_many(random);
    }

    /// One client asks for all files at once, and its user changes his mind while they come.
    fn wishes_among_many(&mut self, random: &mut fastrand::Rng) {
        let client = 1 + self.secondaries + random.usize(..self.clients);
        let mut at = self.quiet.mul_f64(random.f64() * 0.5 + 0.15);
        let files = self.contents.len();
        for file in 0..files {
            at += Duration::from_millis(random.u64(0..30));
            self.happenings.push((at, Happening::Ask(client, file)));
        }
        for _ in 0..random.usize(1..=3) {
            at += Duration::from_millis(random.u64(1..250));
            match random.u8(..3) {
                0 => {
                    let back = at + Duration::from_millis(random.u64(0..400));
                    self.happenings.push((at, Happening::MakeWait(client)));
                    self.happenings.push((back, Happening::GoOn(client)));
                }
                1 => {
                    let prefer = Happening::Prefer(client, Priority::High);
                    self.happenings.push((at, prefer));
                }
                _ => {
                    let prefer = Happening::Prefer(client, Priority::Low);
                    self.happenings.push((at, prefer));
                }
            }
        }
    }

    fn orders(&mut self, random: &mut fastrand::Rng) {
        for _ in 0..random.usize(1..=4) {
            let at = self.quiet.mul_f64(random.f64() * 0.8 + 0.05);
            let secondary = random.usize(1..=self.secondaries);
            let lasts = Duration::from_millis(random.u64(20..8000));
            self.happenings
                .push((at, Happening::Drain(secondary, true)));
            if random.bool() {
                let back = Happening::Drain(secondary, false);
                self.happenings.push((at + lasts, back));
            }
        }
        if random.u8(..3) == 0 {
            let at = self.quiet.mul_f64(random.f64() * 0.6 + 0.2);
            let client = 1 + self.secondaries + random.usize(..self.clients);
            self.happenings.push((at, Happening::Expel(client)));
            if random.bool() {
                // Its user starts it anew at once, and asks again.
                let again = at + Duration::from_millis(random.u64(10..1500));
                let ends = Happening::End(client, Ending::Killed);
                self.happenings.push((again, ends));
                self.happenings.push((again, Happening::Start(client)));
                let asks = Happening::Ask(client, random.usize(..self.contents.len()));
                let then = again + Duration::from_millis(random.u64(1..1000));
                self.happenings.push((then, asks));
            }
        }
    }

    /// Programs count, some of them too much, and repeat what was answered or not.
    fn counts(&mut self, random: &mut fastrand::Rng) {
        for request in 0..random.u32(3..=20) {
            let by = match random.u8(..8) {
                0 => i64::MAX / 2,
                1 => i64::MIN / 2,
                _ => random.i64(-9..=9),
            };
            for _ in 0..random.usize(1..=3) {
                let at = self.quiet.mul_f64(random.f64() * 0.9 + 0.05);
                self.happenings.push((at, Happening::Count(by, request)));
            }
        }
    }

    fn fault(&mut self, random: &mut fastrand::Rng, at: Duration) {
        let lasts = Duration::from_millis(random.u64(20..5000));
        let any = random.usize(..self.impostor());
        let other = random.usize(..self.impostor());
        let secondary = random.usize(1..=self.secondaries);
        let file = random.usize(..self.contents.len());
        let mut add = |wait: Duration, what| self.happenings.push((at + wait, what));
        match random.u8(..16) {
            0 | 1 => {
                add(Duration::ZERO, Happening::End(any, Ending::Killed));
                if random.u8(..3) == 0 {
                    add(lasts / 2, Happening::LoseDisk(any));
                }
                add(lasts, Happening::Start(any));
            }
            2 => {
                add(Duration::ZERO, Happening::End(any, Ending::Stopped));
                add(lasts, Happening::Start(any));
            }
            3 => {
                add(Duration::ZERO, Happening::PowerOff(any));
                if random.u8(..3) == 0 {
                    add(lasts / 2, Happening::LoseDisk(any));
                }
                add(lasts, Happening::PowerOn(any));
                add(lasts, Happening::Start(any));
            }
            4 => add(Duration::ZERO, Happening::Pause(any, lasts)),
            5 => add(Duration::ZERO, Happening::Jump(any, lasts * 4)),
            6 => add(Duration::ZERO, Happening::Reset(any, other)),
            7 => add(Duration::ZERO, Happening::HalfOpen(any, other)),
            8 => add(Duration::ZERO, Happening::Block(any, other, lasts)),
            9 => {
                add(Duration::ZERO, Happening::Block(any, other, lasts));
                add(Duration::ZERO, Happening::Block(other, any, lasts));
            }
            10 => {
                let latency = Duration::from_millis(random.u64(10..400));
                let share = random.f64() * 0.3 + 0.02;
                add(Duration::ZERO, Happening::Slow(any, share, latency));
                let usual = self.latencies[any];
                self.happenings
                    .push((at + lasts, Happening::Slow(any, 1.0, usual)));
            }
            11 => {
                add(Duration::ZERO, Happening::WrongBytes(secondary, true));
                add(lasts, Happening::WrongBytes(secondary, false));
            }
            12 => {
                add(Duration::ZERO, Happening::DiskFull(any, true));
                add(lasts, Happening::DiskFull(any, false));
            }
            13 => add(Duration::ZERO, Happening::Add(secondary, file)),
            14 => add(Duration::ZERO, Happening::Delete(secondary, file)),
            _ => {
                let impostor = self.impostor();
                self.happenings.push((at, Happening::Start(impostor)));
                let ends = Happening::End(impostor, Ending::Killed);
                self.happenings.push((at + lasts * 2, ends));
            }
        }
    }
}
