//! The receiving side of one transfer.

mod types;

pub use types::*;
