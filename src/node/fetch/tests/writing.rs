use std::{
    sync::{Arc, OnceLock, mpsc as std_mpsc},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tokio_util::task::TaskTracker;

use super::played::Sample;
use crate::{
    model::{ChunkIndex, SourceId},
    node::{
        Failure,
        fetch::{
            buffers::{Buffers, ChunkBuffer},
            messages::{Input, Verdict},
            writing::{ChunkSink, Kept, Whole, Writing},
        },
    },
    store::StoreError,
};

/// A disk that a test plays.
#[derive(Debug)]
struct Disk {
    /// The lots that came.
    lots: Mutex<Vec<Vec<ChunkIndex>>>,
    ill: Ill,
    /// Each lot waits for one of these, where there is somebody who sends them.
    goes_on: Option<Mutex<std_mpsc::Receiver<()>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ill {
    No,
    IsFull,
    Panics,
}

impl ChunkSink for Disk {
    fn keep(&self, chunks: Vec<(ChunkIndex, ChunkBuffer)>, tell: &mut dyn FnMut(ChunkIndex, Kept)) {
        let lot: Vec<_> = chunks.iter().map(|(chunk, _)| *chunk).collect();
        self.lots.lock().push(lot);
        if let Some(goes_on) = &self.goes_on {
            goes_on.lock().recv().unwrap();
        }
        for (chunk, buffer) in chunks {
            let verdict = match buffer.bytes.first() {
                Some(0) => Verdict::Wrong,
                _ => Verdict::Verified,
            };
            drop(buffer);
            match self.ill {
                Ill::No => tell(chunk, Ok(verdict)),
                Ill::IsFull => tell(chunk, Err(StoreError::DiskFull("a".into()))),
                Ill::Panics => panic!("as a fault of ours would"),
            }
        }
    }
}

struct Scene {
    writing: Writing,
    buffers: Buffers,
    disk: Arc<Disk>,
    inputs: mpsc::Receiver<Input>,
    tasks: TaskTracker,
}

fn scene(ill: Ill, goes_on: Option<std_mpsc::Receiver<()>>) -> Scene {
    let buffers = Buffers::new(Sample::new(1).meta.layout);
    let disk = Arc::new(Disk {
        lots: Mutex::default(),
        ill,
        goes_on: goes_on.map(Mutex::new),
    });
    let slot: Arc<OnceLock<Arc<dyn ChunkSink>>> = Arc::default();
    let sink: Arc<dyn ChunkSink> = Arc::<Disk>::clone(&disk);
    slot.set(sink).unwrap();
    let (sender, inputs) = mpsc::channel(2);
    let tasks = TaskTracker::new();
    let writing = Writing::new(slot, sender, tasks.clone(), &buffers);
    Scene {
        writing,
        buffers,
        disk,
        inputs,
        tasks,
    }
}

impl Scene {
    fn push(&self, chunk: u32, first: u8) {
        let mut buffer = self.buffers.try_get().unwrap();
        buffer.bytes.push(first);
        self.writing.push(Whole {
            source: Some(SourceId(3)),
            chunk: ChunkIndex(chunk),
            buffer,
        });
    }

    async fn verdict(&mut self) -> (ChunkIndex, Verdict) {
        match self.inputs.recv().await.unwrap() {
            Input::Chunk(source, chunk, verdict) => {
                assert_eq!(source, SourceId(3));
                (chunk, verdict)
            }
            other => panic!("{other:?}"),
        }
    }

    async fn failure(&mut self) -> Failure {
        match self.inputs.recv().await.unwrap() {
            Input::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    fn lots(&self) -> Vec<usize> {
        self.disk.lots.lock().iter().map(Vec::len).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_chunk_waits_for_others_that_are_coming_in_but_not_for_long() {
    let mut scene = scene(Ill::No, None);
    let began = Instant::now();
    // Nothing else comes in.
    scene.push(0, 1);
    assert_eq!(scene.verdict().await, (ChunkIndex(0), Verdict::Verified));
    assert_eq!(began.elapsed(), Duration::ZERO);
    let arriving = scene.buffers.try_get().unwrap();
    scene.push(1, 1);
    sleep(Duration::from_millis(5)).await;
    scene.push(2, 0);
    assert_eq!(scene.verdict().await, (ChunkIndex(1), Verdict::Verified));
    assert_eq!(scene.verdict().await, (ChunkIndex(2), Verdict::Wrong));
    let waited = began.elapsed().as_millis();
    assert!((20..=22).contains(&waited), "{waited}");
    assert_eq!(scene.lots(), [1, 2]);
    // The last one that comes in is waited for by nobody.
    scene.push(3, 1);
    drop(arriving);
    scene.push(4, 1);
    assert_eq!(scene.verdict().await.0, ChunkIndex(3));
    assert_eq!(scene.verdict().await.0, ChunkIndex(4));
    assert!(began.elapsed().as_millis() <= waited + 1);
    // And whoever waits for the end of all work waits for no timer.
    scene.tasks.close();
    scene.tasks.wait().await;
    assert!(began.elapsed().as_millis() <= waited + 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_lot_waits_for_nobody_and_none_is_larger() {
    let mut scene = scene(Ill::No, None);
    let _arriving = scene.buffers.try_get().unwrap();
    let most = crate::store::lanes().min(scene.buffers.count() / 2);
    let began = Instant::now();
    for chunk in 0..most as u32 {
        scene.push(chunk, 1);
    }
    for _ in 0..most {
        scene.verdict().await;
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(scene.lots(), [most]);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_is_told_of_each_chunk() {
    let mut scene = scene(Ill::IsFull, None);
    for chunk in 0..2 {
        scene.push(chunk, 1);
        let failure = scene.failure().await;
        let full = StoreError::DiskFull("a".into());
        assert_eq!(failure, Failure::Store(full));
    }
    // Buffers come back all the same.
    assert_eq!(scene.buffers.arriving(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_panics_is_told_and_another_takes_its_place() {
    let mut scene = scene(Ill::Panics, None);
    for chunk in 0..3 {
        scene.push(chunk, 1);
        assert_eq!(scene.failure().await, Failure::Broken);
    }
    assert_eq!(scene.lots(), [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn while_the_disk_is_busy_chunks_gather_and_are_taken_at_once() {
    let (go_on, goes_on) = std_mpsc::channel();
    let mut scene = scene(Ill::No, Some(goes_on));
    scene.push(0, 1);
    while scene.lots().is_empty() {
        tokio::task::yield_now().await;
    }
    for chunk in 1..4 {
        scene.push(chunk, 1);
    }
    go_on.send(()).unwrap();
    go_on.send(()).unwrap();
    for chunk in 0..4 {
        assert_eq!(scene.verdict().await.0, ChunkIndex(chunk));
    }
    assert_eq!(scene.lots(), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_is_busy_or_gone_loses_nothing_that_matters() {
    let mut scene = scene(Ill::No, None);
    // Two verdicts fit; the worker waits with the others.
    for chunk in 0..5 {
        scene.push(chunk, 1);
    }
    tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(20)))
        .await
        .unwrap();
    for _ in 0..5 {
        scene.verdict().await;
    }
    scene.inputs.close();
    scene.push(5, 1);
    scene.tasks.close();
    scene.tasks.wait().await;
    assert_eq!(scene.buffers.arriving(), 0);
}
