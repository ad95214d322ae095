//! The loop of a client's owner: whatever happens is taken in one at a time.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    ClientError, ClientEvent,
    api::ClientCommand,
    peering::COUNT_EVERY,
    shared::{PeerInput, Record, State},
    state::Client,
    telling::Telling,
};
use crate::{
    model::{
        TransferId,
        limits::{STATISTICS_EVERY, STOP_GRACE},
    },
    node::{clock, fetch::FetchUpdate, server::TurnedAway},
    proto::control::ToCentral,
    store::StoreError,
};

/// How often it is written down how far running downloads are.
const REMEMBER_EVERY: Duration = Duration::from_secs(3);
/// Wakes the loop when nothing is due.
const IDLE: Duration = Duration::from_secs(3600);

/// What the loop waits for, besides what its owner has.
pub(super) struct Inbox {
    pub(super) commands: mpsc::Receiver<ClientCommand>,
    /// What the downloads' tasks tell.
    pub(super) updates: mpsc::Receiver<(TransferId, FetchUpdate)>,
    /// What the connections of peers ask.
    pub(super) peers: mpsc::Receiver<PeerInput>,
    /// Published files that earlier runs wrote down.
    pub(super) found: mpsc::Receiver<Vec<(Record, State)>>,
}

impl Client {
    /// Runs until it is told to stop.
    pub(super) async fn run(mut self, mut inbox: Inbox) {
        let mut save = interval(STATISTICS_EVERY);
        save.set_missed_tick_behavior(MissedTickBehavior::Delay);
        save.reset();
        let mut remember = interval(REMEMBER_EVERY);
        remember.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count = interval(COUNT_EVERY);
        count.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.regulate();
            self.answer_idle();
            self.remember();
            let lost = self.state.lost.as_ref().map(|(until, _)| *until);
            let downloads = self.state.downloads.next_due();
            let due = downloads
                .into_iter()
                .chain(self.peering.shelf.next_due())
                .chain(lost)
                .min();
            let due = due.unwrap_or_else(|| clock::now() + IDLE);
            tokio::select! {
                command = inbox.commands.recv() => match command {
                    Some(ClientCommand::Stop(answer)) => {
                        let (saved, telling) = self.stop(inbox).await;
                        let _ = answer.send(saved);
                        return telling.finish().await;
                    }
                    Some(command) => self.command(command),
                    // Every handle is gone, so nobody is left to command it.
                    None => {
                        let _ = self.stop(inbox).await;
                        return;
                    }
                },
                event = self.link.events.recv() => match event {
                    Some(event) => self.link_event(event),
                    // The link's task has failed. Those who wait for answers must not wait for ever.
                    None => {
                        let (_, telling) = self.stop(inbox).await;
                        return telling.finish().await;
                    }
                },
                Some((transfer, update)) = inbox.updates.recv() => self.update(transfer, update),
                Some(input) = inbox.peers.recv() => self.peer_input(input),
                Some(found) = inbox.found.recv() => self.take_records(found),
                turned_away = self.peering.arrival() => log(turned_away),
                _ = count.tick(), if self.peering.door.is_some() => {
                    self.peering.count(clock::now());
                    self.look_at_given();
                }
                () = self.telling.tell_waiting() => {}
                trouble = self.statistics.saved() => self.tell(ClientEvent::Statistics(trouble)),
                () = sleep_until(due.into()) => {
                    self.tell_lost();
                    self.book_overdue();
                    self.peering.shelf.end_leaving(clock::now());
                    self.ask_due_again();
                }
                _ = save.tick() => self.statistics.save(),
                news = self.memory.news() => self.recalled(news),
                kept = self.account.kept() => self.keys_kept(kept),
                _ = remember.tick() => self.look_at_running(),
            }
        }
    }

    fn ask_due_again(&mut self) {
        for message in self.state.downloads.due_again(clock::now()) {
            self.send(message);
        }
    }

    /// Answers those who wait until nothing is left to do.
    fn answer_idle(&mut self) {
        if self.state.idle_waiters.is_empty() {
            return;
        }
        self.state.downloads.endings.hurry(clock::now());
        if self.state.downloads.is_idle() {
            let tally = self.state.downloads.tally();
            for waiter in self.state.idle_waiters.drain(..) {
                let _ = waiter.send(tally);
            }
        }
    }

    /// Ends all downloads, keeping what they have received; waits a little for the last figures; says goodbye.
    async fn stop(mut self, mut inbox: Inbox) -> (Result<(), StoreError>, Telling) {
        let unfinished = self.unfinished();
        self.give_all_up();
        let stopped = ClientError::Stopped;
        for answer in self.state.downloads.take_asked() {
            let _ = answer.send(Err(stopped.clone()));
        }
        let ended = async {
            while !self.state.downloads.is_idle() {
                tokio::select! {
                    Some(event) = self.link.events.recv() => self.link_event(event),
                    Some((transfer, update)) = inbox.updates.recv() => self.update(transfer, update),
                }
            }
        };
        let _ = timeout(STOP_GRACE, ended).await;
        let unbooked = self.state.downloads.endings.take_unbooked();
        self.book_without_reports(unbooked);
        self.answer_idle();
        self.orders_fail(&stopped);
        if let Some(door) = self.peering.door.take() {
            let ended = door.close();
            let _ = timeout(STOP_GRACE, ended.wait()).await;
        }
        self.send(ToCentral::Bye);
        self.state.outbox = None;
        let unfinished = self.still_unfinished(unfinished);
        self.link.stop().await;
        self.memory.finish(unfinished).await;
        (self.statistics.finish().await, self.telling)
    }
}

/// Somebody was not let in.
fn log(turned_away: Option<TurnedAway>) {
    if let Some(TurnedAway { address, reason }) = turned_away {
        tracing::info!(?address, %reason, "a peer was turned away");
    }
}
