//! Lines of which each connection has a process of its own, which is given the socket and reads what comes: what harms it
//! harms it alone. What it has understood it says to the central over a pair of sockets, where nothing is believed either.

use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdUnixStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, atomic::AtomicUsize},
};

use tokio::net::UnixStream;
use tokio_util::sync::CancellationToken;

use super::{accepting::accept, asking::Asking, child::CHILD, lines::converse};
use crate::net::{Accepted, Listener, Permit, Socket};

/// Processes at once.
const MOST_PROCESSES: usize = 64;

pub(super) async fn serve(
    listener: Listener,
    program: PathBuf,
    asking: Asking,
    count: Arc<AtomicUsize>,
    stop: CancellationToken,
) {
    let attend = |accepted: Accepted, stop: CancellationToken| {
        let Accepted {
            socket,
            peer,
            permit,
        } = accepted;
        let who = peer.ip().to_canonical().to_string();
        let (program, asking) = (program.clone(), asking.clone());
        async move {
            let attended = attend(socket, &program, &asking, &who, (&permit, &stop)).await;
            if let Err(error) = attended {
                tracing::warn!(%peer, %error, "a process for a connection of figures");
            }
        }
    };
    accept(listener, MOST_PROCESSES, count, stop, attend).await;
}

/// Starts the process of a connection, answers it, and sees to its end.
async fn attend(
    socket: Socket,
    program: &Path,
    asking: &Asking,
    who: &str,
    (permit, stop): (&Permit, &CancellationToken),
) -> io::Result<()> {
    let (ours, theirs) = StdUnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let socket = socket.into_descriptor()?;
    let program = program.to_owned();
    let started = tokio::task::spawn_blocking(move || start(&program, socket, theirs.into()));
    let mut child = started.await.map_err(io::Error::other)??;
    let ours = UnixStream::from_std(ours);
    let ended = match ours {
        Ok(ours) => tokio::select! {
            ended = converse(ours, asking, who) => ended,
            () = permit.revoked() => Ok(()),
            () = stop.cancelled() => Ok(()),
        },
        Err(error) => Err(error),
    };
    let over = tokio::task::spawn_blocking(move || {
        // It has ended, or is to.
        let _ = child.kill();
        child.wait()
    });
    over.await.map_err(io::Error::other)??;
    ended
}

/// A process that has the connection as its input, and the central as its output. It is given nothing else: no variable, as
/// one may be a secret.
fn start(program: &Path, socket: OwnedFd, central: OwnedFd) -> io::Result<Child> {
    Command::new(program)
        .arg(CHILD)
        .env_clear()
        .stdin(Stdio::from(socket))
        .stdout(Stdio::from(central))
        .stderr(Stdio::null())
        .spawn()
}
