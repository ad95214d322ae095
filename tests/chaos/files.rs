//! The files that are served: which there are, what is added, deleted, damaged and repaired.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use trozos::store::sha256;

use crate::{
    nodes::served,
    people::People,
    story::{SECONDARIES, Settings},
    support::noise,
};

/// One byte in so many is wrong in a damaged file: some in each chunk.
const DAMAGE_EVERY: u64 = 500_000;

#[derive(Clone, Debug)]
pub struct Content {
    pub bytes: u64,
    pub digest: String,
}

pub struct Files {
    folder: PathBuf,
    seed: u64,
    /// Those that stay.
    pub base: BTreeMap<String, Content>,
    /// Those that came meanwhile; some are deleted again.
    pub extra: BTreeMap<String, Content>,
    /// A damaged file per secondary.
    damaged: [Option<String>; SECONDARIES],
    /// Those that people change.
    pub people: People,
}

impl Files {
    /// Puts the same files into the folders of all secondaries.
    pub fn prepare(settings: &Settings, folder: &Path, random: &mut fastrand::Rng) -> Self {
        let mut files = Self {
            folder: folder.to_owned(),
            seed: settings.seed,
            base: BTreeMap::new(),
            extra: BTreeMap::new(),
            damaged: [const { None }; SECONDARIES],
            people: People::prepare(settings, folder),
        };
        for n in 0..settings.plan.base_files {
            let name = format!("película {n}.bin");
            let bytes = noise(
                settings.seed + n as u64,
                random.usize(settings.plan.file_bytes.clone()),
            );
            for secondary in 0..SECONDARIES {
                files.put(secondary, &name, &bytes);
            }
            files.base.insert(name, content(&bytes));
        }
        files
    }

    fn path(&self, secondary: usize, name: &str) -> PathBuf {
        self.folder.join(served(secondary)).join(name)
    }

    pub fn content(&self, name: &str) -> Option<&Content> {
        self.base.get(name).or_else(|| self.extra.get(name))
    }

    /// Somebody has saved these bytes under this name at some time.
    pub fn is_version(&self, name: &str, digest: &str) -> bool {
        let is_it = |content: &Content| content.digest == digest;
        self.content(name).is_some_and(is_it) || self.people.ledger.is_version(name, digest)
    }

    /// How long a download of it is at most.
    pub fn longest(&self, name: &str) -> u64 {
        let stays = self.content(name).map(|content| content.bytes);
        let changes = || self.people.ledger.longest(name);
        stays.or_else(changes).unwrap_or(0)
    }

    /// A file appears whole, as when it is moved into the folder.
    fn put(&self, secondary: usize, name: &str, bytes: &[u8]) {
        let (hidden, path) = (self.path(secondary, ".new"), self.path(secondary, name));
        fs::create_dir_all(hidden.parent().unwrap()).unwrap();
        fs::write(&hidden, bytes).unwrap();
        fs::rename(hidden, path).unwrap();
    }

    pub fn add(&mut self, secondary: usize, random: &mut fastrand::Rng) {
        let number = self.extra.len() as u64;
        let name = format!("nuevo {number}.bin");
        let bytes = noise(
            self.seed + 1000 + number,
            random.usize(1_000_000..6_000_000),
        );
        self.put(secondary, &name, &bytes);
        self.extra.insert(name, content(&bytes));
    }

    /// Deletes one of the new files that all hold; false when there is none.
    pub fn delete(&self, secondary: usize) -> bool {
        let on_all = |name: &&String| (0..SECONDARIES).all(|n| self.path(n, name).exists());
        let Some(name) = self.extra.keys().find(on_all) else {
            return false;
        };
        fs::remove_file(self.path(secondary, name)).is_ok()
    }

    /// Writes wrong bytes into a file and gives it back its time of change: only digests can tell. Each
    /// secondary has a file of its own for this, as two bad copies of one chunk would blame the manifest.
    pub fn damage(&mut self, secondary: usize) -> bool {
        let name = self.base.keys().nth(secondary).unwrap().clone();
        if self.damaged[secondary].is_some() {
            return false;
        }
        self.flip(&self.path(secondary, &name));
        self.damaged[secondary] = Some(name);
        true
    }

    fn flip(&self, path: &Path) {
        let file = fs::File::options()
            .read(true)
            .write(true)
            .open(path)
            .unwrap();
        let meta = file.metadata().unwrap();
        let mut places = Vec::new();
        for offset in (0..meta.len()).step_by(DAMAGE_EVERY as usize) {
            let mut byte = [0];
            file.read_exact_at(&mut byte, offset).unwrap();
            places.push((offset, [!byte[0]]));
        }
        for (offset, byte) in places {
            file.write_all_at(&byte, offset).unwrap();
        }
        file.set_modified(meta.modified().unwrap()).unwrap();
    }

    /// Puts the right bytes in place of a damaged file, as from a backup.
    pub fn repair(&mut self, secondary: usize) {
        let Some(name) = self.damaged[secondary].take() else {
            return;
        };
        let path = self.path(secondary, &name);
        let copy = self.path(secondary, ".backup");
        fs::copy(&path, &copy).unwrap();
        self.flip(&copy);
        let file = fs::File::options().write(true).open(&copy).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(5))
            .unwrap();
        fs::rename(copy, path).unwrap();
    }
}

fn content(bytes: &[u8]) -> Content {
    Content {
        bytes: bytes.len() as u64,
        digest: sha256(bytes).to_string(),
    }
}
