use std::{fs, path::Path, sync::atomic::Ordering, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};
use tokio_util::task::TaskTracker;

use super::played::{Manner, Sample, address, listen, serve, serve_at, source};
use crate::{
    engine::download::{FailReason, Notice},
    model::{ClientName, Fault, SourceId, TransferId},
    net::memory::MemoryNetwork,
    node::{
        Failure,
        fetch::{
            Downlink, Fetch, FetchConfig, FetchEnd, FetchOutcome, FetchUpdate, Folder, Goal, Own,
            Reader, Target,
        },
        rules::Receiving,
    },
    proto::PeerRole,
    store::{Existing, PartPlace, StoreError},
};

const MIB: usize = 1 << 20;
const RECEIVER: u8 = 100;
const SOURCE_WAIT: Duration = Duration::from_secs(30);

/// A network of slow links, a file, a folder.
struct Scene {
    network: MemoryNetwork,
    sample: Sample,
    folder: tempfile::TempDir,
    updates: mpsc::Receiver<(TransferId, FetchUpdate)>,
    sender: mpsc::Sender<(TransferId, FetchUpdate)>,
    tasks: TaskTracker,
}

fn scene() -> Scene {
    let network = MemoryNetwork::default();
    network.set_latency(Duration::from_millis(1));
    network.set_uplinks(MIB as u64);
    let (sender, updates) = mpsc::channel(1000);
    Scene {
        network,
        sample: Sample::new(9 * MIB),
        folder: tempfile::tempdir().unwrap(),
        updates,
        sender,
        tasks: TaskTracker::new(),
    }
}

impl Scene {
    fn goal(&self, folder: &Path) -> Goal {
        Goal::File(Target {
            root: Folder::Made(folder.to_owned()),
            spot: None,
            existing: Existing::Keep,
            place: PartPlace::Beside,
            own: Own::Beside,
        })
    }

    /// Starts to receive from sources 1 to `sources`.
    fn start(&self, sources: u8, goal: Goal) -> Fetch {
        let name = ClientName::try_from("ana").unwrap();
        let config = FetchConfig {
            network: self.network.host(RECEIVER),
            role: PeerRole::Client {
                name: Some(name),
                session: None,
            },
            central: None,
            security: Default::default(),
            source_wait: SOURCE_WAIT,
            downlink: Downlink::new(None),
            goal,
        };
        let grant = self.sample.grant((1..=sources).map(source).collect());
        Fetch::start(grant, config, self.sender.clone(), &self.tasks)
    }

    fn start_file(&self, sources: u8) -> Fetch {
        self.start(sources, self.goal(self.folder.path()))
    }

    /// The end, and what was told before.
    async fn ended(&mut self) -> (FetchEnd, Vec<FetchUpdate>) {
        let mut before = Vec::new();
        loop {
            match self.updates.recv().await.unwrap().1 {
                FetchUpdate::Ended(end) => return (*end, before),
                update => before.push(update),
            }
        }
    }

    fn assert_is_there(&self, end: &FetchEnd) {
        let FetchOutcome::Complete { path, .. } = &end.outcome else {
            panic!("{:?}", end.outcome);
        };
        assert!(fs::read(path).unwrap() == *self.sample.bytes);
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 1);
    }
}

fn brought(end: &FetchEnd, number: u32) -> u64 {
    let received = end
        .sources
        .iter()
        .find(|one| one.source == SourceId(number));
    received.unwrap().bytes
}

#[tokio::test(start_paused = true)]
async fn a_file_comes_from_all_sources_at_once() {
    let mut scene = scene();
    for number in 1..=3 {
        serve(&scene.network, number, &scene.sample, Manner::Good);
    }
    let began = Instant::now();
    let fetch = scene.start_file(3);
    let (end, _) = scene.ended().await;
    scene.assert_is_there(&end);
    let took = began.elapsed().as_secs_f64();
    assert!((3.0..4.0).contains(&took), "{took}");
    for number in 1..=3 {
        assert!(brought(&end, number) > 2 * MIB as u64, "{:?}", end.sources);
    }
    assert_eq!(end.took, began.elapsed());
    // Whoever looks afterwards sees the end.
    assert_eq!(fetch.snapshot().have_chunks, 9);
    scene.tasks.close();
    scene.tasks.wait().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_lies_is_reported_and_brings_nothing() {
    let mut scene = scene();
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    serve(&scene.network, 2, &scene.sample, Manner::Lies);
    let _fetch = scene.start_file(2);
    let (end, before) = scene.ended().await;
    scene.assert_is_there(&end);
    assert_eq!(brought(&end, 2), 0);
    let is_reported = before.iter().any(|update| {
        matches!(
            update,
            FetchUpdate::Report {
                source: SourceId(2),
                fault: Fault::Digest,
                chunk: Some(_),
            }
        )
    });
    assert!(is_reported, "{before:?}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_stalls_costs_a_few_seconds() {
    let mut scene = scene();
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    serve(
        &scene.network,
        2,
        &scene.sample,
        Manner::Stalls { after: 1 },
    );
    let began = Instant::now();
    let _fetch = scene.start_file(2);
    let (end, before) = scene.ended().await;
    scene.assert_is_there(&end);
    let took = began.elapsed().as_secs_f64();
    assert!(took < 11.0, "{took}");
    let is_dead = before
        .iter()
        .any(|update| matches!(update, FetchUpdate::Notice(Notice::Dead { .. })));
    assert!(is_dead, "{before:?}");
}

#[tokio::test(start_paused = true)]
async fn without_anybody_who_has_it_a_fetch_waits_and_then_fails_for_that() {
    let mut scene = scene();
    serve(&scene.network, 1, &scene.sample, Manner::Lacks);
    let began = Instant::now();
    let _fetch = scene.start_file(2);
    let (end, _) = scene.ended().await;
    let FetchOutcome::Failed(Failure::Sources(reason)) = &end.outcome else {
        panic!("{:?}", end.outcome);
    };
    assert!(matches!(reason, FailReason::NoSources { .. }), "{reason:?}");
    let waited = began.elapsed();
    assert!(waited >= SOURCE_WAIT, "{waited:?}");
    // Nothing was opened.
    assert_eq!(fs::read_dir(scene.folder.path()).unwrap().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_keeps_what_came_and_the_next_fetch_asks_for_the_rest() {
    let mut scene = scene();
    let sent = serve(&scene.network, 1, &scene.sample, Manner::Good);
    let fetch = scene.start_file(1);
    sleep(Duration::from_secs(5)).await;
    fetch.stop();
    let (end, _) = scene.ended().await;
    assert!(matches!(end.outcome, FetchOutcome::Stopped));
    let first = sent.swap(0, Ordering::Relaxed);
    assert!((4..9).contains(&first), "{first}");
    let _fetch = scene.start_file(1);
    let (end, before) = scene.ended().await;
    scene.assert_is_there(&end);
    let resumed = before.iter().find_map(|update| match update {
        FetchUpdate::Resumed { bytes } => Some(*bytes),
        _ => None,
    });
    let resumed = resumed.unwrap();
    assert_eq!(resumed + brought(&end, 1), scene.sample.bytes.len() as u64);
    assert!(resumed >= 3 * MIB as u64, "{resumed}");
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_wants_any_more_leaves_nothing() {
    let mut scene = scene();
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    let fetch = scene.start_file(1);
    sleep(Duration::from_secs(3)).await;
    fetch.abandon();
    let (end, _) = scene.ended().await;
    assert!(matches!(end.outcome, FetchOutcome::Stopped));
    assert_eq!(fs::read_dir(scene.folder.path()).unwrap().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_is_the_end_and_no_sources_fault() {
    let mut scene = scene();
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    let file = scene.folder.path().join("file");
    fs::write(&file, b"no folder").unwrap();
    let _fetch = scene.start(1, scene.goal(&file));
    let (end, before) = scene.ended().await;
    assert!(
        matches!(end.outcome, FetchOutcome::Failed(Failure::Store(_))),
        "{:?}",
        end.outcome
    );
    let reports = before
        .iter()
        .filter(|update| matches!(update, FetchUpdate::Report { .. }));
    assert_eq!(reports.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn two_fetches_of_one_file_do_not_share_its_part_file() {
    let mut scene = scene();
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    let _first = scene.start_file(1);
    sleep(Duration::from_secs(3)).await;
    let _second = scene.start_file(1);
    let (second, _) = scene.ended().await;
    assert!(
        matches!(
            second.outcome,
            FetchOutcome::Failed(Failure::Store(StoreError::Busy(_)))
        ),
        "{:?}",
        second.outcome
    );
    let (first, _) = scene.ended().await;
    scene.assert_is_there(&first);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_moves_is_tried_at_once_where_it_is_now() {
    let mut scene = scene();
    let fetch = scene.start_file(1);
    // By now it is tried seldom.
    sleep(SOURCE_WAIT - Duration::from_secs(1)).await;
    serve_at(listen(&scene.network, 5), 1, &scene.sample, Manner::Good);
    let mut moved = source(1);
    moved.address = address(5);
    fetch.set_sources(vec![moved]);
    let began = Instant::now();
    let (end, _) = scene.ended().await;
    scene.assert_is_there(&end);
    let took = began.elapsed().as_secs_f64();
    assert!(took < 9.7, "{took}");
}

#[tokio::test(start_paused = true)]
async fn who_answers_in_a_sources_place_is_not_believed() {
    let mut scene = scene();
    serve_at(listen(&scene.network, 1), 3, &scene.sample, Manner::Good);
    serve(&scene.network, 2, &scene.sample, Manner::Good);
    let _fetch = scene.start_file(2);
    let (end, before) = scene.ended().await;
    scene.assert_is_there(&end);
    assert_eq!(brought(&end, 1), 0);
    let is_stranger = before.iter().any(|update| {
        matches!(
            update,
            FetchUpdate::Report {
                source: SourceId(1),
                fault: Fault::Protocol,
                ..
            }
        )
    });
    assert!(is_stranger, "{before:?}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_gets_the_file_in_order_and_its_going_is_a_stop() {
    let mut scene = scene();
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    serve(&scene.network, 2, &scene.sample, Manner::Good);
    let (sender, mut chunks) = mpsc::channel::<Bytes>(1);
    let _fetch = scene.start(2, Goal::Stream(Reader::new(sender)));
    let mut read = Vec::new();
    while let Some(chunk) = chunks.recv().await {
        read.extend_from_slice(&chunk);
        if read.len() == scene.sample.bytes.len() {
            break;
        }
    }
    assert!(read == *scene.sample.bytes);
    let (end, _) = scene.ended().await;
    assert!(matches!(end.outcome, FetchOutcome::Complete { .. }));

    let (sender, chunks) = mpsc::channel::<Bytes>(1);
    let _fetch = scene.start(2, Goal::Stream(Reader::new(sender)));
    sleep(Duration::from_secs(1)).await;
    drop(chunks);
    let (end, _) = scene.ended().await;
    assert!(matches!(end.outcome, FetchOutcome::Stopped));
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_the_map_is_answered_until_the_end() {
    let mut scene = scene();
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    let fetch = scene.start_file(1);
    sleep(Duration::from_secs(4)).await;
    let (answer, answered) = oneshot::channel();
    fetch.send_map(answer).unwrap();
    assert!(answered.await.unwrap().is_some());
    scene.ended().await;
    let (answer, _answered) = oneshot::channel();
    assert!(fetch.send_map(answer).is_err());
}
