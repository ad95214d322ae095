//! Accepting: who gets a place, and what becomes of those who get none.

use std::{io, net::SocketAddr, os::fd::OwnedFd, sync::Arc, time::Duration};

use rustix::net::SocketFlags;
use tokio::time::{Instant, sleep_until};

use super::{
    network::Listener,
    places::{Place, Places},
    socket::Socket,
};

/// Pause after an accept that failed, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A connection that came in, and its place.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub socket: Socket,
    /// Who connects.
    pub peer: SocketAddr,
    /// One of the server's places for connections.
    pub place: Place,
}

/// What comes of somebody who connects.
#[derive(Debug)]
pub enum Arrival {
    /// A connection with a place.
    Accepted(Accepted),
    /// A connection for which there is no place: to be told so, and closed.
    NoPlace(Socket, SocketAddr),
    /// A connection for which there was no file descriptor: it is closed already.
    NoDescriptor(Option<SocketAddr>),
}

/// Where connections come in.
#[derive(Debug)]
pub struct Door {
    listener: Listener,
    places: Arc<Places>,
    /// A descriptor that is let go of for a moment to take in and close a connection when there are no
    /// others: it would wait in the kernel for its peer's patience, and keep the loop spinning.
    reserve: Option<OwnedFd>,
    /// Not before then, after an attempt that failed.
    again_at: Option<Instant>,
}

impl Door {
    /// A listener, and how many connections there may be.
    pub fn new(listener: Listener, places: usize) -> Self {
        let mut door = Self {
            listener,
            places: Places::new(places),
            reserve: None,
            again_at: None,
        };
        door.keep_reserve();
        door
    }

    /// How many connections there may be.
    pub fn places(&self) -> usize {
        self.places.most()
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
                    return match self.places.take(peer.ip()) {
                        Some(place) => Arrival::Accepted(Accepted {
                            socket,
                            peer,
                            place,
                        }),
                        None => Arrival::NoPlace(socket, peer),
                    };
                }
                Err(error) if is_no_descriptor(&error) => {
                    if let Some(peer) = self.turn_away() {
                        return Arrival::NoDescriptor(peer);
                    }
                    self.again_at = Some(Instant::now() + ACCEPT_PAUSE);
                }
                // Mostly a connection that was reset before it was taken in.
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    self.again_at = Some(Instant::now() + ACCEPT_PAUSE);
                }
            }
        }
    }

    /// Takes in and closes one connection with the reserve's descriptor, and says whose it was.
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
        // Where it fails, somebody else was faster, and the next attempt has none.
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
