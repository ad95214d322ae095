//! One central of several: whether it is the active one, what it may write, and when it hands over. The key store (etcd)
//! does the consensus; a lease only says who may try. Safety is the fence in each transaction (`requests`): whoever has
//! lost the key writes nothing, whatever it believes.
//!
//! `machine` is the router of these rooms: `lease` (the own lease and its deadline), `view` (what was last seen of the
//! others), `follow` (the journal of another), `appends` (the own batch on its way), `handover`, `keeping` (snapshots), `ending`.
//! `requests` makes transactions of what they want, and answers of outcomes; `names` says how keys are called.
//!
//! ```text
//!                 key absent, or given              tail applied, first batch written
//!   Standby ───────────────────────────▶ TakingOver ─────────────────────────────────▶ Serving
//!     ▲  ▲                                   │                                        │  ▲  │
//!     │  └───────── key lost ────────────────┘            own deadline has passed     │  │  │ key still one's own
//!     │                                                                               ▼  │  │
//!     ├─────────────────────────────── key lost ─────────────────────────────────── Limited │
//!     └─────────────────────────────── key lost, handed over, fenced ───────────────────────┘
//! ```

mod appends;
mod ending;
mod follow;
mod handover;
mod keeping;
mod lease;
mod machine;
mod names;
mod requests;
#[cfg(test)]
mod tests;
mod types;
mod values;
mod view;

pub use machine::Leadership;
pub use names::{Kept, watched};
pub use requests::{Answer, Request};
pub use types::{
    Action, AskId, Broken, Compose, Config, Event, Milestone, NotMigrated, Snapshot, Standing,
    StepDown, WatchId,
};
pub use values::{Active, Batch, Fence, Sight, Standby};
