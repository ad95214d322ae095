//! What passes between the connections of a central and its owner.

use std::net::SocketAddr;

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::cluster::{Event, LinkId},
    model::FileName,
    node::Refused,
    proto::{
        control::FromCentral,
        legacy::{LegacyFound, LegacyRequest},
    },
};

/// What connections tell the owner.
#[derive(Debug)]
pub(super) enum Input {
    /// A peer said hello.
    Opened {
        link: LinkId,
        peer: Peer,
        hello: Event,
    },
    Event {
        link: LinkId,
        event: Event,
    },
    List {
        link: LinkId,
        after: Option<FileName>,
    },
    Status {
        link: LinkId,
    },
    Closed {
        link: LinkId,
        goodbye: bool,
        /// What the peer is told before the close.
        refused: Option<Refused>,
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

/// The owner's end of a connection.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) outbox: mpsc::Sender<Outgoing>,
    /// Cancelled to end the connection at once.
    pub(super) ended: CancellationToken,
}

/// What an old client is answered.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Answer {
    /// To `listado`.
    Names(Vec<FileName>),
    /// To `descarga`.
    Found(LegacyFound),
    /// To what has no answer.
    Nothing,
}

/// What is sent on a connection.
#[derive(Debug)]
pub(super) enum Outgoing {
    Message(Box<FromCentral>),
    /// A line that others get as well.
    Line(Bytes),
}
