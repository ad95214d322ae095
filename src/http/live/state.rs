//! What a page shows of a cluster and changes by itself, as a document, and the difference of two. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use serde_json::{Map, Value, json};

use crate::{
    engine::recent::RecentRate,
    model::{Receiver, TransferId},
    node::central::{CentralInfo, Present, QueueRow, Running, SecondaryInfo},
    store::sha256,
};

/// How fast transfers are, from one look to the next.
#[derive(Debug, Default)]
pub(super) struct Speeds(BTreeMap<TransferId, (u64, RecentRate)>);

impl Speeds {
    fn look(&mut self, now: Instant, running: &[Running]) {
        let known: BTreeSet<TransferId> = running.iter().map(|row| row.transfer).collect();
        self.0.retain(|transfer, _| known.contains(transfer));
        for row in running {
            let new = || (row.sent_bytes, RecentRate::default());
            let (before, rate) = self.0.entry(row.transfer).or_insert_with(new);
            rate.count(now, row.sent_bytes.saturating_sub(*before));
            *before = row.sent_bytes;
        }
    }

    fn of(&self, now: Instant, transfer: TransferId) -> f64 {
        let known = self.0.get(&transfer);
        known.map_or(0.0, |(_, rate)| rate.bytes_per_s(now))
    }
}

/// How a transfer is called where everybody may look: who knows its own name may speak for its receiver.
pub(in crate::http) fn shown_id(transfer: TransferId) -> String {
    let mut id = sha256(format!("trozos row {transfer}").as_bytes()).to_string();
    id.truncate(12);
    id
}

/// Which way a transfer goes.
pub(in crate::http) fn via(to: &Receiver) -> &'static str {
    match to {
        Receiver::Client(_) | Receiver::Legacy(_) => "lines",
        Receiver::Http(_) => "http",
        Receiver::Secondary(_) => "copy",
    }
}

/// A transfer that runs, without its receiver.
pub(in crate::http) fn running(row: &Running) -> Value {
    json!({
        "id": shown_id(row.transfer),
        "file": row.file,
        "bytes": row.bytes,
        "sent_bytes": row.sent_bytes,
        "via": via(&row.to),
        "secondaries": row.secondaries,
    })
}

/// A download that waits, without its client.
pub(in crate::http) fn waiting(row: &QueueRow) -> Value {
    json!({
        "position": row.position,
        "file": row.file,
        "waited_s": row.waited.as_secs(),
    })
}

/// A rate without the digits that nobody reads: each would be a change.
fn rounded(bytes_per_s: f64) -> u64 {
    let whole = bytes_per_s.max(0.0) as u64;
    let digits = whole.checked_ilog10().unwrap_or(0);
    let step = 10_u64.pow(digits.saturating_sub(2));
    whole / step * step
}

fn secondary(info: &SecondaryInfo) -> Value {
    json!({
        "state": info.state,
        "address": info.address,
        "files": info.files,
        "missing": info.missing,
        "conflicts": info.conflicts,
        "read_only": info.read_only,
        "away": info.away,
        "transfers": info.transfers,
        "bytes_per_s": rounded(info.rate_bytes_per_s),
    })
}

/// All centrals by name; nothing of one by itself.
fn centrals(present: &Present) -> Value {
    let row = |info: &CentralInfo| {
        let shown = json!({
            "state": info.state,
            "address": info.address,
            "behind": info.behind,
            "term": info.term,
        });
        (info.node.clone(), shown)
    };
    Value::Object(present.centrals.iter().map(row).collect())
}

/// What pages show of one look.
pub(super) fn state(now: Instant, present: &Present, speeds: &mut Speeds) -> Value {
    let status = &present.summary.status;
    let secondaries = &present.summary.secondaries;
    speeds.look(now, &present.running);
    let mut table = Map::new();
    let mut rate = 0.0;
    for info in secondaries {
        rate += info.rate_bytes_per_s;
        table.insert(info.number.to_string(), secondary(info));
    }
    let mut downloads = Map::new();
    for row in &present.running {
        let mut shown = running(row);
        shown["bytes_per_s"] = rounded(speeds.of(now, row.transfer)).into();
        if let Some(id) = shown["id"].as_str().map(str::to_owned) {
            downloads.insert(id, shown);
        }
    }
    let mut queue = Map::new();
    for row in &present.queue {
        // Of a time that grows each second only what it began with is told.
        let shown = json!({ "file": row.file });
        queue.insert(format!("{:06}", row.position), shown);
    }
    json!({
        "status": {
            "ready": status.ready,
            "level": status.level,
            "required": status.required,
            "alive": status.secondaries.iter().filter(|row| row.alive).count(),
            "files": status.files,
            "clients": status.clients,
            "running": status.running,
            "waiting": status.waiting,
            "copies": status.copies,
            "conflicts": status.conflicts,
            "bytes_per_s": rounded(rate),
        },
        "secondaries": table,
        "downloads": downloads,
        "queue": queue,
        "catalogue": present.catalogue,
        "centrals": centrals(present),
    })
}

/// What makes of one document the other (RFC 7396: what is gone is null); `None` where nothing does.
pub(super) fn patch(before: &Value, after: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return (before != after).then(|| after.clone());
    };
    let mut changed = Map::new();
    for (key, value) in new {
        match old.get(key) {
            Some(before) => {
                if let Some(patch) = patch(before, value) {
                    changed.insert(key.clone(), patch);
                }
            }
            None => {
                changed.insert(key.clone(), value.clone());
            }
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        changed.insert(key.clone(), Value::Null);
    }
    (!changed.is_empty()).then_some(Value::Object(changed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Term;

    /// RFC 7396, section 2.
    fn applied(target: &Value, patch: &Value) -> Value {
        let Value::Object(patch) = patch else {
            return patch.clone();
        };
        let mut target = match target {
            Value::Object(target) => target.clone(),
            _ => Map::new(),
        };
        for (key, value) in patch {
            if value.is_null() {
                target.remove(key);
            } else {
                let before = target.get(key).cloned().unwrap_or_default();
                target.insert(key.clone(), applied(&before, value));
            }
        }
        Value::Object(target)
    }

    #[test]
    fn a_patch_makes_of_one_document_the_other() {
        let documents = [
            json!({}),
            json!({"a": {"b": 1, "c": [1, 2]}, "d": 5}),
            json!({"a": {"b": 2, "c": [1]}, "e": {"f": {}}}),
            json!({"a": 7, "d": 5}),
        ];
        for before in &documents {
            for after in &documents {
                match patch(before, after) {
                    None => assert_eq!(before, after),
                    Some(patch) => {
                        assert_ne!(before, after);
                        assert_eq!(&applied(before, &patch), after);
                    }
                }
            }
        }
        let only = patch(&json!({"a": 1, "b": 2}), &json!({"a": 1, "b": 3}));
        assert_eq!(only, Some(json!({"b": 3})));
    }

    #[test]
    fn rates_have_three_digits_and_names_of_transfers_are_not_told() {
        for (rate, expected) in [(0.0, 0), (-1.0, 0), (12.9, 12), (98_765_432.1, 98_700_000)] {
            assert_eq!(rounded(rate), expected);
        }
        let transfer = TransferId::new(Term(5), 0x1234);
        let id = shown_id(transfer);
        assert_eq!(id.len(), 12);
        assert!(!id.contains("1234"));
        assert_ne!(id, shown_id(TransferId::new(Term(6), 0x1234)));
    }
}
