//! A connection as it is, or within TLS.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader, ReadBuf, ReadHalf, WriteHalf},
    net::TcpStream,
};
use tokio_rustls::TlsStream;

use super::{
    send_file::PlainSocket,
    socket::{Socket, SocketReader, SocketWriter},
};

/// TLS over a socket that is read in large pieces: rustls asks for 4 KiB at a time.
pub(super) type Encrypted = TlsStream<BufReader<Socket>>;

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// Bytes enter the socket as they are.
    Plain(Socket),
    /// TLS 1.3.
    Tls(Box<Encrypted>),
}

impl From<Socket> for Stream {
    fn from(socket: Socket) -> Self {
        Self::Plain(socket)
    }
}

impl From<TcpStream> for Stream {
    fn from(socket: TcpStream) -> Self {
        Self::Plain(socket.into())
    }
}

impl Stream {
    /// The socket's two ends: this side's, and the peer's.
    ///
    /// # Errors
    /// When the connection has ended already.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        let socket = self.socket();
        Ok((socket.local_addr()?, socket.peer_addr()?))
    }

    /// The socket of it.
    pub fn socket(&self) -> &Socket {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0.get_ref(),
        }
    }

    /// The socket, where bytes enter it as they are and the kernel can send files on it.
    pub fn sends_files(&self) -> Option<&Socket> {
        match self {
            Self::Plain(socket) if socket.sends_files() => Some(socket),
            Self::Plain(_) | Self::Tls(_) => None,
        }
    }

    /// True when nobody on the way sees what it says: it is encrypted, or does not leave this machine.
    pub fn is_private(&self) -> bool {
        let is_here = || {
            let (own, peer) = self.addresses().ok()?;
            let (own, peer) = (own.ip().to_canonical(), peer.ip().to_canonical());
            Some(peer.is_loopback() || peer == own)
        };
        matches!(self, Self::Tls(_)) || is_here().unwrap_or(false)
    }

    /// The first byte that the peer sends, which stays unread; `None` at the end of the stream. Cancel-safe.
    pub(super) async fn peek(&mut self) -> io::Result<Option<u8>> {
        match self {
            Self::Plain(socket) => socket.peek().await,
            Self::Tls(stream) => Ok(stream.fill_buf().await?.first().copied()),
        }
    }

    /// What both ends of a TLS session know and nobody in the middle can have the same on both sides:
    /// `tls-exporter` of RFC 9266. Empty without TLS.
    pub fn session(&self) -> Vec<u8> {
        const BYTES: usize = 32;
        const LABEL: &[u8] = b"EXPORTER-Channel-Binding";
        let Self::Tls(stream) = self else {
            return Vec::new();
        };
        let exported = match &**stream {
            TlsStream::Client(stream) => {
                let connection = stream.get_ref().1;
                connection.export_keying_material(vec![0; BYTES], LABEL, Some(b""))
            }
            TlsStream::Server(stream) => {
                let connection = stream.get_ref().1;
                connection.export_keying_material(vec![0; BYTES], LABEL, Some(b""))
            }
        };
        exported.expect("a finished handshake can export")
    }

    pub(super) fn into_split(self) -> (ReadSide, WriteSide) {
        match self {
            Self::Plain(socket) => {
                let (read, write) = socket.into_split();
                (ReadSide::Plain(read), WriteSide::Plain(write))
            }
            Self::Tls(stream) => {
                let (read, write) = tokio::io::split(*stream);
                (ReadSide::Tls(read), WriteSide::Tls(write))
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write_vectored(context, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(socket) => socket.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// The reading side of a connection.
#[derive(Debug)]
pub enum ReadSide {
    /// As it comes.
    Plain(SocketReader),
    /// Decrypted.
    Tls(ReadHalf<Encrypted>),
}

impl AsyncRead for ReadSide {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(half) => Pin::new(half).poll_read(context, buffer),
            Self::Tls(half) => Pin::new(half).poll_read(context, buffer),
        }
    }
}

/// The writing side of a connection.
#[derive(Debug)]
pub enum WriteSide {
    /// As it is.
    Plain(SocketWriter),
    /// Encrypted. Keeps bytes that the socket did not take; a flush sends them.
    Tls(WriteHalf<Encrypted>),
}

impl AsyncWrite for WriteSide {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(half) => Pin::new(half).poll_write(context, bytes),
            Self::Tls(half) => Pin::new(half).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(half) => Pin::new(half).poll_flush(context),
            Self::Tls(half) => Pin::new(half).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(half) => Pin::new(half).poll_shutdown(context),
            Self::Tls(half) => Pin::new(half).poll_shutdown(context),
        }
    }
}

impl PlainSocket for WriteSide {
    fn plain_socket(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(half) => half.kernel(),
            Self::Tls(_) => None,
        }
    }
}
