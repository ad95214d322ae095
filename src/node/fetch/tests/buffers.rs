use std::time::Duration;

use tokio::time::timeout;

use crate::{model::ChunkLayout, node::fetch::buffers::Buffers};

const MIB: u32 = 1 << 20;

fn buffers() -> Buffers {
    Buffers::new(ChunkLayout::for_file(u64::from(MIB)).unwrap())
}

#[tokio::test(start_paused = true)]
async fn there_are_only_so_many_and_one_that_is_dropped_is_free_again() {
    let buffers = buffers();
    let mut taken: Vec<_> = std::iter::from_fn(|| buffers.try_get()).collect();
    assert_eq!(taken.len(), buffers.count());
    let waiting = buffers.get();
    tokio::pin!(waiting);
    let minute = Duration::from_secs(60);
    assert!(timeout(minute, &mut waiting).await.is_err());
    taken.pop();
    waiting.await.unwrap();
    // One that is waited for in vain is nobody's.
    taken.pop();
    assert!(buffers.try_get().is_some());
}

#[test]
fn memory_is_used_again_unless_it_was_given_away() {
    let buffers = buffers();
    let mut first = buffers.try_get().unwrap();
    first.bytes.extend_from_slice(b"abc");
    let at = first.bytes.as_ptr();
    drop(first);
    let second = buffers.try_get().unwrap();
    assert!(second.bytes.is_empty());
    assert_eq!(second.bytes.as_ptr(), at);
    let kept = second.into_bytes();
    let third = buffers.try_get().unwrap();
    assert_ne!(third.bytes.as_ptr(), at);
    drop(kept);
}

#[test]
fn what_is_arriving_is_counted_until_it_is_whole_or_gone() {
    let buffers = buffers();
    let mut whole = buffers.try_get().unwrap();
    let gone = buffers.try_get().unwrap();
    assert_eq!(buffers.arriving(), 2);
    whole.arrived();
    whole.arrived();
    assert_eq!(buffers.arriving(), 1);
    drop(gone);
    drop(whole);
    assert_eq!(buffers.arriving(), 0);
}

#[test]
fn a_quarter_stays_free_so_that_duplicates_cannot_starve_the_next_chunk() {
    for chunk_bytes in [MIB, 16 * MIB] {
        let layout = ChunkLayout::of_small_chunks(1 << 40, chunk_bytes);
        let buffers = Buffers::new(layout);
        assert!(buffers.count() >= 8);
        let spare = buffers.count() - buffers.ahead() as usize;
        assert_eq!(spare, buffers.count() / 4);
    }
}
