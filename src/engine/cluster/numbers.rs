//! A set of secondaries; their numbers are 1 to 64.

use crate::model::SecondaryNumber;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NumberSet(u64);

impl NumberSet {
    /// One secondary.
    pub fn of(number: SecondaryNumber) -> Self {
        let mut set = Self::default();
        set.insert(number);
        set
    }

    /// Adds one; false when it was there.
    pub fn insert(&mut self, number: SecondaryNumber) -> bool {
        let before = self.0;
        self.0 |= 1 << (number.get() - 1);
        self.0 != before
    }

    /// Takes one out; false when it was not there.
    pub fn remove(&mut self, number: SecondaryNumber) -> bool {
        let before = self.0;
        self.0 &= !(1 << (number.get() - 1));
        self.0 != before
    }

    /// True for one that is in the set.
    pub fn contains(self, number: SecondaryNumber) -> bool {
        self.0 >> (number.get() - 1) & 1 == 1
    }

    /// Those that are in both.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are in one of them.
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are not in the other.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// How many there are.
    pub fn len(self) -> u16 {
        self.0.count_ones() as u16
    }

    /// True for none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In order.
    pub fn iter(self) -> impl Iterator<Item = SecondaryNumber> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let lowest = u64::from(left.trailing_zeros());
            // Without the lowest bit that is set.
            left &= left.wrapping_sub(1);
            SecondaryNumber::try_from(lowest + 1).ok()
        })
    }
}

impl FromIterator<SecondaryNumber> for NumberSet {
    fn from_iter<I: IntoIterator<Item = SecondaryNumber>>(numbers: I) -> Self {
        let mut set = Self::default();
        numbers.into_iter().for_each(|number| {
            set.insert(number);
        });
        set
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
