//! One watch on one connection. It ends for many reasons; whoever watches reads on, and begins another.

use hyper::http::uri::PathAndQuery;
use tokio_stream::StreamExt;
use tonic::{Request, Status, Streaming};

use super::{
    calls::ready,
    codec::Prost,
    endpoints::Live,
    messages::{WatchCreate, WatchRequest, WatchResponse},
    translation::Prefix,
};
use crate::model::{Change, KeyRange, Revision};

/// Why a watch ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchEnd {
    /// What it asked for is not kept any more.
    #[error("what was watched has been compacted")]
    Compacted,
    /// Anything else, in etcd's words.
    #[error("the watch has ended: {0}")]
    Ended(String),
}

/// See the module.
#[derive(Debug)]
pub struct EtcdWatch {
    stream: Streaming<WatchResponse>,
    prefix: Prefix,
}

impl EtcdWatch {
    pub(super) async fn open(
        live: &Live,
        prefix: Prefix,
        range: &KeyRange,
        from: Revision,
    ) -> Result<Self, Status> {
        let (key, range_end) = prefix.range(range);
        let create = WatchRequest {
            create: Some(WatchCreate {
                key,
                range_end,
                start_revision: from.0,
                fragment: true,
            }),
        };
        // A side that has ended is one that has left, for some versions.
        let asked = tokio_stream::once(create).chain(tokio_stream::pending());
        let mut client = ready(live.channel()).await?;
        let path = PathAndQuery::from_static("/etcdserverpb.Watch/Watch");
        let codec = Prost::<WatchRequest, WatchResponse>::default();
        let response = client.streaming(Request::new(asked), path, codec).await?;
        let mut stream = response.into_inner();
        let first = stream.message().await?;
        match first {
            Some(first) if first.created && !first.canceled => Ok(Self { stream, prefix }),
            _ => Err(Status::unavailable("the watch was not created")),
        }
    }

    /// What has changed since the last time, in order. Cancel-safe.
    ///
    /// # Errors
    /// The watch has ended.
    pub async fn next(&mut self) -> Result<Vec<Change>, WatchEnd> {
        loop {
            let message = self.stream.message().await;
            let message = message.map_err(|status| WatchEnd::Ended(status.to_string()))?;
            let message = message.ok_or_else(|| WatchEnd::Ended("closed".to_owned()))?;
            if message.compact_revision > 0 {
                return Err(WatchEnd::Compacted);
            }
            if message.canceled {
                return Err(WatchEnd::Ended(message.cancel_reason));
            }
            if !message.events.is_empty() {
                return Ok(self.prefix.changes(message.events));
            }
        }
    }
}
