//! Outgoing connections, with a deadline: a name's addresses are found, and the first of them that answers is taken.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    network::Network,
    socket::Socket,
    zones::{in_zones, written},
};
use crate::model::limits::{CONNECT_TIMEOUT, LOOKUP_TIMEOUT};

/// How long an address is tried alone before the next one is tried beside it (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);
/// No server's name has more addresses than this.
const MOST_ADDRESSES: usize = 32;

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
    /// The zone of a link-local address names no interface of this machine.
    #[error("{host}: no interface {zone}")]
    NoInterface {
        /// The address as it was written.
        host: String,
        /// Its zone.
        zone: String,
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

/// The addresses of a host name or a written address, in the order in which they are best tried. A look-up has the
/// time that the system's resolver takes when its first name servers are dead.
///
/// # Errors
/// [`ConnectError::Resolve`] when there is none.
pub async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    if let Some(written) = written(host, port) {
        let address = written.map_err(|none| ConnectError::NoInterface {
            host: host.to_owned(),
            zone: none.0,
        })?;
        return Ok(in_zones(address));
    }
    let fail = |source| ConnectError::Resolve {
        host: host.to_owned(),
        source,
    };
    let lookup = timeout(LOOKUP_TIMEOUT, tokio::net::lookup_host((host, port)));
    let found = lookup
        .await
        .map_err(|_| fail(io::ErrorKind::TimedOut.into()))?
        .map_err(fail)?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found.flat_map(in_zones) {
        if !addresses.contains(&address) && addresses.len() < MOST_ADDRESSES {
            addresses.push(address);
        }
    }
    // Servers listen on IPv4 unless told otherwise, and `localhost` often means both.
    addresses.sort_by_key(SocketAddr::is_ipv6);
    if addresses.is_empty() {
        Err(fail(io::ErrorKind::NotFound.into()))
    } else {
        Ok(addresses)
    }
}

/// Connects to the first address that answers, and says which. The next one is tried when one fails, or beside it
/// when it is slow; each has the time limit. Cancel-safe.
///
/// # Errors
/// What happened at the first address.
pub async fn connect(
    network: &Network,
    addresses: &[SocketAddr],
) -> Result<(Socket, SocketAddr), ConnectError> {
    let mut attempts = JoinSet::new();
    let mut waiting = addresses.iter().copied().enumerate();
    let mut first: Option<(usize, ConnectError)> = None;
    loop {
        match waiting.next() {
            Some((index, address)) => {
                let network = network.clone();
                attempts.spawn(async move { (index, attempt(&network, address).await) });
            }
            None if attempts.is_empty() => break,
            None => {}
        }
        let is_last = waiting.len() == 0;
        tokio::select! {
            Some(ended) = attempts.join_next() => match ended {
                Ok((_, Ok(connected))) => return Ok(connected),
                Ok((index, Err(error))) => {
                    if first.as_ref().is_none_or(|(before, _)| index < *before) {
                        first = Some((index, error));
                    }
                }
                // The task does not panic, and only this function aborts it.
                Err(error) => tracing::error!(%error, "an attempt to connect has ended"),
            },
            () = sleep(HEAD_START), if !is_last => {}
        }
    }
    Err(first.map_or_else(
        || ConnectError::Resolve {
            host: String::new(),
            source: io::ErrorKind::NotFound.into(),
        },
        |(_, error)| error,
    ))
}

async fn attempt(
    network: &Network,
    address: SocketAddr,
) -> Result<(Socket, SocketAddr), ConnectError> {
    match timeout(CONNECT_TIMEOUT, network.connect(address)).await {
        Ok(Ok(socket)) => Ok((socket, address)),
        Ok(Err(source)) => Err(ConnectError::Refused { address, source }),
        Err(_) => Err(ConnectError::TimedOut(address)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpStream;

    use super::*;

    async fn listener() -> (tokio::net::TcpListener, SocketAddr) {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn every_address_is_tried_and_the_error_is_the_first_ones() {
        let (open, at) = listener().await;
        let closed = |port: u16| SocketAddr::from(([127, 0, 0, 9], port));
        let (one, two) = (closed(1), closed(2));
        let (_, connected) = connect(&Network::Kernel, &[one, two, at]).await.unwrap();
        assert_eq!(connected, at);
        drop(open);
        match connect(&Network::Kernel, &[one, two]).await.unwrap_err() {
            ConnectError::Refused { address, .. } => assert_eq!(address, one),
            other => panic!("{other}"),
        }
        assert!(connect(&Network::Kernel, &[]).await.is_err());
    }

    #[tokio::test]
    async fn an_address_that_does_not_answer_holds_the_next_ones_up_for_a_moment_only() {
        // A queue of one that is full: the kernel answers no more.
        let silent =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        silent.bind(&any.into()).unwrap();
        silent.listen(0).unwrap();
        let full = silent.local_addr().unwrap().as_socket().unwrap();
        let mut takes_it_up = Vec::new();
        while let Ok(Ok(stream)) = timeout(HEAD_START, TcpStream::connect(full)).await {
            takes_it_up.push(stream);
        }
        let (_open, at) = listener().await;
        let (_, connected) = connect(&Network::Kernel, &[full, at]).await.unwrap();
        assert_eq!(connected, at);
        match connect(&Network::Kernel, &[full]).await.unwrap_err() {
            ConnectError::TimedOut(address) => assert_eq!(address, full),
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn a_zone_that_is_no_interface_is_named() {
        match resolve("fe80::1%eth99", 1).await.unwrap_err() {
            ConnectError::NoInterface { host, zone } => {
                assert_eq!((host.as_str(), zone.as_str()), ("fe80::1%eth99", "eth99"));
            }
            other => panic!("{other}"),
        }
        let localhost = resolve("localhost", 7).await.unwrap();
        assert_eq!(localhost[0], SocketAddr::from((Ipv4Addr::LOCALHOST, 7)));
    }
}
