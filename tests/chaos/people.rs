//! People who change what is served, at any secondary, whatever is wrong with it: they edit files in place, append to
//! them, replace them, rename them and their folders, delete several at once and put new ones.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    io::Write,
    ops::Range,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use trozos::store::{sha256, sha256_file};

use crate::{
    ledger::{Change, Disks, Ledger},
    nodes::served,
    story::{SECONDARIES, Settings},
    support::{names, noise},
};

/// Everything of theirs is in this folder.
pub const HOME: &str = "gente";
const FOLDERS: usize = 4;
const FILES_EACH: usize = 3;
const FILE_BYTES: Range<usize> = 5_000..200_000;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A program that was started, or goes on, has read its folder by then.
const SEES_AFTER: Duration = Duration::from_secs(4);

/// Length, inode and last change: with the same look a file is the same.
type Look = (u64, u64, i64, i64);

/// Whoever appends to a file opens it, and closes it, for each piece.
struct Burst {
    n: usize,
    name: String,
    due: Instant,
    left: u8,
    /// Something was appended.
    has_begun: bool,
}

/// See the module.
pub struct People {
    folder: PathBuf,
    random: fastrand::Rng,
    gap_ms: Range<u64>,
    pub ledger: Ledger,
    due: Instant,
    looked_at: Instant,
    bursts: Vec<Burst>,
    /// Since when each secondary has run.
    runs_since: [Option<Instant>; SECONDARIES],
    digests: HashMap<PathBuf, (Look, String)>,
    made: u64,
    pub acts: BTreeMap<&'static str, u64>,
}

impl People {
    pub fn prepare(settings: &Settings, folder: &Path) -> Self {
        let now = Instant::now();
        let mut people = Self {
            folder: folder.to_owned(),
            random: fastrand::Rng::with_seed(settings.seed ^ 0x0067_656e_7465),
            gap_ms: settings.plan.edit_gap_ms.clone(),
            ledger: Ledger::default(),
            due: now,
            looked_at: now,
            bursts: Vec::new(),
            runs_since: [Some(now); SECONDARIES],
            digests: HashMap::new(),
            made: 0,
            acts: BTreeMap::new(),
        };
        for folder in 0..FOLDERS {
            for file in 0..FILES_EACH {
                let name = format!("{HOME}/curso {folder}/tema {file}.bin");
                let bytes = people.invent();
                for n in 0..SECONDARIES {
                    people.put(n, &name, &bytes);
                }
                let digest = sha256(&bytes).to_string();
                people.ledger.given(&name, &digest, bytes.len() as u64);
            }
        }
        people
    }

    fn invent(&mut self) -> Vec<u8> {
        self.made += 1;
        let seed = self.random.u64(..);
        noise(seed, self.random.usize(FILE_BYTES))
    }

    fn path(&self, n: usize, name: &str) -> PathBuf {
        self.folder.join(served(n)).join(name)
    }

    fn put(&self, n: usize, name: &str, bytes: &[u8]) {
        let (hidden, path) = (self.path(n, ".gente"), self.path(n, name));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&hidden, bytes).unwrap();
        fs::rename(hidden, path).unwrap();
    }

    /// A secondary runs from now on, or does not.
    pub fn runs(&mut self, n: usize, runs: bool) {
        self.runs_since[n] = runs.then(Instant::now);
    }

    /// A secondary's process ended.
    pub fn ended(&mut self, n: usize) {
        let disks = self.disks();
        self.ledger.ended(n, &disks);
        for burst in self.bursts.iter().filter(|burst| burst.n == n) {
            self.ledger.unordered(&burst.name);
        }
        self.runs(n, false);
    }

    fn sees(&self, n: usize) -> bool {
        self.runs_since[n].is_some_and(|since| since.elapsed() > SEES_AFTER)
    }

    /// The digest of a file; each is read once.
    fn digest(&mut self, path: &Path) -> Option<String> {
        let meta = fs::symlink_metadata(path).ok()?;
        let look = (meta.len(), meta.ino(), meta.ctime(), meta.ctime_nsec());
        if let Some((looked, digest)) = self.digests.get(path)
            && *looked == look
        {
            return Some(digest.clone());
        }
        let digest = sha256_file(path).ok()?.to_string();
        self.digests.insert(path.to_owned(), (look, digest.clone()));
        Some(digest)
    }

    fn disk(&mut self, n: usize) -> BTreeMap<String, String> {
        let all = names(&self.path(n, HOME));
        let all = all.into_iter().map(|name| format!("{HOME}/{name}"));
        all.filter_map(|name| Some((name.clone(), self.digest(&self.path(n, &name))?)))
            .collect()
    }

    pub fn disks(&mut self) -> Disks {
        std::array::from_fn(|n| self.disk(n))
    }

    /// What was set aside anywhere.
    fn set_aside(&mut self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for n in 0..SECONDARIES {
            let base = self.path(n, ".trozos/retirados");
            let all = names(&base);
            found.extend(all.iter().filter_map(|name| self.digest(&base.join(name))));
        }
        found
    }

    /// Somebody destroys what is there at one secondary: where it was the only copy, it need not be anywhere any more.
    fn release(&mut self, n: usize, digest: &str) {
        let disks = self.disks();
        let others = (0..SECONDARIES).filter(|other| *other != n);
        let is_elsewhere = others
            .flat_map(|other| disks[other].values())
            .any(|other| other == digest);
        if !is_elsewhere && !self.set_aside().contains(digest) {
            self.ledger.saved.remove(digest);
        }
    }

    /// Looks at what there is, from time to time. Gives what should not be so.
    pub fn look(&mut self, servers_are_well: bool) -> Vec<String> {
        let now = Instant::now();
        self.ledger.servers_are_well(servers_are_well, now);
        if now < self.looked_at + LOOK_EVERY {
            return Vec::new();
        }
        self.looked_at = now;
        let disks = self.disks();
        self.ledger.look(&disks, now)
    }

    /// Ends what somebody is in the middle of.
    pub fn finish(&mut self) {
        for burst in std::mem::take(&mut self.bursts) {
            self.append(&burst);
        }
    }

    /// Does what is due; gives what it was.
    pub fn work(&mut self) -> Option<String> {
        let now = Instant::now();
        if let Some(at) = self.bursts.iter().position(|burst| burst.due <= now) {
            let mut burst = self.bursts.swap_remove(at);
            self.append(&burst);
            burst.has_begun = true;
            let told = format!("appends to {} at {}", burst.name, burst.n + 1);
            burst.left -= 1;
            burst.due = now + Duration::from_millis(self.random.u64(100..400));
            if burst.left > 0 {
                self.bursts.push(burst);
            }
            return Some(told);
        }
        if now < self.due {
            return None;
        }
        self.due = now + Duration::from_millis(self.random.u64(self.gap_ms.clone()));
        let n = self.random.usize(..SECONDARIES);
        let there = self.disk(n);
        let kind = self.random.u8(..24);
        let Some(name) = self.pick(&there) else {
            return Some(self.add(n, &there));
        };
        let (what, told) = match kind {
            0..6 => ("edited in place", self.edit(n, &name)),
            6..9 => ("appended", self.start_burst(n, &name)),
            9..14 => ("replaced", self.replace(n, &name, &there)),
            14..17 => ("renamed", self.rename(n, &name, &there)),
            17..19 => ("folder renamed", self.rename_folder(n, &name, &there)),
            19..21 => ("deleted", self.delete(n, &there)),
            _ => ("put", self.add(n, &there)),
        };
        *self.acts.entry(what).or_default() += 1;
        Some(told)
    }

    /// A file to work on; mostly one that everybody has.
    fn pick(&mut self, there: &BTreeMap<String, String>) -> Option<String> {
        let free = |name: &&String| !self.bursts.iter().any(|burst| burst.name == **name);
        let all: Vec<_> = there.keys().filter(free).collect();
        let settled = |name: &&&String| self.ledger.is_settled(name);
        let settled: Vec<_> = all.iter().filter(settled).copied().collect();
        let rash = self.random.u8(..5) == 0;
        let from = if rash || settled.is_empty() {
            all
        } else {
            settled
        };
        let chosen = self.random.choice(from)?;
        Some(chosen.clone())
    }

    fn written(&mut self, n: usize, name: &str, before: Option<&str>, digest: &str, bytes: u64) {
        let is_seen = self.sees(n);
        let change = Change {
            n,
            name,
            before,
            is_seen,
        };
        self.ledger.written(&change, digest, bytes);
    }

    fn gone(&mut self, n: usize, name: &str, before: &str) {
        let is_seen = self.sees(n);
        let change = Change {
            n,
            name,
            before: Some(before),
            is_seen,
        };
        self.ledger.deleted(&change);
    }

    /// Anew from its beginning, or some bytes of it.
    fn edit(&mut self, n: usize, name: &str) -> String {
        let path = self.path(n, name);
        let mut bytes = fs::read(&path).unwrap_or_default();
        let before = sha256(&bytes).to_string();
        self.release(n, &before);
        let file = fs::File::options().write(true).open(&path);
        let Ok(mut file) = file else {
            return format!("{name} is gone from {} meanwhile", n + 1);
        };
        if self.random.bool() {
            let at = self.random.usize(..bytes.len().max(2) / 2);
            let piece = noise(self.random.u64(..), 1 + bytes.len() / 4);
            file.write_all_at(&piece, at as u64).unwrap();
            bytes.resize(bytes.len().max(at + piece.len()), 0);
            bytes[at..at + piece.len()].copy_from_slice(&piece);
        } else {
            bytes = self.invent();
            file.set_len(0).unwrap();
            file.write_all(&bytes).unwrap();
        }
        drop(file);
        let digest = sha256(&bytes).to_string();
        self.written(n, name, Some(&before), &digest, bytes.len() as u64);
        format!("edits {name} at {} to {digest}", n + 1)
    }

    fn start_burst(&mut self, n: usize, name: &str) -> String {
        self.bursts.push(Burst {
            n,
            name: name.to_owned(),
            due: Instant::now(),
            left: self.random.u8(1..=3),
            has_begun: false,
        });
        format!("begins to append to {name} at {}", n + 1)
    }

    fn append(&mut self, burst: &Burst) {
        let (n, name) = (burst.n, burst.name.as_str());
        let path = self.path(n, name);
        let piece = noise(self.random.u64(..), self.random.usize(100..20_000));
        let mut bytes = fs::read(&path).unwrap_or_default();
        let before = sha256(&bytes).to_string();
        let Ok(mut file) = fs::File::options().append(true).open(&path) else {
            // Deleted or renamed meanwhile.
            self.ledger.unordered(name);
            return;
        };
        self.release(n, &before);
        file.write_all(&piece).unwrap();
        drop(file);
        bytes.extend_from_slice(&piece);
        let digest = sha256(&bytes).to_string();
        if burst.has_begun {
            self.ledger
                .continued(name, &before, &digest, bytes.len() as u64);
        } else {
            self.written(n, name, Some(&before), &digest, bytes.len() as u64);
        }
    }

    fn replace(&mut self, n: usize, name: &str, there: &BTreeMap<String, String>) -> String {
        let bytes = self.invent();
        self.release(n, &there[name]);
        self.put(n, name, &bytes);
        let digest = sha256(&bytes).to_string();
        let before = there.get(name).map(String::as_str);
        self.written(n, name, before, &digest, bytes.len() as u64);
        format!("replaces {name} at {} by {digest}", n + 1)
    }

    /// A name that is not there: of what was deleted, or that never was.
    fn new_name(&mut self, there: &BTreeMap<String, String>) -> String {
        let gone = self.ledger.lines.iter();
        let gone = gone.filter(|(name, line)| line.latest.is_none() && !there.contains_key(*name));
        let gone: Vec<_> = gone.map(|(name, _)| name.clone()).collect();
        if self.random.u8(..3) == 0
            && let Some(name) = self.random.choice(gone)
        {
            return name;
        }
        self.made += 1;
        let folder = self.random.usize(..FOLDERS);
        format!("{HOME}/curso {folder}/nuevo {}.bin", self.made)
    }

    fn add(&mut self, n: usize, there: &BTreeMap<String, String>) -> String {
        let (name, bytes) = (self.new_name(there), self.invent());
        let digest = sha256(&bytes).to_string();
        self.put(n, &name, &bytes);
        self.written(n, &name, None, &digest, bytes.len() as u64);
        format!("puts {name} at {}: {digest}", n + 1)
    }

    /// Files of one secondary have other names from now on.
    fn moved(&mut self, n: usize, from: &str, to: &str, digest: &str) {
        let bytes = fs::metadata(self.path(n, to)).map_or(0, |meta| meta.len());
        self.gone(n, from, digest);
        self.written(n, to, None, digest, bytes);
    }

    fn rename(&mut self, n: usize, name: &str, there: &BTreeMap<String, String>) -> String {
        let to = self.new_name(there);
        let path = self.path(n, &to);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if fs::rename(self.path(n, name), &path).is_ok() {
            let digest = self.digest(&path).unwrap();
            self.moved(n, name, &to, &digest);
        }
        format!("renames {name} at {} to {to}", n + 1)
    }

    fn rename_folder(&mut self, n: usize, name: &str, there: &BTreeMap<String, String>) -> String {
        let (from, _) = name.rsplit_once('/').unwrap();
        self.made += 1;
        let to = format!("{HOME}/curso {}", self.made + 100);
        if self
            .bursts
            .iter()
            .any(|b| b.n == n && b.name.starts_with(from))
        {
            return format!("leaves {from} alone, as somebody writes there");
        }
        if fs::rename(self.path(n, from), self.path(n, &to)).is_err() {
            return format!("{from} is gone from {} meanwhile", n + 1);
        }
        // What is there now is what was renamed.
        for file in names(&self.path(n, &to)) {
            let (old, new) = (format!("{from}/{file}"), format!("{to}/{file}"));
            let Some(digest) = self.digest(&self.path(n, &new)) else {
                continue;
            };
            if there.get(&old) != Some(&digest) {
                self.ledger.unordered(&old);
            }
            self.moved(n, &old, &new, &digest);
        }
        format!("renames {from} at {} to {to}", n + 1)
    }

    fn delete(&mut self, n: usize, there: &BTreeMap<String, String>) -> String {
        let mut told = Vec::new();
        for _ in 0..self.random.u8(1..=3) {
            let Some(name) = self.pick(there) else {
                continue;
            };
            let path = self.path(n, &name);
            let Some(digest) = self.digest(&path) else {
                continue;
            };
            self.release(n, &digest);
            if fs::remove_file(path).is_ok() {
                self.gone(n, &name, &digest);
                told.push(name);
            }
        }
        format!("deletes {told:?} at {}", n + 1)
    }

    /// What must hold once all is level.
    pub fn check(&mut self) -> Vec<String> {
        let disks = self.disks();
        let mut wrong = Vec::new();
        for (name, digest) in disks.iter().flatten() {
            if !self.ledger.is_version(name, digest) {
                wrong.push(format!("nobody has ever put {name} with {digest}"));
            }
        }
        for (name, line) in &self.ledger.lines {
            if line.is_ordered && disks[0].get(name) != line.latest.as_ref() {
                wrong.push(format!("{name} is {:?}: {line:?}", disks[0].get(name)));
            }
        }
        let mut kept = self.set_aside();
        kept.extend(disks.iter().flat_map(|disk| disk.values().cloned()));
        for (digest, name) in &self.ledger.saved {
            if !kept.contains(digest) {
                wrong.push(format!("{digest}, once {name}, is nowhere any more"));
            }
        }
        wrong
    }
}
