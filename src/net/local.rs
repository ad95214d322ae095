//! A socket of this machine. Only its owner and root may speak through it: the kernel says who is at the other end.

use std::{io, os::unix::net::UnixStream as StdStream, path::Path};

use rustix::process::geteuid;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::{UnixListener, UnixStream},
};

/// Waits for connections of this machine.
#[derive(Debug)]
pub struct LocalListener(UnixListener);

impl LocalListener {
    /// Listens at a path where nothing is yet.
    ///
    /// # Errors
    /// What the operating system says; also when the path is too long for a socket.
    pub fn bind(path: &Path) -> io::Result<Self> {
        UnixListener::bind(path).map(Self)
    }

    /// The next connection of somebody who may speak; others are closed. Cancel-safe.
    ///
    /// # Errors
    /// What the operating system says.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        loop {
            let (stream, _) = self.0.accept().await?;
            match stream.peer_cred() {
                Ok(peer) if may_speak(peer.uid()) => return Ok(stream),
                Ok(peer) => tracing::warn!(uid = peer.uid(), "no orders are taken from this user"),
                Err(error) => tracing::warn!(%error, "no orders are taken from nobody knows whom"),
            }
        }
    }
}

fn may_speak(uid: u32) -> bool {
    uid == 0 || uid == geteuid().as_raw()
}

/// Connects to whoever listens at a path of this machine.
///
/// # Errors
/// What the operating system says.
pub async fn connect_here(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path).await
}

/// True when a process listens at this path. A socket outlives a process that was killed.
///
/// # Errors
/// What the operating system says when that cannot be known.
pub fn is_listened_to(path: &Path) -> io::Result<bool> {
    match StdStream::connect(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(false),
        Err(error) => Err(error),
    }
}

/// All that comes until the other side has said everything.
///
/// # Errors
/// `InvalidData` when it is more than `most` bytes, or what the operating system says.
pub async fn read_all(from: impl AsyncRead + Unpin, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let taken = from.take(most as u64 + 1).read_to_end(&mut bytes).await?;
    if taken > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(bytes)
}
