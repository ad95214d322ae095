//! The numbers of transfers: 64 bits that nobody can know in advance, and of which none comes twice in a reign.
//!
//! A counter is enciphered with a key that is made for the reign, by a Feistel network (four rounds; Luby and Rackoff,
//! 1988) whose round function is SipHash-2-4 (Aumasson and Bernstein, 2012). That is a permutation: all numbers differ
//! until all are used. It can be undone, so that what this reign has named is known without a list.

use crate::model::{Term, TransferId};

/// Half of a number's bits.
const HALF: u32 = 32;
const MASK: u64 = (1 << HALF) - 1;
const ROUNDS: [u64; 4] = [0, 1, 2, 3];

/// See the module.
#[derive(Debug)]
pub(in crate::engine::cluster) struct Numbers {
    term: Term,
    key: [u64; 2],
    made: u64,
}

impl Numbers {
    /// The numbers of a reign.
    pub(in crate::engine::cluster) fn new(term: Term, seed: u128) -> Self {
        Self {
            term,
            key: [seed as u64, (seed >> 64) as u64],
            made: 0,
        }
    }

    /// One that this reign has not named yet.
    pub(in crate::engine::cluster) fn next(&mut self) -> TransferId {
        let number = self.encipher(self.made);
        self.made += 1;
        TransferId::new(self.term, number)
    }

    /// True for what this reign has named.
    pub(in crate::engine::cluster) fn has_made(&self, transfer: TransferId) -> bool {
        transfer.term == self.term && self.decipher(transfer.number) < self.made
    }

    /// True for what looks like this reign's and is not.
    pub(in crate::engine::cluster) fn is_made_up(&self, transfer: TransferId) -> bool {
        transfer.term == self.term && !self.has_made(transfer)
    }

    fn encipher(&self, plain: u64) -> u64 {
        let (mut left, mut right) = (plain >> HALF & MASK, plain & MASK);
        for round in ROUNDS {
            (left, right) = (right, left ^ self.mix(round, right));
        }
        left << HALF | right
    }

    fn decipher(&self, number: u64) -> u64 {
        let (mut left, mut right) = (number >> HALF & MASK, number & MASK);
        for round in ROUNDS.into_iter().rev() {
            (left, right) = (right ^ self.mix(round, left), left);
        }
        left << HALF | right
    }

    fn mix(&self, round: u64, half: u64) -> u64 {
        sip_hash(self.key, round << HALF | half) & MASK
    }
}

/// SipHash-2-4 of eight bytes.
fn sip_hash(key: [u64; 2], text: u64) -> u64 {
    /// What the algorithm adds for a text of eight bytes.
    const LENGTH: u64 = 8 << 56;
    let mut v = [
        key[0] ^ 0x736f_6d65_7073_6575,
        key[1] ^ 0x646f_7261_6e64_6f6d,
        key[0] ^ 0x6c79_6765_6e65_7261,
        key[1] ^ 0x7465_6462_7974_6573,
    ];
    for word in [text, LENGTH] {
        v[3] ^= word;
        sip_round(&mut v);
        sip_round(&mut v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    (0..4).for_each(|_| sip_round(&mut v));
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

fn sip_round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].wrapping_add(v[3]);
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].wrapping_add(v[1]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_published_vector() {
        let bytes = |from: u8| u64::from_le_bytes(std::array::from_fn(|n| from + n as u8));
        let hash = sip_hash([bytes(0), bytes(8)], bytes(0));
        assert_eq!(
            hash.to_le_bytes(),
            [0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93]
        );
    }

    const TERM: Term = Term(3);

    #[test]
    fn numbers_do_not_come_twice_and_are_known_again() {
        let mut numbers = Numbers::new(TERM, 7);
        // More than 20 bits can count take too long here; a permutation repeats nothing.
        let made: Vec<_> = (0..5000).map(|_| numbers.next()).collect();
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len());
        for (counter, id) in (0..).zip(&made) {
            assert!(numbers.has_made(*id) && !numbers.is_made_up(*id));
            assert_eq!(numbers.decipher(id.number), counter);
            let other = TransferId::new(Term(4), id.number);
            assert!(!numbers.has_made(other) && !numbers.is_made_up(other));
        }
        for far in [1 << 20, 1 << 32, 1 << 52, u64::MAX] {
            let number = numbers.encipher(far);
            assert_eq!(numbers.decipher(number), far);
            assert!(numbers.is_made_up(TransferId::new(TERM, number)));
        }
    }

    #[test]
    fn nobody_guesses_the_next_one_from_the_last() {
        let mut numbers = Numbers::new(TERM, 7);
        let made: Vec<_> = (0..1000).map(|_| numbers.next()).collect();
        let near = made
            .windows(2)
            .filter(|two| two[0].number.abs_diff(two[1].number) < 1 << 50);
        assert_eq!(near.count(), 0);
        let mut others = Numbers::new(TERM, 8);
        assert!((0..1000).all(|_| !numbers.has_made(others.next())));
    }
}
