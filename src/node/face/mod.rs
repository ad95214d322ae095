//! The door of a node to a face that speaks another protocol than lines, such as HTTP. The node takes connections in, gives
//! each its permit and its limits of time, and hands it over without knowing the face: the program that starts the node
//! brings it along. `alone` is a place for a face without a node.

mod alone;
mod expelled;
mod figures;
mod stream;

use std::{fmt, net::SocketAddr, pin::Pin, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::{
    model::limits::{HTTP_SHARE, MAX_HTTP_CONNECTIONS_EACH},
    net::{Permit, Permits, Stream, UNSENT_HTTP_BYTES, keep_alive, limit_unsent},
};

pub use self::{
    alone::{Alone, secret_word},
    expelled::ExpelledHosts,
    figures::{Reader, Streamed, Streaming, Timed, Timings},
    stream::{Cutter, OnCut, Serving, VisitStream},
};

/// A connection that a node hands over.
#[derive(Debug)]
pub struct Visit {
    /// The connection. Its first byte is there already.
    pub stream: VisitStream,
    /// Who connects.
    pub peer: SocketAddr,
    /// Nobody on the way sees what is said: it is encrypted, or does not leave this machine.
    pub is_private: bool,
    /// TLS.
    pub is_encrypted: bool,
    /// Cancelled when the node stops: what is being answered may end, nothing new begins.
    pub stop: CancellationToken,
}

/// Where connections of a face come in. They have permits of their own beside the server's, so that browsers, however many,
/// leave room for those who speak lines.
#[derive(Clone, Debug)]
pub(super) struct Reception {
    face: Arc<dyn Face>,
    permits: Arc<Permits>,
}

impl Reception {
    /// Of a server that takes so many connections of all kinds.
    pub(super) fn new(face: Arc<dyn Face>, connections: usize) -> Self {
        let most = (connections / HTTP_SHARE).max(1);
        Self {
            face,
            permits: Permits::with_shares(most, MAX_HTTP_CONNECTIONS_EACH),
        }
    }

    /// Has a connection served until it ends, or until its place is another's. One for which there is none is closed. Its
    /// permit as a connection of the server is the caller's affair.
    pub(super) async fn attend(
        &self,
        stream: Stream,
        peer: SocketAddr,
        permit: Arc<Permit>,
        stop: CancellationToken,
    ) {
        let Some(own) = self.permits.take(peer.ip()) else {
            return tracing::debug!(%peer, "no place for one more that speaks HTTP");
        };
        let own = Arc::new(own);
        limit_unsent(stream.socket(), UNSENT_HTTP_BYTES);
        keep_alive(stream.socket());
        let visit = Visit {
            is_private: stream.is_private(),
            is_encrypted: matches!(stream, Stream::Tls(_)),
            stream: VisitStream::new(stream, [permit, Arc::clone(&own)]),
            peer,
            stop,
        };
        tokio::select! {
            () = self.face.serve(visit) => {}
            () = own.revoked() => {}
        }
    }
}

/// What serves the connections that are handed over.
pub trait Face: Send + Sync + fmt::Debug + 'static {
    /// Serves a connection until it ends. Dropped when its permit is revoked.
    fn serve(&self, visit: Visit) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Makes the face of a node, which is given what the face may ask of that node.
pub struct FaceMaker<D>(Arc<dyn Fn(D) -> Arc<dyn Face> + Send + Sync>);

impl<D> FaceMaker<D> {
    /// Wraps a function that is called once, when the node starts.
    pub fn new(make: impl Fn(D) -> Arc<dyn Face> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    pub(super) fn make(&self, door: D) -> Arc<dyn Face> {
        (self.0)(door)
    }
}

impl<D> Clone for FaceMaker<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D> fmt::Debug for FaceMaker<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaceMaker(..)")
    }
}
