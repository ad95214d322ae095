//! Decisions, and nothing else: no socket, no file, no clock, no randomness but a seed given at the start.
//!
//! Every machine has the same verbs: `handle_event(now, event)`, `handle_timeout(now)`,
//! `poll_action() -> Option<Action>`, `poll_timeout() -> Option<Instant>`, `snapshot()`. Its owner drains
//! `poll_action`, waits for what can happen, feeds one event, and drains again.

pub mod accounts;
pub mod assignment;
pub mod backoff;
pub mod cluster;
pub mod counters;
pub mod download;
pub mod figures;
pub mod fold;
pub mod index;
pub mod leadership;
pub mod media;
mod random;
pub mod receive;
pub mod recent;
pub mod registry;
pub mod rooms;
pub mod send;
pub mod swarm_send;
pub mod tables;
