//! Files that nodes keep beside a served folder: statistics, and the cache of digests.

use std::time::{Duration, Instant};

use trozos::{
    engine::{
        cluster::{Cluster, ClusterConfig},
        registry::{Registry, Totals},
    },
    model::Term,
    node::{central, client, secondary},
    store::fuzzing::known_lines,
};

/// The first byte says whose statistics the rest are.
pub fn statistics(data: &[u8]) {
    let Some((&role, json)) = data.split_first() else {
        return;
    };
    let rewritten = match role % 4 {
        0 => central::rewritten_statistics,
        1 => client::rewritten_statistics,
        3 => client::rewritten_memory,
        _ => secondary::rewritten_statistics,
    };
    if let Some(saved) = rewritten(json) {
        assert_eq!(rewritten(&saved).as_deref(), Some(&saved[..]));
    }
    if let Ok(totals) = serde_json::from_slice::<Totals>(json) {
        go_on_from(totals);
    }
}

/// A central that starts with such books can close them.
fn go_on_from(totals: Totals) {
    let config = ClusterConfig {
        required_secondaries: 1,
        max_downloads: 1,
        term: Term(u32::MAX),
        seed: 1,
        wall_ms: 0,
    };
    let now = Instant::now();
    let mut cluster = Cluster::new(now, config, Registry::import(totals, [], true, Term(1)));
    let open = cluster.totals().open.len();
    for wait in 1..=2 {
        cluster.handle_timeout(now + Duration::from_secs(wait * 61));
    }
    let after = cluster.totals();
    assert!(after.open.is_empty(), "{open} were open");
}

/// What is known of files is the same after it was written and read again, and each file is known once.
pub fn digest_cache(data: &[u8]) {
    let known = known_lines(data);
    assert!(known.len() <= data.split(|byte| *byte == b'\n').count());
    assert_eq!(known_lines(&known.concat()), known);
}
