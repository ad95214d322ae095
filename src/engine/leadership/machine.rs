//! The router: what one room learns, the others act on. After each event the same questions are asked in the same order
//! (`drive`), so that nothing is waited for that has come already, and no answer that was lost is missed.

mod answers;
mod moving;
mod reign;
mod stopping;
mod views;

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use super::{
    appends::{Appends, Kind},
    ending::Stopping,
    follow::{Follow, Wish},
    handover::Handover,
    keeping::Keeping,
    lease::Lease,
    requests::{Request, Seen, seen},
    types::{Action, AskId, Broken, Config, Event, WatchId},
    values::{Fence, Standby},
    view::View,
};
use crate::model::{Change, LeaseId};

/// A watch may lose events: the key is looked at all the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// While it is handed over to it, or takes over: everybody waits for what a watch may be late to tell.
const MOVING_LOOK_EVERY: Duration = Duration::from_millis(50);
/// Without a key store that answers, it is asked more often.
const LIMITED_LOOK_EVERY: Duration = Duration::from_millis(250);
/// Others are told of one's own progress.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);
const AGAIN: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub struct Leadership {
    config: Config,
    role: Role,
    lease: Lease,
    view: View,
    follow: Follow,
    appends: Appends,
    handover: Handover,
    keeping: Keeping,
    announcing: Announcing,
    stopping: Option<Stopping>,
    asks: BTreeMap<AskId, Request>,
    last_ask: AskId,
    last_watch: WatchId,
    /// The campaign on its way.
    campaign: Option<AskId>,
    /// The removal of a mark on its way.
    unmarking: Option<AskId>,
    /// Before this it leaves the key to others.
    not_before: Instant,
    now: Instant,
    actions: VecDeque<Action>,
}

#[derive(Debug)]
enum Role {
    Standby,
    TakingOver {
        fence: Fence,
        stage: Stage,
    },
    Serving {
        fence: Fence,
        term: u64,
    },
    Limited {
        fence: Fence,
        term: u64,
        /// A look that was asked for later is news.
        after: AskId,
        /// Such a look has found the key to be one's own.
        confirmed: bool,
    },
    Stopped,
}

#[derive(Debug)]
enum Stage {
    /// The tail is read by a look that was asked for after the key was had: only that one is final.
    Reading { after: AskId },
    /// Everything up to the tail is to be applied.
    CatchingUp { tail: u64 },
    /// The first batch of the reign is made or on its way.
    Opening { term: u64 },
    /// It is in the journal; the lease is to be sure.
    Opened { term: u64 },
}

/// What the others were told of this central.
#[derive(Debug)]
struct Announcing {
    told: Option<(LeaseId, u64, bool)>,
    asked: Option<AskId>,
    next_at: Instant,
}

impl Leadership {
    /// A central that begins, with an empty registry.
    pub fn new(now: Instant, config: Config) -> Self {
        Self {
            role: Role::Standby,
            lease: Lease::new(now, config.ttl),
            view: View::new(now),
            follow: Follow::new(now),
            appends: Appends::default(),
            handover: Handover::None,
            keeping: Keeping::new(now),
            announcing: Announcing {
                told: None,
                asked: None,
                next_at: now,
            },
            stopping: None,
            asks: BTreeMap::new(),
            last_ask: AskId(0),
            last_watch: WatchId(0),
            campaign: None,
            unmarking: None,
            not_before: now,
            now,
            actions: VecDeque::new(),
            config,
        }
        .driven(now)
    }

    fn driven(mut self, now: Instant) -> Self {
        self.drive(now);
        self
    }

    /// Something happened.
    pub fn handle_event(&mut self, now: Instant, event: Event) {
        self.now = now;
        if matches!(self.role, Role::Stopped) {
            return;
        }
        self.heed_deadline(now);
        match event {
            Event::Answer(ask, reply) => self.answered(now, ask, reply),
            Event::Watched(watch, changes) if self.follow.is_watch(watch) => {
                for change in &changes {
                    self.watched(now, change);
                }
            }
            Event::Watched(..) => {}
            Event::WatchEnded(watch) => self.follow.watch_ended(now, watch),
            Event::Composed(batch) => self.composed(now, batch),
            Event::Append(batch) => {
                if self.next_batch() == Some((batch.seq, batch.term)) {
                    self.appends.begin(now, Kind::Body, batch);
                }
            }
            Event::SnapshotMade {
                seq,
                term,
                body,
                digest,
            } => self.keeping.made(now, seq, term, body, digest),
            Event::Unreadable => self.fault(Broken::Unreadable(self.follow.applied())),
            Event::Migrate(to) => self.migrate(now, to),
            Event::Shutdown => self.shut_down(now),
        }
        self.drive(now);
    }

    /// A time that `poll_timeout` gave has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        self.heed_deadline(now);
        self.drive(now);
    }

    /// What is to be done next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn watched(&mut self, now: Instant, change: &Change) {
        match seen(change) {
            Seen::Active(at, active) => self.saw_active(now, at, active),
            Seen::Handover(to) => {
                self.view.handover = to;
                if self.is_named() {
                    self.view.look_within(now, MOVING_LOOK_EVERY);
                }
            }
            Seen::Batch(at, batch) => self.follow.told(now, at, batch, &mut self.actions),
            Seen::Unreadable => self.fault(Broken::Unreadable(self.follow.applied() + 1)),
            Seen::Nothing => {}
        }
    }

    fn ask(&mut self, request: Request) -> AskId {
        self.last_ask.0 += 1;
        self.actions
            .push_back(Action::Ask(self.last_ask, request.call()));
        self.asks.insert(self.last_ask, request);
        self.last_ask
    }

    /// Asks for all that is due.
    fn drive(&mut self, now: Instant) {
        self.drive_stop(now);
        if matches!(self.role, Role::Stopped) {
            return;
        }
        self.drive_role(now);
        self.drive_handover(now);
        if self.may_renew(now)
            && let Some(request) = self.lease.due(now)
        {
            let ask = self.ask(request);
            self.lease.asked(now, ask);
        }
        if self.view.due_at().is_some_and(|at| at <= now) {
            let ask = self.ask(Request::Look);
            self.view.asked(now, ask, self.look_every());
        }
        self.drive_follow(now);
        if let Some(fence) = self.fence() {
            if let Some(request) = self.appends.due(now, fence) {
                let ask = self.ask(request);
                self.appends.asked(ask);
            }
            self.drive_keeping(now, fence);
        }
        self.drive_announcement(now);
    }

    fn drive_follow(&mut self, now: Instant) {
        match self.follow.due(now) {
            Some(Wish::Ask(request)) => {
                let ask = self.ask(request);
                self.follow.asked(ask);
            }
            Some(Wish::Watch(from)) => {
                self.last_watch.0 += 1;
                self.follow.watches(self.last_watch);
                self.actions.push_back(Action::Watch(self.last_watch, from));
            }
            None => {}
        }
    }

    fn drive_keeping(&mut self, now: Instant, fence: Fence) {
        if !matches!(self.role, Role::Serving { .. }) {
            return;
        }
        let committed = self.follow.applied();
        if self.keeping.is_wanted(now, &self.config) {
            self.actions.push_back(Action::MakeSnapshot(committed));
        }
        if let Some(request) = self.keeping.due(now, fence, committed, &self.config) {
            let ask = self.ask(request);
            self.keeping.asked(ask);
        }
    }

    /// What the others are to be told, if it is something new.
    fn announcement(&self) -> Option<(LeaseId, u64, bool)> {
        let news = (self.lease.id()?, self.follow.applied(), self.is_ready());
        let told = self.announcing.told;
        // The active is not asked how far it is.
        let is_active = !matches!(self.role, Role::Standby);
        let is_new = match told {
            Some((lease, applied, ready)) => {
                (lease, ready) != (news.0, news.2) || (applied != news.1 && !is_active)
            }
            None => true,
        };
        is_new.then_some(news)
    }

    /// When they are to be told.
    fn announce_at(&self) -> Option<Instant> {
        let news = self.announcement()?;
        if self.announcing.asked.is_some() {
            return None;
        }
        // Who is handed over to is waited for.
        let is_urgent =
            self.is_named() || self.announcing.told.is_some_and(|told| told.2 != news.2);
        Some(if is_urgent {
            self.now.min(self.announcing.next_at)
        } else {
            self.announcing.next_at
        })
    }

    fn drive_announcement(&mut self, now: Instant) {
        if self.announce_at().is_none_or(|at| now < at) {
            return;
        }
        let Some(news) = self.announcement() else {
            return;
        };
        let ask = self.ask(Request::Announce(Standby {
            node: self.config.node.clone(),
            address: self.config.address.clone(),
            lease: Some(news.0),
            created: Default::default(),
            applied: news.1,
            reads: self.config.reads,
            ready: news.2,
        }));
        self.announcing = Announcing {
            told: Some(news),
            asked: Some(ask),
            next_at: now + ANNOUNCE_EVERY,
        };
    }
}
