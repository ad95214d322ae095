//! Rooms and channels at a client: what its user asked of them and was not answered, which rooms are shown, and how far.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::oneshot;

use super::ClientError;
use crate::model::{RequestId, RoomAnswer, RoomId, RoomName, RoomOrder};

pub(super) type Answer = oneshot::Sender<Result<RoomAnswer, ClientError>>;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    pub(super) requests: u64,
    pub(super) asked: BTreeMap<RequestId, (RoomOrder, Answer)>,
    /// The rooms that are shown, and the last message that was told of each.
    pub(super) shown: BTreeMap<RoomId, u64>,
    pub(super) listens: BTreeSet<RoomName>,
    /// Messages of channels that were told and are not finished.
    pub(super) given: BTreeSet<(RoomName, u64)>,
}

impl Rooms {
    /// A number for an order.
    pub(super) fn number(&mut self) -> RequestId {
        self.requests += 1;
        RequestId(self.requests)
    }
}
