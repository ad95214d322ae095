//! Digests from run to run: a file whose stamp is known is not read again. JSON lines, appended; a line
//! that does not check is no line.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::PathBuf,
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::content::Stamp;
use crate::{
    model::{ChunkLayout, Digest, Manifest},
    store::hash::manifest_id,
};

/// Lines that are tolerated beyond twice the known files before the file is written anew.
const SLACK_LINES: usize = 64;

#[derive(Serialize, Deserialize)]
struct Line {
    stamp: Stamp,
    /// The digests in hexadecimal.
    digests: String,
    /// Id of the manifest, which checks the digests.
    id: String,
}

/// What is known of files that were read.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    known: HashMap<Stamp, Arc<Manifest>>,
    lines: usize,
    file: Option<File>,
}

impl Cache {
    /// Reads what an earlier run left; what cannot be read is not known.
    pub(super) fn open(path: PathBuf) -> Self {
        let mut cache = Self {
            path,
            known: HashMap::new(),
            lines: 0,
            file: None,
        };
        match File::open(&cache.path) {
            Ok(file) => {
                for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
                    cache.lines += 1;
                    if let Some((stamp, manifest)) = decode(&line) {
                        cache.known.insert(stamp, Arc::new(manifest));
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(path = %cache.path.display(), %error, "digest cache"),
        }
        cache
    }

    pub(super) fn get(&self, stamp: Stamp) -> Option<Arc<Manifest>> {
        self.known.get(&stamp).cloned()
    }

    /// Remembers a file. A cache that cannot be written costs time at the next start, nothing else.
    pub(super) fn put(&mut self, stamp: Stamp, manifest: &Arc<Manifest>) {
        if self.known.insert(stamp, Arc::clone(manifest)).is_some() {
            return;
        }
        if let Err(error) = self.append(stamp, manifest) {
            tracing::warn!(path = %self.path.display(), %error, "digest cache");
        }
    }

    fn append(&mut self, stamp: Stamp, manifest: &Manifest) -> io::Result<()> {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            self.file = Some(options.create(true).append(true).open(&self.path)?);
        }
        self.lines += 1;
        match &mut self.file {
            // A line feed first: the last line may be cut.
            Some(file) => file.write_all(&encode(stamp, manifest)),
            None => Ok(()),
        }
    }

    /// Forgets what is not one of these, and writes the file anew when most of it is of no use.
    pub(super) fn keep(&mut self, is_of_use: impl Fn(&Stamp) -> bool) {
        self.known.retain(|stamp, _| is_of_use(stamp));
        if self.lines <= 2 * self.known.len() + SLACK_LINES {
            return;
        }
        let rewrite = || -> io::Result<()> {
            let folder = self.path.parent().unwrap_or(std::path::Path::new("."));
            let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
            for (stamp, manifest) in &self.known {
                fresh.write_all(&encode(*stamp, manifest))?;
            }
            fresh.persist(&self.path)?;
            Ok(())
        };
        match rewrite() {
            Ok(()) => {
                self.lines = self.known.len();
                self.file = None;
            }
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "digest cache"),
        }
    }
}

fn encode(stamp: Stamp, manifest: &Manifest) -> Vec<u8> {
    use std::fmt::Write as _;
    let raw = manifest.to_raw();
    let mut digests = String::with_capacity(raw.len() * 2);
    for byte in raw {
        let _ = write!(digests, "{byte:02x}");
    }
    let line = Line {
        stamp,
        digests,
        id: manifest_id(manifest).to_string(),
    };
    let mut bytes = vec![b'\n'];
    // Writing plain strings and numbers to memory does not fail.
    let _ = serde_json::to_writer(&mut bytes, &line);
    bytes.push(b'\n');
    bytes
}

fn decode(line: &[u8]) -> Option<(Stamp, Manifest)> {
    let line: Line = serde_json::from_slice(line).ok()?;
    let layout = ChunkLayout::for_file(line.stamp.bytes).ok()?;
    let mut raw = Vec::with_capacity(line.digests.len() / 2);
    for digits in line.digests.as_bytes().chunks(2 * Digest::BYTES) {
        let text = std::str::from_utf8(digits).ok()?;
        raw.extend_from_slice(Digest::try_from(text).ok()?.as_bytes());
    }
    let manifest = Manifest::from_raw(layout, &raw).ok()?;
    (manifest_id(&manifest).to_string() == line.id).then_some((line.stamp, manifest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sha256;

    fn stamp(inode: u64) -> Stamp {
        Stamp {
            device: 1,
            inode,
            bytes: 3,
            changed: (5, 6),
        }
    }

    fn manifest(text: &[u8]) -> Arc<Manifest> {
        let layout = ChunkLayout::for_file(3).unwrap();
        Arc::new(Manifest::new(layout, sha256(text), vec![sha256(text)]).unwrap())
    }

    #[test]
    fn what_was_known_is_known_and_damage_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        let mut cache = Cache::open(path.clone());
        for inode in 0..200 {
            cache.put(stamp(inode), &manifest(b"abc"));
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() - 100;
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        std::fs::write(&path, &bytes).unwrap();
        let mut cache = Cache::open(path.clone());
        assert_eq!(cache.get(stamp(198)), Some(manifest(b"abc")));
        assert_eq!(cache.get(stamp(199)), None);
        cache.keep(|stamp| stamp.inode == 7);
        assert!(std::fs::metadata(&path).unwrap().len() < 1000);
        cache.put(stamp(8), &manifest(b"xyz"));
        let cache = Cache::open(path);
        assert_eq!(cache.get(stamp(7)), Some(manifest(b"abc")));
        assert_eq!(cache.get(stamp(8)), Some(manifest(b"xyz")));
        assert_eq!(cache.get(stamp(6)), None);
    }
}
