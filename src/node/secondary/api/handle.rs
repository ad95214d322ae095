//! The handle of a running secondary.

use std::{net::SocketAddr, ops::Deref};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::SecondaryOrders;
use crate::node::StopError;

/// A running secondary; what it is asked is in [`SecondaryOrders`].
#[derive(Debug)]
pub struct SecondaryHandle {
    pub(in crate::node::secondary) address: SocketAddr,
    pub(in crate::node::secondary) orders: SecondaryOrders,
    pub(in crate::node::secondary) stop: CancellationToken,
    pub(in crate::node::secondary) done: JoinHandle<Result<(), StopError>>,
}

impl Deref for SecondaryHandle {
    type Target = SecondaryOrders;

    fn deref(&self) -> &SecondaryOrders {
        &self.orders
    }
}

impl SecondaryHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cancelled when the node stops by itself, for instance because the central refuses it.
    pub fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Says goodbye, gives transfers two seconds, saves the statistics and ends.
    ///
    /// # Errors
    /// When the statistics could not be saved, or the node had failed before.
    pub async fn stop(self) -> Result<(), StopError> {
        self.stop.cancel();
        StopError::of(self.done.await)
    }
}
