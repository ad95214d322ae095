//! Which secondaries should hold a file. Nothing else decides it: whatever says missing, level, copy, or "2 of 3" asks
//! here.

use super::numbers::NumberSet;
use crate::model::FileMeta;

/// What [`wanted`] is.
pub(super) type Policy = fn(&FileMeta, NumberSet) -> NumberSet;

/// The secondaries that should hold a file, among those `present`: alive, with known files. Today that is all of them.
pub fn wanted(_file: &FileMeta, present: NumberSet) -> NumberSet {
    present
}
