//! Accepting connections: who gets a permit, and what becomes of those who get none.

use std::{io, net::SocketAddr, os::fd::OwnedFd, sync::Arc, time::Duration};

use rustix::net::SocketFlags;
use tokio::time::{Instant, sleep_until};

use super::{
    network::Listener,
    permits::{Permit, PermitCount, Permits},
    socket::Socket,
};

/// Pause after a failed accept, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A connection that came in, and its permit.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub socket: Socket,
    /// Who connects.
    pub peer: SocketAddr,
    /// One of the server's permits.
    pub permit: Permit,
}

/// What became of an incoming connection.
#[derive(Debug)]
pub enum Arrival {
    /// A connection with a permit.
    Accepted(Accepted),
    /// A connection without a permit: to be told so, and closed.
    NoPermit(Socket, SocketAddr),
    /// A connection for which there was no file descriptor: it is closed already.
    NoDescriptor(Option<SocketAddr>),
}

/// Where connections come in.
#[derive(Debug)]
pub struct Door {
    listener: Listener,
    permits: Arc<Permits>,
    /// A spare descriptor. When the process has no other it is closed for a moment, so that a connection can be accepted
    /// and closed: otherwise the connection would stay in the kernel's queue and keep the loop spinning.
    reserve: Option<OwnedFd>,
    /// After a failed accept, the time of the next one.
    again_at: Option<Instant>,
}

impl Door {
    /// A listener, and how many connections there may be.
    pub fn new(listener: Listener, permits: usize) -> Self {
        let mut door = Self {
            listener,
            permits: Permits::new(permits),
            reserve: None,
            again_at: None,
        };
        door.keep_reserve();
        door
    }

    /// How many connections there may be.
    pub fn most_connections(&self) -> usize {
        self.permits.most()
    }

    /// How many of them are there.
    pub fn connections(&self) -> PermitCount {
        self.permits.count()
    }

    /// The next arrival. Cancel-safe.
    pub async fn accept(&mut self) -> Arrival {
        loop {
            if let Some(again_at) = self.again_at {
                sleep_until(again_at).await;
                self.again_at = None;
            }
            match self.listener.accept().await {
                Ok((socket, peer)) => {
                    return match self.permits.take(peer.ip()) {
                        Some(permit) => Arrival::Accepted(Accepted {
                            socket,
                            peer,
                            permit,
                        }),
                        None => Arrival::NoPermit(socket, peer),
                    };
                }
                Err(error) if is_no_descriptor(&error) => {
                    if let Some(peer) = self.turn_away() {
                        return Arrival::NoDescriptor(peer);
                    }
                    self.again_at = Some(Instant::now() + ACCEPT_PAUSE);
                }
                // Usually a connection that was reset before it was accepted.
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    self.again_at = Some(Instant::now() + ACCEPT_PAUSE);
                }
            }
        }
    }

    /// Accepts and closes one connection with the spare descriptor; gives its peer.
    fn turn_away(&mut self) -> Option<Option<SocketAddr>> {
        self.reserve.take();
        let listener = self.listener.descriptor()?;
        let taken = rustix::net::accept_with(listener, SocketFlags::CLOEXEC);
        let peer = taken
            .map(|socket| std::net::TcpStream::from(socket).peer_addr().ok())
            .ok();
        self.keep_reserve();
        peer
    }

    fn keep_reserve(&mut self) {
        // When this fails another thread took the descriptor, and the next attempt has no spare one.
        let listener = self.listener.descriptor();
        self.reserve = listener.and_then(|listener| listener.try_clone_to_owned().ok());
    }
}

fn is_no_descriptor(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(
        errno,
        Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
    )
}
