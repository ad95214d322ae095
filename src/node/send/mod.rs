//! Sending chunks: one connection to a receiver, from its first request to its end. Any holder of contents can use it: a
//! secondary, a client that shares its files, a server of another protocol.
//!
//! `connection` has the two halves of a connection, `sender` answers requests, `payload` moves bytes, `legacy` speaks the
//! legacy protocol, `feed` gives bytes to protocols that frame them themselves, `part` those that the kernel sends all the same. `plan` decides how long a frame is and which way it goes, [`crate::engine::send`] whose turn it is
//! (`uplink` waits for that), `crowd` is the line of those in swarms, `member` one of them and `slots` its waiting there, and `meter` counts what the socket took. All else comes from a [`Provider`].

mod connection;
mod crowd;
mod end;
mod feed;
mod legacy;
mod member;
mod meter;
mod part;
mod patience;
mod payload;
mod plan;
pub(in crate::node) mod provider;
mod requests;
mod sender;
mod slots;
mod stops;
#[cfg(test)]
mod tests;
mod uplink;

pub(super) use self::{
    connection::converse,
    legacy::serve as serve_legacy,
    part::{PartError, is_stand_in},
    provider::{Content, Context, Opened, Provider, Wanted},
    sender::Peer,
    stops::Stops,
    uplink::Uplink,
};
pub use self::{
    feed::{Cut, Feed, NotOpened, Piece, Request},
    part::Part,
};
