//! What the books of all nodes must say when everything is over.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use super::cluster::{Cluster, SECONDARIES};

fn statistics(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn figure(counters: &Value, key: &str) -> u64 {
    counters[key].as_u64().unwrap_or(0)
}

/// The central's books add up, and agree with what each secondary counted that was never killed.
pub(super) fn add_up(cluster: &Cluster, killed: &[u8]) {
    let central = statistics(&cluster.path("statistics/central.json"));
    let mut all = vec![
        ("totals", &central["totals"]),
        ("copies", &central["copies"]),
    ];
    for table in ["files", "clients", "secondaries"] {
        let rows = central[table].as_object().into_iter().flatten();
        all.extend(rows.map(|(_, counters)| (table, counters)));
    }
    for (what, counters) in all {
        let explained = ["bytes_received", "bytes_wasted", "bytes_unconfirmed"]
            .map(|field| figure(counters, field))
            .iter()
            .sum::<u64>();
        assert_eq!(
            figure(counters, "bytes_sent"),
            explained,
            "{what}: {counters}"
        );
    }
    assert_eq!(central["open"], Value::Array(Vec::new()), "open");
    let mut booked: BTreeMap<String, u64> = BTreeMap::new();
    for (number, counters) in central["secondaries"].as_object().into_iter().flatten() {
        let sent = figure(counters, "bytes_sent") - figure(counters, "bytes_unreported");
        booked.insert(number.clone(), sent);
    }
    for number in (1..=SECONDARIES).filter(|number| !killed.contains(number)) {
        let own = statistics(&cluster.path(&format!("statistics/secundario{number}.json")));
        let booked = booked.remove(&number.to_string()).unwrap_or(0);
        assert_eq!(
            figure(&own["totals"], "bytes_sent"),
            booked,
            "secondary {number}"
        );
    }
}
