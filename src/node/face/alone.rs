//! A face without a node: a place of its own where it takes connections, for as long as somebody keeps it.

use std::{net::SocketAddr, sync::Arc};

use ring::rand::{SecureRandom, SystemRandom};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Face, Reception};
use crate::{
    model::limits::HTTP_SHARE,
    net::{Accepted, Arrival, Door, Network},
    node::{StartError, start::listen_on},
};

/// Connections at once. A player needs two.
const MOST_CONNECTIONS: usize = 256;

/// See the module. It ends when this is dropped.
#[derive(Debug)]
pub struct Alone {
    address: SocketAddr,
    _stop: DropGuard,
}

impl Alone {
    /// Takes connections at an address, for the face that is made for the address that was found.
    ///
    /// # Errors
    /// When nobody can listen there.
    pub fn start(
        address: SocketAddr,
        make: impl FnOnce(SocketAddr) -> Arc<dyn Face>,
    ) -> Result<Self, StartError> {
        let (listener, address) = listen_on(&Network::Kernel, address)?;
        let reception = Reception::new(make(address), MOST_CONNECTIONS * HTTP_SHARE);
        let stop = CancellationToken::new();
        let mut door = Door::new(listener, MOST_CONNECTIONS);
        let ends = stop.clone();
        tokio::spawn(async move {
            loop {
                let arrival = tokio::select! {
                    arrival = door.accept() => arrival,
                    () = ends.cancelled() => return,
                };
                if let Arrival::Accepted(accepted) = arrival {
                    tokio::spawn(serve(reception.clone(), accepted, ends.clone()));
                }
            }
        });
        Ok(Self {
            address,
            _stop: stop.drop_guard(),
        })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(reception: Reception, accepted: Accepted, stop: CancellationToken) {
    let Accepted {
        socket,
        peer,
        permit,
    } = accepted;
    let permit = Arc::new(permit);
    let revoked = Arc::clone(&permit);
    tokio::select! {
        () = reception.attend(socket.into(), peer, permit, stop.clone()) => {}
        () = revoked.revoked() => {}
        // Nobody waits for a player that has paused.
        () = stop.cancelled() => {}
    }
}

/// What nobody can foresee, in hexadecimal digits: 128 bits. `None` where the system has no randomness.
pub fn secret_word() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
