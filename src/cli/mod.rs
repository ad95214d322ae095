//! The programs as people use them: command lines, prompts, and every word that is printed.
//!
//! `flags` reads a command line (its shape is `args`, its file `settings`, what is wrong with it `usage`, what may stand
//! before its subcommand `anywhere`,
//! its values `values` and `place`),
//! `commands` understands what is typed at a prompt, `text` makes what is read, `news` decides which events are told
//! together, `totals` adds downloads up, `console` is the terminal, and
//! `central`, `secondary`, `client` run a node between the two; `scripts` does what scripts ask for; `local` runs a
//! whole cluster. `program` starts and ends them all, with `signals`, `logging` and, for those that run as services,
//! `service` and `reload`. `timetable` says which limit holds at a time of day, `limits` sees to it, `at_end` runs a program
//! when a download has completed. `codes` lists the names of all errors, `generate` makes completions, with the names of `remote_names` (`shell_words` reads what a shell has), and
//! manual pages, with the sections of `manual`.

mod anywhere;
pub mod args;
pub mod at_end;
mod auditor;
pub mod central;
mod centrals;
mod certificates;
pub mod client;
pub mod codes;
pub mod commands;
mod config_table;
pub mod console;
mod diary;
mod doors;
mod dress;
pub mod exit;
pub mod flags;
mod generate;
mod given;
mod limits;
pub mod local;
pub mod logging;
mod manual;
pub mod names;
pub mod news;
mod orders;
mod output;
mod parsers;
pub mod place;
pub mod program;
pub mod quantity;
mod reload;
#[cfg(feature = "grpc")]
mod remote;
mod remote_names;
mod retired;
mod runtime;
#[cfg(test)]
mod samples;
mod scripts;
pub mod secondary;
pub mod service;
mod settings;
mod several;
mod shell_words;
pub mod signals;
mod suggestions;
pub mod text;
pub mod timetable;
mod totals;
mod usage;
mod values;
mod wanted;
