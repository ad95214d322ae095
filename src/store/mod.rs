//! Files: blocking, positional, and never outside their folder. Nothing here knows of sockets or of
//! decisions; callers run it off the async threads.
//!
//! `root` is the door to a folder, `below` finds what is in it, `disk` what receiving a file needs of one and `native` how the operating system
//! gives it, `hash` makes digests, `zeros` knows those of nothing but zeros, `index` has what is needed to know what a served folder holds,
//! `stamp` tells one state of a file from another, `part` and `journal` are a file that is being received, `retired` is what was set aside, `statistics` are files that
//! are replaced whole, `records` are files to which is appended,
//! `diary` is one whose records are on the disk before anybody acts on them.

mod below;
pub mod diary;
mod disk;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod hash;
mod identity;
pub mod index;
mod journal;
mod mounts;
mod native;
mod part;
pub mod published;
mod records;
pub mod retired;
mod root;
#[cfg(test)]
pub(crate) mod slow;
mod spot;
mod stamp;
mod statistics;
mod zeros;

pub use disk::Entry;
pub use error::{StoreError, is_damage};
pub use hash::{lanes, manifest_id, sha256, sha256_file, sha256_many};
pub use identity::{Identity, KeptKey, Seed, change_identity, load_identity};
pub use index::ContentReader;
pub use part::{
    Checked, Checkup, Existing, Opened, OwnFile, PartFile, PartNote, PartPlace, Pressure, Sweep,
    Target, WholeFile,
};
pub use records::RecordLog;
pub use root::Root;
pub use spot::Spot;
pub use stamp::indexed;
pub use statistics::{
    Claim, Damage, Loaded, claim, load_json, load_json_within, save_json, save_json_anew,
    update_json,
};
pub use zeros::{zero_bytes, zero_chunks};
