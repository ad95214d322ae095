//! The payload of a frame: from memory to the socket by the kernel, or from the disk through a buffer.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    super::{
        connection::UNREAD,
        end::{End, NotSent, is_unsupported},
    },
    Read, Sender,
};
use tokio::{
    sync::mpsc,
    time::{Instant as TokioInstant, sleep_until},
};

use crate::{
    model::{ByteRange, limits::MAX_FRAME_BYTES},
    net::PlainSocket,
    proto::{
        data::{FromSecondary, ToSecondary},
        encode_line,
    },
    store::ContentReader,
};

/// When a receiver that waits for its turn is told so, and how often after that.
const FIRST_WORD: Duration = Duration::from_millis(150);
const NEXT_WORD: Duration = Duration::from_secs(1);
const LEAST_FRAME_BYTES: u32 = 64 << 10;
/// The disk could not be read.
const EIO: i32 = rustix::io::Errno::IO.raw_os_error();
/// A frame that went faster is doubled, a slower one is halved.
const FAST_FRAME: Duration = Duration::from_millis(20);
const SLOW_FRAME: Duration = Duration::from_millis(100);

impl<W: PlainSocket> Sender<W> {
    /// Reads a range off the async threads, then sends it: for what has to come from the disk, and for
    /// streams and file systems that know no better.
    pub(super) async fn send_by_copy(
        &mut self,
        content: Arc<ContentReader>,
        header: &FromSecondary,
        range: ByteRange,
        requests: &mut mpsc::Receiver<Read>,
    ) -> Result<(), NotSent> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        encode_line(header, &mut buffer);
        let header_bytes = buffer.len();
        let read = tokio::task::spawn_blocking(move || {
            let read = content
                .read_at(range, &mut buffer)
                .and_then(|()| content.check_unchanged());
            (buffer, read)
        });
        // A failed task means that the runtime is going down.
        let (buffer, read) = read.await.map_err(|_| End::Quiet)?;
        self.buffer = buffer;
        read.map_err(NotSent::Read)?;
        self.wait_for_turn(range.len() as usize, requests).await?;
        let began = Instant::now();
        if self.writer.has_staged() {
            self.writer.flush().await?;
        }
        self.write_buffer(header_bytes).await?;
        self.adapt(began);
        Ok(())
    }

    /// Sends the buffer, and counts what follows its header.
    async fn write_buffer(&mut self, header_bytes: usize) -> io::Result<()> {
        let mut written = 0;
        while written < self.buffer.len() {
            let began = Instant::now();
            let count = self.writer.write_some(&self.buffer[written..]).await?;
            self.patience.took(count, began.elapsed())?;
            let payload_before = written.saturating_sub(header_bytes);
            written += count;
            self.count(written.saturating_sub(header_bytes) - payload_before);
        }
        Ok(())
    }

    /// Lets the kernel send a range that is in memory.
    pub(super) async fn send_by_kernel(
        &mut self,
        content: &ContentReader,
        header: &FromSecondary,
        range: ByteRange,
        requests: &mut mpsc::Receiver<Read>,
    ) -> Result<(), NotSent> {
        content.check_unchanged().map_err(NotSent::Read)?;
        self.wait_for_turn(range.len() as usize, requests).await?;
        let began = Instant::now();
        self.writer.stage(header);
        let mut start = range.start;
        while start < range.end {
            let left = (range.end - start) as usize;
            let file = content.file_handle();
            let began = Instant::now();
            match self.writer.send_file(file, start, left).await {
                Ok(0) => {
                    let error = content.check_unchanged();
                    return Err(error.map_or_else(NotSent::Cut, |()| End::Quiet.into()));
                }
                Ok(count) => {
                    start += count as u64;
                    self.count(count);
                    self.patience.took(count, began.elapsed())?;
                }
                Err(error) if is_unsupported(&error) => {
                    tracing::debug!(%error, "the kernel cannot send this file");
                    self.by_kernel = false;
                    // The header is on its way already.
                    let rest = ByteRange {
                        start,
                        end: range.end,
                    };
                    return self.send_rest(content, rest).await;
                }
                // No socket says that.
                Err(error) if error.raw_os_error() == Some(EIO) => {
                    return Err(NotSent::Cut(content.error(&error)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.adapt(began);
        Ok(())
    }

    /// What is left of a frame that the kernel could not send.
    async fn send_rest(&mut self, content: &ContentReader, rest: ByteRange) -> Result<(), NotSent> {
        self.buffer.clear();
        content
            .read_at(rest, &mut self.buffer)
            .map_err(NotSent::Cut)?;
        Ok(self.write_buffer(0).await?)
    }

    /// Waits until it is this receiver's turn to be sent so much, and lets it know meanwhile that it waits. Ends
    /// sooner when the receiver takes back what it waits for.
    async fn wait_for_turn(
        &mut self,
        payload_bytes: usize,
        requests: &mut mpsc::Receiver<Read>,
    ) -> Result<(), NotSent> {
        let first = self.requests.first();
        let tells_queued = self.open.as_ref().is_some_and(|open| open.tells_queued);
        let (share, context) = (&self.share, &self.context);
        let turn = async {
            match share {
                Some(share) => share.turn(payload_bytes).await,
                None => context.shares.copy_turn(payload_bytes).await,
            }
            context.pacer.turn(payload_bytes).await
        };
        tokio::pin!(turn);
        let mut next_word = TokioInstant::now() + FIRST_WORD;
        loop {
            // What is done about one of these never waits: whose turn it is must take it.
            tokio::select! {
                biased;
                turn = &mut turn => {
                    self.turn = Some(turn);
                    return Ok(());
                }
                request = requests.recv(), if self.early.len() < UNREAD => {
                    let request = request.ok_or(End::Quiet)?;
                    let is_withdrawn = match &request {
                        Ok(ToSecondary::Cancel { chunk }) => first == Some(*chunk),
                        Ok(ToSecondary::Close | ToSecondary::Open { .. } | ToSecondary::Hello(_))
                        | Err(_) => true,
                        Ok(ToSecondary::Get { .. } | ToSecondary::Ping) => false,
                    };
                    self.early.push_back(request);
                    if is_withdrawn {
                        return Err(NotSent::Withdrawn);
                    }
                }
                () = sleep_until(next_word), if tells_queued => {
                    self.writer.try_send(&FromSecondary::Queued).await?;
                    next_word = TokioInstant::now() + NEXT_WORD;
                }
            }
        }
    }

    /// Counts payload that the socket took.
    fn count(&mut self, bytes: usize) {
        if let Some(turn) = &mut self.turn {
            turn.pay(bytes);
        }
        if let Some(share) = &self.share {
            share.got(bytes);
        }
        if let Some(open) = &mut self.open {
            open.sending.add_bytes(bytes as u64);
            open.sent_bytes += bytes as u64;
        }
    }

    /// The next frame's length, by how long this one took.
    fn adapt(&mut self, began: Instant) {
        let took = began.elapsed();
        if took < FAST_FRAME {
            self.frame_bytes = (self.frame_bytes * 2).min(MAX_FRAME_BYTES);
        } else if took > SLOW_FRAME {
            self.frame_bytes = (self.frame_bytes / 2).max(LEAST_FRAME_BYTES);
        }
    }
}
