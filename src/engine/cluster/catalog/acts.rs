//! Acts of people that secondaries reported lately. One that is reported again after a lost connection is not a new
//! act.

use std::collections::{BTreeSet, VecDeque};

/// How many acts are remembered. An older one counts as new when it is reported again.
const MOST: usize = 100_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Acts {
    known: BTreeSet<u64>,
    order: VecDeque<u64>,
}

impl Acts {
    /// True for one that was not told before.
    pub(super) fn is_new(&mut self, act: u64) -> bool {
        if !self.known.insert(act) {
            return false;
        }
        self.order.push_back(act);
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_new_once_and_old_ones_are_forgotten() {
        let mut acts = Acts::default();
        assert!(acts.is_new(7) && !acts.is_new(7));
        let many = 1000..1000 + MOST as u64;
        assert!(many.into_iter().all(|act| acts.is_new(act)));
        assert_eq!(acts.known.len(), MOST);
        assert!(acts.is_new(7));
    }
}
