//! That all goes by the policy, as it is seen with another one than today's.

use std::time::{Duration, Instant};

use super::{Bench, config, file, number};
use crate::{
    engine::{
        cluster::{Action, Cluster, Event, NumberSet, Parting},
        registry::Registry,
    },
    model::{FileMeta, Origin, messages::ForSecondary},
};

/// The two lowest numbers that are there.
fn two_copies(_: &FileMeta, present: NumberSet) -> NumberSet {
    present.iter().take(2).collect()
}

fn copies_to(actions: &[Action]) -> Vec<u64> {
    let target = |action: &Action| match action {
        Action::ToSecondary(connection, ForSecondary::Copy(_)) => Some(connection.0),
        _ => None,
    };
    actions.iter().filter_map(target).collect()
}

#[test]
fn copies_and_what_is_missing_and_level_go_by_the_policy() {
    let now = Instant::now();
    let mut cluster = Cluster::new(now, config(1), Registry::default());
    cluster.set_policy(two_copies);
    let mut bench = Bench::of(now, cluster, &[(1, &[]), (2, &[]), (3, &[])]);
    let added = Event::added(vec![file("a")], Origin::Written);
    let actions = bench.feed(1, added);
    assert_eq!(copies_to(&actions), [2]);
    let missing = |bench: &Bench| {
        let status = bench.cluster.status();
        let rows = status.secondaries.iter().filter(|row| row.alive);
        let missing: Vec<_> = rows.map(|row| row.missing).collect();
        (missing, status.level)
    };
    assert_eq!(missing(&bench), (vec![0, 1, 0], false));
    let held = Event::added(vec![file("a")], Origin::Copied);
    bench.feed(2, held);
    assert_eq!(missing(&bench), (vec![0, 0, 0], true));
    let (listed, _) = bench.cluster.listing(None, |_| true);
    assert_eq!((listed[0].holders, listed[0].wanted), (2, 2));
    // One of the two goes: another is to have it instead.
    let actions = bench.feed(1, Event::Closed(Parting::Goodbye));
    assert_eq!(copies_to(&actions), [3]);
    assert_eq!(missing(&bench), (vec![0, 1], false));
    // It is back with its copy, and the one that was ordered for it is not needed any more.
    bench.hello(1);
    let actions = bench.feed(1, Event::inventory(vec![file("a")]));
    let cancels = |action: &Action| {
        matches!(
            action,
            Action::ToSecondary(_, ForSecondary::CancelCopy { .. })
        )
    };
    assert!(actions.iter().any(cancels), "{actions:?}");
    assert_eq!(missing(&bench), (vec![0, 0, 0], true));
    assert_eq!(bench.cluster.find(&file("a").name).unwrap().1.len(), 2);
    assert!(copies_to(&bench.pass(Duration::from_secs(100))).is_empty());
    assert_eq!(
        bench.cluster.drain(bench.now, number(2)),
        super::Drained::Yes
    );
}
