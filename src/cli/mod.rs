//! The programs as people use them: command lines, prompts, and every word that is printed.
//!
//! `args` and `commands` understand what is typed, `text` makes what is read, `console` is the terminal, and
//! `central`, `secondary`, `client` run a node between the two; `local` runs a whole cluster. `program` starts and
//! ends them all, with `signals`, `logging` and, for those that run as services, `service`. `codes` lists the names
//! of all errors, `generate` makes completions and manual pages.

pub mod args;
pub mod central;
mod certificates;
pub mod client;
pub mod codes;
pub mod commands;
pub mod console;
pub mod exit;
mod generate;
pub mod local;
pub mod logging;
pub mod program;
pub mod secondary;
pub mod service;
pub mod signals;
pub mod text;
