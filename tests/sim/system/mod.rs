//! A whole cluster in one simulated world: one real cluster machine, secondaries and clients that go by
//! `node/rules` and run a real download machine for each copy and download, one network, one virtual time.
//! What must hold is checked after each step where it can be broken: `disk` (no unverified byte reaches a file),
//! `fetch_check` (a chunk that is here stays, two owners, waste), the oracle (places, grants), `central` (numbers),
//! and `World::what_is_wrong` at the end (folders, catalogue, ends).

mod central;
mod chronicle;
mod client;
mod disk;
mod earlier;
mod ending;
mod fetch;
mod fetch_check;
mod link;
mod net;
mod secondary;
pub mod story;
mod wishes;
mod world;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use trozos::model::{Digest, FileMeta};

use self::{
    central::Saved,
    disk::{Content, Disk},
    net::{End, Host, Net, Packet},
};

/// Runs a seed's story to its end.
pub fn run(seed: u64, trace: bool) {
    world::World::new(seed, story::Story::of_seed(seed), trace).run();
}

/// Runs a seed's story of two centrals.
pub fn run_earlier(seed: u64, trace: bool) {
    let story = story::Story::with_an_earlier_central(seed);
    world::World::new(seed, story, trace).run();
}

/// What a process may see and touch while something happens to it.
struct Ctx<'a> {
    /// The world's time, and what the process takes it to be.
    time: Instant,
    now: Instant,
    host: Host,
    net: &'a mut Net,
    disk: &'a mut Disk,
    random: &'a mut fastrand::Rng,
    saved: &'a mut Saved,
    settings: Settings,
    /// Where a central may be, in the order in which they are tried.
    centrals: &'a [Host],
    library: &'a BTreeMap<Digest, Content>,
    sends_wrong_bytes: bool,
    /// Milliseconds since the story began.
    clock_ms: u64,
    /// What all secondaries have sent.
    sent_bytes: &'a mut u64,
    bytes_per_s: f64,
    /// When the story began, if it is to be told.
    told_since: Option<Instant>,
}

/// How the central is started.
#[derive(Clone, Copy, Debug)]
struct Settings {
    required: usize,
    places: usize,
}

impl Ctx<'_> {
    fn send(&mut self, end: End, packet: Packet) {
        self.net.send(self.time, end, packet);
    }

    /// What a file holds, whoever says what of it.
    fn truth(&self, file: &FileMeta) -> Content {
        let content = &self.library[&file.id];
        let mut content = content.clone();
        content.meta.name = file.name.clone();
        content
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if let Some(began) = self.told_since {
            let elapsed: Duration = self.time - began;
            println!("{elapsed:>12.6?} {:>2} {}", self.host, what());
        }
    }
}
