//! Three centrals on one key store: real `leadership` machines, each with a registry of requests and answers. Centrals are
//! killed, stopped, cut off, ended and told to migrate; the store is frozen, silent, full, restarted and compacted, answers
//! are lost before or after what they answer was done, watches leave out and repeat events, and leases end though they were
//! renewed.
//!
//! After each step: one batch for each seq, without a gap; no answer before its entry is in the journal; each acknowledged
//! request once in every later state; nothing removed from the journal that no snapshot has; at most one central that
//! believes itself active, and it has all that was acknowledged. Once the faults end: one is active, the others follow.

mod node;
mod plan;
mod world;

pub use world::run;
