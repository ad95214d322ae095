//! The index of a served folder: the state of each file, which files are served, and what to find out about the others.
//! One machine, [`Index`]; see [`crate::engine`] for its verbs. It never looks at the folder. Its owner does, and
//! reports.
//!
//! `state` defines the states of a file and `files` keeps them; all else follows. `machine` dispatches events and
//! decides what to do next. `looking` compares a look with what is known, and `devices` tells an unmounted disk from
//! deleted files. `settle` decides when a file has stopped changing, by its `rhythm` among other things. `reading` has
//! files recognised or read, and serves them. `damage` deals with files that are not what they should be, `scrub`
//! looks for them. `hashing` counts the threads, `pace` limits the share of time spent on looks, `telling` limits what people hear of files that
//! are not served, and `views` shows the index to others.

mod damage;
mod devices;
mod files;
mod hashing;
mod looking;
mod machine;
mod pace;
mod reading;
mod rhythm;
mod scrub;
mod scrubbing;
mod settle;
mod state;
mod telling;
#[cfg(test)]
mod tests;
mod types;
mod views;

pub use machine::{Index, IndexConfig};
pub use scrub::ScrubConfig;
pub use types::*;
