//! Why a node does not start.

use std::net::{IpAddr, SocketAddr};

use super::{Denied, Lost, no_key_store::KeyStoreError};
use crate::{
    model::{SecondaryNumber, error_codes},
    net::{ConnectError, Listener, Network, listen, resolve},
    proto::Said,
};

/// Why a node does not start; each says what a person can change.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("{0}: port in use")]
    PortInUse(SocketAddr),
    /// The address is not one of this machine's.
    #[error("{0}: not an address of this machine")]
    NotLocal(IpAddr),
    /// The name or the zone of an address means nothing here.
    #[error("{host}: no such host or interface")]
    NoSuchHost {
        /// As it was given.
        host: String,
        /// What it says of an interface that is not there.
        zone: Option<String>,
    },
    /// The operating system does not allow it, as for ports below 1024.
    #[error("{0}: not allowed")]
    PortDenied(SocketAddr),
    /// Any other failure to listen.
    #[error("{address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The central has another live secondary with this number.
    #[error("secondary number {number}: in use: {message}")]
    NumberInUse {
        /// The number.
        number: SecondaryNumber,
        /// The central's words, and who has it.
        message: Said,
    },
    /// The central has no place for this number, or speaks another protocol.
    #[error("refused by the central: {0}")]
    Refused(Lost),
    /// The central and this node are not started alike.
    #[error("denied: {0}")]
    Denied(Denied),
    /// The key store of several centrals cannot be used.
    #[error(transparent)]
    KeyStore(#[from] KeyStoreError),
    /// A folder or file that cannot be used.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// A central's journal that cannot be used.
    #[error(transparent)]
    Journal(#[from] crate::store::diary::DiaryError),
}

error_codes!(StartError, code {
    Self::PortInUse(_) => "port-in-use",
    Self::NotLocal(_) => "address-not-local",
    Self::NoSuchHost { .. } => "host-unknown",
    Self::PortDenied(_) => "port-denied",
    Self::Listen { .. } => "listen-failed",
    Self::NumberInUse { .. } => "number-in-use",
    Self::Refused(_) => "refused-by-central",
} in {
    Self::Denied(denied) => denied.code(),
    Self::KeyStore(error) => error.code(),
    Self::Store(error) => error.code(),
    Self::Journal(error) => error.code(),
});

/// Where a node listens that was given a name or an address: of several, the first that is this machine's.
///
/// # Errors
/// [`StartError::NoSuchHost`].
pub async fn where_to_listen(host: &str, port: u16) -> Result<SocketAddr, StartError> {
    let addresses = resolve(host, port).await?;
    let is_ours = |address: &&SocketAddr| {
        let mut free = **address;
        free.set_port(0);
        listen(free).is_ok()
    };
    match addresses.as_slice() {
        [only] => Ok(*only),
        several => several
            .iter()
            .find(is_ours)
            .or(several.first())
            .copied()
            .ok_or_else(|| StartError::no_such_host(host)),
    }
}

/// The address that others are given of a host, by its name or its address; `None` when that is none, as `0.0.0.0`.
///
/// # Errors
/// [`StartError::NoSuchHost`].
pub async fn announced_ip(host: &str) -> Result<Option<IpAddr>, StartError> {
    let addresses = resolve(host, 0).await?;
    let first = addresses.first().map(|address| address.ip().to_canonical());
    Ok(first.filter(|ip| !ip.is_unspecified()))
}

/// Begins to listen; gives the address too, as a port may have been chosen.
pub(super) fn listen_on(
    network: &Network,
    address: SocketAddr,
) -> Result<(Listener, SocketAddr), StartError> {
    let sorted = |error| StartError::listen(address, error);
    let listener = network.listen(address).map_err(sorted)?;
    let address = listener.local_addr().map_err(sorted)?;
    Ok((listener, address))
}

impl From<ConnectError> for StartError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::NoInterface { host, zone } => Self::NoSuchHost {
                host,
                zone: Some(zone),
            },
            ConnectError::Resolve { host, .. } => Self::no_such_host(&host),
            ConnectError::TimedOut(address) | ConnectError::Refused { address, .. } => {
                Self::no_such_host(&address.to_string())
            }
        }
    }
}

impl StartError {
    fn no_such_host(host: &str) -> Self {
        Self::NoSuchHost {
            host: host.to_owned(),
            zone: None,
        }
    }

    /// Sorts a failure to listen.
    pub(super) fn listen(address: SocketAddr, error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::AddrInUse => Self::PortInUse(address),
            std::io::ErrorKind::AddrNotAvailable => Self::NotLocal(address.ip()),
            std::io::ErrorKind::PermissionDenied => Self::PortDenied(address),
            _ => Self::Listen {
                address,
                source: error,
            },
        }
    }
}
