//! The index of a served folder, in a thread of its own. It asks the machine of `engine::index` what to do, and does it with
//! the means of `store::index`.
//!
//! `api` is how the node speaks with it, `thread` its loop, `doing` what it does for the machine, `commands` what it does
//! on the node's commands. All that is sent to it waits in `inbox`.

mod api;
mod commands;
mod doing;
mod inbox;
mod thread;

#[cfg(test)]
mod tests;

pub use api::{IndexCommand, IndexConfig, IndexEvent, open_served};
pub use thread::{IndexThread, start, start_on};
