//! The programs as people use them: command lines, prompts, and every word that is printed.
//!
//! `args` and `commands` understand what is typed, `text` makes what is read, `console` is the terminal, and
//! `central`, `secondary`, `client` run a node between the two; `local` runs a whole cluster.

pub mod args;
pub mod central;
mod certificates;
pub mod client;
pub mod commands;
pub mod console;
pub mod exit;
pub mod local;
pub mod logging;
pub mod program;
pub mod secondary;
pub mod signals;
pub mod text;
