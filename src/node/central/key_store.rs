//! What a central needs of a key store: etcd, or what stands for it in tests. `tests/contract` says what it promises.

use std::future::Future;

use crate::{
    engine::leadership::{Answer, Request},
    model::{Call, Change, Reply, Revision, Silence},
};

/// Keys with revisions, leases and watches.
pub trait KeyStore: Send + Sync + 'static {
    /// What tells of changes.
    type Watch: KeyWatch;

    /// Asks once, and waits for no longer than a request may take.
    fn call(&self, call: &Call) -> impl Future<Output = Result<Reply, Silence>> + Send;

    /// Watches what followers watch, from a revision on.
    fn watch(&self, from: Revision) -> impl Future<Output = Result<Self::Watch, Silence>> + Send;

    /// What it takes on the disk, in bytes, if it says so.
    fn bytes(&self) -> impl Future<Output = Option<u64>> + Send {
        async { None }
    }
}

/// A watch that has begun.
pub trait KeyWatch: Send + 'static {
    /// What has changed since the last time, in order; `None` once it has ended. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Option<Vec<Change>>> + Send;
}

/// Where batches are kept: a key store, or a file. What a file knows nothing of (leases, other centrals) it answers by
/// `Answer::Refused`.
pub trait BatchStore: Send + Sync {
    /// Asks once.
    fn ask(&self, request: &Request) -> impl Future<Output = Result<Answer, Silence>> + Send;
}

impl<S: KeyStore> BatchStore for S {
    async fn ask(&self, request: &Request) -> Result<Answer, Silence> {
        let reply = self.call(&request.call()).await?;
        Ok(request.answer(reply))
    }
}

#[cfg(feature = "etcd")]
mod of_etcd {
    use crate::{
        engine::leadership::watched,
        model::{Call, Change, Reply, Revision, Silence},
        net::etcd::{Etcd, EtcdWatch},
        node::central::key_store::{KeyStore, KeyWatch},
    };

    impl KeyStore for Etcd {
        type Watch = EtcdWatch;

        async fn call(&self, call: &Call) -> Result<Reply, Silence> {
            Etcd::call(self, call).await
        }

        async fn watch(&self, from: Revision) -> Result<EtcdWatch, Silence> {
            Etcd::watch(self, &watched(), from).await
        }

        async fn bytes(&self) -> Option<u64> {
            let status = Etcd::status(self).await;
            status.ok().map(|status| status.bytes)
        }
    }

    impl KeyWatch for EtcdWatch {
        async fn next(&mut self) -> Option<Vec<Change>> {
            let told = EtcdWatch::next(self).await;
            told.inspect_err(|end| tracing::debug!(%end, "watch")).ok()
        }
    }
}
