//! Messages between a central and its peers, once both sides have said hello: written with heartbeats between them, read
//! for as long as the peer gives a sign of life. Both ends of a link use it; what messages mean is theirs.

use std::{fmt::Debug, io, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use super::{lost::Lost, refused::Refused};
use crate::{
    net::{LineReader, LineWriter, ReadError},
    proto::{LineError, Lines, control::ToCentral},
};

/// Messages that wait are sent with one write up to this size.
const AT_ONCE_BYTES: usize = 16 * 1024;

/// What can wait in the outbox of a connection.
pub(super) trait Outgoing {
    type Message: Serialize + Debug;

    fn part(&self) -> Part<'_, Self::Message>;
}

/// How something is sent.
pub(super) enum Part<'a, M> {
    Message(&'a M),
    /// A line that is encoded already, and shared with other connections.
    Line(&'a [u8]),
}

impl Outgoing for ToCentral {
    type Message = Self;

    fn part(&self) -> Part<'_, Self> {
        Part::Message(self)
    }
}

/// Sends what comes through an outbox, and a heartbeat in each interval. Ends once the other end of the outbox is
/// dropped and everything in it was sent.
///
/// # Errors
/// When the connection fails, or the peer takes nothing in time.
pub(super) async fn write_all<W, O>(
    mut writer: LineWriter<W>,
    mut outbox: mpsc::Receiver<O>,
    (every, heartbeat): (Duration, O::Message),
) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
    O: Outgoing,
{
    let mut beat = interval(every);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    loop {
        tokio::select! {
            first = outbox.recv() => {
                let Some(first) = first else {
                    break;
                };
                let mut next = Some(first);
                while let Some(outgoing) = next {
                    match outgoing.part() {
                        Part::Message(message) => {
                            tracing::trace!(?message, "sending");
                            writer.stage(message);
                        }
                        Part::Line(line) => {
                            writer.flush().await?;
                            writer.send_encoded(line).await?;
                        }
                    }
                    let has_room = writer.staged_bytes() < AT_ONCE_BYTES;
                    next = has_room.then(|| outbox.try_recv().ok()).flatten();
                }
                writer.flush().await?;
            }
            _ = beat.tick() => writer.send(&heartbeat).await?,
        }
    }
    writer.shutdown().await;
    Ok(())
}

/// Why no more messages come.
#[derive(Debug)]
pub(super) enum Over {
    /// No sign of life within the lease.
    Silent,
    /// The peer closed the connection.
    Closed,
    /// The connection failed, or what came is not the protocol.
    Read(ReadError),
}

impl From<LineError> for Over {
    fn from(error: LineError) -> Self {
        Self::Read(error.into())
    }
}

impl From<Over> for Lost {
    fn from(over: Over) -> Self {
        match over {
            Over::Silent => Self::Silent,
            Over::Closed => Self::Closed,
            Over::Read(error) => error.into(),
        }
    }
}

impl Over {
    /// What the peer did wrong; `None` when it has gone.
    pub(super) fn refused(self) -> Option<Refused> {
        match self {
            Self::Silent => Some(Refused::Silent),
            Self::Read(ReadError::Line(error)) => Some(error.into()),
            Self::Closed | Self::Read(ReadError::Io(_) | ReadError::CutShort) => None,
        }
    }
}

/// The next message of a peer that must give a sign of life within its lease; `heard` is called for each one.
/// Cancel-safe.
pub(super) async fn next<M, R>(
    reader: &mut LineReader<R>,
    lease: Duration,
    heard: impl FnMut(),
) -> Result<M, Over>
where
    M: DeserializeOwned + Debug,
    R: AsyncRead + Unpin,
{
    let line = match reader.next_line_within(lease, heard).await {
        Err(_) => return Err(Over::Silent),
        Ok(Ok(Some(line))) => line,
        Ok(Ok(None)) => return Err(Over::Closed),
        Ok(Err(error)) => return Err(Over::Read(error)),
    };
    let message = Lines::parse(&line)?;
    tracing::trace!(?message, "received");
    Ok(message)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        time::{Instant, sleep, timeout},
    };

    use super::*;

    const STALL: Duration = Duration::from_secs(5);
    const BEAT: Duration = Duration::from_secs(2);

    enum Post {
        Message(&'static str),
        Line(&'static str),
    }

    impl Outgoing for Post {
        type Message = &'static str;

        fn part(&self) -> Part<'_, &'static str> {
            match self {
                Self::Message(message) => Part::Message(message),
                Self::Line(line) => Part::Line(line.as_bytes()),
            }
        }
    }

    /// A writer that runs, its outbox, and where what it writes arrives.
    fn writer(
        window_bytes: usize,
    ) -> (
        tokio::task::JoinHandle<io::Result<()>>,
        mpsc::Sender<Post>,
        DuplexStream,
    ) {
        let (near, far) = duplex(window_bytes);
        let (outbox, messages) = mpsc::channel(100);
        let writer = LineWriter::new(near, STALL);
        let writing = tokio::spawn(write_all(writer, messages, (BEAT, "beat")));
        (writing, outbox, far)
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_sent_in_order_before_the_end() {
        let (writing, outbox, mut far) = writer(1024);
        for post in [
            Post::Message("one"),
            Post::Line("two\n"),
            Post::Message("three"),
        ] {
            outbox.send(post).await.ok().unwrap();
        }
        drop(outbox);
        let mut sent = String::new();
        far.read_to_string(&mut sent).await.unwrap();
        assert_eq!(sent, "\"one\"\ntwo\n\"three\"\n");
        writing.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_heartbeat_comes_in_each_interval() {
        let (_writing, _outbox, mut far) = writer(1024);
        let began = Instant::now();
        let mut beats = [0; 14];
        far.read_exact(&mut beats).await.unwrap();
        assert_eq!(&beats, b"\"beat\"\n\"beat\"\n");
        assert_eq!(began.elapsed(), 2 * BEAT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (writing, outbox, _far) = writer(4);
        let began = Instant::now();
        outbox.send(Post::Message("longer")).await.ok().unwrap();
        let error = writing.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(began.elapsed(), STALL);
        assert!(outbox.is_closed());
    }

    async fn next_of(bytes: &'static [u8]) -> Result<String, Over> {
        let (mut near, far) = duplex(1024);
        near.write_all(bytes).await.unwrap();
        drop(near);
        next(&mut LineReader::new(far), BEAT, || ()).await
    }

    #[tokio::test(start_paused = true)]
    async fn each_way_to_end_has_its_reason_on_both_sides() {
        assert_eq!(next_of(b"\"hello\"\n").await.unwrap(), "hello");
        let closed = next_of(b"").await.unwrap_err();
        assert!(matches!(closed, Over::Closed), "{closed:?}");
        assert_eq!(Lost::from(closed), Lost::Closed);
        let cut = next_of(b"\"hel").await.unwrap_err();
        assert!(matches!(cut, Over::Read(ReadError::CutShort)), "{cut:?}");
        assert_eq!(Lost::from(cut), Lost::Cut);
        let unknown = next_of(b"hello\n").await.unwrap_err();
        assert!(matches!(unknown.refused(), Some(Refused::NotAMessage(_))));
        for gone in [Over::Closed, Over::Read(ReadError::CutShort)] {
            assert_eq!(gone.refused(), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn any_byte_is_a_sign_of_life() {
        let (mut near, far) = duplex(1024);
        let lease = Duration::from_secs(2);
        let speaking = tokio::spawn(async move {
            for byte in *b"\"slow\"\n" {
                sleep(lease - Duration::from_millis(1)).await;
                near.write_all(&[byte]).await.unwrap();
            }
            near
        });
        let mut reader = LineReader::new(far);
        let mut heard = 0;
        let message: String = next(&mut reader, lease, || heard += 1).await.unwrap();
        assert_eq!((message.as_str(), heard), ("slow", 7));
        let _open = speaking.await.unwrap();
        let began = Instant::now();
        let silent = next::<String, _>(&mut reader, lease, || ()).await;
        assert!(matches!(silent, Err(Over::Silent)));
        assert_eq!(began.elapsed(), lease);
        // Half a message is no reason to lose it.
        assert!(
            timeout(lease / 2, next::<String, _>(&mut reader, lease, || ()))
                .await
                .is_err()
        );
    }
}
