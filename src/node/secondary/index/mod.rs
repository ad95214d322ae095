//! The index of a served folder, in a thread of its own: it asks the machine of `engine::index` what is to be done, and does
//! it with what `store::index` has for that.
//!
//! `api` is how the node speaks with it, `thread` its loop, `doing` what it does for the machine, `commands` what it is told
//! by the node; `inbox` is where all that comes to it is put.

mod api;
mod commands;
mod doing;
mod inbox;
mod thread;

#[cfg(test)]
mod tests;

pub use api::{IndexCommand, IndexConfig, IndexEvent, open_served};
pub use thread::{IndexThread, start};
