//! What is asked of etcd, and what its answers are.

use std::{fmt, time::Duration};

use hyper::http::uri::PathAndQuery;
use tonic::{Request, Status};

use super::{
    calls::{REQUEST_WITHIN, ready, unary},
    codec::Prost,
    endpoints::{Endpoints, EtcdError, EtcdTls, Live},
    messages::{
        CompactionRequest, GrantRequest, GrantResponse, KeepAliveResponse, LeaseRequest, Nothing,
        StatusResponse, TxnResponse,
    },
    translation::{Prefix, refusal},
    watch::EtcdWatch,
};
use crate::model::{Call, KeyRange, LeaseId, Reply, Revision, Silence};

/// Where etcd is, and which of its keys are meant.
#[derive(Clone, Debug)]
pub struct EtcdConfig {
    /// `http://host:port` or `https://host:port`, one of each member.
    pub endpoints: Vec<String>,
    /// What stands before all keys, `/trozos/CLUSTER/`.
    pub prefix: String,
    /// For `https`.
    pub tls: Option<EtcdTls>,
}

/// How a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EtcdStatus {
    /// Its version.
    pub version: String,
    /// What its database takes on the disk, in bytes.
    pub bytes: u64,
}

/// A client, shared by all who ask.
pub struct Etcd {
    endpoints: Endpoints,
    prefix: Prefix,
}

impl fmt::Debug for Etcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Etcd").field(&self.prefix.0).finish()
    }
}

impl Etcd {
    /// A client that has not connected yet.
    ///
    /// # Errors
    /// An endpoint is no address, or wants certificates that are not given or not right.
    pub fn new(config: EtcdConfig) -> Result<Self, EtcdError> {
        Ok(Self {
            endpoints: Endpoints::new(&config.endpoints, config.tls.as_ref())?,
            prefix: Prefix(config.prefix),
        })
    }

    /// Asks once. Cancel-safe in that nothing of this client is lost; whether it was done is not known then.
    ///
    /// # Errors
    /// No answer within [`REQUEST_WITHIN`], or one that tells as little. The next request goes to the next endpoint.
    pub async fn call(&self, call: &Call) -> Result<Reply, Silence> {
        let live = self.endpoints.live().await?;
        let outcome = tokio::time::timeout(REQUEST_WITHIN, self.ask(&live, call)).await;
        let reply = match outcome {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(status)) => {
                tracing::debug!(%status, endpoint = live.name(), "etcd");
                refusal(&status)
            }
            Err(_) => {
                tracing::debug!(endpoint = live.name(), "etcd does not answer");
                Err(Silence)
            }
        };
        if reply.is_err() {
            self.endpoints.leave(&live);
        }
        reply
    }

    async fn ask(&self, live: &Live, call: &Call) -> Result<Reply, Status> {
        match call {
            Call::Txn(txn) => {
                let request = self.prefix.txn(txn);
                let done: TxnResponse =
                    unary(live.channel(), "/etcdserverpb.KV/Txn", request).await?;
                Ok(self.prefix.txned(done))
            }
            Call::Grant(ttl) => grant(live, *ttl).await,
            Call::Renew(lease) => renew(live, *lease).await,
            Call::Revoke(lease) => {
                let request = LeaseRequest { id: lease.0 };
                let path = "/etcdserverpb.Lease/LeaseRevoke";
                let _: Nothing = unary(live.channel(), path, request).await?;
                Ok(Reply::Done)
            }
            Call::Compact(revision) => {
                let request = CompactionRequest {
                    revision: revision.0,
                };
                let _: Nothing = unary(live.channel(), "/etcdserverpb.KV/Compact", request).await?;
                Ok(Reply::Done)
            }
        }
    }

    /// Watches a range from a revision on.
    ///
    /// # Errors
    /// No endpoint takes it in time.
    pub async fn watch(&self, range: &KeyRange, from: Revision) -> Result<EtcdWatch, Silence> {
        let live = self.endpoints.live().await?;
        let opening = EtcdWatch::open(&live, self.prefix.clone(), range, from);
        match tokio::time::timeout(REQUEST_WITHIN, opening).await {
            Ok(Ok(watch)) => Ok(watch),
            Ok(Err(_)) | Err(_) => {
                self.endpoints.leave(&live);
                Err(Silence)
            }
        }
    }

    /// How the member is that is asked now.
    ///
    /// # Errors
    /// It does not answer in time.
    pub async fn status(&self) -> Result<EtcdStatus, Silence> {
        let live = self.endpoints.live().await?;
        let path = "/etcdserverpb.Maintenance/Status";
        let asking = unary::<_, StatusResponse>(live.channel(), path, Nothing {});
        match tokio::time::timeout(REQUEST_WITHIN, asking).await {
            Ok(Ok(status)) => Ok(EtcdStatus {
                version: status.version,
                bytes: u64::try_from(status.db_size).unwrap_or(0),
            }),
            Ok(Err(_)) | Err(_) => {
                self.endpoints.leave(&live);
                Err(Silence)
            }
        }
    }
}

/// etcd counts in seconds.
async fn grant(live: &Live, ttl: Duration) -> Result<Reply, Status> {
    let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
    let request = GrantRequest {
        ttl: i64::try_from(seconds).unwrap_or(i64::MAX),
    };
    let granted: GrantResponse =
        unary(live.channel(), "/etcdserverpb.Lease/LeaseGrant", request).await?;
    if !granted.error.is_empty() {
        return Ok(Reply::Refused(granted.error));
    }
    Ok(Reply::Granted(LeaseId(granted.id)))
}

/// A stream for each renewal: there is one in a second, and nothing has to be made anew when a stream ends.
async fn renew(live: &Live, lease: LeaseId) -> Result<Reply, Status> {
    let mut client = ready(live.channel()).await?;
    let path = PathAndQuery::from_static("/etcdserverpb.Lease/LeaseKeepAlive");
    let codec = Prost::<LeaseRequest, KeepAliveResponse>::default();
    let request = Request::new(LeaseRequest { id: lease.0 });
    let stream = client.server_streaming(request, path, codec).await?;
    let answer = stream.into_inner().message().await?;
    let answer = answer.ok_or_else(|| Status::unavailable("the stream has ended"))?;
    Ok(if answer.ttl > 0 {
        Reply::Done
    } else {
        Reply::LeaseGone
    })
}
