//! The books balance.

use trozos::engine::{counters::Counters, registry::Totals};

/// In every table each byte that was sent is accounted for once.
pub fn check_balance(totals: &Totals) {
    let sums = [&totals.totals, &totals.copies];
    let clients = totals.clients.values().chain([&totals.other_clients]);
    let files = totals.files.values().chain([&totals.other_files]);
    let tables = clients.chain(files).chain(totals.secondaries.values());
    for counters in sums.into_iter().chain(tables) {
        assert_eq!(
            u128::from(counters.bytes_sent),
            accounted(counters),
            "{counters:?}"
        );
    }
}

fn accounted(counters: &Counters) -> u128 {
    let parts = [
        counters.bytes_received,
        counters.bytes_wasted,
        counters.bytes_unconfirmed,
    ];
    parts.into_iter().map(u128::from).sum()
}
