//! Behaviour of a whole cluster in one process: the three roles with real sockets on loopback and real files.
#![allow(clippy::unwrap_used)]

mod api;
mod cluster;
mod downloads;
mod figures;
mod folders;
mod http;
mod later;
mod orders;
mod own_disk;
mod retired;
#[path = "../support/mod.rs"]
mod support;
mod turns;
mod versions;
mod watched;
