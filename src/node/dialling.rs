//! How connections that this side begins are made: to servers, which show certificates that an authority has signed, and to
//! peers, whose keys the central names.

use std::{io, net::SocketAddr};

use tokio::time::{Instant, timeout_at};

use super::{
    greeting::GreetError,
    security::{Denied, Security},
};
use crate::{
    model::{Digest, limits::HELLO_TIMEOUT},
    net::{Network, Socket, Stream, TlsRefusal, Traffic, connect, connect_pinned},
};

/// Connects to the first address of a source that answers, which was dialled under this name or address.
pub(super) async fn dial(
    network: &Network,
    addresses: &[SocketAddr],
    dialled: &str,
    security: &Security,
) -> Result<Stream, GreetError> {
    let (socket, _) = connect(network, addresses)
        .await
        .map_err(GreetError::Connect)?;
    secure(socket, dialled, Traffic::Bulk, security).await
}

/// Connects to the first address of a peer that answers. Where connections are encrypted, its key must be the one that the
/// central has named.
pub(super) async fn dial_peer(
    network: &Network,
    addresses: &[SocketAddr],
    key: Option<Digest>,
    security: &Security,
) -> Result<Stream, GreetError> {
    let (socket, _) = connect(network, addresses)
        .await
        .map_err(GreetError::Connect)?;
    let Some(key) = key else {
        return match security.trusts() {
            true => Err(GreetError::Denied(Denied::Tls(TlsRefusal::NotTls))),
            false => Ok(Stream::Plain(socket)),
        };
    };
    let connected = timeout_at(Instant::now() + HELLO_TIMEOUT, connect_pinned(socket, key));
    let connected = connected
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    connected.map_err(|error| GreetError::read(error.into()))
}

/// Begins TLS on a connection to what was dialled, where there is to be any.
pub(super) async fn secure(
    socket: Socket,
    dialled: &str,
    traffic: Traffic,
    security: &Security,
) -> Result<Stream, GreetError> {
    match &security.client {
        None => Ok(Stream::Plain(socket)),
        Some(tls) => {
            let connected = timeout_at(
                Instant::now() + HELLO_TIMEOUT,
                tls.connect(socket, dialled, traffic),
            );
            let connected = connected
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            connected.map_err(|error| GreetError::read(error.into()))
        }
    }
}
