//! What each secondary still has to be told: copies that it must set aside, and names in conflict. It is told in
//! batches, one at a time until acknowledged, so that thousands of deletions at once fill no queue. All of it follows
//! from the catalogue, so whatever a lost connection took with it comes up again with the next inventory.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{FileMeta, FileName, SecondaryNumber};

/// Files in one batch: what fits a line, also with the longest names.
const FILES_PER_BATCH: usize = 150;
/// Bytes of names in one batch.
const NAME_BYTES_PER_BATCH: usize = 16 << 10;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Owed {
    debts: BTreeMap<SecondaryNumber, Debt>,
    batches: u64,
}

#[derive(Debug, Default)]
struct Debt {
    withdraw: BTreeMap<FileName, FileMeta>,
    conflicts: BTreeSet<FileName>,
    /// The batch that it has not acknowledged.
    in_flight: Option<u64>,
}

/// What a secondary is told next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Withdraw(u64, Vec<FileMeta>),
    Conflicts(u64, Vec<FileName>),
}

impl Owed {
    pub(super) fn withdraw(&mut self, number: SecondaryNumber, file: &FileMeta) {
        let debt = self.debts.entry(number).or_default();
        debt.withdraw.insert(file.name.clone(), file.clone());
    }

    /// Somebody wants the file there after all.
    pub(super) fn keep(&mut self, number: SecondaryNumber, name: &FileName) {
        if let Some(debt) = self.debts.get_mut(&number) {
            debt.withdraw.remove(name);
        }
    }

    pub(super) fn conflict(&mut self, number: SecondaryNumber, name: &FileName) {
        let debt = self.debts.entry(number).or_default();
        debt.conflicts.insert(name.clone());
    }

    /// It is away.
    pub(super) fn forget(&mut self, number: SecondaryNumber) {
        self.debts.remove(&number);
    }

    pub(super) fn acknowledged(&mut self, number: SecondaryNumber, batch: u64) {
        if let Some(debt) = self.debts.get_mut(&number)
            && debt.in_flight == Some(batch)
        {
            debt.in_flight = None;
        }
    }

    /// Those that can be told something.
    pub(super) fn due(&mut self) -> Vec<(SecondaryNumber, Due)> {
        let mut due = Vec::new();
        for (number, debt) in &mut self.debts {
            if debt.in_flight.is_some() {
                continue;
            }
            let batch = self.batches + 1;
            if let Some(next) = debt.next(batch) {
                self.batches = batch;
                debt.in_flight = Some(batch);
                due.push((*number, next));
            }
        }
        due
    }
}

impl Debt {
    fn next(&mut self, batch: u64) -> Option<Due> {
        let mut room = NAME_BYTES_PER_BATCH;
        let mut fits = |name: &FileName| {
            let has_room = room > 0;
            room = room.saturating_sub(name.as_str().len());
            has_room
        };
        let files: Vec<_> = self
            .withdraw
            .values()
            .take(FILES_PER_BATCH)
            .take_while(|file| fits(&file.name))
            .cloned()
            .collect();
        if !files.is_empty() {
            files.iter().for_each(|file| {
                self.withdraw.remove(&file.name);
            });
            return Some(Due::Withdraw(batch, files));
        }
        // Each is told with several contents.
        let names: Vec<_> = self
            .conflicts
            .iter()
            .take(FILES_PER_BATCH / 8)
            .take_while(|name| fits(name))
            .cloned()
            .collect();
        if names.is_empty() {
            return None;
        }
        names.iter().for_each(|name| {
            self.conflicts.remove(name);
        });
        Some(Due::Conflicts(batch, names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{meta, number};

    #[test]
    fn a_batch_waits_until_the_last_one_was_acknowledged() {
        let one = number(1);
        let file = |n: usize| meta(&format!("f{n:04}"), 1, 1);
        let mut owed = Owed::default();
        (0..450).for_each(|n| owed.withdraw(one, &file(n)));
        owed.keep(one, &file(449).name);
        owed.conflict(one, &file(9999).name);
        let mut told = 0;
        let mut conflicts = 0;
        while let Some((number, due)) = owed.due().pop() {
            assert_eq!(number, one);
            assert!(owed.due().is_empty());
            let batch = match due {
                Due::Withdraw(batch, files) => {
                    told += files.len();
                    batch
                }
                Due::Conflicts(batch, names) => {
                    conflicts += names.len();
                    batch
                }
            };
            owed.acknowledged(one, batch + 1);
            assert!(owed.due().is_empty());
            owed.acknowledged(one, batch);
        }
        assert_eq!((told, conflicts), (449, 1));
        owed.withdraw(one, &file(1));
        owed.forget(one);
        assert!(owed.due().is_empty());
    }
}
