//! Files that the kernel sends itself: bytes go from the page cache to the socket without a copy in between.

use std::{io, os::fd::AsFd, time::Duration};

use rustix::{fs::sendfile, net::SendFlags};
use tokio::{
    io::{AsyncWrite, Interest},
    net::{TcpStream, tcp::OwnedWriteHalf},
    time::timeout,
};

/// A stream that may be a socket which bytes can enter as they are.
pub trait PlainSocket: AsyncWrite + Unpin {
    /// That socket; `None` where bytes are changed on their way, as by encryption.
    fn plain_socket(&self) -> Option<&TcpStream>;
}

impl PlainSocket for OwnedWriteHalf {
    fn plain_socket(&self) -> Option<&TcpStream> {
        Some(self.as_ref())
    }
}

/// Puts a header into the socket that more bytes follow at once.
pub(super) async fn send_header(
    socket: &TcpStream,
    mut header: &[u8],
    stall_timeout: Duration,
) -> io::Result<()> {
    while !header.is_empty() {
        let count = when_writable(socket, stall_timeout, || {
            Ok(rustix::net::send(
                socket,
                header,
                SendFlags::MORE | SendFlags::NOSIGNAL,
            )?)
        })
        .await?;
        header = &header[count..];
    }
    Ok(())
}

/// Sends some bytes of a file, up to `limit` from `offset`, and says how many; 0 at its end. Blocks on the
/// disk where they are not in the page cache.
pub(super) async fn send_some(
    socket: &TcpStream,
    file: &impl AsFd,
    offset: u64,
    limit: usize,
    stall_timeout: Duration,
) -> io::Result<usize> {
    when_writable(socket, stall_timeout, || {
        let mut offset = offset;
        Ok(sendfile(socket, file, Some(&mut offset), limit)?)
    })
    .await
}

async fn when_writable(
    socket: &TcpStream,
    stall_timeout: Duration,
    mut send: impl FnMut() -> io::Result<usize>,
) -> io::Result<usize> {
    let sent = timeout(
        stall_timeout,
        socket.async_io(Interest::WRITABLE, &mut send),
    );
    sent.await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
