//! Peers that speak the protocol and lie in it: a secondary with a script, and a client that says what it
//! is told to.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    task::JoinHandle,
};
use trozos::{
    model::{ChunkIndex, ChunkLayout, FileMeta, Manifest, TransferId},
    store::{manifest_id, sha256},
};

use super::{DEADLINE, name, transfer};

/// How long an end may take: longer than any limit of the protocol, also on a paused clock.
const PATIENCE: Duration = Duration::from_secs(180);

/// A file as it is announced, with its digests.
#[derive(Clone)]
pub struct Announced {
    pub meta: FileMeta,
    pub manifest: Vec<u8>,
}

impl Announced {
    /// The truth about some bytes.
    pub fn of(file: &str, bytes: &[u8]) -> Self {
        let layout = ChunkLayout::for_file(bytes.len() as u64).unwrap();
        let size = layout.chunk_bytes() as usize;
        let chunks = bytes.chunks(size).map(sha256).collect();
        let manifest = Manifest::new(layout, sha256(bytes), chunks).unwrap();
        let meta = FileMeta {
            name: name(file),
            layout,
            id: manifest_id(&manifest),
        };
        Self {
            meta,
            manifest: manifest.to_raw(),
        }
    }
}

/// What a secondary does wrong on its data connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Chunks of the right length, with other bytes.
    WrongBytes,
    /// Half of a frame, then the end.
    ShortReply,
    /// The next chunk instead of the one that was asked for.
    OtherChunk,
    /// More bytes after a frame than its header says.
    ExtraBytes,
    /// A frame over the limit.
    LongFrame,
    /// A header without an end.
    EndlessHeader,
    /// Not a word.
    NeverAnswers,
    /// Says hello and opens the file, and then nothing.
    NeverSends,
    /// Announced the file and does not hold it.
    LacksIt,
    /// Refuses every chunk.
    RefusesChunks,
    /// Digests that are not those of the id.
    WrongManifest,
    /// A list of digests of another length.
    ShortManifest,
    /// Answers as another secondary.
    OtherNumber,
    /// Opens another transfer than was asked for.
    OtherTransfer,
}

/// A secondary with number 3 that enrols like any other and then lies. Ends when it is dropped.
pub struct Liar {
    pub address: SocketAddr,
    asked_by_http: Arc<AtomicU64>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

pub fn file_json(file: &FileMeta) -> Value {
    json!({"name": file.name.as_str(), "length": file.layout.file_bytes(),
        "chunk": file.layout.chunk_bytes(), "id": file.id.to_string()})
}

impl Liar {
    pub async fn start(central: SocketAddr, files: Vec<Announced>, lie: Lie) -> Self {
        Self::start_as(3, central, files, lie).await
    }

    /// With another number than 3.
    pub async fn start_as(
        number: u64,
        central: SocketAddr,
        files: Vec<Announced>,
        lie: Lie,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut control = Peer::connect(central).await;
        let hello = json!({"type":"hello","protocol":1,"role":"secondary",
            "number":number,"port":address.port(),"incarnation":1});
        control.send(&[hello]).await;
        // Pages that fit a line, whatever the names.
        let mut pages = files.chunks(40).peekable();
        while let Some(page) = pages.next() {
            let files: Vec<_> = page.iter().map(|file| file_json(&file.meta)).collect();
            let last = pages.peek().is_none();
            control
                .send(&[json!({"type":"inventory","last":last,"files":files})])
                .await;
        }
        let alive = tokio::spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_millis(300));
            loop {
                tokio::select! {
                    _ = beat.tick() => {
                        if !control.try_send(&json!({"type":"ping"})).await {
                            return;
                        }
                    }
                    // What the central says is read, so that it goes on talking.
                    message = control.next() => if message.is_none() { return },
                }
            }
        });
        let asked_by_http = Arc::<AtomicU64>::default();
        let asked = Arc::clone(&asked_by_http);
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (files, asked) = (files.clone(), Arc::clone(&asked));
                connections.spawn(async move {
                    let mut first = [0];
                    match stream.peek(&mut first).await {
                        Ok(1) if first[0].is_ascii_uppercase() => {
                            serve_http(stream, &files, &asked).await;
                        }
                        _ => serve(Peer::of(stream), files, lie).await,
                    }
                });
            }
        });
        Self {
            address,
            asked_by_http,
            tasks: vec![alive, serving],
        }
    }

    /// How often it was asked for bytes by HTTP.
    pub fn asked_by_http(&self) -> u64 {
        self.asked_by_http.load(Ordering::Relaxed)
    }
}

/// Answers requests for files as a secondary does, with other bytes of the right length.
async fn serve_http(stream: TcpStream, files: &[Announced], asked: &AtomicU64) {
    let mut peer = Peer::of(stream);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if !matches!(peer.read.read_until(b'\n', &mut head).await, Ok(1..)) {
                return;
            }
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let is_asked = |file: &&Announced| head.contains(&file.meta.id.to_string());
        let Some(file) = files.iter().find(is_asked) else {
            return;
        };
        asked.fetch_add(1, Ordering::Relaxed);
        let bytes = file.meta.layout.file_bytes();
        let range = head
            .lines()
            .find_map(|line| line.strip_prefix("range: bytes="));
        let (first, last) = range
            .and_then(|range| range.split_once('-'))
            .unwrap_or_default();
        let first: u64 = first.parse().unwrap_or(0);
        let last: u64 = last.trim().parse().unwrap_or(bytes - 1);
        let mut answer = format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {first}-{last}/{bytes}\r\n\r\n",
            last + 1 - first
        );
        if range.is_none() {
            answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n");
        }
        if peer.write.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        let mut left = last + 1 - first;
        let wrong = vec![0x55; 64 << 10];
        while left > 0 {
            let count = left.min(wrong.len() as u64);
            if peer
                .write
                .write_all(&wrong[..count as usize])
                .await
                .is_err()
            {
                return;
            }
            left -= count;
        }
    }
}

async fn serve(mut peer: Peer, files: Vec<Announced>, lie: Lie) {
    if lie == Lie::NeverAnswers {
        return std::future::pending().await;
    }
    let mut open = None;
    while let Some(message) = peer.next().await {
        let (reply, body) = match message["type"].as_str().unwrap() {
            "hello" => {
                let number = if lie == Lie::OtherNumber { 1 } else { 3 };
                let hello = json!({"type":"hello","protocol":1,"role":"secondary","number":number,"incarnation":1});
                (hello, Vec::new())
            }
            "open" => {
                if lie == Lie::LacksIt {
                    let error =
                        json!({"type":"error","code":"no-such-content","message":"not held here"});
                    peer.send(&[error]).await;
                    return;
                }
                let found = files
                    .iter()
                    .find(|file| message["id"] == file.meta.id.to_string());
                open = found.cloned();
                opened(&message, found.unwrap(), lie)
            }
            "get" => {
                let file = open.as_ref().unwrap();
                let chunk = message["chunk"].as_u64().unwrap() as u32;
                let length = file.meta.layout.chunk_len(ChunkIndex(chunk));
                match data(lie, chunk, length) {
                    Some(reply) => reply,
                    None => continue,
                }
            }
            "close" => (
                json!({"type":"closed","transfer":"1-0000000000000000","sent":0}),
                Vec::new(),
            ),
            _ => continue,
        };
        let mut bytes = format!("{reply}\n").into_bytes();
        bytes.extend(body);
        if peer.write.write_all(&bytes).await.is_err() {
            return;
        }
        if lie == Lie::ShortReply && reply["type"] == "data" {
            return;
        }
    }
}

fn opened(asked: &Value, file: &Announced, lie: Lie) -> (Value, Vec<u8>) {
    let mut manifest = match lie {
        // Whether it was asked for or not: it is to be seen.
        Lie::WrongManifest | Lie::ShortManifest => file.manifest.clone(),
        _ if asked["manifest"] == true => file.manifest.clone(),
        _ => Vec::new(),
    };
    match lie {
        Lie::WrongManifest => *manifest.last_mut().unwrap() ^= 1,
        Lie::ShortManifest => manifest.truncate(32),
        _ => {}
    }
    let transfer = match lie {
        Lie::OtherTransfer => json!(transfer(u64::MAX)),
        _ => asked["transfer"].clone(),
    };
    let reply = json!({"type":"opened","transfer":transfer,"manifest_bytes":manifest.len()});
    (reply, manifest)
}

fn data(lie: Lie, chunk: u32, length: u32) -> Option<(Value, Vec<u8>)> {
    let bytes = vec![0x55; length as usize];
    let frame =
        |chunk: u32, length: u32| json!({"type":"data","chunk":chunk,"offset":0,"length":length});
    Some(match lie {
        Lie::ShortReply => (frame(chunk, length), bytes[..bytes.len() / 2].to_vec()),
        Lie::OtherChunk => (frame(chunk + 100, length), bytes),
        // Of half a chunk: no digest is looked at before the extra bytes are.
        Lie::ExtraBytes => (frame(chunk, length / 2), bytes),
        Lie::LongFrame => (frame(chunk, length + 1), [&bytes[..], b"x"].concat()),
        Lie::EndlessHeader => (json!("x".repeat(1 << 20)), Vec::new()),
        Lie::NeverSends => return None,
        Lie::RefusesChunks => {
            let failed = json!({"type":"failed","chunk":chunk,"code":"read-failed","message":"no such luck"});
            (failed, Vec::new())
        }
        _ => (frame(chunk, length), bytes),
    })
}

/// One end of a connection that speaks JSON lines, without judging them.
pub struct Peer {
    read: BufReader<OwnedReadHalf>,
    pub write: OwnedWriteHalf,
    line: Vec<u8>,
}

impl Peer {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).await.unwrap())
    }

    pub fn of(stream: TcpStream) -> Self {
        let (read, write) = stream.into_split();
        Self {
            read: BufReader::new(read),
            write,
            line: Vec::new(),
        }
    }

    /// A client of a central, enrolled.
    pub async fn client(central: SocketAddr, who: &str) -> Self {
        let mut client = Self::connect(central).await;
        client
            .send(&[json!({"type":"hello","protocol":1,"role":"client","name":who})])
            .await;
        client.until("hello").await;
        client
    }

    /// A receiver of a secondary, with a file open.
    pub async fn receiver(secondary: SocketAddr, transfer: TransferId, file: &FileMeta) -> Self {
        Self::receiver_on(TcpStream::connect(secondary).await.unwrap(), transfer, file).await
    }

    pub async fn receiver_on(stream: TcpStream, transfer: TransferId, file: &FileMeta) -> Self {
        let mut receiver = Self::of(stream);
        receiver
            .send(&[
                json!({"type":"hello","protocol":1,"role":"client","name":format!("r{transfer}")}),
                json!({"type":"open","transfer":transfer,"id":file.id.to_string(),"name":file.name.as_str(),
                    "manifest":false}),
            ])
            .await;
        receiver.until("opened").await;
        receiver
    }

    /// Sends lines; the other side takes them.
    pub async fn send(&mut self, messages: &[Value]) {
        let text: String = messages
            .iter()
            .map(|message| format!("{message}\n"))
            .collect();
        self.write.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a line; false when the other side is gone.
    pub async fn try_send(&mut self, message: &Value) -> bool {
        self.write
            .write_all(format!("{message}\n").as_bytes())
            .await
            .is_ok()
    }

    /// The next line; `None` when the other side has closed. Cancel-safe.
    pub async fn next(&mut self) -> Option<Value> {
        let read = self.read.read_until(b'\n', &mut self.line).await;
        if !matches!(read, Ok(1..)) {
            return None;
        }
        serde_json::from_slice(&std::mem::take(&mut self.line)).ok()
    }

    /// The next message of a type; bytes that follow `data` are thrown away.
    pub async fn until(&mut self, kind: &str) -> Value {
        let wanted = async {
            loop {
                let message = self
                    .next()
                    .await
                    .unwrap_or_else(|| panic!("closed before {kind}"));
                if message["type"] == "data" {
                    let length = message["length"].as_u64().unwrap();
                    let mut payload = vec![0; length as usize];
                    self.read.read_exact(&mut payload).await.unwrap();
                }
                if message["type"] == kind {
                    return message;
                }
            }
        };
        tokio::time::timeout(DEADLINE, wanted)
            .await
            .unwrap_or_else(|_| panic!("never {kind}"))
    }

    /// The code of the error that ends the connection; empty when it ends without one.
    pub async fn error(&mut self) -> String {
        tokio::time::timeout(PATIENCE, error(&mut self.read))
            .await
            .expect("no end")
    }

    /// Both ways, for two tasks: this one goes on reading.
    pub fn split(self) -> (Reading, OwnedWriteHalf) {
        (Reading(self.read), self.write)
    }

    /// Reads a byte; false at the end.
    pub async fn byte(&mut self) -> bool {
        self.read.read_u8().await.is_ok()
    }
}

/// The reading half of a [`Peer`].
pub struct Reading(BufReader<OwnedReadHalf>);

impl Reading {
    /// See [`Peer::error`].
    pub async fn error(&mut self) -> String {
        tokio::time::timeout(PATIENCE, error(&mut self.0))
            .await
            .expect("no end")
    }
}

/// Reads up to an error or the end; bytes that follow `data` are thrown away.
async fn error(read: &mut BufReader<OwnedReadHalf>) -> String {
    let mut line = Vec::new();
    loop {
        line.clear();
        if !matches!(read.read_until(b'\n', &mut line).await, Ok(1..)) {
            return String::new();
        }
        let Ok(message) = serde_json::from_slice::<Value>(&line) else {
            return String::new();
        };
        if message["type"] == "error" {
            return message["code"].as_str().unwrap().to_owned();
        }
        if message["type"] == "data" {
            let length = message["length"].as_u64().unwrap();
            let mut payload = vec![0; length as usize];
            if read.read_exact(&mut payload).await.is_err() {
                return String::new();
            }
        }
    }
}
