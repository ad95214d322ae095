//! The central's decisions: who is alive, what exists, who copies and downloads what from whom, who waits.
//!
//! [`Cluster`] is one machine made of five parts that do not know each other: `membership` (leases),
//! `catalog` (names, contents, holders; `pasts` are contents that a name had, `twins` names that look alike),
//! `placement` (copies), `admission` (places), `ledger` (the books). Beside them, `traffic` adds up what secondaries
//! report, `holdings` is what follows when they hold more or less, `owed` is what they are still to be told,
//! `draining`, `expulsion` and `conflicts` are what a person may order, `status` and `views` what may be looked at.

mod account;
mod accounts;
mod acts;
mod admission;
mod books;
mod catalog;
mod checks;
mod clients;
mod closing;
mod conflicts;
mod draining;
mod expulsion;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod holdings;
mod ledger;
mod machine;
mod membership;
mod naming;
mod notices;
mod numbers;
mod owed;
mod pasts;
mod placement;
mod running;
mod secondaries;
mod source_ids;
mod status;
#[cfg(test)]
mod tests;
mod traffic;
mod transfers;
mod twins;
mod types;
mod views;

pub use books::{ClosedTransfer, OpenTransfer, OriginalParts, Reported, Totals};
pub use conflicts::Resolved;
pub use draining::Drained;
pub use expulsion::Expelled;
pub use machine::{Cluster, ClusterConfig};
pub use notices::{DownReason, Notice};
pub use status::{FileCounts, ListingVersion};
pub use types::{Action, Event, LinkId, Refusal};
pub use views::{ClientInfo, QueueRow, SecondaryCondition, SecondaryInfo};
