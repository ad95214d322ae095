//! The receiving side of one transfer: which chunk is asked of which source, when a source is given up, when
//! a chunk is asked of two. One machine, [`Download`]; see [`crate::engine`] for its verbs.
//!
//! `machine` turns events into states, `schedule` decides who is asked for what, `reading` what may be asked for
//! when somebody reads the file while it comes, `views` is what can be seen of it all. Their parts do not know
//! each other: `chunks` (where every chunk stands), `source` (one source: `queue`, `progress`, `rate`),
//! `index_set` (a set that is searched fast).

mod chunks;
mod index_set;
mod machine;
mod map;
mod progress;
mod queue;
mod rate;
mod reading;
mod resting;
mod schedule;
mod source;
mod sources;
#[cfg(test)]
mod tests;
mod types;
mod views;

pub use machine::{Download, DownloadConfig};
pub use map::{ChunkCell, ChunkMap};
pub use types::*;
