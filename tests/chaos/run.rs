//! One run: builds the cluster, tells the story, heals everything, waits until all is level, checks.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use crate::{
    audit,
    clients::Downloader,
    decisions::Decisions,
    files::Files,
    meter::{Kind, Meter, Samples},
    network::{CRAWL_BYTES_PER_S, Network},
    nodes::{Life, Link, Node, Role, client_name, served},
    report,
    story::{Act, SECONDARIES, Settings, Step, Story},
    support::names,
};

const LOOK_EVERY: Duration = Duration::from_millis(20);
/// From the last fault until everything must be level, whatever was going on: downloads of deleted files wait
/// half a minute for their return, failed copies up to a minute for their next try.
const HEAL_WITHIN: Duration = Duration::from_secs(150);
/// Until a cluster that has just been started serves.
const START_WITHIN: Duration = Duration::from_secs(60);

/// What ends a fault.
#[derive(Clone, Copy, Debug)]
enum Heal {
    Start(Role),
    Continue(Role),
    Relieve(Role),
    Repair(usize),
}

/// The cluster and what is known of it.
pub struct World<'a> {
    pub settings: &'a Settings,
    pub folder: &'a Path,
    pub nodes: BTreeMap<Role, Node>,
    pub clients: Vec<Downloader>,
    pub files: Files,
    pub acts: BTreeMap<&'static str, u64>,
    /// What should not have happened.
    pub problems: Vec<String>,
    meter: Option<Meter>,
    heals: Vec<(Instant, Heal)>,
    /// A person at the central, once faults have ended.
    decisions: Option<Decisions>,
    random: fastrand::Rng,
}

/// Leaves the nodes' output where it can be read when a run goes wrong.
impl Drop for World<'_> {
    fn drop(&mut self) {
        for (role, node) in &self.nodes {
            let path = self.folder.join(format!("{}.log", role.namespace()));
            let _ = fs::write(path, node.printed().join("\n"));
        }
    }
}

/// Runs the story and panics with everything that was wrong.
pub fn run(settings: &Settings) {
    println!(
        "seed {}, {} s, {} clients",
        settings.seed,
        settings.duration.as_secs(),
        settings.clients
    );
    let folder = tempfile::Builder::new()
        .prefix("trozos-chaos-")
        .tempdir()
        .unwrap();
    let kept = folder.path().to_owned();
    // Kept whenever it does not come to a good end.
    let folder_guard = folder.keep();
    settings
        .plan
        .network
        .build(settings.clients, settings.plan.rate_bytes_per_s);
    let mut world = World::start(settings, &kept);
    let before = world.warm_up();
    world.tell_story();
    world.heal();
    world.compare_descriptors(&before);
    let samples = world.meter.take().map(Meter::stop).unwrap_or_default();
    world.stop();
    let books = audit::books(&mut world);
    audit::folders(&mut world);
    audit::processes(&mut world);
    report::tell(&world, &samples, &books);
    let problems = std::mem::take(&mut world.problems);
    drop(world);
    assert!(
        problems.is_empty(),
        "seed {}: {} problems; everything is in {}:\n{}",
        settings.seed,
        problems.len(),
        kept.display(),
        problems.join("\n")
    );
    let _ = fs::remove_dir_all(folder_guard);
}

impl<'a> World<'a> {
    fn start(settings: &'a Settings, folder: &'a Path) -> Self {
        let mut random = fastrand::Rng::with_seed(settings.seed);
        let files = Files::prepare(settings, folder, &mut random);
        let central = Node::start(settings, folder, Role::Central, 0);
        let port = central.process.port();
        let mut nodes = BTreeMap::from([(Role::Central, central)]);
        let secondaries = (0..SECONDARIES).map(Role::Secondary);
        for role in secondaries.chain((0..settings.clients).map(Role::Client)) {
            nodes.insert(role, Node::start(settings, folder, role, port));
        }
        nodes[&Role::Central].process.wait_for("Sincronizado");
        let clients = (0..settings.clients)
            .map(|n| Downloader::new(n, folder, settings.seed))
            .collect();
        Self {
            settings,
            folder,
            nodes,
            clients,
            files,
            acts: BTreeMap::new(),
            problems: Vec::new(),
            meter: None,
            heals: Vec::new(),
            decisions: None,
            random,
        }
    }

    /// A round of downloads without faults; gives the descriptors of each node at rest after it.
    fn warm_up(&mut self) -> BTreeMap<Role, Vec<String>> {
        for client in &mut self.clients {
            client.want(&self.files);
        }
        self.poll_until("downloads without any fault", START_WITHIN, |world| {
            world.clients.iter().all(Downloader::is_idle) && world.files.people.ledger.is_at_rest()
        });
        let mut before: BTreeMap<Role, Vec<String>> = BTreeMap::new();
        let mut since = Instant::now();
        // Connections of the downloads end a little later.
        while since.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(LOOK_EVERY);
            let now: BTreeMap<_, _> = self
                .nodes
                .iter()
                .map(|(role, node)| (*role, node.descriptors()))
                .collect();
            if now != before {
                (before, since) = (now, Instant::now());
            }
        }
        before
    }

    fn tell_story(&mut self) {
        if self.settings.plan.network == Network::Namespaces {
            self.meter = Some(Meter::start());
        }
        let mut story = Story::new(self.settings);
        let mut end = Instant::now() + self.settings.duration;
        let mut breath = Instant::now().checked_add(self.settings.plan.breath);
        let mut next = story.next();
        // The first fault hits downloads that are under way.
        let mut due = Instant::now() + Duration::from_secs(1) + next.after;
        while Instant::now() < end {
            if Instant::now() >= due {
                self.act(next);
                next = story.next();
                due = Instant::now() + next.after;
            }
            if breath.is_some_and(|at| Instant::now() >= at) {
                let began = Instant::now();
                self.rest();
                self.decisions = None;
                breath = Instant::now().checked_add(self.settings.plan.breath);
                end += began.elapsed();
            }
            if let Some(told) = self.files.people.work() {
                write_down(self.folder, &format!("somebody {told}"));
            }
            for client in &mut self.clients {
                client.want(&self.files);
            }
            self.turn();
        }
    }

    /// Everything that goes on by itself.
    fn turn(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.heals)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.heals = later;
        let due: Vec<(Instant, Heal)> = due;
        for (_, heal) in due {
            self.undo(heal);
        }
        for (n, client) in self.clients.iter_mut().enumerate() {
            let node = self.nodes.get_mut(&Role::Client(n)).unwrap();
            self.problems.extend(client.poll(node, &self.files));
        }
        for (role, node) in &mut self.nodes {
            if node.life == Life::Runs
                && let Ok(Some(status)) = node.process.child.try_wait()
            {
                let printed = node.process.printed();
                let last = printed[printed.len().saturating_sub(5)..].join(" | ");
                self.problems
                    .push(format!("{role:?} ended by itself, {status}: {last}"));
                // It is told once.
                node.life = Life::Down;
                self.heals.push((now, Heal::Start(*role)));
            }
        }
        let servers = (0..SECONDARIES).map(Role::Secondary);
        let mut servers = servers.chain([Role::Central]);
        let are_well = servers.all(|role| self.is_well(role));
        self.problems.extend(self.files.people.look(are_well));
        if let Some(decisions) = &mut self.decisions {
            let central = &mut self.nodes.get_mut(&Role::Central).unwrap().process;
            for told in decisions.turn(central, self.folder, &mut self.files.people.ledger) {
                write_down(self.folder, &told);
            }
        }
        self.tell_meter();
        std::thread::sleep(LOOK_EVERY);
    }

    fn tell_meter(&self) {
        let Some(meter) = &self.meter else {
            return;
        };
        let rate = self.settings.plan.rate_bytes_per_s as f64;
        let corrupt = |n| {
            self.heals
                .iter()
                .any(|(_, heal)| matches!(heal, Heal::Repair(m) if *m == n))
        };
        let capacity = (0..SECONDARIES)
            .map(|n| {
                let node = &self.nodes[&Role::Secondary(n)];
                match (node.life, node.link) {
                    _ if corrupt(n) => 0.0,
                    (Life::Runs, Link::Up) => rate,
                    (Life::Runs, Link::Slow) => CRAWL_BYTES_PER_S as f64,
                    _ => 0.0,
                }
            })
            .sum();
        meter.set_capacity(capacity);
        let receiving =
            self.clients.iter().enumerate().filter(|(n, client)| {
                client.is_running() && self.nodes[&Role::Client(*n)].is_well()
            });
        meter.set_receiving(
            receiving
                .map(|(n, _)| Role::Client(n).namespace())
                .collect(),
        );
    }

    fn is_well(&self, role: Role) -> bool {
        self.nodes[&role].is_well()
    }

    /// Does one step of the story, unless its node is in trouble already.
    fn act(&mut self, step: Step) {
        let until = Instant::now() + step.lasts;
        let loaded = self.meter.as_ref().is_some_and(Meter::is_loaded);
        let rate = self.settings.plan.rate_bytes_per_s;
        let (what, hit) = match step.act {
            Act::Kill(role) if self.nodes[&role].life != Life::Down => {
                self.node(role).kill();
                self.is_down(role);
                self.heals.push((until, Heal::Start(role)));
                ("kill", Some((role, Kind::Kill)))
            }
            Act::Restart(role) if self.is_well(role) && !matches!(role, Role::Client(_)) => {
                let code = self.node(role).stop();
                if code != 0 {
                    self.problems.push(format!(
                        "{role:?} ended with {code} when it was asked to stop"
                    ));
                }
                self.has_ended(role);
                self.heals.push((until, Heal::Start(role)));
                self.node(role).kills += 1;
                ("restart", None)
            }
            Act::Freeze(role) if self.nodes[&role].life == Life::Runs => {
                self.node(role).freeze(true);
                self.runs(role, false);
                self.heals.push((until, Heal::Continue(role)));
                ("freeze", Some((role, Kind::Freeze)))
            }
            Act::CutInside(role) | Act::CutOutside(role) if self.nodes[&role].link == Link::Up => {
                let inside = matches!(step.act, Act::CutInside(_));
                let link = if inside {
                    Link::CutInside
                } else {
                    Link::CutOutside
                };
                self.node(role).hinder(link, rate);
                self.heals.push((until, Heal::Relieve(role)));
                ("cut", Some((role, Kind::Cut)))
            }
            Act::Slow(n) if self.nodes[&Role::Secondary(n)].link == Link::Up => {
                let role = Role::Secondary(n);
                self.node(role).hinder(Link::Slow, CRAWL_BYTES_PER_S);
                self.heals.push((until, Heal::Relieve(role)));
                ("slow-down", Some((role, Kind::Slow)))
            }
            Act::Corrupt(n) if self.files.damage(n) => {
                self.heals.push((until, Heal::Repair(n)));
                ("corruption", Some((Role::Secondary(n), Kind::Corruption)))
            }
            Act::Add(n) => {
                self.files.add(n, &mut self.random);
                ("new file", None)
            }
            Act::Delete(n) if self.is_well(Role::Secondary(n)) && self.files.delete(n) => {
                ("deleted file", None)
            }
            _ => ("skipped, in trouble already", None),
        };
        *self.acts.entry(what).or_default() += 1;
        write_down(
            self.folder,
            &format!("{:?} for {:?}: {what}", step.act, step.lasts),
        );
        self.tell_meter();
        if let (Some((role, kind)), Some(meter)) = (hit, &self.meter) {
            match role {
                Role::Secondary(_) => meter.fault(kind, loaded),
                // Nothing new is granted until it is back, so all measures are its own.
                Role::Central => meter.discard_pending(),
                Role::Client(_) => {}
            }
        }
    }

    fn node(&mut self, role: Role) -> &mut Node {
        self.nodes.get_mut(&role).expect("every role has its node")
    }

    fn runs(&mut self, role: Role, runs: bool) {
        if let Role::Secondary(n) = role {
            self.files.people.runs(n, runs);
        }
    }

    fn has_ended(&mut self, role: Role) {
        if let Role::Secondary(n) = role {
            self.files.people.ended(n);
        }
    }

    fn is_down(&mut self, role: Role) {
        self.has_ended(role);
        self.heals
            .retain(|(_, heal)| !matches!(heal, Heal::Continue(other) if *other == role));
        if let Role::Client(n) = role {
            // What it said last is read first.
            let node = self.nodes.get_mut(&role).unwrap();
            self.problems
                .extend(self.clients[n].poll(node, &self.files));
        }
    }

    fn undo(&mut self, heal: Heal) {
        let rate = self.settings.plan.rate_bytes_per_s;
        write_down(self.folder, &format!("{heal:?}"));
        match heal {
            Heal::Start(role) => {
                if let Role::Client(n) = role {
                    self.clients[n].killed(&self.files);
                }
                self.node(role).start_again();
                self.runs(role, true);
                if let (Role::Central, Some(meter)) = (role, &self.meter) {
                    meter.fault(Kind::CentralRestart, true);
                }
            }
            Heal::Continue(role) => {
                self.node(role).freeze(false);
                self.runs(role, true);
            }
            Heal::Relieve(role) => self.node(role).relieve(rate),
            Heal::Repair(n) => self.files.repair(n),
        }
    }

    fn poll_until(&mut self, what: &str, within: Duration, done: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !done(self) {
            self.turn();
            if began.elapsed() > within {
                let jobs: Vec<_> = self.clients.iter().map(Downloader::jobs).collect();
                let folders: Vec<_> = (0..SECONDARIES)
                    .map(|n| names(&self.folder.join(served(n))))
                    .collect();
                self.problems.push(format!(
                    "never: {what}; downloads {jobs:?}; folders {folders:?}"
                ));
                return;
            }
        }
    }

    /// Ends all faults, and waits until what people did is everywhere.
    fn rest(&mut self) {
        for (at, _) in &mut self.heals {
            *at = Instant::now();
        }
        self.files.people.finish();
        self.turn();
        write_down(self.folder, "healed");
        self.decisions = Some(Decisions::new(self.settings.seed));
        self.poll_until("changes are everywhere", HEAL_WITHIN, |world| {
            world.files.people.ledger.is_at_rest()
                && world.decisions.as_ref().is_some_and(Decisions::are_made)
        });
    }

    /// Ends all faults, and waits until every download has ended and the folders are level.
    fn heal(&mut self) {
        self.rest();
        self.poll_until("all downloads have ended", HEAL_WITHIN, |world| {
            world.clients.iter().all(Downloader::is_idle)
        });
        self.poll_until("folders are level", HEAL_WITHIN, |world| {
            let folder = |n| world.folder.join(served(n));
            let first = names(&folder(0));
            let level = (1..SECONDARIES).all(|n| names(&folder(n)) == first);
            level && (0..SECONDARIES).all(|n| audit::parts_of_copies(&folder(n)).is_empty())
        });
    }

    /// Nobody has more descriptors at rest than before.
    fn compare_descriptors(&mut self, before: &BTreeMap<Role, Vec<String>>) {
        let grown = |world: &Self| -> Vec<String> {
            let now = world
                .nodes
                .iter()
                .map(|(role, node)| (role, node.descriptors()));
            now.filter(|(role, now)| now.len() > before[role].len())
                .map(|(role, now)| format!("{role:?} has {now:?}, and had {:?}", before[role]))
                .collect()
        };
        let began = Instant::now();
        while !grown(self).is_empty() && began.elapsed() < Duration::from_secs(30) {
            self.turn();
        }
        let grown = grown(self);
        self.problems.extend(grown);
    }

    /// Stops clients, then secondaries, then the central, in order.
    fn stop(&mut self) {
        for n in 0..self.settings.clients {
            let node = self.node(Role::Client(n));
            node.process.end_input();
            // 1 when some request was refused, as while the central was away.
            let code = node.process.exit_code();
            if !(0..=1).contains(&code) {
                self.problems
                    .push(format!("{} ended with {code}", client_name(n)));
            }
        }
        for role in (0..SECONDARIES).map(Role::Secondary).chain([Role::Central]) {
            let code = self.node(role).stop();
            if code != 0 {
                self.problems.push(format!("{role:?} ended with {code}"));
            }
        }
    }
}

/// The story as it was told, beside the nodes' logs.
fn write_down(folder: &Path, line: &str) {
    use std::io::Write;
    let path = folder.join("story.log");
    if let Ok(mut file) = fs::File::options().create(true).append(true).open(path) {
        let _ = writeln!(file, "{} {line}", jiff::Timestamp::now());
    }
}

/// What was measured, per kind.
pub type Measured = BTreeMap<Kind, Samples>;
