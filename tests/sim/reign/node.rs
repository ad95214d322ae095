//! One central: its machine, its clock, and a registry that is a list of requests.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use bytes::Bytes;
use trozos::{
    engine::leadership::{Batch, Config, Leadership, WatchId},
    model::{Digest, Revision},
};

/// A request of a client, numbered for good.
pub type Rid = u64;

/// The durable state: which batches are in it, and in which batch each request is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    pub seq: u64,
    pub term: u64,
    pub requests: BTreeMap<Rid, u64>,
}

impl Registry {
    pub fn apply(&mut self, batch: &Batch) {
        assert_eq!(batch.seq, self.seq + 1, "applied out of order");
        assert!(
            batch.term >= self.term,
            "an earlier term after {}",
            self.term
        );
        (self.seq, self.term) = (batch.seq, batch.term);
        for rid in requests_of(&batch.body) {
            let before = self.requests.insert(rid, batch.seq);
            assert_eq!(
                before, None,
                "request {rid} is there twice: {} and {before:?}",
                batch.seq
            );
        }
    }

    pub fn text(&self) -> Bytes {
        let mut text = format!("{} {}", self.seq, self.term);
        for (rid, seq) in &self.requests {
            text.push_str(&format!("\n{rid} {seq}"));
        }
        text.into()
    }

    pub fn read(text: &Bytes) -> Self {
        let text = std::str::from_utf8(text).unwrap();
        let mut pairs = text.lines().map(|line| {
            let (one, two) = line.split_once(' ').unwrap();
            (one.parse().unwrap(), two.parse().unwrap())
        });
        let (seq, term) = pairs.next().unwrap();
        Self {
            seq,
            term,
            requests: pairs.collect(),
        }
    }
}

pub fn requests_of(body: &[u8]) -> Vec<Rid> {
    let text = std::str::from_utf8(body).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("rid ")?.parse().ok())
        .collect()
}

/// Not a SHA-256, but as good here.
pub fn digest(body: &Bytes) -> Digest {
    let mut sum = [0_u8; 32];
    for (at, byte) in body.iter().enumerate() {
        sum[at % 32] = sum[at % 32].wrapping_mul(31).wrapping_add(*byte);
    }
    Digest::new(sum)
}

#[derive(Debug)]
pub struct Process {
    pub machine: Leadership,
    /// Tells answers to this process from those to an earlier one.
    pub run: u32,
    /// Committed batches only.
    pub registry: Registry,
    /// Requests that are in no batch yet.
    pub gathered: BTreeSet<Rid>,
    /// Those in the batch on its way.
    pub in_flight: Option<Batch>,
    pub watch: Option<Watch>,
    pub limited: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Watch {
    pub id: WatchId,
    pub next: Revision,
}

#[derive(Debug)]
pub struct Node {
    pub name: String,
    pub process: Option<Process>,
    pub runs: u32,
    /// How fast its clock goes beside the store's.
    pub rate: f64,
    base: Instant,
    /// SIGSTOP or suspend until then.
    pub stopped_until: Duration,
    /// No connection to the store until then.
    pub cut_until: Duration,
    /// The member that it asks stands still until then.
    pub frozen_until: Duration,
}

impl Node {
    pub fn new(name: String, rate: f64) -> Self {
        Self {
            name,
            process: None,
            runs: 0,
            rate,
            base: Instant::now(),
            stopped_until: Duration::ZERO,
            cut_until: Duration::ZERO,
            frozen_until: Duration::ZERO,
        }
    }

    /// What its clock shows.
    pub fn local(&self, now: Duration) -> Instant {
        self.base + now.mul_f64(self.rate)
    }

    /// When its clock will show this.
    pub fn global(&self, at: Instant) -> Duration {
        let local = at.saturating_duration_since(self.base);
        // Never before it: clocks are compared in nanoseconds.
        local.div_f64(self.rate) + Duration::from_nanos(2)
    }

    pub fn start(&mut self, now: Duration, config: &Config) {
        self.runs += 1;
        let config = Config {
            node: self.name.clone(),
            address: format!("10.0.0.{}:7000", self.name.trim_start_matches('c')),
            ..config.clone()
        };
        self.process = Some(Process {
            machine: Leadership::new(self.local(now), config),
            run: self.runs,
            registry: Registry::default(),
            gathered: BTreeSet::new(),
            in_flight: None,
            watch: None,
            limited: false,
        });
    }

    pub fn runs(&self, now: Duration) -> bool {
        self.process.is_some() && self.stopped_until <= now
    }

    pub fn is_active(&self, now: Duration) -> bool {
        let local = self.local(now);
        self.runs(now)
            && (self.process.as_ref()).is_some_and(|process| process.machine.is_active(local))
    }
}
