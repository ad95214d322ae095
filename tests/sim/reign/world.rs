//! The story: what happens when, and what must be so after each step.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    time::Duration,
};

use trozos::{
    engine::leadership::{
        Action, AskId, Batch, Compose, Event, Milestone, Standing, WatchId, watched,
    },
    model::{Call, Change, KeyRange, LeaseId, Reply, Revision, Silence},
};

use super::{
    node::{Node, Registry, Rid, Watch, digest, requests_of},
    plan::{Plan, Trouble, plan},
};
use crate::engine::Store;

/// What a request to the store may take.
const DEADLINE: Duration = Duration::from_millis(700);
/// A client that hears nothing asks again.
const PATIENCE: Duration = Duration::from_millis(900);
/// Once nothing fails, service goes on within this.
const WELL_WITHIN: Duration = Duration::from_secs(40);
/// A client that asks others than the active one for so long has no luck at all.
const UNANSWERED: Duration = Duration::from_secs(15);
const MOST_STEPS: u64 = 3_000_000;

#[derive(Debug)]
enum Step {
    /// A request reaches the store; its answer is told unless it is lost.
    Reach(usize, u32, AskId, Call, bool),
    Answer(usize, u32, AskId, Result<Reply, Silence>),
    /// A watch has news, perhaps.
    Look(usize, u32, WatchId),
    Told(usize, u32, WatchId, Vec<Change>),
    WatchEnds(usize, u32, WatchId),
    Snapshot(usize, u32, Registry),
    Timer(usize, u32),
    Client(usize),
    Trouble(usize),
    Start(usize),
    StoreUp,
    SpaceAgain,
}

#[derive(Debug)]
struct Client {
    waits_for: Option<Rid>,
}

struct World {
    plan: Plan,
    trace: bool,
    random: fastrand::Rng,
    now: Duration,
    steps: BinaryHeap<Reverse<(Duration, u64)>>,
    what: BTreeMap<u64, Step>,
    last_step: u64,
    store: Store,
    store_down_until: Duration,
    no_space_until: Duration,
    nodes: Vec<Node>,
    clients: Vec<Client>,
    last_rid: Rid,
    /// All that was ever in the journal.
    journal: BTreeMap<u64, Batch>,
    seen_to: Revision,
    /// The state after the whole journal.
    truth: Registry,
    acknowledged: BTreeMap<Rid, u64>,
    last_acknowledged: u64,
    served: u64,
    answered_at: Duration,
}

pub fn run(seed: u64, trace: bool) {
    let plan = plan(seed);
    let mut world = World::new(plan, trace);
    world.tell();
    // Between two steps somebody may just be reading on.
    for _ in 0..20 {
        if world.is_settled() {
            break;
        }
        world.plan.end_at += Duration::from_millis(500);
        world.tell();
    }
    world.finish();
}

fn key_of_log() -> KeyRange {
    KeyRange::between("log/".to_owned(), "log0".to_owned())
}

fn batch_of(value: &bytes::Bytes) -> Batch {
    let end = value.iter().position(|byte| *byte == b'\n').unwrap();
    let head = std::str::from_utf8(&value[..end]).unwrap();
    let (seq, term) = head.split_once(' ').unwrap();
    Batch {
        seq: seq.parse().unwrap(),
        term: term.parse().unwrap(),
        body: value.slice(end + 1..),
    }
}

impl World {
    fn new(plan: Plan, trace: bool) -> Self {
        let nodes = plan.rates.iter().enumerate();
        let nodes = nodes.map(|(at, rate)| Node::new(format!("c{at}"), *rate));
        let mut world = Self {
            random: fastrand::Rng::with_seed(plan.seed ^ 0x5eed),
            nodes: nodes.collect(),
            clients: (0..plan.clients)
                .map(|_| Client { waits_for: None })
                .collect(),
            trace,
            now: Duration::ZERO,
            steps: BinaryHeap::new(),
            what: BTreeMap::new(),
            last_step: 0,
            store: Store::default(),
            store_down_until: Duration::ZERO,
            no_space_until: Duration::ZERO,
            last_rid: 0,
            journal: BTreeMap::new(),
            seen_to: Revision(1),
            truth: Registry::default(),
            acknowledged: BTreeMap::new(),
            last_acknowledged: 0,
            served: 0,
            answered_at: Duration::ZERO,
            plan,
        };
        for node in 0..world.nodes.len() {
            let at = Duration::from_millis(world.random.u64(..500));
            world.at(at, Step::Start(node));
        }
        for client in 0..world.clients.len() {
            world.at(Duration::from_millis(10), Step::Client(client));
        }
        for (nth, (at, ..)) in world.plan.troubles.clone().into_iter().enumerate() {
            world.at(at, Step::Trouble(nth));
        }
        world
    }

    fn at(&mut self, at: Duration, step: Step) {
        self.last_step += 1;
        self.what.insert(self.last_step, step);
        self.steps.push(Reverse((at.max(self.now), self.last_step)));
    }

    fn after(&mut self, delay: Duration, step: Step) {
        self.at(self.now + delay, step);
    }

    fn say(&self, text: impl FnOnce() -> String) {
        if self.trace {
            println!("{:>10.3} {}", self.now.as_secs_f64(), text());
        }
    }

    fn is_calm(&self) -> bool {
        self.now >= self.plan.calm_at
    }

    fn chance(&mut self, of: f64) -> bool {
        !self.is_calm() && of > 0.0 && self.random.f64() < of
    }

    fn tell(&mut self) {
        let mut steps = 0;
        loop {
            let next = self.steps.peek().map(|Reverse((at, _))| *at);
            let next = next.expect("clients go on for ever");
            // Leases end by themselves.
            if let Some(expiry) = self.store.next_expiry()
                && expiry <= next
                && self.now >= self.store_down_until
            {
                self.now = self.now.max(expiry);
                self.store.expire(self.now);
                self.look_at_store();
                continue;
            }
            if next > self.plan.end_at {
                return;
            }
            let Reverse((at, id)) = self.steps.pop().expect("it was there");
            self.now = at;
            let step = self.what.remove(&id).expect("it was put there");
            self.take(step);
            self.check();
            steps += 1;
            assert!(steps < MOST_STEPS, "something never rests");
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Reach(node, run, ask, call, is_heard) => {
                self.reach(node, run, ask, call, is_heard)
            }
            Step::Answer(node, run, ask, reply) => {
                self.feed(node, run, |_| Event::Answer(ask, reply));
            }
            Step::Look(node, run, watch) => self.look(node, run, watch),
            Step::Told(node, run, watch, changes) => {
                self.feed(node, run, |_| Event::Watched(watch, changes));
            }
            Step::WatchEnds(node, run, watch) => {
                self.feed(node, run, |_| Event::WatchEnded(watch));
            }
            Step::Snapshot(node, run, registry) => self.feed(node, run, |_| {
                let body = registry.text();
                Event::SnapshotMade {
                    seq: registry.seq,
                    term: registry.term,
                    digest: digest(&body),
                    body,
                }
            }),
            Step::Timer(node, run) => self.timer(node, run),
            Step::Client(client) => self.client(client),
            Step::Trouble(nth) => self.trouble(nth),
            Step::Start(node) => {
                if self.nodes[node].process.is_none() {
                    self.say(|| format!("c{node} starts"));
                    let (now, config) = (self.now, self.plan.config.clone());
                    self.nodes[node].start(now, &config);
                    self.settle(node);
                }
            }
            Step::StoreUp => {
                if self.now >= self.store_down_until {
                    self.say(|| "the store is there".to_owned());
                    self.store.renew_all(self.now);
                }
            }
            Step::SpaceAgain => self.store.no_space = self.now < self.no_space_until,
        }
    }

    /// A process of a central that runs, by its number.
    fn is_run(&self, node: usize, run: u32) -> bool {
        (self.nodes[node].process.as_ref()).is_some_and(|process| process.run == run)
    }

    fn feed(&mut self, node: usize, run: u32, event: impl FnOnce(&Node) -> Event) {
        if !self.is_run(node, run) {
            return;
        }
        let event = event(&self.nodes[node]);
        if self.nodes[node].stopped_until > self.now {
            // It hears of it when it goes on.
            let at = self.nodes[node].stopped_until;
            let step = match event {
                Event::Answer(ask, reply) => Step::Answer(node, run, ask, reply),
                Event::Watched(watch, changes) => Step::Told(node, run, watch, changes),
                Event::WatchEnded(watch) => Step::WatchEnds(node, run, watch),
                _ => return,
            };
            self.at(at, step);
            return;
        }
        let local = self.nodes[node].local(self.now);
        if let Some(process) = &mut self.nodes[node].process {
            process.machine.handle_event(local, event);
        }
        self.settle(node);
    }

    fn timer(&mut self, node: usize, run: u32) {
        if !self.is_run(node, run) {
            return;
        }
        let stopped_until = self.nodes[node].stopped_until;
        if stopped_until > self.now {
            self.at(stopped_until, Step::Timer(node, run));
            return;
        }
        let local = self.nodes[node].local(self.now);
        if let Some(process) = &mut self.nodes[node].process {
            if process.machine.poll_timeout().is_none_or(|at| at > local) {
                return;
            }
            process.machine.handle_timeout(local);
        }
        self.settle(node);
    }

    /// Does all that a machine wants.
    fn settle(&mut self, node: usize) {
        loop {
            let local = self.nodes[node].local(self.now);
            let Some(process) = &mut self.nodes[node].process else {
                return;
            };
            if let Some(action) = process.machine.poll_action() {
                self.act(node, action);
                continue;
            }
            if let Some((seq, term)) = process.machine.next_batch()
                && !process.gathered.is_empty()
            {
                let gathered = std::mem::take(&mut process.gathered);
                let lines = gathered.iter().map(|rid| format!("rid {rid}\n"));
                let body = lines.collect::<String>().into();
                let batch = Batch { seq, term, body };
                process.in_flight = Some(batch.clone());
                process.machine.handle_event(local, Event::Append(batch));
                continue;
            }
            if let Some(at) = process.machine.poll_timeout() {
                let run = process.run;
                let at = self.nodes[node].global(at);
                self.at(at, Step::Timer(node, run));
            }
            return;
        }
    }

    fn act(&mut self, node: usize, action: Action) {
        self.say(|| match &action {
            Action::Ask(id, call) => format!("c{node} asks {id:?} {}", short(call)),
            action => format!("c{node} {action:?}"),
        });
        let local = self.nodes[node].local(self.now);
        let Some(process) = &mut self.nodes[node].process else {
            return;
        };
        let run = process.run;
        match action {
            Action::Ask(id, call) => self.send(node, run, id, call),
            Action::Watch(id, next) => {
                process.watch = Some(Watch { id, next });
                self.after(Duration::from_millis(1), Step::Look(node, run, id));
            }
            Action::Unwatch => process.watch = None,
            Action::Load {
                seq,
                body,
                digest: right,
            } => {
                assert_eq!(digest(&body), right, "a damaged snapshot");
                process.registry = Registry::read(&body);
                assert_eq!(process.registry.seq, seq);
                self.check_registry(node);
            }
            Action::Apply(batch) => {
                process.registry.apply(&batch);
                self.check_registry(node);
            }
            Action::Compose(Compose { seq, term, what }) => {
                let body = match what {
                    Milestone::Term => format!("term {term} by c{node} at {:?}\n", self.now),
                    Milestone::HandedOver(to) => format!("handed over to {to} at {:?}\n", self.now),
                };
                let body = body.into();
                let event = Event::Composed(Batch { seq, term, body });
                process.machine.handle_event(local, event);
            }
            Action::Serve { term, next } => {
                assert_eq!(
                    (next, term),
                    (process.registry.seq + 1, process.registry.term)
                );
                process.limited = false;
                self.served += 1;
            }
            Action::Committed(seq) => self.committed(node, seq),
            Action::MakeSnapshot(seq) => {
                assert_eq!(seq, process.registry.seq);
                let registry = process.registry.clone();
                let delay = Duration::from_millis(self.random.u64(..400));
                self.after(delay, Step::Snapshot(node, run, registry));
            }
            Action::Limited => process.limited = true,
            Action::Resumed => process.limited = false,
            Action::StepDown(_) => {
                process.registry = Registry::default();
                process.gathered.clear();
                process.in_flight = None;
                process.limited = false;
            }
            Action::Follow(_) | Action::Migration(_) => {}
            Action::Fault(broken) => panic!("c{node} finds {broken:?}"),
            Action::Stopped => {
                self.nodes[node].process = None;
                let delay = Duration::from_millis(self.random.u64(100..5000));
                self.after(delay, Step::Start(node));
            }
        }
    }

    /// A request on its way, and what becomes of it.
    fn send(&mut self, node: usize, run: u32, id: AskId, call: Call) {
        let deadline = DEADLINE.div_f64(self.nodes[node].rate);
        let is_cut = self.nodes[node].cut_until > self.now;
        let quick = Duration::from_micros(self.random.u64(200..15_000));
        let silence = Step::Answer(node, run, id, Err(Silence));
        let (lost_before, lost_after, late) =
            (self.plan.lost_before, self.plan.lost_after, self.plan.late);
        if is_cut || self.now < self.store_down_until || self.chance(lost_before) {
            let delay = if self.random.bool() { deadline } else { quick };
            return self.after(delay, silence);
        }
        let frozen_until = self.nodes[node].frozen_until;
        if frozen_until > self.now {
            // The member does it when it wakes; who asked goes to another then.
            self.at(
                frozen_until + quick,
                Step::Reach(node, run, id, call, false),
            );
            self.nodes[node].frozen_until = Duration::ZERO;
            return self.after(deadline, silence);
        }
        if self.chance(late) {
            let delay = Duration::from_millis(self.random.u64(100..9000));
            self.after(delay, Step::Reach(node, run, id, call, false));
            return self.after(deadline, silence);
        }
        if self.chance(lost_after) {
            self.after(quick, Step::Reach(node, run, id, call, false));
            return self.after(deadline, silence);
        }
        self.after(quick, Step::Reach(node, run, id, call, true));
    }

    fn reach(&mut self, node: usize, run: u32, ask: AskId, call: Call, is_heard: bool) {
        if self.now < self.store_down_until || (self.nodes[node].cut_until > self.now && is_heard) {
            if is_heard {
                self.after(DEADLINE, Step::Answer(node, run, ask, Err(Silence)));
            }
            return;
        }
        let reply = self.store.call(self.now, &call);
        self.look_at_store();
        if is_heard {
            let delay = Duration::from_micros(self.random.u64(200..15_000));
            self.after(delay, Step::Answer(node, run, ask, Ok(reply)));
        }
    }

    /// What the store's last writes were: the journal is written once, in order, and is all there.
    fn look_at_store(&mut self) {
        let changes = self
            .store
            .changes(self.seen_to, &watched())
            .expect("it is looked at before it is compacted");
        let is_news = self.store.revision() >= self.seen_to;
        self.seen_to = self.store.revision().next();
        for change in changes {
            match change {
                Change::Put(found) if found.key.starts_with("log/") => {
                    let batch = batch_of(&found.value);
                    assert_eq!(
                        found.created, found.modified,
                        "batch {} is written twice",
                        batch.seq
                    );
                    self.truth.apply(&batch);
                    self.journal.insert(batch.seq, batch);
                }
                Change::Put(_) | Change::Deleted { .. } => {}
            }
        }
        if is_news {
            self.check_store();
            for node in 0..self.nodes.len() {
                let watch = self.nodes[node]
                    .process
                    .as_ref()
                    .and_then(|process| Some((process.run, process.watch?)));
                if let Some((run, watch)) = watch {
                    let delay = Duration::from_micros(self.random.u64(200..20_000));
                    self.after(delay, Step::Look(node, run, watch.id));
                }
            }
        }
    }

    /// Whoever begins with the current snapshot finds all batches after it.
    fn check_store(&self) {
        let current = self.store.get("snap/current");
        let seq = current.map_or(0, |current| {
            let text = std::str::from_utf8(&current.value).unwrap();
            let (_, rest) = text.split_once("\"seq\":").unwrap();
            let end = rest.find(',').unwrap();
            rest[..end].parse().unwrap()
        });
        let first = (self.store.all(&key_of_log()).first()).map(|found| batch_of(&found.value).seq);
        let first = first.unwrap_or(1);
        assert!(
            first <= seq + 1,
            "batches {} to {first} are nowhere",
            seq + 1
        );
    }

    fn look(&mut self, node: usize, run: u32, id: WatchId) {
        let (missing, twice) = (self.plan.watch_missing, self.plan.watch_twice);
        if !self.is_run(node, run) {
            return;
        }
        let is_apart = self.nodes[node].cut_until > self.now || self.now < self.store_down_until;
        let Some(process) = &mut self.nodes[node].process else {
            return;
        };
        let Some(watch) = process.watch.as_mut().filter(|watch| watch.id == id) else {
            return;
        };
        if is_apart {
            process.watch = None;
            let delay = Duration::from_millis(self.random.u64(1..2000));
            return self.after(delay, Step::WatchEnds(node, run, id));
        }
        let Ok(mut changes) = self.store.changes(watch.next, &watched()) else {
            process.watch = None;
            return self.after(Duration::ZERO, Step::WatchEnds(node, run, id));
        };
        let before = watch.next;
        watch.next = self.store.revision().next();
        if !changes.is_empty() && self.chance(missing) {
            let at = self.random.usize(..changes.len());
            changes.remove(at);
        }
        if !changes.is_empty() {
            if self.chance(twice) {
                self.at(self.now, Step::Told(node, run, id, changes.clone()));
                if let Some(watch) = self.nodes[node]
                    .process
                    .as_mut()
                    .and_then(|process| process.watch.as_mut())
                    && self.random.bool()
                {
                    watch.next = before;
                    self.after(Duration::from_millis(30), Step::Look(node, run, id));
                }
            }
            self.at(self.now, Step::Told(node, run, id, changes));
        }
    }

    fn check_registry(&self, node: usize) {
        let Some(process) = &self.nodes[node].process else {
            return;
        };
        let registry = &process.registry;
        let batch = self.journal.get(&registry.seq);
        assert!(
            registry.seq <= self.truth.seq,
            "c{node} has applied what was never written"
        );
        assert_eq!(batch.map(|batch| batch.term), Some(registry.term));
        let so_far = self
            .truth
            .requests
            .values()
            .filter(|seq| **seq <= registry.seq);
        assert_eq!(
            registry.requests.len(),
            so_far.count(),
            "c{node} has other requests"
        );
    }

    fn committed(&mut self, node: usize, seq: u64) {
        let Some(process) = &mut self.nodes[node].process else {
            return;
        };
        let batch = process.in_flight.take().expect("a batch was on its way");
        assert_eq!(batch.seq, seq);
        process.registry.apply(&batch);
        assert_eq!(
            self.journal.get(&seq),
            Some(&batch),
            "answered before it was written"
        );
        for rid in requests_of(&batch.body) {
            self.acknowledge(rid, seq);
        }
    }

    /// An answer leaves; it may be lost on its way.
    fn acknowledge(&mut self, rid: Rid, seq: u64) {
        assert_eq!(
            self.truth.requests.get(&rid),
            Some(&seq),
            "request {rid} is acknowledged and not written"
        );
        let lost = self.chance(0.1);
        for client in &mut self.clients {
            if client.waits_for == Some(rid) && !lost {
                client.waits_for = None;
                self.acknowledged.insert(rid, seq);
                self.last_acknowledged = self.last_acknowledged.max(seq);
                self.answered_at = self.now;
            }
        }
    }

    fn client(&mut self, client: usize) {
        let rid = *self.clients[client].waits_for.get_or_insert_with(|| {
            self.last_rid += 1;
            self.last_rid
        });
        let node = self.random.usize(..self.nodes.len());
        self.ask_central(node, rid);
        let patience = if self.clients[client].waits_for.is_some() {
            PATIENCE
        } else {
            Duration::ZERO
        };
        let mut delay = Duration::from_millis(self.random.u64(20..600));
        if self.nodes[node].is_active(self.now) {
            delay += patience;
        }
        self.after(delay, Step::Client(client));
    }

    fn ask_central(&mut self, node: usize, rid: Rid) {
        if !self.nodes[node].is_active(self.now) {
            return;
        }
        let Some(process) = &mut self.nodes[node].process else {
            return;
        };
        if let Some(seq) = process.registry.requests.get(&rid) {
            let seq = *seq;
            return self.acknowledge(rid, seq);
        }
        let is_on_its_way = (process.in_flight.as_ref())
            .is_some_and(|batch| requests_of(&batch.body).contains(&rid));
        if !is_on_its_way {
            process.gathered.insert(rid);
        }
        self.settle(node);
    }

    fn trouble(&mut self, nth: usize) {
        let (_, trouble, lasts) = self.plan.troubles[nth];
        let until = (self.now + lasts).min(self.plan.calm_at);
        self.say(|| format!("{trouble:?} until {until:?}"));
        match trouble {
            Trouble::Kill(node) => {
                self.nodes[node].process = None;
                self.nodes[node].stopped_until = Duration::ZERO;
                self.at(until, Step::Start(node));
            }
            Trouble::End(node) => self.order(node, Event::Shutdown),
            Trouble::Stop(node) => self.nodes[node].stopped_until = until,
            Trouble::Cut(node) => self.nodes[node].cut_until = until,
            Trouble::Freeze(node) => self.nodes[node].frozen_until = until,
            Trouble::StoreDown => {
                self.store_down_until = self.store_down_until.max(until);
                self.at(until, Step::StoreUp);
            }
            Trouble::NoSpace => {
                self.no_space_until = self.no_space_until.max(until);
                self.store.no_space = true;
                self.at(until, Step::SpaceAgain);
            }
            Trouble::Revoke(node) => {
                let lease: Option<LeaseId> = self.nodes[node]
                    .process
                    .as_ref()
                    .and_then(|process| process.machine.snapshot().lease);
                if let Some(lease) = lease {
                    self.store.revoke(lease);
                    self.look_at_store();
                }
            }
            Trouble::Compact => self.store.compact(self.store.revision().0),
            Trouble::Migrate(to) => {
                let to = to.map(|node| self.nodes[node].name.clone());
                for node in 0..self.nodes.len() {
                    if self.nodes[node].is_active(self.now) {
                        self.order(node, Event::Migrate(to.clone()));
                    }
                }
            }
        }
        for node in 0..self.nodes.len() {
            let watch = self.nodes[node]
                .process
                .as_ref()
                .and_then(|process| Some((process.run, process.watch?.id)));
            if let Some((run, id)) = watch {
                self.after(Duration::from_millis(5), Step::Look(node, run, id));
            }
        }
    }

    fn order(&mut self, node: usize, event: Event) {
        if let Some(run) = self.nodes[node].process.as_ref().map(|process| process.run)
            && self.nodes[node].runs(self.now)
        {
            self.feed(node, run, |_| event);
        }
    }

    /// What must be so at every moment.
    fn check(&self) {
        let active: Vec<&Node> = self
            .nodes
            .iter()
            .filter(|node| node.is_active(self.now))
            .collect();
        if !self.plan.trusts_leases {
            return;
        }
        assert!(
            active.len() <= 1,
            "two are active: {} and {}",
            active[0].name,
            active[1].name
        );
        for node in active {
            let applied = node
                .process
                .as_ref()
                .map_or(0, |process| process.registry.seq);
            assert!(
                applied >= self.last_acknowledged,
                "{} is active and lacks batch {}",
                node.name,
                self.last_acknowledged
            );
        }
    }

    fn is_settled(&self) -> bool {
        self.nodes.iter().all(|node| {
            (node.process.as_ref()).is_some_and(|process| {
                let snapshot = process.machine.snapshot();
                snapshot.standing == Standing::Serving || snapshot.ready
            })
        })
    }

    /// One is active, the others follow, and requests are answered.
    fn finish(&mut self) {
        for (rid, seq) in &self.acknowledged {
            assert_eq!(
                self.truth.requests.get(rid),
                Some(seq),
                "request {rid} was acknowledged"
            );
        }
        let mut serving = 0;
        for node in &self.nodes {
            let process = node
                .process
                .as_ref()
                .unwrap_or_else(|| panic!("{} is not there", node.name));
            let snapshot = process.machine.snapshot();
            let behind = self.truth.seq - process.registry.seq;
            match snapshot.standing {
                Standing::Serving => serving += 1,
                Standing::Standby => assert!(
                    snapshot.ready && behind < 20,
                    "{} is {behind} behind",
                    node.name
                ),
                Standing::TakingOver | Standing::Limited | Standing::Stopped => {
                    panic!("{} is {:?} in the end", node.name, snapshot.standing)
                }
            }
        }
        assert_eq!(serving, 1, "so many are active in the end");
        let idle = self.now.saturating_sub(self.answered_at);
        assert!(
            idle < UNANSWERED,
            "no request is answered since {:?}",
            self.answered_at
        );
        let since_calm = self.plan.end_at - self.plan.calm_at;
        assert!(since_calm >= WELL_WITHIN);
    }
}

fn short(call: &Call) -> String {
    let text = format!("{call:?}");
    text.chars().take(160).collect()
}
