//! What the fuzz targets do with their input: one function each, which panics when a promise is broken.
//!
//! libFuzzer calls them by way of `fuzz_targets/`; `tests/corpus.rs` calls them with what is kept in
//! `corpus/` and with changes of it, on any toolchain.
#![forbid(unsafe_code)]

mod admission;
mod announced;
mod cluster;
mod codec;
mod download;
mod figures;
mod journal;
mod legacy;
mod media;
mod membership;
mod messages;
mod names;
#[path = "../../tests/oracle/mod.rs"]
mod oracle;
mod part;
mod ranges;
mod saved;

pub use admission::admission;
pub use announced::announced;
pub use cluster::cluster;
pub use codec::codec;
pub use download::{download, download_events};
pub use figures::figures;
pub use journal::journal;
pub use legacy::legacy;
pub use media::{media, subtitles};
pub use membership::membership;
pub use messages::{from_central, from_secondary, manifest, ticket, to_central, to_secondary};
pub use names::{names, prompt};
pub use part::part;
pub use ranges::{assignment, chunk_set, layout};
pub use saved::{digest_cache, statistics};

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("admission", admission),
    ("announced", announced),
    ("assignment", assignment),
    ("chunk_set", chunk_set),
    ("cluster", cluster),
    ("codec", codec),
    ("digest_cache", digest_cache),
    ("download", download),
    ("download_events", download_events),
    ("figures", figures),
    ("from_central", from_central),
    ("from_secondary", from_secondary),
    ("journal", journal),
    ("layout", layout),
    ("legacy", legacy),
    ("manifest", manifest),
    ("media", media),
    ("membership", membership),
    ("names", names),
    ("part", part),
    ("prompt", prompt),
    ("statistics", statistics),
    ("subtitles", subtitles),
    ("ticket", ticket),
    ("to_central", to_central),
    ("to_secondary", to_secondary),
];

/// As many values as the input has bytes for; at most `most`.
fn steps<'a, T: arbitrary::Arbitrary<'a>>(
    input: &mut arbitrary::Unstructured<'a>,
    most: usize,
) -> Vec<T> {
    let mut steps = Vec::new();
    while !input.is_empty() && steps.len() < most {
        match T::arbitrary(input) {
            Ok(step) => steps.push(step),
            Err(_) => break,
        }
    }
    steps
}
