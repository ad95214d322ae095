//! Where a client's peers come in: the port, the certificate of this run, and what tickets are checked with.

use std::{io, net::SocketAddr, sync::Arc};

use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    connection::{self, Context},
    inputs::{PeerInput, Served},
    standing::Standing,
};
use crate::{
    model::{Digest, limits::MAX_PEER_CONNECTIONS},
    net::{Identity, Network, PEER_NAME, ServerTls, pin},
    node::{
        Security, StartError,
        send::{self, Uplink},
        server::{Server, TurnedAway},
        start::listen_on,
    },
};

/// A port at which peers are served.
pub(in crate::node::client) struct Door {
    server: Server,
    address: SocketAddr,
    key: Option<Digest>,
    context: Context,
    stop: CancellationToken,
}

impl Door {
    /// Listens: at one of these ports of all addresses, the first that is free. What peers ask goes to `inputs`.
    pub(in crate::node::client) fn open(
        network: &Network,
        ports: &[SocketAddr],
        security: &Security,
        standing: Standing,
        (uplink, inputs): (Arc<Uplink>, mpsc::Sender<PeerInput>),
    ) -> Result<Self, StartError> {
        let (listener, address) = first_free(network, ports)?;
        let (security, key) = for_peers(security, address)?;
        let security = Arc::new(security);
        let stop = CancellationToken::new();
        let served = Served {
            inputs,
            standing: standing.clone(),
        };
        let context = Context {
            standing,
            security: Arc::clone(&security),
            send: send::Context {
                provider: Arc::new(served),
                uplink,
                stop: stop.clone(),
            },
        };
        Ok(Self {
            server: Server::new(listener, MAX_PEER_CONNECTIONS, security),
            address,
            key,
            context,
            stop,
        })
    }

    /// Where it listens.
    pub(in crate::node::client) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What peers pin, where connections are encrypted.
    pub(in crate::node::client) fn key(&self) -> Option<Digest> {
        self.key
    }

    /// Connections that are served.
    pub(in crate::node::client) fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Takes the next connection in, or tells who was turned away. Cancel-safe.
    pub(in crate::node::client) async fn next(&mut self) -> Option<TurnedAway> {
        match self.server.arrival().await {
            Ok(accepted) => {
                let context = self.context.clone();
                self.server.serve(connection::serve(accepted, context));
                None
            }
            Err(turned_away) => Some(turned_away),
        }
    }

    /// Lets nobody in any more, and ends what there is; gives what tells when all has ended.
    pub(in crate::node::client) fn close(mut self) -> TaskTracker {
        self.stop.cancel();
        self.server.close()
    }
}

fn first_free(
    network: &Network,
    ports: &[SocketAddr],
) -> Result<(crate::net::Listener, SocketAddr), StartError> {
    let (last, others) = match ports.split_last() {
        Some((last, others)) => (*last, others),
        None => (SocketAddr::from(([0, 0, 0, 0], 0)), ports),
    };
    for port in others {
        if let Ok(listening) = listen_on(network, *port) {
            return Ok(listening);
        }
    }
    listen_on(network, last)
}

/// The same secret, and where connections are encrypted a certificate of this run's own: whoever is sent here knows its key.
fn for_peers(
    security: &Security,
    address: SocketAddr,
) -> Result<(Security, Option<Digest>), StartError> {
    let mut own = security.clone();
    own.server = None;
    if !security.trusts() {
        return Ok((own, None));
    }
    let (identity, key) = self_signed().map_err(|source| StartError::Listen { address, source })?;
    let tls = ServerTls::new(&identity, None).map_err(io::Error::other);
    own.server = Some(tls.map_err(|source| StartError::Listen { address, source })?);
    Ok((own, Some(key)))
}

fn self_signed() -> io::Result<(Identity, Digest)> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let params = CertificateParams::new(vec![PEER_NAME.to_owned()]).map_err(io::Error::other)?;
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    let identity = Identity::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes());
    let pinned = pin(&key.subject_public_key_info());
    Ok((identity.map_err(io::Error::other)?, pinned))
}
