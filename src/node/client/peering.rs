//! What a client has and knows as a peer: its port, what it publishes, what it sends.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    ClientError, PublishError, PublishedAs, ServingView,
    shared::{Door, PeerInput, Record, Records, Running, Shelf, Standing, State},
};
use crate::{
    engine::recent::RecentRate,
    model::{ClusterId, Digest, Manifest, PeerNumber, RequestId, messages::FromClient},
    node::{in_order::InOrder, rules::sent::SentBook, send::Uplink, server::TurnedAway},
};

/// Questions of connections that may wait for the owner.
const INPUTS: usize = 256;
/// Requests other than downloads are numbered from here on.
const FIRST_REQUEST: u64 = 1 << 52;
/// How often what was sent is counted.
pub(super) const COUNT_EVERY: Duration = Duration::from_millis(500);

/// See the module.
pub(super) struct Peering {
    /// The central lets clients be sources of each other.
    pub(super) is_known: bool,
    pub(super) cluster: Option<ClusterId>,
    /// This client's number at the present central.
    pub(super) own: Option<PeerNumber>,
    pub(super) standing: Standing,
    pub(super) door: Option<Door>,
    pub(super) uplink: Arc<Uplink>,
    pub(super) inputs: mpsc::Sender<PeerInput>,
    pub(super) shelf: Shelf,
    pub(super) records: Option<Records>,
    /// What is done with the records: the last order for a name is the one that stays.
    pub(super) recording: InOrder,
    pub(super) sent: SentBook,
    pub(super) rate: RecentRate,
    pub(super) sent_bytes: u64,
    /// Orders that the central has not answered.
    pub(super) pending: BTreeMap<RequestId, Pending>,
    /// What has come, and is given on for a while.
    pub(super) given: Vec<Given>,
    last_request: u64,
}

/// A file that has come, and is given on for a while.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) until: Instant,
    pub(super) id: Digest,
    pub(super) running: Running,
}

/// An order that the central has not answered.
pub(super) struct Pending {
    /// As it is said to the central.
    pub(super) message: FromClient,
    pub(super) order: Order,
}

/// What is ordered.
pub(super) enum Order {
    Publish(Box<ToPublish>),
    Withdraw(oneshot::Sender<Result<(), PublishError>>),
}

impl Order {
    /// Nothing comes of it.
    pub(super) fn fail(self, error: ClientError) {
        match self {
            Self::Publish(order) => drop(order.answer.send(Err(error.into()))),
            Self::Withdraw(answer) => drop(answer.send(Err(error.into()))),
        }
    }
}

/// A file that was read, and is published once the central says so.
pub(super) struct ToPublish {
    pub(super) record: Record,
    pub(super) state: State,
    pub(super) manifest: Arc<Manifest>,
    pub(super) done: PublishedAs,
    pub(super) answer: oneshot::Sender<Result<PublishedAs, PublishError>>,
}

impl Peering {
    /// One that does not listen yet, and where connections ask.
    pub(super) fn new(
        records: Option<Records>,
        limit_bytes_per_s: Option<u64>,
    ) -> (Self, mpsc::Receiver<PeerInput>) {
        let (inputs, asked) = mpsc::channel(INPUTS);
        let peering = Self {
            is_known: false,
            cluster: None,
            own: None,
            standing: Standing::default(),
            door: None,
            uplink: Arc::new(Uplink::new(limit_bytes_per_s)),
            inputs,
            shelf: Shelf::default(),
            records,
            recording: InOrder::default(),
            sent: SentBook::default(),
            rate: RecentRate::default(),
            sent_bytes: 0,
            pending: BTreeMap::new(),
            given: Vec::new(),
            last_request: FIRST_REQUEST,
        };
        (peering, asked)
    }

    /// A number for an order.
    pub(super) fn next_request(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }

    /// The next connection is served, or turned away; for ever nothing while the port is closed. Cancel-safe.
    pub(super) async fn arrival(&mut self) -> Option<TurnedAway> {
        match &mut self.door {
            Some(door) => door.next().await,
            None => pending().await,
        }
    }

    /// Counts what was sent since the last time.
    pub(super) fn count(&mut self, now: Instant) {
        // No central is told of it.
        let _ = self.sent.report_news();
        for progress in self.sent.book(now) {
            self.rate.count(now, progress.bytes);
            self.sent_bytes = self.sent_bytes.saturating_add(progress.bytes);
        }
        let _ = self.sent.take_never_told_bytes();
    }

    pub(super) fn view(&self, now: Instant) -> ServingView {
        ServingView {
            port: self.door.as_ref().map(Door::port),
            files: self.shelf.iter().count(),
            peers: self.door.as_ref().map_or(0, Door::connections),
            bytes_per_s: self.rate.bytes_per_s(now),
            bytes: self.sent_bytes,
            limit_bytes_per_s: self.uplink.limit_bytes_per_s(),
        }
    }
}
