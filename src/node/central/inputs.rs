//! What passes between the connections of a central and its owner.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::heard::Heard;
use crate::{
    engine::cluster::{ConnectionId, Event},
    model::messages::{Counting, Question, Signed},
    node::{
        Refused,
        conversation::{self, Part},
    },
    proto::{
        account::Channel,
        control::FromCentral,
        handshake::Nonce,
        legacy::{LegacyFound, LegacyRequest},
    },
};

/// What connections tell the owner.
#[derive(Debug)]
pub(super) enum Input {
    /// A peer said hello.
    Opened {
        connection: ConnectionId,
        peer: Peer,
        hello: Event,
    },
    Event {
        connection: ConnectionId,
        event: Event,
    },
    Question {
        connection: ConnectionId,
        question: Question,
    },
    /// What is signed with the key that it names, on this connection.
    Signed {
        connection: ConnectionId,
        signed: Signed,
        channel: Channel,
    },
    Counting {
        connection: ConnectionId,
        said: Counting,
    },
    Closed {
        connection: ConnectionId,
        end: End,
    },
    Legacy {
        request: LegacyRequest,
        answer: oneshot::Sender<Answer>,
    },
    BadPeer {
        address: SocketAddr,
        reason: Refused,
    },
}

impl Input {
    pub(super) fn event(connection: ConnectionId, message: impl Into<Event>) -> Self {
        let event = message.into();
        Self::Event { connection, event }
    }
}

/// How a connection ended.
#[derive(Debug, PartialEq)]
pub(super) enum End {
    /// The peer said goodbye.
    Goodbye,
    Broken,
    /// The peer did something wrong; it is told so before the close.
    Refused(Refused),
}

/// The owner's end of a connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) outbox: mpsc::Sender<Outgoing>,
    /// Cancelled to end the connection at once.
    pub(super) ended: CancellationToken,
    /// When the peer was last heard.
    pub(super) heard: Heard,
    /// Bytes of lines that wait in the outbox.
    pub(super) queued_bytes: Arc<AtomicUsize>,
    /// What this central's hello to it has.
    pub(super) nonce: Nonce,
}

/// What a legacy client is answered.
#[derive(Debug)]
pub(super) enum Answer {
    /// To `listado`: a whole line, shared by all who ask.
    Names(Bytes),
    /// To `descarga`.
    Found(LegacyFound),
    /// To a request without an answer.
    Nothing,
}

/// What is sent on a connection.
#[derive(Debug)]
pub(super) enum Outgoing {
    Message(Box<FromCentral>),
    /// A line that several peers are sent.
    Line(SharedLine),
}

impl conversation::Outgoing for Outgoing {
    type Message = FromCentral;

    fn part(&self) -> Part<'_, FromCentral> {
        match self {
            Self::Message(message) => Part::Message(message),
            Self::Line(shared) => Part::Line(&shared.line),
        }
    }
}

/// A line whose bytes count as queued until the peer has taken them or is gone.
#[derive(Debug)]
pub(super) struct SharedLine {
    line: Bytes,
    queued_bytes: Arc<AtomicUsize>,
}

impl SharedLine {
    pub(super) fn new(line: Bytes, queued_bytes: &Arc<AtomicUsize>) -> Self {
        queued_bytes.fetch_add(line.len(), Ordering::Relaxed);
        let queued_bytes = Arc::clone(queued_bytes);
        Self { line, queued_bytes }
    }
}

impl Drop for SharedLine {
    fn drop(&mut self) {
        self.queued_bytes
            .fetch_sub(self.line.len(), Ordering::Relaxed);
    }
}
