//! What a key store promises, told once and tried on each: the one in memory that the simulation uses, and etcd. A file
//! that keeps a journal for one central promises the part of it that `in_a_file` names.
//!
//! What a place of files promises (`shelf`), a folder or a bucket, is told and tried in the same way.
//!
//! What needs etcd or a server of S3 is ignored here, and run by `.ci/run`.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod bringing;
#[path = "../sim/engine.rs"]
#[allow(dead_code)]
mod engine;
#[cfg(feature = "etcd")]
#[path = "../support/etcd.rs"]
mod etcd;
#[cfg(feature = "etcd")]
mod faults;
mod file;
mod journal;
mod leases;
mod memory;
#[path = "../support/reigning.rs"]
mod reigning;
mod reigns;
#[cfg(feature = "object-store")]
mod shelf;
mod watches;

use trozos::{
    engine::leadership::{Active, Answer, Batch, Fence, Request, Sight, Standby},
    model::{LeaseId, Revision},
    node::central::BatchStore,
};

/// A batch as centrals write it, with a text in the place of facts.
fn batch(seq: u64, body: &str) -> Batch {
    Batch {
        seq,
        term: 1,
        body: format!("{{\"v\":1,\"seq\":{seq},\"term\":1,\"at\":0,\"n\":1}}\n{body}").into(),
    }
}

fn active(node: &str, lease: LeaseId) -> Active {
    Active {
        node: node.to_owned(),
        address: format!("{node}:7000"),
        lease: Some(lease),
        fence: Fence(Revision(0)),
    }
}

fn standby(node: &str, lease: LeaseId) -> Standby {
    Standby {
        node: node.to_owned(),
        address: format!("{node}:7000"),
        lease: Some(lease),
        created: Revision(0),
        applied: 3,
        reads: 1,
        ready: true,
    }
}

/// Asks until there is an answer: a store may have just started.
async fn ask(journal: &impl BatchStore, request: Request) -> Answer {
    for _ in 0..100 {
        if let Ok(answer) = journal.ask(&request).await {
            return answer;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no answer to {request:?}");
}

async fn look(journal: &impl BatchStore) -> Sight {
    match ask(journal, Request::Look).await {
        Answer::Sight(sight) => sight,
        other => panic!("{other:?}"),
    }
}

async fn grant(journal: &impl BatchStore, seconds: u64) -> LeaseId {
    let ttl = std::time::Duration::from_secs(seconds);
    match ask(journal, Request::Grant(ttl)).await {
        Answer::Granted(lease) => lease,
        other => panic!("{other:?}"),
    }
}

/// Makes a central the active one.
async fn win(journal: &impl BatchStore, node: &str) -> (Fence, LeaseId) {
    ask(journal, Request::Identify("prueba".to_owned())).await;
    let lease = grant(journal, 60).await;
    match ask(journal, Request::Campaign(active(node, lease))).await {
        Answer::Won(fence) => (fence, lease),
        other => panic!("{other:?}"),
    }
}

/// The whole contract of a key store, a name for each part.
macro_rules! contract {
    ($store:expr, $attributes:tt) => {
        crate::contract!(@all $store, $attributes,
            a_batch_is_written_once => crate::journal::a_batch_is_written_once,
            batches_come_in_pages => crate::journal::batches_come_in_pages,
            snapshots_replace_what_they_contain => crate::journal::snapshots_replace_what_they_contain,
            large_batches_are_kept => crate::journal::large_batches_are_kept,
            what_followers_need_is_kept => crate::journal::what_followers_need_is_kept,
            a_journal_is_brought_once => crate::bringing::a_journal_is_brought_once,
            who_brings_a_journal_may_die => crate::bringing::who_brings_a_journal_may_die,
            keys_end_with_their_lease => crate::leases::keys_end_with_their_lease,
            a_lease_that_is_not_renewed_ends => crate::leases::a_lease_that_is_not_renewed_ends,
            one_gets_the_key => crate::leases::one_gets_the_key,
            the_key_is_given_in_one_transaction => crate::leases::the_key_is_given_in_one_transaction,
            a_cluster_is_named_once => crate::leases::a_cluster_is_named_once,
            marks_are_fenced => crate::leases::marks_are_fenced,
            a_watch_tells_what_followers_need => crate::watches::a_watch_tells_what_followers_need,
            a_watch_of_the_past_goes_as_far_as_it_is_kept => crate::watches::a_watch_of_the_past_goes_as_far_as_it_is_kept,
            two_centrals_hand_over => crate::reigns::two_centrals_hand_over,
            the_other_takes_over => crate::reigns::the_other_takes_over,
        );
    };
    (@all $store:expr, $attributes:tt, $($name:ident => $case:path,)+) => {
        $(crate::contract!(@one $store, $attributes, $name, $case);)+
    };
    (@one $store:expr, ($(#[$attribute:meta])*), $name:ident, $case:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attribute])*
        async fn $name() {
            let (store, _kept) = $store;
            $case(store).await;
        }
    };
}
pub(crate) use contract;

/// The part of it that a file promises as well.
mod in_a_file {
    crate::contract!(@all crate::file::store(), (),
        a_batch_is_written_once => crate::journal::a_batch_is_written_once,
        batches_come_in_pages => crate::journal::batches_come_in_pages,
        snapshots_replace_what_they_contain => crate::journal::snapshots_replace_what_they_contain,
        large_batches_are_kept => crate::journal::large_batches_are_kept,
    );
}

mod in_memory {
    crate::contract!((crate::memory::Memory::new(), ()), ());
}

#[cfg(feature = "etcd")]
mod on_etcd {
    crate::contract!(crate::faults::store(1), (#[ignore = "needs etcd"]));
}

#[cfg(feature = "etcd")]
mod on_three_etcd {
    crate::contract!(crate::faults::store(3), (#[ignore = "needs etcd"]));
}
