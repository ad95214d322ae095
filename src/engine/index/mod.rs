//! What a served folder holds: where each of its files stands, which are served, and what is to be found out of the
//! others. One machine, [`Index`]; see [`crate::engine`] for its verbs. It must not look at the folder: its owner does, and
//! tells what it found.
//!
//! `state` is where a file can stand and `files` where each one does; all else follows from it. `machine` sorts events and
//! says what is to be done next. `looking` compares a look with what is known (`devices` tells an unmounted disk from deleted files), `settle` says
//! when a file has stopped changing (`rhythm` knows its pauses), `reading` has it recognised, or read, and serves it,
//! `damage` deals with files that are not what they should be. `hashing` counts the threads, `pace` keeps looks from taking
//! all the time, `telling` says what people hear of what is not served,
//! `views` is what can be seen of it all.

mod damage;
mod devices;
mod files;
mod hashing;
mod looking;
mod machine;
mod pace;
mod reading;
mod rhythm;
mod settle;
mod state;
mod telling;
#[cfg(test)]
mod tests;
mod types;
mod views;

pub use machine::{Index, IndexConfig};
pub use types::*;
