//! What others notice waits for the facts that it follows from.

use tokio::sync::oneshot;

use super::{effects::Effect, state::Central};
use crate::node::clock;

impl Central {
    /// Does it now, or once all facts until now are on the disk.
    pub(super) fn effect(&mut self, effect: Effect) {
        if let Some(effect) = self.journal.hold(effect) {
            self.perform(effect);
        }
    }

    /// Answers a program of this process, after all that its question made the machine decide.
    pub(super) fn reply<T: Send + 'static>(&mut self, to: oneshot::Sender<T>, answer: T) {
        self.act();
        // The asker may have gone.
        self.effect(Effect::Answer(Box::new(move || drop(to.send(answer)))));
    }

    /// Begins to write what was recorded, and does what need not wait any more.
    pub(super) fn commit(&mut self) {
        while let Some(effect) = self.journal.next_due() {
            self.perform(effect);
        }
        if self.append() {
            return;
        }
        let (term, registry) = (self.cluster.term(), self.cluster.registry());
        self.journal.advance(term, clock::wall_ms(), registry);
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Post(connection, message) => {
                let Some(peer) = self.peers.get(&connection) else {
                    return;
                };
                if peer.outbox.try_send(message).is_err() {
                    // It is closed, or its queue is full. Its reader reports the end.
                    peer.ended.cancel();
                    self.peers.remove(&connection);
                }
            }
            // Once its outbox is dropped, the connection sends what is left in it and ends.
            Effect::Close(connection) => drop(self.peers.remove(&connection)),
            Effect::Tell(event) => {
                tracing::debug!(?event, "event");
                // Events are for people: the cluster does not wait for a stalled console.
                let _ = self.events.try_send(event);
            }
            Effect::Answer(answer) => answer(),
        }
    }
}
