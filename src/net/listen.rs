//! Listening and accepting.

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
    time::Duration,
};

use rustix::net::SocketFlags;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Instant, sleep_until},
};

use super::places::{Place, Places};

/// Connections that the kernel keeps while we are busy.
const BACKLOG: i32 = 1024;
/// Pause after an accept that failed, so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens on an address; a restart on the same port works at once.
///
/// # Errors
/// When the address is not local, in use, or not allowed.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// A connection that came in, and its place.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub stream: TcpStream,
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
    NoPlace(TcpStream, SocketAddr),
    /// A connection for which there was no file descriptor: it is closed already.
    NoDescriptor(Option<SocketAddr>),
}

/// Where connections come in.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    places: Arc<Places>,
    /// A descriptor that is let go of for a moment to take in and close a connection when there are no
    /// others: it would wait in the kernel for its peer's patience, and keep the loop spinning.
    reserve: Option<OwnedFd>,
    /// Not before then, after an attempt that failed.
    again_at: Option<Instant>,
}

impl Door {
    /// A listener, and how many connections there may be.
    pub fn new(listener: TcpListener, places: usize) -> Self {
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
                Ok((stream, peer)) => {
                    let _ = stream.set_nodelay(true);
                    return match self.places.take(peer.ip()) {
                        Some(place) => Arrival::Accepted(Accepted {
                            stream,
                            peer,
                            place,
                        }),
                        None => Arrival::NoPlace(stream, peer),
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
        let taken = rustix::net::accept_with(&self.listener, SocketFlags::CLOEXEC);
        let peer = taken
            .map(|socket| std::net::TcpStream::from(socket).peer_addr().ok())
            .ok();
        self.keep_reserve();
        peer
    }

    fn keep_reserve(&mut self) {
        // Where it fails, somebody else was faster, and the next attempt has none.
        self.reserve = self.listener.as_fd().try_clone_to_owned().ok();
    }
}

fn is_no_descriptor(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(
        errno,
        Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
    )
}
