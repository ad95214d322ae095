//! Which centrals a node may go to, as whom it does, and what comes of it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use crate::{
    model::GroupName,
    net::Network,
    node::{
        Security,
        greeting::{Reader, Writer},
        rules::finding::Place,
    },
    proto::{PeerRole, Reign, account::Channel},
};

/// Which centrals a node goes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Centrals {
    /// Their host names or addresses, and ports.
    pub places: Vec<(String, u16)>,
    /// Those that announce themselves on the network, if they are looked for.
    pub announced: Option<Announcing>,
    /// The file that remembers what they said of each other, if there is to be one.
    pub kept: Option<PathBuf>,
}

/// Which of the centrals that announce themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcing {
    /// Those of this group, or, without one, of the only cluster that is there.
    pub group: Option<GroupName>,
}

impl From<Vec<(String, u16)>> for Centrals {
    fn from(places: Vec<(String, u16)>) -> Self {
        Self {
            places,
            ..Self::default()
        }
    }
}

impl From<(String, u16)> for Centrals {
    fn from(place: (String, u16)) -> Self {
        vec![place].into()
    }
}

/// Who connects, and where to.
#[derive(Clone, Debug)]
pub(in crate::node) struct LinkConfig {
    pub(in crate::node) network: Network,
    pub(in crate::node) centrals: Centrals,
    pub(in crate::node) role: PeerRole,
    pub(in crate::node) security: Arc<Security>,
}

/// A connection to a central that has said hello.
pub(in crate::node) struct Connection {
    pub(in crate::node) central: SocketAddr,
    /// As it was dialled.
    pub(in crate::node) place: Place,
    pub(in crate::node) reign: Reign,
    pub(in crate::node) reader: Reader,
    pub(in crate::node) writer: Writer,
    /// What names it for whoever signs something on it.
    pub(in crate::node) channel: Option<Channel>,
}
