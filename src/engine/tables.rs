//! Figures per name, for a limited number of names. When there are too many, the names with the smallest figures lose
//! their rows. Their figures move to the row of all others, so that the sum of all rows never changes.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::{engine::counters::Counters, model::limits::MAX_STATISTICS_NAMES};

/// Rows that are given up at once. Finding the smallest costs the same for one as for all of these.
const AT_ONCE: usize = MAX_STATISTICS_NAMES / 100;
/// How many names without figures are kept: the latest ones.
const MOST_BLANK: usize = 1000;

/// Changes a name's figures. `others` has the figures of names without a row.
pub fn change_named<N: Ord + Clone>(
    table: &mut BTreeMap<N, Counters>,
    others: &mut Counters,
    name: &N,
    figures: &Counters,
    change: fn(&mut Counters, &Counters),
) {
    if let Some(row) = table.get_mut(name) {
        return change(row, figures);
    }
    let mut row = Counters::default();
    change(&mut row, figures);
    if row == Counters::default() {
        // The row was given up: its figures are among those of the others.
        return change(others, figures);
    }
    make_room(table, others);
    table.insert(name.clone(), row);
}

fn make_room<N: Ord + Clone>(table: &mut BTreeMap<N, Counters>, others: &mut Counters) {
    if table.len() < MAX_STATISTICS_NAMES {
        return;
    }
    let weight = |row: &Counters| (row.bytes_sent, row.downloads, row.failed);
    let mut rows: Vec<_> = table
        .iter()
        .map(|(name, row)| (weight(row), name))
        .collect();
    let least = AT_ONCE.clamp(1, rows.len());
    rows.select_nth_unstable(least - 1);
    let names: Vec<_> = rows[..least]
        .iter()
        .map(|(_, name)| (*name).clone())
        .collect();
    for name in names {
        if let Some(row) = table.remove(&name) {
            others.add(&row);
        }
    }
}

/// Names that have a row although they have no figures yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Blank<N>(VecDeque<N>);

impl<N> Default for Blank<N> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<N: Ord + Clone> Blank<N> {
    /// The names without figures of a table that was saved.
    pub(super) fn of(table: &mut BTreeMap<N, Counters>) -> Self {
        let mut blank = Self(VecDeque::new());
        let names = table.iter().filter(|(_, row)| is_blank(row));
        let names: Vec<_> = names.map(|(name, _)| name.clone()).collect();
        names.iter().for_each(|name| blank.keep(table, name));
        blank
    }

    /// Gives a name a row, which it keeps as long as it has figures or is one of the latest names.
    pub(super) fn add(&mut self, table: &mut BTreeMap<N, Counters>, name: &N) {
        if Self::has_room(table, name) {
            table.insert(name.clone(), Counters::default());
            self.keep(table, name);
        }
    }

    /// True when a name has no row and there is room for one.
    pub(super) fn has_room(table: &BTreeMap<N, Counters>, name: &N) -> bool {
        !table.contains_key(name) && table.len() < MAX_STATISTICS_NAMES
    }

    /// A name has no row any more.
    pub(super) fn forget(&mut self, name: &N) {
        self.0.retain(|known| known != name);
    }

    fn keep(&mut self, table: &mut BTreeMap<N, Counters>, name: &N) {
        self.0.push_back(name.clone());
        if self.0.len() > MOST_BLANK
            && let Some(oldest) = self.0.pop_front()
            && table.get(&oldest).is_some_and(is_blank)
        {
            table.remove(&oldest);
        }
    }
}

fn is_blank(row: &Counters) -> bool {
    *row == Counters::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(bytes: u64) -> Counters {
        Counters {
            bytes_sent: bytes,
            bytes_received: bytes,
            downloads: 1,
            ..Counters::default()
        }
    }

    #[test]
    fn so_many_names_have_rows_and_the_sum_is_right() {
        let (mut table, mut others) = (BTreeMap::new(), Counters::default());
        let mut sum = Counters::default();
        // One that had much before, and one that has something in the end.
        let all =
            (0..MAX_STATISTICS_NAMES as u64 + 500).map(|n| (n, if n == 0 { 1000 } else { 1 }));
        for (name, bytes) in all.chain([(u64::MAX, 10)]) {
            let figures = figures(bytes);
            change_named(&mut table, &mut others, &name, &figures, Counters::add);
            sum.add(&figures);
            assert!(table.len() <= MAX_STATISTICS_NAMES);
        }
        assert_eq!(table[&0].bytes_sent, 1000);
        assert_eq!(table[&u64::MAX].bytes_sent, 10);
        let total = |table: &BTreeMap<u64, Counters>, others: &Counters| {
            table.values().map(|row| row.downloads).sum::<u64>() + others.downloads
        };
        assert_eq!(total(&table, &others), sum.downloads);
        // What was folded is taken out of the others.
        let folded = (0..).find(|name| !table.contains_key(name)).unwrap();
        change_named(
            &mut table,
            &mut others,
            &folded,
            &figures(1),
            Counters::subtract,
        );
        assert_eq!(total(&table, &others), sum.downloads - 1);
    }

    #[test]
    fn names_without_figures_are_kept_for_a_while_and_fill_nothing() {
        let mut table = BTreeMap::new();
        let mut blank = Blank::of(&mut table);
        let mut others = Counters::default();
        blank.add(&mut table, &0);
        change_named(&mut table, &mut others, &0, &figures(1), Counters::add);
        for name in 1..=2 * MOST_BLANK {
            blank.add(&mut table, &name);
        }
        assert_eq!(table.len(), MOST_BLANK + 1);
        assert!(table.contains_key(&0) && table.contains_key(&(2 * MOST_BLANK)));
        for name in 0..2 * MOST_BLANK {
            table.entry(name).or_default();
        }
        Blank::of(&mut table);
        assert_eq!(table.len(), MOST_BLANK + 1);
    }
}
