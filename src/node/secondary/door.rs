//! What a face may ask of a secondary: what it holds, its bytes, and all that its program may ask.

use std::{ops::Deref, sync::Arc};

use super::{
    SecondaryOrders,
    inputs::{Found, Input, Served},
};
use crate::{
    model::{Digest, FileName, IndexedFile},
    node::{
        Feed, NotOpened, Request, Stopped,
        ask::ask,
        face::ExpelledHosts,
        gateway::Gateway,
        send::{self, Wanted},
    },
    store::StoreError,
};

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub struct SecondaryDoor {
    pub(super) send: send::Context<Served>,
    pub(super) orders: SecondaryOrders,
    pub(super) gateway: Gateway,
    pub(super) expelled: ExpelledHosts,
}

impl Deref for SecondaryDoor {
    type Target = SecondaryOrders;

    fn deref(&self) -> &SecondaryOrders {
        &self.orders
    }
}

impl SecondaryDoor {
    /// Contents of the whole cluster, for those who do not ask its nodes themselves.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Those who were sent away.
    pub fn expelled(&self) -> &ExpelledHosts {
        &self.expelled
    }

    /// The content of a name.
    pub async fn named(&self, name: FileName) -> Result<Found, Stopped> {
        self.find(Wanted::Named(name)).await
    }

    /// A content, by preference under a name.
    pub async fn content(&self, id: Digest, name: FileName) -> Result<Found, Stopped> {
        let ticket = None;
        self.find(Wanted::Content { id, name, ticket }).await
    }

    async fn find(&self, wanted: Wanted) -> Result<Found, Stopped> {
        let find = |answer| Input::Find { wanted, answer };
        ask(&self.send.provider.inputs, find).await
    }

    /// Opens a file, and the books of what is sent of it.
    pub async fn open(&self, file: &Arc<IndexedFile>, request: Request) -> Result<Feed, NotOpened> {
        let opened = self
            .send
            .provider
            .open_for(request.host, Arc::clone(file))
            .await?;
        Ok(Feed::new(opened, request.range, &self.send.uplink))
    }

    /// A file could not be read as it was: its index looks at it again, unless the owner is too busy to hear of it.
    pub fn damaged_now(&self, name: FileName, error: &StoreError) {
        tracing::warn!(file = %name, %error, "cannot be sent");
        let _ = self
            .send
            .provider
            .inputs
            .try_send(Input::damaged(name, error));
    }
}
