//! The sending half of a connection: it takes requests in between frames, and answers them.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc};

use tokio::{
    sync::mpsc,
    time::{Instant as Moment, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    end::{End, NotSent},
    member::Member,
    meter::Meter,
    plan::{How, Pace, plan},
    provider::{Content, Context, Provider, Wanted},
    requests::{Asked, Requests},
};
use crate::{
    engine::send::Kind,
    model::{
        ChunkIndex, Part, Receiver, TransferId,
        limits::{IDLE_TIMEOUT, MAX_QUEUED_REQUESTS},
    },
    net::{LineWriter, Permit, PlainSocket, Use},
    node::Refused,
    proto::{
        ErrorCode,
        data::{FromSource, ToSource},
        handshake::FromServer,
    },
    store::StoreError,
};

/// Requests on their way from the reading half to the sending half, where as many again may wait.
pub(super) const UNREAD: usize = MAX_QUEUED_REQUESTS;

/// A request, or what was wrong with the line.
pub(super) type Read = Result<ToSource, Refused>;

/// Who receives on a connection.
#[derive(Debug)]
pub(in crate::node) struct Peer {
    pub(in crate::node) address: SocketAddr,
    pub(in crate::node) receiver: Receiver,
    pub(in crate::node) permit: Arc<Permit>,
}

/// The content that is being asked for.
pub(super) struct Open {
    transfer: TransferId,
    pub(super) content: Arc<dyn Content>,
    stop: CancellationToken,
}

/// See the module.
pub(super) struct Sender<P, W> {
    pub(super) writer: LineWriter<W>,
    pub(super) context: Context<P>,
    peer: Peer,
    pub(super) open: Option<Open>,
    pub(super) requests: Requests,
    /// Requests that came while the receiver waited for its turn.
    pub(super) early: VecDeque<Read>,
    pub(super) pace: Pace,
    pub(super) meter: Meter,
    pub(super) buffer: Vec<u8>,
    /// The kernel can send files on this stream, as far as we know.
    pub(super) by_kernel: bool,
    /// The receiver wants to be told that it waits for its turn.
    pub(super) tells_queued: bool,
    pub(super) member: Member,
    use_: Use,
}

impl<P: Provider, W: PlainSocket> Sender<P, W> {
    pub(super) fn new(writer: LineWriter<W>, peer: Peer, context: Context<P>) -> Self {
        let kind = match peer.receiver {
            Receiver::Client(_) | Receiver::Legacy(_) | Receiver::Http(_) => Kind::Client,
            Receiver::Secondary(_) => Kind::Copy,
        };
        Self {
            by_kernel: writer.sends_files(),
            writer,
            meter: Meter::new(context.uplink.join(kind)),
            context,
            peer,
            open: None,
            requests: Requests::default(),
            early: VecDeque::new(),
            pace: Pace::default(),
            buffer: Vec::new(),
            tells_queued: false,
            member: Member::default(),
            use_: Use::Idle,
        }
    }

    /// Answers requests until the connection ends, and says why it does.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Read>) {
        let end = self.serve(&mut requests).await;
        let (provider, address) = (&self.context.provider, self.peer.address);
        match end {
            Err(End::TookNothing) => {
                // It would not take an error line either.
                return provider.bad_peer(address, Refused::TakesTooLittle).await;
            }
            Err(End::Told(refused)) => {
                let (code, message) = (refused.code(), refused.said());
                if refused.is_own_fault() {
                    provider.bad_peer(address, refused).await;
                }
                let error = FromServer::Error { code, message };
                let _ = self.writer.send(&error).await;
            }
            Ok(()) | Err(End::Quiet) => {}
        }
        // The books are closed before the peer sees the end.
        self.close();
        self.writer.shutdown().await;
    }

    async fn serve(&mut self, requests: &mut mpsc::Receiver<Read>) -> Result<(), End> {
        let mut idle_until = Moment::now() + IDLE_TIMEOUT;
        loop {
            while let Some(request) = self.early.pop_front().or_else(|| requests.try_recv().ok()) {
                self.request(request).await?;
                idle_until = Moment::now() + IDLE_TIMEOUT;
            }
            self.member.settle(self.requests.first());
            // Nobody cancels a fresh token.
            let stop = self.open.as_ref().map(|open| open.stop.clone());
            let stop = stop.unwrap_or_default();
            if stop.is_cancelled() {
                return Err(Refused::Expelled.into());
            }
            if self.member.news_at().is_some_and(|at| at <= Moment::now()) {
                self.tell_news().await?;
            }
            if self.requests.first().is_some() || self.member.waits_for_any() {
                self.set_use(Use::Busy);
                tokio::select! {
                    sent = self.step(requests) => sent?,
                    // An error line cannot interrupt a frame.
                    () = stop.cancelled() => return Err(End::Quiet),
                }
                idle_until = Moment::now() + IDLE_TIMEOUT;
                continue;
            }
            self.set_use(Use::Idle);
            let news_at = self.member.news_at();
            let request = tokio::select! {
                request = timeout_at(idle_until, requests.recv()) => request,
                () = sleep_until(news_at.unwrap_or(idle_until)), if news_at.is_some() => continue,
                () = stop.cancelled() => return Err(Refused::Expelled.into()),
                () = self.context.stop.cancelled() => return Err(Refused::Stopping.into()),
            };
            match request {
                Ok(Some(request)) => {
                    self.request(request).await?;
                    idle_until = Moment::now() + IDLE_TIMEOUT;
                }
                Ok(None) => return Err(End::Quiet),
                Err(_) => return Err(Refused::Idle.into()),
            }
        }
    }

    fn set_use(&mut self, use_: Use) {
        if std::mem::replace(&mut self.use_, use_) == use_ {
            return;
        }
        self.peer.permit.set_use(use_);
        match use_ {
            Use::Busy | Use::Pinned => self.meter.share().set_busy(),
            Use::Idle => self.meter.share().set_idle(),
        }
    }

    pub(super) async fn request(&mut self, request: Read) -> Result<(), End> {
        let request = request?;
        tracing::trace!(?request, receiver = ?self.peer.receiver, "received");
        let bad = |what| Err(Refused::Unexpected(what).into());
        match request {
            ToSource::Hello(_) => bad("hello was said already"),
            ToSource::Ping => Ok(()),
            ToSource::Open {
                transfer,
                id,
                name,
                manifest,
                queued,
                ticket,
            } => {
                let wanted = Wanted::Content { id, name, ticket };
                let content = self.open(transfer, wanted).await?;
                let raw = if manifest {
                    content.manifest().to_raw()
                } else {
                    Vec::new()
                };
                self.tells_queued = queued;
                self.say_opened(transfer, &raw).await?;
                self.tell_news().await
            }
            ToSource::Close => match self.close() {
                Some((transfer, sent)) => {
                    let closed = FromSource::Closed { transfer, sent };
                    Ok(self.writer.send(&closed).await?)
                }
                None => bad("nothing is open"),
            },
            ToSource::Get {
                chunk,
                part,
                lately,
            } => {
                if let Some(lately) = lately {
                    self.member.is_in(self.context.uplink.crowd(), lately);
                }
                self.get(chunk, part).await
            }
            ToSource::Any {
                lately,
                uplink,
                wanted,
            } => {
                if self.open.is_none() {
                    return bad("open a file before asking for chunks");
                }
                self.member.is_in(self.context.uplink.crowd(), lately);
                self.member.wants(wanted, uplink);
                Ok(())
            }
            ToSource::Cancel { chunk } => {
                if self.requests.cancel(chunk) {
                    let cancelled = FromSource::Cancelled { chunk };
                    self.writer.send(&cancelled).await?;
                }
                // Otherwise all of the chunk has been sent.
                Ok(())
            }
        }
    }

    async fn open(
        &mut self,
        transfer: TransferId,
        wanted: Wanted,
    ) -> Result<Arc<dyn Content>, End> {
        self.close();
        let receiver = self.peer.receiver.clone();
        let opened = self
            .context
            .provider
            .open(transfer, wanted, receiver)
            .await?;
        self.meter.open(opened.sending);
        self.open = Some(Open {
            transfer,
            content: Arc::clone(&opened.content),
            stop: opened.stop,
        });
        Ok(opened.content)
    }

    async fn say_opened(&mut self, transfer: TransferId, manifest: &[u8]) -> Result<(), End> {
        self.writer.stage(&FromSource::Opened {
            transfer,
            manifest_bytes: manifest.len() as u64,
        });
        self.writer.flush().await?;
        let mut written = 0;
        while written < manifest.len() {
            written += self.writer.write_some(&manifest[written..]).await?;
        }
        Ok(())
    }

    /// Ends the open transfer; gives its id, and how many bytes were sent.
    fn close(&mut self) -> Option<(TransferId, u64)> {
        self.requests.clear();
        self.member.forget();
        let open = self.open.take()?;
        Some((open.transfer, self.meter.close()))
    }

    async fn get(&mut self, chunk: ChunkIndex, part: Option<Part>) -> Result<(), End> {
        let Some(open) = &self.open else {
            let what = "open a file before asking for chunks";
            return Err(Refused::Unexpected(what).into());
        };
        let layout = open.content.meta().layout;
        match self.requests.ask(layout, chunk, part)? {
            Asked::Queued => {
                open.content.will_read(layout.byte_range(chunk));
                Ok(())
            }
            Asked::Lacking => {
                let message = match part.filter(|_| layout.contains(chunk)) {
                    Some(_) => format!("chunk {chunk} has no such part"),
                    None => format!(
                        "chunk {chunk}: the file has {} chunks",
                        layout.chunk_count()
                    ),
                };
                self.say_failed(chunk, ErrorCode::NoSuchContent, message)
                    .await
            }
        }
    }

    /// Sends the next frame of the first chunk in the queue.
    pub(super) async fn frame(&mut self, requests: &mut mpsc::Receiver<Read>) -> Result<(), End> {
        let Some(content) = self.open.as_ref().map(|open| Arc::clone(&open.content)) else {
            return Ok(());
        };
        let layout = content.meta().layout;
        let Some((chunk, offset, rest)) = self.requests.rest(layout) else {
            return Ok(());
        };
        let most_bytes = self.meter.share().most_bytes();
        let frame = plan(rest, self.pace, most_bytes, |range| {
            self.by_kernel && content.is_in_memory(range)
        });
        tracing::trace!(%chunk, offset, ?frame, "sending");
        let length = frame.range.len() as u32;
        let header = FromSource::Data {
            chunk,
            offset,
            length,
        };
        let sent = match frame.how {
            How::Kernel => {
                self.send_by_kernel(content, &header, frame.range, requests)
                    .await
            }
            How::Copy => {
                self.send_by_copy(content, &header, frame.range, requests)
                    .await
            }
        };
        match sent {
            Ok(()) => {}
            Err(NotSent::Withdrawn) => return Ok(()),
            Err(NotSent::Read(error)) => return self.failed(chunk, &error).await,
            Err(NotSent::Cut(error)) => {
                // The header has promised bytes that cannot be sent.
                self.damaged(&error).await;
                return Err(End::Quiet);
            }
            Err(NotSent::Ended(end)) => return Err(end),
        }
        self.member.sent(u64::from(length));
        if self.requests.advance(layout, length) {
            self.meter.took_chunk();
        }
        Ok(())
    }

    async fn damaged(&self, error: &StoreError) {
        if let Some(open) = &self.open {
            let name = open.content.meta().name.clone();
            self.context.provider.damaged(name, error).await;
        }
    }

    async fn failed(&mut self, chunk: ChunkIndex, error: &StoreError) -> Result<(), End> {
        self.requests.pop();
        self.damaged(error).await;
        let code = match error {
            StoreError::Changed(_) | StoreError::NotFound(_) => ErrorCode::FileChanged,
            _ => ErrorCode::ReadFailed,
        };
        self.say_failed(chunk, code, error.to_string()).await
    }

    async fn say_failed(
        &mut self,
        chunk: ChunkIndex,
        code: ErrorCode,
        message: String,
    ) -> Result<(), End> {
        let failed = FromSource::Failed {
            chunk,
            code,
            message,
        };
        Ok(self.writer.send(&failed).await?)
    }
}
