//! One connection to the central, from its first line to its end. Knows the wire; decides nothing.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    inputs::{Input, Outgoing, Peer},
    legacy,
};
use crate::{
    engine::cluster::{Event, LinkId},
    model::limits::{CLIENT_HEARTBEAT, CLIENT_LEASE, HEARTBEAT, HELLO_TIMEOUT, LEASE, MAX_OUTBOX},
    net::{Accepted, LineReader, LineWriter, Place, ReadError, Use, split},
    node::{
        refusals::gave_way,
        rules::central::{Meaning, enrolment, meaning},
    },
    proto::{
        ErrorCode, Lines,
        control::{FromCentral, ToCentral},
        legacy::is_legacy,
    },
};

/// How long a peer may take nothing of what is sent to it. Its lines are short: it has stopped.
const WRITE_STALL: Duration = Duration::from_secs(5);

/// What every connection is given.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) stop: CancellationToken,
    /// Highest number that a secondary may have here.
    pub(super) highest_number: u16,
}

impl Context {
    async fn bad_peer(&self, address: SocketAddr, (code, reason): &Refused) {
        let (code, reason) = (*code, reason.clone());
        let bad = Input::BadPeer {
            address,
            code,
            reason,
        };
        let _ = self.inputs.send(bad).await;
    }
}

/// Why a connection ends, when the peer should hear of it.
type Refused = (ErrorCode, String);

/// Serves a connection until it ends.
pub(super) async fn serve(accepted: Accepted, link: LinkId, context: Context) {
    let Accepted {
        stream,
        peer,
        place,
    } = accepted;
    let (mut reader, mut writer) = split(stream, WRITE_STALL);
    let first = tokio::select! {
        first = timeout(HELLO_TIMEOUT, first_line(&mut reader)) => first,
        () = context.stop.cancelled() => return,
        () = place.given_up() => return context.bad_peer(peer, &gave_way()).await,
    };
    let refused = match first {
        Err(_) => Some((
            ErrorCode::TimedOut,
            format!("no line within {} s", HELLO_TIMEOUT.as_secs()),
        )),
        Ok(Ok(Some(line))) if is_legacy(&line) => {
            return legacy::serve(&line, peer, writer, &context.inputs).await;
        }
        Ok(Ok(Some(line))) => match greeting(&line, peer, context.highest_number) {
            Ok(hello) => {
                return converse(reader, writer, (link, peer), hello, place, &context).await;
            }
            Err(refused) => Some(refused),
        },
        Ok(Ok(None)) => None,
        Ok(Err(error)) => refusal_of(&error),
    };
    if let Some((code, message)) = refused {
        let refused = (code, message);
        context.bad_peer(peer, &refused).await;
        let (code, message) = refused;
        let _ = writer.send(&FromCentral::Error { code, message }).await;
        writer.shutdown().await;
    }
}

/// The first line that is not empty. A peer of the original's protocol may close its side instead of
/// ending the line.
async fn first_line<R: AsyncRead + Unpin>(
    reader: &mut LineReader<R>,
) -> Result<Option<bytes::BytesMut>, ReadError> {
    loop {
        match reader.next_line().await {
            Ok(Some(line)) if line.trim_ascii().is_empty() => {}
            Err(ReadError::CutShort) => {
                let rest = reader.rest();
                return if is_legacy(&rest) {
                    Ok(Some(rest))
                } else {
                    Err(ReadError::CutShort)
                };
            }
            other => return other,
        }
    }
}

/// What the first line of a new connection means.
fn greeting(line: &[u8], peer: SocketAddr, highest_number: u16) -> Result<Event, Refused> {
    let bad = |message: String| (ErrorCode::BadMessage, message);
    match Lines::parse::<ToCentral>(line).map_err(|error| bad(error.to_string()))? {
        ToCentral::Hello(hello) => {
            let role = hello.into_role().map_err(|error| {
                let code = match error {
                    crate::proto::WireError::WrongProtocol { .. } => ErrorCode::WrongProtocol,
                    _ => ErrorCode::BadMessage,
                };
                (code, error.to_string())
            })?;
            enrolment(role, peer, highest_number)
        }
        _ => Err(bad("the first line must be hello".to_owned())),
    }
}

fn refusal_of(error: &ReadError) -> Option<Refused> {
    match error {
        ReadError::Line(line) => Some((ErrorCode::BadMessage, line.to_string())),
        // There is nobody left to tell.
        ReadError::Io(_) | ReadError::CutShort => None,
    }
}

async fn converse<R, W>(
    reader: LineReader<R>,
    writer: LineWriter<W>,
    (link, peer): (LinkId, SocketAddr),
    hello: Event,
    place: Place,
    context: &Context,
) where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let (heartbeat, lease) = match hello {
        Event::SecondaryHello { .. } => {
            place.set_use(Use::Pinned);
            (HEARTBEAT, None)
        }
        // A secondary's lease is the machine's business; a client is only taken for gone.
        _ => (CLIENT_HEARTBEAT, Some(CLIENT_LEASE)),
    };
    let (outbox, messages) = mpsc::channel(MAX_OUTBOX);
    let ended = CancellationToken::new();
    let opened = Input::Opened {
        link,
        peer: Peer {
            outbox,
            ended: ended.clone(),
        },
        hello,
    };
    if context.inputs.send(opened).await.is_err() {
        return;
    }
    let write = async {
        let _ = write_all(writer, messages, heartbeat).await;
        ended.cancel();
    };
    let read = async {
        let end = tokio::select! {
            end = read_all(reader, link, lease, &place, &context.inputs) => end,
            () = ended.cancelled() => End::Broken,
            () = place.given_up() => End::Refused(gave_way()),
        };
        let (goodbye, refused) = match end {
            End::Goodbye => (true, None),
            End::Broken => (false, None),
            End::Refused(refused) => (false, Some(refused)),
        };
        if let Some(refused) = &refused {
            context.bad_peer(peer, refused).await;
        }
        let closed = Input::Closed {
            link,
            goodbye,
            refused,
        };
        let _ = context.inputs.send(closed).await;
        // The owner lets go of its end; the writer then sends what is left and stops.
    };
    tokio::join!(write, read);
}

/// How the reading side ended.
enum End {
    Goodbye,
    Broken,
    Refused(Refused),
}

async fn read_all<R: AsyncRead + Unpin>(
    mut reader: LineReader<R>,
    link: LinkId,
    lease: Option<Duration>,
    place: &Place,
    inputs: &mpsc::Sender<Input>,
) -> End {
    // Long enough for the machine to have closed a secondary's connection before.
    let patience = lease.unwrap_or(LEASE * 4);
    loop {
        let line = match timeout(patience, reader.next_line()).await {
            Err(_) => {
                return End::Refused((ErrorCode::TimedOut, "silent for too long".to_owned()));
            }
            Ok(Ok(Some(line))) => line,
            Ok(Ok(None)) => return End::Broken,
            Ok(Err(error)) => return refusal_of(&error).map_or(End::Broken, End::Refused),
        };
        let message = match Lines::parse::<ToCentral>(&line) {
            Ok(message) => message,
            Err(error) => return End::Refused((ErrorCode::BadMessage, error.to_string())),
        };
        tracing::trace!(link = link.0, ?message, "received");
        match &message {
            ToCentral::Ping => {}
            // It waits for its turn, or for its sources.
            ToCentral::Download { .. } | ToCentral::Resume { .. } => place.set_use(Use::Busy),
            ToCentral::Finished(_) | ToCentral::Cancel { .. } if lease.is_some() => {
                place.set_use(Use::Idle);
            }
            _ => place.touch(),
        }
        let input = match meaning(message) {
            Meaning::Event(event) => Input::Event { link, event },
            Meaning::List(after) => Input::List { link, after },
            Meaning::Status => Input::Status { link },
            Meaning::Goodbye => return End::Goodbye,
            Meaning::Unexpected => {
                let message = "hello was said already".to_owned();
                return End::Refused((ErrorCode::BadMessage, message));
            }
        };
        if inputs.send(input).await.is_err() {
            return End::Broken;
        }
    }
}

async fn write_all<W: AsyncWrite + Unpin>(
    mut writer: LineWriter<W>,
    mut messages: mpsc::Receiver<Outgoing>,
    heartbeat: Duration,
) -> std::io::Result<()> {
    let mut beat = interval(heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Some(Outgoing::Message(message)) => {
                    tracing::trace!(?message, "sending");
                    writer.send(&*message).await?;
                }
                Some(Outgoing::Line(line)) => writer.send_encoded(&line).await?,
                None => break,
            },
            _ = beat.tick() => writer.send(&FromCentral::Ping).await?,
        }
    }
    writer.shutdown().await;
    Ok(())
}
