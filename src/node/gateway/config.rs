//! What a gateway is made of, and what it is asked.

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::{mpsc, oneshot};

use crate::{
    model::{ClientName, FileName, Session},
    net::Network,
    node::{
        Centrals, Security, Watched,
        finding::LinkConfig,
        link::{Link, LinkEvent},
    },
    proto::PeerRole,
};

/// Messages of the central that may wait.
const MESSAGES: usize = 64;

/// Verified chunks of one content that are kept in memory, in bytes.
pub(super) const MOST_EACH: u64 = 128 << 20;

/// Somebody wants to read a file.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) name: FileName,
    pub(super) answer: oneshot::Sender<Result<Watched, NotWatched>>,
}

/// Why a file cannot be read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWatched {
    /// Nobody has it.
    #[error("nobody has it")]
    NotFound,
    /// Service has not begun, there is no central, or it lets this gateway begin nothing now.
    #[error("not now")]
    NotNow,
}

/// How a gateway speaks with the central.
pub(in crate::node) enum Reach {
    /// In the same process: what it wants to hear with is handed over.
    Here(Box<dyn Fn(mpsc::Sender<LinkEvent>) + Send>),
    /// Over the network.
    Network {
        centrals: Centrals,
        name: ClientName,
    },
}

/// What a gateway is made of.
pub(in crate::node) struct GatewayConfig {
    pub(in crate::node) network: Network,
    pub(in crate::node) security: Arc<Security>,
    /// Where the central is, if that is known.
    pub(in crate::node) central: Option<SocketAddr>,
    pub(in crate::node) reach: Reach,
}

/// What a gateway of the same process as its central is called.
pub(in crate::node) fn own_name() -> ClientName {
    ClientName::try_from("pasarela").unwrap_or_else(|_| unreachable!("letters"))
}

impl GatewayConfig {
    /// What is heard from the central from now on.
    pub(super) fn connect(&self) -> mpsc::Receiver<LinkEvent> {
        match &self.reach {
            Reach::Here(open) => {
                let (events, heard) = mpsc::channel(MESSAGES);
                open(events);
                heard
            }
            Reach::Network { centrals, name } => {
                let link = Link::start(LinkConfig {
                    network: self.network.clone(),
                    centrals: centrals.clone(),
                    role: PeerRole::Client {
                        name: Some(name.clone()),
                        session: Some(Session(fastrand::u64(..1 << 53))),
                    },
                    security: Arc::clone(&self.security),
                });
                // Its task ends once nobody hears it any more.
                link.events
            }
        }
    }

    pub(super) fn name(&self) -> ClientName {
        match &self.reach {
            Reach::Here(_) => own_name(),
            Reach::Network { name, .. } => name.clone(),
        }
    }
}
