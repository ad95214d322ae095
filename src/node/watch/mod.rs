//! A content that is read while it comes: readers at any places of it share what one fetch brings. Knows no fetch: that one
//! takes from here where readers are, and brings here what has come.
//!
//! `end` is how reading ends early, `watched` is what readers and their fetch share, `reading` one reader, `place` where verified chunks are: a file, or the
//! memory of `cache`. `window` says how far ahead of a reader chunks are wanted.

mod cache;
mod end;
mod place;
mod reading;
mod watched;
mod window;

pub use self::{
    end::WatchEnd,
    reading::{Looked, ReaderHandle, Reading},
    watched::{WatchLimits, Watched},
};
pub(in crate::node) use self::{place::ChunkPlace, watched::News};
