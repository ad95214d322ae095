//! A set of secondaries; their numbers are 1 to 64.

use crate::model::SecondaryNumber;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NumberSet(u64);

impl NumberSet {
    pub(super) fn of(number: SecondaryNumber) -> Self {
        let mut set = Self::default();
        set.insert(number);
        set
    }

    pub(super) fn insert(&mut self, number: SecondaryNumber) -> bool {
        let before = self.0;
        self.0 |= 1 << (number.get() - 1);
        self.0 != before
    }

    pub(super) fn remove(&mut self, number: SecondaryNumber) -> bool {
        let before = self.0;
        self.0 &= !(1 << (number.get() - 1));
        self.0 != before
    }

    pub(super) fn contains(self, number: SecondaryNumber) -> bool {
        self.0 >> (number.get() - 1) & 1 == 1
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn len(self) -> u16 {
        self.0.count_ones() as u16
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In order.
    pub(super) fn iter(self) -> impl Iterator<Item = SecondaryNumber> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let lowest = u64::from(left.trailing_zeros());
            // Without the lowest bit that is set.
            left &= left.wrapping_sub(1);
            SecondaryNumber::try_from(lowest + 1).ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_a_set() {
        let number = |n: u16| SecondaryNumber::try_from(u64::from(n)).unwrap();
        let mut set = NumberSet::default();
        assert!(set.insert(number(64)) && set.insert(number(1)) && !set.insert(number(1)));
        assert_eq!(
            set.iter().map(SecondaryNumber::get).collect::<Vec<_>>(),
            [1, 64]
        );
        assert!(set.remove(number(1)) && !set.remove(number(1)));
        assert_eq!(set.len(), 1);
    }
}
