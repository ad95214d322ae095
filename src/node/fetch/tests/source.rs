use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::task::TaskTracker;

use super::played::{OTHER, PEER_NUMBER, Sample, TRANSFER, address, hello, listen};
use crate::{
    engine::download::SwarmEvent,
    model::{
        ChunkIndex, ClientName, Fault, Manifest, SecondaryNumber, SourceId, Who,
        limits::{CONNECT_TIMEOUT, HELLO_TIMEOUT, IDLE_TIMEOUT, MAX_FRAME_BYTES},
    },
    net::{Listener, memory::MemoryNetwork},
    node::{
        fetch::{
            buffers::{Buffers, ChunkBuffer},
            downlink::Downlink,
            messages::{Command, Input, News, Origin, Verdict},
            source::{Context, SourceTask},
            writing::{ChunkSink, Kept, Writing},
        },
        testing::{PEER, Played},
    },
    proto::{
        ErrorCode, PeerRole,
        data::{FromSource, ToSource},
    },
};

const MIB: usize = 1 << 20;
const ORIGIN: Origin = Origin {
    source: SourceId(1),
    generation: 4,
};

/// Takes every chunk for a right one.
#[derive(Debug)]
struct Trusting;

impl ChunkSink for Trusting {
    fn keep(&self, chunks: Vec<(ChunkIndex, ChunkBuffer)>, tell: &mut dyn FnMut(ChunkIndex, Kept)) {
        for (chunk, _) in chunks {
            tell(chunk, Ok(Verdict::Verified));
        }
    }
}

/// A receiver's connection to secondary 1, which the test plays.
struct Scene {
    downlink: Arc<Downlink>,
    network: MemoryNetwork,
    listener: Listener,
    sample: Sample,
    manifest: Arc<OnceLock<Arc<Manifest>>>,
    buffers: Buffers,
    commands: mpsc::Sender<Command>,
    inputs: mpsc::Receiver<Input>,
    running: JoinHandle<()>,
}

fn scene() -> Scene {
    let network = MemoryNetwork::default();
    let listener = listen(&network, PEER_NUMBER);
    let sample = Sample::new(MIB + 77);
    let (sender, inputs) = mpsc::channel(1000);
    let buffers = Buffers::new(sample.meta.layout);
    let slot: Arc<OnceLock<Arc<dyn ChunkSink>>> = Arc::default();
    slot.set(Arc::new(Trusting)).unwrap();
    let writing = Writing::new(slot, sender.clone(), TaskTracker::new(), &buffers);
    let (manifest, downlink) = (Arc::default(), Downlink::new(None));
    let (commands, orders) = mpsc::channel(100);
    let name = ClientName::try_from("ana").unwrap();
    let task = SourceTask {
        origin: ORIGIN,
        who: Who::Secondary(SecondaryNumber::try_from(1).unwrap()),
        address: address(PEER_NUMBER),
        context: Context {
            access: Default::default(),
            transfer: TRANSFER,
            file: sample.meta.clone(),
            network: network.host(PEER),
            role: PeerRole::Client {
                name: Some(name),
                session: None,
            },
            central: None,
            security: Arc::default(),
            manifest: Arc::clone(&manifest),
            buffers: buffers.clone(),
            inputs: sender,
            writing,
            lane: downlink.lane(),
        },
        commands: orders,
    };
    Scene {
        downlink,
        network,
        listener,
        sample,
        manifest,
        buffers,
        commands,
        inputs,
        running: tokio::spawn(task.run()),
    }
}

impl Scene {
    async fn news(&mut self) -> News {
        match self.inputs.recv().await.expect("the task has ended") {
            Input::Source(ORIGIN, news) => news,
            other => panic!("{other:?}"),
        }
    }

    /// The connection's end, for this fault.
    async fn lost(&mut self) -> Fault {
        match self.news().await {
            News::Lost { fault, .. } => fault,
            other => panic!("{other:?}"),
        }
    }

    /// The source, once the file is open.
    async fn open(&mut self) -> Played {
        let played = Played::opened(&mut self.listener, &self.sample).await;
        let chooses = News::Swarm(SwarmEvent::Chooses {
            source: SourceId(1),
        });
        let news = [self.news().await, self.news().await];
        assert_eq!(news, [chooses, News::Connected]);
        played
    }

    /// Asks for a chunk.
    async fn request(&mut self, played: &mut Played, chunk: ChunkIndex) {
        self.commands
            .send(Command::Request(chunk, None))
            .await
            .unwrap();
        assert_eq!(
            played.hear::<ToSource>().await,
            ToSource::Get {
                chunk,
                part: None,
                lately: None
            }
        );
    }
}

const FIRST: ChunkIndex = ChunkIndex(0);
const LAST: ChunkIndex = ChunkIndex(1);

#[tokio::test(start_paused = true)]
async fn the_first_source_brings_the_manifest_and_chunks_come_in_frames() {
    let mut scene = scene();
    let mut played = scene.open().await;
    assert_eq!(scene.manifest.get(), Some(&scene.sample.manifest));
    scene.request(&mut played, LAST).await;
    let sample = scene.sample.clone();
    played.chunk(LAST, sample.chunk(LAST)).await;
    let (chunk, bytes) = (LAST, 77);
    assert_eq!(scene.news().await, News::Received { chunk, bytes });
    match scene.inputs.recv().await.unwrap() {
        Input::Chunk(SourceId(1), LAST, Verdict::Verified) => {}
        other => panic!("{other:?}"),
    }
    // Large ones are told in lots.
    scene.request(&mut played, FIRST).await;
    let (_, told) = tokio::join!(played.chunk(FIRST, sample.chunk(FIRST)), async {
        let mut told = Vec::new();
        while told.iter().sum::<u32>() < MIB as u32 {
            let News::Received { bytes, .. } = scene.news().await else {
                panic!("{told:?}");
            };
            told.push(bytes);
        }
        told
    });
    assert!(told.len() > 3, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_answer_is_given_up_in_time() {
    let mut unreachable = scene();
    unreachable.network.kill(PEER_NUMBER);
    assert_eq!(unreachable.lost().await, Fault::Unreachable);

    let mut silent = scene();
    silent.network.cut(PEER_NUMBER, PEER);
    let began = Instant::now();
    assert_eq!(silent.lost().await, Fault::Stalled);
    assert_eq!(began.elapsed(), CONNECT_TIMEOUT.min(HELLO_TIMEOUT));

    let mut wordless = scene();
    let _played = Played::accept(&mut wordless.listener).await;
    let began = Instant::now();
    assert_eq!(wordless.lost().await, Fault::Stalled);
    assert_eq!(began.elapsed(), HELLO_TIMEOUT);

    let mut closed = scene();
    drop(Played::accept(&mut closed.listener).await);
    assert_eq!(closed.lost().await, Fault::Broken);
}

#[tokio::test(start_paused = true)]
async fn each_answer_that_is_no_file_is_a_fault_of_its_kind() {
    let error = |code| {
        vec![
            hello(PEER_NUMBER),
            FromSource::Error {
                code,
                message: String::new(),
            },
        ]
    };
    let opened = |transfer, manifest_bytes| {
        let opened = FromSource::Opened {
            transfer,
            manifest_bytes,
        };
        vec![hello(PEER_NUMBER), opened]
    };
    for (said, expected) in [
        (error(ErrorCode::NoSuchContent), Fault::Refused),
        (error(ErrorCode::FileChanged), Fault::Refused),
        (error(ErrorCode::LimitExceeded), Fault::Refused),
        (error(ErrorCode::Stopping), Fault::Broken),
        (error(ErrorCode::BadMessage), Fault::Protocol),
        (vec![hello(2)], Fault::Protocol),
        (opened(TRANSFER, 0), Fault::Protocol),
        (opened(TRANSFER, 1), Fault::Protocol),
        (opened(OTHER, 0), Fault::Protocol),
        (vec![hello(PEER_NUMBER), FromSource::Ping], Fault::Protocol),
    ] {
        let mut scene = scene();
        let mut played = Played::accept(&mut scene.listener).await;
        for message in &said {
            played.say(message).await;
        }
        assert_eq!(scene.lost().await, expected, "{said:?}");
        scene.running.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_is_not_the_catalogues_is_believed_by_nobody() {
    let mut scene = scene();
    let other = Sample::of(vec![1; MIB + 77]);
    let mut played = Played::accept(&mut scene.listener).await;
    played.say(&hello(PEER_NUMBER)).await;
    let raw = other.manifest.to_raw();
    let opened = FromSource::Opened {
        transfer: TRANSFER,
        manifest_bytes: raw.len() as u64,
    };
    played.say(&opened).await;
    played.say_raw(&raw).await;
    assert_eq!(scene.lost().await, Fault::Digest);
    assert_eq!(scene.manifest.get(), None);
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_was_not_asked_for_or_does_not_fit_ends_the_connection() {
    let frame = |chunk, offset, length| FromSource::Data {
        chunk,
        offset,
        length,
    };
    for bad in [
        frame(LAST, 0, 77),
        frame(FIRST, 1, 10),
        frame(FIRST, 0, 0),
        frame(FIRST, 0, MIB as u32 + 1),
        frame(FIRST, 0, MAX_FRAME_BYTES + 1),
        frame(ChunkIndex(7), 0, 1),
        hello(PEER_NUMBER),
    ] {
        let mut scene = scene();
        let mut played = scene.open().await;
        scene.request(&mut played, FIRST).await;
        played.say(&bad).await;
        assert_eq!(scene.lost().await, Fault::Protocol, "{bad:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_back_or_refused_in_the_middle_leaves_nothing_behind() {
    for said in [
        FromSource::Cancelled { chunk: FIRST },
        FromSource::Failed {
            chunk: FIRST,
            code: ErrorCode::ReadFailed,
            message: String::new(),
        },
    ] {
        let mut scene = scene();
        let mut played = scene.open().await;
        scene.request(&mut played, FIRST).await;
        played.frame(FIRST, 0, &[1; 100]).await;
        let (chunk, bytes) = (FIRST, 100);
        assert_eq!(scene.news().await, News::Received { chunk, bytes });
        assert_eq!(scene.buffers.arriving(), 1);
        scene.commands.send(Command::Cancel(FIRST)).await.unwrap();
        let heard: ToSource = played.hear().await;
        assert_eq!(heard, ToSource::Cancel { chunk: FIRST });
        played.say(&said).await;
        let told = scene.news().await;
        assert!(
            matches!(told, News::Cancelled { .. } | News::Refused { .. }),
            "{told:?}"
        );
        assert_eq!(scene.buffers.arriving(), 0);
        // It begins anew when it is asked for again.
        scene.request(&mut played, FIRST).await;
        played.frame(FIRST, 0, &[1; 100]).await;
        assert_eq!(scene.news().await, News::Received { chunk, bytes });
        // And is not taken without being asked for.
        played.say(&FromSource::Queued).await;
        assert_eq!(scene.news().await, News::Queued);
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_before_the_connection_broke_is_counted() {
    let mut scene = scene();
    let mut played = scene.open().await;
    scene.request(&mut played, FIRST).await;
    let data = FromSource::Data {
        chunk: FIRST,
        offset: 0,
        length: 1000,
    };
    played.say(&data).await;
    played.say_raw(&[1; 10]).await;
    drop(played);
    let (chunk, bytes) = (FIRST, 10);
    assert_eq!(scene.news().await, News::Received { chunk, bytes });
    assert_eq!(scene.lost().await, Fault::Broken);
    scene.running.await.unwrap();
    assert_eq!(scene.buffers.arriving(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_takes_no_requests_is_given_up_and_one_that_is_asked_nothing_is_kept() {
    let mut scene = scene();
    let mut played = scene.open().await;
    let began = Instant::now();
    for _ in 0..8 {
        assert_eq!(played.hear::<ToSource>().await, ToSource::Ping);
        played.say(&FromSource::Ping).await;
    }
    assert_eq!(began.elapsed(), 2 * IDLE_TIMEOUT);
    scene.network.freeze(PEER);
    let began = Instant::now();
    scene
        .commands
        .send(Command::Request(FIRST, None))
        .await
        .unwrap();
    assert_eq!(scene.lost().await, Fault::Broken);
    assert_eq!(began.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn without_a_buffer_it_reads_nothing_and_says_so() {
    let mut scene = scene();
    let mut played = scene.open().await;
    let mut all: Vec<_> = std::iter::from_fn(|| scene.buffers.try_get()).collect();
    scene.request(&mut played, FIRST).await;
    let sample = scene.sample.clone();
    let sending = tokio::spawn(async move {
        played.chunk(FIRST, sample.chunk(FIRST)).await;
        played
    });
    assert_eq!(scene.news().await, News::Blocked);
    let minute = Duration::from_secs(60);
    assert!(timeout(minute, scene.inputs.recv()).await.is_err());
    // Back-pressure: what does not fit into the window is not sent.
    assert!(!sending.is_finished());
    all.pop();
    assert_eq!(scene.news().await, News::Unblocked);
    assert!(matches!(scene.news().await, News::Received { .. }));
    sending.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_this_side_slows_it_down_and_is_told_as_such() {
    let mut scene = scene();
    let mut played = scene.open().await;
    scene.downlink.set_limit(Some(MIB as u64 / 4));
    scene.request(&mut played, FIRST).await;
    let sample = scene.sample.clone();
    let sending = tokio::spawn(async move {
        played.chunk(FIRST, sample.chunk(FIRST)).await;
        played
    });
    let began = Instant::now();
    let (mut received, mut reads) = (0, true);
    while received < MIB {
        match scene.news().await {
            News::Received { bytes, .. } => {
                assert!(reads, "read before its turn");
                received += bytes as usize;
            }
            News::Limited => reads = false,
            News::Unblocked => reads = true,
            other => panic!("{other:?}"),
        }
        if received > MIB / 2 {
            scene.downlink.set_limit(None);
        }
    }
    let took = began.elapsed().as_secs_f64();
    assert!((1.8..2.2).contains(&took), "{took}");
    sending.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_is_over_reads_what_is_on_its_way_and_ends_quietly() {
    let mut scene = scene();
    let mut played = scene.open().await;
    scene.request(&mut played, LAST).await;
    scene.commands.send(Command::Close).await.unwrap();
    assert_eq!(played.hear::<ToSource>().await, ToSource::Close);
    let sample = scene.sample.clone();
    played.chunk(LAST, sample.chunk(LAST)).await;
    let closed = FromSource::Closed {
        transfer: TRANSFER,
        sent: 77,
    };
    played.say(&closed).await;
    let (chunk, bytes) = (LAST, 77);
    assert_eq!(scene.news().await, News::Received { chunk, bytes });
    scene.running.await.unwrap();
    assert!(matches!(
        scene.inputs.recv().await,
        Some(Input::Chunk(..)) | None
    ));
    assert_eq!(played.hear_line().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_shell_that_is_gone_ends_nothing_before_its_time() {
    let mut scene = scene();
    let mut played = scene.open().await;
    drop(scene.commands);
    scene.inputs.close();
    played.say(&FromSource::Queued).await;
    let minute = Duration::from_secs(60);
    assert!(timeout(minute, &mut scene.running).await.is_err());
    // Its owner cuts it off.
    scene.running.abort();
    assert_eq!(played.hear_line().await, None);
}
