//! How a connection begins: its first byte says what is spoken on it.

use std::io;

use super::Socket;

/// First byte of every TLS connection: a record of the handshake.
const HANDSHAKE_RECORD: u8 = 0x16;

/// How a peer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// A handshake of TLS.
    Tls,
    /// The method of an HTTP request: lines begin with a brace.
    Http,
    /// Anything else, or nothing.
    Lines,
}

/// How the peer begins, by its first byte. Reads nothing; cancel-safe.
///
/// # Errors
/// When the stream fails.
pub async fn beginning(socket: &Socket) -> io::Result<Beginning> {
    Ok(match socket.peek().await? {
        Some(HANDSHAKE_RECORD) => Beginning::Tls,
        first if is_http(first) => Beginning::Http,
        _ => Beginning::Lines,
    })
}

/// A method: lines begin with a brace.
pub(super) fn is_http(first: Option<u8>) -> bool {
    first.is_some_and(|first| first.is_ascii_uppercase())
}
