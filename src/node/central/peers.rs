//! What is said to the central's peers: what the machine wants said, pages of the listing, acknowledgements.

use std::{sync::atomic::Ordering, time::Instant};

use super::{
    effects::Effect,
    inputs::{Outgoing, SharedLine},
    pages::content_page,
    state::Central,
};
use crate::{
    engine::{
        cluster::{Action, ConnectionId, Refusal},
        rooms::RoomRefusal,
    },
    model::{
        FileName, RequestId,
        messages::{Answer, ForClient, ForSecondary, Question},
    },
    node::rules::central::{code_in_rooms, code_of, said_in_rooms, said_of},
    proto::{ErrorCode, Said, control::FromCentral},
};

impl Central {
    /// Does all that the machine wants done.
    pub(super) fn act(&mut self) {
        let now = self.last_turn;
        while let Some(action) = self.cluster.poll_action() {
            match action {
                Action::Record(entry) => self.journal.record(&entry),
                Action::ToReceiver(connection, message) => self.send(connection, message),
                Action::ToClient(connection, message) => self.send(connection, message),
                Action::ToSecondary(connection, message) => self.send(connection, message),
                Action::Number { connection, peer } => self.tell_number(connection, peer),
                Action::Introduce {
                    connection,
                    receiver,
                    transfer,
                    id,
                    add,
                    drop,
                    is_swarm: swarm,
                } => {
                    let add = self.with_tickets(id, receiver, &add);
                    let peers = ForClient::Peers {
                        transfer,
                        add,
                        drop,
                        swarm,
                    };
                    self.send(connection, peers);
                }
                Action::Ack { connection, batch } => {
                    self.send(connection, ForSecondary::Ack { batch });
                }
                Action::Refuse {
                    connection,
                    request,
                    refusal,
                } => self.refuse(connection, request, &refusal),
                Action::ToRooms(connection, message) => self.send(connection, message),
                Action::RefuseRoom {
                    connection,
                    request,
                    refusal,
                } => self.refuse_in_rooms(connection, request, &refusal),
                Action::RefuseAccount {
                    connection,
                    refusal,
                } => self.refuse_account(connection, &refusal),
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
    }

    /// Answers a question of a client or a secondary.
    pub(super) fn answer(&mut self, now: Instant, connection: ConnectionId, question: Question) {
        match question {
            Question::List { after } => self.post_page(connection, after),
            Question::Status => {
                let counts = self.counts.get(now, &self.cluster);
                let status = self.cluster.status_with(counts);
                self.send(connection, Answer::Status(status));
            }
            Question::Content { account, after } => {
                let answer = content_page(&self.cluster, connection, account, after.as_ref());
                self.send(connection, answer);
            }
            Question::Audit { after, .. } => self.post_audit(connection, after),
            Question::Users { after } => self.post_users(connection, after.as_ref()),
        }
    }

    pub(super) fn send(&mut self, connection: ConnectionId, message: impl Into<FromCentral>) {
        self.post(connection, Outgoing::Message(Box::new(message.into())));
    }

    /// Refuses a request. Refusals for a limit are counted, since they tell of programs that ask for too much.
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

    /// Refuses an order about rooms.
    fn refuse_in_rooms(
        &mut self,
        connection: ConnectionId,
        request: RequestId,
        refusal: &RoomRefusal,
    ) {
        let (code, message) = (code_in_rooms(refusal), said_in_rooms(refusal));
        if matches!(code, ErrorCode::LimitExceeded | ErrorCode::TooFast) {
            self.count_refusal(connection, code, &message);
        }
        self.send(
            connection,
            FromCentral::RoomRefused {
                request,
                code,
                message,
            },
        );
    }

    /// Closes a connection that the machine has forgotten.
    fn close(&mut self, connection: ConnectionId, refusal: &Refusal) {
        let (code, message) = (code_of(refusal), said_of(refusal));
        self.count_refusal(connection, code, &message);
        self.send(connection, FromCentral::Error { code, message });
        self.effect(Effect::Close(connection));
    }

    pub(super) fn count_refusal(
        &mut self,
        connection: ConnectionId,
        code: ErrorCode,
        message: &Said,
    ) {
        if self.statistics.refused().count(code) {
            // Its own program tells its people.
            tracing::info!(connection = connection.0, ?code, %message, "refused");
        }
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
        let page = match self.cluster.special_viewer(connection) {
            Some(viewer) => self.pages.special(&self.cluster, viewer, after.as_ref()),
            None => self.pages.get(&self.cluster, after),
        };
        let page = SharedLine::new(page, &peer.queued_bytes);
        self.post(connection, Outgoing::Line(page));
    }

    fn post(&mut self, connection: ConnectionId, message: Outgoing) {
        self.effect(Effect::Post(connection, message));
    }
}
