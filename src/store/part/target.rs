//! Where a file is to be, and where it is until then.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::PathBuf};

use crate::store::{
    disk::{Disk, Entry},
    hash::sha256,
    spot::Spot,
};

/// Longest name that a part file shares with its file, in bytes: the journal's suffix and a number must fit into the
/// 255 that file systems take.
const MOST_STEM_BYTES: usize = 240;
/// What is kept of a longer one.
const STEM_BYTES: usize = 200;
/// What to do with a file of other content that has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it: the transfer fails.
    Keep,
    /// Replace it, once the new one is complete.
    Overwrite,
    /// Replace it if it is this one, which is kept in the hidden folder of what was set aside: it is an older version.
    /// Any other is left, and the transfer fails.
    Replaces(Entry),
}

/// Where an unfinished file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartPlace {
    /// `NAME.part`, where the file will be.
    Beside,
    /// Below a hidden folder of the root, so that nobody takes it for a file.
    Hidden,
}

/// Where a file is to be, and how it gets there.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its place; usually the one that its name says.
    pub spot: Spot,
    /// What may become of what is there.
    pub existing: Existing,
    /// Where it is until it is whole.
    pub place: PartPlace,
}

/// What was found of an earlier run, when it could not simply go on, and of the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartNote {
    /// Nothing of it is of use: everything is asked for again.
    StartedOver,
    /// Some journalled chunks were not in the file as they should be, and are asked for again.
    Damaged {
        /// How many.
        chunks: u32,
    },
    /// The part file's name belonged to something else, which was moved away unchanged.
    SetAside {
        /// Where it is now.
        to: PathBuf,
    },
    /// The file system has no locks: nothing keeps another process from receiving the same file to the same place.
    NoLocks,
}

pub(super) fn stem(spot: &Spot, place: PartPlace) -> String {
    match place {
        PartPlace::Beside => visible_stem(&spot.name),
        PartPlace::Hidden => hidden_stem(spot),
    }
}

/// The file's own name, where it leaves room for a suffix and is text.
fn visible_stem(name: &OsStr) -> String {
    match name.to_str() {
        Some(name) if name.len() <= MOST_STEM_BYTES => name.to_owned(),
        _ => {
            let shown = name.to_string_lossy();
            let end = shown.floor_char_boundary(STEM_BYTES);
            let digest = sha256(name.as_bytes()).to_string();
            format!("{}-{}", &shown[..end], &digest[..16])
        }
    }
}

pub(super) fn hidden_stem(spot: &Spot) -> String {
    let path = spot.below(std::path::Path::new(""));
    sha256(path.as_os_str().as_bytes()).to_string()
}

/// On the same disk as the file.
pub(super) fn hidden_folder<D: Disk>(disk: &D, spot: &Spot) -> String {
    let path = spot.below(std::path::Path::new(""));
    parts_below(&disk.hidden(&path.to_string_lossy()))
}

/// The folder of part files below a hidden one.
pub(super) fn parts_below(hidden: &str) -> String {
    format!("{hidden}/partes")
}
