//! Rooms and channels at the prompt. One room is shown at a time, and private conversations always.

use super::prompt::{Extra, Prompt};
use crate::{
    cli::{
        commands::RoomLine,
        console::page_columns,
        text::{
            self, errors,
            line::{Line, Tone},
            spoken, t,
        },
    },
    model::{AccountName, RoomAnswer, RoomId, RoomName, RoomOptions, RoomOrder, RoomText},
    node::client::RoomEvent,
};

impl<E: Extra> Prompt<E> {
    /// Does what of rooms was typed.
    pub(super) async fn room_line(&self, line: RoomLine) {
        match line {
            RoomLine::Here => self.where_one_is(),
            RoomLine::Enter(room, options) => self.enter(room, options).await,
            RoomLine::Say(text) => self.say(text).await,
            RoomLine::Tell(to, text) => self.tell_one(to, text).await,
            RoomLine::Rooms => {
                if let Some(RoomAnswer::Rooms { rooms }) = self.in_rooms(RoomOrder::Rooms).await {
                    let own = self.own_account().await;
                    let lines = text::rooms::rooms(&rooms, own.as_ref(), page_columns());
                    self.printer.lines(lines);
                }
            }
            RoomLine::History(room) => self.history(room).await,
            RoomLine::Leave(room) => self.leave(room).await,
            RoomLine::Listen(channel) => self.listen(channel).await,
            RoomLine::Rest(channel) => {
                let order = RoomOrder::Rest {
                    channel: channel.clone(),
                };
                if self.in_rooms(order).await.is_some() {
                    self.jobs.borrow_mut().retain(|(of, _)| *of != channel);
                    let channel = text::clean(channel.as_str());
                    self.printer.line(t!("channel-rests", channel = channel));
                }
            }
            RoomLine::Dead(channel) => {
                let order = RoomOrder::Dead { channel };
                if let Some(RoomAnswer::Dead { jobs }) = self.in_rooms(order).await {
                    self.printer.lines(text::rooms::dead(&jobs));
                }
            }
            RoomLine::Put(channel, text) => {
                let order = RoomOrder::Put { channel, text };
                if let Some(RoomAnswer::Said { seq, there }) = self.in_rooms(order).await {
                    self.printer.line(text::rooms::put(seq, there));
                }
            }
            RoomLine::Finish(done) => self.finish(done).await,
        }
    }

    async fn in_rooms(&self, order: RoomOrder) -> Option<RoomAnswer> {
        match self.handle.rooms(order).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.complain(errors::client(&error));
                None
            }
        }
    }

    async fn own_account(&self) -> Option<AccountName> {
        self.handle.signed_in().await.ok().flatten()
    }

    fn where_one_is(&self) {
        match self.room.borrow().as_ref() {
            Some(room) => {
                let room = format!("#{}", text::clean(room.as_str()));
                self.printer.line(t!("room-here", room = room));
            }
            None => self.complain_of_no_room(),
        }
    }

    fn complain_of_no_room(&self) {
        self.complain(t!("room-none", enter = spoken::command("SALA")));
    }

    /// The room that is meant: the one that was named, or the one where one is.
    fn meant(&self, named: Option<RoomName>) -> Option<RoomName> {
        let meant = named.or_else(|| self.room.borrow().clone());
        if meant.is_none() {
            self.complain_of_no_room();
        }
        meant
    }

    async fn enter(&self, room: RoomName, options: RoomOptions) {
        let order = RoomOrder::Enter {
            room: room.clone(),
            options,
        };
        let Some(RoomAnswer::Entered(info)) = self.in_rooms(order).await else {
            return;
        };
        let before = self.room.replace(Some(room.clone()));
        if let Some(before) = before.filter(|before| *before != room) {
            let _ = self.handle.show_room(RoomId::Room(before), false).await;
        }
        let own = self.own_account().await;
        self.printer.line(text::rooms::entered(&info, own.as_ref()));
    }

    async fn say(&self, text: RoomText) {
        let Some(room) = self.meant(None) else { return };
        self.in_rooms(RoomOrder::Say { room, text }).await;
    }

    async fn tell_one(&self, to: AccountName, text: RoomText) {
        // Both sides of a conversation are shown, in their order.
        if let Some(own) = self.own_account().await
            && let Some(pair) = RoomId::pair(&own, &to)
        {
            let _ = self.handle.show_room(pair, true).await;
        }
        let order = RoomOrder::Tell {
            to: to.clone(),
            text,
        };
        if let Some(answer) = self.in_rooms(order).await
            && let Some(later) = text::rooms::said(&answer, Some(&to))
        {
            self.printer.line(Line::new(Tone::Faint, later));
        }
    }

    async fn history(&self, room: Option<RoomName>) {
        let Some(room) = self.meant(room) else { return };
        let room = RoomId::Room(room);
        let order = RoomOrder::History {
            room: room.clone(),
            before: None,
        };
        if let Some(RoomAnswer::History { messages, .. }) = self.in_rooms(order).await {
            if messages.is_empty() {
                self.printer.line(t!("room-no-history"));
            }
            let own = self.own_account().await;
            let lines = messages.iter();
            let lines = lines.map(|said| text::rooms::message(&room, said, own.as_ref()));
            self.printer.lines(lines);
        }
    }

    async fn leave(&self, room: Option<RoomName>) {
        let Some(room) = self.meant(room) else { return };
        let order = RoomOrder::Leave { room: room.clone() };
        if self.in_rooms(order).await.is_some() {
            if self.room.borrow().as_ref() == Some(&room) {
                self.room.replace(None);
            }
            let room = format!("#{}", text::clean(room.as_str()));
            self.printer.line(t!("room-left", room = room));
        }
    }

    async fn listen(&self, channel: RoomName) {
        let order = RoomOrder::Listen {
            channel: channel.clone(),
        };
        if let Some(RoomAnswer::Listens { waiting, dead }) = self.in_rooms(order).await {
            let line = text::rooms::listens(channel.as_str(), waiting, dead);
            self.printer.line(line);
        }
    }

    async fn finish(&self, done: bool) {
        let first = self.jobs.borrow_mut().pop_front();
        let Some((channel, seq)) = first else {
            return self.complain(t!("channel-nothing", channel = spoken::command("CANAL")));
        };
        let order = RoomOrder::Finish { channel, seq, done };
        if self.in_rooms(order).await.is_some() {
            let text = match done {
                true => t!("channel-done", number = seq),
                false => t!("channel-given-back", number = seq),
            };
            self.printer.line(text);
        }
    }

    /// Shows what was heard, and says that it was.
    pub(super) async fn room_event(&self, event: &RoomEvent) {
        let own = self.own_account().await;
        match event {
            RoomEvent::Unread {
                room: room @ RoomId::Pair(..),
                count: 1..,
            } => {
                // What is said to oneself is shown at once.
                let _ = self.handle.show_room(room.clone(), true).await;
                return;
            }
            RoomEvent::Given { channel, job } => {
                let given = (channel.clone(), job.seq);
                self.jobs.borrow_mut().push_back(given);
            }
            RoomEvent::Said { .. } | RoomEvent::Unread { .. } => {}
        }
        self.printer.lines(text::rooms::event(event, own.as_ref()));
        if let RoomEvent::Said { room, messages } = event
            && let Some(last) = messages.last().filter(|last| last.seq > 0)
        {
            let _ = self.handle.heard_in_room(room.clone(), last.seq).await;
        }
    }
}
