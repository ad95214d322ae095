//! A bucket of an object store (S3, Azure, Google, or one in memory): what is in it, its bytes by ranges, and what is written.
//! Names are those of files; which part of the bucket they are below is known here alone.
//!
//! `types` is what is said of objects, `store` a bucket that is open, `place` where it is and how it is reached, `transport` the
//! HTTP below, `fault` what its errors mean, `writing` how objects come there. Requests are repeated with growing pauses by the library; each call here has a limit of time on top.

mod fault;
mod place;
mod store;
mod transport;
mod types;
mod writing;

pub use store::Objects;
pub use types::{Listing, Object, ObjectError, Tag};
pub use writing::{Expect, Part, Upload, Written};
