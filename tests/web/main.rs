//! What people have instead of a client, as real programs against real servers: curl, wget, aria2, a player, a browser,
//! Prometheus' own tool. Each of them must be installed; `.ci/run` sees to that.
#![allow(clippy::unwrap_used)]

mod abuse;
mod board;
mod browser;
mod chromium;
mod clients;
mod players;
mod scene;
#[path = "../support/mod.rs"]
mod support;
