//! A key store in memory, as etcd is one: revisions, leases, transactions and what watches tell. Its clock is an argument.
//! The contract (`tests/contract`) holds for it as for the real one.

use std::{collections::BTreeMap, time::Duration};

use trozos::model::{
    Call, Change, Compare, Get, KeyOp, KeyRange, KeyValue, LeaseId, Reply, Revision, Txn, Txned,
};

#[derive(Debug, Default)]
pub struct Store {
    revision: i64,
    keys: BTreeMap<String, KeyValue>,
    leases: BTreeMap<LeaseId, Lease>,
    last_lease: i64,
    /// What each revision changed.
    history: BTreeMap<i64, Vec<Change>>,
    compacted: i64,
    /// Puts and leases are refused.
    pub no_space: bool,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    ttl: Duration,
    until: Duration,
}

/// A watch asked for what has been compacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted;

impl Store {
    pub fn revision(&self) -> Revision {
        Revision(self.revision)
    }

    pub fn get(&self, key: &str) -> Option<&KeyValue> {
        self.keys.get(key)
    }

    pub fn all(&self, range: &KeyRange) -> Vec<&KeyValue> {
        let found = self.keys.values().filter(|found| range.has(&found.key));
        found.collect()
    }

    pub fn call(&mut self, now: Duration, call: &Call) -> Reply {
        self.expire(now);
        match call {
            Call::Txn(txn) => self.transact(txn),
            Call::Grant(_) if self.no_space => Reply::NoSpace,
            Call::Grant(ttl) => {
                self.last_lease += 1;
                let until = now + *ttl;
                let lease = Lease { ttl: *ttl, until };
                self.leases.insert(LeaseId(self.last_lease), lease);
                Reply::Granted(LeaseId(self.last_lease))
            }
            Call::Renew(id) => match self.leases.get_mut(id) {
                Some(lease) => {
                    lease.until = now + lease.ttl;
                    Reply::Done
                }
                None => Reply::LeaseGone,
            },
            Call::Revoke(id) if self.leases.contains_key(id) => {
                self.revoke(*id);
                Reply::Done
            }
            Call::Revoke(_) => Reply::LeaseGone,
            Call::Compact(revision) => {
                self.compact(revision.0);
                Reply::Done
            }
        }
    }

    /// Ends leases whose time is over, and their keys.
    pub fn expire(&mut self, now: Duration) {
        let over: Vec<LeaseId> = (self.leases.iter())
            .filter(|(_, lease)| lease.until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.revoke(id);
        }
    }

    pub fn next_expiry(&self) -> Option<Duration> {
        self.leases.values().map(|lease| lease.until).min()
    }

    /// All leases get their whole time, as when another member leads.
    pub fn renew_all(&mut self, now: Duration) {
        for lease in self.leases.values_mut() {
            lease.until = now + lease.ttl;
        }
    }

    pub fn revoke(&mut self, id: LeaseId) {
        self.leases.remove(&id);
        let keys = self.keys.values().filter(|found| found.lease == Some(id));
        let keys: Vec<String> = keys.map(|found| found.key.clone()).collect();
        let at = self.revision + 1;
        let changes = keys.into_iter().map(|key| self.delete(key, at)).collect();
        self.advance(changes);
    }

    pub fn compact(&mut self, revision: i64) {
        self.compacted = self.compacted.max(revision.min(self.revision));
        self.history = self.history.split_off(&self.compacted);
    }

    /// What has changed in a range from a revision on.
    pub fn changes(&self, from: Revision, range: &KeyRange) -> Result<Vec<Change>, Compacted> {
        if from.0 < self.compacted {
            return Err(Compacted);
        }
        let changes = self.history.range(from.0..).flat_map(|(_, all)| all);
        Ok(changes
            .filter(|change| match change {
                Change::Put(found) => range.has(&found.key),
                Change::Deleted { key, .. } => range.has(key),
            })
            .cloned()
            .collect())
    }

    fn advance(&mut self, changes: Vec<Change>) {
        if !changes.is_empty() {
            self.revision += 1;
            self.history.insert(self.revision, changes);
        }
    }

    fn delete(&mut self, key: String, at: i64) -> Change {
        self.keys.remove(&key);
        Change::Deleted {
            key,
            at: Revision(at),
        }
    }

    fn holds(&self, compare: &Compare) -> bool {
        match compare {
            Compare::Absent(key) => !self.keys.contains_key(key),
            Compare::Present(key) => self.keys.contains_key(key),
            Compare::Modified(key, at) => self.get(key).is_some_and(|found| found.modified == *at),
            Compare::Created(key, at) => self.get(key).is_some_and(|found| found.created == *at),
        }
    }

    fn transact(&mut self, txn: &Txn) -> Reply {
        let has_puts = |ops: &[KeyOp]| ops.iter().any(|op| matches!(op, KeyOp::Put { .. }));
        if self.no_space && (has_puts(&txn.then) || has_puts(&txn.otherwise)) {
            return Reply::NoSpace;
        }
        let held = txn.when.iter().all(|compare| self.holds(compare));
        let ops = if held { &txn.then } else { &txn.otherwise };
        let has_lease =
            |lease: &Option<LeaseId>| lease.is_none_or(|id| self.leases.contains_key(&id));
        if !ops.iter().all(|op| match op {
            KeyOp::Put { lease, .. } => has_lease(lease),
            KeyOp::Delete(_) | KeyOp::Get(_) => true,
        }) {
            return Reply::LeaseGone;
        }
        let at = self.revision + 1;
        let (mut changes, mut got) = (Vec::new(), Vec::new());
        for op in ops {
            match op {
                KeyOp::Put { key, value, lease } => {
                    let created = self.get(key).map_or(Revision(at), |found| found.created);
                    let found = KeyValue {
                        key: key.clone(),
                        value: value.clone(),
                        created,
                        modified: Revision(at),
                        lease: *lease,
                    };
                    self.keys.insert(key.clone(), found.clone());
                    changes.push(Change::Put(found));
                }
                KeyOp::Delete(range) => {
                    let keys: Vec<String> = self
                        .all(range)
                        .iter()
                        .map(|found| found.key.clone())
                        .collect();
                    changes.extend(keys.into_iter().map(|key| self.delete(key, at)));
                }
                KeyOp::Get(get) => got.push(self.read(get)),
            }
        }
        self.advance(changes);
        Reply::Txn(Txned {
            revision: Revision(self.revision),
            held,
            got,
        })
    }

    fn read(&self, get: &Get) -> Vec<KeyValue> {
        let mut found = self.all(&get.range);
        if get.from_the_end {
            found.reverse();
        }
        if get.most > 0 {
            found.truncate(get.most as usize);
        }
        let shown = found.into_iter().map(|found| KeyValue {
            value: if get.keys_only {
                Default::default()
            } else {
                found.value.clone()
            },
            ..found.clone()
        });
        shown.collect()
    }
}
