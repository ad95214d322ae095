//! What a watch tells, and how it ends.

use std::{sync::Arc, time::Duration};

use trozos::{
    engine::leadership::{Answer, Request},
    model::{Change, Revision},
    node::central::{KeyStore, KeyWatch},
};

use crate::{ask, batch, grant, look, standby, win};

async fn watch<S: KeyStore>(store: &S, from: Revision) -> S::Watch {
    for _ in 0..100 {
        if let Ok(watch) = store.watch(from).await {
            return watch;
        }
    }
    panic!("it cannot be watched");
}

async fn told(watch: &mut impl KeyWatch, count: usize) -> Vec<Change> {
    let mut all = Vec::new();
    while all.len() < count {
        let waiting = tokio::time::timeout(Duration::from_secs(10), watch.next());
        all.extend(waiting.await.unwrap().expect("it goes on"));
    }
    all
}

fn shown(change: &Change) -> String {
    match change {
        Change::Put(found) => format!("+{}", found.key),
        Change::Deleted { key, .. } => format!("-{key}"),
    }
}

pub async fn a_watch_tells_what_followers_need(store: Arc<impl KeyStore>) {
    ask(&*store, Request::Identify("prueba".to_owned())).await;
    let start = look(&*store).await.revision;
    let mut early = watch(&*store, start.next()).await;
    let (fence, lease) = win(&*store, "a").await;
    let other = grant(&*store, 60).await;
    ask(&*store, Request::Append(fence, batch(1, "one"))).await;
    ask(&*store, Request::Announce(standby("b", other))).await;
    ask(&*store, Request::PutPiece(fence, 1, 0, "x".into())).await;
    ask(&*store, Request::Mark(fence, "b".to_owned())).await;
    ask(&*store, Request::Unmark(fence)).await;
    ask(&*store, Request::Append(fence, batch(2, "two"))).await;
    ask(&*store, Request::Revoke(lease)).await;
    let expected = [
        "+active",
        "+log/00000000000000000001",
        "+handover",
        "-handover",
        "+log/00000000000000000002",
        "-active",
    ];
    // One that begins later tells the same.
    let mut late = watch(&*store, start.next()).await;
    for watch in [&mut early, &mut late] {
        let all = told(watch, expected.len()).await;
        assert_eq!(all.iter().map(shown).collect::<Vec<_>>(), expected);
        let revisions: Vec<Revision> = (all.iter())
            .map(|change| match change {
                Change::Put(found) => found.modified,
                Change::Deleted { at, .. } => *at,
            })
            .collect();
        assert!(
            revisions.is_sorted_by(|one, two| one < two),
            "{revisions:?}"
        );
    }
}

pub async fn a_watch_of_the_past_goes_as_far_as_it_is_kept(store: Arc<impl KeyStore>) {
    let start = look(&*store).await.revision;
    let (fence, _) = win(&*store, "a").await;
    for seq in 1..=3 {
        ask(&*store, Request::Append(fence, batch(seq, "b"))).await;
    }
    let Answer::Page(_, at) = ask(&*store, Request::Log(1, 16)).await else {
        panic!("a page");
    };
    ask(&*store, Request::Compact(at)).await;
    // It is not begun, or ends at once.
    let mut is_over = false;
    for _ in 0..100 {
        if let Ok(mut watch) = store.watch(start.next()).await {
            let waiting = tokio::time::timeout(Duration::from_secs(10), watch.next());
            is_over = waiting.await.unwrap().is_none();
            break;
        }
    }
    assert!(is_over);
    let mut watch = watch(&*store, at.next()).await;
    ask(&*store, Request::Append(fence, batch(4, "b"))).await;
    let all = told(&mut watch, 1).await;
    assert_eq!(
        all.iter().map(shown).collect::<Vec<_>>(),
        ["+log/00000000000000000004"]
    );
}
