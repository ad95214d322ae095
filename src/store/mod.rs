//! Files: blocking, positional, and never outside their folder. Nothing here knows of sockets or of
//! decisions; callers run it off the async threads.

mod error;
mod part;

pub use error::StoreError;
pub use part::PartNote;
