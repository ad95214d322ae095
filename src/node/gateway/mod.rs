//! Contents for those who speak no lines: one fetch for each content that somebody reads, from all secondaries, however many
//! read it. To the central it is a client with a name of its own, and its downloads are booked as any client's.
//!
//! `run` is its owner.

mod run;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};

use self::run::Owner;
use super::{
    Security, Watched,
    link::{Link, LinkEvent},
};
use crate::{
    model::{ClientName, FileName, Session},
    net::Network,
    node::finding::LinkConfig,
    proto::PeerRole,
};

/// Questions that may wait for the owner.
const QUESTIONS: usize = 64;
/// Messages of the central that may wait.
const MESSAGES: usize = 64;
/// How long a request is held for its first byte. Players take a failure at the beginning for one that lasts.
pub const FIRST_BYTE: Duration = Duration::from_secs(10);

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub struct Gateway {
    questions: mpsc::Sender<Question>,
}

/// Somebody wants to read a file.
#[derive(Debug)]
struct Question {
    name: FileName,
    answer: oneshot::Sender<Result<Watched, NotWatched>>,
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
        centrals: Vec<(String, u16)>,
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

impl Gateway {
    /// Starts one. It says nothing to the central before somebody wants to read.
    pub(in crate::node) fn start(config: GatewayConfig) -> Self {
        let (questions, asked) = mpsc::channel(QUESTIONS);
        tokio::spawn(Owner::new(config).run(asked));
        Self { questions }
    }

    /// What a file comes from, for any number of readers. Waits while the central has it wait.
    ///
    /// # Errors
    /// When it cannot be read here.
    pub async fn watch(&self, name: FileName) -> Result<Watched, NotWatched> {
        let (answer, answered) = oneshot::channel();
        let question = Question { name, answer };
        let sent = self.questions.send(question).await;
        sent.map_err(|_| NotWatched::NotNow)?;
        answered.await.unwrap_or(Err(NotWatched::NotNow))
    }
}

/// What a gateway of the same process as its central is called.
pub(in crate::node) fn own_name() -> ClientName {
    ClientName::try_from("pasarela").unwrap_or_else(|_| unreachable!("letters"))
}

impl GatewayConfig {
    /// What is heard from the central from now on.
    fn connect(&self) -> mpsc::Receiver<LinkEvent> {
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

    fn name(&self) -> ClientName {
        match &self.reach {
            Reach::Here(_) => own_name(),
            Reach::Network { name, .. } => name.clone(),
        }
    }
}
