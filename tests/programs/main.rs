//! The real programs, as people, scripts and service managers use them, and real signals.
#![allow(clippy::unwrap_used)]

mod accounts;
mod announced;
#[cfg(feature = "object-store")]
mod buckets;
mod centrals;
mod centrals_tls;
mod completions;
mod crash;
mod ends;
#[path = "../support/english.rs"]
mod english;
#[allow(dead_code, unreachable_pub)]
#[path = "../support/etcd.rs"]
mod etcd;
mod faults;
mod figures;
mod flags;
mod kills;
mod limits;
mod mirror;
mod names;
mod orders;
mod power;
mod prompt;
mod published;
mod schemas;
mod screen;
mod scripts;
mod services;
mod spanish;
#[path = "../support/mod.rs"]
mod support;
mod surroundings;
mod targets;
#[path = "../support/terminal.rs"]
mod terminal;
mod watching;
mod work;
