//! What a central and a secondary have in common as servers: where connections come in, who is turned away, and the tasks
//! that serve the others.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use tokio_util::task::TaskTracker;

use super::{
    refusals::{Refusals, tell_no_permit},
    refused::Refused,
    security::Security,
};
use crate::{
    net::{Accepted, Arrival, Door, Listener, PermitCount},
    proto::ErrorCode,
};

/// See the module.
pub(super) struct Server {
    /// Closed while the server stops.
    door: Option<Door>,
    security: Arc<Security>,
    connections: TaskTracker,
}

/// What a server counts of its connections.
#[derive(Clone, Debug, Default)]
pub struct ServerFigures {
    /// Those that are there now.
    pub permits: PermitCount,
    /// Those that were refused, or ended for what their peers did, from run to run.
    pub refused: BTreeMap<ErrorCode, u64>,
}

/// Somebody who got no connection.
#[derive(Debug)]
pub(super) struct TurnedAway {
    /// Unknown where the connection ended before it could be asked.
    pub(super) address: Option<SocketAddr>,
    pub(super) reason: Refused,
}

impl Server {
    /// With so many permits for connections.
    pub(super) fn new(listener: Listener, permits: usize, security: Arc<Security>) -> Self {
        Self {
            door: Some(Door::new(listener, permits)),
            security,
            connections: TaskTracker::new(),
        }
    }

    /// The next connection, or whoever was turned away instead. Cancel-safe.
    pub(super) async fn arrival(&mut self) -> Result<Accepted, TurnedAway> {
        let Some(door) = &mut self.door else {
            return std::future::pending().await;
        };
        match door.accept().await {
            Arrival::Accepted(accepted) => Ok(accepted),
            Arrival::NoPermit(socket, peer) => Err(TurnedAway {
                address: Some(peer),
                reason: tell_no_permit(&socket, door.most_connections(), &self.security),
            }),
            Arrival::NoDescriptor(address) => Err(TurnedAway {
                address,
                reason: Refused::NoDescriptor,
            }),
        }
    }

    /// Runs the task that serves a connection.
    pub(super) fn serve(&self, serving: impl Future<Output = ()> + Send + 'static) {
        self.connections.spawn(serving);
    }

    /// How many connections are served.
    pub(super) fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Its figures, with those it has refused.
    pub(super) fn figures(&self, refused: &Refusals) -> ServerFigures {
        let door = self.door.as_ref();
        ServerFigures {
            permits: door.map(Door::connections).unwrap_or_default(),
            refused: refused.by_code().clone(),
        }
    }

    /// Nobody is let in any more; gives what tells when all connections have ended.
    pub(super) fn close(&mut self) -> TaskTracker {
        self.door = None;
        self.connections.close();
        self.connections.clone()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;
    use crate::net::{
        connect,
        memory::{MemoryNetwork, ip},
    };

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_permit_is_told_so() {
        let network = MemoryNetwork::default();
        let at = (ip(1), 7).into();
        let listener = network.host(1).listen(at).unwrap();
        let mut server = Server::new(listener, 1, Arc::default());
        let (_first, _) = connect(&network.host(2), &[at]).await.unwrap();
        let accepted = server.arrival().await.unwrap();
        accepted.permit.set_use(crate::net::Use::Busy);
        let (mut second, _) = connect(&network.host(2), &[at]).await.unwrap();
        let turned_away = server.arrival().await.unwrap_err();
        assert_eq!(turned_away.address, Some(second.local_addr().unwrap()));
        assert_eq!(turned_away.reason, Refused::NoPermit { most: 1 });
        let mut told = String::new();
        second.read_to_string(&mut told).await.unwrap();
        assert!(told.contains("\"limit-exceeded\""), "{told}");
        // It ends with its last connection.
        server.serve(async move { drop(accepted) });
        server.close().wait().await;
        let refused = connect(&network.host(2), &[at]).await;
        assert!(refused.is_err());
    }
}
