//! What a file promises as well: batches and snapshots.

use std::sync::Arc;

use trozos::{
    engine::leadership::{Answer, Batch, Fence, Kept, Request},
    model::{Digest, Revision},
    node::central::BatchStore,
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
            assert!(batches.iter().all(|found| found.body.len() == 512 << 10));
        }
        other => panic!("{other:?}"),
    }
}

fn kept(seq: u64) -> Kept {
    Kept {
        seq,
        term: 1,
        pieces: 2,
        digest: Digest::new([7; 32]),
    }
}

pub async fn snapshots_replace_what_they_contain(journal: Arc<impl BatchStore>) {
    let (fence, _) = win(&*journal, "a").await;
    for seq in 1..=10 {
        assert!(is_done(&append(&*journal, fence, batch(seq, "b")).await));
    }
    assert_eq!(
        ask(&*journal, Request::Current).await,
        Answer::Current(None)
    );
    for n in 0..2 {
        let piece = Request::PutPiece(fence, 5, n, format!("piece {n}").into());
        assert!(is_done(&ask(&*journal, piece).await));
    }
    let first = Request::SetCurrent(fence, kept(5), Revision(0));
    assert!(is_done(&ask(&*journal, first.clone()).await));
    // An earlier try has done it.
    assert!(is_done(&ask(&*journal, first.clone()).await));
    let Answer::Current(Some((found, at))) = ask(&*journal, Request::Current).await else {
        panic!("it is current");
    };
    assert_eq!(found, kept(5));
    let second = Request::SetCurrent(fence, kept(8), at);
    assert!(is_done(&ask(&*journal, second).await));
    // One that was on its way for long does not come back.
    assert_eq!(ask(&*journal, first).await, Answer::OtherCurrent);
    let trim = Request::Trim(fence, 4, 5);
    let Answer::Done(at) = ask(&*journal, trim).await else {
        panic!("it is done");
    };
    assert!(is_done(&ask(&*journal, Request::Compact(at)).await));
    assert!(is_done(&ask(&*journal, Request::Compact(at)).await));
    match ask(&*journal, Request::Log(1, 16)).await {
        Answer::Page(batches, _) => {
            let seqs: Vec<u64> = batches.iter().map(|batch| batch.seq).collect();
            assert_eq!(seqs, (4..=10).collect::<Vec<u64>>());
        }
        other => panic!("{other:?}"),
    }
    // The newest two snapshots are kept.
    let piece = ask(&*journal, Request::Piece(5, 1)).await;
    assert_eq!(piece, Answer::Piece(Some("piece 1".into())));
    assert!(is_done(&ask(&*journal, Request::Trim(fence, 4, 8)).await));
    let piece = ask(&*journal, Request::Piece(5, 1)).await;
    assert_eq!(piece, Answer::Piece(None));
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
