//! How the payload of a frame gets to the socket: by the kernel from its page cache, or from the disk through a buffer.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    end::{End, NotSent},
    part::{is_of_the_disk, is_unsupported},
    provider::{Content, Provider},
    sender::{Read, Sender, UNREAD},
    uplink::TooMuch,
};
use crate::{
    model::ByteRange,
    net::PlainSocket,
    proto::{
        data::{FromSource, ToSource},
        encode_line,
    },
};

/// After how long a receiver is told that it waits for its turn, and how often it is told again.
const FIRST_WORD: Duration = Duration::from_millis(150);
const NEXT_WORD: Duration = Duration::from_secs(1);

impl<P: Provider, W: PlainSocket> Sender<P, W> {
    /// Reads a range off the async threads, and sends it. This is the way for ranges that must come from the disk, and
    /// for streams and file systems that the kernel cannot send from.
    pub(super) async fn send_by_copy(
        &mut self,
        content: Arc<dyn Content>,
        header: &FromSource,
        range: ByteRange,
        requests: &mut mpsc::Receiver<Read>,
    ) -> Result<(), NotSent> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        encode_line(header, &mut buffer);
        let header_bytes = buffer.len();
        if let Some(fetching) = content.fetch(range) {
            fetching.await;
        }
        let read = tokio::task::spawn_blocking(move || {
            let read = content
                .read_at(range, &mut buffer)
                .and_then(|()| content.check_unchanged());
            (buffer, read)
        });
        // A task fails only when the runtime ends.
        let (buffer, read) = read.await.map_err(|_| End::Quiet)?;
        self.buffer = buffer;
        read.map_err(NotSent::Read)?;
        self.wait_for_turn(range.len(), requests).await?;
        let began = Instant::now();
        if self.writer.has_staged() {
            self.writer.flush().await?;
        }
        self.write_buffer(header_bytes).await?;
        self.pace.took(began.elapsed());
        Ok(())
    }

    /// Sends the buffer, and counts what follows its header.
    async fn write_buffer(&mut self, header_bytes: usize) -> io::Result<()> {
        let payload = |written: usize| written.saturating_sub(header_bytes);
        let mut written = 0;
        while written < self.buffer.len() {
            let began = Instant::now();
            let count = self.writer.write_some(&self.buffer[written..]).await?;
            let took = payload(written + count) - payload(written);
            written += count;
            self.meter.took(took, began.elapsed())?;
        }
        Ok(())
    }

    /// Lets the kernel send a range that is in its page cache.
    pub(super) async fn send_by_kernel(
        &mut self,
        content: Arc<dyn Content>,
        header: &FromSource,
        range: ByteRange,
        requests: &mut mpsc::Receiver<Read>,
    ) -> Result<(), NotSent> {
        let Some(file) = content.kernel_file() else {
            return self.send_by_copy(content, header, range, requests).await;
        };
        content.check_unchanged().map_err(NotSent::Read)?;
        self.wait_for_turn(range.len(), requests).await?;
        let began = Instant::now();
        self.writer.stage(header);
        let mut rest = range;
        while rest.start < rest.end {
            let (start, left) = (rest.start, rest.len() as usize);
            let began = Instant::now();
            match self.writer.send_file(file, start, left).await {
                Ok(0) => {
                    let error = content.check_unchanged();
                    return Err(error.map_or_else(NotSent::Cut, |()| End::Quiet.into()));
                }
                Ok(count) => {
                    rest.start += count as u64;
                    self.meter.took(count, began.elapsed())?;
                }
                Err(error) if is_unsupported(&error) => {
                    tracing::debug!(%error, "the kernel cannot send this file");
                    self.by_kernel = false;
                    // The header is on its way already, so the frame must be completed.
                    return self.send_rest(&*content, rest).await;
                }
                // No socket says that.
                Err(error) if is_of_the_disk(&error) => {
                    return Err(NotSent::Cut(content.error(&error)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.pace.took(began.elapsed());
        Ok(())
    }

    /// Sends the rest of a frame that the kernel could not send.
    async fn send_rest(&mut self, content: &dyn Content, rest: ByteRange) -> Result<(), NotSent> {
        self.buffer.clear();
        content
            .read_at(rest, &mut self.buffer)
            .map_err(NotSent::Cut)?;
        Ok(self.write_buffer(0).await?)
    }

    /// Waits for this receiver's turn to be sent so much, and tells it meanwhile that it waits. Ends early if the receiver
    /// takes the request back, or if the frame has become too long.
    async fn wait_for_turn(
        &mut self,
        bytes: u64,
        requests: &mut mpsc::Receiver<Read>,
    ) -> Result<(), NotSent> {
        let first = self.requests.first();
        let turn = self.meter.share().turn(bytes);
        tokio::pin!(turn);
        let mut next_word = Instant::now() + FIRST_WORD;
        loop {
            // No arm waits for anything else, so that the turn is taken when it comes.
            tokio::select! {
                biased;
                turn = &mut turn => return turn.map_err(|TooMuch| NotSent::Withdrawn),
                request = requests.recv(), if self.early.len() < UNREAD => {
                    let request = request.ok_or(End::Quiet)?;
                    let is_withdrawn = match &request {
                        Ok(ToSource::Cancel { chunk }) => first == Some(*chunk),
                        Ok(ToSource::Close | ToSource::Open { .. } | ToSource::Hello(_))
                        | Err(_) => true,
                        Ok(ToSource::Get { .. } | ToSource::Any { .. } | ToSource::Ping) => false,
                    };
                    self.early.push_back(request);
                    if is_withdrawn {
                        return Err(NotSent::Withdrawn);
                    }
                }
                () = sleep_until(next_word), if self.tells_queued => {
                    self.writer.try_send(&FromSource::Queued).await?;
                    next_word = Instant::now() + NEXT_WORD;
                }
            }
        }
    }
}
