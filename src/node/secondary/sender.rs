//! Sends chunks on one data connection: takes in requests between frames; `payload` reads, writes and counts.

mod payload;

use std::{collections::VecDeque, net::SocketAddr, sync::Arc};

use tokio::{sync::mpsc, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    end::{End, NotSent},
    inputs::Context,
    patience::Patience,
    requests::{Asked, Requests},
    shares::ClientShare,
};
use crate::{
    model::{ByteRange, ChunkIndex, Digest, FileName, Receiver, TransferId, limits::IDLE_TIMEOUT},
    net::{LineWriter, Permit, PlainSocket, Turn, Use},
    node::{Refused, rules::sent::Sending},
    proto::{
        ErrorCode,
        data::{FromSecondary, ToSecondary},
        handshake::FromServer,
    },
    store::{ContentReader, StoreError},
};

/// A request as it was read; the error is what was wrong with a line that is none.
pub(super) type Read = Result<ToSecondary, Refused>;

/// Frames start small, so that a slow receiver can take a request back soon.
const FIRST_FRAME_BYTES: u32 = 256 << 10;
/// Frames that are read into memory are short: there may be many receivers. By then the kernel has read ahead,
/// and sends the next ones itself.
const MOST_COPIED_BYTES: u64 = 128 << 10;

/// The content that requests are about.
#[derive(Debug)]
struct Open {
    transfer: TransferId,
    content: Arc<ContentReader>,
    sending: Sending,
    sent_bytes: u64,
    stop: CancellationToken,
    /// The receiver is told that it waits.
    tells_queued: bool,
}

/// The sending side of a connection.
pub(super) struct Sender<W> {
    writer: LineWriter<W>,
    context: Context,
    receiver: Receiver,
    open: Option<Open>,
    requests: Requests,
    /// How much of the first requested chunk is sent.
    offset: u32,
    frame_bytes: u32,
    buffer: Vec<u8>,
    by_kernel: bool,
    /// None for a copy.
    share: Option<ClientShare>,
    is_busy: bool,
    /// Requests that came while the receiver waited for its turn.
    early: VecDeque<Read>,
    /// What the present frame may send.
    turn: Option<Turn>,
    permit: Arc<Permit>,
    patience: Patience,
}

impl<W: PlainSocket> Sender<W> {
    pub(super) fn new(
        writer: LineWriter<W>,
        context: Context,
        receiver: Receiver,
        permit: Arc<Permit>,
    ) -> Self {
        let by_kernel = writer.sends_files();
        let share = (!receiver.is_copy()).then(|| context.shares.client());
        Self {
            writer,
            context,
            receiver,
            open: None,
            requests: Requests::default(),
            offset: 0,
            frame_bytes: FIRST_FRAME_BYTES,
            buffer: Vec::new(),
            by_kernel,
            share,
            is_busy: false,
            early: VecDeque::new(),
            turn: None,
            permit,
            patience: Patience::default(),
        }
    }

    /// Serves requests until the connection ends, and says why.
    pub(super) async fn run(mut self, peer: SocketAddr, mut requests: mpsc::Receiver<Read>) {
        let end = self.serve(&mut requests).await;
        if let Err(End::TookNothing) = end {
            self.context.bad_peer(peer, Refused::TakesTooLittle).await;
            // It would not take an error either.
            return;
        }
        if let Err(End::Told(refused)) = end {
            let (code, message) = (refused.code(), refused.said());
            if refused.is_own_fault() {
                self.context.bad_peer(peer, refused).await;
            }
            let error = FromServer::Error { code, message };
            let _ = self.writer.send(&error).await;
        }
        // Not open any more before the peer sees the end.
        self.open = None;
        self.writer.shutdown().await;
    }

    async fn serve(&mut self, requests: &mut mpsc::Receiver<Read>) -> Result<(), End> {
        loop {
            while let Some(request) = self.early.pop_front().or_else(|| requests.try_recv().ok()) {
                self.request(request).await?;
            }
            // A token of its own is never cancelled.
            let stop = self.open.as_ref().map(|open| open.stop.clone());
            let stop = stop.unwrap_or_default();
            if stop.is_cancelled() {
                return Err(Refused::Expelled.into());
            }
            if self.requests.first().is_some() {
                self.set_busy(true);
                tokio::select! {
                    sent = self.frame(requests) => sent?,
                    // In the middle of a frame nothing can be said.
                    () = stop.cancelled() => return Err(End::Quiet),
                }
                continue;
            }
            self.set_busy(false);
            let request = tokio::select! {
                request = timeout(IDLE_TIMEOUT, requests.recv()) => request,
                () = stop.cancelled() => return Err(Refused::Expelled.into()),
                () = self.context.stop.cancelled() => return Err(Refused::Stopping.into()),
            };
            match request {
                Ok(Some(request)) => self.request(request).await?,
                Ok(None) => return Err(End::Quiet),
                Err(_) => return Err(Refused::Idle.into()),
            }
        }
    }

    fn set_busy(&mut self, is_busy: bool) {
        if std::mem::replace(&mut self.is_busy, is_busy) == is_busy {
            return;
        }
        let use_ = if is_busy { Use::Busy } else { Use::Idle };
        self.permit.set_use(use_);
        if let Some(share) = &self.share {
            share.set_busy(is_busy);
        }
    }

    async fn request(&mut self, request: Read) -> Result<(), End> {
        let request = request?;
        tracing::trace!(?request, receiver = ?self.receiver, "received");
        let bad = |what| Err(Refused::Unexpected(what).into());
        match request {
            ToSecondary::Hello(_) => bad("hello was said already"),
            ToSecondary::Ping => Ok(()),
            ToSecondary::Open {
                transfer,
                id,
                name,
                manifest,
                queued,
            } => {
                self.open(transfer, id, name, manifest).await?;
                if let Some(open) = &mut self.open {
                    open.tells_queued = queued;
                }
                Ok(())
            }
            ToSecondary::Close => match self.close() {
                Some((transfer, sent)) => {
                    let closed = FromSecondary::Closed { transfer, sent };
                    Ok(self.writer.send(&closed).await?)
                }
                None => bad("nothing is open"),
            },
            ToSecondary::Get { chunk } => self.get(chunk).await,
            ToSecondary::Cancel { chunk } => {
                let Some(index) = self.requests.cancel(chunk) else {
                    // It was whole before.
                    return Ok(());
                };
                if index == 0 {
                    self.offset = 0;
                }
                Ok(self
                    .writer
                    .send(&FromSecondary::Cancelled { chunk })
                    .await?)
            }
        }
    }

    fn close(&mut self) -> Option<(TransferId, u64)> {
        self.requests.clear();
        self.offset = 0;
        let open = self.open.take()?;
        Some((open.transfer, open.sent_bytes))
    }

    async fn open(
        &mut self,
        transfer: TransferId,
        id: Digest,
        name: FileName,
        manifest: bool,
    ) -> Result<(), End> {
        self.close();
        let opened = self
            .context
            .open(transfer, id, &name, &self.receiver)
            .await?;
        let raw = if manifest {
            opened.content.file().manifest.to_raw()
        } else {
            Vec::new()
        };
        self.writer.stage(&FromSecondary::Opened {
            transfer,
            manifest_bytes: raw.len() as u64,
        });
        self.open = Some(Open {
            transfer,
            content: opened.content,
            sending: opened.sending,
            sent_bytes: 0,
            stop: opened.stop,
            tells_queued: false,
        });
        self.writer.flush().await?;
        let mut written = 0;
        while written < raw.len() {
            written += self.writer.write_some(&raw[written..]).await?;
        }
        Ok(())
    }

    async fn get(&mut self, chunk: ChunkIndex) -> Result<(), End> {
        let Some(open) = &self.open else {
            let what = "open a file before asking for chunks";
            return Err(Refused::Unexpected(what).into());
        };
        let layout = open.content.file().meta.layout;
        match self.requests.ask(layout, chunk)? {
            Asked::Queued => Ok(()),
            Asked::Lacking => {
                let failed = FromSecondary::Failed {
                    chunk,
                    code: ErrorCode::NoSuchContent,
                    message: format!(
                        "chunk {chunk}: the file has {} chunks",
                        layout.chunk_count()
                    ),
                };
                Ok(self.writer.send(&failed).await?)
            }
        }
    }

    /// Sends the next frame of the first chunk in the queue.
    async fn frame(&mut self, requests: &mut mpsc::Receiver<Read>) -> Result<(), End> {
        let (Some(open), Some(chunk)) = (&self.open, self.requests.first()) else {
            return Ok(());
        };
        let whole = open.content.file().meta.layout.byte_range(chunk);
        let start = whole.start + u64::from(self.offset);
        let mut length = (whole.end - start).min(u64::from(self.frame_bytes));
        length = length.min(self.context.pacer.slice_bytes() as u64);
        if let Some(share) = &self.share {
            length = length.min(share.most_bytes());
        }
        let mut range = ByteRange {
            start,
            end: start + length,
        };
        let content = Arc::clone(&open.content);
        let by_kernel = self.by_kernel && content.is_in_memory(range);
        if !by_kernel {
            length = length.min(MOST_COPIED_BYTES);
            range.end = start + length;
        }
        tracing::trace!(%chunk, offset = self.offset, length, "sending");
        let header = FromSecondary::Data {
            chunk,
            offset: self.offset,
            length: length as u32,
        };
        let sent = if by_kernel {
            self.send_by_kernel(&content, &header, range, requests)
                .await
        } else {
            self.send_by_copy(content, &header, range, requests).await
        };
        self.turn = None;
        match sent {
            Ok(()) => {}
            Err(NotSent::Withdrawn) => return Ok(()),
            Err(NotSent::Read(error)) => return self.failed(chunk, &error).await,
            Err(NotSent::Cut(error)) => {
                // The header promised more than there is.
                self.damaged(&error).await;
                return Err(End::Quiet);
            }
            Err(NotSent::Ended(end)) => return Err(end),
        }
        self.offset += length as u32;
        if range.end == whole.end {
            self.requests.pop();
            self.offset = 0;
            if let Some(open) = &self.open {
                open.sending.add_chunk();
            }
        }
        Ok(())
    }

    async fn damaged(&self, error: &StoreError) {
        if let Some(open) = &self.open {
            let name = open.content.file().meta.name.clone();
            self.context.damaged(name, error).await;
        }
    }

    async fn failed(&mut self, chunk: ChunkIndex, error: &StoreError) -> Result<(), End> {
        self.requests.pop();
        self.offset = 0;
        self.damaged(error).await;
        let code = match error {
            StoreError::Changed(_) | StoreError::NotFound(_) => ErrorCode::FileChanged,
            _ => ErrorCode::ReadFailed,
        };
        let message = error.to_string();
        let failed = FromSecondary::Failed {
            chunk,
            code,
            message,
        };
        Ok(self.writer.send(&failed).await?)
    }
}
