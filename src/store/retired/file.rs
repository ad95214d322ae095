//! What is told of files that were set aside.

use serde::{Deserialize, Serialize};

use crate::model::RetiredReason;

/// A file that was set aside, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredFile {
    /// Its number as long as the program runs.
    pub number: u64,
    /// The name that it had in the served folder.
    pub name: String,
    /// What it takes, in bytes.
    pub bytes: u64,
    /// When it was set aside, in milliseconds since 1970.
    pub when_ms: i64,
    /// Why; `None` when that is not known, as somebody put it there by hand.
    pub reason: Option<RetiredReason>,
    /// Where it lies below the served folder.
    pub path: String,
}

/// Files and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetiredTotal {
    /// How many.
    pub files: usize,
    /// What they take.
    pub bytes: u64,
}
