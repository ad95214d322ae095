//! The receiving side of one transfer: which chunk is asked of which source, when a source is given up, when a chunk is
//! asked of two.
//!
//! [`Download`] is one machine made of rooms that do not know each other:
//!
//! - `chunks`: where every chunk stands, whose own it is, who was asked for it;
//! - `sources`: every source, with its connection, its requests, its measures and its counters (`source`, made of
//!   `connection`, `flow` and `counters`);
//! - `readers`: who reads the file while it comes, and how far ahead of each it may be;
//! - `parts`: what is asked for in parts, as a reader waits for it;
//! - `hedges`: what may be sent twice;
//! - `blame`: who sent wrong bytes;
//! - `wait`: since when no source is there;
//! - `swarm`: what peers have, what came lately, what secondaries were told; there only in a swarm.
//!
//! `schedule` and `help` decide who is asked for what. They own nothing, and look at the rooms through an `outlook`. The
//! verbs of a room give what others must do; only the `machine` knows more than one. See [`crate::engine`] for its own
//! verbs.

mod blame;
mod chunks;
mod connection;
mod counters;
mod flow;
mod hedges;
mod help;
mod index_set;
mod machine;
mod map;
mod outlook;
mod parts;
mod progress;
mod queue;
mod rate;
mod readers;
mod schedule;
mod source;
mod sources;
mod swarm;
mod swarm_types;
#[cfg(test)]
mod tests;
mod types;
mod wait;
mod window;

pub use machine::{Download, DownloadConfig};
pub use map::{ChunkCell, ChunkMap};
pub use swarm_types::*;
pub use types::*;
