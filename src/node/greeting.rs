//! How connections begin, on both planes and both sides: TLS, hello, proofs of the secret. Until a peer is
//! through here it is told nothing.

use std::{io, time::Duration};

use bytes::BytesMut;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::{Instant, timeout_at};

use super::{
    lost::Stranger,
    refused::Refused,
    security::{Denied, Security},
};
use crate::{
    model::limits::HELLO_TIMEOUT,
    net::{
        Beginning, ConnectError, LineReader, LineWriter, ReadError, ReadSide, Socket, Stream,
        TlsRefusal, WriteSide, beginning, split,
    },
    proto::{
        ErrorCode, Hello, Lines, PeerRole, Said,
        account::Channel,
        encode_line,
        handshake::{Connector, FromServer, Nonce, Opening, Server, ServerRole, ToServer},
        legacy::is_legacy,
    },
};

pub(super) type Reader = LineReader<ReadSide>;
pub(super) type Writer = LineWriter<WriteSide>;

/// Why a connection that this side began is of no use.
#[derive(Debug)]
pub(super) enum GreetError {
    Connect(ConnectError),
    Denied(Denied),
    /// The server's words.
    Refused(ErrorCode, Said),
    Read(ReadError),
    Write(io::Error),
    /// The connection was closed before hello.
    Closed,
    /// The system gives no random numbers.
    NoRandomness,
    /// What answers is not what was dialled.
    Stranger(Stranger),
}

impl GreetError {
    pub(super) fn read(error: ReadError) -> Self {
        match &error {
            ReadError::Io(io) => match TlsRefusal::of(io) {
                Some(refusal) => Self::Denied(Denied::Tls(refusal)),
                None => Self::Read(error),
            },
            ReadError::Line(_) | ReadError::CutShort => Self::Read(error),
        }
    }
}

/// A server has said hello.
pub(super) struct Introduced {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
    pub(super) hello: Hello,
    /// What names this connection for whoever signs or proves something on it; an old server takes no such thing.
    pub(super) channel: Option<Channel>,
}

/// Says hello, proves the secret and has it proven; gives the connection once the server has said hello.
/// `stage` adds what is sent with the last line of this side's before that.
pub(super) async fn introduce(
    stream: Stream,
    stall_timeout: Duration,
    security: &Security,
    hello: Hello,
    server: ServerRole,
    stage: impl FnOnce(&mut Writer),
) -> Result<(Reader, Writer, Hello), GreetError> {
    let introduced = introduce_on(stream, stall_timeout, security, hello, server, stage);
    let Introduced {
        reader,
        writer,
        hello,
        ..
    } = introduced.await?;
    Ok((reader, writer, hello))
}

/// The same, with what names the connection.
pub(super) async fn introduce_on(
    stream: Stream,
    stall_timeout: Duration,
    security: &Security,
    mut hello: Hello,
    server: ServerRole,
    stage: impl FnOnce(&mut Writer),
) -> Result<Introduced, GreetError> {
    let session = stream.session();
    let (mut reader, mut writer) = split(stream, stall_timeout);
    let channel = |line: &[u8], hello: &Hello| {
        let opening = Opening {
            hello: line,
            server,
            tls_session: &session,
        };
        hello.nonce.map(|nonce| Channel::new(&opening, nonce))
    };
    let Some(secret) = &security.secret else {
        let hello = ToServer::Hello(hello);
        let line = line_of(&hello);
        writer.stage(&hello);
        stage(&mut writer);
        writer.flush().await.map_err(GreetError::Write)?;
        return match answer(&mut reader).await? {
            FromServer::Hello(hello) => Ok(Introduced {
                channel: channel(&line, &hello),
                reader,
                writer,
                hello,
            }),
            FromServer::Challenge { .. } => Err(GreetError::Denied(Denied::SecretRequired)),
            other => Err(unexpected(&other)),
        };
    };
    let nonce = fresh_nonce().map_err(|NoRandomness| GreetError::NoRandomness)?;
    hello.nonce = Some(nonce);
    let hello = ToServer::Hello(hello);
    let line = line_of(&hello);
    writer.send(&hello).await.map_err(GreetError::Write)?;
    let nonce = match answer(&mut reader).await.map_err(unproven)? {
        FromServer::Challenge { nonce } => nonce,
        FromServer::Hello(_) => return Err(GreetError::Denied(Denied::NoSecretThere)),
        other => return Err(unexpected(&other)),
    };
    let opening = Opening {
        hello: &line,
        server,
        tls_session: &session,
    };
    let (connector, proof) = Connector::answer(secret, &opening, nonce);
    writer.stage(&ToServer::Proof { proof });
    stage(&mut writer);
    writer.flush().await.map_err(GreetError::Write)?;
    match answer(&mut reader).await.map_err(unproven)? {
        FromServer::Proof { proof } => connector
            .check(proof)
            .map_err(|_| GreetError::Denied(Denied::WrongSecret))?,
        FromServer::Hello(_) => return Err(GreetError::Denied(Denied::NoSecretThere)),
        other => return Err(unexpected(&other)),
    }
    match answer(&mut reader).await? {
        FromServer::Hello(hello) => Ok(Introduced {
            channel: channel(&line, &hello),
            reader,
            writer,
            hello,
        }),
        other => Err(unexpected(&other)),
    }
}

/// A line as it is sent, without its line feed.
fn line_of(message: &ToServer) -> Vec<u8> {
    let mut line = Vec::new();
    encode_line(message, &mut line);
    line.pop();
    line
}

/// The server's next line; its errors are this side's.
async fn answer(reader: &mut Reader) -> Result<FromServer, GreetError> {
    let line = reader.next_line().await.map_err(GreetError::read)?;
    let line = line.ok_or(GreetError::Closed)?;
    match Lines::parse(&line) {
        Ok(FromServer::Error { code, message }) => Err(match code {
            ErrorCode::SecretRequired => GreetError::Denied(Denied::SecretRequired),
            ErrorCode::WrongSecret => GreetError::Denied(Denied::WrongSecret),
            ErrorCode::TlsRequired => GreetError::Denied(Denied::TlsRequired),
            ErrorCode::NoTls => GreetError::Denied(Denied::Tls(TlsRefusal::NotTls)),
            _ => GreetError::Refused(code, message),
        }),
        Ok(message) => Ok(message),
        Err(error) => Err(GreetError::Stranger(Stranger::Other(error.to_string()))),
    }
}

/// A refusal of somebody who has not proven the secret: it sends nobody elsewhere.
fn unproven(error: GreetError) -> GreetError {
    match error {
        GreetError::Refused(ErrorCode::NotActive, said) => {
            GreetError::Refused(ErrorCode::NotActive, said.message.into())
        }
        other => other,
    }
}

fn unexpected(message: &FromServer) -> GreetError {
    GreetError::Stranger(Stranger::Other(format!("{message:?} instead of hello")))
}

/// The system gives no random numbers.
#[derive(Debug)]
pub(super) struct NoRandomness;

/// 32 bytes that nobody can foresee; `None` when the system gives none.
pub(super) fn random_bytes() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}

fn fresh_nonce() -> Result<Nonce, NoRandomness> {
    let mut bytes = [0; Nonce::BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| NoRandomness)?;
    Ok(Nonce::new(bytes))
}

/// What comes of a connection that somebody else began.
#[derive(Debug)]
pub(super) enum Entered {
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
pub(super) struct Began {
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
    pub(super) fn channel(&self) -> Result<(Channel, Nonce), NoRandomness> {
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
pub(super) enum Also {
    Nobody,
    /// Those who speak HTTP, also where there is a secret: that is said by HTTP then.
    Http,
}

impl Also {
    pub(super) fn of<F>(face: &Option<F>) -> Self {
        match face {
            Some(_) => Self::Http,
            None => Self::Nobody,
        }
    }
}

/// Lets a peer in, or not; takes no longer than a first line may take.
pub(super) async fn enter(
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
pub(super) async fn refuse_http(stream: Stream, stall_timeout: Duration) -> Refused {
    let (reader, writer) = split(stream, stall_timeout);
    turn_away(reader, writer, Refused::Unexpected("HTTP is off here")).await
}

/// Sends a peer away before it has said anything that was understood.
async fn refuse(socket: Socket, stall_timeout: Duration, refused: Refused) -> Entered {
    let (reader, writer) = split(socket, stall_timeout);
    Entered::Refused(turn_away(reader, writer, refused).await)
}

/// Tells a peer why it may not be here, and ends the connection; gives the reason back for the log.
pub(super) async fn turn_away(reader: Reader, mut writer: Writer, refused: Refused) -> Refused {
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

#[cfg(test)]
mod tests;
