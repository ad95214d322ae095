//! Secondaries that do not take copies everywhere.

use std::time::Duration;

use super::{Bench, file};
use crate::{
    engine::cluster::{Action, ConnectionId, Event, Notice},
    model::{
        CopyLimits, CopyOrder,
        messages::{ForSecondary, FromSecondary},
    },
};

#[test]
fn one_that_may_only_be_read_is_a_source_and_lacks_nothing() {
    let mut bench = Bench::new(1, &[(1, &[]), (2, &["b"])]);
    bench.hello(3);
    let read_only = CopyLimits {
        read_only: true,
        ..CopyLimits::default()
    };
    let actions = bench.feed(3, FromSecondary::Limits(read_only.clone()));
    let told = |action: &Action| matches!(action, Action::Notice(Notice::Limits { .. }));
    assert!(actions.iter().any(told));
    assert!(
        !bench
            .feed(3, FromSecondary::Limits(read_only))
            .iter()
            .any(told)
    );
    let files = vec![file("a")];
    let mut actions = bench.feed(3, Event::inventory(files));
    actions.extend(bench.pass(Duration::from_secs(1)));
    let copies: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::ToSecondary(connection, ForSecondary::Copy(CopyOrder { grant, .. })) => {
                Some((connection.0, grant.file.name.to_string()))
            }
            _ => None,
        })
        .collect();
    // Of its file the others make copies, and none is made there.
    let expected = [(1, "a".to_owned()), (2, "a".to_owned())];
    assert_eq!(copies, expected);
    let status = bench.cluster.status();
    let row = &status.secondaries[2];
    assert!(row.read_only && row.missing == 0);
    // It can be written into: it gets what it lacks.
    let actions = bench.feed(3, FromSecondary::Limits(CopyLimits::default()));
    let is_copy = |action: &Action| {
        matches!(
            action,
            Action::ToSecondary(ConnectionId(3), ForSecondary::Copy(_))
        )
    };
    assert!(actions.iter().any(is_copy));
    assert_eq!(bench.cluster.status().secondaries[2].missing, 1);
}

#[test]
fn what_lies_on_a_missing_disk_waits_and_is_lacking() {
    let mut bench = Bench::new(1, &[(1, &["disk/a", "b"])]);
    bench.hello(2);
    let away = CopyLimits::new(false, false, &[file("disk").name]);
    bench.feed(2, FromSecondary::Limits(away));
    let mut actions = bench.feed(2, Event::inventory(Vec::new()));
    actions.extend(bench.pass(Duration::from_secs(100)));
    let ordered = |actions: &[Action]| -> Vec<String> {
        let names = actions.iter().filter_map(|action| match action {
            Action::ToSecondary(_, ForSecondary::Copy(CopyOrder { grant, .. })) => {
                Some(grant.file.name.to_string())
            }
            _ => None,
        });
        names.collect()
    };
    assert_eq!(ordered(&actions), ["b"]);
    let status = bench.cluster.status();
    assert!(!status.level && status.secondaries[1].away);
    assert_eq!(status.secondaries[1].missing, 2);
    let actions = bench.feed(2, FromSecondary::Limits(CopyLimits::default()));
    assert_eq!(ordered(&actions), ["disk/a"]);
}
