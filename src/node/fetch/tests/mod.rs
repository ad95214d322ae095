//! A fetch without sockets: sources are played (`played`), the network is one in memory, and the clock stands still.

mod buffers;
mod played;
mod shell;
mod source;
mod storage;
mod stream;
mod watching;
mod writing;

use std::time::Duration;

use super::*;
use crate::{
    engine::download::{ChunkMap, Download, DownloadConfig},
    model::{ChunkLayout, Outcome},
    node::Failure,
};

#[tokio::test]
async fn a_fetch_whose_task_fails_has_failed() {
    let layout = ChunkLayout::for_file(5 << 20).unwrap();
    let config = DownloadConfig {
        seed: 1,
        source_wait: Duration::from_secs(1),
    };
    let now = clock::now();
    let snapshot = Download::new(layout, config, now).snapshot(now);
    let failing = tokio::spawn(async { panic!("as a fault of ours would") });
    let end = end_of(failing, || FetchEnd::broken(now, &snapshot, 5)).await;
    assert!(matches!(end.outcome, FetchOutcome::Failed(Failure::Broken)));
    assert_eq!(end.outcome.outcome(), Outcome::Failed);
    assert_eq!(end.map, ChunkMap::empty(5));
}
