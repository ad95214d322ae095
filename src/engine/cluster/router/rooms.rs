//! Rooms and channels: what accounts want of them, and what everybody is told.

use std::time::{Duration, Instant};

use super::Cluster;
use crate::{
    engine::{
        cluster::{Action, ConnectionId},
        registry::{Entry, RoomFact},
        rooms::{Decided, Line, Ordered, RoomRefusal, Talk},
    },
    model::{
        AccountName, Asked, RequestId, RoomId, RoomOrder, Session,
        messages::{ForRooms, OfRooms},
    },
};

impl Cluster {
    pub(super) fn says_in_rooms(&mut self, connection: ConnectionId, message: OfRooms) {
        if self.places.get(connection).is_none() {
            return self.wrong_role(connection);
        }
        match message {
            OfRooms::AskRooms { request, order } => self.wants(connection, request, &order),
            OfRooms::HeardInRoom { room, upto } => self.heard_in_room(connection, &room, upto),
            OfRooms::ShowRoom { room, shown } => {
                self.talk
                    .shows(self.registry.rooms(), connection.0, &room, shown);
            }
        }
    }

    /// An account wants something of rooms.
    fn wants(&mut self, connection: ConnectionId, request: RequestId, order: &RoomOrder) {
        match self.decide_in_rooms(connection, request, order) {
            Ok(decided) => {
                for fact in decided.facts {
                    self.room_fact(fact);
                }
                let answer = decided.answer;
                let answered = ForRooms::RoomAnswer { request, answer };
                self.actions
                    .push_back(Action::ToRooms(connection, answered));
                if let Some((room, message)) = decided.passing {
                    for line in self.talk.passing(self.registry.rooms(), &room) {
                        let (room, messages) = (room.clone(), vec![message.clone()]);
                        self.tell_in_room(line, ForRooms::SaidInRoom { room, messages });
                    }
                }
            }
            Err(refusal) => self.actions.push_back(Action::RefuseRoom {
                connection,
                request,
                refusal,
            }),
        }
    }

    fn decide_in_rooms(
        &mut self,
        connection: ConnectionId,
        request: RequestId,
        order: &RoomOrder,
    ) -> Result<Decided, RoomRefusal> {
        let client = self.places.get(connection);
        let client = client.ok_or(RoomRefusal::NotConnected)?;
        let who = client.account().cloned().ok_or(RoomRefusal::NotConnected)?;
        // Requests of a client that does not say which run of it they are of count on this connection.
        let session = client.session().unwrap_or(Session(connection.0));
        let wall_ms = self.wall_ms();
        let (accounts, rooms) = (self.registry.accounts(), self.registry.rooms());
        let since_ms = accounts.get(&who).map_or(0, |account| account.since_ms);
        let ordered = Ordered {
            line: connection.0,
            who: &who,
            since_ms,
            by: Asked { session, request },
            order,
        };
        self.talk
            .decide(rooms, wall_ms, ordered, |name| accounts.get(name).is_some())
    }

    /// A client has shown what was said up to a message.
    fn heard_in_room(&mut self, connection: ConnectionId, room: &RoomId, upto: u64) {
        let heard = self
            .talk
            .heard(self.registry.rooms(), connection.0, room, upto);
        if let Some(fact) = heard {
            self.room_fact(fact);
        }
    }

    /// An account is there on a connection.
    pub(super) fn comes_to_rooms(&mut self, connection: ConnectionId, who: &AccountName) {
        self.talk.comes(connection.0, who);
    }

    /// Nobody is there on a connection any more.
    pub(super) fn goes_from_rooms(&mut self, connection: ConnectionId) {
        for fact in self.talk.goes(connection.0) {
            self.room_fact(fact);
        }
    }

    /// An account is no more: what it said stays, and nobody who gets the name later is in its rooms.
    pub(super) fn ends_in_rooms(&mut self, who: &AccountName) {
        let rooms = self.registry.rooms().of(who);
        let left: Vec<RoomId> = rooms.map(|(room, _)| room.clone()).collect();
        for room in left {
            let who = who.clone();
            self.room_fact(RoomFact::Left { room, who });
        }
    }

    fn room_fact(&mut self, fact: RoomFact) {
        self.talk.touch(&fact);
        self.record(Entry::Room(fact));
    }

    /// Tells what is to be told by now, and hands out what waits in channels.
    pub(super) fn tell_rooms(&mut self) {
        let wall_ms = self.wall_ms();
        for fact in Talk::overdue(self.registry.rooms(), wall_ms) {
            self.room_fact(fact);
        }
        while let Some(giving) = self.talk.give(self.registry.rooms(), wall_ms) {
            if let Some(fact) = giving.fact {
                self.room_fact(fact);
            }
            self.tell_in_room(giving.line, giving.told);
        }
        for (line, told) in self.talk.news(self.registry.rooms()) {
            self.tell_in_room(line, told);
        }
    }

    /// When a message of a channel goes to another.
    pub(super) fn next_overdue(&self) -> Option<Instant> {
        let due_ms = Talk::next_overdue(self.registry.rooms())?;
        let since_ms = due_ms.saturating_sub(self.config.wall_ms);
        self.started.checked_add(Duration::from_millis(since_ms))
    }

    fn tell_in_room(&mut self, line: Line, told: ForRooms) {
        self.actions
            .push_back(Action::ToRooms(ConnectionId(line), told));
    }
}
