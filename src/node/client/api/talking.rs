//! What the handle of a client asks about rooms and channels.

use super::{ClientError, ClientHandle, handle::ClientCommand};
use crate::{
    model::{RoomAnswer, RoomId, RoomOrder},
    node::ask::{Stopped, ask},
};

impl ClientHandle {
    /// Asks something of rooms and channels. Without a link it is asked once there is one, and done once.
    ///
    /// # Errors
    /// The central's refusals; when it does not let this client in.
    pub async fn rooms(&self, order: RoomOrder) -> Result<RoomAnswer, ClientError> {
        ask(&self.commands, |answer| ClientCommand::Rooms(order, answer)).await?
    }

    /// What is said in a room is shown from now on, or no more.
    pub async fn show_room(&self, room: RoomId, shown: bool) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::ShowRoom(room, shown, answer)
        })
        .await
    }

    /// What was said in a room was shown up to a message: it does not come again.
    pub async fn heard_in_room(&self, room: RoomId, upto: u64) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::HeardInRoom(room, upto, answer)
        })
        .await
    }
}
