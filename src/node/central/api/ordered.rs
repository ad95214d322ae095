//! What a person orders of a cluster, and why a central does not answer.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::DrainedSecondary;
use crate::{
    engine::cluster::{Expelled, Resolved},
    model::{FileName, error_codes},
    node::ask::Stopped,
};

/// Something that changes what the cluster must not forget. Only the central that reigns does it, once for each name that it is
/// given under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A client, or a host, is sent away.
    Expel(String),
    /// Secondaries are drained, or work again.
    Drain {
        /// Their numbers as they were given; all that are known without.
        which: Option<Vec<u64>>,
        /// Whether draining begins.
        begin: bool,
    },
    /// So many downloads run at once.
    MaxDownloads(usize),
    /// A name stands for one of its contents.
    Resolve(FileName, u16),
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordered {
    /// Of [`Order::Expel`].
    Expelled(Expelled),
    /// Of [`Order::Drain`].
    Drained(Vec<DrainedSecondary>),
    /// Of [`Order::MaxDownloads`].
    MaxDownloads,
    /// Of [`Order::Resolve`].
    Resolved(Resolved),
}

/// The central that reigns instead of the one that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReigningCentral {
    /// Its name.
    pub node: String,
    /// Where it is.
    pub address: SocketAddr,
}

/// Why a central does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// It has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// It is on standby, and nothing was done: another one reigns, if that is known.
    #[error("this central is on standby")]
    Standby(Option<ReigningCentral>),
    /// Its reign ended meanwhile, and nobody has said whether it was done. The same order under the same name is done once.
    #[error("it is not known whether this was done")]
    Unknown,
    /// An order of this name may have been done long ago.
    #[error("too much time has passed since an order of this session")]
    Forgotten,
    /// Another order was given under this name.
    #[error("another order had this name")]
    OtherOrder,
}

error_codes!(Unanswered, code {
    Self::Unknown => "order-unknown",
    Self::Forgotten => "session-unknown",
    Self::OtherOrder => "order-differs",
} in {
    Self::Stopped(_) => "stopping",
    Self::Standby(_) => "not-active",
});

/// Whether a central reigns, for those who ask it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::node::central) enum Reigns {
    /// This one does.
    #[default]
    Here,
    /// Another one does, if that is known.
    Elsewhere(Option<ReigningCentral>),
}

/// Whether an order may have been given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node::central) enum Given {
    First,
    PerhapsAgain,
}

/// Why an order was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node::central) enum NotTaken {
    Standby,
    Forgotten,
    OtherOrder,
}

/// What a central that does not reign any more knows of an order that it had taken.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::node::central) enum Settled {
    /// It was done.
    Done(Ordered),
    /// It was not, and never will be.
    NotDone,
    /// The journal has not come so far.
    NotYet,
    /// It reigns again.
    Reigns,
}
