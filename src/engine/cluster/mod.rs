//! The central's decisions: who is alive, what exists, who copies and downloads what from whom, who waits.
//!
//! [`Cluster`] is one machine made of rooms that do not know each other:
//!
//! - `members`: secondaries, their leases, what each said of itself, who is drained;
//! - `catalog`: names, their contents and history, who holds what, what is owed to whom;
//! - `policy`: which secondaries should hold a file; one pure function;
//! - `copies`: what is missing where, and the copies that run;
//! - `places`: clients, their requests, slots and the line of those that wait;
//! - `transfers`: what runs, from which sources;
//! - `swarms`: clients that give each other chunks, and who is told of whom;
//! - `books`: what was sent and received in each transfer, and the figures.
//!
//! The verbs of a room give what others must do; only the `router` knows more than one.

mod books;
mod catalog;
mod copies;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod members;
mod notices;
mod numbers;
mod peers;
mod places;
pub mod policy;
mod publications;
mod router;
pub mod swarms;
#[cfg(test)]
mod tests;
mod transfers;
mod types;

pub use catalog::Resolved;
pub use notices::{DownReason, Notice};
pub use numbers::NumberSet;
pub use router::{
    AccountInfo, ClientInfo, Cluster, ClusterConfig, CountsVersion, Drained, Expelled, FileCounts,
    Holder, ListingVersion, Popularity, QueueRow, Running, SecondaryCondition, SecondaryInfo,
    SentBy,
};
pub use types::{Action, ConnectionId, Event, Parting, PeerPlace, Refusal};
