//! What a client is to its peers, as the central says.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::model::{ClusterId, PeerNumber, VerifyKey};

/// What a client is to its peers, as the central says. Copies are the same.
#[derive(Clone, Debug, Default)]
pub(in crate::node::client) struct Standing(Arc<ArcSwapOption<Own>>);

/// See [`Standing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node::client) struct Own {
    pub(in crate::node::client) number: PeerNumber,
    /// What tickets are checked with.
    pub(in crate::node::client) key: VerifyKey,
    pub(in crate::node::client) cluster: ClusterId,
}

impl Standing {
    /// What it is now; nothing before a central has said it.
    pub(in crate::node::client) fn now(&self) -> Option<Own> {
        self.0.load().as_deref().copied()
    }

    /// A central says what this client is.
    pub(in crate::node::client) fn set(&self, own: Own) {
        self.0.store(Some(Arc::new(own)));
    }
}
