//! The files that lie in the folder of what was set aside.

use std::{collections::BTreeMap, io};

use cap_std::fs::{Dir, Metadata, MetadataExt};

use crate::{
    model::{
        Stamp,
        limits::{MAX_COMPONENTS, MAX_FILES_PER_SECONDARY},
    },
    store::{
        Root,
        disk::{Disk, Make},
        stamp::seen,
    },
};

/// The unit of `st_blocks`.
const BLOCK_BYTES: u64 = 512;

/// A file as it is found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) stamp: Stamp,
    /// What it takes.
    pub(super) bytes: u64,
    /// When it came there, or was otherwise touched.
    pub(super) status_ms: i64,
}

impl Found {
    pub(super) fn of(meta: &Metadata) -> Self {
        Self {
            stamp: seen(meta).stamp,
            bytes: taken(meta),
            status_ms: meta
                .ctime()
                .saturating_mul(1000)
                .saturating_add(meta.ctime_nsec() / 1_000_000),
        }
    }
}

/// What a file takes on the disk, in bytes: its length, or less if it has holes.
fn taken(meta: &Metadata) -> u64 {
    meta.len().min(meta.blocks().saturating_mul(BLOCK_BYTES))
}

pub(super) fn look(root: &Root, path: &str) -> Option<Found> {
    let (folder, name) = path.rsplit_once('/')?;
    let dir = root.folder(folder, Make::Nothing).ok()?;
    let meta = dir.symlink_metadata(name).ok()?;
    meta.is_file().then(|| Found::of(&meta))
}

/// Every regular file below a folder, as far as it can be read.
pub(super) fn walk(root: &Root, base: &str) -> io::Result<BTreeMap<String, Found>> {
    let mut there = BTreeMap::new();
    match root.folder(base, Make::Nothing) {
        Ok(dir) => walk_dir(&dir, base, 0, &mut there)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(there)
}

fn walk_dir(
    dir: &Dir,
    path: &str,
    depth: usize,
    there: &mut BTreeMap<String, Found>,
) -> io::Result<()> {
    for entry in dir.entries()? {
        let entry = entry?;
        let name = entry.file_name();
        // A name that is no text is not ours.
        let Some(name) = name.to_str() else { continue };
        let below = format!("{path}/{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < 2 * MAX_COMPONENTS {
            match entry.open_dir() {
                Ok(dir) => walk_dir(&dir, &below, depth + 1, there)?,
                Err(error) => tracing::warn!(path = below, %error, "cannot be looked at"),
            }
        } else if kind.is_file()
            && there.len() < 2 * MAX_FILES_PER_SECONDARY
            && let Ok(meta) = entry.metadata()
        {
            there.insert(below, Found::of(&meta));
        }
    }
    Ok(())
}
