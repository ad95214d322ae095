//! What passes between a client and its central of rooms and channels. An order is repeated under its number on a new link,
//! and is done once.

use super::{ClientError, ClientEvent, RoomEvent, rooms::Answer, state::Client};
use crate::{
    model::{
        RequestId, RoomAnswer, RoomId, RoomMessage, RoomName, RoomOrder,
        messages::{ForRooms, OfRooms},
    },
    proto::{ErrorCode, Said},
};

impl Client {
    /// Asks something of rooms.
    pub(super) fn ask_rooms(&mut self, order: RoomOrder, answer: Answer) {
        let request = self.rooms.number();
        self.rooms.asked.insert(request, (order.clone(), answer));
        self.ask(OfRooms::AskRooms { request, order });
    }

    /// A room is shown from now on, or no more.
    pub(super) fn show_room(&mut self, room: RoomId, shown: bool) {
        match shown {
            true => drop(self.rooms.shown.entry(room.clone()).or_insert(0)),
            false => drop(self.rooms.shown.remove(&room)),
        }
        self.send(OfRooms::ShowRoom { room, shown });
    }

    /// What was said in a room was shown up to a message.
    pub(super) fn heard_in_room(&mut self, room: RoomId, upto: u64) {
        self.send(OfRooms::HeardInRoom { room, upto });
    }

    /// There is a link: the central is told what is shown, and asked again what it has not answered.
    pub(super) fn rooms_up(&mut self) {
        let shown: Vec<RoomId> = self.rooms.shown.keys().cloned().collect();
        for room in shown {
            self.send(OfRooms::ShowRoom { room, shown: true });
        }
        let listens: Vec<RoomName> = self.rooms.listens.iter().cloned().collect();
        for channel in listens {
            // Nobody waits for this answer.
            let request = self.rooms.number();
            let order = RoomOrder::Listen { channel };
            self.send(OfRooms::AskRooms { request, order });
        }
        let asked = self.rooms.asked.iter();
        let asked: Vec<_> = asked
            .map(|(request, (order, _))| (*request, order.clone()))
            .collect();
        for (request, order) in asked {
            self.send(OfRooms::AskRooms { request, order });
        }
    }

    /// No answer will come, as nobody lets this client in. True when somebody has waited for one.
    pub(super) fn rooms_fail(&mut self, why: &ClientError) -> bool {
        let mut is_heard = false;
        for (_, (_, answer)) in std::mem::take(&mut self.rooms.asked) {
            is_heard |= answer.send(Err(why.clone())).is_ok();
        }
        is_heard
    }

    pub(super) fn for_rooms(&mut self, message: ForRooms) {
        match message {
            ForRooms::RoomAnswer { request, answer } => self.room_answered(request, answer),
            ForRooms::SaidInRoom { room, messages } => self.said_in_room(room, messages),
            ForRooms::Unread { room, count } => {
                if !self.rooms.shown.contains_key(&room) {
                    self.tell(ClientEvent::Room(RoomEvent::Unread { room, count }));
                }
            }
            ForRooms::Given { channel, job, .. } => {
                if self.rooms.given.insert((channel.clone(), job.seq)) {
                    self.tell(ClientEvent::Room(RoomEvent::Given { channel, job }));
                }
            }
        }
    }

    /// Tells what was not told before: a new link repeats what was on its way.
    fn said_in_room(&mut self, room: RoomId, messages: Vec<RoomMessage>) {
        let Some(told) = self.rooms.shown.get_mut(&room) else {
            return;
        };
        let is_new = |message: &RoomMessage| message.seq == 0 || message.seq > *told;
        let new: Vec<RoomMessage> = messages.into_iter().filter(is_new).collect();
        let Some(last) = new.last() else {
            let upto = *told;
            return self.heard_in_room(room, upto);
        };
        *told = last.seq.max(*told);
        let messages = new;
        self.tell(ClientEvent::Room(RoomEvent::Said { room, messages }));
    }

    fn room_answered(&mut self, request: RequestId, answer: RoomAnswer) {
        let Some((order, asker)) = self.rooms.asked.remove(&request) else {
            return;
        };
        match (&order, &answer) {
            (RoomOrder::Enter { .. }, RoomAnswer::Entered(info)) => {
                self.rooms.shown.entry(info.room.clone()).or_insert(0);
            }
            (RoomOrder::Leave { room }, _) => {
                self.rooms.shown.remove(&RoomId::Room(room.clone()));
            }
            (RoomOrder::Listen { channel }, _) => drop(self.rooms.listens.insert(channel.clone())),
            (RoomOrder::Rest { channel }, _) => {
                self.rooms.listens.remove(channel);
                self.rooms.given.retain(|(of, _)| of != channel);
            }
            (RoomOrder::Finish { channel, seq, .. }, _) => {
                self.rooms.given.remove(&(channel.clone(), *seq));
            }
            _ => {}
        }
        let _ = asker.send(Ok(answer));
    }

    pub(super) fn room_refused(&mut self, request: RequestId, code: ErrorCode, message: Said) {
        let Some((order, asker)) = self.rooms.asked.remove(&request) else {
            return;
        };
        if let RoomOrder::Finish { channel, seq, .. } = order {
            self.rooms.given.remove(&(channel, seq));
        }
        let _ = asker.send(Err(ClientError::Refused { code, message }));
    }
}
