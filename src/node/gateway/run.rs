//! The owner of a gateway: which contents are being fetched for readers.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};
use tokio_util::task::TaskTracker;

use super::config::{GatewayConfig, MOST_EACH, NotWatched, Question};
use crate::{
    model::{
        FileMeta, FileName, Finished, Grant, PeerNumber, RequestId, Sharing, TransferId,
        messages::{ForClient, ForReceiver, FromClient, FromReceiver, Report, Resume},
    },
    node::{
        WatchLimits, Watched, clock,
        fetch::{Downlink, Fetch, FetchConfig, FetchEnd, FetchOutcome, FetchUpdate, Goal},
        link::LinkEvent,
        rules::Receiving,
    },
    proto::{
        ErrorCode, PeerRole,
        control::{FromCentral, ToCentral},
    },
};

/// How long a content is kept that nobody reads: players ask again at every seek.
const KEPT_UNREAD: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a fetch waits with no source.
const SOURCE_WAIT: Duration = Duration::from_secs(30);
/// How far ahead of a reader chunks are fetched, in bytes.
const WINDOW: u64 = 32 << 20;

/// News of fetches that may wait.
const UPDATES: usize = 256;

/// What a fetch tells, and which.
type Update = (TransferId, FetchUpdate);
type Answer = oneshot::Sender<Result<Watched, NotWatched>>;

/// See the module.
pub(super) struct Owner {
    config: GatewayConfig,
    /// What the central says, once it was asked for something.
    central: Option<mpsc::Receiver<LinkEvent>>,
    outbox: Option<mpsc::Sender<ToCentral>>,
    /// Its number among the peers.
    own: Option<PeerNumber>,
    last_request: u64,
    /// Files that the central was asked for.
    pub(super) asked: BTreeMap<RequestId, Asked>,
    pub(super) running: BTreeMap<TransferId, Running>,
    updates: (mpsc::Sender<Update>, mpsc::Receiver<Update>),
    tasks: TaskTracker,
}

pub(super) struct Asked {
    name: FileName,
    answers: Vec<Answer>,
}

/// A content that is being fetched, or is here whole.
pub(super) struct Running {
    request: RequestId,
    pub(super) file: FileMeta,
    pub(super) fetch: Option<Fetch>,
    pub(super) watched: Watched,
    pub(super) read_at: Instant,
}

impl Owner {
    pub(super) fn new(config: GatewayConfig) -> Self {
        Self {
            config,
            central: None,
            outbox: None,
            own: None,
            last_request: 0,
            asked: BTreeMap::new(),
            running: BTreeMap::new(),
            updates: mpsc::channel(UPDATES),
            tasks: TaskTracker::new(),
        }
    }

    /// Runs until nobody can ask any more.
    pub(super) async fn run(mut self, mut questions: mpsc::Receiver<Question>) {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                question = questions.recv() => match question {
                    Some(question) => self.wanted(question),
                    None => break,
                },
                event = heard(&mut self.central) => self.central_said(event),
                Some((transfer, update)) = self.updates.1.recv() => self.update(transfer, update),
                _ = look.tick(), if !self.running.is_empty() => self.end_unread(),
            }
        }
        self.stop_all();
    }

    fn wanted(&mut self, Question { name, answer }: Question) {
        let is_it =
            |running: &&mut Running| running.file.name == name && !running.watched.is_over();
        if let Some(running) = self.running.values_mut().find(is_it) {
            running.read_at = clock::now();
            let _ = answer.send(Ok(running.watched.clone()));
            return;
        }
        if let Some(asked) = self.asked.values_mut().find(|asked| asked.name == name) {
            asked.answers.push(answer);
            return;
        }
        if self.central.is_none() {
            self.central = Some(self.config.connect());
        }
        self.make_room();
        self.last_request += 1;
        let request = RequestId(self.last_request);
        let answers = vec![answer];
        self.asked.insert(
            request,
            Asked {
                name: name.clone(),
                answers,
            },
        );
        // Without a link it is asked once there is one.
        self.say(FromClient::Download { request, name });
    }

    fn say(&mut self, message: impl Into<ToCentral>) -> bool {
        let outbox = self.outbox.as_ref();
        outbox.is_some_and(|outbox| outbox.try_send(message.into()).is_ok())
    }

    fn central_said(&mut self, event: Option<LinkEvent>) {
        match event {
            Some(LinkEvent::Up {
                central,
                outbox,
                reign,
                ..
            }) => {
                self.config.central = Some(central);
                self.outbox = Some(outbox);
                self.own = None;
                if reign.swarm {
                    // It gives nothing, and has a number by which it may ask.
                    self.say(FromClient::Share(Sharing::default()));
                }
                self.say_all_again();
            }
            Some(LinkEvent::Message(message)) => self.message(message),
            // What was asked is asked again there.
            Some(LinkEvent::Down(down)) if down.is_move() => self.outbox = None,
            Some(LinkEvent::Down(down)) => {
                tracing::info!(?down, "the gateway has no central");
                self.outbox = None;
                self.refuse_all();
                if down.is_expelled() {
                    self.stop_all();
                }
            }
            None => {
                self.central = None;
                self.outbox = None;
                self.refuse_all();
                self.stop_all();
            }
        }
    }

    fn say_all_again(&mut self) {
        let asked = self
            .asked
            .iter()
            .map(|(request, asked)| FromClient::Download {
                request: *request,
                name: asked.name.clone(),
            });
        let running = self
            .running
            .iter()
            .filter(|(_, running)| running.fetch.is_some());
        let resumed = running.map(|(transfer, running)| {
            FromClient::Resume(Resume {
                transfer: *transfer,
                request: running.request,
                file: running.file.clone(),
                sources: Vec::new(),
            })
        });
        let all: Vec<FromClient> = asked.chain(resumed).collect();
        for message in all {
            self.say(message);
        }
    }

    fn refuse_all(&mut self) {
        for (_, asked) in std::mem::take(&mut self.asked) {
            asked.refuse(NotWatched::NotNow);
        }
    }

    fn stop_all(&mut self) {
        for running in self.running.values() {
            if let Some(fetch) = &running.fetch {
                fetch.stop();
            }
        }
    }

    /// What brings a content, while it does.
    fn fetch(&self, transfer: TransferId) -> Option<&Fetch> {
        self.running.get(&transfer)?.fetch.as_ref()
    }

    fn message(&mut self, message: FromCentral) {
        match message {
            FromCentral::Client(ForClient::Granted { request, grant }) => {
                self.granted(request, grant)
            }
            FromCentral::Client(ForClient::Superseded { transfer, .. }) => {
                // Whoever reads it is cut off: its name is another content's by now.
                if let Some(fetch) = self.fetch(transfer) {
                    fetch.stop();
                }
            }
            FromCentral::Client(ForClient::YouAre { peer, .. }) => self.own = Some(peer),
            FromCentral::Client(ForClient::Peers {
                transfer,
                add,
                drop,
                swarm: false,
            }) => {
                if let (Some(own), Some(fetch)) = (self.own, self.fetch(transfer)) {
                    fetch.introduce(own, add, &drop);
                }
            }
            FromCentral::Receiver(ForReceiver::Sources { transfer, sources }) => {
                if let Some(fetch) = self.fetch(transfer) {
                    fetch.set_sources(sources);
                }
            }
            FromCentral::Refused { request, code, .. } => {
                if let Some(asked) = self.asked.remove(&request) {
                    asked.refuse(match code {
                        ErrorCode::NotFound => NotWatched::NotFound,
                        _ => NotWatched::NotNow,
                    });
                }
            }
            // A place in the line: whoever asked waits as long as he likes.
            _ => {}
        }
    }

    fn granted(&mut self, request: RequestId, grant: Grant) {
        let transfer = grant.transfer;
        let Some(asked) = self.asked.remove(&request) else {
            let finished = Finished {
                transfer,
                outcome: crate::model::Outcome::Cancelled,
                reason: None,
                sources: Vec::new(),
                peers: Default::default(),
            };
            self.say(FromReceiver::Finished(finished));
            return;
        };
        let config = FetchConfig {
            network: self.config.network.clone(),
            role: PeerRole::Client {
                name: Some(self.config.name()),
                session: None,
            },
            central: self.config.central,
            security: Arc::clone(&self.config.security),
            source_wait: SOURCE_WAIT,
            // Whoever watches limits it by not reading.
            downlink: Downlink::new(None),
            goal: Goal::Watch(WatchLimits {
                cache_bytes: MOST_EACH,
                window_bytes: WINDOW,
            }),
        };
        let file = grant.file.clone();
        let fetch = Fetch::start(grant, config, self.updates.0.clone(), &self.tasks);
        let watched = fetch.watched();
        for answer in asked.answers {
            let _ = answer.send(Ok(watched.clone()));
        }
        let running = Running {
            request,
            file,
            fetch: Some(fetch),
            watched,
            read_at: clock::now(),
        };
        self.running.insert(transfer, running);
        self.share_memory();
    }

    fn update(&mut self, transfer: TransferId, update: FetchUpdate) {
        match update {
            FetchUpdate::Report {
                source,
                fault,
                chunk,
            } => {
                self.say(FromReceiver::Report(Report {
                    transfer,
                    source,
                    fault,
                    chunk,
                }));
            }
            FetchUpdate::Ended(end) => self.ended(transfer, *end),
            _ => {}
        }
    }

    fn ended(&mut self, transfer: TransferId, end: FetchEnd) {
        let reason = match &end.outcome {
            FetchOutcome::Failed(failure) => {
                tracing::info!(%failure, "what is read has failed");
                Some(failure.for_the_central())
            }
            _ => None,
        };
        let finished = Finished {
            transfer,
            outcome: end.outcome.outcome(),
            reason,
            sources: end.sources,
            peers: Default::default(),
        };
        self.say(FromReceiver::Finished(finished));
        if let FetchOutcome::Complete { .. } = end.outcome {
            // All of it is in memory, for as long as somebody reads it.
            if let Some(running) = self.running.get_mut(&transfer) {
                running.fetch = None;
            }
        } else {
            self.running.remove(&transfer);
        }
        self.share_memory();
    }

    /// Ends what nobody has read for a while.
    fn end_unread(&mut self) {
        let now = clock::now();
        self.running.retain(|_, running| {
            if running.watched.readers() > 0 {
                running.read_at = now;
            }
            let is_unread = now.saturating_duration_since(running.read_at) >= KEPT_UNREAD;
            match &running.fetch {
                Some(fetch) if is_unread => fetch.stop(),
                // Its end follows.
                Some(_) => {}
                None => return !is_unread,
            }
            true
        });
    }
}

impl Asked {
    fn refuse(self, why: NotWatched) {
        for answer in self.answers {
            let _ = answer.send(Err(why));
        }
    }
}

/// What the central says next; nothing while it was not asked for anything.
async fn heard(central: &mut Option<mpsc::Receiver<LinkEvent>>) -> Option<LinkEvent> {
    match central {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}
