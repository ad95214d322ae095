//! The door of a node to a face that speaks another protocol than lines, such as HTTP. The node takes connections in, gives
//! each its permit and its limits of time, and hands it over without knowing the face: the program that starts the node
//! brings it along.

mod stream;

use std::{fmt, net::SocketAddr, pin::Pin, sync::Arc};

use tokio_util::sync::CancellationToken;

use crate::net::{Permit, Socket, limit_unsent};

pub use self::stream::{Serving, VisitStream};

/// A connection that a node hands over.
#[derive(Debug)]
pub struct Visit {
    /// The connection. Its first byte is there already.
    pub stream: VisitStream,
    /// Who connects.
    pub peer: SocketAddr,
    /// Cancelled when the node stops: what is being answered may end, nothing new begins.
    pub stop: CancellationToken,
}

impl Visit {
    pub(super) fn new(
        socket: Socket,
        peer: SocketAddr,
        permit: Arc<Permit>,
        stop: CancellationToken,
    ) -> Self {
        limit_unsent(&socket);
        Self {
            stream: VisitStream::new(socket, permit),
            peer,
            stop,
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
