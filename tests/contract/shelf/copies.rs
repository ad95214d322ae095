//! Copies that are taken in, and what is kept beside the files.

use bytes::Bytes;
use tokio::sync::mpsc;
use trozos::{
    model::RetiredReason,
    node::shelf::{Incoming, TakenIn},
    store::StoreError,
};

use super::{Hand, Place, blocking, bytes_of, look, meta, name, shelf_of};

/// Takes bytes in, in chunks, of which only so many come.
pub async fn take(place: &Place, copy: Incoming, bytes: &[u8], most: usize) -> TakenIn {
    let (chunks, coming) = mpsc::channel(1);
    let pieces: Vec<Bytes> = bytes[..bytes.len().min(most)]
        .chunks(copy.file.layout.chunk_bytes() as usize)
        .map(Bytes::copy_from_slice)
        .collect();
    let intake = place.shelf.intake().unwrap();
    let taking = tokio::spawn(intake.take(copy, coming));
    for piece in pieces {
        // It may have ended with an error.
        let _ = chunks.send(piece).await;
    }
    drop(chunks);
    taking.await.unwrap()
}

pub fn incoming(of: &str, bytes: &[u8]) -> Incoming {
    Incoming {
        file: meta(of, bytes),
        replaces: None,
    }
}

/// All keys of a bucket that this program keeps for itself, but for digests.
async fn own_keys(place: &Place) -> Vec<String> {
    let Hand::Objects(objects) = &place.hand else {
        return Vec::new();
    };
    let listed = objects.list(".trozos/", 1000).await.unwrap();
    let keys = listed.into_keys();
    keys.filter(|key| !key.starts_with(".trozos/indice/"))
        .collect()
}

pub async fn copies_are_there_whole_or_not_at_all(place: Place) {
    for (seed, length) in [
        (1, 0),
        (2, 1),
        (3, 5 << 20),
        (4, (21 << 20) + 5),
        (5, 32 << 20),
    ] {
        let bytes = bytes_of(seed, length);
        let of = format!("serie/{length} ñ.bin");
        if length > 0 {
            let cut = take(&place, incoming(&of, &bytes), &bytes, length - 1).await;
            assert_eq!(cut, Ok(None), "{length}");
            assert_eq!(place.hand.get(&of).await, None, "{length}");
        }
        let taken = take(&place, incoming(&of, &bytes), &bytes, length).await;
        assert!(
            matches!(&taken, Ok(Some(path)) if path.ends_with(&of)),
            "{taken:?}"
        );
        assert!(place.hand.get(&of).await.unwrap() == bytes, "{length}");
        // It is known without a look, and a look finds it as it is known.
        let known = name(&of);
        let seen = blocking(&place, move |shelf| shelf.see(&known)).await;
        let found = look(&place, &of, &bytes).await;
        assert_eq!(seen.unwrap().stamp, found.stamp);
    }
    assert_eq!(own_keys(&place).await, [] as [String; 0]);
}

pub async fn no_copy_takes_the_name_of_another_file(place: Place) {
    for length in [10, 20 << 20] {
        place.hand.put("f", b"somebody's").await;
        let bytes = bytes_of(1, length);
        let taken = take(&place, incoming("f", &bytes), &bytes, length).await;
        assert!(matches!(taken, Err(StoreError::Exists(_))), "{taken:?}");
        assert_eq!(
            place.hand.get("f").await.as_deref(),
            Some(&b"somebody's"[..])
        );
        // What may be replaced is another by now.
        let replaces = look(&place, "f", b"somebody's").await;
        place.hand.put("f", b"somebody else's").await;
        let copy = Incoming {
            replaces: Some((replaces, RetiredReason::Replaced)),
            ..incoming("f", &bytes)
        };
        let taken = take(&place, copy, &bytes, length).await;
        assert!(matches!(taken, Err(StoreError::Changed(_))), "{taken:?}");
        assert_eq!(
            place.hand.get("f").await.as_deref(),
            Some(&b"somebody else's"[..])
        );
    }
    assert_eq!(own_keys(&place).await, [] as [String; 0]);
}

pub async fn an_older_version_is_set_aside(place: Place) {
    for length in [10, 20 << 20] {
        let (old, new) = (bytes_of(1, 1000), bytes_of(2, length));
        let of = format!("f{length}");
        place.hand.put(&of, &old).await;
        let replaces = look(&place, &of, &old).await;
        let copy = Incoming {
            replaces: Some((replaces, RetiredReason::Replaced)),
            ..incoming(&of, &new)
        };
        let taken = take(&place, copy, &new, length).await;
        assert!(matches!(taken, Ok(Some(_))), "{taken:?}");
        assert!(place.hand.get(&of).await.unwrap() == new);
    }
    let list = blocking(&place, |shelf| shelf.aside().list().unwrap()).await;
    let mut names: Vec<_> = list.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["f10", "f20971520"]);
    assert!(list.iter().all(|file| file.bytes == 1000));
    for file in &list {
        assert!(place.hand.get(&file.path).await.unwrap() == bytes_of(1, 1000));
    }
}

/// A node is killed in the middle of a copy; the next one gives up what it had begun.
pub async fn what_a_killed_run_has_begun_is_given_up(place: Place) {
    let bytes = bytes_of(1, 20 << 20);
    let copy = incoming("f", &bytes);
    let (chunks, coming) = mpsc::channel(1);
    let intake = place.shelf.intake().unwrap();
    let taking = tokio::spawn(intake.take(copy, coming));
    for piece in bytes[..12 << 20].chunks(1 << 20) {
        chunks.send(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while own_keys(&place).await.is_empty() {
        assert!(tokio::time::Instant::now() < until, "nothing is recorded");
        tokio::task::yield_now().await;
    }
    taking.abort();
    let _ = taking.await;
    assert_eq!(own_keys(&place).await.len(), 1);
    // The node that runs knows that it is its own, and leaves it alone.
    blocking(&place, |shelf| shelf.sweep(&Default::default())).await;
    assert_eq!(own_keys(&place).await.len(), 1);
    let Hand::Objects(objects) = &place.hand else {
        panic!("not a bucket");
    };
    let next = shelf_of(objects);
    let swept = tokio::task::spawn_blocking(move || {
        use trozos::node::shelf::Shelf;
        next.sweep(&Default::default());
        next.close();
    });
    swept.await.unwrap();
    assert_eq!(own_keys(&place).await, [] as [String; 0]);
    assert_eq!(place.hand.get("f").await, None);
}

pub async fn digests_are_kept_beside_the_files(place: Place) {
    let Hand::Objects(objects) = &place.hand else {
        panic!("not a bucket");
    };
    use trozos::node::shelf::Shelf;
    let lines: Vec<Vec<u8>> = (0..3).map(|n| format!("line {n}\n").into()).collect();
    for line in &lines {
        let (shelf, line) = (shelf_of(objects), line.clone());
        // Its end writes what waits.
        let ended = tokio::task::spawn_blocking(move || {
            shelf.keep_digests(line);
            shelf.close();
        });
        ended.await.unwrap();
    }
    let shelf = shelf_of(objects);
    let kept = tokio::task::spawn_blocking(move || {
        let kept = shelf.kept_digests();
        shelf.close();
        kept
    });
    let mut kept: Vec<Vec<u8>> = kept
        .await
        .unwrap()
        .iter()
        .map(|line| line.to_vec())
        .collect();
    // Those of one millisecond have no order.
    kept.sort();
    assert_eq!(kept, lines);
}
