//! The three roles: the only place where decisions, sockets and files meet. Nothing here prints: each role
//! gives a handle with commands, and a channel of events for whoever shows them.

mod ask;
pub mod auditor;
pub mod central;
pub mod certificates;
pub mod client;
mod clock;
#[cfg(feature = "grpc")]
pub mod console;
mod conversation;
mod dialling;
pub mod doors;
pub mod face;
mod failure;
mod fetch;
mod finding;
mod gateway;
mod greeting;
mod in_order;
mod link;
mod lost;
mod no_key_store;
pub mod orders;
mod records;
mod refusals;
mod refused;
pub mod rules;
pub mod secondary;
mod security;
mod send;
mod server;
pub mod shelf;
mod start;
mod statistics;
mod stop;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod testing;
mod watch;

pub use crate::net::{free_ports, has_listener};
pub use ask::Stopped;
pub use clock::wall_s;
pub use failure::{DiskTrouble, Failure, ToldFailure};
pub use finding::{Announcing, Centrals};
pub use gateway::{FIRST_BYTE, Gateway, NotWatched};
pub use lost::{Lost, Stranger};
pub use no_key_store::KeyStoreError;
pub use refused::Refused;
pub use security::{
    Denied, NetworkRole, SecretSource, Security, SecurityError, SecurityFiles, administrator,
};
pub use send::{Cut, Feed, NotOpened, Part, Piece, Request};
pub use server::ServerFigures;
pub use start::{StartError, announced_ip, where_to_listen};
pub use statistics::StatisticsTrouble;
pub use stop::StopError;
pub use watch::{Looked, ReaderHandle, Reading, WatchEnd, WatchLimits, Watched};

pub use crate::net::{CertificateTrouble, PemTrouble, PermitCount, TlsError, TlsRefusal};
