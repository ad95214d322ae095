//! Leases, and the key that one central has for as long as its lease lives.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use trozos::{
    engine::leadership::{Answer, Fence, Request, Standby},
    model::Revision,
    node::central::BatchStore,
};

use crate::{active, ask, batch, grant, look, standby, win};

pub async fn keys_end_with_their_lease(journal: Arc<impl BatchStore>) {
    let lease = grant(&*journal, 60).await;
    assert!(matches!(
        ask(&*journal, Request::Renew(lease)).await,
        Answer::Done(_)
    ));
    let told = ask(&*journal, Request::Announce(standby("b", lease))).await;
    assert!(matches!(told, Answer::Done(_)));
    let found = look(&*journal).await.standbys;
    assert_eq!(found.len(), 1);
    assert_eq!(
        Standby {
            created: Revision(0),
            ..found[0].clone()
        },
        standby("b", lease)
    );
    assert!(matches!(
        ask(&*journal, Request::Revoke(lease)).await,
        Answer::Done(_)
    ));
    assert_eq!(look(&*journal).await.standbys, []);
    for request in [
        Request::Renew(lease),
        Request::Revoke(lease),
        Request::Announce(standby("b", lease)),
        Request::Campaign(active("b", lease)),
    ] {
        assert_eq!(ask(&*journal, request).await, Answer::LeaseGone);
    }
}

pub async fn a_lease_that_is_not_renewed_ends(journal: Arc<impl BatchStore>) {
    let (kept, left) = (grant(&*journal, 3).await, grant(&*journal, 3).await);
    let start = Instant::now();
    ask(&*journal, Request::Announce(standby("kept", kept))).await;
    ask(&*journal, Request::Announce(standby("left", left))).await;
    loop {
        assert!(matches!(
            ask(&*journal, Request::Renew(kept)).await,
            Answer::Done(_)
        ));
        let found = look(&*journal).await.standbys;
        assert!(found.iter().any(|standby| standby.node == "kept"));
        if found.len() == 1 {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "it never ends");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        start.elapsed() >= Duration::from_millis(2900),
        "it ended early"
    );
    assert_eq!(
        ask(&*journal, Request::Renew(left)).await,
        Answer::LeaseGone
    );
}

pub async fn one_gets_the_key(journal: Arc<impl BatchStore>) {
    let (fence, lease) = win(&*journal, "a").await;
    let other = grant(&*journal, 60).await;
    match ask(&*journal, Request::Campaign(active("b", other))).await {
        Answer::Fenced(_, Some(holder)) => {
            assert_eq!((holder.node.as_str(), holder.lease), ("a", Some(lease)));
            assert_eq!((holder.address.as_str(), holder.fence), ("a:7000", fence));
        }
        other => panic!("{other:?}"),
    }
    let sight = look(&*journal).await;
    assert_eq!(sight.active.map(|active| active.fence), Some(fence));
    assert!(matches!(
        ask(&*journal, Request::Release(fence)).await,
        Answer::Done(_)
    ));
    let sight = look(&*journal).await;
    assert_eq!((sight.active, sight.tail, sight.format), (None, 0, 1));
    match ask(&*journal, Request::Campaign(active("b", other))).await {
        Answer::Won(later) => assert!(later > fence),
        other => panic!("{other:?}"),
    }
    // What the one before has still on its way does nothing.
    for request in [
        Request::Append(fence, batch(1, "late")),
        Request::Release(fence),
    ] {
        let answer = ask(&*journal, request).await;
        assert!(matches!(answer, Answer::Fenced(_, Some(_))), "{answer:?}");
    }
    assert_eq!(look(&*journal).await.tail, 0);
}

pub async fn the_key_is_given_in_one_transaction(journal: Arc<impl BatchStore>) {
    let (fence, _) = win(&*journal, "a").await;
    let lease = grant(&*journal, 60).await;
    ask(&*journal, Request::Append(fence, batch(1, "one"))).await;
    ask(&*journal, Request::Announce(standby("b", lease))).await;
    ask(&*journal, Request::Mark(fence, "b".to_owned())).await;
    let sight = look(&*journal).await;
    assert_eq!(sight.handover.as_deref(), Some("b"));
    let to = sight.standbys[0].clone();
    let earlier = Standby {
        created: Revision(to.created.0 - 1),
        ..to.clone()
    };
    let last = batch(2, "handed over");
    let gone = ask(&*journal, Request::Transfer(fence, last.clone(), earlier)).await;
    assert_eq!(gone, Answer::TargetGone);
    let given = Request::Transfer(fence, last.clone(), to.clone());
    let Answer::Done(at) = ask(&*journal, given.clone()).await else {
        panic!("it is given");
    };
    let sight = look(&*journal).await;
    let holder = sight.active.unwrap();
    assert_eq!((holder.node.as_str(), holder.lease), ("b", Some(lease)));
    assert_eq!(
        (holder.fence, sight.handover, sight.tail),
        (Fence(at), None, 2)
    );
    // Asked again, as its answer was lost.
    assert!(matches!(ask(&*journal, given).await, Answer::Done(_)));
    for seq in [2, 3] {
        let late = ask(&*journal, Request::Append(fence, batch(seq, "late"))).await;
        assert!(matches!(late, Answer::Fenced(..)), "{late:?}");
    }
    let next = Request::Append(Fence(at), batch(3, "three"));
    assert!(matches!(ask(&*journal, next).await, Answer::Done(_)));
    // The key ends with the lease of the one that has it now.
    ask(&*journal, Request::Revoke(lease)).await;
    assert_eq!(look(&*journal).await.active, None);
}

pub async fn a_cluster_is_named_once(journal: Arc<impl BatchStore>) {
    for id in ["first", "second", "first"] {
        let answer = ask(&*journal, Request::Identify(id.to_owned())).await;
        let id = "first".to_owned();
        assert_eq!(answer, Answer::Identity { id, format: 1 });
    }
}

pub async fn marks_are_fenced(journal: Arc<impl BatchStore>) {
    let (fence, _) = win(&*journal, "a").await;
    let stranger = Fence(Revision(fence.0.0 + 1000));
    for (fence, is_done) in [(stranger, false), (fence, true)] {
        let answer = ask(&*journal, Request::Mark(fence, "b".to_owned())).await;
        assert_eq!(matches!(answer, Answer::Done(_)), is_done);
        assert_eq!(look(&*journal).await.handover.is_some(), is_done);
    }
    for (fence, is_done) in [(stranger, false), (fence, true), (fence, true)] {
        let answer = ask(&*journal, Request::Unmark(fence)).await;
        assert_eq!(matches!(answer, Answer::Done(_)), is_done);
        assert_eq!(look(&*journal).await.handover.is_none(), is_done);
    }
}
