use std::{sync::atomic::Ordering, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tokio_util::task::TaskTracker;

use super::played::{Manner, Sample, serve, source};
use crate::{
    model::{ByteRange, ClientName, TransferId},
    net::memory::MemoryNetwork,
    node::{
        Reading, WatchEnd, WatchLimits,
        fetch::{
            Downlink, Fetch, FetchConfig, FetchOutcome, FetchUpdate, Folder, Goal, Own, Target,
        },
        rules::Receiving,
    },
    proto::PeerRole,
    store::{Existing, PartPlace},
};

const MIB: usize = 1 << 20;
const RECEIVER: u8 = 100;
/// Of each source, in bytes per second.
const UPLINK: u64 = 8 << 20;

struct Scene {
    network: MemoryNetwork,
    sample: Sample,
    folder: tempfile::TempDir,
    updates: mpsc::Receiver<(TransferId, FetchUpdate)>,
    sender: mpsc::Sender<(TransferId, FetchUpdate)>,
    tasks: TaskTracker,
}

fn scene(mebibytes: usize) -> Scene {
    let network = MemoryNetwork::default();
    network.set_latency(Duration::from_millis(1));
    network.set_uplinks(UPLINK);
    let (sender, updates) = mpsc::channel(1000);
    Scene {
        network,
        sample: Sample::new(mebibytes * MIB + 77),
        folder: tempfile::tempdir().unwrap(),
        updates,
        sender,
        tasks: TaskTracker::new(),
    }
}

impl Scene {
    fn start(&self, sources: u8, goal: Goal) -> Fetch {
        let config = FetchConfig {
            network: self.network.host(RECEIVER),
            role: PeerRole::Client {
                name: ClientName::try_from("ana").ok(),
                session: None,
            },
            central: None,
            security: Default::default(),
            source_wait: Duration::from_secs(30),
            downlink: Downlink::new(None),
            goal,
        };
        let grant = self.sample.grant((1..=sources).map(source).collect());
        Fetch::start(grant, config, self.sender.clone(), &self.tasks)
    }

    fn watch(&self, sources: u8, cache_mebibytes: u64) -> Fetch {
        let limits = WatchLimits {
            cache_bytes: cache_mebibytes << 20,
            window_bytes: 64 << 20,
        };
        self.start(sources, Goal::Watch(limits))
    }

    fn file(&self) -> Goal {
        Goal::File(Target {
            root: Folder::Made(self.folder.path().to_owned()),
            spot: None,
            existing: Existing::Keep,
            place: PartPlace::Beside,
            own: Own::Beside,
        })
    }

    /// Reads so many bytes, which are as they should be.
    async fn read(&self, reading: &mut Reading, from: usize, bytes: usize) {
        let mut at = from;
        while at < from + bytes {
            let piece = reading.next().await.unwrap().unwrap();
            let expected = &self.sample.bytes[at..at + piece.len()];
            assert!(piece == expected, "{at}");
            at += piece.len();
        }
    }

    async fn ended(&mut self) -> FetchOutcome {
        loop {
            if let FetchUpdate::Ended(end) = self.updates.recv().await.unwrap().1 {
                return end.outcome;
            }
        }
    }
}

fn from(start: usize) -> ByteRange {
    ByteRange {
        start: start as u64,
        end: u64::MAX,
    }
}

#[tokio::test(start_paused = true)]
async fn readers_at_two_places_have_their_bytes_soon_and_nothing_else_is_asked_for() {
    let scene = scene(200);
    let sent: Vec<_> = (1..=3)
        .map(|number| serve(&scene.network, number, &scene.sample, Manner::Good))
        .collect();
    let fetch = scene.watch(3, 256);
    let watched = fetch.watched();
    sleep(Duration::from_secs(5)).await;
    assert!(sent.iter().all(|sent| sent.load(Ordering::Relaxed) == 0));
    let began = Instant::now();
    let mut near = watched.read(from(0));
    scene.read(&mut near, 0, 1).await;
    // A MiB from three at 8 MiB/s.
    let took = began.elapsed();
    assert!(took < Duration::from_millis(90), "{took:?}");
    let began = Instant::now();
    let mut far = watched.read(from(150 * MIB + 5));
    scene.read(&mut far, 150 * MIB + 5, 1).await;
    let took = began.elapsed();
    assert!(took < Duration::from_millis(350), "{took:?}");
    assert_eq!(watched.readers(), 2);
    sleep(Duration::from_secs(20)).await;
    // They stand still: the windows are full, and no more.
    let received: u64 = fetch
        .snapshot()
        .sources
        .iter()
        .map(|s| s.received.bytes)
        .sum();
    let most = 2 * 9 * MIB as u64;
    assert!(received <= most, "{received}");
    scene.read(&mut near, 256 << 10, 40 * MIB).await;
    drop(near);
    drop(far);
    assert_eq!(watched.readers(), 0);
    let asked = || sent.iter().map(|s| s.load(Ordering::Relaxed)).sum::<u32>();
    sleep(Duration::from_secs(2)).await;
    let before = asked();
    sleep(Duration::from_secs(30)).await;
    assert_eq!(asked(), before);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_is_in_memory_for_a_while_and_comes_again_after_that() {
    let scene = scene(60);
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    serve(&scene.network, 2, &scene.sample, Manner::Good);
    let fetch = scene.watch(2, 8);
    let watched = fetch.watched();
    let received = || {
        let snapshot = fetch.snapshot();
        let sources = snapshot.sources.iter();
        sources.map(|s| s.received.bytes).sum::<u64>() / MIB as u64
    };
    let all = ByteRange {
        start: 0,
        end: 2 * MIB as u64,
    };
    for _ in 0..3 {
        let mut reading = watched.read(all);
        scene.read(&mut reading, 0, 2 * MIB).await;
        assert!(reading.next().await.is_none());
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(received(), 2);
    let mut reading = watched.read(from(0));
    scene.read(&mut reading, 0, scene.sample.bytes.len()).await;
    assert!(reading.next().await.is_none());
    let mut reading = watched.read(all);
    scene.read(&mut reading, 0, 2 * MIB).await;
    sleep(Duration::from_secs(1)).await;
    assert!((62..66).contains(&received()), "{}", received());
    assert!(!watched.is_over());
    fetch.stop();
    drop(watched.read(all));
    let mut reading = watched.read(from(30 * MIB));
    assert_eq!(reading.next().await, Some(Err(WatchEnd::Stopped)));
    assert!(watched.is_over());
}

#[tokio::test(start_paused = true)]
async fn a_download_that_is_kept_is_read_at_any_place_while_it_comes_and_afterwards() {
    let mut scene = scene(40);
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    serve(&scene.network, 2, &scene.sample, Manner::Good);
    let goal = scene.file();
    let fetch = scene.start(2, goal);
    let watched = fetch.watched();
    let mut reading = watched.read(from(35 * MIB));
    let began = Instant::now();
    scene.read(&mut reading, 35 * MIB, 3 * MIB).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(matches!(scene.ended().await, FetchOutcome::Complete { .. }));
    scene.read(&mut reading, 38 * MIB, 2 * MIB + 77).await;
    assert!(reading.next().await.is_none());
    let mut again = watched.read(from(0));
    scene.read(&mut again, 0, 20 * MIB).await;
    // Somebody writes it: what is read may be wrong from now on.
    let path = scene.folder.path().join(scene.sample.meta.name.as_str());
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    assert_eq!(again.next().await, Some(Err(WatchEnd::Changed)));
}

#[tokio::test(start_paused = true)]
async fn who_lies_in_a_part_is_found_and_the_reader_sees_nothing_of_it() {
    let mut scene = scene(20);
    for (number, manner) in [(1, Manner::Good), (2, Manner::Lies), (3, Manner::Good)] {
        serve(&scene.network, number, &scene.sample, manner);
    }
    let fetch = scene.watch(3, 256);
    let mut reading = fetch.watched().read(from(0));
    let began = Instant::now();
    scene.read(&mut reading, 0, 1).await;
    let took = began.elapsed();
    assert!(took < Duration::from_millis(600), "{took:?}");
    scene.read(&mut reading, 256 << 10, 10 * MIB).await;
    fetch.stop();
    let mut banned = Vec::new();
    loop {
        match scene.updates.recv().await.unwrap().1 {
            FetchUpdate::Report { source, .. } => banned.push(source.0),
            FetchUpdate::Ended(_) => break,
            _ => {}
        }
    }
    assert_eq!(banned, [2]);
}

#[tokio::test(start_paused = true)]
async fn without_a_byte_a_reader_is_told_in_time() {
    let scene = scene(20);
    let fetch = scene.watch(1, 256);
    let mut reading = fetch.watched().read(from(0));
    let began = Instant::now();
    let end = reading.next().await.unwrap().unwrap_err();
    // The fetch gives up sooner than the reader.
    assert!(matches!(end, WatchEnd::Failed(_)), "{end:?}");
    assert!(began.elapsed() < Duration::from_secs(40));
    let sent = serve(
        &scene.network,
        2,
        &scene.sample,
        Manner::Stalls { after: 0 },
    );
    let fetch = scene.watch(2, 256);
    let mut reading = fetch.watched().read(from(0));
    let began = Instant::now();
    assert_eq!(reading.next().await, Some(Err(WatchEnd::Stalled)));
    assert_eq!(began.elapsed().as_secs(), 45);
    assert_eq!(sent.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_was_sent_away_gets_nothing_and_nothing_comes_for_it() {
    let scene = scene(20);
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    let fetch = scene.watch(1, 256);
    let watched = fetch.watched();
    let mut first = watched.read(from(0));
    sleep(Duration::from_secs(1)).await;
    let mut second = watched.read(from(MIB));
    sleep(Duration::from_secs(1)).await;
    scene.read(&mut first, 0, 1).await;
    let (first_idle, second_idle) = (first.handle(), second.handle());
    assert!(second_idle.idle_since() < first_idle.idle_since());
    second_idle.end();
    assert_eq!((watched.readers(), second_idle.idle_since()), (1, None));
    assert_eq!(second.next().await, Some(Err(WatchEnd::Displaced)));
    scene.read(&mut first, 256 << 10, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_player_finds_both_ends_of_a_file_at_once() {
    let scene = scene(100);
    serve(&scene.network, 1, &scene.sample, Manner::Good);
    let fetch = scene.watch(1, 256);
    let watched = fetch.watched();
    watched.prepare_to_play();
    watched.prepare_to_play();
    sleep(Duration::from_secs(3)).await;
    let began = Instant::now();
    for start in [0, MIB, 99 * MIB, 100 * MIB] {
        let mut reading = watched.read(from(start));
        scene.read(&mut reading, start, 1).await;
    }
    assert!(began.elapsed() < Duration::from_millis(5));
    assert_eq!(watched.readers(), 0);
    assert_eq!(fetch.snapshot().have_chunks, 4);
}
