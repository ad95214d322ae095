//! Behaviour of a whole cluster in one process: the three roles with real sockets on loopback and real files.
#![allow(clippy::unwrap_used)]

mod accounts;
mod api;
mod cluster;
mod downloads;
mod figures;
mod folders;
mod http;
mod later;
mod orders;
mod own_disk;
mod published;
mod retired;
mod rooms;
#[cfg(feature = "object-store")]
mod shelf;
mod standby;
#[path = "../support/mod.rs"]
mod support;
mod swarm;
mod turns;
mod versions;
mod watched;
