//! Time as it would have passed on a machine that does nothing else, for assertions on how long something takes: a busy
//! machine is no fault of what it runs.

use std::time::{Duration, Instant};

/// Measures the time in which no task of this machine had to wait for a processor or a disk, where the system tells
/// it (`/proc/pressure`); all the time otherwise.
pub struct Unhindered {
    began: Instant,
    before: Duration,
}

impl Unhindered {
    pub fn start() -> Self {
        Self {
            began: Instant::now(),
            before: hindered(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        let waited = hindered().saturating_sub(self.before);
        self.began.elapsed().saturating_sub(waited)
    }
}

/// Time since the start of the machine in which some task waited.
fn hindered() -> Duration {
    ["cpu", "io"].iter().filter_map(|what| waited(what)).sum()
}

/// Of `some avg10=0.00 avg60=0.00 avg300=0.00 total=12345`, in microseconds.
fn waited(what: &str) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/pressure/{what}")).ok()?;
    let some = text.lines().find(|line| line.starts_with("some "))?;
    let total = some.rsplit_once("total=")?.1;
    total.parse().ok().map(Duration::from_micros)
}
