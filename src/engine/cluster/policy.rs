//! Which secondaries should hold a file. All that says missing, level, copy, or "so many of so many" asks here, and
//! nowhere else is it decided.

use super::numbers::NumberSet;
use crate::model::FileMeta;

/// What [`wanted`] is.
pub(super) type Policy = fn(&FileMeta, NumberSet) -> NumberSet;

/// The secondaries that should hold a file, of those that are `present`: alive, and known for what they hold. Today
/// all of them.
pub fn wanted(_file: &FileMeta, present: NumberSet) -> NumberSet {
    present
}
