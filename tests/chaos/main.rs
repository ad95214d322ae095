//! Chaos over the real programs: random kills, freezes, restarts, cut and slow links, wrong bytes on disks,
//! files that come and go, the central included, while clients download and people edit, rename and delete all the
//! time. At the end everything is healed, what is in conflict is decided, and then files, folders, books, processes, descriptors and part files must be as they should.
//!
//! The story follows from a seed; what it does to the programs depends on their timing as well.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `TROZOS_CHAOS_SECONDS` | how long faults happen |
//! | `TROZOS_CHAOS_SEED` | the story; it is printed |
//! | `TROZOS_CHAOS_CLIENTS` | how many clients, at least 3 |
//! | `TROZOS_CHAOS_REPORT` | where a JSON report is written |
//! | `TROZOS_CHAOS_PROGRAMS` | the folder of the programs, instead of those that were built with the tests |
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub)]

mod audit;
#[cfg(feature = "etcd")]
mod centrals;
mod clients;
mod decisions;
mod files;
mod ledger;
mod meter;
mod network;
mod nodes;
mod people;
mod report;
mod run;
mod story;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use network::Network;
use story::{Plan, Settings};

/// Two centrals on three members of etcd, each in a namespace of its own: kills, stops, cuts and hand-overs.
#[cfg(feature = "etcd")]
#[test]
#[ignore = "needs network namespaces and etcd: see .ci/run"]
fn centrals_and_members_of_etcd_die_and_nobody_notices() {
    centrals::run();
}

/// Without privileges: no links of their own, so nothing is cut or slowed down.
#[test]
fn a_cluster_survives_kills_freezes_and_wrong_bytes() {
    run::run(&Settings::from_env(Plan {
        seconds: 7,
        gap_ms: 100..900,
        edit_gap_ms: 150..800,
        breath: Duration::MAX,
        ends: true,
        rate_bytes_per_s: 4_000_000,
        base_files: 4,
        file_bytes: 3_000_000..9_000_000,
        network: Network::Loopback,
    }));
}

/// Every kind of fault, each node in a network namespace of its own. Needs a network and a mount namespace
/// that nobody else uses: `unshare -mn` as root, else `unshare -rmn`, as `.ci/run` does it.
#[test]
#[ignore = "needs network namespaces: see .ci/run"]
fn a_cluster_survives_everything() {
    run::run(&Settings::from_env(Plan {
        seconds: 20,
        gap_ms: 400..2_500,
        edit_gap_ms: 300..2_000,
        breath: Duration::from_secs(10),
        ends: true,
        rate_bytes_per_s: 5_000_000,
        base_files: 6,
        file_bytes: 8_000_000..40_000_000,
        network: Network::Namespaces,
    }));
}

/// The same without any end of a process: nothing is lost that was not saved, and the figures of all nodes are
/// the same to the byte.
#[test]
#[ignore = "needs network namespaces: see .ci/run"]
fn figures_agree_to_the_byte_when_nobody_is_killed() {
    run::run(&Settings::from_env(Plan {
        seconds: 20,
        gap_ms: 400..2_500,
        edit_gap_ms: 300..2_000,
        breath: Duration::from_secs(10),
        ends: false,
        rate_bytes_per_s: 5_000_000,
        base_files: 6,
        file_bytes: 8_000_000..40_000_000,
        network: Network::Namespaces,
    }));
}
