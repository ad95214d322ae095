//! Outgoing connections, with a deadline.

use std::{io, net::SocketAddr};

use tokio::{net::TcpStream, time::timeout};

use crate::model::limits::CONNECT_TIMEOUT;

/// Why a connection was not made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The host name has no address.
    #[error("{host}: unknown host: {source}")]
    Resolve {
        /// The name.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// Nothing answered in time.
    #[error("{0}: no answer")]
    TimedOut(SocketAddr),
    /// It was refused or cannot be reached.
    #[error("{address}: {source}")]
    Refused {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// The addresses of a host name or a written address.
///
/// # Errors
/// [`ConnectError::Resolve`] when there is none.
pub async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    let fail = |source| ConnectError::Resolve {
        host: host.to_owned(),
        source,
    };
    let lookup = timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((host, port)));
    let found = lookup
        .await
        .map_err(|_| fail(io::ErrorKind::TimedOut.into()))?
        .map_err(fail)?;
    let mut addresses: Vec<_> = found.collect();
    // Servers listen on IPv4 unless told otherwise, and `localhost` often means both.
    addresses.sort_by_key(SocketAddr::is_ipv6);
    if addresses.is_empty() {
        Err(fail(io::ErrorKind::NotFound.into()))
    } else {
        Ok(addresses)
    }
}

/// Connects to the first address that answers, each within the time limit.
///
/// # Errors
/// What happened at the last address.
pub async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
    let mut last = ConnectError::Resolve {
        host: String::new(),
        source: io::ErrorKind::NotFound.into(),
    };
    for address in addresses {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A request is a short line that somebody waits for.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(source)) => {
                last = ConnectError::Refused {
                    address: *address,
                    source,
                }
            }
            Err(_) => last = ConnectError::TimedOut(*address),
        }
    }
    Err(last)
}
