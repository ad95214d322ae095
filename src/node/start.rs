//! Why a node does not start.

use std::net::{IpAddr, SocketAddr};

use super::{Denied, Lost};
use crate::{
    model::{SecondaryNumber, error_codes},
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
    /// A folder or file that cannot be used.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

error_codes!(StartError, code {
    Self::PortInUse(_) => "port-in-use",
    Self::NotLocal(_) => "address-not-local",
    Self::PortDenied(_) => "port-denied",
    Self::Listen { .. } => "listen-failed",
    Self::NumberInUse { .. } => "number-in-use",
    Self::Refused(_) => "refused-by-central",
} in {
    Self::Denied(denied) => denied.code(),
    Self::Store(error) => error.code(),
});

impl StartError {
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
