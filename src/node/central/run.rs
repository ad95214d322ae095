//! The loop of the central's owner: it feeds the machine what happens, and does what the machine says.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    api::{CentralCommand, FigureAsked},
    connection,
    effects::Effect,
    inputs::{End, Input, Outgoing},
    legacy,
    place::Standing,
    several::Several,
    state::Central,
};
use crate::{
    engine::cluster::{ConnectionId, Event, Parting},
    model::{limits::STOP_GRACE, messages::FromClient},
    net::Accepted,
    node::{clock, server::TurnedAway},
    proto::control::FromCentral,
    store::StoreError,
};

/// Wakes the loop when the machine has nothing to wait for.
const IDLE: Duration = Duration::from_secs(3600);

/// The loop runs at least this often. When a turn begins more than [`STANDSTILL`] after the last, this process or this
/// task did not run, and what others sent meanwhile may not have been read.
const TURN_EVERY: Duration = Duration::from_millis(250);
const STANDSTILL: Duration = Duration::from_millis(500);

/// Orders are refused once the journal has taken nothing in for so long.
const BUSY_FOR: Duration = Duration::from_secs(2);

/// What the loop waits for, besides what its owner has.
pub(super) struct Inbox {
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) commands: mpsc::Receiver<CentralCommand>,
    pub(super) figures: mpsc::Receiver<FigureAsked>,
}

impl Central {
    /// Runs until it is told to stop.
    pub(super) async fn run(mut self, mut inbox: Inbox) -> Result<(), StoreError> {
        let mut save = interval(self.save_every);
        let mut turn = interval(TURN_EVERY);
        for timer in [&mut save, &mut turn] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            timer.reset();
        }
        self.last_turn = clock::now();
        let stop = self.context.stop.clone();
        loop {
            self.serve_figures();
            self.act();
            self.commit();
            let takes_more = self.takes_more();
            let ends_by = self.ends_by();
            let counts_at = self.figures.due(clock::now());
            let due = self
                .cluster
                .poll_timeout()
                .unwrap_or_else(|| clock::now() + IDLE);
            tokio::select! {
                Some(input) = inbox.inputs.recv(), if takes_more => self.input(input),
                arrival = self.server.arrival() => self.arrived(arrival),
                Some(command) = inbox.commands.recv(), if takes_more => {
                    let now = self.turn();
                    self.command(now, command);
                }
                Some(asked) = inbox.figures.recv(), if takes_more => {
                    self.take_figures(asked, &mut inbox.figures);
                }
                () = sleep_until(counts_at.unwrap_or(due).into()), if counts_at.is_some() => {}
                () = sleep_until(due.into()) => {
                    let now = self.turn();
                    self.cluster.handle_timeout(now);
                }
                _ = turn.tick() => {
                    let now = self.turn();
                    self.news.handle_timeout(now);
                    self.look_round();
                    self.look_at_room();
                }
                action = Several::next(&mut self.several) => {
                    self.turn();
                    if self.reigns(action)?.is_break() {
                        break;
                    }
                }
                written = self.journal.written() => {
                    // What is not on the disk may not be acted on, and a later sync says nothing of it: this run is over.
                    written?;
                }
                _ = save.tick() => self.save(),
                Some(error) = self.statistics.saved() => self.not_saved(error),
                () = stop.cancelled(), if ends_by.is_none() => {
                    if !self.gives_back() {
                        break;
                    }
                }
                () = sleep_until(ends_by.unwrap_or(due).into()), if ends_by.is_some() => break,
            }
        }
        self.stop(inbox).await
    }

    /// Whether more may be taken in, as the journal keeps up. While it does not, peers wait; who gives orders is told after a
    /// while.
    fn takes_more(&mut self) -> bool {
        let is_busy = self.journal.is_busy();
        let since = is_busy.then(|| self.busy_since.unwrap_or_else(clock::now));
        self.busy_since = since;
        let is_long = since.is_some_and(|since| clock::now() - since >= BUSY_FOR);
        let is_full = (self.several.as_ref()).is_some_and(|several| several.reign.has_no_space());
        let is_limited = self.place.standing == Standing::Limited;
        let cannot = is_long || is_full || is_limited;
        self.journal_busy.store(cannot, Ordering::Relaxed);
        !is_busy
    }

    /// A turn begins: the machine hears when its peers last spoke, and whether this process stood still.
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
        if names_a_client(&input) {
            let peers = &self.peers;
            self.cluster
                .hear_clients(|connection| Some(peers.get(&connection)?.heard.last(now)));
        }
        match input {
            Input::Opened {
                connection,
                peer,
                hello,
            } => self.opened(now, connection, peer, hello),
            Input::Event { connection, event } => self.cluster.handle_event(now, connection, event),
            Input::Question {
                connection,
                question,
            } => self.answer(now, connection, question),
            Input::Signed {
                connection,
                signed,
                channel,
            } => self.signed(now, connection, &signed, &channel),
            Input::Counting { connection, said } => self.counting(now, connection, said),
            Input::Closed { connection, end } => self.closed(now, connection, end),
            Input::Legacy { request, answer } => {
                let said = legacy::answer(&mut self.cluster, &mut self.pages, request);
                self.reply(answer, said);
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
        self.effect(Effect::Close(connection));
        self.cluster
            .handle_event(now, connection, Event::Closed(parting));
    }

    fn save(&mut self) {
        self.cluster.note_reports();
        self.statistics.refused().forget_told();
        self.statistics.save_books(&self.cluster);
    }

    async fn stop(mut self, mut inbox: Inbox) -> Result<(), StoreError> {
        // An orderly end is a fact of the journal; the statistics say what this run was like.
        let has_begun = self.cluster.has_begun();
        if self.several.is_none() {
            self.cluster.note_stop();
            self.act();
            let (term, registry) = (self.cluster.term(), self.cluster.registry());
            self.journal
                .finish(term, clock::wall_ms(), registry)
                .await?;
            self.commit();
        }
        for (_, peer) in self.peers.drain() {
            let _ = peer
                .outbox
                .try_send(Outgoing::Message(Box::new(FromCentral::Bye)));
        }
        inbox.inputs.close();
        if let Some(several) = &mut self.several {
            several.backup.end().await;
        }
        self.place.end().await;
        let _ = timeout(STOP_GRACE, self.server.close().wait()).await;
        self.statistics.finish_books(&self.cluster, has_begun).await
    }
}

/// Whether a client gives its name, which another may seem to have.
fn names_a_client(input: &Input) -> bool {
    match input {
        Input::Opened { hello, .. } => matches!(hello, Event::ClientHello { .. }),
        Input::Event { event, .. } => {
            matches!(
                event,
                Event::Client(FromClient::Enrol { .. } | FromClient::Guest { .. })
            )
        }
        Input::Question { .. }
        | Input::Signed { .. }
        | Input::Counting { .. }
        | Input::Closed { .. }
        | Input::Legacy { .. }
        | Input::BadPeer { .. } => false,
    }
}
