//! The handle of a running central.

use std::{net::SocketAddr, ops::Deref, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::CentralOrders;
use crate::{node::StopError, store::StoreError};

/// A running central; what it is asked is in [`CentralOrders`].
#[derive(Debug)]
pub struct CentralHandle {
    pub(in crate::node::central) address: SocketAddr,
    pub(in crate::node::central) orders: CentralOrders,
    pub(in crate::node::central) stop: CancellationToken,
    pub(in crate::node::central) done: JoinHandle<Result<(), StoreError>>,
}

impl Deref for CentralHandle {
    type Target = CentralOrders;

    fn deref(&self) -> &CentralOrders {
        &self.orders
    }
}

impl CentralHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cancelled when the node stops by itself, because a part of it has failed.
    pub fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Says goodbye to all, saves the statistics and ends; at most about [`Self::STOP_WITHIN`].
    ///
    /// # Errors
    /// When the statistics could not be saved, or the node had failed before.
    pub async fn stop(self) -> Result<(), StopError> {
        self.stop.cancel();
        StopError::of(self.done.await)
    }

    /// Longest that [`Self::stop`] takes.
    pub const STOP_WITHIN: Duration = Duration::from_secs(4);
}
