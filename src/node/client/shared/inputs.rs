//! What the connections of peers ask of a client's owner, and the contents that they send.

use std::{
    fs::File,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{running::Running, shelf::Found, standing::Standing};
use crate::{
    model::{ByteRange, FileMeta, FileName, Manifest, PeerNumber, Receiver, TransferId},
    node::{
        Refused, clock,
        rules::sent::Sending,
        send::{Content, Opened, Provider, Wanted},
    },
    proto::ticket::{About, check},
    store::{ContentReader, StoreError},
};

/// What connections ask of the owner.
#[derive(Debug)]
pub(in crate::node::client) enum PeerInput {
    /// A content to be sent.
    Open {
        transfer: TransferId,
        wanted: Wanted,
        receiver: Receiver,
        answer: oneshot::Sender<Result<Held, Refused>>,
    },
    /// A published file that is not as it was, or cannot be read.
    Damaged { name: FileName },
    BadPeer {
        address: SocketAddr,
        reason: Refused,
    },
}

/// A content that a connection asked for.
#[derive(Debug)]
pub(in crate::node::client) struct Held {
    pub(in crate::node::client) what: What,
    pub(in crate::node::client) sending: Sending,
    pub(in crate::node::client) stop: CancellationToken,
}

/// See [`Held`].
#[derive(Debug)]
pub(in crate::node::client) enum What {
    /// It is published.
    Published(Box<Found>),
    /// It is being received, or has just come.
    Running(Running),
}

/// What this client gives to its peers. Its owner knows the files.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) inputs: mpsc::Sender<PeerInput>,
    pub(super) standing: Standing,
}

impl Provider for Served {
    async fn open(
        &self,
        transfer: TransferId,
        wanted: Wanted,
        receiver: Receiver,
    ) -> Result<Opened, Refused> {
        let Wanted::Content { id, ticket, .. } = &wanted else {
            return Err(Refused::NoTicket);
        };
        let shown = ticket.ok_or(Refused::NoTicket)?;
        let own = self.standing.now().ok_or(Refused::Stopping)?;
        let about = About {
            cluster: own.cluster,
            id: *id,
            sender: own.number,
        };
        let asks = check(&shown, &about, &own.key, clock::wall_s()).map_err(Refused::Ticket)?;
        if number_of(&receiver) != Some(asks) {
            return Err(Refused::NoTicket);
        }
        let (answer, answered) = oneshot::channel();
        let open = PeerInput::Open {
            transfer,
            wanted,
            receiver,
            answer,
        };
        let sent = self.inputs.send(open).await;
        sent.map_err(|_| Refused::Stopping)?;
        let held = answered.await.map_err(|_| Refused::Stopping)??;
        self.opened(held).await
    }

    async fn damaged(&self, name: FileName, error: &StoreError) {
        tracing::warn!(file = %name, %error, "cannot be sent");
        let _ = self.inputs.send(PeerInput::Damaged { name }).await;
    }

    async fn bad_peer(&self, address: SocketAddr, reason: Refused) {
        let bad = PeerInput::BadPeer { address, reason };
        let _ = self.inputs.send(bad).await;
    }
}

/// The number of a peer that receives: to the sending code it is a client of that name.
pub(super) fn number_of(receiver: &Receiver) -> Option<PeerNumber> {
    match receiver {
        Receiver::Client(name) => {
            let number = name.as_str().parse::<u64>().ok()?;
            PeerNumber::try_from(number).ok()
        }
        Receiver::Legacy(_) | Receiver::Secondary(_) | Receiver::Http(_) => None,
    }
}

impl Served {
    /// Opens the file of a content.
    async fn opened(&self, held: Held) -> Result<Opened, Refused> {
        let Held {
            what,
            sending,
            stop,
        } = held;
        let found = match what {
            What::Published(found) => *found,
            What::Running(running) => {
                return Ok(Opened {
                    content: Arc::new(running),
                    sending,
                    stop,
                });
            }
        };
        let (here, name) = (found.here, found.name);
        let opened = tokio::task::spawn_blocking(move || here.place.open(here.file));
        match opened.await.map_err(|_| Refused::Stopping)? {
            Ok(reader) => Ok(Opened {
                content: Arc::new(Published::new(name, reader, found.over)),
                sending,
                stop,
            }),
            Err(StoreError::NoDescriptor(_)) => Err(Refused::NoDescriptor),
            Err(error) => {
                Provider::damaged(self, name.clone(), &error).await;
                Err(Refused::FileChanged(name))
            }
        }
    }
}

/// A published file that is open. Errors name it as the cluster does: nobody learns where it is.
struct Published {
    meta: FileMeta,
    reader: ContentReader,
    over: Arc<AtomicBool>,
}

impl Published {
    fn new(name: FileName, reader: ContentReader, over: Arc<AtomicBool>) -> Self {
        let meta = FileMeta {
            name,
            ..reader.file().meta.clone()
        };
        Self { meta, reader, over }
    }

    /// An error of the disk, without the path.
    fn hidden(&self, error: &StoreError) -> StoreError {
        let path = PathBuf::from(self.meta.name.as_str());
        match error {
            StoreError::Changed(_) | StoreError::NotFound(_) => StoreError::Changed(path),
            StoreError::NoDescriptor(_) => StoreError::NoDescriptor(path),
            StoreError::Denied(_) => StoreError::Denied(path),
            StoreError::Other { why, .. } => StoreError::Other {
                path,
                why: why.clone(),
            },
            _ => StoreError::new(&path, &io::ErrorKind::Other.into()),
        }
    }
}

impl Content for Published {
    fn meta(&self) -> &FileMeta {
        &self.meta
    }

    fn manifest(&self) -> &Manifest {
        Content::manifest(&self.reader)
    }

    fn read_at(&self, range: ByteRange, target: &mut Vec<u8>) -> Result<(), StoreError> {
        let read = Content::read_at(&self.reader, range, target);
        read.map_err(|error| self.hidden(&error))
    }

    fn check_unchanged(&self) -> Result<(), StoreError> {
        if self.over.load(Ordering::Relaxed) {
            return Err(StoreError::Changed(self.meta.name.as_str().into()));
        }
        let checked = Content::check_unchanged(&self.reader);
        checked.map_err(|error| self.hidden(&error))
    }

    fn kernel_file(&self) -> Option<&File> {
        Content::kernel_file(&self.reader)
    }

    fn is_in_memory(&self, range: ByteRange) -> bool {
        Content::is_in_memory(&self.reader, range)
    }

    fn error(&self, error: &io::Error) -> StoreError {
        self.hidden(&Content::error(&self.reader, error))
    }
}
