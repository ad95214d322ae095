//! What orders to figures, private messages and `INFO` are made of.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicUsize},
};

use serde::{Deserialize, Serialize};

use super::super::several::CentralInfo;
use crate::model::{
    FigureAnswer, FigureDoor, FigureRequest, error_codes, limits::MAX_PRIVATE_BYTES,
};

/// How an order is answered. It is called once the change is durable, and never when the central ends before.
pub type FigureReply = Box<dyn FnOnce(FigureAnswer) + Send>;

/// An order, and how it is answered.
pub struct FigureAsked {
    /// What is asked.
    pub request: FigureRequest,
    /// The answer.
    pub reply: FigureReply,
}

impl fmt::Debug for FigureAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.request.fmt(f)
    }
}

/// Something that is said to one client alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateMessage {
    /// Who says it, by their own word.
    pub from: String,
    /// The name of the client.
    pub to: String,
    /// What.
    pub text: String,
}

/// Why a private message did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum NotDelivered {
    /// Nobody of this name is connected.
    #[error("{0} is not here")]
    NotHere(String),
    /// It says nothing, or too much, or who says it has no name.
    #[error("a message has a sender, a receiver and 1 to {MAX_PRIVATE_BYTES} bytes of text")]
    BadMessage,
    /// Another central is the active one.
    #[error("another central is the active one")]
    Elsewhere,
}

error_codes!(NotDelivered, code {
    Self::NotHere(_) => "message-nobody-here",
    Self::BadMessage => "message-bad",
    Self::Elsewhere => "message-elsewhere",
});

/// Whose order it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// Somebody who administers.
    Operator,
    /// Anybody.
    Door,
}

/// A door that is open.
#[derive(Clone, Debug)]
pub struct OpenDoor {
    /// Which.
    pub door: FigureDoor,
    /// Where.
    pub address: SocketAddr,
    /// Connections that are there now.
    pub connections: Arc<AtomicUsize>,
}

impl OpenDoor {
    /// At an address, with a count of the connections that are there.
    pub fn at(door: FigureDoor, address: SocketAddr) -> Self {
        Self {
            door,
            address,
            connections: Arc::default(),
        }
    }
}

/// How a door of figures does, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoorInfo {
    /// Which.
    pub door: FigureDoor,
    /// Where it is open; `None` for one that is closed, and for those that have no port of their own.
    pub address: Option<SocketAddr>,
    /// Connections that are there now.
    pub connections: usize,
    /// Orders since the start.
    pub orders: u64,
    /// Of these, those that changed nothing because something was wrong with them.
    pub refused: u64,
    /// Orders in each second, lately.
    pub orders_per_s: f64,
}

/// The queue of figures, for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueInfo {
    /// Orders that wait.
    pub waiting: usize,
    /// Orders that may wait at one door.
    pub most: usize,
    /// Each door.
    pub doors: Vec<DoorInfo>,
}

/// How a central is, all of it at once: at its prompt, by HTTP, by gRPC and on its page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Info {
    /// Of the program.
    pub version: String,
    /// The cluster's id.
    pub cluster: String,
    /// Since its start, in seconds.
    pub up_s: u64,
    /// How it stands among the centrals of its cluster.
    pub standing: InfoStanding,
    /// The reign.
    pub term: u32,
    /// All centrals.
    pub centrals: Vec<CentralInfo>,
    /// What it serves besides the doors of figures.
    pub services: Vec<Service>,
    /// Its connections.
    pub connections: Connections,
    /// Orders of figures that wait, and their doors.
    pub queue: QueueInfo,
    /// Free figures.
    pub figures: usize,
    /// Its journal.
    pub journal: JournalInfo,
    /// What was sent and received.
    pub traffic: TrafficInfo,
}

/// How a central stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InfoStanding {
    /// It reigns.
    Active,
    /// It cannot know whether it still does.
    Limited,
    /// Another one reigns.
    Standby,
}

/// Something that a central serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// What: `lines`, `http`, `grpc`, `announcement`.
    pub name: String,
    /// It does.
    pub up: bool,
}

/// Connections, by who has them and by what they do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// Secondaries that live, of those that have enrolled.
    pub secondaries: u64,
    /// Those that have enrolled.
    pub secondaries_known: u64,
    /// Clients.
    pub clients: u64,
    /// Connections that do nothing now.
    pub idle: usize,
    /// Those that transfer.
    pub busy: usize,
    /// Those that the central needs itself.
    pub pinned: usize,
    /// Refused ones since the first start.
    pub refused: u64,
}

/// The journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalInfo {
    /// Facts of this run.
    pub facts: u64,
    /// Of these, those that are durable.
    pub durable: u64,
    /// Answers that wait for facts.
    pub held: usize,
}

/// What was sent and received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficInfo {
    /// Bytes that secondaries sent in this run, by lines.
    pub lines_bytes: u64,
    /// The same by HTTP.
    pub http_bytes: u64,
    /// Bytes that clients received, from run to run.
    pub received_bytes: u64,
    /// Complete downloads, from run to run.
    pub downloads: u64,
    /// Downloads that run.
    pub running: u64,
    /// Downloads that wait.
    pub waiting: u64,
}
