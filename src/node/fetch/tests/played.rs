//! A file, and sources of it that a test plays.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::{
    model::{
        ChunkIndex, ChunkLayout, FileMeta, FileName, Grant, Have, Incarnation, Manifest,
        SecondaryNumber, SourceId, SourceInfo, Term, TransferId, Who,
    },
    net::{
        Listener,
        memory::{MemoryNetwork, ip},
    },
    node::testing::Played,
    proto::{
        ErrorCode, Hello, PeerRole,
        data::{FromSource, ToSource},
    },
    store::{manifest_id, sha256},
};

/// The number, and the host, of a source that is played line by line.
pub(in crate::node::fetch) const PEER_NUMBER: u8 = 1;
pub(in crate::node::fetch) const TRANSFER: TransferId = TransferId {
    term: Term(1),
    number: 7,
};
pub(in crate::node::fetch) const OTHER: TransferId = TransferId {
    term: Term(1),
    number: 8,
};
const FRAME_BYTES: usize = 64 << 10;

/// What is received.
#[derive(Clone, Debug)]
pub(in crate::node::fetch) struct Sample {
    pub(in crate::node::fetch) bytes: Arc<Vec<u8>>,
    pub(in crate::node::fetch) meta: FileMeta,
    pub(in crate::node::fetch) manifest: Arc<Manifest>,
}

impl Sample {
    /// A file of so many bytes, in chunks of a MiB.
    pub(in crate::node::fetch) fn new(length: usize) -> Self {
        let mut bytes = vec![0; length];
        fastrand::Rng::with_seed(length as u64).fill(&mut bytes);
        Self::of(bytes)
    }

    pub(in crate::node::fetch) fn of(bytes: Vec<u8>) -> Self {
        let layout = ChunkLayout::for_file(bytes.len() as u64).unwrap();
        let digests = bytes.chunks(layout.chunk_bytes() as usize).map(sha256);
        let manifest = Manifest::new(layout, sha256(&bytes), digests.collect()).unwrap();
        let meta = FileMeta {
            name: FileName::try_from("a.mp4").unwrap(),
            layout,
            id: manifest_id(&manifest),
        };
        Self {
            bytes: Arc::new(bytes),
            meta,
            manifest: Arc::new(manifest),
        }
    }

    pub(in crate::node::fetch) fn chunk(&self, chunk: ChunkIndex) -> &[u8] {
        let range = self.meta.layout.byte_range(chunk);
        &self.bytes[range.start as usize..range.end as usize]
    }

    /// A transfer of it from these sources.
    pub(in crate::node::fetch) fn grant(&self, sources: Vec<SourceInfo>) -> Grant {
        Grant {
            transfer: TRANSFER,
            file: self.meta.clone(),
            sources,
        }
    }
}

/// A source: the secondary of its number, on the host of its number.
pub(in crate::node::fetch) fn source(number: u8) -> SourceInfo {
    SourceInfo {
        id: SourceId(u32::from(number)),
        who: Who::Secondary(SecondaryNumber::try_from(u64::from(number)).unwrap()),
        address: address(number),
        have: Have::All,
        ranges: Vec::new(),
        draining: false,
    }
}

pub(in crate::node::fetch) fn address(number: u8) -> SocketAddr {
    (ip(number), 50_000).into()
}

pub(in crate::node::fetch) fn listen(network: &MemoryNetwork, number: u8) -> Listener {
    network.host(number).listen(address(number)).unwrap()
}

pub(in crate::node::fetch) fn hello(number: u8) -> FromSource {
    FromSource::Hello(Hello::from_role(&PeerRole::Secondary {
        number: SecondaryNumber::try_from(u64::from(number)).unwrap(),
        listens: None,
        incarnation: Incarnation(1),
    }))
}

impl Played {
    /// As secondary 1: lets the next receiver in and opens the file for it.
    pub(in crate::node::fetch) async fn opened(listener: &mut Listener, sample: &Sample) -> Self {
        let mut played = Self::greeted(listener, 1).await;
        played.open(sample).await;
        played
    }

    /// As a secondary: has heard what a receiver wants, and has said hello.
    async fn greeted(listener: &mut Listener, number: u8) -> Self {
        let mut played = Self::accept(listener).await;
        let first = played.hear().await;
        assert!(matches!(first, ToSource::Hello(_)), "{first:?}");
        played.say(&hello(number)).await;
        played
    }

    async fn open(&mut self, sample: &Sample) {
        let open = self.hear().await;
        let ToSource::Open { manifest, id, .. } = open else {
            panic!("{open:?}");
        };
        assert_eq!(id, sample.meta.id);
        let raw = if manifest {
            sample.manifest.to_raw()
        } else {
            Vec::new()
        };
        let opened = FromSource::Opened {
            transfer: TRANSFER,
            manifest_bytes: raw.len() as u64,
        };
        self.say(&opened).await;
        self.say_raw(&raw).await;
    }

    /// A frame, as it is said to be.
    pub(in crate::node::fetch) async fn frame(
        &mut self,
        chunk: ChunkIndex,
        offset: u32,
        bytes: &[u8],
    ) {
        let data = FromSource::Data {
            chunk,
            offset,
            length: bytes.len() as u32,
        };
        self.say(&data).await;
        self.say_raw(bytes).await;
    }

    /// All frames of a chunk.
    pub(in crate::node::fetch) async fn chunk(&mut self, chunk: ChunkIndex, bytes: &[u8]) {
        for (index, frame) in bytes.chunks(FRAME_BYTES).enumerate() {
            self.frame(chunk, (index * FRAME_BYTES) as u32, frame).await;
        }
    }
}

/// How a source behaves that nobody plays line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node::fetch) enum Manner {
    Good,
    /// It sends wrong bytes.
    Lies,
    /// It does not have the file.
    Lacks,
    /// It says nothing more after so many chunks.
    Stalls {
        after: u32,
    },
}

/// A source that behaves so; gives how many chunks it has sent.
pub(in crate::node::fetch) fn serve(
    network: &MemoryNetwork,
    number: u8,
    sample: &Sample,
    manner: Manner,
) -> Arc<AtomicU32> {
    serve_at(listen(network, number), number, sample, manner)
}

/// The same, somewhere else than on the host of its number.
pub(in crate::node::fetch) fn serve_at(
    mut listener: Listener,
    number: u8,
    sample: &Sample,
    manner: Manner,
) -> Arc<AtomicU32> {
    let (sample, sent) = (sample.clone(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&sent);
    tokio::spawn(async move {
        loop {
            let mut played = Played::greeted(&mut listener, number).await;
            if manner == Manner::Lacks {
                let error = FromSource::Error {
                    code: ErrorCode::NoSuchContent,
                    message: "not here".to_owned(),
                };
                played.say(&error).await;
                continue;
            }
            played.open(&sample).await;
            let (sample, counted) = (sample.clone(), Arc::clone(&counted));
            tokio::spawn(async move { feed(played, &sample, manner, &counted).await });
        }
    });
    sent
}

async fn feed(mut played: Played, sample: &Sample, manner: Manner, sent: &AtomicU32) {
    while let Some(line) = played.hear_line().await {
        match serde_json::from_str(&line).unwrap() {
            ToSource::Get { chunk, part, .. } => {
                let mut bytes = sample.chunk(chunk).to_vec();
                let from = part.map_or(0, |part| part.from);
                if let Some(part) = part {
                    bytes.drain(..from as usize);
                    bytes.truncate(part.bytes as usize);
                }
                match manner {
                    Manner::Good | Manner::Lacks => {}
                    Manner::Lies => bytes[0] ^= 1,
                    Manner::Stalls { after } => {
                        if sent.load(Ordering::Relaxed) >= after {
                            std::future::pending().await
                        }
                    }
                }
                sent.fetch_add(1, Ordering::Relaxed);
                for (index, frame) in bytes.chunks(FRAME_BYTES).enumerate() {
                    let data = FromSource::Data {
                        chunk,
                        offset: from + (index * FRAME_BYTES) as u32,
                        length: frame.len() as u32,
                    };
                    let said = played.writer.send(&data).await;
                    if said.is_err() || played.writer.send_encoded(frame).await.is_err() {
                        return;
                    }
                }
            }
            ToSource::Close => {
                let closed = FromSource::Closed {
                    transfer: TRANSFER,
                    sent: 0,
                };
                played.say(&closed).await;
            }
            ToSource::Cancel { .. } | ToSource::Ping => {}
            other @ (ToSource::Hello(_) | ToSource::Open { .. } | ToSource::Any { .. }) => {
                panic!("{other:?}")
            }
        }
    }
}
