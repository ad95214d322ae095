//! What is needed to know what a served folder holds; which of it is done when is for others to say.
//!
//! `scan` looks at the folder and `watch` hears of its changes, `hashing` reads files and `chunks` single chunks of them,
//! each in threads of their own, `writers` finds who has files open. `cache` remembers digests from run to run (in memory: `table`), `disks`
//! what was mounted, `scrub` how far everything was read again, `own` which files have which chunks. `content` reads for receivers.

mod cache;
mod chunks;
mod content;
mod disks;
mod hashing;
mod kept;
mod own;
mod scan;
mod scrub;
mod table;
mod watch;
mod writers;

pub use cache::Cache;
#[cfg(feature = "fuzzing")]
pub use cache::known_lines;
pub use chunks::{CheckedChunk, ChunkChecks, ReadFrom, check_chunk};
pub use content::ContentReader;
pub use disks::{Disks, MissedDisks, open_served};
pub use hashing::{HashedFile, Hashers, digest, digest_of};
pub use own::OwnChunks;
pub use scan::{Scan, scan, see};
pub use scrub::ScrubRecord;
pub use watch::{FolderWatch, Heard, watch};
pub use writers::Writers;
