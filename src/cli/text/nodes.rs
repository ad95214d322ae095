//! Nodes in tables: what a central knows of secondaries and clients, and what a secondary knows of itself.

use std::time::Duration;

use super::{
    conflicts,
    limits::limit,
    sentence, spoken, t,
    table::{Table, minor, name, whole},
    units::{LEAST_RATE, bytes, count, days, rate, some, some_bytes, some_rate, whole_time},
};
use crate::node::{
    central::{
        CentralInfo, CentralStanding, ClientInfo, QueueRow, SecondaryCondition, SecondaryInfo,
    },
    secondary::{ScrubStatus, SecondaryStatus},
};

/// The secondaries of a cluster.
pub fn secondaries(secondaries: &[SecondaryInfo], columns: usize) -> Vec<String> {
    let row = |secondary: &SecondaryInfo| {
        let condition = match secondary.state {
            SecondaryCondition::Up => t!("condition-up"),
            SecondaryCondition::Draining => t!("condition-draining"),
            SecondaryCondition::Down => t!("condition-down"),
        };
        vec![
            secondary.number.to_string(),
            limited(condition, secondary.read_only, secondary.away),
            secondary.lease_left.map(whole_time).unwrap_or_default(),
            secondary.address.to_string(),
            count(secondary.files),
            some(secondary.transfers as u64),
            some_bytes(secondary.bytes_sent),
            some_rate(secondary.rate_bytes_per_s),
            some(secondary.missing),
            some(secondary.conflicts),
        ]
    };
    let head = [
        whole(t!("column-number")),
        whole(t!("column-state")),
        minor(7, t!("column-lease")),
        minor(5, t!("column-address")),
        minor(2, t!("column-files")),
        minor(6, t!("column-sends")),
        minor(4, t!("column-sent")),
        minor(3, t!("column-rate")),
        minor(1, t!("column-missing")),
        minor(1, t!("column-conflicts")),
    ];
    let rows = secondaries.iter().map(row);
    Table::new(head).with(rows).lines(columns)
}

/// How a secondary is, and whether it takes copies.
pub fn limited(condition: String, read_only: bool, away: bool) -> String {
    let why = match (read_only, away) {
        (_, true) => t!("condition-away"),
        (true, false) => t!("condition-read-only"),
        (false, false) => return condition,
    };
    t!("with-reason", what = condition, reason = why)
}

/// The clients that are connected.
pub fn clients(clients: &[ClientInfo], columns: usize) -> Vec<String> {
    if clients.is_empty() {
        return vec![t!("no-clients")];
    }
    let rows: Vec<Vec<String>> = clients
        .iter()
        .map(|client| {
            let name = client.name.to_string();
            vec![
                if client.legacy {
                    t!("with-reason", what = name, reason = t!("original-client"))
                } else if client.account {
                    name
                } else {
                    t!("with-reason", what = name, reason = t!("guest"))
                },
                client.address.to_string(),
                some(client.running as u64),
                some(client.waiting as u64),
                some(client.downloads),
                whole_time(client.connected_for),
            ]
        })
        .collect();
    let head = [
        name(t!("column-client")),
        minor(3, t!("column-address")),
        minor(1, t!("column-running")),
        minor(2, t!("column-waiting")),
        minor(4, t!("column-downloads")),
        minor(5, t!("column-connected")),
    ];
    Table::new(head).with(rows).lines(columns)
}

/// The centrals of a cluster.
pub fn centrals(centrals: &[CentralInfo], columns: usize) -> Vec<String> {
    if let [one] = centrals
        && one.node.is_empty()
    {
        return vec![t!("central-by-itself")];
    }
    let rows: Vec<Vec<String>> = centrals
        .iter()
        .map(|central| {
            let state = match central.state {
                CentralStanding::Active => t!("central-active"),
                CentralStanding::Limited => t!("central-limited"),
                CentralStanding::Ready => t!("central-ready"),
                CentralStanding::Behind => t!("central-behind"),
            };
            vec![
                central.node.clone(),
                state,
                some(central.behind),
                central.address.clone(),
            ]
        })
        .collect();
    let head = [
        name(t!("column-central")),
        whole(t!("column-state")),
        minor(2, t!("column-behind")),
        minor(1, t!("column-address")),
    ];
    Table::new(head).with(rows).lines(columns)
}

/// Why no other central reigns.
pub fn not_migrated(code: Option<&str>) -> String {
    match code {
        Some("not-active") => t!("not-migrated-not-active"),
        Some("move-under-way") => t!("not-migrated-under-way"),
        Some("move-to-itself") => t!("not-migrated-to-itself"),
        Some("central-unknown") => t!(
            "not-migrated-unknown",
            centrals = spoken::command("CENTRALES")
        ),
        Some("central-not-ready" | "central-behind") => t!("not-migrated-behind"),
        Some("etcd-silent") => t!("not-migrated-silent"),
        _ => t!("not-migrated-alone"),
    }
}

/// Who waits, in order.
pub fn queue(rows: &[QueueRow], columns: usize) -> Vec<String> {
    if rows.is_empty() {
        return vec![t!("queue-empty")];
    }
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                count(row.position),
                row.client.to_string(),
                row.file.to_string(),
                whole_time(row.waited),
            ]
        })
        .collect();
    let head = [
        whole(t!("column-place")),
        name(t!("column-client")),
        name(t!("column-file")),
        minor(1, t!("column-waited")),
    ];
    Table::new(head).with(rows).lines(columns)
}

/// A secondary itself.
pub fn secondary(status: &SecondaryStatus) -> Vec<String> {
    let mut lines = vec![
        t!(
            "secondary-status",
            number = status.number,
            files = status.files,
            size = bytes(status.bytes),
            folder = status.folder
        ),
        match status.central {
            Some(central) => t!("secondary-central", central = central),
            None => t!("secondary-no-central"),
        },
        work(status),
        sent(status),
    ];
    if status.read_only {
        lines.push(t!("secondary-read-only"));
    }
    if status.away {
        lines.push(t!("secondary-away"));
    }
    if status.indexing {
        lines.push(t!("secondary-indexing"));
    }
    if let Some(scrub) = &status.scrub {
        lines.extend(scrubs(scrub, status.bytes));
    }
    lines.extend(status.conflicts.iter().map(conflicts::conflict));
    lines
}

/// How it looks for damage.
fn scrubs(scrub: &ScrubStatus, served: u64) -> Vec<String> {
    let every = Duration::from_secs(scrub.every_s);
    let round = t!(
        "secondary-scrub",
        every = days(every),
        done = bytes(scrub.bytes.min(served)),
        total = bytes(served),
        damaged = scrub.damaged
    );
    let last = scrub.last.zip(scrub.ended_s).map(|(last, ended_s)| {
        t!(
            "secondary-scrubbed",
            ago = days(since(ended_s)),
            size = bytes(last.bytes),
            damaged = last.damaged
        )
    });
    // What has not begun says nothing.
    let round = (scrub.bytes > 0).then_some(round);
    round.into_iter().chain(last).collect()
}

/// How long ago a time was, in seconds since 1970.
fn since(then_s: u64) -> Duration {
    let now = jiff::Timestamp::now().as_second();
    Duration::from_secs(u64::try_from(now).unwrap_or(0).saturating_sub(then_s))
}

/// What goes on.
fn work(status: &SecondaryStatus) -> String {
    let parts = [
        (status.sending > 0).then(|| t!("uploads-running", count = status.sending)),
        (status.copying > 0).then(|| t!("copies-running", count = status.copying)),
        (status.connections > 0).then(|| t!("connections", count = status.connections)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => t!("secondary-idle"),
        false => parts.join(", "),
    }
}

/// What was sent, how fast, and how fast it may be.
fn sent(status: &SecondaryStatus) -> String {
    let size = bytes(status.bytes_sent);
    let now = status.rate_bytes_per_s;
    let limit = limit(status.upload_limit_bytes_per_s);
    let parts = [
        (status.bytes_sent > 0).then(|| t!("secondary-sent", sent = size)),
        (now >= LEAST_RATE).then(|| t!("secondary-rate", rate = rate(now))),
        Some(t!("secondary-limit", limit = limit)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    sentence(&parts.join("; "))
}
