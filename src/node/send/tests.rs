//! Connections over pipes in memory, with contents in memory and a clock that stands still.

use std::{
    fs::File,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{provider::Content, *};
use crate::{
    engine::send::Kind,
    model::{
        ByteRange, ChunkLayout, ClientName, Digest, FileMeta, FileName, Manifest, Receiver,
        TransferId,
    },
    net::{LineReader, LineWriter, Permits},
    node::{Refused, clock, rules::sent::SentBook},
    store::StoreError,
};

const STALL: Duration = Duration::from_secs(30);
const PIPE_BYTES: usize = 64 << 10;

/// A content in memory, which may change below its readers.
#[derive(Debug)]
struct Memory {
    meta: FileMeta,
    manifest: Manifest,
    bytes: Mutex<Vec<u8>>,
}

impl Content for Memory {
    fn meta(&self) -> &FileMeta {
        &self.meta
    }

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn read_at(&self, range: ByteRange, target: &mut Vec<u8>) -> Result<(), StoreError> {
        let bytes = self.bytes.lock().unwrap();
        let there = bytes.get(range.start as usize..range.end as usize);
        target.extend_from_slice(there.ok_or_else(|| StoreError::Changed("memory".into()))?);
        Ok(())
    }

    fn check_unchanged(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn kernel_file(&self) -> Option<&File> {
        None
    }

    fn is_in_memory(&self, _range: ByteRange) -> bool {
        true
    }

    fn error(&self, error: &io::Error) -> StoreError {
        StoreError::new("memory".as_ref(), error)
    }
}

/// Has one content, and notes what it is told.
#[derive(Debug)]
struct Shelf {
    content: Arc<Memory>,
    book: Mutex<SentBook>,
    stop: CancellationToken,
    damaged: Mutex<Vec<FileName>>,
    bad: Mutex<Vec<Refused>>,
}

impl Provider for Shelf {
    async fn open(
        &self,
        transfer: TransferId,
        _wanted: Wanted,
        receiver: Receiver,
    ) -> Result<Opened, Refused> {
        let mut book = self.book.lock().unwrap();
        let opened = book.open(clock::now(), transfer, &receiver, &self.content.meta);
        let (sending, _) = opened.ok_or(Refused::OthersTransfer(transfer))?;
        Ok(Opened {
            content: Arc::clone(&self.content) as Arc<dyn Content>,
            sending,
            stop: self.stop.clone(),
        })
    }

    async fn damaged(&self, name: FileName, _error: &StoreError) {
        self.damaged.lock().unwrap().push(name);
    }

    async fn bad_peer(&self, _address: SocketAddr, reason: Refused) {
        self.bad.lock().unwrap().push(reason);
    }
}

impl Shelf {
    fn sent_bytes(&self) -> u64 {
        let sent = self.book.lock().unwrap().report_all();
        sent.iter().map(|sent| sent.bytes).sum()
    }
}

fn context(bytes: Vec<u8>, limit_bytes_per_s: Option<u64>) -> Context<Shelf> {
    let layout = ChunkLayout::for_file(bytes.len() as u64).unwrap();
    let digests = vec![Digest::new([7; 32]); layout.chunk_count() as usize];
    let manifest = Manifest::new(layout, Digest::new([8; 32]), digests).unwrap();
    Context {
        provider: Arc::new(Shelf {
            content: Arc::new(Memory {
                meta: FileMeta {
                    name: FileName::try_from("a.bin").unwrap(),
                    layout,
                    id: Digest::new([9; 32]),
                },
                manifest,
                bytes: Mutex::new(bytes),
            }),
            book: Mutex::default(),
            stop: CancellationToken::new(),
            damaged: Mutex::default(),
            bad: Mutex::default(),
        }),
        uplink: Arc::new(Uplink::new(limit_bytes_per_s)),
        stop: CancellationToken::new(),
    }
}

/// The far end of a connection: a client that receives.
struct Client {
    requests: DuplexStream,
    answers: DuplexStream,
    task: tokio::task::JoinHandle<()>,
}

impl Client {
    fn connect(context: &Context<Shelf>) -> Self {
        let (requests, far_requests) = duplex(PIPE_BYTES);
        let (far_answers, answers) = duplex(PIPE_BYTES);
        let peer = Peer {
            address: (Ipv4Addr::LOCALHOST, 1).into(),
            receiver: Receiver::Client(ClientName::try_from("ana").unwrap()),
            permit: Arc::new(
                Permits::new(1)
                    .take(IpAddr::V4(Ipv4Addr::LOCALHOST))
                    .unwrap(),
            ),
        };
        let reader = LineReader::new(far_requests);
        let writer = LineWriter::new(far_answers, STALL);
        Self {
            requests,
            answers,
            task: tokio::spawn(converse(reader, writer, peer, context.clone())),
        }
    }

    async fn say(&mut self, line: &str) {
        self.requests.write_all(line.as_bytes()).await.unwrap();
        self.requests.write_all(b"\n").await.unwrap();
    }

    async fn line(&mut self) -> serde_json::Value {
        let mut line = Vec::new();
        loop {
            match self.answers.read_u8().await.unwrap() {
                b'\n' => return serde_json::from_slice(&line).unwrap(),
                byte => line.push(byte),
            }
        }
    }

    async fn open(&mut self) {
        let id = Digest::new([9; 32]);
        self.say(&format!(
            r#"{{"type":"open","transfer":"1-0000000000000001","id":"{id}","name":"a.bin","manifest":false}}"#
        ))
        .await;
        assert_eq!(self.line().await["type"], "opened");
    }

    /// The next frame: its header, and its bytes.
    async fn frame(&mut self) -> (serde_json::Value, Vec<u8>) {
        let header = self.line().await;
        assert_eq!(header["type"], "data", "{header}");
        let mut bytes = vec![0; header["length"].as_u64().unwrap() as usize];
        self.answers.read_exact(&mut bytes).await.unwrap();
        (header, bytes)
    }
}

#[tokio::test(start_paused = true)]
async fn a_chunk_is_sent_in_frames_and_counted_to_the_byte() {
    let bytes: Vec<u8> = (0..1_500_000u32).map(|n| (n / 251) as u8).collect();
    let context = context(bytes.clone(), None);
    let mut client = Client::connect(&context);
    client.open().await;
    client.say(r#"{"type":"get","chunk":1}"#).await;
    client.say(r#"{"type":"get","chunk":0}"#).await;
    let mut got = vec![0; bytes.len()];
    let mut left = bytes.len();
    while left > 0 {
        let (header, frame) = client.frame().await;
        let number = |field: &str| header[field].as_u64().unwrap() as usize;
        let start = (number("chunk") << 20) + number("offset");
        got[start..start + frame.len()].copy_from_slice(&frame);
        left -= frame.len();
    }
    assert!(got == bytes);
    client.say(r#"{"type":"close"}"#).await;
    let closed = client.line().await;
    assert_eq!(
        (&closed["type"], &closed["sent"]),
        (&"closed".into(), &1_500_000.into())
    );
    assert_eq!(context.provider.sent_bytes(), 1_500_000);
}

#[tokio::test(start_paused = true)]
async fn a_content_that_shrinks_is_refused_and_its_provider_hears_of_it() {
    let context = context(vec![1; 3 << 20], None);
    let mut client = Client::connect(&context);
    client.open().await;
    client.say(r#"{"type":"get","chunk":0}"#).await;
    let mut left = 1 << 20;
    while left > 0 {
        left -= client.frame().await.1.len();
    }
    context
        .provider
        .content
        .bytes
        .lock()
        .unwrap()
        .truncate(1 << 20);
    client.say(r#"{"type":"get","chunk":2}"#).await;
    let failed = client.line().await;
    assert_eq!(
        (&failed["type"], &failed["code"]),
        (&"failed".into(), &"file-changed".into())
    );
    assert_eq!(context.provider.damaged.lock().unwrap().len(), 1);
    // The connection goes on.
    client.say(r#"{"type":"close"}"#).await;
    assert_eq!(client.line().await["type"], "closed");
}

#[tokio::test(start_paused = true)]
async fn who_takes_a_request_back_while_waiting_for_a_turn_is_answered_at_once() {
    let context = context(vec![1; 1 << 20], Some(4096));
    let other = context.uplink.join(Kind::Client);
    other.set_busy();
    other.turn(4096).await.unwrap();
    other.took(4096);
    let mut client = Client::connect(&context);
    client.open().await;
    client.say(r#"{"type":"get","chunk":0}"#).await;
    sleep(Duration::from_millis(500)).await;
    let start = Instant::now();
    client.say(r#"{"type":"cancel","chunk":0}"#).await;
    assert_eq!(client.line().await["type"], "cancelled");
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(context.provider.sent_bytes(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_sent_away_and_the_provider_knows_why() {
    let context = context(vec![1; 1 << 20], None);
    let mut client = Client::connect(&context);
    client.open().await;
    client.say(r#"{"type":"get","chunk":0}"#).await;
    let start = Instant::now();
    (&mut client.task).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), STALL.as_secs());
    let bad = context.provider.bad.lock().unwrap();
    assert_eq!(*bad, [Refused::TakesTooLittle]);
}

#[tokio::test(start_paused = true)]
async fn an_expelled_receiver_is_sent_nothing_more() {
    let context = context(vec![1; 1 << 20], None);
    let mut client = Client::connect(&context);
    client.open().await;
    context.provider.stop.cancel();
    let error = client.line().await;
    assert_eq!(error["type"], "error", "{error}");
    client.task.await.unwrap();
}

/// What a legacy client gets within a time, beside one whose turns are the uplink's.
async fn legacy_beside(context: Context<Shelf>, rival: Kind, lasts: Duration) -> (u64, u64) {
    let rival = context.uplink.join(rival);
    rival.set_busy();
    let (near, mut far) = duplex(1 << 20);
    let serving = context.clone();
    let sending = tokio::spawn(async move {
        let line = br#"{"accion":"descarga","video":"a.bin","nombre":"ana","parte":0}"#;
        let peer = (Ipv4Addr::LOCALHOST, 1).into();
        serve_legacy(line, peer, LineWriter::new(near, STALL), &serving).await;
    });
    let reading = async {
        let mut buffer = vec![0; 64 << 10];
        while far.read(&mut buffer).await.unwrap() > 0 {}
    };
    let mut rivals = 0;
    let racing = async {
        loop {
            let bytes = rival.most_bytes().min(1 << 20);
            rival.turn(bytes).await.unwrap();
            rival.took(bytes);
            rivals += bytes;
        }
    };
    let both = async { tokio::join!(reading, racing) };
    assert!(timeout(lasts, both).await.is_err());
    sending.abort();
    (context.provider.sent_bytes(), rivals)
}

#[tokio::test(start_paused = true)]
async fn a_legacy_client_takes_turns_as_all_others_do() {
    let seconds = Duration::from_secs(4);
    for rival in [
        Kind::Client,
        // Clients come before copies: these get as much, and no more.
        Kind::Copy,
    ] {
        let context = context(vec![1; 30 << 20], Some(2_000_000));
        let (legacy, rivals) = legacy_beside(context, rival, seconds).await;
        let all = legacy + rivals;
        assert!((7_800_000..8_200_000).contains(&all), "{rival:?}: {all}");
        assert!(
            legacy.abs_diff(rivals) < 200_000,
            "{rival:?}: {legacy} {rivals}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_waits_for_a_legacy_client_also_without_a_limit() {
    let context = context(vec![1; 30 << 20], None);
    let copy = context.uplink.join(Kind::Copy);
    copy.set_busy();
    let (near, mut far) = duplex(64 << 10);
    let serving = context.clone();
    tokio::spawn(async move {
        let line = br#"{"accion":"descarga","video":"a.bin","parte":1}"#;
        let peer = (Ipv4Addr::LOCALHOST, 1).into();
        serve_legacy(line, peer, LineWriter::new(near, STALL), &serving).await;
    });
    let mut taken = vec![0; 300_000];
    far.read_exact(&mut taken).await.unwrap();
    // It was sent about so much: a copy may be sent as much at once, and waits before it is sent more.
    copy.turn(200_000).await.unwrap();
    copy.took(200_000);
    let start = Instant::now();
    copy.turn(1 << 20).await.unwrap();
    assert!(
        start.elapsed() > Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn what_stands_for_a_part_counts_only_once_the_socket_has_taken_it() {
    let bytes: Vec<u8> = (0..3000u32).map(|n| (n / 7) as u8).collect();
    let content = Arc::clone(&context(bytes.clone(), None).provider.content);
    let range = ByteRange {
        start: 500,
        end: 2500,
    };
    let by_kernel = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let part = Part::new(content, range, &by_kernel);
    let stand_in = part.stand_in(0);
    assert_eq!((stand_in.len(), part.stand_in(1999).len()), (2000, 1));
    assert!(is_stand_in(stand_in) && is_stand_in(&stand_in[1999..]));
    let copy = stand_in.to_vec();
    assert!(!is_stand_in(&copy));
    assert!(part.has_sent(0) && !part.has_sent(1));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = tokio::net::TcpStream::connect(listener.local_addr().unwrap());
    let near = crate::net::Socket::from(near.await.unwrap());
    let (mut far, _) = listener.accept().await.unwrap();
    // Not more than is asked for, and the rest after that.
    for (most, sent) in [(100, 100), (5000, 2000)] {
        let took = std::future::poll_fn(|context| part.poll_send(&near, context, most));
        took.await.unwrap();
        assert!(part.has_sent(sent) && !part.has_sent(sent + 1));
    }
    assert!(part.is_over());
    let mut got = vec![0; 2000];
    far.read_exact(&mut got).await.unwrap();
    assert!(got == bytes[500..2500]);
}
