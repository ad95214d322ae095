//! Lines and raw bytes over one stream.

use std::{future::poll_fn, io, pin::Pin, task::Poll, time::Duration};

use bytes::BytesMut;
use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{error::Elapsed, timeout},
};

use super::{
    send_file::{PlainSocket, send_header, send_some},
    stall::unless_stalled,
    stream::{ReadSide, Stream, WriteSide},
};
use crate::proto::{LineError, Lines, encode_line};

/// What is read ahead while lines are read, in bytes. Small: raw bytes that were read ahead are copied once
/// more.
const READ_AHEAD: usize = 2 * 1024;
/// How long, and how much, a peer may go on sending after it was told that it is refused.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 * 1024;

/// Why nothing more can be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came is not the protocol.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The stream ended in the middle of a line or of raw bytes.
    #[error("the connection ended in the middle of a message")]
    CutShort,
}

/// Reads lines, and raw bytes between them.
#[derive(Debug)]
pub struct LineReader<R> {
    stream: R,
    buffer: BytesMut,
    lines: Lines,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    /// Reads from a stream.
    pub fn new(stream: R) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            lines: Lines::default(),
        }
    }

    /// The next line without its line feed; `None` at the end of the stream. Cancel-safe: what was read
    /// stays in the buffer.
    ///
    /// # Errors
    /// When the line is too long, the stream fails, or it ends within a line.
    pub async fn next_line(&mut self) -> Result<Option<BytesMut>, ReadError> {
        loop {
            if let Some(line) = self.lines.next_line(&mut self.buffer)? {
                return Ok(Some(line));
            }
            if self.fill().await? == 0 {
                return self.at_end();
            }
        }
    }

    /// The next line of a peer that must not be silent for longer than `patience`. Any byte of it counts, as a long
    /// line may take a while; `heard` is called for each read that brings some. Cancel-safe.
    ///
    /// # Errors
    /// The outer one when the peer is silent, the inner one as for [`Self::next_line`].
    pub async fn next_line_within(
        &mut self,
        patience: Duration,
        mut heard: impl FnMut(),
    ) -> Result<Result<Option<BytesMut>, ReadError>, Elapsed> {
        loop {
            match self.lines.next_line(&mut self.buffer) {
                Ok(Some(line)) => return Ok(Ok(Some(line))),
                Ok(None) => {}
                Err(error) => return Ok(Err(error.into())),
            }
            match timeout(patience, self.fill()).await? {
                Ok(0) => return Ok(self.at_end()),
                Ok(_) => heard(),
                Err(error) => return Ok(Err(error.into())),
            }
        }
    }

    /// Reads once; says how many bytes came, 0 at the end of the stream. Cancel-safe.
    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(READ_AHEAD);
        self.stream.read_buf(&mut self.buffer).await
    }

    /// What the end of the stream means.
    fn at_end(&self) -> Result<Option<BytesMut>, ReadError> {
        if self.buffer.is_empty() {
            Ok(None)
        } else {
            Err(ReadError::CutShort)
        }
    }

    /// What is left of a last line without line feed, after the stream ended; for peers of the original
    /// protocol, which may close their side instead of ending the line.
    pub fn rest(&mut self) -> BytesMut {
        std::mem::take(&mut self.buffer)
    }

    /// Drains the stream for a while: closing a connection with unread bytes resets it, and the peer would lose what it
    /// was sent last.
    pub async fn linger(mut self) {
        let mut rest = (&mut self.stream).take(LINGER_BYTES);
        let _ = timeout(LINGER, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    }

    /// Appends up to `limit` raw bytes to `target`, as many as one read brings, and says how many; at least
    /// one. Cancel-safe.
    ///
    /// # Errors
    /// When the stream fails or ends.
    pub async fn read_raw(
        &mut self,
        target: &mut Vec<u8>,
        limit: usize,
    ) -> Result<usize, ReadError> {
        let buffered = self.buffer.len().min(limit);
        if buffered > 0 {
            target.extend_from_slice(&self.buffer.split_to(buffered));
            return Ok(buffered);
        }
        let count = (&mut self.stream)
            .take(limit as u64)
            .read_buf(target)
            .await?;
        if count == 0 {
            Err(ReadError::CutShort)
        } else {
            Ok(count)
        }
    }
}

/// Writes lines, and raw bytes between them; waits at most its time limit for a peer that reads nothing.
#[derive(Debug)]
pub struct LineWriter<W> {
    stream: W,
    line: Vec<u8>,
    stall_timeout: Duration,
}

impl<W: AsyncWrite + Unpin> LineWriter<W> {
    /// Writes to a stream.
    pub fn new(stream: W, stall_timeout: Duration) -> Self {
        Self {
            stream,
            line: Vec::new(),
            stall_timeout,
        }
    }

    /// Sends one message. Not cancel-safe: a message may be cut.
    ///
    /// # Errors
    /// When the stream fails or takes nothing in time.
    pub async fn send<M: Serialize>(&mut self, message: &M) -> io::Result<()> {
        self.stage(message);
        self.flush().await
    }

    /// Appends a message to what the next [`Self::flush`] sends.
    pub fn stage<M: Serialize>(&mut self, message: &M) {
        encode_line(message, &mut self.line);
    }

    /// How much [`Self::flush`] would send.
    pub fn staged_bytes(&self) -> usize {
        self.line.len()
    }

    /// Sends what was staged. Not cancel-safe.
    ///
    /// # Errors
    /// When the stream fails or takes nothing in time.
    pub async fn flush(&mut self) -> io::Result<()> {
        if self.line.is_empty() {
            return Ok(());
        }
        let line = std::mem::take(&mut self.line);
        let sent = self.send_encoded(&line).await;
        self.line = line;
        self.line.clear();
        // An idle connection should not keep the memory of its longest line.
        self.line.shrink_to(READ_AHEAD);
        sent
    }

    /// True when something waits for the next flush.
    pub fn has_staged(&self) -> bool {
        !self.line.is_empty()
    }

    /// Sends an unimportant message if the stream takes it at once; false when it does not because much is already on
    /// its way to the peer. The rest of a partly written message is sent before anything else.
    ///
    /// # Errors
    /// When the stream fails.
    pub async fn try_send<M: Serialize>(&mut self, message: &M) -> io::Result<bool> {
        if self.has_staged() {
            return Ok(false);
        }
        self.stage(message);
        let (stream, line) = (&mut self.stream, &self.line);
        let taken = poll_fn(|context| {
            let taken = Pin::new(&mut *stream).poll_write(context, line);
            // Encrypted bytes that do not go out now go out with what follows.
            let _ = Pin::new(&mut *stream).poll_flush(context);
            Poll::Ready(taken)
        });
        match taken.await {
            Poll::Ready(taken) => {
                let count = taken?;
                self.line.drain(..count);
                Ok(true)
            }
            Poll::Pending => {
                self.line.clear();
                Ok(false)
            }
        }
    }

    /// Sends lines that are encoded already. Not cancel-safe.
    ///
    /// # Errors
    /// As [`Self::flush`].
    pub async fn send_encoded(&mut self, lines: &[u8]) -> io::Result<()> {
        let sent = unless_stalled(self.stall_timeout, async {
            self.stream.write_all(lines).await?;
            self.stream.flush().await
        });
        sent.await
    }

    /// Sends some of `bytes` and says how many, once the kernel has them. Not cancel-safe with encryption.
    ///
    /// # Errors
    /// When the stream fails or takes nothing in time.
    pub async fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = unless_stalled(self.stall_timeout, async {
            let count = self.stream.write(bytes).await?;
            self.stream.flush().await?;
            Ok(count)
        });
        match written.await? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            count => Ok(count),
        }
    }

    /// True when the kernel can send files on this stream.
    pub fn sends_files(&self) -> bool
    where
        W: PlainSocket,
    {
        self.stream.plain_socket().is_some()
    }

    /// Sends what was staged and then some bytes of a file, up to `limit` from `offset`, and says how many;
    /// 0 at the end of the file. Blocks on the disk where they are not in memory.
    ///
    /// # Errors
    /// When the stream fails or takes nothing in time, and `InvalidInput` or `Unsupported` where the
    /// kernel cannot send this file.
    pub async fn send_file(
        &mut self,
        file: &impl std::os::fd::AsFd,
        offset: u64,
        limit: usize,
    ) -> io::Result<usize>
    where
        W: PlainSocket,
    {
        let Some(socket) = self.stream.plain_socket() else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        if !self.line.is_empty() {
            send_header(socket, &self.line, self.stall_timeout).await?;
            self.line.clear();
        }
        send_some(socket, file, offset, limit, self.stall_timeout).await
    }

    /// Ends this side of the stream.
    pub async fn shutdown(&mut self) {
        let _ = timeout(self.stall_timeout, self.stream.shutdown()).await;
    }
}

/// The two sides of a connection.
pub fn split(
    stream: impl Into<Stream>,
    stall_timeout: Duration,
) -> (LineReader<ReadSide>, LineWriter<WriteSide>) {
    let (read, write) = stream.into().into_split();
    (LineReader::new(read), LineWriter::new(write, stall_timeout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_and_raw_bytes_alternate() {
        let (mut ours, theirs) = tokio::io::duplex(16);
        let sender = tokio::spawn(async move {
            ours.write_all(b"{\"a\":1}\nRAWRAWRAW{\"b\":2}\n{\"cut")
                .await
                .unwrap();
        });
        let mut reader = LineReader::new(theirs);
        assert_eq!(
            &reader.next_line().await.unwrap().unwrap()[..],
            b"{\"a\":1}"
        );
        let mut raw = Vec::with_capacity(9);
        while raw.len() < 9 {
            let left = 9 - raw.len();
            reader.read_raw(&mut raw, left).await.unwrap();
        }
        assert_eq!(raw, b"RAWRAWRAW");
        assert_eq!(
            &reader.next_line().await.unwrap().unwrap()[..],
            b"{\"b\":2}"
        );
        assert!(matches!(reader.next_line().await, Err(ReadError::CutShort)));
        assert_eq!(&reader.rest()[..], b"{\"cut");
        sender.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_may_take_longer_than_a_silence() {
        let (mut ours, theirs) = tokio::io::duplex(16);
        let patience = Duration::from_secs(2);
        tokio::spawn(async move {
            for byte in *b"slow\n" {
                tokio::time::sleep(patience - Duration::from_millis(1)).await;
                ours.write_all(&[byte]).await.unwrap();
            }
            std::future::pending::<()>().await;
        });
        let mut reader = LineReader::new(theirs);
        let mut heard = 0;
        let line = reader.next_line_within(patience, || heard += 1).await;
        assert_eq!(&line.unwrap().unwrap().unwrap()[..], b"slow");
        assert_eq!(heard, 5);
        assert!(reader.next_line_within(patience, || ()).await.is_err());
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (ours, _theirs) = tokio::io::duplex(4);
        let mut writer = LineWriter::new(ours, Duration::from_millis(20));
        let error = writer.send(&"a longer text").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
