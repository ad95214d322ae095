//! What a run measured: a short table for people, JSON for the benchmark driver.

use std::{fs, time::Duration};

use serde_json::{Value, json};

use crate::{
    audit::Books,
    meter::{Kind, Sample, Samples},
    run::{Measured, World},
};

impl Kind {
    const ALL: [Self; 6] = [
        Self::Kill,
        Self::Freeze,
        Self::Cut,
        Self::Slow,
        Self::Corruption,
        Self::CentralRestart,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Freeze => "freeze",
            Self::Cut => "cut",
            Self::Slow => "slow-down",
            Self::Corruption => "corruption",
            Self::CentralRestart => "central restart",
        }
    }
}

/// Median, 99th percentile and worst (nearest rank), in milliseconds.
fn percentiles(samples: &Samples, of: impl Fn(&Sample) -> Duration) -> Option<[u64; 3]> {
    let mut all: Vec<_> = samples
        .measured
        .iter()
        .map(|sample| of(sample).as_millis() as u64)
        .collect();
    all.sort_unstable();
    let rank = |percent: usize| {
        all.get((all.len() * percent).div_ceil(100).saturating_sub(1))
            .copied()
    };
    Some([rank(50)?, rank(99)?, *all.last()?])
}

fn rounded(figures: Option<[u64; 3]>) -> Value {
    figures.map_or(
        Value::Null,
        |[p50, p99, worst]| json!({"p50": p50, "p99": p99, "worst": worst}),
    )
}

/// Prints the table and writes the JSON.
pub fn tell(world: &World<'_>, measured: &Measured, books: &Books) {
    let nothing = Samples::default();
    let mut kinds = serde_json::Map::new();
    if !measured.is_empty() {
        println!(
            "{:16} {:>7} {:>26} {:>26}",
            "ms", "faults", "recovery p50/p99/worst", "silence p50/p99/worst"
        );
    }
    for kind in Kind::ALL {
        let samples = measured.get(&kind).unwrap_or(&nothing);
        let recovery = percentiles(samples, |sample| sample.recovery);
        let silence = percentiles(samples, |sample| sample.silence);
        let text = |figures: Option<[u64; 3]>| {
            figures.map_or("-".to_owned(), |f| f.map(|n| n.to_string()).join(" / "))
        };
        if !measured.is_empty() {
            println!(
                "{:16} {:>7} {:>26} {:>26}",
                kind.name(),
                samples.measured.len(),
                text(recovery),
                text(silence)
            );
        }
        kinds.insert(
            kind.name().to_owned(),
            json!({
                "samples": samples.measured.len(),
                "discarded": samples.discarded,
                "recovery_ms": rounded(recovery),
                "silence_ms": rounded(silence),
            }),
        );
    }
    let payload: u64 = world.clients.iter().map(|client| client.payload).sum();
    println!(
        "{} downloads, {} MB complete and right; of what was sent {:.2} % was wasted, {:.2} % unconfirmed",
        world
            .clients
            .iter()
            .flat_map(|client| client.completed.values())
            .sum::<u64>(),
        payload / 1_000_000,
        100.0 * books.wasted as f64 / books.received.max(1) as f64,
        100.0 * books.unconfirmed as f64 / books.received.max(1) as f64,
    );
    println!("{:?}", world.acts);
    let people = &world.files.people;
    println!("{:?}; {}", people.acts, people.ledger.summary());
    let report = json!({
        "seed": world.settings.seed,
        "seconds": world.settings.duration.as_secs(),
        "clients": world.settings.clients,
        "rate_bytes_per_s": world.settings.plan.rate_bytes_per_s,
        "acts": world.acts,
        "people": people.acts,
        "faults": kinds,
        "downloads": books.downloads,
        "bytes": {
            "payload": payload,
            "sent": books.sent,
            "received": books.received,
            "wasted": books.wasted,
            "unconfirmed": books.unconfirmed,
            "unreported": books.unreported,
        },
        "problems": world.problems,
    });
    if let Some(path) = &world.settings.report {
        fs::write(path, format!("{report:#}\n"))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
