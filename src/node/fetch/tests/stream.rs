use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::mpsc, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::played::Sample;
use crate::{
    model::{ChunkIndex, ChunkSet},
    node::fetch::{
        buffers::{Buffers, ChunkBuffer},
        messages::{Done, Verdict},
        reader::Reader,
        stream::Stream,
        writing::ChunkSink,
    },
};

const MIB: usize = 1 << 20;

struct Scene {
    sample: Sample,
    stream: Arc<Stream>,
    buffers: Buffers,
    chunks: mpsc::Receiver<Bytes>,
    done: mpsc::Receiver<Done>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A reader who has some chunks, and to whom the others are handed over.
fn scene(sample: Sample, reader: Reader, chunks: mpsc::Receiver<Bytes>) -> Scene {
    let manifest = Arc::new(OnceLock::from(Arc::clone(&sample.manifest)));
    let stream = Arc::new(Stream::new(manifest, sample.meta.layout, reader));
    let (sender, done) = mpsc::channel(2);
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    Arc::clone(&stream).hand_over(stop.clone(), sender, &tasks);
    Scene {
        buffers: Buffers::new(sample.meta.layout),
        sample,
        stream,
        chunks,
        done,
        stop,
        tasks,
    }
}

fn of(length: usize) -> Scene {
    let (sender, chunks) = mpsc::channel(1);
    scene(Sample::new(length), Reader::new(sender), chunks)
}

impl Scene {
    fn buffer(&self, bytes: &[u8]) -> ChunkBuffer {
        let mut buffer = self.buffers.try_get().unwrap();
        buffer.bytes.extend_from_slice(bytes);
        buffer
    }

    /// Puts chunks in; gives what is said of them.
    fn keep(&self, chunks: &[u32]) -> Vec<Verdict> {
        let chunks = chunks.iter().map(|chunk| {
            let chunk = ChunkIndex(*chunk);
            (chunk, self.buffer(self.sample.chunk(chunk)))
        });
        let mut verdicts = Vec::new();
        self.stream.keep(chunks.collect(), &mut |_, kept| {
            verdicts.push(kept.unwrap())
        });
        verdicts
    }

    async fn taken(&mut self) -> u32 {
        match self.done.recv().await.unwrap() {
            Done::Taken(chunks) => chunks,
            other => panic!("{other:?}"),
        }
    }

    async fn reads(&mut self, chunk: u32) {
        let bytes = self.chunks.recv().await.unwrap();
        assert!(bytes == self.sample.chunk(ChunkIndex(chunk)), "{chunk}");
    }
}

#[tokio::test(start_paused = true)]
async fn chunks_come_in_their_order_whatever_order_they_came_in() {
    let mut scene = of(2 * MIB + 5);
    assert_eq!(scene.keep(&[2, 1]), [Verdict::Verified; 2]);
    let minute = Duration::from_secs(60);
    assert!(timeout(minute, scene.chunks.recv()).await.is_err());
    scene.keep(&[0]);
    for chunk in 0..3 {
        scene.reads(chunk).await;
        assert_eq!(scene.taken().await, chunk + 1);
    }
    assert!(matches!(scene.done.recv().await, Some(Done::AllTaken)));
    assert!(scene.done.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn wrong_chunks_and_duplicates_take_no_memory() {
    let mut scene = of(2 * MIB);
    let wrong = vec![(ChunkIndex(0), scene.buffer(&[1; MIB]))];
    let mut verdicts = Vec::new();
    scene
        .stream
        .keep(wrong, &mut |_, kept| verdicts.push(kept.unwrap()));
    assert_eq!(verdicts, [Verdict::Wrong]);
    scene.keep(&[1]);
    assert_eq!(scene.keep(&[1, 0]), [Verdict::Verified; 2]);
    scene.reads(0).await;
    scene.reads(1).await;
    // A duplicate of what was read.
    assert_eq!(scene.keep(&[0]), [Verdict::Verified]);
    drop(scene.stream);
    scene.done.close();
    scene.tasks.close();
    scene.tasks.wait().await;
    let free = std::iter::from_fn(|| scene.buffers.try_get()).collect::<Vec<_>>();
    assert_eq!(free.len(), scene.buffers.count());
}

#[tokio::test(start_paused = true)]
async fn zeros_are_given_though_nobody_sends_them() {
    let (sender, chunks) = mpsc::channel(1);
    let mut bytes = vec![0; 2 * MIB + 7];
    bytes[MIB] = 1;
    let mut scene = scene(Sample::of(bytes), Reader::new(sender), chunks);
    let mut zeros = ChunkSet::new(3);
    zeros.insert(ChunkIndex(0));
    zeros.insert(ChunkIndex(2));
    scene.stream.set_zeros(zeros);
    scene.reads(0).await;
    scene.keep(&[1]);
    scene.reads(1).await;
    scene.reads(2).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_goes_is_noticed_at_once_and_one_that_is_slow_is_waited_for() {
    let mut scene = of(3 * MIB);
    scene.keep(&[0, 1, 2]);
    assert_eq!(scene.taken().await, 1);
    // One chunk waits in the reader's channel, and the next for its place.
    let hour = Duration::from_secs(3600);
    assert!(timeout(hour, scene.done.recv()).await.is_err());
    scene.reads(0).await;
    assert_eq!(scene.taken().await, 2);
    scene.chunks.close();
    assert!(matches!(scene.done.recv().await, Some(Done::ReaderGone)));
    assert!(scene.done.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_next_fetch_goes_on_where_its_reader_is() {
    let (sender, chunks) = mpsc::channel(1);
    let reader = Reader::new(sender);
    let mut first = scene(Sample::new(3 * MIB), reader.clone(), chunks);
    first.keep(&[0]);
    first.reads(0).await;
    assert_eq!(first.taken().await, 1);
    first.stop.cancel();
    first.tasks.close();
    first.tasks.wait().await;
    let mut second = scene(first.sample, reader, first.chunks);
    assert_eq!(second.stream.taken(), 1);
    second.keep(&[2, 1]);
    second.reads(1).await;
    second.reads(2).await;
}
