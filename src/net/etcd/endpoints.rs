//! Which member is asked: one, until it fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::Uri;
use parking_lot::Mutex;
use tonic::{
    Status,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

use super::{
    calls::{REQUEST_WITHIN, unary},
    messages::{Op, RangeRequest, RequestOp, TxnRequest, TxnResponse},
};
use crate::model::Silence;

/// Why a client cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EtcdError {
    /// There is no endpoint.
    #[error("no endpoint is given")]
    NoEndpoint,
    /// It is not `http://host:port` or `https://host:port`.
    #[error("not an endpoint: {0}")]
    NotAnEndpoint(String),
    /// It wants certificates, and none are given.
    #[error("certificates are needed for {0}")]
    NoCertificates(String),
    /// They cannot be used, in the library's words.
    #[error("{0}")]
    Certificates(String),
}

/// Certificates for etcd, as PEM.
#[derive(Clone)]
pub struct EtcdTls {
    /// Of the authority that etcd's certificates are from.
    pub authority: Vec<u8>,
    /// The client's certificate and its key, where etcd wants one.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl std::fmt::Debug for EtcdTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EtcdTls")
    }
}

/// A connection to a member that has answered.
#[derive(Clone, Debug)]
pub(super) struct Live {
    channel: Channel,
    name: String,
    /// Tells this connection from earlier and later ones.
    nth: usize,
}

impl Live {
    pub(super) fn channel(&self) -> &Channel {
        &self.channel
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

pub(super) struct Endpoints {
    all: Vec<Endpoint>,
    /// The next one to be tried. It is counted before the try, so that one that is given up in the middle is not tried
    /// again at once.
    next: AtomicUsize,
    live: Mutex<Option<Live>>,
    /// Held by who connects: the others wait for that.
    connecting: tokio::sync::Mutex<()>,
}

impl Endpoints {
    pub(super) fn new(endpoints: &[String], tls: Option<&EtcdTls>) -> Result<Self, EtcdError> {
        if endpoints.is_empty() {
            return Err(EtcdError::NoEndpoint);
        }
        let all: Result<_, _> = endpoints.iter().map(|given| endpoint(given, tls)).collect();
        Ok(Self {
            all: all?,
            next: AtomicUsize::new(0),
            live: Mutex::new(None),
            connecting: tokio::sync::Mutex::new(()),
        })
    }

    fn known(&self) -> Option<Live> {
        self.live.lock().clone()
    }

    /// The member that is asked now. Tries one after the other, each once, until one answers, or the time of a request is
    /// over.
    pub(super) async fn live(&self) -> Result<Live, Silence> {
        if let Some(live) = self.known() {
            return Ok(live);
        }
        let finding = tokio::time::timeout(REQUEST_WITHIN, self.find()).await;
        finding.unwrap_or(Err(Silence))
    }

    async fn find(&self) -> Result<Live, Silence> {
        let _turn = self.connecting.lock().await;
        for _ in 0..self.all.len() {
            if let Some(live) = self.known() {
                return Ok(live);
            }
            let nth = self.next.fetch_add(1, Ordering::Relaxed);
            let endpoint = &self.all[nth % self.all.len()];
            let name = endpoint.uri().to_string();
            match accept(endpoint, &name, nth).await {
                Ok(live) => {
                    tracing::debug!(endpoint = name, "etcd is asked here");
                    *self.live.lock() = Some(live.clone());
                    return Ok(live);
                }
                Err(status) => tracing::debug!(%status, endpoint = name, "etcd does not answer"),
            }
        }
        Err(Silence)
    }

    /// It has failed: another is asked next, unless that is so already.
    pub(super) fn leave(&self, failed: &Live) {
        let mut live = self.live.lock();
        live.take_if(|live| live.nth == failed.nth);
    }
}

/// Connects, and has a linearizable read answered.
async fn accept(endpoint: &Endpoint, name: &str, nth: usize) -> Result<Live, Status> {
    let channel = endpoint.connect().await;
    let channel = channel.map_err(|error| Status::unavailable(format!("{error:?}")))?;
    let live = Live {
        channel,
        name: name.to_owned(),
        nth,
    };
    let read = RangeRequest {
        key: "/".into(),
        limit: 1,
        keys_only: true,
        ..RangeRequest::default()
    };
    let request = TxnRequest {
        success: vec![RequestOp {
            op: Some(Op::Range(read)),
        }],
        ..TxnRequest::default()
    };
    let _: TxnResponse = unary(&live.channel, "/etcdserverpb.KV/Txn", request).await?;
    Ok(live)
}

fn endpoint(given: &str, tls: Option<&EtcdTls>) -> Result<Endpoint, EtcdError> {
    let wrong = || EtcdError::NotAnEndpoint(given.to_owned());
    let uri: Uri = given.parse().map_err(|_| wrong())?;
    if uri.port().is_none() || uri.host().is_none_or(str::is_empty) {
        return Err(wrong());
    }
    let is_secure = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        Some(_) | None => return Err(wrong()),
    };
    let endpoint = Endpoint::from(uri).connect_timeout(REQUEST_WITHIN);
    if !is_secure {
        return Ok(endpoint);
    }
    let tls = tls.ok_or_else(|| EtcdError::NoCertificates(given.to_owned()))?;
    let mut config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&tls.authority));
    if let Some((certificate, key)) = &tls.identity {
        config = config.identity(Identity::from_pem(certificate, key));
    }
    (endpoint.tls_config(config)).map_err(|error| EtcdError::Certificates(format!("{error:?}")))
}
