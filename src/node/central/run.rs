//! The task that owns the cluster machine: it feeds it what comes from connections and does what it says.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
    time::{MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::task::TaskTracker;

use super::{
    CentralEvent, DownloadCount,
    api::CentralQuery,
    connection::{self, Context},
    inputs::{Input, Peer},
    legacy,
    messages::code_of,
    statistics::Statistics,
};
use crate::{
    engine::cluster::{Action, Cluster, Event, LinkId},
    model::{
        FileName,
        limits::{MAX_SECONDARY_NUMBER, PAGE_BYTES, STATISTICS_EVERY, STOP_GRACE},
    },
    net::{accept, connection_places},
    node::StatisticsTrouble,
    proto::{Hello, PeerRole, control::FromCentral},
    store::StoreError,
};

/// Wakes the loop when the machine has nothing to wait for.
const IDLE: std::time::Duration = std::time::Duration::from_secs(3600);

/// The central's task.
pub(super) struct Central {
    pub(super) listener: TcpListener,
    pub(super) cluster: Cluster,
    pub(super) statistics: Statistics,
    pub(super) events: mpsc::Sender<CentralEvent>,
    pub(super) queries: mpsc::Receiver<CentralQuery>,
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) context: Context,
    pub(super) connections: TaskTracker,
    pub(super) peers: HashMap<LinkId, Peer>,
    pub(super) next_link: u64,
}

impl Central {
    /// Runs until it is told to stop.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        let places = Arc::new(Semaphore::new(connection_places()));
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
                accepted = accept(&self.listener, &places) => self.accepted(accepted),
                Some(query) = self.queries.recv() => self.query(query),
                () = sleep_until(due.into()) => self.cluster.handle_timeout(Instant::now()),
                _ = save.tick() => self.save().await,
                () = stop.cancelled() => break,
            }
        }
        self.stop().await
    }

    fn accepted(&mut self, accepted: crate::net::Accepted) {
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
                let listing = self.listing(after.as_ref());
                self.send(link, listing);
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
                if let Some((code, message)) = refused {
                    self.send(link, FromCentral::Error { code, message });
                }
                self.peers.remove(&link);
                self.cluster
                    .handle_event(now, link, Event::Closed { goodbye });
            }
            Input::Legacy { request, answer } => {
                let _ = answer.send(legacy::answer(&mut self.cluster, request));
            }
            Input::BadPeer { address, reason } => {
                self.tell(CentralEvent::BadPeer { address, reason });
            }
        }
    }

    fn listing(&self, after: Option<&FileName>) -> FromCentral {
        let mut room = PAGE_BYTES;
        let (files, more) = self.cluster.listing(after, |listed| {
            let size = serde_json::to_vec(listed).map_or(0, |json| json.len() + 1);
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        FromCentral::Listing {
            ready: self.cluster.is_ready(),
            files,
            more,
        }
    }

    fn query(&self, query: CentralQuery) {
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
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            let (link, message) = match action {
                Action::Notice(notice) => {
                    self.tell(CentralEvent::Cluster(notice));
                    continue;
                }
                Action::Close { link, refusal } => {
                    let code = code_of(&refusal);
                    let message = refusal.to_string();
                    self.send(link, FromCentral::Error { code, message });
                    // Without the owner's end the connection sends what is left and ends; the machine has
                    // forgotten it already.
                    self.peers.remove(&link);
                    continue;
                }
                Action::Enrolled { link, name } => (link, FromCentral::Enrolled { name }),
                Action::Grant {
                    link,
                    request,
                    grant,
                } => (link, FromCentral::Granted { request, grant }),
                Action::Queue {
                    link,
                    request,
                    place,
                } => (link, FromCentral::Queued { request, place }),
                Action::Refuse {
                    link,
                    request,
                    refusal,
                } => {
                    let code = code_of(&refusal);
                    let message = refusal.to_string();
                    (
                        link,
                        FromCentral::Refused {
                            request,
                            code,
                            message,
                        },
                    )
                }
                Action::Sources {
                    link,
                    transfer,
                    sources,
                } => (link, FromCentral::Sources { transfer, sources }),
                Action::Settled {
                    link,
                    transfer,
                    sent,
                } => (link, FromCentral::Settled { transfer, sent }),
                Action::Copy { link, grant } => (link, FromCentral::Copy(grant)),
                Action::CancelCopy { link, transfer } => {
                    (link, FromCentral::CancelCopy { transfer })
                }
                Action::Withdraw { link, file } => (link, FromCentral::Withdraw { file }),
                Action::Ended {
                    link,
                    transfer,
                    outcome,
                } => (link, FromCentral::Ended { transfer, outcome }),
            };
            self.send(link, message);
        }
    }

    fn send(&mut self, link: LinkId, message: FromCentral) {
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

    async fn save(&mut self) {
        let trouble = self.statistics.save(&self.cluster).await;
        if let Some(error) = trouble {
            self.tell(CentralEvent::Statistics(StatisticsTrouble::Failed(error)));
        }
    }

    async fn stop(mut self) -> Result<(), StoreError> {
        for (_, peer) in self.peers.drain() {
            let _ = peer.outbox.try_send(FromCentral::Bye);
        }
        drop(self.listener);
        self.inputs.close();
        self.connections.close();
        let _ = timeout(STOP_GRACE, self.connections.wait()).await;
        self.statistics.finish(&self.cluster).await
    }
}

/// The highest number that a secondary may have where `required` are required.
pub(super) fn highest_number(required: u16) -> u16 {
    const USUAL: u16 = 3;
    required.clamp(USUAL, MAX_SECONDARY_NUMBER)
}
