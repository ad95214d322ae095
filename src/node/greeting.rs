//! How connections begin, on both planes and both sides: TLS, hello, proofs of the secret. Here is the side that connects,
//! `entering` the one that is connected to.

mod entering;

use std::{io, time::Duration};

use ring::rand::{SecureRandom, SystemRandom};

pub(super) use self::entering::{Also, Entered, enter, refuse_http, turn_away};
use super::{
    lost::Stranger,
    security::{Denied, Security},
};
use crate::{
    net::{
        ConnectError, LineReader, LineWriter, ReadError, ReadSide, Stream, TlsRefusal, WriteSide,
        split,
    },
    proto::{
        ErrorCode, Hello, Lines, Said,
        account::Channel,
        encode_line,
        handshake::{Connector, FromServer, Nonce, Opening, ServerRole, ToServer},
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
    let opened = |line: &[u8], hello: Hello, reader, writer| {
        let opening = Opening {
            hello: line,
            server,
            tls_session: &session,
        };
        Introduced {
            channel: hello.nonce.map(|nonce| Channel::new(&opening, nonce)),
            reader,
            writer,
            hello,
        }
    };
    let Some(secret) = &security.secret else {
        let hello = ToServer::Hello(hello);
        let line = line_of(&hello);
        writer.stage(&hello);
        stage(&mut writer);
        writer.flush().await.map_err(GreetError::Write)?;
        return match answer(&mut reader).await? {
            FromServer::Hello(hello) => Ok(opened(&line, hello, reader, writer)),
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
        FromServer::Hello(hello) => Ok(opened(&line, hello, reader, writer)),
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

#[cfg(test)]
mod tests;
