//! A journal in a file, for one test.

use std::sync::Arc;

use trozos::{
    engine::leadership::{Answer, Request},
    node::central::{BatchStore, FileStore, SharedFile},
    store::diary::Batch,
};

use crate::{ask, batch, look, win};

/// A new journal, and its folder.
pub fn store() -> (Arc<SharedFile>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("central.diario");
    let nothing = Batch {
        seq: 0,
        body: b"{}".to_vec(),
    };
    let store = FileStore::create(&path, "prueba", &nothing).unwrap();
    (Arc::new(SharedFile::new(store)), folder)
}

#[tokio::test]
async fn whoever_opens_it_next_has_all_and_another_fence() {
    let (first, folder) = store();
    let (fence, _) = win(&*first, "a").await;
    for seq in 1..=3 {
        ask(&*first, Request::Append(fence, batch(seq, "b"))).await;
    }
    let path = folder.path().join("central.diario");
    assert!(FileStore::open(&path).is_err(), "it is somebody's");
    drop(first);
    let (again, found) = FileStore::open(&path).unwrap().unwrap();
    assert_eq!(found.last(), 3);
    let again = SharedFile::new(again);
    assert_eq!(look(&again).await.tail, 3);
    let (later, _) = win(&again, "b").await;
    let late = again.ask(&Request::Append(fence, batch(4, "late"))).await;
    assert!(
        later > fence || matches!(late, Ok(Answer::Fenced(..))),
        "{late:?}"
    );
    let done = ask(&again, Request::Append(later, batch(4, "b"))).await;
    assert!(matches!(done, Answer::Done(_)), "{done:?}");
    // Of other centrals it knows nothing.
    let refused = ask(&again, Request::Mark(later, "c".to_owned())).await;
    assert!(matches!(refused, Answer::Refused(_)), "{refused:?}");
}
