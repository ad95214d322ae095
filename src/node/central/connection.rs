//! One connection to the central, from its first line to its end. Knows the wire; decides nothing.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use super::{
    heard::Heard,
    inputs::{Input, Outgoing, Peer},
    legacy,
};
use crate::{
    engine::cluster::{Event, LinkId},
    model::{
        limits::{
            CLIENT_HEARTBEAT, CLIENT_LEASE, HEARTBEAT, LEASE, MAX_OUTBOX, MAX_SECONDARY_OUTBOX,
        },
        messages::{FromClient, FromReceiver},
    },
    net::{Accepted, LineReader, LineWriter, Place, ReadError, Use},
    node::{
        Refused, Security, clock,
        greeting::{Entered, enter, turn_away},
        rules::central::enrolment,
    },
    proto::{
        Lines,
        control::{FromCentral, ToCentral},
        handshake::ServerRole,
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
    pub(super) security: Arc<Security>,
}

impl Context {
    async fn bad_peer(&self, address: SocketAddr, reason: Refused) {
        let bad = Input::BadPeer { address, reason };
        let _ = self.inputs.send(bad).await;
    }
}

/// Serves a connection until it ends.
pub(super) async fn serve(accepted: Accepted, link: LinkId, context: Context) {
    let Accepted {
        socket,
        peer,
        place,
    } = accepted;
    let entered = tokio::select! {
        entered = enter(socket, &context.security, ServerRole::Central, WRITE_STALL) => entered,
        () = context.stop.cancelled() => return,
        () = place.given_up() => return context.bad_peer(peer, Refused::GaveWay).await,
    };
    let refused = match entered {
        Entered::Peer {
            reader,
            writer,
            role,
        } => match enrolment(role, peer, context.highest_number) {
            Ok(hello) => {
                return converse(reader, writer, (link, peer), hello, place, &context).await;
            }
            Err(refused) => turn_away(reader, writer, refused).await,
        },
        Entered::Original { line, writer } => {
            return legacy::serve(&line, peer, writer, &context.inputs).await;
        }
        Entered::Refused(refused) => refused,
        Entered::Gone => return,
    };
    context.bad_peer(peer, refused).await;
}

fn refusal_of(error: ReadError) -> Option<Refused> {
    match error {
        ReadError::Line(line) => Some(line.into()),
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
    let (heartbeat, lease, most) = match hello {
        Event::SecondaryHello { .. } => {
            place.set_use(Use::Pinned);
            (HEARTBEAT, None, MAX_SECONDARY_OUTBOX)
        }
        // A secondary's lease is the machine's business; a client is only taken for gone.
        _ => (CLIENT_HEARTBEAT, Some(CLIENT_LEASE), MAX_OUTBOX),
    };
    let (outbox, messages) = mpsc::channel(most);
    let (ended, heard) = (CancellationToken::new(), Heard::new(clock::now()));
    let queued_bytes = Arc::new(AtomicUsize::new(0));
    let opened = Input::Opened {
        link,
        peer: Peer {
            outbox,
            ended: ended.clone(),
            heard: heard.clone(),
            queued_bytes: Arc::clone(&queued_bytes),
        },
        hello,
    };
    if context.inputs.send(opened).await.is_err() {
        return;
    }
    let write = async {
        let _ = write_all(writer, messages, heartbeat, &queued_bytes).await;
        ended.cancel();
    };
    let read = async {
        let end = tokio::select! {
            end = read_all(reader, link, lease, (&place, &heard), &context.inputs) => end,
            () = ended.cancelled() => End::Broken,
            () = place.given_up() => End::Refused(Refused::GaveWay),
        };
        let (goodbye, refused) = match end {
            End::Goodbye => (true, None),
            End::Broken => (false, None),
            End::Refused(refused) => (false, Some(refused)),
        };
        if let Some(refused) = &refused {
            context.bad_peer(peer, refused.clone()).await;
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
    (place, heard): (&Place, &Heard),
    inputs: &mpsc::Sender<Input>,
) -> End {
    // Long enough for the machine to have closed a secondary's connection before.
    let patience = lease.unwrap_or(LEASE * 4);
    loop {
        let arrived = || heard.note(clock::now());
        let line = match reader.next_line_within(patience, arrived).await {
            Err(_) => return End::Refused(Refused::Silent),
            Ok(Ok(Some(line))) => line,
            Ok(Ok(None)) => return End::Broken,
            Ok(Err(error)) => return refusal_of(error).map_or(End::Broken, End::Refused),
        };
        let message = match Lines::parse::<ToCentral>(&line) {
            Ok(message) => message,
            Err(error) => return End::Refused(error.into()),
        };
        tracing::trace!(link = link.0, ?message, "received");
        note_use(place, &message, lease);
        let input = match message {
            // That it arrived is known already: a sign of life waits behind nothing.
            ToCentral::Ping => continue,
            ToCentral::Bye => return End::Goodbye,
            ToCentral::Hello(_) => {
                return End::Refused(Refused::Unexpected("hello was said already"));
            }
            ToCentral::Question(question) => Input::Question { link, question },
            ToCentral::Receiver(message) => Input::event(link, message),
            ToCentral::Client(message) => Input::event(link, message),
            ToCentral::Secondary(message) => Input::event(link, message),
        };
        if heard.unread(inputs.send(input)).await.is_err() {
            return End::Broken;
        }
    }
}

/// What a message says about the use that its connection is of. Only a client's has a lease here.
fn note_use(place: &Place, message: &ToCentral, lease: Option<Duration>) {
    match message {
        ToCentral::Ping => {}
        // It waits for its turn, or for its sources.
        ToCentral::Client(FromClient::Download { .. } | FromClient::Resume(_)) => {
            place.set_use(Use::Busy);
        }
        ToCentral::Receiver(FromReceiver::Finished(_))
        | ToCentral::Client(FromClient::Cancel { .. })
            if lease.is_some() =>
        {
            place.set_use(Use::Idle);
        }
        ToCentral::Hello(_)
        | ToCentral::Bye
        | ToCentral::Receiver(_)
        | ToCentral::Client(_)
        | ToCentral::Question(_)
        | ToCentral::Secondary(_) => place.touch(),
    }
}

/// Lines that are sent with one write, where so many wait.
const AT_ONCE_BYTES: usize = 16 * 1024;

async fn write_all<W: AsyncWrite + Unpin>(
    mut writer: LineWriter<W>,
    mut messages: mpsc::Receiver<Outgoing>,
    heartbeat: Duration,
    queued_bytes: &AtomicUsize,
) -> std::io::Result<()> {
    let mut beat = interval(heartbeat);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    loop {
        tokio::select! {
            message = messages.recv() => {
                let Some(mut next) = message else {
                    break;
                };
                loop {
                    match next {
                        Outgoing::Message(message) => {
                            tracing::trace!(?message, "sending");
                            writer.stage(&*message);
                        }
                        Outgoing::Line(line) => {
                            writer.flush().await?;
                            writer.send_encoded(&line).await?;
                            queued_bytes.fetch_sub(line.len(), Ordering::Relaxed);
                        }
                    }
                    if writer.staged_bytes() >= AT_ONCE_BYTES {
                        break;
                    }
                    match messages.try_recv() {
                        Ok(message) => next = message,
                        Err(_) => break,
                    }
                }
                writer.flush().await?;
            }
            _ = beat.tick() => writer.send(&FromCentral::Ping).await?,
        }
    }
    writer.shutdown().await;
    Ok(())
}
