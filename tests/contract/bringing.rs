//! A journal that a central has by itself is brought into a store that has none.

use std::sync::Arc;

use trozos::{
    engine::leadership::{Answer, Fence, Kept, Request},
    model::{LeaseId, Revision},
    node::central::BatchStore,
    store::sha256,
};

use crate::{ask, batch, grant, look, win};

const BODY: &str = "all that was known";

fn kept() -> Kept {
    Kept {
        seq: 7,
        term: 1,
        pieces: 1,
        digest: sha256(BODY.as_bytes()),
    }
}

fn named(id: &str) -> Answer {
    let id = id.to_owned();
    Answer::Identity { id, format: 1 }
}

async fn claim(journal: &impl BatchStore, node: &str, lease: LeaseId) -> Answer {
    ask(journal, Request::Claim(node.to_owned(), lease)).await
}

async fn put(journal: &impl BatchStore, claim: Fence) -> Answer {
    ask(journal, Request::PutImported(claim, 7, 0, BODY.into())).await
}

fn import(claim: Fence) -> Request {
    Request::Import {
        claim,
        id: "brought".to_owned(),
        kept: kept(),
        batch: batch(7, ""),
    }
}

pub async fn a_journal_is_brought_once(journal: Arc<impl BatchStore>) {
    let lease = grant(&*journal, 60).await;
    let Answer::Won(own) = claim(&*journal, "a", lease).await else {
        panic!("nobody else has it");
    };
    // Its answer was lost.
    assert_eq!(claim(&*journal, "a", lease).await, Answer::Won(own));
    let other = grant(&*journal, 60).await;
    assert_eq!(claim(&*journal, "b", other).await, Answer::Claimed);
    let identify = || Request::Identify("another".to_owned());
    assert_eq!(ask(&*journal, identify()).await, Answer::Claimed);
    assert!(matches!(put(&*journal, own).await, Answer::Done(_)));
    let stranger = Fence(Revision(own.0.0 + 1000));
    assert_eq!(put(&*journal, stranger).await, Answer::Claimed);
    assert_eq!(ask(&*journal, import(stranger)).await, Answer::Claimed);
    for _ in 0..2 {
        // Also when the first answer was lost.
        let done = ask(&*journal, import(own)).await;
        assert!(matches!(done, Answer::Done(_)), "{done:?}");
    }
    assert_eq!(put(&*journal, own).await, Answer::Claimed, "it is done");
    assert_eq!(ask(&*journal, identify()).await, named("brought"));
    assert_eq!(claim(&*journal, "b", other).await, named("brought"));
    let sight = look(&*journal).await;
    assert_eq!((sight.tail, sight.format), (7, 1));
    match ask(&*journal, Request::Current).await {
        Answer::Current(Some((found, _))) => assert_eq!(found, kept()),
        other => panic!("{other:?}"),
    }
    let piece = ask(&*journal, Request::Piece(7, 0)).await;
    assert_eq!(piece, Answer::Piece(Some(BODY.into())));
    // The journal goes on from there.
    let (fence, _) = win(&*journal, "a").await;
    let next = ask(&*journal, Request::Append(fence, batch(8, "next"))).await;
    assert!(matches!(next, Answer::Done(_)), "{next:?}");
}

pub async fn who_brings_a_journal_may_die(journal: Arc<impl BatchStore>) {
    let lease = grant(&*journal, 60).await;
    let Answer::Won(first) = claim(&*journal, "a", lease).await else {
        panic!("nobody else has it");
    };
    put(&*journal, first).await;
    ask(&*journal, Request::Revoke(lease)).await;
    let other = grant(&*journal, 60).await;
    let Answer::Won(second) = claim(&*journal, "b", other).await else {
        panic!("the first has gone");
    };
    assert_eq!(ask(&*journal, import(first)).await, Answer::Claimed);
    put(&*journal, second).await;
    let done = ask(&*journal, import(second)).await;
    assert!(matches!(done, Answer::Done(_)), "{done:?}");
}
