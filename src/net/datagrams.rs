//! Datagrams of the kernel's network.

use std::{io, net::SocketAddr};

use socket2::{Domain, Protocol, SockAddr, Type};
use tokio::net::UdpSocket;

/// What the kernel is asked to keep of what has come and was not read, in bytes. It may give less.
const KEPT_BYTES: usize = 4 << 20;

/// Takes datagrams at an address.
///
/// # Errors
/// When the address is not local, in use, or not allowed.
pub fn datagrams(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = socket2::Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    let _ = socket.set_recv_buffer_size(KEPT_BYTES);
    socket.bind(&SockAddr::from(address))?;
    UdpSocket::from_std(socket.into())
}
