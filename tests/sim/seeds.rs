//! Which seeds run, on which threads, and how to run one of them again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// One seed, with its story told.
pub const ONE: &str = "TROZOS_SEMILLA";
/// How many seeds, for a soak.
pub const COUNT: &str = "TROZOS_SEMILLAS";
/// The first of them.
pub const FIRST: &str = "TROZOS_DESDE";

/// One of the faults with a name only.
pub const NAME: &str = "TROZOS_NOMBRE";
/// Of so many that fail the rest need not be tried.
const MOST_FAILED: usize = 5;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}: {text:?} is no number")),
    )
}

/// Runs a story for `usual` seeds, or for those that the environment names, on all cores. The flag asks for
/// the story to be told. Every seed that fails is printed with the command that repeats it.
pub fn every(test: &str, usual: u64, story: impl Fn(u64, bool) + Sync) {
    every_long(test, usual, 1, story);
}

/// The same of a story that takes as long as so many of the others: of a soak it has its share.
pub fn every_long(test: &str, usual: u64, cost: u64, story: impl Fn(u64, bool) + Sync) {
    if let Some(seed) = number(ONE) {
        return story(seed, true);
    }
    let first = number(FIRST).unwrap_or(0);
    let end = first + number(COUNT).map_or(usual, |count| (count / cost).max(1));
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, Into::into) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    if catch_unwind(AssertUnwindSafe(|| story(seed, false))).is_err() {
                        println!("again: {ONE}={seed} cargo test --locked --test sim {test} -- --nocapture");
                        let mut failed = failed.lock().expect("no panic holds it");
                        failed.push(seed);
                        if failed.len() >= MOST_FAILED {
                            next.store(end, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no panic holds it");
    assert!(failed.is_empty(), "{test}: seeds {failed:?} failed");
    println!("{test}: {} seeds", end - first);
}
