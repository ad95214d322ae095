//! What nobody should send, say or try, and both sides of each limit.
#![allow(clippy::unwrap_used)]

mod clients;
mod limits;
mod lines;
mod secondaries;
mod security;
#[path = "../support/mod.rs"]
mod support;
