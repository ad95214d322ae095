//! Files that the kernel sends itself: bytes go from the page cache to the socket without a copy in between.

use std::{io, os::fd::AsFd, time::Duration};

use rustix::{fs::sendfile, net::SendFlags};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncWrite, Interest},
    net::TcpStream,
};

use super::{socket::Socket, stall::unless_stalled};

/// A stream that may be a socket which bytes can enter as they are.
pub trait PlainSocket: AsyncWrite + Unpin {
    /// That socket; `None` where bytes are changed on their way, as by encryption.
    fn plain_socket(&self) -> Option<&TcpStream>;
}

#[cfg(test)]
impl PlainSocket for tokio::io::DuplexStream {
    fn plain_socket(&self) -> Option<&TcpStream> {
        None
    }
}

/// How many bytes a socket may hold that are not on their way yet: enough for a tenth of a second at 10 MB/s.
const UNSENT_BYTES: u32 = 128 << 10;

/// Limits what waits in a socket (`TCP_NOTSENT_LOWAT`), so that "taken by the socket" means "nearly sent". Buffers
/// grow to several megabytes otherwise: whoever sends sees nothing of what a slow receiver still waits for, and what is
/// taken back is sent all the same.
pub fn limit_unsent(socket: &Socket) {
    let Some(socket) = socket.kernel() else {
        return;
    };
    if let Err(error) = SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::debug!(%error, "TCP_NOTSENT_LOWAT");
    }
}

/// The code point of what gives way to all else (RFC 8622), as the field that it is a part of has it.
const LOWER_EFFORT: u32 = 1 << 2;

/// Marks what is sent as less urgent than anything else, for networks that heed it.
pub fn lower_effort(socket: &Socket) {
    let Some(socket) = socket.kernel() else {
        return;
    };
    let marked = match socket.local_addr() {
        Ok(address) if address.is_ipv6() => {
            rustix::net::sockopt::set_ipv6_tclass(socket, LOWER_EFFORT)
        }
        _ => rustix::net::sockopt::set_ip_tos(socket, LOWER_EFFORT as u8),
    };
    if let Err(error) = marked {
        tracing::debug!(%error, "DSCP");
    }
}

/// How soon a peer that says nothing is asked whether it is still there, how often, and how many times.
const ASKED_AFTER: Duration = Duration::from_secs(30);
const ASKED_TIMES: u32 = 3;

/// Has the kernel notice a peer whose machine is gone.
pub fn keep_alive(socket: &Socket) {
    let Some(socket) = socket.kernel() else {
        return;
    };
    let often = TcpKeepalive::new()
        .with_time(ASKED_AFTER)
        .with_interval(ASKED_AFTER)
        .with_retries(ASKED_TIMES);
    if let Err(error) = SockRef::from(socket).set_tcp_keepalive(&often) {
        tracing::debug!(%error, "SO_KEEPALIVE");
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
    unless_stalled(
        stall_timeout,
        socket.async_io(Interest::WRITABLE, &mut send),
    )
    .await
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use tokio::{io::AsyncReadExt, net::TcpListener};

    use crate::net::split;

    use super::*;

    #[tokio::test]
    async fn a_limited_socket_holds_little() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let socket = TcpStream::connect(address).await.unwrap();
        let socket = Socket::from(socket);
        limit_unsent(&socket);
        let limit = SockRef::from(socket.kernel().unwrap())
            .tcp_notsent_lowat()
            .unwrap();
        assert_eq!(limit, UNSENT_BYTES);
    }

    #[tokio::test]
    async fn a_header_and_a_range_of_a_file_arrive_in_order() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|i| (i / 7) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let sender = tokio::spawn(async move {
            let (_reader, mut writer) = split(far, Duration::from_secs(5));
            assert!(writer.sends_files());
            writer.stage(&"header");
            let (mut offset, end) = (1_000_000, bytes.len() as u64);
            while offset < end {
                let left = (end - offset) as usize;
                offset += writer.send_file(&file, offset, left).await.unwrap() as u64;
            }
            // Where the file ends there is nothing, and no error.
            assert_eq!(writer.send_file(&file, end, 1).await.unwrap(), 0);
            bytes
        });
        let mut received = Vec::new();
        let mut near = near;
        near.read_to_end(&mut received).await.unwrap();
        let bytes = sender.await.unwrap();
        let header = b"\"header\"\n";
        assert!(received.starts_with(header));
        assert!(received[header.len()..] == bytes[1_000_000..]);
    }
}
