//! How long it takes until the bytes flow again after a fault.
//!
//! The links' counters are read every 25 ms. A fault counts when the uplinks that were whole were loaded to
//! 80 % in the half second before it. *Recovered* is the beginning of the first 200 ms after the fault in
//! which all receivers together (clients, and secondaries that copy) get at least 80 % of what the uplinks
//! that are left can give. *Silence* is what one client notices: the longest time without payload that any
//! client with a running download, itself unharmed, had while it began before the recovery.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crate::network::bytes_to_nodes;

const EVERY: Duration = Duration::from_millis(25);
const WINDOW: Duration = Duration::from_millis(200);
const BEFORE: Duration = Duration::from_millis(500);
const LOADED: f64 = 0.8;
/// Less than this in [`EVERY`] is no payload, but talk.
const TALK_BYTES: u64 = 2_000;
/// A silence is looked for this long after a fault, at least.
const WATCHED: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Kill,
    Freeze,
    Cut,
    Slow,
    Corruption,
    CentralRestart,
}

/// What was measured of one fault.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub recovery: Duration,
    pub silence: Duration,
}

/// All faults of a kind.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    pub measured: Vec<Sample>,
    /// Faults before which the uplinks were not loaded, or in which the central was hit too.
    pub discarded: u64,
}

#[derive(Debug)]
struct Pending {
    kind: Kind,
    at: Instant,
    recovered: Option<Instant>,
    silence: Duration,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes per second that the uplinks that are whole can give.
    capacity: f64,
    /// Clients that should be receiving, by the names of their links.
    receiving: Vec<String>,
    /// What came, all together, over time.
    past: VecDeque<(Instant, u64)>,
    heard: BTreeMap<String, (u64, Instant)>,
    pending: Vec<Pending>,
    samples: BTreeMap<Kind, Samples>,
    stop: bool,
}

/// Reads counters in a thread of its own.
pub struct Meter {
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl Meter {
    pub fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            loop {
                std::thread::sleep(EVERY);
                let bytes = bytes_to_nodes();
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if state.stop {
                    return;
                }
                state.look(Instant::now(), &bytes);
            }
        });
        Self {
            state,
            thread: Some(thread),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Nothing can be measured while nobody can send.
    pub fn set_capacity(&self, bytes_per_s: f64) {
        if bytes_per_s <= 0.0 {
            self.discard_pending();
        }
        self.with(|state| state.capacity = bytes_per_s);
    }

    pub fn set_receiving(&self, links: Vec<String>) {
        self.with(|state| state.receiving = links);
    }

    /// True while the uplinks that are whole have been loaded.
    pub fn is_loaded(&self) -> bool {
        self.with(|state| state.is_loaded(Instant::now()))
    }

    /// A fault begins; `loaded` is what [`Self::is_loaded`] said just before it.
    pub fn fault(&self, kind: Kind, loaded: bool) {
        self.with(|state| {
            if loaded {
                let at = Instant::now();
                state.pending.push(Pending {
                    kind,
                    at,
                    recovered: None,
                    silence: Duration::ZERO,
                });
            } else {
                state.samples.entry(kind).or_default().discarded += 1;
            }
        });
    }

    /// What is being measured is disturbed by something else.
    pub fn discard_pending(&self) {
        self.with(|state| {
            for pending in std::mem::take(&mut state.pending) {
                state.samples.entry(pending.kind).or_default().discarded += 1;
            }
        });
    }

    pub fn stop(mut self) -> BTreeMap<Kind, Samples> {
        self.discard_pending();
        self.with(|state| state.stop = true);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the meter does not panic");
        }
        self.with(|state| std::mem::take(&mut state.samples))
    }
}

impl State {
    fn rate(&self, from: Instant, to: Instant) -> Option<f64> {
        let bytes_at = |at: Instant| {
            self.past
                .iter()
                .rev()
                .find(|(when, _)| *when <= at)
                .copied()
        };
        let ((began, first), (ended, last)) = (bytes_at(from)?, bytes_at(to)?);
        let seconds = ended.checked_duration_since(began)?.as_secs_f64();
        (seconds > 0.0).then(|| (last - first) as f64 / seconds)
    }

    fn is_loaded(&self, now: Instant) -> bool {
        let rate = now
            .checked_sub(BEFORE)
            .and_then(|from| self.rate(from, now));
        self.capacity > 0.0 && rate.is_some_and(|rate| rate >= LOADED * self.capacity)
    }

    fn look(&mut self, now: Instant, links: &[(String, u64)]) {
        let receivers = links.iter().filter(|(name, _)| !name.starts_with("tz-c"));
        let total = receivers.map(|(_, bytes)| bytes).sum();
        self.past.push_back((now, total));
        while self
            .past
            .front()
            .is_some_and(|(at, _)| *at + 4 * BEFORE < now)
        {
            self.past.pop_front();
        }
        let mut silent = Duration::ZERO;
        for (name, bytes) in links {
            let (before, heard) = self.heard.entry(name.clone()).or_insert((*bytes, now));
            let receives = self.receiving.contains(name);
            if bytes.saturating_sub(*before) > TALK_BYTES || !receives {
                *heard = now;
            }
            *before = *bytes;
            silent = silent.max(now.saturating_duration_since(*heard));
        }
        let from = now.checked_sub(WINDOW);
        let enough = from
            .and_then(|from| self.rate(from, now))
            .is_some_and(|rate| self.capacity > 0.0 && rate >= LOADED * self.capacity);
        let mut pending = std::mem::take(&mut self.pending);
        pending.retain_mut(|fault| {
            if enough && fault.recovered.is_none() {
                fault.recovered = from.filter(|from| *from >= fault.at);
            }
            let last = fault.recovered.map_or(now, |at| at.max(fault.at + WATCHED));
            // A silence that began after the recovery is another's.
            if now.checked_sub(silent).is_some_and(|began| began <= last) {
                fault.silence = fault
                    .silence
                    .max(silent.min(now.saturating_duration_since(fault.at)));
            }
            let Some(recovered) = fault
                .recovered
                .filter(|_| now > last + EVERY && silent < 4 * EVERY)
            else {
                return true;
            };
            let recovery = recovered.saturating_duration_since(fault.at);
            let sample = Sample {
                recovery,
                silence: fault.silence,
            };
            self.samples
                .entry(fault.kind)
                .or_default()
                .measured
                .push(sample);
            false
        });
        self.pending = pending;
    }
}
