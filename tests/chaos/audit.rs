//! What must hold at the end: files, folders, books, processes.
//!
//! Of the books these hold to the byte, whatever was killed:
//! - at the central, in the totals and for each file, client and secondary, and for the copies: bytes sent =
//!   received + wasted + unconfirmed; the totals are the sums over files, over clients, over secondaries;
//! - at each client, in the totals, for each file and each secondary: bytes sent = received + wasted; the
//!   totals are the sums.
//!
//! Between nodes it is exact for those that were never ended: what a secondary counted to have sent is what
//! the central booked for it (without `bytes_unreported`, and with what is still open), and what a client
//! received of a file is its length for each time that it was completed, which the central counted as often. A node that is killed loses what it
//! had not saved: at most [`UNSAVED`] of its uplink, or what the client was downloading and had finished
//! within that time.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use crate::{
    nodes::{Role, client_name, served, target},
    people,
    run::World,
    story::SECONDARIES,
    support::{names, statistics, tree},
};

/// Statistics are saved every 10 s, and a report may be half a second late.
const UNSAVED_SECONDS: u64 = 11;
const MIB: u64 = 1 << 20;

/// Sums over the whole run.
#[derive(Clone, Debug, Default)]
pub struct Books {
    pub sent: u64,
    pub received: u64,
    pub wasted: u64,
    pub unconfirmed: u64,
    pub unreported: u64,
    pub downloads: u64,
}

const FIELDS: [&str; 5] = [
    "bytes_sent",
    "bytes_received",
    "bytes_wasted",
    "bytes_unconfirmed",
    "bytes_unreported",
];

fn figure(counters: &Value, key: &str) -> u64 {
    counters[key].as_u64().unwrap_or(0)
}

fn children(table: &Value) -> impl Iterator<Item = (&String, &Value)> {
    table.as_object().into_iter().flatten()
}

/// One node's own books.
fn add_up(problems: &mut Vec<String>, whose: &str, books: &Value, tables: &[&str]) {
    let mut all = vec![("totals".to_owned(), &books["totals"])];
    for table in tables {
        all.extend(children(&books[*table]).map(|(key, value)| (format!("{table} {key}"), value)));
        for field in FIELDS {
            let sum: u64 = children(&books[*table])
                .map(|(_, value)| figure(value, field))
                .sum();
            let total = figure(&books["totals"], field);
            if sum != total {
                problems.push(format!(
                    "{whose}: {field} over {table} is {sum}, in the totals {total}"
                ));
            }
        }
    }
    if books["copies"].is_object() {
        all.push(("copies".to_owned(), &books["copies"]));
    }
    for (what, counters) in all {
        let [sent, received, wasted, unconfirmed, _] = FIELDS.map(|field| figure(counters, field));
        if sent != received + wasted + unconfirmed {
            problems.push(format!(
                "{whose}, {what}: sent {sent} is not received {received} + wasted {wasted} + unconfirmed \
                 {unconfirmed}"
            ));
        }
    }
}

/// The statistics of all nodes.
pub fn books(world: &mut World<'_>) -> Books {
    let folder = world.folder.join("stats");
    let mut problems = Vec::new();
    for entry in fs::read_dir(&folder).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.contains("estropeado") || name.starts_with(".trozos-") {
            problems.push(format!("statistics: {name} is left"));
        }
    }
    let central = statistics(&folder.join("central.json"));
    add_up(
        &mut problems,
        "central",
        &central,
        &["files", "clients", "secondaries"],
    );
    // Booked, without what only the receiver knew, and with what is still open.
    let mut booked: BTreeMap<u64, u64> = BTreeMap::new();
    for (number, counters) in children(&central["secondaries"]) {
        let sent = figure(counters, "bytes_sent") - figure(counters, "bytes_unreported");
        *booked.entry(number.parse().unwrap()).or_default() += sent;
    }
    for open in central["open"].as_array().into_iter().flatten() {
        let to_client = open["receiver"]["client"].is_string();
        for sent in open["sent"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|_| to_client)
        {
            *booked.entry(figure(sent, "number")).or_default() += figure(sent, "bytes");
        }
    }
    for n in 0..SECONDARIES {
        let node = &world.nodes[&Role::Secondary(n)];
        let own = statistics(&folder.join(format!("secundario{}.json", n + 1)));
        let own = figure(&own["totals"], "bytes_sent");
        let booked = booked.get(&(n as u64 + 1)).copied().unwrap_or(0);
        let unsaved = UNSAVED_SECONDS * world.settings.plan.rate_bytes_per_s + 8 * MIB;
        let lost = u64::from(node.kills) * unsaved;
        if own.abs_diff(booked) > lost {
            problems.push(format!(
                "secondary {} counted {own} bytes sent, the central {booked}; after {} ends at most {lost} may \
                 be missing",
                n + 1,
                node.kills
            ));
        }
    }
    for (n, client) in world.clients.iter().enumerate() {
        let name = client_name(n);
        let own = statistics(&folder.join(format!("cliente-{name}.json")));
        add_up(&mut problems, &name, &own, &["files", "secondaries"]);
        let kills = world.nodes[&Role::Client(n)].kills;
        for (file, times) in &client.completed {
            let Some(content) = world.files.content(file) else {
                continue;
            };
            let length = content.bytes * times;
            let received = figure(&own["files"][file], "bytes_received");
            if received > length || (kills == 0 && received != length) {
                problems.push(format!(
                    "{name} received {received} bytes of {file}, {length} were completed"
                ));
            }
        }
        let received = figure(&own["totals"], "bytes_received");
        if received + client.at_risk < client.payload {
            problems.push(format!(
                "{name} completed {} bytes and counted {received}; {kills} kills may have lost {}",
                client.payload, client.at_risk
            ));
        }
        let downloads: u64 = client.completed.values().sum();
        let counted = figure(&central["clients"][&name], "downloads");
        if kills == 0 && counted != downloads {
            problems.push(format!(
                "{name} completed {downloads} downloads, the central counted {counted}"
            ));
        }
    }
    world.problems.extend(problems);
    let totals = &central["totals"];
    Books {
        sent: figure(totals, "bytes_sent"),
        received: figure(totals, "bytes_received"),
        wasted: figure(totals, "bytes_wasted"),
        unconfirmed: figure(totals, "bytes_unconfirmed"),
        unreported: figure(totals, "bytes_unreported"),
        downloads: figure(totals, "downloads"),
    }
}

/// What copies have left unfinished below a served folder.
pub fn parts_of_copies(folder: &Path) -> Vec<String> {
    names(&folder.join(".trozos/partes"))
}

/// Folders are level, what stays is right everywhere, and nothing is left half done.
pub fn folders(world: &mut World<'_>) {
    let visible = |n| -> Vec<(String, String)> {
        let all = tree(&world.folder.join(served(n)));
        all.into_iter()
            .filter(|(name, _)| !name.starts_with('.'))
            .collect()
    };
    let first = visible(0);
    let mut problems = Vec::new();
    for n in 0..SECONDARIES {
        if visible(n) != first {
            problems.push(format!(
                "folders are not level: 1 has {first:?}, {} has {:?}",
                n + 1,
                visible(n)
            ));
        }
        let left = parts_of_copies(&world.folder.join(served(n)));
        if !left.is_empty() {
            problems.push(format!(
                "secondary {} has left parts of copies: {left:?}",
                n + 1
            ));
        }
    }
    let first: BTreeMap<_, _> = first.into_iter().collect();
    for (name, content) in &world.files.base {
        if first.get(name) != Some(&content.digest) {
            problems.push(format!(
                "{name} is {:?} instead of {}",
                first.get(name),
                content.digest
            ));
        }
    }
    for (name, digest) in &first {
        if !world.files.is_version(name, digest) {
            problems.push(format!("nobody has ever put {name} with {digest}"));
        }
    }
    for (n, client) in world.clients.iter().enumerate() {
        // What could not be finished, as the file was deleted everywhere, is kept for another time.
        let may_stay = |name: &String| {
            let gone = client.vanished.iter();
            // Of what has other content by now, what was begun is kept, too.
            name.starts_with(people::HOME) || gone.into_iter().any(|gone| name.starts_with(gone))
        };
        let left = names(&world.folder.join(target(n)));
        let left: Vec<_> = left.iter().filter(|name| !may_stay(name)).collect();
        if !left.is_empty() {
            problems.push(format!("client {} has left {left:?}", n + 1));
        }
    }
    problems.extend(world.files.people.check());
    world.problems.extend(problems);
}

/// No program of this run is left.
pub fn processes(world: &mut World<'_>) {
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let is_ours =
            fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(world.folder));
        if is_ours {
            let line = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            world
                .problems
                .push(format!("left running: {}", line.replace('\0', " ")));
        }
    }
}
