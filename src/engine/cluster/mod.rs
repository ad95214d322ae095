//! The central's decisions: who is alive, what exists, who copies and downloads what from whom, who waits.
//!
//! [`Cluster`] is one machine made of five parts that do not know each other: `membership` (leases),
//! `catalog` (names, contents, holders), `placement` (copies), `admission` (places), `ledger` (the books).

mod account;
mod accounts;
mod admission;
mod books;
mod catalog;
mod clients;
mod closing;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod ledger;
mod machine;
mod membership;
mod placement;
mod running;
mod secondaries;
mod transfers;
mod types;

pub use books::{OpenTransfer, OriginalParts, Reported, Totals};
pub use machine::{Cluster, ClusterConfig, ListingVersion};
pub use types::{Action, DownReason, Event, LinkId, Notice, Refusal};
