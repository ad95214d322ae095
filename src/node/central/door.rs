//! What a face may ask of a central: the digests of a content, and all that its program may ask.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Deref,
    sync::Arc,
};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::api::{CentralCommand, CentralOrders, Offer};
use crate::{
    model::{Digest, Door, FileMeta, Manifest},
    net::Network,
    node::{
        Security,
        face::ExpelledHosts,
        fetch::{SourceLost, fetch_manifest},
        gateway::{Gateway, GatewayConfig, Reach},
    },
};

/// Bytes of digests that are kept.
const MOST_KEPT_BYTES: u64 = 64 << 20;
/// Digests that are asked for at once.
const MOST_AT_ONCE: usize = 4;

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub struct CentralDoor {
    orders: CentralOrders,
    network: Network,
    security: Arc<Security>,
    manifests: Arc<Manifests>,
    gateway: Gateway,
    expelled: ExpelledHosts,
}

#[derive(Debug)]
struct Manifests {
    kept: Mutex<Kept>,
    /// Permits to ask a secondary.
    asking: Semaphore,
}

/// Digests that were asked for, the oldest first.
#[derive(Debug, Default)]
struct Kept {
    manifests: BTreeMap<Digest, Arc<Manifest>>,
    order: VecDeque<Digest>,
    bytes: u64,
}

impl Kept {
    fn insert(&mut self, id: Digest, manifest: &Arc<Manifest>) {
        if self.manifests.insert(id, Arc::clone(manifest)).is_none() {
            self.order.push_back(id);
            self.bytes += Manifest::raw_bytes(manifest.layout());
        }
        while self.bytes > MOST_KEPT_BYTES && self.order.len() > 1 {
            let oldest = self.order.pop_front();
            let oldest = oldest.and_then(|oldest| self.manifests.remove(&oldest));
            let bytes = oldest.map_or(0, |oldest| Manifest::raw_bytes(oldest.layout()));
            self.bytes -= bytes;
        }
    }
}

impl Deref for CentralDoor {
    type Target = CentralOrders;

    fn deref(&self) -> &CentralOrders {
        &self.orders
    }
}

impl CentralDoor {
    pub(super) fn new(
        orders: CentralOrders,
        network: Network,
        security: Arc<Security>,
        expelled: ExpelledHosts,
    ) -> Self {
        let manifests = Manifests {
            kept: Mutex::default(),
            asking: Semaphore::new(MOST_AT_ONCE),
        };
        let inside = orders.commands.clone();
        let open = move |events| {
            // One that is not let in hears nothing, which is an answer too.
            let _ = inside.try_send(CentralCommand::Gateway(events));
        };
        let gateway = Gateway::start(GatewayConfig {
            network: network.clone(),
            security: Arc::clone(&security),
            central: None,
            reach: Reach::Here(Box::new(open)),
        });
        Self {
            orders: orders.by(Door::Http),
            network,
            security,
            manifests: Arc::new(manifests),
            gateway,
            expelled,
        }
    }

    /// What may be asked of the central.
    pub fn orders(&self) -> &CentralOrders {
        &self.orders
    }

    /// Those who were sent away.
    pub fn expelled(&self) -> &ExpelledHosts {
        &self.expelled
    }

    /// Contents for those who do not ask secondaries themselves.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// True when the cluster's ports speak TLS.
    pub fn has_tls(&self) -> bool {
        self.security.has_tls()
    }

    /// The digests of a file, from those that are kept or from one of its holders; `None` when none of them tells.
    pub async fn manifest(&self, (file, holders): &Offer) -> Option<Arc<Manifest>> {
        if let Some(known) = self.kept(file) {
            return Some(known);
        }
        let _permit = self.manifests.asking.acquire().await.ok()?;
        // Another one may have asked for it meanwhile.
        if let Some(known) = self.kept(file) {
            return Some(known);
        }
        for holder in holders {
            let from = (holder.number, holder.address);
            match fetch_manifest(&self.network, &self.security, from, file).await {
                Ok(manifest) => {
                    let manifest = Arc::new(manifest);
                    self.manifests.kept.lock().insert(file.id, &manifest);
                    return Some(manifest);
                }
                Err(SourceLost { reason, .. }) => {
                    tracing::info!(secondary = %holder.number, file = %file.name, reason, "no digests");
                }
            }
        }
        None
    }

    fn kept(&self, file: &FileMeta) -> Option<Arc<Manifest>> {
        self.manifests.kept.lock().manifests.get(&file.id).cloned()
    }
}
