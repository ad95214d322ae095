//! What a central is asked about figures, through whichever door, and what people and programs say to its clients.

use tokio::sync::oneshot;

use super::{
    super::catalogue::Popular,
    counting::{FigureAsked, FigureReply, Info, NotDelivered, OpenDoor, PrivateMessage, Rank},
    orders::{CentralCommand, CentralOrders},
};
use crate::{
    model::{FigureAnswer, FigureError, FigureRequest, FigureValue, FileName},
    node::ask::{Stopped, ask},
};

impl CentralOrders {
    /// Gives an order to a figure, and waits until what it changes is durable. Orders of operators, at a prompt or with the
    /// administrator's password, go before those of the doors.
    ///
    /// # Errors
    /// When the central stops first: the order may have been obeyed or not.
    pub async fn figure(
        &self,
        request: FigureRequest,
        rank: Rank,
    ) -> Result<FigureAnswer, Stopped> {
        let (asked, told) = with_answer(request);
        match rank {
            Rank::Operator => {
                let command = CentralCommand::Figure(asked);
                let sent = self.commands.send(command).await;
                sent.map_err(|_| Stopped)?;
            }
            Rank::Door => self.figures.send(asked).await.map_err(|_| Stopped)?,
        }
        told.await.map_err(|_| Stopped)
    }

    /// Gives an order of a door without waiting for anything; the reply may come at once.
    pub fn figure_now(&self, asked: FigureAsked) {
        if let Err(error) = self.figures.try_send(asked) {
            let FigureAsked { reply, .. } = error.into_inner();
            reply(Err(FigureError::Busy));
        }
    }

    /// Gives an order of a door; its answer comes later, unless the central ends before.
    ///
    /// # Errors
    /// When the central has stopped.
    pub async fn figure_begun(
        &self,
        request: FigureRequest,
    ) -> Result<oneshot::Receiver<FigureAnswer>, Stopped> {
        let (asked, told) = with_answer(request);
        self.figures.send(asked).await.map_err(|_| Stopped)?;
        Ok(told)
    }

    /// The free figures, by name.
    pub async fn figures(&self) -> Result<Vec<FigureValue>, Stopped> {
        ask(&self.commands, CentralCommand::Figures).await
    }

    /// What is counted of each file that anything is counted of.
    pub async fn popular(&self) -> Result<Popular, Stopped> {
        ask(&self.commands, CentralCommand::Popular).await
    }

    /// A door is open.
    pub async fn door_open(&self, door: OpenDoor) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::DoorOpen(door, answer)
        })
        .await
    }

    /// A reader plays a file. `reader` tells readers apart; each counts once.
    pub async fn played(&self, file: FileName, reader: String) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::Played(file, reader, answer)
        })
        .await
    }

    /// Says something to a client that is connected.
    pub async fn say(&self, message: PrivateMessage) -> Result<Result<(), NotDelivered>, Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::Say(message, answer)
        })
        .await
    }

    /// How this central is, for `INFO`.
    pub async fn info(&self) -> Result<Info, Stopped> {
        ask(&self.commands, CentralCommand::Info).await
    }
}

/// An order whose answer is waited for.
fn with_answer(request: FigureRequest) -> (FigureAsked, oneshot::Receiver<FigureAnswer>) {
    let (tell, told) = oneshot::channel();
    let reply: FigureReply = Box::new(move |answer| drop(tell.send(answer)));
    (FigureAsked { request, reply }, told)
}
