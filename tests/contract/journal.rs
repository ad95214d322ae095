//! What a file promises as well: batches and snapshots.

use std::sync::Arc;

use trozos::{
    engine::leadership::{Answer, Batch, Fence, Kept, Request},
    model::Revision,
    node::central::BatchStore,
    store::sha256,
};

use crate::{ask, batch, look, win};

async fn append(journal: &impl BatchStore, fence: Fence, batch: Batch) -> Answer {
    ask(journal, Request::Append(fence, batch)).await
}

fn is_done(answer: &Answer) -> bool {
    matches!(answer, Answer::Done(_))
}

pub async fn a_batch_is_written_once(journal: Arc<impl BatchStore>) {
    let (fence, _) = win(&*journal, "a").await;
    assert!(is_done(&append(&*journal, fence, batch(1, "one")).await));
    assert!(is_done(&append(&*journal, fence, batch(2, "two")).await));
    // The same once more was committed by an earlier try.
    assert!(is_done(&append(&*journal, fence, batch(2, "two")).await));
    assert!(is_done(&append(&*journal, fence, batch(1, "one")).await));
    let other = append(&*journal, fence, batch(2, "another")).await;
    assert_eq!(other, Answer::OtherBatch);
    let far = append(&*journal, fence, batch(4, "four")).await;
    assert_eq!(far, Answer::Gap);
    assert_eq!(look(&*journal).await.tail, 2);
    let stranger = Fence(Revision(fence.0.0 + 1000));
    match append(&*journal, stranger, batch(3, "three")).await {
        Answer::Fenced(_, Some(holder)) => assert_eq!(holder.fence, fence),
        other => panic!("{other:?}"),
    }
    assert_eq!(look(&*journal).await.tail, 2);
}

pub async fn batches_come_in_pages(journal: Arc<impl BatchStore>) {
    let (fence, _) = win(&*journal, "a").await;
    for seq in 1..=20 {
        let done = append(&*journal, fence, batch(seq, &format!("batch {seq}\n"))).await;
        assert!(is_done(&done));
    }
    let mut seqs = Vec::new();
    for (from, count) in [(1, 16), (17, 4), (21, 0)] {
        match ask(&*journal, Request::Log(from, 16)).await {
            Answer::Page(batches, _) => {
                assert_eq!(batches.len(), count);
                for found in batches {
                    assert_eq!(found, batch(found.seq, &format!("batch {}\n", found.seq)));
                    seqs.push(found.seq);
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seqs, (1..=20).collect::<Vec<u64>>());
}

pub async fn large_batches_are_kept(journal: Arc<impl BatchStore>) {
    let (fence, _) = win(&*journal, "a").await;
    let long = "x".repeat(512 << 10);
    for seq in 1..=18 {
        assert!(is_done(&append(&*journal, fence, batch(seq, &long)).await));
    }
    match ask(&*journal, Request::Log(1, 16)).await {
        Answer::Page(batches, _) => {
            assert_eq!(batches.len(), 16);
            assert!(batches.iter().all(|found| found.body.len() > 512 << 10));
        }
        other => panic!("{other:?}"),
    }
}

fn kept(seq: u64) -> Kept {
    Kept {
        seq,
        term: 1,
        pieces: 2,
        digest: sha256(format!("piece 0 of {seq}piece 1 of {seq}").as_bytes()),
    }
}

async fn put_pieces(journal: &impl BatchStore, fence: Fence, seq: u64) {
    for n in 0..2 {
        let piece = format!("piece {n} of {seq}").into();
        let put = Request::PutPiece(fence, seq, n, piece);
        assert!(is_done(&ask(journal, put).await));
    }
}

async fn current(journal: &impl BatchStore) -> Option<(Kept, Revision)> {
    match ask(journal, Request::Current).await {
        Answer::Current(current) => current,
        other => panic!("{other:?}"),
    }
}

/// The seqs of all batches that are kept, in order.
async fn seqs(journal: &impl BatchStore) -> Vec<u64> {
    match ask(journal, Request::Log(1, 16)).await {
        Answer::Page(batches, _) => batches.iter().map(|batch| batch.seq).collect(),
        other => panic!("{other:?}"),
    }
}

pub async fn snapshots_replace_what_they_contain(journal: Arc<impl BatchStore>) {
    let (fence, _) = win(&*journal, "a").await;
    for seq in 1..=10 {
        assert!(is_done(&append(&*journal, fence, batch(seq, "b")).await));
    }
    assert_eq!(current(&*journal).await, None);
    put_pieces(&*journal, fence, 5).await;
    let first = Request::SetCurrent(fence, kept(5), Revision(0));
    assert!(is_done(&ask(&*journal, first.clone()).await));
    // An earlier try has done it.
    assert!(is_done(&ask(&*journal, first.clone()).await));
    let (found, at) = current(&*journal).await.expect("it is current");
    assert_eq!(found, kept(5));
    let piece = ask(&*journal, Request::Piece(5, 1)).await;
    assert_eq!(piece, Answer::Piece(Some("piece 1 of 5".into())));
    put_pieces(&*journal, fence, 8).await;
    let second = Request::SetCurrent(fence, kept(8), at);
    assert!(is_done(&ask(&*journal, second).await));
    assert_eq!(current(&*journal).await.map(|(kept, _)| kept.seq), Some(8));
    // One that was on its way for long does not come back.
    assert_eq!(ask(&*journal, first).await, Answer::OtherCurrent);
    let Answer::Done(at) = ask(&*journal, Request::Trim(fence, 4, 5)).await else {
        panic!("it is done");
    };
    assert!(is_done(&ask(&*journal, Request::Compact(at)).await));
    assert!(is_done(&ask(&*journal, Request::Compact(at)).await));
    // Nothing that is in no snapshot is removed, and what is left has no gap.
    let left = seqs(&*journal).await;
    assert!(matches!(left.first(), Some(4..=9)), "{left:?}");
    assert_eq!(left, (left[0]..=10).collect::<Vec<u64>>());
    assert!(is_done(&append(&*journal, fence, batch(11, "b")).await));
    let stranger = Fence(Revision(fence.0.0 + 1000));
    for request in [
        Request::PutPiece(stranger, 9, 0, "x".into()),
        Request::SetCurrent(stranger, kept(9), at),
        Request::Trim(stranger, 11, 11),
    ] {
        let answer = ask(&*journal, request).await;
        assert!(matches!(answer, Answer::Fenced(..)), "{answer:?}");
    }
}

/// What other centrals may still have to read: so many batches before a snapshot, and the snapshot before.
pub async fn what_followers_need_is_kept(journal: Arc<impl BatchStore>) {
    let (fence, _) = win(&*journal, "a").await;
    for seq in 1..=10 {
        assert!(is_done(&append(&*journal, fence, batch(seq, "b")).await));
    }
    put_pieces(&*journal, fence, 5).await;
    let first = Request::SetCurrent(fence, kept(5), Revision(0));
    assert!(is_done(&ask(&*journal, first).await));
    assert!(is_done(&ask(&*journal, Request::Trim(fence, 4, 5)).await));
    assert_eq!(seqs(&*journal).await, (4..=10).collect::<Vec<u64>>());
    let piece = ask(&*journal, Request::Piece(5, 1)).await;
    assert_eq!(piece, Answer::Piece(Some("piece 1 of 5".into())));
    assert!(is_done(&ask(&*journal, Request::Trim(fence, 4, 8)).await));
    let piece = ask(&*journal, Request::Piece(5, 1)).await;
    assert_eq!(piece, Answer::Piece(None));
}
