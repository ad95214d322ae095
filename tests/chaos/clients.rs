//! People who download all the time: each has a few downloads at once, and asks again for what was
//! interrupted. Drives a client's prompt and reads what it prints.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use trozos::store::sha256_file;

use crate::{
    files::Files,
    nodes::{Life, Node, target},
};

/// Downloads that each client has at once.
pub const AT_ONCE: usize = 2;
/// When a request that was refused, as there was nobody to answer it, is made again.
const AGAIN: Duration = Duration::from_secs(1);
/// When one without any answer is.
const NO_ANSWER: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// Not typed yet, or to be typed again then.
    Due(Instant),
    Asked(Instant),
    Waits,
    Runs,
}

/// One client's downloads.
pub struct Downloader {
    n: usize,
    folder: PathBuf,
    jobs: BTreeMap<String, Job>,
    /// Lines that were read of the present process.
    read: usize,
    /// How often each file was completed.
    pub completed: BTreeMap<String, u64>,
    /// How many verified bytes that was.
    pub payload: u64,
    /// Names whose download ended because the file was deleted.
    pub vanished: Vec<String>,
    /// Downloads that were lost to kills, in bytes of their files, and those booked so late that a kill may
    /// have lost their figures.
    pub at_risk: u64,
    finished_at: Vec<(Instant, u64)>,
    random: fastrand::Rng,
}

impl Downloader {
    pub fn new(n: usize, folder: &Path, seed: u64) -> Self {
        Self {
            n,
            folder: folder.join(target(n)),
            jobs: BTreeMap::new(),
            read: 0,
            completed: BTreeMap::new(),
            payload: 0,
            vanished: Vec::new(),
            at_risk: 0,
            finished_at: Vec::new(),
            random: fastrand::Rng::with_seed(seed.wrapping_add(77 + n as u64)),
        }
    }

    pub fn is_running(&self) -> bool {
        self.jobs.values().any(|job| *job == Job::Runs)
    }

    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }

    pub fn jobs(&self) -> String {
        format!("{:?}", self.jobs)
    }

    /// The process was killed: what ran is asked for again.
    pub fn killed(&mut self, files: &Files) {
        let now = Instant::now();
        self.read = 0;
        // Statistics are saved every ten seconds.
        let unsaved = self
            .finished_at
            .iter()
            .filter(|(at, _)| now < *at + Duration::from_secs(12));
        self.at_risk += unsaved.map(|(_, bytes)| bytes).sum::<u64>();
        for (name, job) in &mut self.jobs {
            self.at_risk += files.longest(name);
            *job = Job::Due(now);
        }
    }

    /// Asks for more, up to [`AT_ONCE`].
    pub fn want(&mut self, files: &Files) {
        while self.jobs.len() < AT_ONCE {
            let from: Vec<_> = match self.random.u8(..6) {
                0 if !files.extra.is_empty() => files.extra.keys().collect(),
                1 => files.people.ledger.offered(),
                _ => files.base.keys().collect(),
            };
            let Some(name) = self.random.choice(from) else {
                continue;
            };
            if self.jobs.contains_key(name) || self.vanished.contains(name) {
                // Another draw finds another one, as there are more base files than downloads.
                continue;
            }
            self.jobs.insert(name.clone(), Job::Due(Instant::now()));
        }
    }

    /// Reads what the client printed and types what is due. Gives what should not have happened.
    pub fn poll(&mut self, node: &mut Node, files: &Files) -> Vec<String> {
        let mut wrong = Vec::new();
        let lines = node.process.printed_after(self.read);
        self.read += lines.len();
        for line in lines {
            if let Some(problem) = self.line(&line, files) {
                wrong.push(format!("client {}: {problem}", self.n + 1));
            }
        }
        if node.life == Life::Runs {
            self.type_due(node);
        }
        wrong
    }

    fn type_due(&mut self, node: &mut Node) {
        let now = Instant::now();
        for (name, job) in &mut self.jobs {
            match *job {
                Job::Due(at) if at <= now => {
                    if node.process.try_type(&format!("VIDEO {name}")) {
                        *job = Job::Asked(now);
                    }
                }
                Job::Asked(at) if node.is_well() && now > at + NO_ANSWER => *job = Job::Due(now),
                Job::Due(_) | Job::Asked(_) | Job::Waits | Job::Runs => {}
            }
        }
    }

    /// A line that the client printed; gives what is wrong with it.
    fn line(&mut self, line: &str, files: &Files) -> Option<String> {
        let told = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] "));
        let Some((name, what)) = told.and_then(|(_, rest)| rest.split_once(": ")) else {
            return self.answer(line, files);
        };
        if what.starts_with("empieza") {
            self.jobs.insert(name.to_owned(), Job::Runs);
        } else if what.starts_with("en espera") {
            self.jobs.insert(name.to_owned(), Job::Waits);
        } else if what.starts_with("completa y verificada") {
            self.jobs.remove(name);
            return self.complete(name, files, true);
        } else if what.starts_with("ya estaba completa") {
            self.jobs.remove(name);
            return self.complete(name, files, false);
        } else if what.starts_with("falló") || what.starts_with("cancelada") {
            self.jobs.remove(name);
            if files.base.contains_key(name) {
                return Some(line.to_owned());
            }
            self.vanished.push(name.to_owned());
            return self.stays(name, files);
        }
        None
    }

    /// Something that is not about a download that has a number.
    fn answer(&mut self, line: &str, files: &Files) -> Option<String> {
        let gone = line.starts_with("No hay ningún fichero con ese nombre");
        let later = gone
            || line.contains("o se puede conectar con el central")
            || line.starts_with("Aún no hay servicio")
            || line.contains("no te has inscrito");
        if line.contains("panicked") || line.contains("ERROR") {
            return Some(line.to_owned());
        }
        if !later {
            return None;
        }
        // Answers come in the order of the questions; which one it was does not matter: all are made again.
        let now = Instant::now();
        for (name, job) in &mut self.jobs {
            if matches!(job, Job::Asked(_)) {
                *job = Job::Due(now + AGAIN);
                if gone && !files.base.contains_key(name) && !self.vanished.contains(name) {
                    self.vanished.push(name.clone());
                }
            }
        }
        let vanished = &self.vanished;
        self.jobs
            .retain(|name, job| !(matches!(job, Job::Due(_)) && vanished.contains(name)));
        None
    }

    /// Checks a finished file and makes room for another download of it.
    fn complete(&mut self, name: &str, files: &Files, brought: bool) -> Option<String> {
        let path = self.folder.join(name);
        let digest = match sha256_file(&path) {
            Ok(digest) => digest.to_string(),
            // It was complete before, and was counted and taken away then.
            Err(_) if !brought => return None,
            Err(error) => return Some(format!("{name} is complete and cannot be read: {error}")),
        };
        if !files.is_version(name, &digest) {
            return Some(format!("{name} is complete and wrong: {digest}"));
        }
        for left in [".part", ".part-diario"] {
            if self.folder.join(format!("{name}{left}")).exists() {
                return Some(format!("{name} is complete and has left its {left}"));
            }
        }
        let _ = fs::remove_file(path);
        *self.completed.entry(name.to_owned()).or_default() += 1;
        // Of what people change, something may be taken from an earlier version.
        if let Some(content) = files.content(name) {
            self.payload += content.bytes;
            self.finished_at.push((Instant::now(), content.bytes));
        }
        None
    }

    /// What is in the place of a download that came to nothing must be something that was there.
    fn stays(&self, name: &str, files: &Files) -> Option<String> {
        let path = self.folder.join(name);
        let digest = sha256_file(&path).ok()?.to_string();
        let _ = fs::remove_file(path);
        let wrong = !files.is_version(name, &digest);
        wrong.then(|| format!("{name} was no download, and is {digest}"))
    }
}
