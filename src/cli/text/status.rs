//! The state of a cluster, at a central and at its clients.

use super::{
    nodes, spoken, t,
    table::{Table, minor, whole},
    units::{count, some},
};
use crate::model::{ClusterStatus, SecondaryStatus};

/// How a cluster in service is. Secondaries that are away and conflicts are trouble; copies under way are not.
fn service(status: &ClusterStatus) -> String {
    let alive = status.secondaries.iter().filter(|s| s.alive).count() as u64;
    let required = u64::from(status.required);
    let missing: u64 = status
        .secondaries
        .iter()
        .filter(|secondary| secondary.alive)
        .map(|secondary| secondary.missing)
        .sum();
    let trouble = [
        (alive < required).then(|| t!("lacking-secondaries", alive = alive, required = required)),
        (status.conflicts > 0).then(|| {
            t!(
                "lacking-conflicts",
                count = status.conflicts,
                conflicts = spoken::at_central("CONFLICTOS")
            )
        }),
    ];
    let work = [
        (missing > 0).then(|| t!("lacking-copies", count = missing)),
        (status.changing > 0).then(|| t!("lacking-changing", count = status.changing)),
    ];
    let is_degraded = trouble.iter().any(Option::is_some);
    let lacking: Vec<String> = trouble.into_iter().chain(work).flatten().collect();
    let what = lacking.join("; ");
    match (is_degraded, status.level) {
        (true, _) => t!("system-degraded", what = what),
        (false, true) => t!("system-level"),
        (false, false) if what.is_empty() => t!("system-copying"),
        (false, false) => t!("system-lacking", what = what),
    }
}

/// The state of the cluster.
pub fn cluster(status: &ClusterStatus, columns: usize) -> Vec<String> {
    let alive = status.secondaries.iter().filter(|s| s.alive).count();
    let state = if status.ready {
        service(status)
    } else {
        t!(
            "system-no-service",
            alive = alive,
            required = status.required
        )
    };
    let mut lines = vec![state, counts(status)];
    lines.extend(secondaries(status).lines(columns));
    lines
}

/// How many there are of what there is: of nothing, nothing is said, but for files.
fn counts(status: &ClusterStatus) -> String {
    let counts = [
        Some(t!("files", count = status.files)),
        (status.clients > 0).then(|| t!("clients", count = status.clients)),
        (status.running > 0).then(|| t!("downloads-running", count = status.running)),
        (status.waiting > 0).then(|| t!("downloads-waiting", count = status.waiting)),
        (status.copies > 0).then(|| t!("copies-running", count = status.copies)),
    ];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    counts.join(", ")
}

/// What clients may know of the secondaries.
fn secondaries(status: &ClusterStatus) -> Table {
    let head = [
        whole(t!("column-secondary")),
        whole(t!("column-state")),
        minor(3, t!("column-address")),
        minor(2, t!("column-files")),
        minor(1, t!("column-missing")),
        minor(1, t!("column-conflicts")),
    ];
    let row = |secondary: &SecondaryStatus| {
        let condition = if secondary.alive {
            t!("condition-up")
        } else {
            t!("condition-down")
        };
        vec![
            secondary.number.to_string(),
            nodes::limited(condition, secondary.read_only, secondary.away),
            std::net::SocketAddr::new(secondary.ip, secondary.port).to_string(),
            count(secondary.files),
            some(secondary.missing),
            some(secondary.conflicts),
        ]
    };
    Table::new(head).with(status.secondaries.iter().map(row))
}
