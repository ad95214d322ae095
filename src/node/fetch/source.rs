//! One connection to one source: requests out, frames in, whole chunks to the hash and the disk. Knows
//! the wire; decides nothing, trusts nothing: a frame that was not asked for ends the connection.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{sync::mpsc, time::timeout};

use super::{
    access::{PeerAccess, reach},
    asking::{Asked, write_all},
    buffers::{Buffers, ChunkBuffer},
    downlink::{Intake, Lane},
    fault::Lost,
    manifest::{next, receive},
    messages::{Command, Input, News, Origin},
    writing::{Whole, Writing},
};
use crate::{
    engine::download::SwarmEvent,
    model::{
        ChunkIndex, Fault, FileMeta, Manifest, Part, TransferId, Who,
        limits::{HELLO_TIMEOUT, MAX_FRAME_BYTES},
    },
    net::Network,
    node::{
        Security, clock,
        greeting::{Reader, Writer, introduce},
    },
    proto::{
        Hello, PeerRole,
        data::{FromSource, ToSource},
        handshake::ServerRole,
    },
};

/// How long a source may take none of our requests, which are short lines.
const WRITE_STALL: Duration = Duration::from_secs(10);
/// Received bytes are told to the machine in lots of this size, or this old.
const LOT_BYTES: usize = 256 * 1024;
const LOT_AGE: Duration = Duration::from_millis(50);

/// What a source's task is given.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) transfer: TransferId,
    pub(super) file: FileMeta,
    pub(super) network: Network,
    pub(super) role: PeerRole,
    /// Where the central is that names the sources: their addresses are as it sees them.
    pub(super) central: Option<SocketAddr>,
    pub(super) security: Arc<Security>,
    pub(super) access: PeerAccess,
    pub(super) manifest: Arc<OnceLock<Arc<Manifest>>>,
    pub(super) buffers: Buffers,
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) writing: Writing,
    pub(super) lane: Lane,
}

/// One connection, from the attempt to its end.
pub(super) struct SourceTask {
    pub(super) origin: Origin,
    pub(super) who: Who,
    pub(super) address: SocketAddr,
    pub(super) context: Context,
    pub(super) commands: mpsc::Receiver<Command>,
}

impl SourceTask {
    /// Runs until the connection is lost or closed. Dropped to cut it off.
    pub(super) async fn run(mut self) {
        let connection = match timeout(HELLO_TIMEOUT, self.open()).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(lost)) => return self.lost(lost).await,
            Err(_) => {
                let reason = "no answer to hello".to_owned();
                let fault = Fault::Stalled;
                return self.lost(Lost { fault, reason }).await;
            }
        };
        let (reader, writer, chooses) = connection;
        if chooses {
            let source = self.origin.source;
            self.tell(News::Swarm(SwarmEvent::Chooses { source })).await;
        }
        self.tell(News::Connected).await;
        let asked = Asked::default();
        let (sender, commands) = mpsc::channel(1);
        let commands = std::mem::replace(&mut self.commands, commands);
        drop(sender);
        let write = write_all(writer, commands, &asked);
        let read = Reading {
            source: &self,
            reader,
            asked: &asked,
            chooses,
            partial: HashMap::new(),
            intake: self.context.lane.join(),
            closed: false,
        }
        .run();
        let lost = tokio::select! {
            lost = read => lost,
            lost = write => Some(lost),
        };
        if let Some(lost) = lost {
            self.lost(lost).await;
        }
    }

    async fn tell(&self, news: News) {
        // A shell that is gone needs to know nothing.
        let news = Input::Source(self.origin, news);
        let _ = self.context.inputs.send(news).await;
    }

    async fn lost(&self, lost: Lost) {
        let Lost { fault, reason } = lost;
        self.tell(News::Lost { fault, reason }).await;
    }

    /// Connects and opens the content; fetches the manifest while nobody has it.
    /// Says whether the source chooses chunks itself, if it is asked to.
    async fn open(&self) -> Result<(Reader, Writer, bool), Lost> {
        let context = &self.context;
        let security = &context.security;
        let places = (self.address, context.central);
        let (stream, entry) = reach(
            &context.access,
            (&context.network, security),
            self.who,
            places,
        )
        .await?;
        let wants_manifest = context.manifest.get().is_none();
        let open = ToSource::Open {
            transfer: context.transfer,
            id: context.file.id,
            name: context.file.name.clone(),
            manifest: wants_manifest,
            queued: true,
            ticket: entry.as_ref().map(|entry| entry.peer.ticket),
        };
        let hello = match &entry {
            None => Hello::from_role(&context.role),
            Some(entry) => Hello::from_role(&PeerRole::Peer { number: entry.own }),
        };
        let server = match self.who {
            Who::Secondary(number) => ServerRole::Secondary(number),
            Who::Peer(number) => ServerRole::Peer(number),
        };
        let introduced = introduce(stream, WRITE_STALL, security, hello, server, |writer| {
            writer.stage(&open);
        });
        let (mut reader, writer, hello) = introduced.await?;
        let chooses = hello.knows_swarms() && matches!(self.who, Who::Secondary(_));
        match hello.into_role() {
            Ok(PeerRole::Secondary { number, .. }) if Who::Secondary(number) == self.who => {}
            Ok(PeerRole::Peer { number }) if Who::Peer(number) == self.who => {}
            Ok(other) => return Err(Lost::protocol(format!("{other:?} answers there"))),
            Err(error) => return Err(Lost::protocol(error.to_string())),
        }
        match next(&mut reader).await? {
            FromSource::Opened {
                transfer,
                manifest_bytes,
            } if transfer == context.transfer => {
                if manifest_bytes > 0 {
                    let manifest = receive(&mut reader, &context.file, manifest_bytes).await?;
                    // Another source may have brought it meanwhile: the same one.
                    let _ = context.manifest.set(Arc::new(manifest));
                } else if wants_manifest {
                    return Err(Lost::protocol("no manifest came"));
                }
            }
            FromSource::Error { code, message } => return Err(Lost::refused(code, message)),
            other => return Err(Lost::protocol(format!("{other:?} instead of opened"))),
        }
        Ok((reader, writer, chooses))
    }
}

struct Reading<'a> {
    source: &'a SourceTask,
    reader: Reader,
    asked: &'a Asked,
    chooses: bool,
    partial: HashMap<ChunkIndex, ChunkBuffer>,
    intake: Intake,
    closed: bool,
}

impl Reading<'_> {
    /// Reads until the connection is lost, or closed as was asked.
    async fn run(mut self) -> Option<Lost> {
        while !self.closed {
            if let Err(lost) = self.message().await {
                return Some(lost);
            }
        }
        None
    }

    async fn message(&mut self) -> Result<(), Lost> {
        match next(&mut self.reader).await? {
            FromSource::Data {
                chunk,
                offset,
                length,
            } => self.frame(chunk, offset, length).await,
            FromSource::Cancelled { chunk } => {
                self.forget(chunk);
                self.source.tell(News::Cancelled { chunk }).await;
                Ok(())
            }
            FromSource::Failed {
                chunk,
                code,
                message,
            } => {
                tracing::info!(source = %self.source.who, %chunk, ?code, message, "refused");
                self.forget(chunk);
                self.source.tell(News::Refused { chunk }).await;
                Ok(())
            }
            FromSource::Closed { .. } => {
                self.closed = true;
                Ok(())
            }
            FromSource::Error { code, message } => Err(Lost::refused(code, message)),
            FromSource::Queued => {
                self.source.tell(News::Queued).await;
                Ok(())
            }
            FromSource::Ping => Ok(()),
            FromSource::None => {
                let source = self.source.origin.source;
                let nothing = SwarmEvent::Nothing { source };
                self.source.tell(News::Swarm(nothing)).await;
                Ok(())
            }
            FromSource::Have { chunks, line } => {
                let line = Duration::from_millis(line.into());
                let has = SwarmEvent::Has {
                    source: self.source.origin.source,
                    chunks,
                    line,
                };
                self.source.tell(News::Swarm(has)).await;
                Ok(())
            }
            FromSource::Hello(_) | FromSource::Opened { .. } => {
                Err(Lost::protocol("hello or opened for a second time"))
            }
        }
    }

    /// A source that chooses has chosen this chunk.
    fn is_chosen(&self, chunk: ChunkIndex) -> bool {
        let layout = self.source.context.file.layout;
        self.chooses && layout.contains(chunk) && self.asked.is_chosen()
    }

    fn forget(&mut self, chunk: ChunkIndex) {
        self.partial.remove(&chunk);
        self.asked.lock().remove(&chunk);
    }

    /// One frame's payload into its chunk's buffer.
    async fn frame(&mut self, chunk: ChunkIndex, offset: u32, length: u32) -> Result<(), Lost> {
        let chunk_len = self.source.context.file.layout.chunk_len(chunk);
        let known = self.asked.lock().get(&chunk).copied();
        let asked = match known {
            Some(asked) => asked,
            None if self.is_chosen(chunk) => {
                self.asked.lock().insert(chunk, None);
                let source = self.source.origin.source;
                let chosen = SwarmEvent::Chosen { source, chunk };
                self.source.tell(News::Swarm(chosen)).await;
                None
            }
            None => return Err(Lost::protocol(format!("chunk {chunk} was not asked for"))),
        };
        let part = asked.unwrap_or(Part {
            from: 0,
            bytes: chunk_len,
        });
        let mut buffer = match (self.partial.remove(&chunk), asked) {
            (Some(buffer), _) => buffer,
            // Others are put behind the first part.
            (None, Some(Part { from: 0, .. })) => {
                ChunkBuffer::apart(Vec::with_capacity(chunk_len as usize))
            }
            (None, Some(part)) => ChunkBuffer::apart(Vec::with_capacity(part.bytes as usize)),
            (None, None) => self.buffer().await?,
        };
        let expected = u64::from(part.from) + buffer.bytes.len() as u64;
        let in_order = expected == u64::from(offset);
        let end = u64::from(part.from) + u64::from(part.bytes);
        let fits = u64::from(offset) + u64::from(length) <= end;
        if !in_order || !fits || length == 0 || length > MAX_FRAME_BYTES {
            return Err(Lost::protocol(format!(
                "chunk {chunk}: frame of {length} bytes at {offset}, {} are here",
                buffer.bytes.len()
            )));
        }
        let end = (offset - part.from + length) as usize;
        let (mut lot, mut lot_began) = (0, clock::now());
        while buffer.bytes.len() < end {
            let left = (end - buffer.bytes.len()).min(self.intake.piece_bytes());
            let read = self.reader.read_raw(&mut buffer.bytes, left).await;
            let count = match read {
                Ok(count) => count,
                Err(error) => {
                    self.received(chunk, lot).await;
                    return Err(error.into());
                }
            };
            lot += count;
            if !self.intake.try_turn(count) {
                self.received(chunk, lot).await;
                self.wait_for_turn(count).await;
                (lot, lot_began) = (0, clock::now());
            }
            if lot >= LOT_BYTES || clock::now() - lot_began >= LOT_AGE {
                self.received(chunk, lot).await;
                (lot, lot_began) = (0, clock::now());
            }
        }
        self.received(chunk, lot).await;
        if buffer.bytes.len() < part.bytes as usize {
            self.partial.insert(chunk, buffer);
            return Ok(());
        }
        self.asked.lock().remove(&chunk);
        self.complete(chunk, asked, buffer).await;
        Ok(())
    }

    /// All that was asked for of a chunk is here.
    async fn complete(&self, chunk: ChunkIndex, asked: Option<Part>, buffer: ChunkBuffer) {
        let (context, origin) = (&self.source.context, self.source.origin);
        match asked {
            None => context.writing.push(Whole {
                source: Some(origin.source),
                chunk,
                buffer,
            }),
            Some(part) => {
                let part = Input::Part(origin, chunk, part, buffer);
                let _ = context.inputs.send(part).await;
            }
        }
    }

    async fn received(&self, chunk: ChunkIndex, bytes: usize) {
        if bytes > 0 {
            let bytes = bytes as u32;
            self.source.tell(News::Received { chunk, bytes }).await;
        }
    }

    /// Keeps to this side's limit, after so many bytes.
    async fn wait_for_turn(&self, bytes: usize) {
        self.source.tell(News::Limited).await;
        self.intake.turn(bytes).await;
        self.source.tell(News::Unblocked).await;
    }

    async fn buffer(&self) -> Result<ChunkBuffer, Lost> {
        let buffers = &self.source.context.buffers;
        if let Some(buffer) = buffers.try_get() {
            return Ok(buffer);
        }
        self.source.tell(News::Blocked).await;
        let buffer = buffers.get().await;
        self.source.tell(News::Unblocked).await;
        buffer.ok_or_else(|| Lost::protocol("the transfer is over"))
    }
}
