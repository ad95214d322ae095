//! Sending chunks: one connection to a receiver, from its first request to its end. Whoever holds contents can use it: a
//! secondary, a client that shares what it has, a server of another protocol.
//!
//! `connection` has the two halves of a connection, `sender` answers requests, `payload` moves bytes, `legacy` is the
//! legacy protocol. A frame's length and way are decided in `plan`, whose turn it is in [`crate::engine::send`]
//! (`uplink` waits for it), and what the socket took is counted in `meter`. All else comes from a [`Provider`].

mod connection;
mod end;
mod legacy;
mod meter;
mod patience;
mod payload;
mod plan;
mod provider;
mod requests;
mod sender;
mod stops;
#[cfg(test)]
mod tests;
mod uplink;

pub(super) use self::{
    connection::converse,
    legacy::serve as serve_legacy,
    provider::{Context, Opened, Provider, Wanted},
    sender::Peer,
    stops::Stops,
    uplink::Uplink,
};
