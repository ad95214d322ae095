//! Orders that other programs of this machine give to one that runs, over a socket that only its owner and root may
//! use: one request and one answer for each connection, both as bytes that mean something to the programs.

use std::{
    fs::{self, DirBuilder, Permissions},
    future::pending,
    io,
    os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::process::geteuid;
use tokio::{
    io::AsyncWriteExt,
    net::UnixStream,
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};

use crate::{
    model::error_codes,
    net::{LocalListener, connect_here, is_listened_to, read_all},
    store::StoreError,
};

/// Longest request, in bytes.
const REQUEST_BYTES: usize = 64 * 1024;
/// Longest answer, in bytes: a table of all files of a large cluster fits.
const ANSWER_BYTES: usize = 256 * 1024 * 1024;
/// Requests that wait for their answers.
const AT_ONCE: usize = 16;
/// How long a program may take to say what it wants, or to take its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// A listener that fails is tried again after this time.
const PAUSE: Duration = Duration::from_millis(100);

/// Why no orders are taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrdersError {
    /// The socket cannot be made.
    #[error(transparent)]
    Disk(#[from] StoreError),
    /// Another running program has the socket.
    #[error("{}: in use by another program", .0.display())]
    InUse(PathBuf),
    /// Others may write into its folder, and put a socket of theirs in the place of ours.
    #[error("{}: others may write into this folder", .0.display())]
    OpenFolder(PathBuf),
}

error_codes!(OrdersError, code {
    Self::InUse(_) => "orders-in-use",
    Self::OpenFolder(_) => "orders-open-folder",
} in {
    Self::Disk(error) => error.code(),
});

/// The orders to a running program.
#[derive(Debug)]
pub struct Orders {
    asked: mpsc::Receiver<Asked>,
    /// `None` for a program that takes none.
    socket: Option<OwnSocket>,
}

/// One order.
#[derive(Debug)]
pub struct Asked {
    /// What is asked for.
    pub request: Vec<u8>,
    answer: oneshot::Sender<Vec<u8>>,
}

impl Asked {
    /// Answers; whoever asked may have gone.
    pub fn answer(self, answer: Vec<u8>) {
        let _ = self.answer.send(answer);
    }
}

impl Orders {
    /// Takes no orders.
    pub fn none() -> Self {
        Self {
            asked: mpsc::channel(1).1,
            socket: None,
        }
    }

    /// Takes orders at a path, which is removed at the end. Its folder is made where it is missing.
    ///
    /// # Errors
    /// See [`OrdersError`].
    pub fn listen(path: &Path) -> Result<Self, OrdersError> {
        let disk = |error: &io::Error| StoreError::new(path, error);
        // A bare name is in the folder in which the program was started.
        let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
        private_folder(folder.unwrap_or(Path::new(".")))?;
        make_room(path)?;
        let listener = LocalListener::bind(path).map_err(|error| disk(&error))?;
        let socket = OwnSocket::of(path).map_err(|error| disk(&error))?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|error| disk(&error))?;
        let (sender, asked) = mpsc::channel(AT_ONCE);
        tokio::spawn(listen(listener, sender));
        Ok(Self {
            asked,
            socket: Some(socket),
        })
    }

    /// Where orders are taken.
    pub fn path(&self) -> Option<&Path> {
        self.socket.as_ref().map(|socket| socket.path.as_path())
    }

    /// The next order. Cancel-safe.
    pub async fn next(&mut self) -> Asked {
        match self.asked.recv().await {
            Some(asked) => asked,
            None => pending().await,
        }
    }
}

/// The socket in the file system, as long as it is ours.
#[derive(Debug)]
struct OwnSocket {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl OwnSocket {
    fn of(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        Ok(Self {
            path: path.to_owned(),
            device: found.dev(),
            inode: found.ino(),
        })
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode));
        if is_ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes a folder that only we can enter, or sees that only we can write into the one that is there.
fn private_folder(folder: &Path) -> Result<(), OrdersError> {
    let disk = |error: io::Error| OrdersError::Disk(StoreError::new(folder, &error));
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(disk(error)),
    }
    let found = fs::symlink_metadata(folder).map_err(disk)?;
    let owner = found.uid();
    let is_private =
        found.is_dir() && (owner == geteuid().as_raw() || owner == 0) && found.mode() & 0o022 == 0;
    if is_private {
        Ok(())
    } else {
        Err(OrdersError::OpenFolder(folder.to_owned()))
    }
}

/// Removes what a process left that was killed.
fn make_room(path: &Path) -> Result<(), OrdersError> {
    let disk = |error: io::Error| OrdersError::Disk(StoreError::new(path, &error));
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(disk(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(StoreError::NotAFile(path.to_owned()).into());
        }
        Ok(_) => {}
    }
    if is_listened_to(path).map_err(disk)? {
        return Err(OrdersError::InUse(path.to_owned()));
    }
    fs::remove_file(path).map_err(disk)
}

async fn listen(listener: LocalListener, asked: mpsc::Sender<Asked>) {
    let places = std::sync::Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let stream = tokio::select! {
            () = asked.closed() => return,
            stream = listener.accept() => stream,
        };
        match stream {
            Ok(stream) => {
                let asked = asked.clone();
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, &asked).await {
                        tracing::debug!(%error, "an order came to nothing");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "an order could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// One order of a program.
async fn serve(mut stream: UnixStream, asked: &mpsc::Sender<Asked>) -> io::Result<()> {
    // The permissions of the socket say the same, but only from a moment after it is there, and not on every system.
    if !may_order(stream.peer_cred()?.uid()) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let request = timeout(PATIENCE, read_all(&mut stream, REQUEST_BYTES)).await??;
    let (answer, answered) = oneshot::channel();
    let order = Asked { request, answer };
    if asked.send(order).await.is_err() {
        return Ok(());
    }
    if let Ok(answer) = answered.await {
        timeout(PATIENCE, async {
            stream.write_all(&answer).await?;
            stream.shutdown().await
        })
        .await??;
    }
    Ok(())
}

/// True for the user of this program, and for root.
fn may_order(uid: u32) -> bool {
    uid == geteuid().as_raw() || uid == 0
}

/// Gives an order to the program that listens at a path, and waits for its answer.
///
/// # Errors
/// What the operating system says, `NotFound` and `ConnectionRefused` where no program listens. An answer that is
/// cut short is `UnexpectedEof`.
pub async fn order(path: &Path, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = connect_here(path).await?;
    stream.write_all(request).await?;
    stream.shutdown().await?;
    let answer = read_all(&mut stream, ANSWER_BYTES).await?;
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    async fn echo(mut orders: Orders) {
        loop {
            let asked = orders.next().await;
            let answer = [b"did ", asked.request.as_slice()].concat();
            asked.answer(answer);
        }
    }

    #[tokio::test]
    async fn an_order_is_answered_and_the_socket_is_private_and_goes_with_its_program() {
        let folder = folder();
        let path = folder.path().join("run/x.sock");
        let orders = Orders::listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let parent = path.parent().unwrap();
        assert_eq!(fs::metadata(parent).unwrap().mode() & 0o777, 0o700);
        let running = tokio::spawn(echo(orders));
        for word in ["one", "two"] {
            let answer = order(&path, word.as_bytes()).await.unwrap();
            assert_eq!(answer, format!("did {word}").into_bytes());
        }
        running.abort();
        let _ = running.await;
        assert!(!path.exists());
        let error = order(&path, b"x").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn what_a_killed_program_left_makes_room_and_what_is_used_or_no_socket_does_not() {
        let folder = folder();
        let path = folder.path().join("x.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let first = Orders::listen(&path).unwrap();
        let error = Orders::listen(&path).unwrap_err();
        assert_eq!(error, OrdersError::InUse(path.clone()));
        drop(first);
        fs::write(&path, "mine").unwrap();
        let error = Orders::listen(&path).unwrap_err();
        assert_eq!(error, StoreError::NotAFile(path.clone()).into());
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }

    #[tokio::test]
    async fn a_folder_of_others_is_refused() {
        let folder = folder();
        let open = folder.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        let error = Orders::listen(&open.join("x.sock")).unwrap_err();
        assert_eq!(error, OrdersError::OpenFolder(open));
    }

    #[test]
    fn only_the_own_user_and_root_give_orders() {
        let own = geteuid().as_raw();
        assert!(may_order(own) && may_order(0));
        assert!(!may_order(own + 1));
    }

    #[tokio::test]
    async fn what_is_too_long_is_not_read() {
        let folder = folder();
        let path = folder.path().join("x.sock");
        let running = tokio::spawn(echo(Orders::listen(&path).unwrap()));
        let long = vec![b'x'; REQUEST_BYTES + 1];
        assert!(order(&path, &long).await.is_err());
        assert!(order(&path, b"short").await.is_ok());
        running.abort();
    }
}
