//! The task that owns the cluster machine: it feeds it what comes from connections and does what it says.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    time::Instant,
};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::task::TaskTracker;

use super::{
    CentralEvent, DownloadCount,
    api::CentralQuery,
    connection::{self, Context},
    inputs::{Input, Outgoing, Peer},
    legacy,
    memory::Memory,
    pages::Pages,
    statistics::Statistics,
};
use crate::{
    engine::cluster::{Cluster, Event, LinkId, Notice},
    model::limits::{MAX_SECONDARY_NUMBER, STATISTICS_EVERY, STOP_GRACE},
    net::{Arrival, Door},
    node::{
        Refused, StatisticsTrouble,
        refusals::no_place,
        rules::central::{Word, word_for},
    },
    proto::{ErrorCode, Hello, PeerRole, control::FromCentral},
    store::StoreError,
};

/// Wakes the loop when the machine has nothing to wait for.
const IDLE: std::time::Duration = std::time::Duration::from_secs(3600);

/// The central's task.
pub(super) struct Central {
    pub(super) door: Door,
    pub(super) cluster: Cluster,
    pub(super) memory: Memory,
    pub(super) statistics: Statistics,
    pub(super) events: mpsc::Sender<CentralEvent>,
    pub(super) queries: mpsc::Receiver<CentralQuery>,
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) context: Context,
    pub(super) connections: TaskTracker,
    pub(super) peers: HashMap<LinkId, Peer>,
    pub(super) next_link: u64,
    pub(super) pages: Pages,
}

impl Central {
    /// Runs until it is told to stop.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        let mut save = interval(STATISTICS_EVERY);
        save.set_missed_tick_behavior(MissedTickBehavior::Delay);
        save.reset();
        let stop = self.context.stop.clone();
        loop {
            self.act();
            let due = self
                .cluster
                .poll_timeout()
                .unwrap_or_else(|| Instant::now() + IDLE);
            tokio::select! {
                Some(input) = self.inputs.recv() => self.input(input),
                arrival = self.door.accept() => self.arrived(arrival),
                Some(query) = self.queries.recv() => self.query(query),
                () = sleep_until(due.into()) => self.cluster.handle_timeout(Instant::now()),
                written = self.memory.written() => self.has_written(written),
                _ = save.tick() => self.save().await,
                () = stop.cancelled() => break,
            }
        }
        self.stop().await
    }

    fn arrived(&mut self, arrival: Arrival) {
        let accepted = match arrival {
            Arrival::Accepted(accepted) => accepted,
            Arrival::NoPlace(stream, peer) => {
                let refused =
                    no_place(&stream, self.door.places(), self.context.security.has_tls());
                return self.refused(Some(peer), refused);
            }
            Arrival::NoDescriptor(peer) => return self.refused(peer, Refused::NoDescriptor),
        };
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let context = self.context.clone();
        self.connections
            .spawn(connection::serve(accepted, link, context));
    }

    fn input(&mut self, input: Input) {
        let now = Instant::now();
        match input {
            Input::Opened { link, peer, hello } => {
                self.peers.insert(link, peer);
                self.cluster.handle_event(now, link, hello);
                if self.cluster.has_peer(link) {
                    // Before anything that follows from its enrolment. One that is refused gets an error
                    // instead.
                    let hello = Hello::from_role(&PeerRole::Central);
                    self.send(link, FromCentral::Hello(hello));
                }
            }
            Input::Event { link, event } => self.cluster.handle_event(now, link, event),
            Input::List { link, after } => {
                let page = self.pages.get(&self.cluster, after);
                self.post(link, Outgoing::Line(page));
            }
            Input::Status { link } => {
                let status = self.cluster.status();
                self.send(link, FromCentral::Status(status));
            }
            Input::Closed {
                link,
                goodbye,
                refused,
            } => {
                if let Some(refused) = refused {
                    let (code, message) = (refused.code(), refused.said());
                    self.send(link, FromCentral::Error { code, message });
                }
                self.peers.remove(&link);
                self.cluster
                    .handle_event(now, link, Event::Closed { goodbye });
            }
            Input::Legacy { request, answer } => {
                let _ = answer.send(legacy::answer(&mut self.cluster, request));
            }
            Input::BadPeer { address, reason } => self.refused(Some(address), reason),
        }
    }

    fn query(&mut self, query: CentralQuery) {
        let now = Instant::now();
        let rows = |table: BTreeMap<String, u64>| {
            table
                .into_iter()
                .map(|(name, downloads)| DownloadCount { name, downloads })
                .collect()
        };
        // Whoever asked may be gone.
        match query {
            CentralQuery::PerFile(answer) => {
                let table = self.cluster.per_file().into_iter();
                let _ = answer.send(rows(table.map(|(n, d)| (n.to_string(), d)).collect()));
            }
            CentralQuery::PerClient(answer) => {
                let table = self.cluster.per_client().into_iter();
                let _ = answer.send(rows(table.map(|(n, d)| (n.to_string(), d)).collect()));
            }
            CentralQuery::Status(answer) => {
                let _ = answer.send(self.cluster.status());
            }
            CentralQuery::Secondaries(answer) => {
                let _ = answer.send(self.cluster.secondaries(now));
            }
            CentralQuery::Clients(answer) => {
                let _ = answer.send(self.cluster.clients(now));
            }
            CentralQuery::Queue(answer) => {
                let _ = answer.send(self.cluster.queue(now));
            }
            CentralQuery::Expel(name, answer) => {
                let _ = answer.send(self.cluster.expel(now, &name));
            }
            CentralQuery::Drain(number, on, answer) => {
                let _ = answer.send(self.cluster.drain(now, number, on));
            }
            CentralQuery::SetMaxDownloads(most, answer) => {
                self.cluster.set_max_downloads(now, most);
                let _ = answer.send(());
            }
            CentralQuery::Conflicts(answer) => {
                let _ = answer.send(self.cluster.conflicts());
            }
            CentralQuery::Resolve(name, choice, answer) => {
                let _ = answer.send(self.cluster.resolve(now, &name, choice));
            }
            CentralQuery::Statistics(answer) => {
                let _ = answer.send(self.statistics.present(&self.cluster));
            }
        }
    }

    fn act(&mut self) {
        let mut offers = Offers::default();
        while let Some(action) = self.cluster.poll_action() {
            let (link, message) = match word_for(action) {
                Word::Notice(notice) => {
                    if let Some(other) = offers.take_in(notice) {
                        offers.drain().for_each(|event| self.tell(event));
                        self.tell(CentralEvent::Cluster(other));
                    }
                    continue;
                }
                Word::Last(link, message) => {
                    self.count_if_refused(link, &message);
                    self.send(link, message);
                    // Without the owner's end the connection sends what is left and ends; the machine has
                    // forgotten it already.
                    self.peers.remove(&link);
                    continue;
                }
                Word::Noted(link, batch) => {
                    self.memory.note(link, batch);
                    continue;
                }
                Word::Message(link, message) => {
                    if let FromCentral::Refused {
                        code: ErrorCode::LimitExceeded,
                        ..
                    } = &message
                    {
                        self.count_if_refused(link, &message);
                    }
                    (link, message)
                }
            };
            self.send(link, message);
        }
        offers.drain().for_each(|event| self.tell(event));
        for (link, batch) in self.memory.advance(&mut self.cluster) {
            self.send(link, FromCentral::Noted { batch });
        }
    }

    fn has_written(&mut self, written: Result<(), StoreError>) {
        if let Err(error) = written {
            self.tell(CentralEvent::Statistics(StatisticsTrouble::Failed(error)));
        }
        for (link, batch) in self.memory.take_noted() {
            self.send(link, FromCentral::Noted { batch });
        }
    }

    fn send(&mut self, link: LinkId, message: FromCentral) {
        self.post(link, Outgoing::Message(Box::new(message)));
    }

    fn post(&mut self, link: LinkId, message: Outgoing) {
        let Some(peer) = self.peers.get(&link) else {
            return;
        };
        if peer.outbox.try_send(message).is_err() {
            // It takes nothing any more, or its queue is full: its reader reports the end.
            peer.ended.cancel();
            self.peers.remove(&link);
        }
    }

    fn tell(&self, event: CentralEvent) {
        tracing::debug!(?event, "event");
        // Events are for people: the cluster does not wait for a console that stands still.
        let _ = self.events.try_send(event);
    }

    fn count_if_refused(&mut self, link: LinkId, message: &FromCentral) {
        if let FromCentral::Error { code, message } | FromCentral::Refused { code, message, .. } =
            message
            && self.statistics.refused().count(*code)
        {
            // Its own program tells its people.
            tracing::info!(link = link.0, ?code, %message, "refused");
        }
    }

    /// A connection was refused, or ended for what it did.
    fn refused(&mut self, address: Option<SocketAddr>, reason: Refused) {
        let code = reason.code();
        if !self.statistics.refused().count(code) {
            return;
        }
        // People are told; where there is nobody to name, only the log is.
        let Some(address) = address else {
            return tracing::warn!(?code, %reason, "refused");
        };
        tracing::info!(%address, ?code, %reason, "refused");
        self.tell(CentralEvent::BadPeer { address, reason });
    }

    async fn save(&mut self) {
        self.statistics.refused().forget_told();
        let trouble = self.statistics.save(&self.cluster).await;
        if let Some(error) = trouble {
            self.tell(CentralEvent::Statistics(StatisticsTrouble::Failed(error)));
        }
    }

    async fn stop(mut self) -> Result<(), StoreError> {
        for (_, peer) in self.peers.drain() {
            let _ = peer
                .outbox
                .try_send(Outgoing::Message(Box::new(FromCentral::Bye)));
        }
        drop(self.door);
        self.inputs.close();
        self.connections.close();
        let _ = timeout(STOP_GRACE, self.connections.wait()).await;
        self.memory.finish(&mut self.cluster).await?;
        self.statistics.finish(&self.cluster).await
    }
}

/// Files that come or go at once: a few are told one by one, many as their number.
#[derive(Debug, Default)]
struct Offers {
    offered: Vec<Notice>,
    gone: Vec<Notice>,
}

impl Offers {
    /// What is told one by one.
    const FEW: usize = 20;

    /// Keeps a notice of an offer; gives any other back.
    fn take_in(&mut self, notice: Notice) -> Option<Notice> {
        match notice {
            Notice::Offered { .. } => self.offered.push(notice),
            Notice::NoLongerOffered { .. } => self.gone.push(notice),
            other => return Some(other),
        }
        None
    }

    fn drain(&mut self) -> impl Iterator<Item = CentralEvent> + use<> {
        let (offered, gone) = (
            std::mem::take(&mut self.offered),
            std::mem::take(&mut self.gone),
        );
        let (come, left) = (offered.len(), gone.len());
        let many = [
            (come > Self::FEW).then_some(CentralEvent::ManyOffered { files: come }),
            (left > Self::FEW).then_some(CentralEvent::ManyNoLongerOffered { files: left }),
        ];
        let few = |notices: Vec<Notice>| {
            let shown = if notices.len() > Self::FEW {
                0
            } else {
                notices.len()
            };
            notices.into_iter().take(shown).map(CentralEvent::Cluster)
        };
        few(gone)
            .chain(few(offered))
            .chain(many.into_iter().flatten())
    }
}

/// The highest number that a secondary may have where `required` are required.
pub(super) fn highest_number(required: u16) -> u16 {
    const USUAL: u16 = 3;
    required.clamp(USUAL, MAX_SECONDARY_NUMBER)
}
