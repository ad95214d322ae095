//! One connection to the central, from its first line to its end. It knows the wire and decides nothing.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::{
    heard::Heard,
    inputs::{End, Input, Peer},
    legacy,
};
use crate::{
    engine::cluster::{ConnectionId, Event},
    model::{
        Digest,
        limits::{
            CLIENT_HEARTBEAT, CLIENT_LEASE, HEARTBEAT, LEASE, MAX_OUTBOX, MAX_SECONDARY_OUTBOX,
        },
        messages::{FromClient, FromReceiver, Question},
    },
    net::{Accepted, LineReader, LineWriter, Permit, Stream, Use},
    node::{
        Refused, Security, clock,
        conversation::{next, write_all},
        face::Reception,
        greeting::{Also, Entered, NoRandomness, enter, refuse_http, turn_away},
        rules::central::enrolment,
    },
    proto::{
        PeerRole,
        account::{AdminKey, Channel, NotSigned},
        control::{FromCentral, ToCentral},
        handshake::{Nonce, ServerRole},
    },
};

/// How long a peer may take nothing of what is sent to it. Lines are short, so a peer that is slower has stopped.
const WRITE_STALL: Duration = Duration::from_secs(5);

/// How long whoever does not know the administrator's password waits for its refusal.
const WRONG_PASSWORD: Duration = Duration::from_secs(1);

/// What every connection is given.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) stop: CancellationToken,
    /// Highest number that a secondary may have here.
    pub(super) highest_number: u16,
    pub(super) security: Arc<Security>,
    /// What administrators prove.
    pub(super) administrator: Option<AdminKey>,
    pub(super) face: Option<Reception>,
}

impl Context {
    async fn bad_peer(&self, address: SocketAddr, reason: Refused) {
        let bad = Input::BadPeer { address, reason };
        let _ = self.inputs.send(bad).await;
    }
}

/// Serves a connection until it ends.
pub(super) async fn serve(accepted: Accepted, id: ConnectionId, context: Context) {
    let Accepted {
        socket,
        peer,
        permit,
    } = accepted;
    let entered = tokio::select! {
        entered = enter(socket, &context.security, ServerRole::Central, Also::of(&context.face), WRITE_STALL) => entered,
        () = context.stop.cancelled() => return,
        () = permit.revoked() => return context.bad_peer(peer, Refused::GaveWay).await,
    };
    let refused = match entered {
        Entered::Peer {
            reader,
            writer,
            role,
            began,
        } => {
            let kind = Kind::of(&role);
            let enrolment = enrolment(role, peer, context.highest_number);
            let known = began
                .channel()
                .map_err(|NoRandomness| Refused::NoRandomness);
            match enrolment.and_then(|hello| Ok((hello, known?))) {
                Ok((hello, (channel, nonce))) => {
                    let connection = Connection {
                        id,
                        peer,
                        kind,
                        permit,
                        channel,
                        nonce,
                        context: &context,
                    };
                    return connection.converse(reader, writer, hello).await;
                }
                Err(refused) => turn_away(reader, writer, refused).await,
            }
        }
        Entered::Legacy { line, writer } => {
            return legacy::serve(&line, peer, writer, &context.inputs).await;
        }
        Entered::Http(stream) => match &context.face {
            Some(face) => {
                return visit(face, stream, peer, permit, &context).await;
            }
            None => refuse_http(stream, WRITE_STALL).await,
        },
        Entered::Refused(refused) => refused,
        Entered::Gone => return,
    };
    context.bad_peer(peer, refused).await;
}

/// Hands a connection over that speaks another protocol than lines.
async fn visit(
    face: &Reception,
    stream: Stream,
    peer: SocketAddr,
    permit: Permit,
    context: &Context,
) {
    let permit = Arc::new(permit);
    let stop = context.stop.clone();
    tokio::select! {
        () = face.attend(stream, peer, Arc::clone(&permit), stop) => {}
        () = permit.revoked() => context.bad_peer(peer, Refused::GaveWay).await,
    }
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Client,
    Secondary,
}

impl Kind {
    fn of(role: &PeerRole) -> Self {
        match role {
            PeerRole::Secondary { .. } => Self::Secondary,
            // A central and a peer are turned away.
            PeerRole::Client { .. } | PeerRole::Central(_) | PeerRole::Peer { .. } => Self::Client,
        }
    }

    fn heartbeat(self) -> Duration {
        match self {
            Self::Client => CLIENT_HEARTBEAT,
            Self::Secondary => HEARTBEAT,
        }
    }

    /// How long it may be silent here. A secondary's lease is the machine's business and ends long before that.
    fn patience(self) -> Duration {
        match self {
            Self::Client => CLIENT_LEASE,
            Self::Secondary => LEASE * 4,
        }
    }

    fn most_messages(self) -> usize {
        match self {
            Self::Client => MAX_OUTBOX,
            Self::Secondary => MAX_SECONDARY_OUTBOX,
        }
    }
}

/// A connection to a peer that was let in.
struct Connection<'a> {
    id: ConnectionId,
    peer: SocketAddr,
    kind: Kind,
    permit: Permit,
    /// What names this connection for whoever signs something on it.
    channel: Channel,
    nonce: Nonce,
    context: &'a Context,
}

impl Connection<'_> {
    async fn converse<R, W>(self, reader: LineReader<R>, writer: LineWriter<W>, hello: Event)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        if self.kind == Kind::Secondary {
            self.permit.set_use(Use::Pinned);
        }
        let (outbox, messages) = mpsc::channel(self.kind.most_messages());
        let (ended, heard) = (CancellationToken::new(), Heard::new(clock::now()));
        let opened = Input::Opened {
            connection: self.id,
            peer: Peer {
                outbox,
                ended: ended.clone(),
                heard: heard.clone(),
                queued_bytes: Arc::default(),
                nonce: self.nonce,
            },
            hello,
        };
        if self.context.inputs.send(opened).await.is_err() {
            return;
        }
        let write = async {
            let heartbeat = (self.kind.heartbeat(), FromCentral::Ping);
            let _ = write_all(writer, messages, heartbeat).await;
            ended.cancel();
        };
        let read = async {
            let end = tokio::select! {
                end = self.read_all(reader, &heard) => end,
                () = ended.cancelled() => End::Broken,
                () = self.permit.revoked() => End::Refused(Refused::GaveWay),
            };
            self.tell_end(end).await;
            // The owner drops the outbox; the writer then sends what is left in it and stops.
        };
        tokio::join!(write, read);
    }

    async fn tell_end(&self, end: End) {
        if let End::Refused(refused) = &end {
            self.context.bad_peer(self.peer, refused.clone()).await;
        }
        let connection = self.id;
        let closed = Input::Closed { connection, end };
        let _ = self.context.inputs.send(closed).await;
    }

    async fn read_all<R: AsyncRead + Unpin>(
        &self,
        mut reader: LineReader<R>,
        heard: &Heard,
    ) -> End {
        let connection = self.id;
        loop {
            let arrived = || heard.note(clock::now());
            let message = match next(&mut reader, self.kind.patience(), arrived).await {
                Ok(message) => message,
                Err(over) => return over.refused().map_or(End::Broken, End::Refused),
            };
            self.note_use(&message);
            let input = match message {
                // Its arrival has been noted already, so that a sign of life never waits in a queue.
                ToCentral::Ping => continue,
                ToCentral::Bye => return End::Goodbye,
                ToCentral::Hello(_) => {
                    return End::Refused(Refused::Unexpected("hello was said already"));
                }
                ToCentral::Question(Question::Audit { proof, .. })
                    if !self.is_administrator(proof) =>
                {
                    // Whoever tries passwords out has time.
                    sleep(WRONG_PASSWORD).await;
                    return End::Refused(Refused::NotAdministrator);
                }
                ToCentral::Question(question) => Input::Question {
                    connection,
                    question,
                },
                ToCentral::Counting(said) => Input::Counting { connection, said },
                ToCentral::Receiver(message) => Input::event(connection, message),
                ToCentral::Client(message) => Input::event(connection, message),
                ToCentral::Rooms(message) => Input::event(connection, message),
                ToCentral::Signed(signed) => match self.channel.check(&signed) {
                    Ok(()) => Input::Signed {
                        connection,
                        signed,
                        channel: self.channel.clone(),
                    },
                    Err(NotSigned) => return End::Refused(Refused::NotSigned),
                },
                ToCentral::Secondary(message) => Input::event(connection, message),
            };
            if heard.unread(self.context.inputs.send(input)).await.is_err() {
                return End::Broken;
            }
        }
    }

    fn is_administrator(&self, proof: Digest) -> bool {
        let key = self.context.administrator.as_ref();
        key.is_some_and(|key| self.channel.proves(key, proof))
    }

    /// Notes what a message says about how its connection is used.
    fn note_use(&self, message: &ToCentral) {
        match message {
            ToCentral::Ping => {}
            // It waits for its place, or for its sources.
            ToCentral::Client(FromClient::Download { .. } | FromClient::Resume(_)) => {
                self.permit.set_use(Use::Busy);
            }
            ToCentral::Receiver(FromReceiver::Finished(_))
            | ToCentral::Client(FromClient::Cancel { .. })
                if self.kind == Kind::Client =>
            {
                self.permit.set_use(Use::Idle);
            }
            ToCentral::Hello(_)
            | ToCentral::Bye
            | ToCentral::Receiver(_)
            | ToCentral::Client(_)
            | ToCentral::Signed(_)
            | ToCentral::Rooms(_)
            | ToCentral::Question(_)
            | ToCentral::Counting(_)
            | ToCentral::Secondary(_) => self.permit.touch(),
        }
    }
}

#[cfg(test)]
mod tests;
