//! The gateway of this process: it asks as a client does, without a socket.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    heard::Heard,
    inputs::{End, Input, Outgoing, Peer},
    state::Central,
};
use crate::{
    engine::cluster::{ConnectionId, Event},
    model::limits::{CLIENT_HEARTBEAT, MAX_OUTBOX},
    node::{Lost, clock, gateway::own_name, link::LinkEvent, lost::LinkDown},
    proto::{
        Reign,
        control::{FromCentral, ToCentral},
        handshake::Nonce,
    },
};

/// Where people see it.
const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

impl Central {
    /// The gateway says hello. It hears what follows by its events.
    pub(super) fn open_gateway(&mut self, now: Instant, events: mpsc::Sender<LinkEvent>) {
        let connection = ConnectionId(self.next_connection);
        self.next_connection += 1;
        let (outbox, messages) = mpsc::channel(MAX_OUTBOX);
        let inside = Inside {
            connection,
            ended: CancellationToken::new(),
            heard: Heard::new(now),
            inputs: self.context.inputs.clone(),
            events,
            reign: self.place.reign(self.cluster.term()),
        };
        let peer = Peer {
            outbox,
            ended: inside.ended.clone(),
            heard: inside.heard.clone(),
            queued_bytes: Arc::default(),
            // Nothing is signed here.
            nonce: Nonce::new([0; Nonce::BYTES]),
        };
        self.peers.insert(connection, peer);
        let hello = Event::GatewayHello {
            name: own_name(),
            address: HERE,
        };
        self.cluster.handle_event(now, connection, hello);
        self.server.serve(inside.pass_on(messages));
    }
}

/// What passes between the owner and the gateway.
struct Inside {
    connection: ConnectionId,
    ended: CancellationToken,
    heard: Heard,
    inputs: mpsc::Sender<Input>,
    events: mpsc::Sender<LinkEvent>,
    reign: Reign,
}

impl Inside {
    async fn pass_on(self, mut messages: mpsc::Receiver<Outgoing>) {
        let (outbox, mut said) = mpsc::channel(MAX_OUTBOX);
        let up = LinkEvent::Up {
            central: HERE,
            place: (HERE.ip().to_string(), HERE.port()),
            reign: self.reign.clone(),
            cluster: None,
            channel: None,
            outbox,
        };
        let mut lost = Lost::Stopped;
        if self.events.send(up).await.is_ok() {
            let mut alive = interval(CLIENT_HEARTBEAT);
            alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
            lost = loop {
                tokio::select! {
                    message = messages.recv() => match message {
                        Some(Outgoing::Message(message)) => match *message {
                            FromCentral::Bye => break Lost::Stops,
                            FromCentral::Error { code, message } => break Lost::Refused { code, message },
                            message => {
                                let event = LinkEvent::Message(message);
                                if self.events.send(event).await.is_err() {
                                    break Lost::Stopped;
                                }
                            }
                        },
                        // It asks for no listing.
                        Some(Outgoing::Line(_)) => {}
                        None => break Lost::Stops,
                    },
                    message = said.recv() => {
                        let Some(message) = message else { break Lost::Stopped };
                        self.tell(message).await;
                    }
                    _ = alive.tick() => self.heard.note(clock::now()),
                    () = self.ended.cancelled() => break Lost::Stops,
                }
            };
        }
        let (connection, end) = (self.connection, End::Goodbye);
        let _ = self.inputs.send(Input::Closed { connection, end }).await;
        let _ = self
            .events
            .send(LinkEvent::Down(LinkDown::Lost(lost)))
            .await;
    }

    async fn tell(&self, message: ToCentral) {
        let input = match message {
            ToCentral::Receiver(message) => Input::event(self.connection, message),
            ToCentral::Client(message) => Input::event(self.connection, message),
            _ => return,
        };
        let _ = self.heard.unread(self.inputs.send(input)).await;
    }
}
