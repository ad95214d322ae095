//! Where connections go to and come from: the kernel's network or, in tests, one in memory.

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, BorrowedFd},
};

use socket2::{Domain, Protocol, SockAddr, Type};
use tokio::net::{TcpListener, TcpStream};

#[cfg(test)]
use super::memory::{MemoryHost, MemoryListener};
use super::socket::Socket;

/// Connections that the kernel keeps while we are busy.
const BACKLOG: i32 = 1024;

/// A network, as one host sees it.
#[derive(Clone, Debug, Default)]
pub enum Network {
    /// The kernel's.
    #[default]
    Kernel,
    /// In memory.
    #[cfg(test)]
    Memory(MemoryHost),
}

impl Network {
    /// See [`listen`].
    ///
    /// # Errors
    /// As there.
    pub fn listen(&self, address: SocketAddr) -> io::Result<Listener> {
        match self {
            Self::Kernel => Ok(Listener::Kernel(listen(address)?)),
            #[cfg(test)]
            Self::Memory(host) => Ok(Listener::Memory(host.listen(address)?)),
        }
    }

    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<Socket> {
        match self {
            Self::Kernel => {
                let socket = TcpStream::connect(address).await?;
                // A request is a short line that somebody waits for.
                let _ = socket.set_nodelay(true);
                Ok(socket.into())
            }
            #[cfg(test)]
            Self::Memory(host) => host.connect(address).await,
        }
    }
}

/// Listens on an address by the kernel; a restart on the same port works at once.
///
/// # Errors
/// When the address is not local, in use, or not allowed.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(
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

/// Where connections come in.
#[derive(Debug)]
pub enum Listener {
    /// The kernel's.
    Kernel(TcpListener),
    /// Of a network in memory.
    #[cfg(test)]
    Memory(MemoryListener),
}

impl Listener {
    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Kernel(listener) => listener.local_addr(),
            #[cfg(test)]
            Self::Memory(listener) => Ok(listener.address),
        }
    }

    /// The next connection. Cancel-safe.
    ///
    /// # Errors
    /// What the system says; the next attempt may do better.
    pub async fn accept(&mut self) -> io::Result<(Socket, SocketAddr)> {
        match self {
            Self::Kernel(listener) => {
                let (socket, peer) = listener.accept().await?;
                let _ = socket.set_nodelay(true);
                Ok((socket.into(), peer))
            }
            #[cfg(test)]
            Self::Memory(listener) => Ok(listener.accept().await),
        }
    }

    /// The kernel's descriptor, if there is one.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Kernel(listener) => Some(listener.as_fd()),
            #[cfg(test)]
            Self::Memory(_) => None,
        }
    }
}
