//! Nodes in tables: what a central knows of secondaries and clients, and what a secondary knows of itself.

use super::{
    conflicts,
    limits::limit,
    t,
    table::{Table, minor, name, whole},
    units::{bytes, count, rate, whole_time},
};
use crate::node::{
    central::{ClientInfo, QueueRow, SecondaryCondition, SecondaryInfo},
    secondary::SecondaryStatus,
};

/// The secondaries of a cluster. What they lack and what they are at odds over have columns only where there is any.
pub fn secondaries(secondaries: &[SecondaryInfo], columns: usize) -> Vec<String> {
    let some_lack = secondaries.iter().any(|secondary| secondary.missing > 0);
    let some_conflict = secondaries.iter().any(|secondary| secondary.conflicts > 0);
    let rows: Vec<Vec<String>> = secondaries
        .iter()
        .map(|secondary| {
            let mut row = vec![
                secondary.number.to_string(),
                limited(
                    match secondary.state {
                        SecondaryCondition::Up => t!("condition-up"),
                        SecondaryCondition::Draining => t!("condition-draining"),
                        SecondaryCondition::Down => t!("condition-down"),
                    },
                    secondary.read_only,
                    secondary.away,
                ),
                secondary
                    .lease_left
                    .map_or_else(|| "-".to_owned(), whole_time),
                secondary.address.to_string(),
                count(secondary.files),
                count(secondary.transfers as u64),
                bytes(secondary.bytes_sent),
                rate(secondary.rate_bytes_per_s),
            ];
            row.extend(some_lack.then(|| count(secondary.missing)));
            row.extend(some_conflict.then(|| count(secondary.conflicts)));
            row
        })
        .collect();
    let mut head = vec![
        whole(t!("column-number")),
        whole(t!("column-state")),
        minor(7, t!("column-lease")),
        minor(5, t!("column-address")),
        minor(2, t!("column-files")),
        minor(6, t!("column-sends")),
        minor(4, t!("column-sent")),
        minor(3, t!("column-rate")),
    ];
    head.extend(some_lack.then(|| minor(1, t!("column-missing"))));
    head.extend(some_conflict.then(|| minor(1, t!("column-conflicts"))));
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
                } else {
                    name
                },
                client.address.to_string(),
                count(client.running as u64),
                count(client.waiting as u64),
                count(client.downloads),
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
        t!(
            "secondary-work",
            sending = status.sending,
            copying = status.copying,
            connections = status.connections
        ),
        t!(
            "secondary-sent",
            sent = bytes(status.bytes_sent),
            rate = rate(status.rate_bytes_per_s),
            limit = limit(status.upload_limit_bytes_per_s)
        ),
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
    lines.extend(status.conflicts.iter().map(conflicts::conflict));
    lines
}
