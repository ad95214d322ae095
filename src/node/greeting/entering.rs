//! Those who connect: TLS, hello, the proof of the secret. Until one is through here it is told nothing.

use std::{io, time::Duration};

use bytes::BytesMut;
use tokio::time::{Instant, timeout_at};

use super::{NoRandomness, Reader, Writer, fresh_nonce};
use crate::{
    model::limits::HELLO_TIMEOUT,
    net::{Beginning, ReadError, Socket, Stream, TlsRefusal, beginning, split},
    node::{refused::Refused, security::Security},
    proto::{
        Lines, PeerRole,
        account::Channel,
        handshake::{FromServer, Nonce, Opening, Server, ServerRole, ToServer},
        legacy::is_legacy,
    },
};

/// What comes of a connection that somebody else began.
#[derive(Debug)]
pub(in crate::node) enum Entered {
    /// Somebody who may be here. Has not been told hello.
    Peer {
        reader: Reader,
        writer: Writer,
        role: PeerRole,
        began: Began,
    },
    /// A legacy client, where there is neither secret nor TLS, with its request.
    Legacy { line: BytesMut, writer: Writer },
    /// Somebody who speaks HTTP. Nothing was read.
    Http(Stream),
    /// Somebody who may not; has been told, and the connection is over.
    Refused(Refused),
    /// Nobody: it ended before it had said anything.
    Gone,
}

/// How a connection began, as a server knows it.
#[derive(Clone, Debug)]
pub(in crate::node) struct Began {
    hello: BytesMut,
    own: ServerRole,
    tls_session: Vec<u8>,
}

impl Began {
    /// What names this connection for whoever signs or proves something on it, and the nonce that makes it so, which is to
    /// be in this server's hello.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub(in crate::node) fn channel(&self) -> Result<(Channel, Nonce), NoRandomness> {
        let nonce = fresh_nonce()?;
        let opening = Opening {
            hello: &self.hello,
            server: self.own,
            tls_session: &self.tls_session,
        };
        Ok((Channel::new(&opening, nonce), nonce))
    }
}

/// Who is answered besides those who speak lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) enum Also {
    Nobody,
    /// Those who speak HTTP, also where there is a secret: that is said by HTTP then.
    Http,
}

impl Also {
    pub(in crate::node) fn of<F>(face: &Option<F>) -> Self {
        match face {
            Some(_) => Self::Http,
            None => Self::Nobody,
        }
    }
}

/// Lets a peer in, or not; takes no longer than a first line may take.
pub(in crate::node) async fn enter(
    socket: Socket,
    security: &Security,
    own: ServerRole,
    also: Also,
    stall_timeout: Duration,
) -> Entered {
    let deadline = Instant::now() + HELLO_TIMEOUT;
    let begins = match timeout_at(deadline, beginning(&socket)).await {
        Ok(Ok(Beginning::Http)) if also == Also::Http || security.is_open() => {
            return Entered::Http(Stream::Plain(socket));
        }
        Ok(Ok(begins)) => begins,
        Ok(Err(_)) => return Entered::Gone,
        Err(_) => return refuse(socket, stall_timeout, Refused::SaysNothing).await,
    };
    let stream = match (&security.server, begins == Beginning::Tls) {
        (None, false) => Stream::Plain(socket),
        (Some(tls), true) => {
            match timeout_at(deadline, tls.accept(socket, also == Also::Http)).await {
                Ok(Ok((stream, Beginning::Http))) => return Entered::Http(stream),
                Ok(Ok((stream, _))) => stream,
                Ok(Err(error)) => {
                    return Entered::Refused(match TlsRefusal::of(&error) {
                        Some(refusal) => Refused::Tls(refusal),
                        None => Refused::TlsBroken(error.into()),
                    });
                }
                Err(_) => return Entered::Refused(Refused::SaysNothing),
            }
        }
        (Some(_), false) => return refuse(socket, stall_timeout, Refused::NeedsTls).await,
        (None, true) => return refuse(socket, stall_timeout, Refused::HasNoTls).await,
    };
    let session = stream.session();
    let (mut reader, mut writer) = split(stream, stall_timeout);
    let heard = hear(&mut reader, &mut writer, security, own, &session);
    let refused = match timeout_at(deadline, heard).await {
        Ok(Ok(Heard::Peer(role, hello))) => {
            let began = Began {
                hello,
                own,
                tls_session: session.to_vec(),
            };
            return Entered::Peer {
                reader,
                writer,
                role,
                began,
            };
        }
        Ok(Ok(Heard::Legacy(line))) => return Entered::Legacy { line, writer },
        Ok(Ok(Heard::Nothing)) => return Entered::Gone,
        Ok(Err(refused)) => refused,
        Err(_) => Refused::SaysNothing,
    };
    Entered::Refused(turn_away(reader, writer, refused).await)
}

/// Sends somebody away who speaks HTTP where nobody else does.
pub(in crate::node) async fn refuse_http(stream: Stream, stall_timeout: Duration) -> Refused {
    let (reader, writer) = split(stream, stall_timeout);
    turn_away(reader, writer, Refused::Unexpected("HTTP is off here")).await
}

/// Sends a peer away before it has said anything that was understood.
async fn refuse(socket: Socket, stall_timeout: Duration, refused: Refused) -> Entered {
    let (reader, writer) = split(socket, stall_timeout);
    Entered::Refused(turn_away(reader, writer, refused).await)
}

/// Tells a peer why it may not be here, and ends the connection; gives the reason back for the log.
pub(in crate::node) async fn turn_away(
    reader: Reader,
    mut writer: Writer,
    refused: Refused,
) -> Refused {
    let (code, message) = (refused.code(), refused.said());
    let _ = writer.send(&FromServer::Error { code, message }).await;
    writer.shutdown().await;
    reader.linger().await;
    refused
}

enum Heard {
    Peer(PeerRole, BytesMut),
    Legacy(BytesMut),
    Nothing,
}

async fn hear(
    reader: &mut Reader,
    writer: &mut Writer,
    security: &Security,
    own: ServerRole,
    session: &[u8],
) -> Result<Heard, Refused> {
    let Some(line) = first_line(reader).await? else {
        return Ok(Heard::Nothing);
    };
    if is_legacy(&line) {
        return if security.is_closed() || security.has_tls() {
            Err(Refused::OldInClosed)
        } else {
            Ok(Heard::Legacy(line))
        };
    }
    let ToServer::Hello(hello) = parse(&line)? else {
        return Err(Refused::Unexpected("the first line must be hello"));
    };
    let nonce = hello.nonce;
    let role = hello.into_role()?;
    let Some(secret) = &security.secret else {
        return Ok(Heard::Peer(role, line));
    };
    if nonce.is_none() {
        return Err(Refused::NeedsSecret);
    }
    let opening = Opening {
        hello: &line,
        server: own,
        tls_session: session,
    };
    let internal = |error: io::Error| Refused::Internal(error.into());
    let nonce = fresh_nonce().map_err(|NoRandomness| Refused::NoRandomness)?;
    let server = Server::challenge(secret, &opening, nonce);
    writer
        .send(&FromServer::Challenge { nonce })
        .await
        .map_err(internal)?;
    let Some(answer) = next_line(reader).await? else {
        return Ok(Heard::Nothing);
    };
    let ToServer::Proof { proof } = parse(&answer)? else {
        return Err(Refused::Unexpected("a challenge is answered by a proof"));
    };
    let proof = server.check(proof).map_err(|_| Refused::WrongSecret)?;
    writer
        .send(&FromServer::Proof { proof })
        .await
        .map_err(internal)?;
    Ok(Heard::Peer(role, line))
}

/// The first line that is not empty. A peer of the legacy protocol may close its side instead of
/// ending the line.
async fn first_line(reader: &mut Reader) -> Result<Option<BytesMut>, Refused> {
    loop {
        match next_line(reader).await? {
            Some(line) if line.trim_ascii().is_empty() => {}
            Some(line) => return Ok(Some(line)),
            None => {
                let rest = reader.rest();
                return Ok(is_legacy(&rest).then_some(rest));
            }
        }
    }
}

/// The next line; `None` when there is nobody left to tell anything.
async fn next_line(reader: &mut Reader) -> Result<Option<BytesMut>, Refused> {
    match reader.next_line().await {
        Ok(line) => Ok(line),
        Err(ReadError::Line(error)) => Err(error.into()),
        Err(ReadError::Io(_) | ReadError::CutShort) => Ok(None),
    }
}

fn parse(line: &[u8]) -> Result<ToServer, Refused> {
    Ok(Lines::parse(line)?)
}
