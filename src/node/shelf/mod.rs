//! Where the bytes of a secondary lie: a folder, or a bucket of an object store. All that its index, its receivers and its
//! copies need of that place goes through [`Shelf`], which blocks; which of it is done when is for others to say.
//!
//! `kinds` is what such a place is asked for. `folder` is a folder, by the means of `store`; `object` (feature `object-store`) is
//! a bucket, by those of `net::objects`; `opening` makes one or the other of what was given.

mod folder;
mod kinds;
#[cfg(feature = "object-store")]
mod object;
mod opening;

pub(in crate::node) use opening::{Wanted, open};

pub use folder::FolderShelf;
pub use kinds::{Aside, FoundWriters, Habits, Incoming, Intake, Listening, Shelf, TakenIn};
#[cfg(feature = "object-store")]
pub use object::{ObjectConfig, ObjectShelf};
