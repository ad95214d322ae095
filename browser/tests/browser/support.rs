//! What these tests need of the support of others.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // They use a share of it.

#[path = "../../../tests/support/basics.rs"]
mod basics;
#[path = "../../../tests/support/process.rs"]
pub mod process;

pub use self::basics::*;
