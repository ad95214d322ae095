//! What a program that runs a secondary sees of it.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::{
    engine::download::{Notice, Snapshot},
    model::{
        self, Conflict, FileName, IgnoredReason, Receiver, RetiredReason, SecondaryNumber, Who,
        Writer,
    },
    node::{
        Denied, Failure, Lost, Refused, Security, StatisticsTrouble, StopError,
        ask::{Stopped, ask},
        central::DownloadCount,
    },
    store::{
        StoreError,
        retired::{Retired, RetiredFile, RetiredLimits, RetiredTotal},
    },
};

/// How a secondary is to run.
#[derive(Clone, Debug)]
pub struct SecondaryConfig {
    /// Its number.
    pub number: SecondaryNumber,
    /// Where to listen; port 0 for a free one.
    pub listen: SocketAddr,
    /// Address that others can reach; when `None`, where it listens, or else the local one of the connection to the
    /// central.
    pub announced_ip: Option<IpAddr>,
    /// Port that others can reach; where it listens when `None`.
    pub announced_port: Option<u16>,
    /// The centrals' host names or addresses, and ports, in the order in which they are tried.
    pub centrals: Vec<(String, u16)>,
    /// The folder that it serves; made when it does not exist.
    pub folder: PathBuf,
    /// Folder of the statistics and of the digest cache.
    pub statistics: PathBuf,
    /// Most bytes per second that it sends, over all connections; `None` for no limit.
    pub upload_limit_bytes_per_s: Option<u64>,
    /// How much of what was set aside is kept, and for how long.
    pub retired: RetiredLimits,
    /// A file that was changed is left alone for this long before it is offered.
    pub quiet: Duration,
    /// Disks that the folder had are not missed any more.
    pub forget_disks: bool,
    /// Who is let in, and how; also what it shows to the central.
    pub security: Arc<Security>,
}

/// What happens at a secondary, for people.
#[derive(Clone, Debug)]
pub enum SecondaryEvent {
    /// Enrolled at the central.
    Enrolled {
        /// The central.
        central: SocketAddr,
        /// It had been enrolled before.
        again: bool,
    },
    /// Other secondaries hold other content under a name of a file here, or somebody has decided on it.
    Conflict(Conflict),
    /// The central and this node are not started alike; said once until it is back.
    Denied(Denied),
    /// The central cannot be reached, or its connection ended; said once until it is back.
    CentralLost {
        /// Why.
        reason: Lost,
    },
    /// The folder is being read again, as somebody wished; what is served goes on being served.
    Reindexing,
    /// The first look at the folder is over, or it was read again.
    FolderRead {
        /// Files that are served.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// A file is served from now on.
    Serving {
        /// The file.
        file: FileName,
        /// Its length, in bytes.
        bytes: u64,
    },
    /// A file is no longer served.
    NoLongerServing {
        /// The file.
        file: FileName,
        /// Why.
        why: NoLongerServing,
    },
    /// A file is not what it was, though nothing shows that somebody changed it: it is not served, and a good copy will take
    /// its place.
    Damaged {
        /// The file.
        file: FileName,
    },
    /// Something in the folder is not served.
    Ignored {
        /// Its path below the folder.
        path: String,
        /// Why.
        reason: IgnoredReason,
    },
    /// More of one kind than can be told one by one is not served.
    ManyIgnored {
        /// How many.
        count: usize,
        /// Some of their paths.
        examples: Vec<String>,
        /// Why.
        reason: IgnoredReason,
    },
    /// A copy from other secondaries started.
    CopyStarted {
        /// The file.
        file: FileName,
        /// Its length, in bytes.
        bytes: u64,
        /// From whom.
        sources: Vec<Who>,
    },
    /// Something happened in a copy.
    CopyNotice {
        /// The file.
        file: FileName,
        /// What.
        notice: Notice,
    },
    /// A copy is complete and verified.
    Copied {
        /// The file.
        file: FileName,
        /// Bytes that came from each source.
        from: Vec<(Who, u64)>,
        /// Bytes that were taken from other files of this disk.
        own_bytes: u64,
        /// How long it took.
        took: Duration,
    },
    /// A copy ended without the file.
    CopyFailed {
        /// The file.
        file: FileName,
        /// Why.
        reason: Failure,
    },
    /// Somebody started to receive a file from here.
    SendingTo {
        /// Who.
        receiver: Receiver,
        /// The file.
        file: FileName,
    },
    /// A receiver's connection for a file ended.
    SentTo {
        /// Who.
        receiver: Receiver,
        /// The file.
        file: FileName,
        /// Bytes that were sent.
        bytes: u64,
    },
    /// A message was refused and its connection ended.
    BadPeer {
        /// Where it came from.
        address: SocketAddr,
        /// What was wrong.
        reason: Refused,
    },
    /// The central refuses this secondary for good; the node stops.
    Refused(Lost),
    /// A file has been open for writing for a while: it is offered once it is closed.
    BeingWritten {
        /// The file.
        file: FileName,
        /// Who has it open, when that is known.
        by: Option<Writer>,
    },
    /// The served folder is not there any more, or cannot be read.
    FolderGone(StoreError),
    /// The served folder is there again.
    FolderBack,
    /// The disk that was mounted below the served folder is not there: nothing is served from there, or copied there.
    DiskAway(FileName),
    /// It is there again.
    DiskBack(FileName),
    /// Nothing can be written into the served folder: it is served, and takes no copies.
    ReadOnly(StoreError),
    /// The served folder can be written into again.
    Writable,
    /// Statistics could not be read or saved.
    Statistics(StatisticsTrouble),
}

/// Why a file is no longer served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLongerServing {
    /// It was deleted from the folder.
    Deleted,
    /// It changed, or cannot be read.
    Changed,
    /// The disk has altered it.
    Damaged,
    /// It is not wanted any more: this copy is in `.trozos/retirados`, as far as there is room for it.
    SetAside(RetiredReason),
    /// It was deleted at another secondary, and cannot be moved away here.
    Withdrawn,
}

/// A secondary as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondaryStatus {
    /// Its number.
    pub number: SecondaryNumber,
    /// The central; `None` while there is no connection to it.
    pub central: Option<SocketAddr>,
    /// The folder that it serves.
    #[serde(with = "model::serde::shown_path")]
    pub folder: PathBuf,
    /// Files that are served.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The folder is being read, for the first time or again.
    pub indexing: bool,
    /// Nothing can be written into the folder: it takes no copies.
    pub read_only: bool,
    /// The folder, or one below it, is on a disk that is not there now.
    pub away: bool,
    /// Names of its files that stand for several contents, until a person decides.
    pub conflicts: Vec<Conflict>,
    /// Transfers in which it has a connection; those of the original are one per part.
    pub sending: u32,
    /// Copies from other secondaries that run.
    pub copying: u32,
    /// Payload bytes that it has sent since it started.
    pub bytes_sent: u64,
    /// The same of the last three seconds.
    #[serde(rename = "bytes_per_s")]
    pub rate_bytes_per_s: f64,
    /// The limit of what it sends; `None` for no limit.
    pub upload_limit_bytes_per_s: Option<u64>,
    /// Connections of receivers, idle ones included.
    pub connections: u32,
}

/// A transfer that runs now (`VIDEOS_DESCARGANDO`).
#[derive(Clone, Debug)]
pub struct RunningTransfer {
    /// The file.
    pub file: FileName,
    /// What is happening with it.
    pub kind: RunningKind,
}

/// Which way a running transfer goes.
#[derive(Clone, Debug)]
pub enum RunningKind {
    /// To somebody.
    Sending {
        /// To whom.
        receiver: Receiver,
        /// Bytes sent so far.
        bytes: u64,
    },
    /// A copy from other secondaries.
    Copying {
        /// How far it is.
        snapshot: Snapshot,
    },
}

/// A running secondary.
#[derive(Debug)]
pub struct SecondaryHandle {
    pub(super) address: SocketAddr,
    pub(super) queries: mpsc::Sender<SecondaryQuery>,
    pub(super) retired: Retired,
    pub(super) stop: tokio_util::sync::CancellationToken,
    pub(super) done: tokio::task::JoinHandle<Result<(), StopError>>,
}

/// Questions to a running secondary.
#[derive(Debug)]
pub(super) enum SecondaryQuery {
    Running(oneshot::Sender<Vec<RunningTransfer>>),
    Downloads(oneshot::Sender<Vec<DownloadCount>>),
    Status(oneshot::Sender<SecondaryStatus>),
    Statistics(oneshot::Sender<serde_json::Value>),
    Reindex(oneshot::Sender<()>),
    SetUploadLimit(Option<u64>, oneshot::Sender<()>),
}

impl SecondaryHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Transfers that run now, copies included (`VIDEOS_DESCARGANDO`).
    pub async fn running(&self) -> Result<Vec<RunningTransfer>, Stopped> {
        ask(&self.queries, SecondaryQuery::Running).await
    }

    /// Complete downloads per file in which this secondary took part (`VIDEOS_DESCARGADOS`).
    pub async fn downloads(&self) -> Result<Vec<DownloadCount>, Stopped> {
        ask(&self.queries, SecondaryQuery::Downloads).await
    }

    /// How it is.
    pub async fn status(&self) -> Result<SecondaryStatus, Stopped> {
        ask(&self.queries, SecondaryQuery::Status).await
    }

    /// The statistics as they would be saved now.
    pub async fn statistics(&self) -> Result<serde_json::Value, Stopped> {
        ask(&self.queries, SecondaryQuery::Statistics).await
    }

    /// Has the whole folder read again from now on, in the background and at low priority, whatever is known of its
    /// files; they are served meanwhile. One that turns out to hold other content is one that has changed.
    /// [`SecondaryEvent::Reindexing`] comes now, [`SecondaryEvent::FolderRead`] at the end.
    pub async fn reindex(&self) -> Result<(), Stopped> {
        ask(&self.queries, SecondaryQuery::Reindex).await
    }

    /// Another limit of what it sends over all connections, in bytes per second and at least 1, from now on; `None`
    /// for none. Transfers that run keep to it as well.
    pub async fn set_upload_limit(&self, bytes_per_s: Option<u64>) -> Result<(), Stopped> {
        ask(&self.queries, |answer| {
            SecondaryQuery::SetUploadLimit(bytes_per_s, answer)
        })
        .await
    }

    /// What was taken out of the folder and is kept, the oldest first (`RETIRADOS`).
    ///
    /// # Errors
    /// What the disk says.
    pub async fn retired(&self) -> Result<Vec<RetiredFile>, StoreError> {
        let retired = self.retired.clone();
        on_disk(&self.retired, move || retired.list()).await
    }

    /// The same, for whoever looks at it without waiting for this node.
    pub fn retired_store(&self) -> Retired {
        self.retired.clone()
    }

    /// Brings a file back that was taken out of the folder, and gives the name that it has now (`RECUPERAR`). It is
    /// served as one that somebody has put there. `None` when there is no such number.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn recover(&self, number: u64) -> Result<Option<FileName>, StoreError> {
        let retired = self.retired.clone();
        on_disk(&self.retired, move || retired.recover(number)).await
    }

    /// Removes files of these numbers for good that were taken out of the folder (`VACIAR`); gives what went.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn empty_retired(&self, numbers: Vec<u64>) -> Result<RetiredTotal, StoreError> {
        let retired = self.retired.clone();
        on_disk(&self.retired, move || retired.empty(&numbers)).await
    }

    /// Other limits of what is kept of what was taken out of the folder, from now on.
    pub async fn set_retired_limits(&self, limits: RetiredLimits) -> Result<(), StoreError> {
        let retired = self.retired.clone();
        on_disk(&self.retired, move || {
            retired.set_limits(limits);
            retired.enforce()
        })
        .await
    }

    /// Cancelled when the node stops by itself, as when the central refuses it.
    pub fn stopped(&self) -> tokio_util::sync::CancellationToken {
        self.stop.clone()
    }

    /// Says goodbye, gives transfers two seconds, saves the statistics and ends.
    ///
    /// # Errors
    /// When the statistics could not be saved, or the node had failed before.
    pub async fn stop(self) -> Result<(), StopError> {
        self.stop.cancel();
        StopError::of(self.done.await)
    }
}

/// Work that waits for a disk.
async fn on_disk<T: Send + 'static>(
    retired: &Retired,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::new(retired.path(), &error.into())))
}
