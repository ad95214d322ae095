//! What people have instead of a client, as real programs against real servers: curl, wget, aria2, players,
//! Prometheus' own tool. Each of them must be installed; `.ci/run` sees to that.
#![allow(clippy::unwrap_used)]

mod abuse;
mod board;
mod clients;
mod film;
mod players;
mod scene;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
