//! The world's clock: who does something next, what the story does to whom, and what must be so at the end.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use trozos::model::{ClientName, Digest, SecondaryNumber};

use super::{
    Ctx, Settings,
    central::{Central, Saved},
    chronicle::Chronicle,
    client::Client,
    disk::{Content, Disk},
    earlier::Following,
    link::{CENTRAL, Link},
    net::{Host, Net},
    secondary::Secondary,
    story::{Ending, Happening, Story},
};

/// After the faults all must come right within this.
const RIGHT_WITHIN: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A secondary has seen its number in use for at least this long when it gives it up, clocks that jump included.
const HELD_FOR: Duration = Duration::from_secs(4);
/// Within this the central knows that nobody has a number any more.
const RELEASED_WITHIN: Duration = Duration::from_secs(6);
/// Steps at one instant: more is a busy loop.
const MOST_AT_ONCE: u32 = 20_000;

#[derive(Debug)]
enum Process {
    Central(Box<Central>),
    Secondary(Box<Secondary>),
    Client(Box<Client>),
}

impl Process {
    /// Its connection to a central.
    fn link(&self) -> Option<&Link> {
        match self {
            Self::Central(_) => None,
            Self::Secondary(secondary) => Some(&secondary.link),
            Self::Client(client) => Some(&client.link),
        }
    }

    /// It has given its number up.
    fn has_given_up(&self) -> bool {
        matches!(self, Self::Secondary(secondary) if secondary.has_given_up)
    }
}

#[derive(Debug)]
pub(super) struct Slot {
    process: Option<Process>,
    pub(super) disk: Disk,
    pub(super) paused_until: Option<Instant>,
    /// How far its clock is ahead of the world's.
    ahead: Duration,
    share: f64,
    sends_wrong_bytes: bool,
    /// When its process was started last.
    pub(super) started: Option<Instant>,
    /// When it wants to do something, by the world's clock.
    due: Option<Instant>,
    /// A process runs here since then, but for moments, and did until then.
    since: Option<Instant>,
    until: Option<Instant>,
}

pub struct World {
    pub(super) seed: u64,
    pub(super) story: Story,
    began: Instant,
    pub(super) now: Instant,
    pub(super) slots: Vec<Slot>,
    pub(super) net: Net,
    random: fastrand::Rng,
    saved: Saved,
    /// What the central of an earlier term has of the disk of the one that reigns, and changes from then on.
    old_copy: Saved,
    centrals: Vec<Host>,
    /// Whom each node follows.
    pub(super) following: BTreeMap<Host, Following>,
    library: BTreeMap<Digest, Content>,
    happenings: BTreeMap<(Instant, usize), Happening>,
    told_since: Option<Instant>,
    /// What all secondaries have sent.
    pub(super) sent_bytes: u64,
    /// A secondary's process ended, or the central's disk was lost: so may be what they knew of bytes.
    pub(super) lost_figures: bool,
    /// A client's process or the central's ended: so may be the ends of downloads of the last seconds.
    pub(super) lost_ends: bool,
    /// What people did to each name.
    pub(super) chronicle: Chronicle,
}

impl World {
    pub fn new(seed: u64, story: Story, trace: bool) -> Self {
        let began = Instant::now();
        let mut random = fastrand::Rng::with_seed(seed ^ 0x5eed);
        let mut net = Net::new(story.hosts(), random.fork());
        net.latency.clone_from(&story.latencies);
        let mut slots: Vec<_> = (0..story.hosts())
            .map(|_| Slot {
                process: None,
                disk: Disk::default(),
                paused_until: None,
                ahead: Duration::ZERO,
                share: 1.0,
                sends_wrong_bytes: false,
                started: None,
                due: None,
                since: None,
                until: None,
            })
            .collect();
        for (host, content) in &story.holds {
            let content = story.contents[*content].clone();
            let files = &mut slots[*host].disk.files;
            files.insert(content.meta.name.clone(), content);
        }
        let happenings = story.happenings.iter().enumerate();
        let happenings = happenings
            .map(|(index, (at, what))| ((began + *at, index), what.clone()))
            .collect();
        let chronicle = Chronicle::new(story.holds.iter().map(|(_, held)| &story.contents[*held]));
        let library = story.contents.iter();
        let library = library.map(|c| (c.meta.id, c.clone())).collect();
        Self {
            seed,
            began,
            now: began,
            slots,
            net,
            random,
            saved: Saved::default(),
            old_copy: Saved::default(),
            centrals: story.centrals(),
            following: BTreeMap::new(),
            library,
            happenings,
            told_since: trace.then_some(began),
            sent_bytes: 0,
            // What another central has booked is not known to this one.
            lost_figures: story.last_central() != CENTRAL,
            lost_ends: false,
            chronicle,
            story,
        }
    }

    pub(super) fn tell(&self, what: impl FnOnce() -> String) {
        if self.told_since.is_some() {
            println!("{:>12.6?} -- {}", self.now - self.began, what());
        }
    }

    /// Runs the faults, then waits until all is right.
    pub fn run(mut self) {
        self.until(self.began + self.story.quiet);
        self.heal();
        let deadline = self.now + RIGHT_WITHIN;
        let mut wrong = String::new();
        while self.now < deadline {
            self.until(self.now + LOOK_EVERY);
            match self.what_is_wrong() {
                None if self.decide_conflicts() => {}
                None => return self.end_well(),
                Some(what) => wrong = what,
            }
            self.restart_who_gave_up();
            for host in 0..self.story.hosts() {
                self.go_on(host);
            }
        }
        panic!("after the faults: {wrong}");
    }

    pub(super) fn until(&mut self, end: Instant) {
        let mut at_once = 0;
        loop {
            let story = self.happenings.first_key_value().map(|((at, _), _)| *at);
            let host = self.next_host();
            let arrival = self.net.due();
            let earliest = [story, host.map(|(at, _)| at), arrival];
            let Some(next) = earliest.into_iter().flatten().min() else {
                break;
            };
            if next > end {
                break;
            }
            at_once = if next > self.now { 0 } else { at_once + 1 };
            assert!(at_once < MOST_AT_ONCE, "a busy loop: {host:?}");
            self.now = self.now.max(next);
            if story.is_some_and(|at| at <= self.now) {
                if let Some((_, what)) = self.happenings.pop_first() {
                    self.happen(what);
                }
                continue;
            }
            // What is due at one instant comes in any order.
            let may_arrive = arrival.is_some_and(|at| at <= self.now);
            match host.filter(|(at, _)| *at <= self.now) {
                Some((_, host)) if !may_arrive || self.random.bool() => self.tick(host),
                _ => self.arrive(),
            }
        }
        self.now = self.now.max(end);
    }

    fn next_host(&self) -> Option<(Instant, Host)> {
        let slots = self.slots.iter().enumerate();
        let due = slots.filter_map(|(host, slot)| {
            let due = slot.due?;
            Some((slot.paused_until.map_or(due, |until| due.max(until)), host))
        });
        due.min()
    }

    fn arrive(&mut self) {
        let slots = &self.slots;
        let arrival = self.net.arrival(self.now, |host| slots[host].paused_until);
        let Some((host, end, what)) = arrival else {
            return;
        };
        self.with(host, |process, ctx| match process {
            Process::Central(central) => central.incoming(ctx, end, what),
            Process::Secondary(secondary) => secondary.incoming(ctx, end, what),
            Process::Client(client) => client.incoming(ctx, end, what),
        });
    }

    fn tick(&mut self, host: Host) {
        self.with(host, |process, ctx| match process {
            Process::Central(central) => central.tick(ctx),
            Process::Secondary(secondary) => secondary.tick(ctx),
            Process::Client(client) => client.tick(ctx),
        });
    }

    /// Lets a process do something.
    fn with(&mut self, host: Host, what: impl FnOnce(&mut Process, &mut Ctx<'_>)) {
        let Some(mut process) = self.slots[host].process.take() else {
            return;
        };
        let had_given_up = process.has_given_up();
        let mut ctx = self.ctx(host);
        what(&mut process, &mut ctx);
        let due = match &process {
            Process::Central(central) => Some(central.due()),
            Process::Secondary(secondary) => secondary.due(),
            Process::Client(client) => client.due(),
        };
        let slot = &mut self.slots[host];
        slot.due = due.map(|at| at.checked_sub(slot.ahead).unwrap_or(at));
        let gives_up = process.has_given_up() && !had_given_up;
        let follows = process.link().and_then(Link::follows);
        slot.process = Some(process);
        self.watch(host, follows);
        if gives_up {
            self.check_surrender(host);
        }
    }

    /// Who gives its number up has seen another have it for long.
    fn check_surrender(&self, host: Host) {
        let impostor = self.story.impostor();
        let other = match host {
            1 => impostor,
            _ if host == impostor => 1,
            _ => panic!("host {host} gave its number up to nobody"),
        };
        let other = &self.slots[other];
        let for_long = other.since.is_some_and(|at| at + HELD_FOR <= self.now);
        let lately = other
            .until
            .is_none_or(|at| at + RELEASED_WITHIN >= self.now);
        assert!(
            for_long && lately,
            "host {host} gave its number up too soon"
        );
    }

    fn ctx(&mut self, host: Host) -> Ctx<'_> {
        let slot = &mut self.slots[host];
        let is_earlier = self.story.earlier_host() == Some(host);
        let clock_ms = (self.now - self.began).as_millis() as u64;
        Ctx {
            time: self.now,
            now: self.now + slot.ahead,
            host,
            net: &mut self.net,
            disk: &mut slot.disk,
            random: &mut self.random,
            saved: if is_earlier {
                &mut self.old_copy
            } else {
                &mut self.saved
            },
            settings: Settings {
                required: self.story.required,
                places: self.story.places,
            },
            centrals: &self.centrals,
            library: &self.library,
            sends_wrong_bytes: slot.sends_wrong_bytes,
            sent_bytes: &mut self.sent_bytes,
            bytes_per_s: self.story.rates_bytes_per_s[host] * slot.share,
            // Its clock has lost the time, or its next term would be a later one.
            clock_ms: if is_earlier { 0 } else { clock_ms },
            told_since: self.told_since,
        }
    }

    pub(super) fn happen(&mut self, what: Happening) {
        self.tell(|| format!("{what:?}"));
        match what {
            Happening::Start(host) => self.start(host),
            Happening::End(host, ending) => self.end(host, ending),
            Happening::PowerOff(host) => {
                self.net.forget_all_of(host);
                self.net.power[host] = false;
                self.gone(host);
            }
            Happening::PowerOn(host) => self.net.power[host] = true,
            Happening::LoseDisk(host) => {
                if self.slots[host].process.is_none() {
                    let lost = std::mem::take(&mut self.slots[host].disk);
                    if host == CENTRAL {
                        self.lost_figures = true;
                        self.saved = Saved::default();
                        self.chronicle.forgotten();
                    } else {
                        let disks = disks_of(&self.slots[1..=self.story.secondaries]);
                        self.chronicle.lost(host, &lost, &disks);
                    }
                }
            }
            Happening::Pause(host, lasts) => {
                self.slots[host].paused_until = Some(self.now + lasts);
            }
            Happening::Jump(host, by) => {
                self.slots[host].ahead += by;
                self.with(host, |_, _| {});
            }
            Happening::Reset(a, b) => self.net.reset(self.now, a, b),
            Happening::HalfOpen(a, b) => self.net.lose(a, b),
            Happening::Block(from, to, lasts) => {
                self.net.blocked.insert((from, to), self.now + lasts);
            }
            Happening::Slow(host, share, latency) => {
                self.slots[host].share = share;
                self.net.latency[host] = latency;
            }
            Happening::WrongBytes(host, wrong) => self.slots[host].sends_wrong_bytes = wrong,
            Happening::DiskFull(host, full) => self.slots[host].disk.is_full = full,
            Happening::Add(host, content) => {
                let name = &self.story.contents[content].meta.name;
                if !self.slots[host].disk.files.contains_key(name) {
                    self.write(host, content);
                }
            }
            Happening::Write(host, content) => self.write(host, content),
            Happening::Rename(host, from, to) => {
                let old = self.story.contents[from].meta.name.clone();
                if self.slots[host].disk.files.contains_key(&old) {
                    self.write(host, to);
                    self.happen(Happening::Delete(host, from));
                }
            }
            Happening::Backup(CENTRAL) => self.old_copy = self.saved.clone(),
            Happening::Backup(host) => {
                let disk = &mut self.slots[host].disk;
                disk.backup = Some(disk.files.clone());
            }
            Happening::Restore(host) => self.restore(host),
            Happening::Delete(host, content) => {
                let name = &self.story.contents[content].meta.name;
                if let Some(gone) = self.slots[host].disk.files.remove(name) {
                    // A copy that has just come is not served yet: nobody has seen that it was there.
                    let served = |secondary: &Secondary| secondary.held().contains_key(name);
                    let is_seen = match &self.slots[host].process {
                        Some(Process::Secondary(s)) => s.has_eyes() && served(s),
                        _ => false,
                    };
                    self.chronicle.deleted(host, name, gone.meta.id, is_seen);
                    self.with(host, |process, ctx| {
                        if let Process::Secondary(secondary) = process {
                            secondary.file_deleted(ctx, gone.meta);
                        }
                    });
                }
            }
            Happening::LoseCopy(host, content) => {
                let name = &self.story.contents[content].meta.name;
                let slot = &mut self.slots[host];
                if let Some(Process::Secondary(secondary)) = &slot.process
                    && secondary.is_unserved_copy(name)
                {
                    slot.disk.files.remove(name);
                }
            }
            Happening::Ask(host, content) => {
                let name = self.story.contents[content].meta.name.clone();
                self.with(host, |process, ctx| {
                    if let Process::Client(client) = process {
                        client.ask(ctx, name);
                    }
                });
            }
            Happening::Drain(host, on) => {
                let number = self.number_of(host);
                self.with(self.story.last_central(), |process, ctx| {
                    if let Process::Central(central) = process {
                        central.drain(ctx, number, on);
                    }
                });
            }
            Happening::Expel(host) => self.with(self.story.last_central(), |process, ctx| {
                if let Process::Central(central) = process {
                    central.expel(ctx, &format!("c{host}"));
                }
            }),
            Happening::Count(by, request) => {
                self.with(self.story.last_central(), |process, ctx| {
                    if let Process::Central(central) = process {
                        central.count(ctx, by, request);
                    }
                });
            }
            Happening::CallOneself(host) => self.with(host, |process, ctx| {
                if let Process::Client(client) = process {
                    client.rename(ctx);
                }
            }),
            Happening::GiveUp(host) => self.with(host, |process, ctx| {
                if let Process::Client(client) = process {
                    client.give_one_up(ctx);
                }
            }),
            Happening::MakeWait(host) => self.with(host, |process, ctx| {
                if let Process::Client(client) = process {
                    client.make_one_wait(ctx);
                }
            }),
            Happening::GoOn(host) => self.go_on(host),
            Happening::Prefer(host, priority) => self.with(host, |process, ctx| {
                if let Process::Client(client) = process {
                    client.prefer_one(ctx, priority);
                }
            }),
        }
    }

    /// A second process had the number of the first secondary.
    pub(super) fn impostor_ran(&self) -> bool {
        self.slots[self.story.impostor()].until.is_some()
    }

    pub(super) fn number_of(&self, host: Host) -> SecondaryNumber {
        // The second process has the number of the first secondary.
        let number = if host == self.story.impostor() {
            1
        } else {
            host
        };
        SecondaryNumber::try_from(number as u64).expect("there are few")
    }

    fn start(&mut self, host: Host) {
        if self.slots[host].process.is_some() || !self.net.power[host] {
            return;
        }
        let slot = &mut self.slots[host];
        slot.paused_until = None;
        if slot
            .until
            .take()
            .is_none_or(|at| at + RELEASED_WITHIN < self.now)
        {
            slot.since = Some(self.now);
        }
        let is_central = self.centrals.contains(&host);
        let is_secondary = host <= self.story.secondaries || host == self.story.impostor();
        self.net.listening[host] = is_central || is_secondary;
        let number = (!is_central).then(|| self.number_of(host));
        let mut ctx = self.ctx(host);
        let process = match number {
            None => Process::Central(Box::new(Central::start(&mut ctx))),
            Some(number) if is_secondary => {
                Process::Secondary(Box::new(Secondary::start(&mut ctx, number)))
            }
            Some(_) => {
                let name = ClientName::try_from(format!("c{host}").as_str());
                let client = Client::start(&mut ctx, name.expect("a good name"));
                Process::Client(Box::new(client))
            }
        };
        self.slots[host].process = Some(process);
        self.slots[host].started = Some(self.now);
        self.following.remove(&host);
        self.with(host, |_, _| {});
    }

    fn end(&mut self, host: Host, ending: Ending) {
        let is_paused = self.slots[host]
            .paused_until
            .is_some_and(|at| at > self.now);
        if ending == Ending::Stopped && !is_paused {
            self.with(host, |process, ctx| match process {
                Process::Central(central) => central.stop(ctx),
                Process::Secondary(secondary) => secondary.stop(ctx),
                Process::Client(client) => client.stop(ctx),
            });
        }
        self.net.close_all_of(self.now, host);
        self.gone(host);
    }

    fn gone(&mut self, host: Host) {
        let listens = self.net.listening[host];
        let is_central = self.centrals.contains(&host);
        self.lost_figures |= listens && !is_central;
        let is_receiver = !listens && self.slots[host].process.is_some();
        self.lost_ends |= is_receiver || is_central;
        self.net.listening[host] = false;
        let slot = &mut self.slots[host];
        let process = slot.process.take();
        if process.is_some() {
            slot.until = Some(self.now);
        }
        slot.due = None;
        slot.disk.crash(&mut self.random);
        self.chronicle.ended(host, &slot.disk, |name| {
            matches!(&process, Some(Process::Secondary(secondary)) if secondary.has_told_of_the_end(name))
        });
    }

    /// Somebody puts content into a folder, in the place of what is there.
    fn write(&mut self, host: Host, content: usize) {
        let mut content = self.story.contents[content].clone();
        content.modified = (self.now - self.began).as_millis() as u64;
        let (name, id) = (content.meta.name.clone(), content.meta.id);
        // What somebody deleted elsewhere is there until the central has heard of it.
        let deleted_by = self.chronicle.deleted_by(&name);
        let is_heard = deleted_by.is_none_or(|by| match &self.slots[by].process {
            Some(Process::Secondary(secondary)) => secondary.has_told_of_the_end(&name),
            _ => false,
        });
        let slot = &mut self.slots[host];
        let before = slot.disk.files.insert(name.clone(), content);
        let before = before.map(|before| before.meta.id);
        let known = slot.disk.known.get(&name).and_then(|known| known.id);
        let is_new = before.is_some() && !self.chronicle.was_there(&name, id);
        let is_seen = sees(slot) || (is_new && known == before);
        self.chronicle
            .written(host, &name, id, before, is_seen && is_heard);
        self.with(host, |process, ctx| {
            if let Process::Secondary(secondary) = process {
                match before {
                    None => secondary.file_added(ctx, name),
                    Some(before) if before == id => {}
                    Some(_) => secondary.file_replaced(ctx, name),
                }
            }
        });
    }

    /// A folder goes back to what it was when somebody made a backup of it, while nobody runs there.
    fn restore(&mut self, host: Host) {
        let slot = &mut self.slots[host];
        if slot.process.is_some() {
            return;
        }
        let Some(backup) = slot.disk.backup.clone() else {
            return;
        };
        let before = slot.disk.clone();
        slot.disk.files = backup;
        let after = slot.disk.clone();
        let disks = disks_of(&self.slots[1..=self.story.secondaries]);
        self.chronicle.lost(host, &before, &disks);
        self.chronicle.restored(&after);
    }

    /// A person decides what is in conflict, if anything is.
    fn decide_conflicts(&mut self) -> bool {
        self.check_nothing_is_lost();
        let conflicts = self.central().cluster.conflicts();
        for conflict in &conflicts {
            let chosen = &conflict.versions[self.random.usize(..conflict.versions.len())];
            let (name, id, choice) = (&conflict.name, chosen.file.id, chosen.choice);
            self.tell(|| format!("decides that {name} is {id}"));
            self.with(self.story.last_central(), |process, ctx| {
                if let Process::Central(central) = process {
                    central.resolve(ctx, name, choice);
                }
            });
            self.chronicle.decided(name, id);
        }
        !conflicts.is_empty()
    }

    /// Nothing is wrong with anything any more.
    fn heal(&mut self) {
        self.tell(|| "the faults end".to_owned());
        self.check_whom_all_follow();
        self.happenings.clear();
        self.net.blocked.clear();
        self.net.latency.clone_from(&self.story.latencies);
        self.end(self.story.impostor(), Ending::Killed);
        let last_central = self.story.last_central();
        for host in 0..self.story.impostor() {
            if host == CENTRAL && host != last_central {
                // It is gone for good.
                continue;
            }
            let slot = &mut self.slots[host];
            slot.paused_until = None;
            slot.share = 1.0;
            slot.sends_wrong_bytes = false;
            slot.disk.is_full = false;
            self.net.power[host] = true;
            self.start(host);
        }
        for host in 1..=self.story.secondaries {
            self.happen(Happening::Drain(host, false));
        }
    }

    /// Whoever runs them sees the message and starts them again.
    fn restart_who_gave_up(&mut self) {
        for host in 1..=self.story.secondaries {
            let process = &self.slots[host].process;
            if process.as_ref().is_some_and(Process::has_given_up) {
                self.end(host, Ending::Killed);
                self.start(host);
            }
        }
    }

    fn go_on(&mut self, host: Host) {
        self.with(host, |process, ctx| {
            if let Process::Client(client) = process {
                client.let_all_go_on(ctx);
            }
        });
    }

    pub(super) fn secondaries(&self) -> impl Iterator<Item = (&Slot, &Secondary)> {
        self.slots[1..=self.story.secondaries]
            .iter()
            .filter_map(|slot| match &slot.process {
                Some(Process::Secondary(secondary)) => Some((slot, &**secondary)),
                _ => None,
            })
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = (Host, &Client)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(host, slot)| match &slot.process {
            Some(Process::Client(client)) => Some((host, &**client)),
            _ => None,
        })
    }

    pub(super) fn central(&self) -> &Central {
        match &self.slots[self.story.last_central()].process {
            Some(Process::Central(central)) => central,
            other => panic!("{other:?} instead of a central"),
        }
    }
}

/// A secondary runs there and sees what people do.
fn sees(slot: &Slot) -> bool {
    matches!(&slot.process, Some(Process::Secondary(secondary)) if secondary.has_eyes())
}

fn disks_of(slots: &[Slot]) -> Vec<&Disk> {
    slots.iter().map(|slot| &slot.disk).collect()
}
