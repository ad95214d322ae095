//! The handle of a running client, and the commands that it sends.

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{
    AccountAnswer, AccountCommand, AccountWish, ClientError, DownloadAnswer, DownloadView, Named,
    PublishError, PublishedAs, ReadFile, ServingView, ShelfView,
};
use crate::{
    engine::download::ChunkMap,
    model::{
        AccountName, ClientName, ClusterStatus, FigureAnswer, FigureName, FigureOrder, FigureValue,
        FileName, ListedFile, PublishedFile, RoomAnswer, RoomId, RoomOrder, messages::User,
    },
    node::{
        StopError, Watched,
        ask::{Stopped, ask},
        client::watch_list::Keep,
        rules::{
            DownloadNumber,
            downloads::{Priority, Tally},
        },
    },
    proto::ErrorCode,
    store::{Root, StoreError},
};

/// Chunks of a stream that wait here for their reader; the download keeps the next ones.
const STREAM_CHUNKS: usize = 1;

/// A running client.
#[derive(Clone, Debug)]
pub struct ClientHandle {
    pub(in crate::node::client) commands: mpsc::Sender<ClientCommand>,
    /// Folder of the downloaded files.
    pub(in crate::node::client) target: PathBuf,
    /// Folders that may be published from.
    pub(in crate::node::client) allowed: Arc<Vec<PathBuf>>,
}

/// Who asked for a download and waits for the central's answer.
pub(in crate::node::client) type Asker = oneshot::Sender<Result<DownloadAnswer, ClientError>>;

/// Commands to a running client.
#[derive(Debug)]
pub(in crate::node::client) enum ClientCommand {
    Enrol(ClientName, oneshot::Sender<Result<ClientName, ClientError>>),
    Rooms(RoomOrder, oneshot::Sender<Result<RoomAnswer, ClientError>>),
    ShowRoom(RoomId, bool, oneshot::Sender<()>),
    HeardInRoom(RoomId, u64, oneshot::Sender<()>),
    Account(AccountCommand),
    Name(oneshot::Sender<Option<ClientName>>),
    Central(oneshot::Sender<Option<(String, u16)>>),
    List(oneshot::Sender<Result<Vec<ListedFile>, ClientError>>),
    Status(oneshot::Sender<Result<ClusterStatus, ClientError>>),
    Count(
        FigureName,
        FigureOrder,
        oneshot::Sender<Result<FigureAnswer, ClientError>>,
    ),
    CountList(oneshot::Sender<Result<Vec<FigureValue>, ClientError>>),
    Download(FileName, Option<Named>, Asker),
    Verify(FileName, Asker),
    Stream(FileName, mpsc::Sender<Bytes>, Asker),
    Watch(FileName, Keep, Asker),
    Watched(DownloadNumber, oneshot::Sender<Option<Watched>>),
    Unwatch(DownloadNumber, oneshot::Sender<()>),
    Pause(DownloadNumber, oneshot::Sender<bool>),
    Resume(DownloadNumber, Asker),
    Cancel(DownloadNumber, oneshot::Sender<bool>),
    SetPriority(DownloadNumber, Priority, oneshot::Sender<bool>),
    Detail(DownloadNumber, oneshot::Sender<Option<ChunkMap>>),
    SetDownloadLimit(Option<u64>, oneshot::Sender<()>),
    DownloadLimit(oneshot::Sender<Option<u64>>),
    Downloads(oneshot::Sender<Vec<DownloadView>>),
    /// What a file would be called that is published.
    PublishedName(FileName, oneshot::Sender<Result<FileName, PublishError>>),
    Publish(
        Box<ReadFile>,
        oneshot::Sender<Result<PublishedAs, PublishError>>,
    ),
    Withdraw(FileName, oneshot::Sender<Result<(), PublishError>>),
    Content(
        AccountName,
        oneshot::Sender<Result<Vec<PublishedFile>, ClientError>>,
    ),
    Shelf(oneshot::Sender<Vec<ShelfView>>),
    Serving(oneshot::Sender<ServingView>),
    SetUploadLimit(Option<u64>, oneshot::Sender<()>),
    WaitIdle(oneshot::Sender<Tally>),
    /// Answered with false if no download will end by itself.
    WaitForAnEnd(oneshot::Sender<bool>),
    Stop(oneshot::Sender<Result<(), StoreError>>),
}

impl ClientHandle {
    /// Sets or changes the client's name, as a default: where this user has an account, it is that. Gives the name that it has
    /// then, which has a number while another client has the same. If the central is unreachable, the name is kept and the
    /// error says so.
    pub async fn enrol(&self, name: ClientName) -> Result<ClientName, ClientError> {
        ask(&self.commands, |answer| ClientCommand::Enrol(name, answer)).await?
    }

    /// The same by a name that its user typed (`INSCRIBIR`). An account's is only taken with the key of the account.
    ///
    /// # Errors
    /// `name-registered` for an account's name without its key; as [`Self::enrol`].
    pub async fn enrol_as(&self, name: ClientName) -> Result<ClientName, ClientError> {
        self.ask_of_accounts(|answer| AccountCommand::Enrol(name, answer))
            .await?
    }

    /// Makes, takes, leaves or ends an account (`REGISTRAR`, `CONECTAR`, `DESCONECTAR`, `BAJA`).
    ///
    /// # Errors
    /// The central's refusals; when a key cannot be kept; when the central cannot be reached.
    pub async fn account(&self, wish: AccountWish) -> Result<AccountAnswer, ClientError> {
        self.ask_of_accounts(|answer| AccountCommand::Wish(wish, answer))
            .await?
    }

    /// From now on this client is its user's account, where there is one, on every link.
    pub async fn be_own_account(&self) -> Result<(), Stopped> {
        self.ask_of_accounts(AccountCommand::Own).await
    }

    /// The account that this client is now.
    pub async fn signed_in(&self) -> Result<Option<AccountName>, Stopped> {
        self.ask_of_accounts(AccountCommand::SignedIn).await
    }

    /// All accounts (`USUARIOS`).
    pub async fn users(&self) -> Result<Vec<User>, ClientError> {
        self.ask_of_accounts(AccountCommand::Users).await?
    }

    async fn ask_of_accounts<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> AccountCommand,
    ) -> Result<T, Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::Account(command(answer))
        })
        .await
    }

    /// The present name; none before the first [`Self::enrol`].
    pub async fn name(&self) -> Result<Option<ClientName>, Stopped> {
        ask(&self.commands, ClientCommand::Name).await
    }

    /// Where the central is that it was connected to last, as it was dialled: its host name or address, and its port.
    pub async fn central(&self) -> Result<Option<(String, u16)>, Stopped> {
        ask(&self.commands, ClientCommand::Central).await
    }

    /// All files that can be downloaded (`LISTA_VIDEOS`).
    pub async fn list(&self) -> Result<Vec<ListedFile>, ClientError> {
        ask(&self.commands, ClientCommand::List).await?
    }

    /// The state of the cluster.
    pub async fn status(&self) -> Result<ClusterStatus, ClientError> {
        ask(&self.commands, ClientCommand::Status).await?
    }

    /// Gives an order to a figure (`CIFRA`); the answer is that of the central. It is not repeated when the link is lost.
    pub async fn count(
        &self,
        name: FigureName,
        order: FigureOrder,
    ) -> Result<FigureAnswer, ClientError> {
        ask(&self.commands, |answer| {
            ClientCommand::Count(name, order, answer)
        })
        .await?
    }

    /// The free figures, by name (`CIFRAS`).
    pub async fn figures(&self) -> Result<Vec<FigureValue>, ClientError> {
        ask(&self.commands, ClientCommand::CountList).await?
    }

    /// Asks for a file (`VIDEO`). The download runs in the background; a paused one is resumed.
    pub async fn download(&self, name: FileName) -> Result<DownloadAnswer, ClientError> {
        ask(&self.commands, |answer| {
            ClientCommand::Download(name, None, answer)
        })
        .await?
    }

    /// The same for one of many files. While the central refuses, because this client has too many downloads on their
    /// way, or is unreachable, it is asked again each time one of them has ended.
    pub async fn download_in_turn(&self, name: FileName) -> Result<DownloadAnswer, ClientError> {
        loop {
            match self.download(name.clone()).await {
                Err(
                    ClientError::Unreachable(_)
                    | ClientError::Refused {
                        code: ErrorCode::LimitExceeded,
                        ..
                    },
                ) if ask(&self.commands, ClientCommand::WaitForAnEnd).await? => {}
                answer => return answer,
            }
        }
    }

    /// As [`Self::download`], into a folder and under a name of the user's choice.
    ///
    /// # Errors
    /// As [`Self::download`].
    pub async fn download_as(
        &self,
        name: FileName,
        named: Named,
    ) -> Result<DownloadAnswer, ClientError> {
        ask(&self.commands, |answer| {
            ClientCommand::Download(name, Some(named), answer)
        })
        .await?
    }

    /// Compares a downloaded file with the cluster's, and fetches the chunks that differ. The file is untouched until
    /// all of it is there and verified, and then replaced. This is a download like any other:
    /// `DownloadEvent::Checked` says what was found, and an end follows.
    ///
    /// # Errors
    /// [`ClientError::NoLocalFile`] when there is no such file, and as [`Self::download`].
    pub async fn verify(&self, name: FileName) -> Result<DownloadAnswer, ClientError> {
        let (target, file) = (self.target.clone(), name.clone());
        let look = move || Root::open(&target).is_ok_and(|folder| folder.has_file(&file));
        let is_there = tokio::task::spawn_blocking(look).await;
        if !is_there.map_err(|_| Stopped)? {
            return Err(ClientError::NoLocalFile(name));
        }
        ask(&self.commands, |answer| ClientCommand::Verify(name, answer)).await?
    }

    /// Asks for a file to be read as it comes: its chunks in order, each verified first, as fast as they are taken. The
    /// channel ends after the last chunk, or when the download ends otherwise, as its event and its state say. Dropping
    /// the receiver cancels the download. Nothing is written to the disk. A stream may run beside a download of the
    /// same file.
    ///
    /// # Errors
    /// As [`Self::download`].
    pub async fn stream(
        &self,
        name: FileName,
    ) -> Result<(DownloadAnswer, mpsc::Receiver<Bytes>), ClientError> {
        let (sender, chunks) = mpsc::channel(STREAM_CHUNKS);
        let answer = ask(&self.commands, |answer| {
            ClientCommand::Stream(name, sender, answer)
        })
        .await??;
        Ok((answer, chunks))
    }

    /// Asks for a file to be read at any place while it comes ([`Watch`](crate::node::client::Watch)). Where it is being downloaded, that download is
    /// read.
    pub(in crate::node::client) async fn watch(
        &self,
        name: FileName,
        keep: Keep,
    ) -> Result<DownloadAnswer, ClientError> {
        ask(&self.commands, |answer| {
            ClientCommand::Watch(name, keep, answer)
        })
        .await?
    }

    /// What there is to read of a download that is watched.
    pub(in crate::node::client) async fn watched(
        &self,
        number: DownloadNumber,
    ) -> Result<Option<Watched>, Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::Watched(number, answer)
        })
        .await
    }

    /// Nobody watches a download any more.
    pub(in crate::node::client) async fn unwatch(
        &self,
        number: DownloadNumber,
    ) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::Unwatch(number, answer)
        })
        .await
    }

    /// Pauses a download: what was received is kept, and its place goes to others. False if no such download runs or
    /// waits.
    pub async fn pause(&self, number: DownloadNumber) -> Result<bool, Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::Pause(number, answer)
        })
        .await
    }

    /// Resumes a paused download. It goes on once it has a place and nothing of a higher priority is left.
    ///
    /// # Errors
    /// [`ClientError::NoSuchDownload`] if there is none, [`ClientError::AlreadyRunning`] if it is not paused, and as
    /// [`Self::download`], after which it is paused again.
    pub async fn resume(&self, number: DownloadNumber) -> Result<DownloadAnswer, ClientError> {
        ask(&self.commands, |answer| {
            ClientCommand::Resume(number, answer)
        })
        .await?
    }

    /// Gives a download up. False if no such download runs, waits or is paused.
    pub async fn cancel(&self, number: DownloadNumber) -> Result<bool, Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::Cancel(number, answer)
        })
        .await
    }

    /// Changes a download's priority: while it asks, waits or runs, those of a lower priority are held. False if there
    /// is no such download, or it is over.
    pub async fn set_priority(
        &self,
        number: DownloadNumber,
        priority: Priority,
    ) -> Result<bool, Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::SetPriority(number, priority, answer)
        })
        .await
    }

    /// Limits what all downloads receive together, in bytes per second, at once for those that run as well; `None` for no
    /// limit.
    pub async fn set_download_limit(&self, bytes_per_s: Option<u64>) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::SetDownloadLimit(bytes_per_s, answer)
        })
        .await
    }

    /// The limit of what all downloads receive together, in bytes per second.
    pub async fn download_limit(&self) -> Result<Option<u64>, Stopped> {
        ask(&self.commands, ClientCommand::DownloadLimit).await
    }

    /// Where the chunks of a download stand, or stood when it last ran; `None` if nothing is known of it.
    pub async fn detail(&self, number: DownloadNumber) -> Result<Option<ChunkMap>, Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::Detail(number, answer)
        })
        .await
    }

    /// Every download since the start, in order.
    pub async fn downloads(&self) -> Result<Vec<DownloadView>, Stopped> {
        ask(&self.commands, ClientCommand::Downloads).await
    }

    /// Waits until no download runs or waits. Paused ones do not count.
    pub async fn wait_idle(&self) -> Result<Tally, Stopped> {
        ask(&self.commands, ClientCommand::WaitIdle).await
    }

    /// Ends running downloads, keeping what they have received; says goodbye, saves the statistics and ends.
    ///
    /// # Errors
    /// When the statistics could not be saved, or the client had failed before.
    pub async fn stop(&self) -> Result<(), StopError> {
        StopError::of(ask(&self.commands, ClientCommand::Stop).await)
    }
}
