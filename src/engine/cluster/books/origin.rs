//! The origin of an entry. No origin may have more than its share of the entries.

use std::net::IpAddr;

use crate::model::{
    SecondaryNumber,
    limits::{MAX_TRANSFERS, MAX_TRANSFERS_OF_A_HOST},
};

/// Whom an entry comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine::cluster) enum Origin {
    /// A client on this host; a /64 of IPv6 counts as one.
    Host(IpAddr),
    /// A secondary: its copies, and transfers of its reports that are unknown here.
    Secondary(SecondaryNumber),
    /// A run of the central that saved it.
    Saved,
}

impl Origin {
    pub(in crate::engine::cluster) fn of_address(address: IpAddr) -> Self {
        Self::Host(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let prefix = address.to_bits() >> 64 << 64;
                IpAddr::V6(prefix.into())
            }
        })
    }

    /// Entries that may wait for a receiver or a report at once.
    pub(super) fn most(self) -> usize {
        match self {
            Self::Host(_) => MAX_TRANSFERS_OF_A_HOST,
            Self::Secondary(_) => MAX_TRANSFERS,
            Self::Saved => usize::MAX,
        }
    }
}
