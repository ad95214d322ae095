//! The task that owns the cluster machine: it feeds it what comes from connections and does what it says.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    CentralEvent, DownloadCount,
    api::CentralQuery,
    connection::{self, Context},
    inputs::{End, Input, Outgoing, Peer, SharedLine},
    legacy,
    memory::Memory,
    news::News,
    pages::Pages,
    statistics::Statistics,
};
use crate::{
    engine::cluster::{Action, Cluster, ConnectionId, Event, FileCounts, Parting, Refusal},
    model::{
        FileName, RequestId,
        limits::{MAX_SECONDARY_NUMBER, STOP_GRACE},
        messages::{Answer, ForSecondary, Question},
    },
    net::Accepted,
    node::{
        Refused, StatisticsTrouble, clock,
        rules::central::{code_of, said_of},
        server::{Server, TurnedAway},
    },
    proto::{ErrorCode, Hello, PeerRole, Said, control::FromCentral},
    store::StoreError,
};

/// Wakes the loop when the machine has nothing to wait for.
const IDLE: Duration = Duration::from_secs(3600);

/// How often the loop runs at the least. Where a turn comes later than [`STANDSTILL`] after the last, this process, or
/// this task, did not run: what others sent meanwhile may not have been read.
const TURN_EVERY: Duration = Duration::from_millis(250);
const STANDSTILL: Duration = Duration::from_millis(500);

/// The central's task.
pub(super) struct Central {
    pub(super) server: Server,
    pub(super) cluster: Cluster,
    pub(super) memory: Memory,
    pub(super) statistics: Statistics,
    pub(super) events: mpsc::Sender<CentralEvent>,
    pub(super) queries: mpsc::Receiver<CentralQuery>,
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) context: Context,
    pub(super) peers: HashMap<ConnectionId, Peer>,
    pub(super) next_connection: u64,
    pub(super) pages: Pages,
    pub(super) counts: Counts,
    pub(super) save_every: Duration,
    pub(super) news: News,
    /// When the loop last ran.
    pub(super) last_turn: Instant,
}

impl Central {
    /// Runs until it is told to stop.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        let mut save = interval(self.save_every);
        let mut turn = interval(TURN_EVERY);
        for timer in [&mut save, &mut turn] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            timer.reset();
        }
        self.last_turn = clock::now();
        let stop = self.context.stop.clone();
        loop {
            self.act();
            let due = self
                .cluster
                .poll_timeout()
                .unwrap_or_else(|| clock::now() + IDLE);
            tokio::select! {
                Some(input) = self.inputs.recv() => self.input(input),
                arrival = self.server.arrival() => self.arrived(arrival),
                Some(query) = self.queries.recv() => self.query(query),
                () = sleep_until(due.into()) => {
                    let now = self.turn();
                    self.cluster.handle_timeout(now);
                }
                _ = turn.tick() => {
                    let now = self.turn();
                    self.news.handle_timeout(now);
                }
                written = self.memory.written() => self.has_written(written),
                _ = save.tick() => self.save(),
                failed = self.statistics.saved() => self.saved(failed),
                () = stop.cancelled() => break,
            }
        }
        self.stop().await
    }

    /// The loop runs: the machine hears what arrived by now, and whether this process did not run.
    fn turn(&mut self) -> Instant {
        let now = clock::now();
        let peers = &self.peers;
        self.cluster
            .hear(|connection| Some(peers.get(&connection)?.heard.last(now)));
        if now.saturating_duration_since(self.last_turn) > STANDSTILL {
            self.cluster.stood_still(now);
        }
        self.last_turn = now;
        now
    }

    fn arrived(&mut self, arrival: Result<Accepted, TurnedAway>) {
        match arrival {
            Ok(accepted) => {
                let connection = ConnectionId(self.next_connection);
                self.next_connection += 1;
                let context = self.context.clone();
                self.server
                    .serve(connection::serve(accepted, connection, context));
            }
            Err(TurnedAway { address, reason }) => self.refused(address, reason),
        }
    }

    fn input(&mut self, input: Input) {
        let now = self.turn();
        match input {
            Input::Opened {
                connection,
                peer,
                hello,
            } => {
                self.peers.insert(connection, peer);
                self.cluster.handle_event(now, connection, hello);
                if self.cluster.has_peer(connection) {
                    // Before anything that follows from its enrolment. One that is refused gets an error
                    // instead.
                    let term = self.cluster.term();
                    let hello = Hello::from_role(&PeerRole::Central { term });
                    self.send(connection, FromCentral::Hello(hello));
                }
            }
            Input::Event { connection, event } => self.cluster.handle_event(now, connection, event),
            Input::Question {
                connection,
                question,
            } => self.answer(now, connection, question),
            Input::Closed { connection, end } => self.closed(now, connection, end),
            Input::Legacy { request, answer } => {
                let _ = answer.send(legacy::answer(&mut self.cluster, &mut self.pages, request));
            }
            Input::BadPeer { address, reason } => self.refused(Some(address), reason),
        }
    }

    fn closed(&mut self, now: Instant, connection: ConnectionId, end: End) {
        let parting = match end {
            End::Goodbye => Parting::Goodbye,
            End::Broken => Parting::Broken,
            End::Refused(refused) => {
                let (code, message) = (refused.code(), refused.said());
                self.send(connection, FromCentral::Error { code, message });
                Parting::Broken
            }
        };
        self.peers.remove(&connection);
        self.cluster
            .handle_event(now, connection, Event::Closed(parting));
    }

    fn answer(&mut self, now: Instant, connection: ConnectionId, question: Question) {
        match question {
            Question::List { after } => self.post_page(connection, after),
            Question::Status => {
                let counts = self.counts.get(now, &self.cluster);
                let status = self.cluster.status_with(counts);
                self.send(connection, Answer::Status(status));
            }
        }
    }

    fn query(&mut self, query: CentralQuery) {
        let now = self.turn();
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
            CentralQuery::Drain(number, answer) => {
                let _ = answer.send(self.cluster.drain(now, number));
            }
            CentralQuery::EndDraining(number, answer) => {
                let _ = answer.send(self.cluster.end_draining(now, number));
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
        let now = self.last_turn;
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::ToReceiver(connection, message) => self.send(connection, message),
                Action::ToClient(connection, message) => self.send(connection, message),
                Action::ToSecondary(connection, message) => self.send(connection, message),
                Action::Ack { connection, batch } => self.memory.ack(connection, batch),
                Action::Refuse {
                    connection,
                    request,
                    refusal,
                } => self.refuse(connection, request, &refusal),
                Action::Close {
                    connection,
                    refusal,
                } => self.close(connection, &refusal),
                Action::Notice(notice) => self.news.take_in(now, notice),
            }
        }
        for event in self.news.drain() {
            self.tell(event);
        }
        for (connection, batch) in self.memory.advance(&mut self.cluster) {
            self.send(connection, ForSecondary::Ack { batch });
        }
    }

    /// A request comes to nothing. Those over a limit are counted: their program may ask for too much.
    fn refuse(&mut self, connection: ConnectionId, request: RequestId, refusal: &Refusal) {
        let (code, message) = (code_of(refusal), said_of(refusal));
        if code == ErrorCode::LimitExceeded {
            self.count_refusal(connection, code, &message);
        }
        self.send(
            connection,
            FromCentral::Refused {
                request,
                code,
                message,
            },
        );
    }

    /// The machine has forgotten this connection.
    fn close(&mut self, connection: ConnectionId, refusal: &Refusal) {
        let (code, message) = (code_of(refusal), said_of(refusal));
        self.count_refusal(connection, code, &message);
        self.send(connection, FromCentral::Error { code, message });
        // Without the owner's end the connection sends what is left and ends.
        self.peers.remove(&connection);
    }

    fn has_written(&mut self, written: Result<(), StoreError>) {
        if let Err(error) = written {
            self.tell(CentralEvent::Statistics(StatisticsTrouble::Failed(error)));
        }
        for (connection, batch) in self.memory.take_durable() {
            self.send(connection, ForSecondary::Ack { batch });
        }
    }

    fn send(&mut self, connection: ConnectionId, message: impl Into<FromCentral>) {
        self.post(connection, Outgoing::Message(Box::new(message.into())));
    }

    fn post_page(&mut self, connection: ConnectionId, after: Option<FileName>) {
        let Some(peer) = self.peers.get(&connection) else {
            return;
        };
        let has_not_taken = peer.queued_bytes.load(Ordering::Relaxed) > 0;
        if has_not_taken && self.pages.are_too_many() {
            peer.ended.cancel();
            self.peers.remove(&connection);
            return;
        }
        let page = self.pages.get(&self.cluster, after);
        let page = SharedLine::new(page, &peer.queued_bytes);
        self.post(connection, Outgoing::Line(page));
    }

    fn post(&mut self, connection: ConnectionId, message: Outgoing) {
        let Some(peer) = self.peers.get(&connection) else {
            return;
        };
        if peer.outbox.try_send(message).is_err() {
            // It takes nothing any more, or its queue is full: its reader reports the end.
            peer.ended.cancel();
            self.peers.remove(&connection);
        }
    }

    fn tell(&self, event: CentralEvent) {
        tracing::debug!(?event, "event");
        // Events are for people: the cluster does not wait for a console that stands still.
        let _ = self.events.try_send(event);
    }

    fn count_refusal(&mut self, connection: ConnectionId, code: ErrorCode, message: &Said) {
        if self.statistics.refused().count(code) {
            // Its own program tells its people.
            tracing::info!(connection = connection.0, ?code, %message, "refused");
        }
    }

    /// A connection was refused, or ended for what it did.
    fn refused(&mut self, address: Option<SocketAddr>, reason: Refused) {
        let told = self.statistics.refused().note(address, reason);
        if let Some((address, reason)) = told {
            self.tell(CentralEvent::BadPeer { address, reason });
        }
    }

    fn save(&mut self) {
        self.statistics.refused().forget_told();
        self.statistics.save_books(&self.cluster);
    }

    fn saved(&self, failed: Option<StoreError>) {
        if let Some(error) = failed {
            self.tell(CentralEvent::Statistics(StatisticsTrouble::Failed(error)));
        }
    }

    async fn stop(mut self) -> Result<(), StoreError> {
        for (_, peer) in self.peers.drain() {
            let _ = peer
                .outbox
                .try_send(Outgoing::Message(Box::new(FromCentral::Bye)));
        }
        self.inputs.close();
        let _ = timeout(STOP_GRACE, self.server.close().wait()).await;
        self.memory.finish(&mut self.cluster).await?;
        self.statistics.finish_books(&self.cluster).await
    }
}

/// The last look at the whole catalogue. Whoever asks again and again is answered with it for ten times as long as it
/// took, so that questions never take the time of everything else.
#[derive(Debug, Default)]
pub(super) struct Counts {
    last: Option<(Instant, FileCounts)>,
}

impl Counts {
    fn get(&mut self, now: Instant, cluster: &Cluster) -> &FileCounts {
        if self.last.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.last = None;
        }
        let (_, counts) = self.last.get_or_insert_with(|| {
            let counts = cluster.count_files();
            (now + 10 * (clock::now() - now), counts)
        });
        counts
    }
}

/// The highest number that a secondary may have where `required` are required.
pub(super) fn highest_number(required: u16) -> u16 {
    const USUAL: u16 = 3;
    required.clamp(USUAL, MAX_SECONDARY_NUMBER)
}
