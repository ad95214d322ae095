//! One order a line, answered in the order in which they came. Whoever sends many without waiting has some on their way at
//! once, and is read on as they are answered.

use std::{
    io,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, split},
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    accepting::accept,
    asking::Asking,
    words::{answered, request},
};
use crate::{
    model::FigureAnswer,
    net::{Accepted, LineReader, Listener, Stream},
};

/// Connections at once.
const MOST_CONNECTIONS: usize = 512;
/// Orders of a connection on their way.
const MOST_EACH: usize = 64;
/// A connection that says nothing for so long is closed.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long one may take to take an answer.
const TAKES_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn serve(
    listener: Listener,
    asking: Asking,
    count: Arc<AtomicUsize>,
    stop: CancellationToken,
) {
    let attend = |accepted: Accepted, stop: CancellationToken| {
        let Accepted {
            socket,
            peer,
            permit,
        } = accepted;
        let asking = asking.clone();
        async move {
            let who = peer.ip().to_canonical().to_string();
            let stream: Stream = socket.into();
            tokio::select! {
                ended = converse(stream, &asking, &who) => {
                    if let Err(error) = ended {
                        tracing::debug!(%peer, %error, "lines of figures");
                    }
                }
                () = permit.revoked() => {}
                () = stop.cancelled() => {}
            }
        }
    };
    accept(listener, MOST_CONNECTIONS, count, stop, attend).await;
}

type Answer = oneshot::Receiver<FigureAnswer>;

/// Answers lines until one side ends.
///
/// # Errors
/// When the stream fails, or says what is no line.
pub(super) async fn converse(
    stream: impl AsyncRead + AsyncWrite,
    asking: &Asking,
    who: &str,
) -> io::Result<()> {
    let (read, mut write) = split(stream);
    let mut reader = LineReader::new(read);
    let (ask, mut asked) = mpsc::channel::<Answer>(MOST_EACH);
    let reads = async move {
        let ask = ask;
        loop {
            let line = reader.next_line_within(PATIENCE, || {}).await;
            let line = line.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
            let Some(line) = line.map_err(io::Error::other)? else {
                return Ok(());
            };
            let request = request(&line, asking.door, who.to_owned(), asking.may_reset);
            let answer = match request {
                Ok(request) => {
                    let begun = asking.orders.figure_begun(request).await;
                    begun.map_err(io::Error::other)?
                }
                Err(error) => {
                    let (tell, told) = oneshot::channel();
                    let _ = tell.send(Err(error));
                    told
                }
            };
            if ask.send(answer).await.is_err() {
                return Ok(());
            }
        }
    };
    let writes = async {
        let mut next = None;
        loop {
            let first: Answer = match next.take() {
                Some(first) => first,
                None => match asked.recv().await {
                    Some(first) => first,
                    None => return Ok(()),
                },
            };
            // Without an answer nobody knows whether it was obeyed: the connection ends.
            let mut said = String::new();
            say(&mut said, asking, &first.await.map_err(io::Error::other)?);
            while let Ok(mut other) = asked.try_recv() {
                match other.try_recv() {
                    Ok(answer) => say(&mut said, asking, &answer),
                    Err(_) => {
                        next = Some(other);
                        break;
                    }
                }
            }
            let taken = timeout(TAKES_WITHIN, write.write_all(said.as_bytes())).await;
            taken.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        }
    };
    tokio::pin!(reads, writes);
    let read: io::Result<()> = tokio::select! {
        read = &mut reads => read,
        written = &mut writes => return written,
    };
    // What was asked is answered, also to somebody who says nothing more.
    let written: io::Result<()> = writes.await;
    read.and(written)
}

fn say(said: &mut String, asking: &Asking, answer: &FigureAnswer) {
    said.push_str(&answered(asking.door, answer));
    said.push('\n');
}
