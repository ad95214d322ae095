//! The files that a client publishes, as they are remembered from run to run: for each a document and its digests, in a
//! folder of their own. Programs of one user share it, and what one adds another finds.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    model::{Audience, ChunkLayout, Digest, FileName, Manifest, Stamp, limits::MAX_PUBLISHED_EACH},
    store::{Loaded, StoreError, load_json_within, manifest_id, save_json_anew, sha256},
};

/// The folder, below that of the statistics.
const FOLDER: &str = "publicados";
/// Digits of a digest that stand for a name.
const KEY_DIGITS: usize = 32;
/// Longest document that is read, in bytes.
const MOST_BYTES: u64 = 256 << 10;
/// The one way to write a document so far.
const VERSION: u32 = 1;

/// A published file as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::node::client) struct Record {
    version: u32,
    /// What it is called in the cluster.
    pub(in crate::node::client) name: FileName,
    /// Where it is.
    pub(in crate::node::client) path: PathBuf,
    /// Its content.
    pub(in crate::node::client) id: Digest,
    /// How it looked when its digests were made.
    pub(in crate::node::client) stamp: Stamp,
    /// Who may have it.
    #[serde(default, rename = "for", skip_serializing_if = "Audience::is_all")]
    pub(in crate::node::client) audience: Audience,
}

impl Record {
    pub(in crate::node::client) fn new(
        name: FileName,
        path: PathBuf,
        id: Digest,
        stamp: Stamp,
        audience: Audience,
    ) -> Self {
        Self {
            version: VERSION,
            name,
            path,
            id,
            stamp,
            audience,
        }
    }
}

/// See the module. All of it blocks.
#[derive(Clone, Debug)]
pub(in crate::node::client) struct Records {
    folder: PathBuf,
}

impl Records {
    /// Those below a folder of statistics.
    pub(in crate::node::client) fn below(folder: &Path) -> Self {
        Self {
            folder: folder.join(FOLDER),
        }
    }

    /// Writes a file down. The digests come first: a document without them is of no use.
    pub(in crate::node::client) fn save(
        &self,
        record: &Record,
        manifest: &Manifest,
    ) -> Result<(), StoreError> {
        let (document, digests) = self.paths(&record.name);
        fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(&digests, manifest.to_raw()))
            .map_err(|error| StoreError::new(&digests, &error))?;
        save_json_anew(&document, record)
    }

    /// Forgets a file.
    pub(in crate::node::client) fn remove(&self, name: &FileName) -> Result<(), StoreError> {
        let (document, digests) = self.paths(name);
        for path in [document, digests] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::new(&path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is written there, without those of these names; `None` in the place of digests that are not those of the
    /// content. What cannot be read is passed over, and logged.
    pub(in crate::node::client) fn load(
        &self,
        known: &BTreeSet<FileName>,
    ) -> Vec<(Record, Option<Manifest>)> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(folder = %self.folder.display(), %error, "published files");
                }
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for entry in entries.flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|end| end != "json") || found.len() > MAX_PUBLISHED_EACH
            {
                continue;
            }
            match load_json_within::<Record>(&path, MOST_BYTES) {
                Ok(Loaded::Read(record)) if record.version == VERSION => {
                    if !known.contains(&record.name) {
                        let manifest = self.manifest(&record);
                        found.push((record, manifest));
                    }
                }
                Ok(Loaded::Missing) => {}
                Ok(other) => tracing::warn!(path = %path.display(), ?other, "no published file"),
                Err(error) => tracing::warn!(%error, "a published file"),
            }
        }
        found
    }

    fn manifest(&self, record: &Record) -> Option<Manifest> {
        let layout = ChunkLayout::for_file(record.stamp.bytes).ok()?;
        let (_, digests) = self.paths(&record.name);
        let length = fs::metadata(&digests).ok()?.len();
        if length != Manifest::raw_bytes(layout) {
            return None;
        }
        let raw = fs::read(&digests).ok()?;
        let manifest = Manifest::from_raw(layout, &raw).ok()?;
        (manifest_id(&manifest) == record.id).then_some(manifest)
    }

    fn paths(&self, name: &FileName) -> (PathBuf, PathBuf) {
        let key = sha256(name.as_str().as_bytes()).to_string();
        let stem = self.folder.join(&key[..KEY_DIGITS]);
        (stem.with_extension("json"), stem.with_extension("huellas"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::FileTime, store::sha256};

    fn sample(name: &str) -> (Record, Manifest) {
        let layout = ChunkLayout::for_file(3).unwrap();
        let digest = sha256(b"abc");
        let manifest = Manifest::new(layout, digest, vec![digest]).unwrap();
        let stamp = Stamp {
            device: 1,
            inode: 2,
            bytes: 3,
            changed: FileTime(4, 5),
        };
        let name = FileName::try_from(name).unwrap();
        let path = PathBuf::from("/tmp/a b");
        let id = manifest_id(&manifest);
        (Record::new(name, path, id, stamp, Audience::All), manifest)
    }

    #[test]
    fn what_was_written_is_found_and_what_was_damaged_has_no_digests() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::below(folder.path());
        assert!(records.load(&BTreeSet::new()).is_empty());
        let (record, manifest) = sample("@ana/a");
        records.save(&record, &manifest).unwrap();
        let found = records.load(&BTreeSet::new());
        assert_eq!(found, [(record.clone(), Some(manifest.clone()))]);
        let known = [record.name.clone()].into_iter().collect();
        assert!(records.load(&known).is_empty());
        let (_, digests) = records.paths(&record.name);
        fs::write(&digests, [7; 64]).unwrap();
        assert_eq!(records.load(&BTreeSet::new()), [(record.clone(), None)]);
        let (document, _) = records.paths(&record.name);
        fs::write(&document, b"{}").unwrap();
        assert!(records.load(&BTreeSet::new()).is_empty());
        records.save(&record, &manifest).unwrap();
        records.remove(&record.name).unwrap();
        records.remove(&record.name).unwrap();
        assert!(records.load(&BTreeSet::new()).is_empty());
    }
}
