//! Digests from run to run: a file that is known is not read again. JSON lines, appended; a line that does
//! not check is no line.

use std::{
    collections::{HashMap, HashSet},
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::PathBuf,
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::table::{Key, Table};
use crate::{
    model::{ChunkLayout, Digest, FileName, Manifest, Stamp, limits::MAX_FILES_PER_SECONDARY},
    store::{
        hash::manifest_id,
        statistics::{move_aside, remove_temporary, temporary_file},
    },
};

/// Lines that are tolerated beyond twice the known files before the file is written anew.
const SLACK_LINES: usize = 64;

#[derive(Serialize, Deserialize)]
struct Line {
    file: Key,
    /// What is known of the file; nothing: what was said of it before is not so.
    known: Option<Known>,
    /// It is not what is known of it, and should be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    damaged: bool,
}

#[derive(Serialize, Deserialize)]
struct Known {
    /// The digests in hexadecimal.
    digests: String,
    /// Id of the manifest, which checks the digests.
    id: String,
}

/// Whose a file is, by its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Empty,
    Ours,
    Foreign,
}

/// What is known of files that were read.
#[derive(Debug)]
pub struct Cache {
    path: PathBuf,
    known: Table,
    /// Files that are damaged: what they should be.
    damaged: Table,
    /// Those of this run, in which devices keep their numbers: a file that is renamed is recognised.
    here: HashMap<Stamp, Arc<Manifest>>,
    lines: usize,
    file: Option<File>,
    /// What was written since it was taken, for whoever keeps it elsewhere as well.
    news: Option<Vec<u8>>,
}

impl Cache {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            known: Table::default(),
            damaged: Table::default(),
            here: HashMap::new(),
            lines: 0,
            file: None,
            news: None,
        }
    }

    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        self.known.count + self.damaged.count == 0
    }

    /// Takes in lines that were kept elsewhere, for later runs as well; what does not check is not known. Gives whether there
    /// was anything.
    pub fn absorb(&mut self, lines: &[u8]) -> bool {
        let is_ours = self.read(lines) == Origin::Ours;
        if is_ours {
            self.append(lines);
        }
        is_ours
    }

    /// Gathers what is written from now on.
    pub fn gather_news(&mut self) {
        self.news.get_or_insert_default();
    }

    /// What was written since the last time.
    pub fn take_news(&mut self) -> Option<Vec<u8>> {
        let news = self.news.as_mut()?;
        (!news.is_empty()).then(|| std::mem::take(news))
    }

    /// All that is known, as lines.
    pub fn all_lines(&self) -> Vec<u8> {
        let known = self.known.iter();
        let known = known.flat_map(|(key, manifest)| encode(key, Some(manifest)));
        let damaged = self.damaged.iter();
        let damaged = damaged.flat_map(|(key, manifest)| encode_damaged(key, manifest));
        known.chain(damaged).collect()
    }

    /// Reads what an earlier run left; what cannot be read is not known. A file of the name in which there is no line
    /// of ours is somebody else's, and is given another name.
    pub fn open(path: PathBuf) -> Self {
        let mut cache = Self::new(path);
        remove_temporary(&cache.path);
        match File::open(&cache.path) {
            Ok(file) => {
                if cache.read(BufReader::new(file)) == Origin::Foreign {
                    cache.lines = 0;
                    match move_aside(&cache.path) {
                        Ok(to) => tracing::warn!(to = %to.display(), "no digest cache: moved"),
                        Err(error) => {
                            tracing::warn!(path = %cache.path.display(), %error, "no digest cache");
                            cache.path = PathBuf::new();
                        }
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(path = %cache.path.display(), %error, "digest cache"),
        }
        cache
    }

    fn read(&mut self, file: impl BufRead) -> Origin {
        let mut origin = Origin::Empty;
        for line in file.split(b'\n').map_while(Result::ok) {
            self.lines += 1;
            match decode(&line) {
                Some((key, Some(manifest), false)) => {
                    origin = Origin::Ours;
                    self.damaged.remove_alike(key.likeness());
                    self.known.insert(key, Arc::new(manifest));
                }
                Some((key, Some(manifest), true)) => {
                    origin = Origin::Ours;
                    self.known.remove_alike(key.likeness());
                    self.damaged.insert(key, Arc::new(manifest));
                }
                Some((key, None, _)) => {
                    origin = Origin::Ours;
                    self.known.remove_alike(key.likeness());
                }
                None if origin == Origin::Empty && !line.is_empty() => origin = Origin::Foreign,
                None => {}
            }
        }
        origin
    }

    /// The digests of a file, if it was read before; of one that was renamed in this run as well.
    pub fn get(&mut self, name: &FileName, stamp: Stamp) -> Option<Arc<Manifest>> {
        let known = self.known.get(&Key::new(name, stamp));
        let manifest = Arc::clone(known.or_else(|| self.here.get(&stamp))?);
        self.put(name, stamp, &manifest);
        Some(manifest)
    }

    /// Remembers a file. A cache that cannot be written costs time at the next start, nothing else.
    pub fn put(&mut self, name: &FileName, stamp: Stamp, manifest: &Arc<Manifest>) {
        if self.here.len() >= 2 * MAX_FILES_PER_SECONDARY {
            self.here.clear();
        }
        self.here.insert(stamp, Arc::clone(manifest));
        let key = Key::new(name, stamp);
        let is_mended = self.damaged.remove_alike(key.likeness());
        let before = self.known.insert(key.clone(), Arc::clone(manifest));
        if is_mended || before.is_none_or(|before| before != *manifest) {
            self.append(&encode(key, Some(manifest)));
        }
    }

    /// A file is not what it should be, though it looks so; in later runs as well.
    pub fn set_damaged(&mut self, name: &FileName, stamp: Stamp, manifest: &Arc<Manifest>) {
        let key = Key::new(name, stamp);
        self.here.remove(&stamp);
        self.known.remove_alike(key.likeness());
        self.damaged.insert(key.clone(), Arc::clone(manifest));
        self.append(&encode_damaged(key, manifest));
    }

    /// What a file should be that is known to be damaged, under whatever name.
    pub fn damage_of(&self, stamp: Stamp) -> Option<Arc<Manifest>> {
        let likeness = (stamp.inode, stamp.bytes, stamp.changed);
        self.damaged.any_like(likeness).map(Arc::clone)
    }

    fn append(&mut self, line: &[u8]) {
        if let Some(news) = &mut self.news {
            news.extend_from_slice(line);
        }
        let mut write = || -> io::Result<()> {
            if self.file.is_none() {
                let mut options = OpenOptions::new();
                self.file = Some(options.create(true).append(true).open(&self.path)?);
            }
            self.lines += 1;
            match &mut self.file {
                Some(file) => file.write_all(line),
                None => Ok(()),
            }
        };
        if let Err(error) = write() {
            tracing::warn!(path = %self.path.display(), %error, "digest cache");
        }
    }

    /// Forgets all but these, and writes the file anew when most of it is of no use.
    pub fn keep<'a>(&mut self, files: impl Iterator<Item = (&'a FileName, Stamp)>) {
        let of_use: HashSet<Key> = files.map(|(name, stamp)| Key::new(name, stamp)).collect();
        self.known.retain(&of_use);
        self.damaged.retain(&of_use);
        let known = self.known.count + self.damaged.count;
        if self.lines <= 2 * known + SLACK_LINES {
            return;
        }
        let rewrite = || -> io::Result<()> {
            let mut fresh = temporary_file(&self.path)?;
            let mut lines = BufWriter::new(fresh.as_file_mut());
            for (key, manifest) in self.known.iter() {
                lines.write_all(&encode(key, Some(manifest)))?;
            }
            for (key, manifest) in self.damaged.iter() {
                lines.write_all(&encode_damaged(key, manifest))?;
            }
            lines.flush()?;
            drop(lines);
            fresh.persist(&self.path)?;
            Ok(())
        };
        match rewrite() {
            Ok(()) => {
                self.lines = known;
                self.file = None;
            }
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "digest cache"),
        }
    }
}

/// What a file says, as it would be written anew: one line for each file that is known, in order. For the
/// fuzz targets.
#[cfg(feature = "fuzzing")]
pub fn known_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut cache = Cache::new(PathBuf::new());
    cache.read(bytes);
    let known = cache.known.iter();
    let mut lines: Vec<_> = known
        .map(|(key, manifest)| encode(key, Some(manifest)))
        .collect();
    lines.sort();
    lines
}

fn encode(file: Key, manifest: Option<&Arc<Manifest>>) -> Vec<u8> {
    line(file, manifest, false)
}

fn encode_damaged(file: Key, manifest: &Arc<Manifest>) -> Vec<u8> {
    line(file, Some(manifest), true)
}

fn line(file: Key, manifest: Option<&Arc<Manifest>>, damaged: bool) -> Vec<u8> {
    let known = manifest.map(|manifest| Known {
        digests: hexadecimal(&manifest.to_raw()),
        id: manifest_id(manifest).to_string(),
    });
    // A line feed first: the last line may be cut.
    let mut bytes = vec![b'\n'];
    // Writing plain strings and numbers to memory does not fail.
    let line = Line {
        file,
        known,
        damaged,
    };
    let _ = serde_json::to_writer(&mut bytes, &line);
    bytes.push(b'\n');
    bytes
}

fn hexadecimal(raw: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut digits = String::with_capacity(raw.len() * 2);
    for byte in raw {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

fn decode(line: &[u8]) -> Option<(Key, Option<Manifest>, bool)> {
    let Line {
        file,
        known,
        damaged,
    } = serde_json::from_slice(line).ok()?;
    let Some(known) = known else {
        return Some((file, None, false));
    };
    let layout = ChunkLayout::for_file(file.bytes).ok()?;
    let mut raw = Vec::with_capacity(known.digests.len() / 2);
    for digits in known.digests.as_bytes().chunks(2 * Digest::BYTES) {
        let text = std::str::from_utf8(digits).ok()?;
        raw.extend_from_slice(Digest::try_from(text).ok()?.as_bytes());
    }
    let manifest = Manifest::from_raw(layout, &raw).ok()?;
    (manifest_id(&manifest).to_string() == known.id).then_some((file, Some(manifest), damaged))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{FileTime, samples::name},
        store::sha256,
    };

    fn stamp(inode: u64) -> Stamp {
        Stamp {
            device: 1,
            inode,
            bytes: 3,
            changed: FileTime(5, 6),
        }
    }

    fn manifest(text: &[u8]) -> Arc<Manifest> {
        let layout = ChunkLayout::for_file(3).unwrap();
        Arc::new(Manifest::new(layout, sha256(text), vec![sha256(text)]).unwrap())
    }

    #[test]
    fn what_was_kept_elsewhere_is_known_here_and_in_later_runs() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| Cache::open(folder.path().join(name));
        let layout = ChunkLayout::for_file(3).unwrap();
        let digest = sha256(b"abc");
        let manifest = Arc::new(Manifest::new(layout, digest, vec![digest]).unwrap());
        let name = FileName::try_from("serie/a").unwrap();
        let stamp = Stamp {
            device: 0,
            inode: 7,
            bytes: 3,
            changed: FileTime(5, 0),
        };
        let mut first = open("first");
        first.put(&name, stamp, &manifest);
        assert!(first.take_news().is_none());
        first.gather_news();
        let other = FileName::try_from("b").unwrap();
        first.put(&other, stamp, &manifest);
        let news = first.take_news().unwrap();
        assert!(first.take_news().is_none());
        let all = first.all_lines();
        assert!(all.len() > news.len());
        let mut second = open("second");
        assert!(second.is_empty() && !second.absorb(b"no line\n") && second.is_empty());
        assert!(second.absorb(&all));
        assert_eq!(second.get(&name, stamp).as_ref(), Some(&manifest));
        drop(second);
        let mut later = open("second");
        assert_eq!(later.get(&other, stamp).as_ref(), Some(&manifest));
    }

    #[test]
    fn somebody_elses_file_of_the_name_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        let theirs = b"my own notes\nof two lines\n";
        std::fs::write(&path, theirs).unwrap();
        let mut cache = Cache::open(path.clone());
        for inode in 0..200 {
            cache.put(&name("a"), stamp(inode), &manifest(b"abc"));
        }
        cache.keep([(&name("a"), stamp(7))].into_iter());
        let aside = folder.path().join("cache.estropeado-1");
        assert_eq!(std::fs::read(aside).unwrap(), theirs);
        let mut cache = Cache::open(path);
        assert_eq!(cache.get(&name("a"), stamp(7)), Some(manifest(b"abc")));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_was_known_is_known_and_damage_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        let mut cache = Cache::open(path.clone());
        for inode in 0..200 {
            cache.put(&name("a"), stamp(inode), &manifest(b"abc"));
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() - 100;
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        std::fs::write(&path, &bytes).unwrap();
        let mut cache = Cache::open(path.clone());
        assert_eq!(cache.get(&name("a"), stamp(198)), Some(manifest(b"abc")));
        assert_eq!(cache.get(&name("a"), stamp(199)), None);
        cache.keep([(&name("a"), stamp(7))].into_iter());
        assert!(std::fs::metadata(&path).unwrap().len() < 1000);
        cache.put(&name("a"), stamp(8), &manifest(b"xyz"));
        let mut cache = Cache::open(path);
        assert_eq!(cache.get(&name("a"), stamp(7)), Some(manifest(b"abc")));
        assert_eq!(cache.get(&name("a"), stamp(8)), Some(manifest(b"xyz")));
        assert_eq!(cache.get(&name("a"), stamp(6)), None);
    }

    #[test]
    fn devices_may_get_other_numbers_and_files_other_names_while_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache");
        let mut cache = Cache::open(path.clone());
        cache.put(&name("a"), stamp(1), &manifest(b"abc"));
        let elsewhere = Stamp {
            device: 2,
            ..stamp(1)
        };
        assert_eq!(cache.get(&name("b"), elsewhere), None);
        assert_eq!(cache.get(&name("b"), stamp(1)), Some(manifest(b"abc")));
        let mut cache = Cache::open(path.clone());
        assert_eq!(cache.get(&name("c"), elsewhere), None);
        assert_eq!(cache.get(&name("b"), elsewhere), Some(manifest(b"abc")));
        // Not what it should be, under whatever name.
        cache.set_damaged(&name("b"), elsewhere, &manifest(b"abc"));
        assert_eq!(cache.get(&name("b"), elsewhere), None);
        let mut cache = Cache::open(path.clone());
        assert_eq!(cache.get(&name("a"), stamp(1)), None);
        assert_eq!(cache.damage_of(stamp(1)), Some(manifest(b"abc")));
        // It was read again, and is what it should be; in later runs as well.
        cache.put(&name("c"), stamp(1), &manifest(b"abc"));
        assert_eq!(cache.damage_of(stamp(1)), None);
        let mut cache = Cache::open(path);
        assert_eq!(cache.damage_of(stamp(1)), None);
        assert_eq!(cache.get(&name("c"), stamp(1)), Some(manifest(b"abc")));
    }
}
