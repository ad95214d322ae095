//! One TCP connection: the kernel's or, in tests, one of a network in memory.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    os::fd::{AsFd, OwnedFd},
    pin::Pin,
    task::{Context, Poll, ready},
};

use rustix::fs::sendfile;
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

#[cfg(test)]
use super::memory::{MemoryReader, MemorySocket, MemoryWriter};

/// A connection.
#[derive(Debug)]
pub enum Socket {
    /// The kernel's.
    Kernel(TcpStream),
    /// Of a network in memory.
    #[cfg(test)]
    Memory(MemorySocket),
}

impl From<TcpStream> for Socket {
    fn from(socket: TcpStream) -> Self {
        Self::Kernel(socket)
    }
}

impl Socket {
    /// This side's end.
    ///
    /// # Errors
    /// When the connection has ended already.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Kernel(socket) => socket.local_addr(),
            #[cfg(test)]
            Self::Memory(socket) => Ok(socket.local),
        }
    }

    /// The peer's end.
    ///
    /// # Errors
    /// When the connection has ended already.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Kernel(socket) => socket.peer_addr(),
            #[cfg(test)]
            Self::Memory(socket) => Ok(socket.peer),
        }
    }

    /// The first byte that the peer sends, which stays unread; `None` at the end of the stream. Cancel-safe.
    pub(super) async fn peek(&self) -> io::Result<Option<u8>> {
        match self {
            Self::Kernel(socket) => {
                let mut first = [0];
                let count = socket.peek(&mut first).await?;
                Ok((count > 0).then_some(first[0]))
            }
            #[cfg(test)]
            Self::Memory(socket) => socket.peek().await,
        }
    }

    /// Sends as much as is taken without waiting.
    ///
    /// # Errors
    /// When the connection has ended, and `WouldBlock` when it takes nothing.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Kernel(socket) => socket.try_write(bytes),
            #[cfg(test)]
            Self::Memory(socket) => socket.try_write(bytes),
        }
    }

    /// True where the kernel can send files itself.
    pub fn sends_files(&self) -> bool {
        self.kernel().is_some()
    }

    /// Has the kernel send some bytes of a file, up to `most` from `offset`, and says how many; 0 at its end.
    ///
    /// # Errors
    /// When the connection has ended, the disk fails, or the kernel cannot send this file.
    pub fn poll_send_file(
        &self,
        context: &mut Context<'_>,
        file: &impl AsFd,
        offset: u64,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let Some(socket) = self.kernel() else {
            return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
        };
        poll_writable(socket, context, || {
            let mut offset = offset;
            Ok(sendfile(socket, file, Some(&mut offset), most)?)
        })
    }

    /// Sends some bytes, as soon as any are taken.
    ///
    /// # Errors
    /// When the connection has ended.
    pub fn poll_try_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Kernel(socket) => {
                poll_writable(socket, context, || Ok(rustix::io::write(socket, bytes)?))
            }
            #[cfg(test)]
            Self::Memory(socket) => Poll::Ready(socket.try_write(bytes)),
        }
    }

    /// The connection ends with a reset once this is dropped, so that the peer cannot take it for a clean end.
    pub fn reset(&self) {
        let Some(socket) = self.kernel() else { return };
        let _ = socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO));
    }

    /// The kernel's socket, if it is one.
    pub(super) fn kernel(&self) -> Option<&TcpStream> {
        match self {
            Self::Kernel(socket) => Some(socket),
            #[cfg(test)]
            Self::Memory(_) => None,
        }
    }

    /// The descriptor of the kernel's socket, which waits from now on, for another process.
    ///
    /// # Errors
    /// What the system says, and where it is not the kernel's.
    pub fn into_descriptor(self) -> io::Result<OwnedFd> {
        match self {
            Self::Kernel(socket) => {
                let socket = socket.into_std()?;
                socket.set_nonblocking(false)?;
                Ok(socket.into())
            }
            #[cfg(test)]
            Self::Memory(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(super) fn into_split(self) -> (SocketReader, SocketWriter) {
        match self {
            Self::Kernel(socket) => {
                let (read, write) = socket.into_split();
                (SocketReader::Kernel(read), SocketWriter::Kernel(write))
            }
            #[cfg(test)]
            Self::Memory(socket) => {
                let (read, write) = socket.into_split();
                (SocketReader::Memory(read), SocketWriter::Memory(write))
            }
        }
    }
}

/// Does something as soon as a socket takes bytes.
fn poll_writable(
    socket: &TcpStream,
    context: &mut Context<'_>,
    mut write: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_write_ready(context))?;
        match socket.try_io(Interest::WRITABLE, &mut write) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return Poll::Ready(done),
        }
    }
}

/// The reading side of a socket.
#[derive(Debug)]
pub enum SocketReader {
    /// The kernel's.
    Kernel(OwnedReadHalf),
    /// Of a network in memory.
    #[cfg(test)]
    Memory(MemoryReader),
}

/// The writing side of a socket.
#[derive(Debug)]
pub enum SocketWriter {
    /// The kernel's.
    Kernel(OwnedWriteHalf),
    /// Of a network in memory.
    #[cfg(test)]
    Memory(MemoryWriter),
}

impl SocketWriter {
    /// The kernel's socket, if it is one.
    pub(super) fn kernel(&self) -> Option<&TcpStream> {
        match self {
            Self::Kernel(half) => Some(half.as_ref()),
            #[cfg(test)]
            Self::Memory(_) => None,
        }
    }
}

/// Reads from whatever a value holds.
macro_rules! reads {
    ($type:ident) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::Kernel(inner) => Pin::new(inner).poll_read(context, buffer),
                    #[cfg(test)]
                    Self::Memory(inner) => Pin::new(inner).poll_read(context, buffer),
                }
            }
        }
    };
}

/// Writes to whatever a value holds.
macro_rules! writes {
    ($type:ident) => {
        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    Self::Kernel(inner) => Pin::new(inner).poll_write(context, bytes),
                    #[cfg(test)]
                    Self::Memory(inner) => Pin::new(inner).poll_write(context, bytes),
                }
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() {
                    Self::Kernel(inner) => Pin::new(inner).poll_write_vectored(context, slices),
                    #[cfg(test)]
                    Self::Memory(inner) => Pin::new(inner).poll_write_vectored(context, slices),
                }
            }

            fn is_write_vectored(&self) -> bool {
                match self {
                    Self::Kernel(inner) => inner.is_write_vectored(),
                    #[cfg(test)]
                    Self::Memory(inner) => inner.is_write_vectored(),
                }
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::Kernel(inner) => Pin::new(inner).poll_flush(context),
                    #[cfg(test)]
                    Self::Memory(inner) => Pin::new(inner).poll_flush(context),
                }
            }

            fn poll_shutdown(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                match self.get_mut() {
                    Self::Kernel(inner) => Pin::new(inner).poll_shutdown(context),
                    #[cfg(test)]
                    Self::Memory(inner) => Pin::new(inner).poll_shutdown(context),
                }
            }
        }
    };
}

reads!(Socket);
writes!(Socket);
reads!(SocketReader);
writes!(SocketWriter);
