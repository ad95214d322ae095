//! The handle of a running client, and the commands that it sends.

use std::path::PathBuf;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{ClientError, DownloadAnswer, DownloadView, Named};
use crate::{
    engine::download::ChunkMap,
    model::{ClientName, ClusterStatus, FileName, ListedFile},
    node::{
        StopError,
        ask::{Stopped, ask},
        rules::{
            DownloadNumber,
            downloads::{Priority, Tally},
        },
    },
    proto::ErrorCode,
    store::{Root, StoreError},
};

/// Chunks of a stream that wait for their reader. Those before are kept by the download.
const STREAM_CHUNKS: usize = 1;

/// A running client.
#[derive(Clone, Debug)]
pub struct ClientHandle {
    pub(in crate::node::client) commands: mpsc::Sender<ClientCommand>,
    /// Folder of the downloaded files.
    pub(in crate::node::client) target: PathBuf,
}

/// Whoever asked for a download and waits for the central's answer.
pub(in crate::node::client) type Asker = oneshot::Sender<Result<DownloadAnswer, ClientError>>;

/// Commands to a running client.
#[derive(Debug)]
pub(in crate::node::client) enum ClientCommand {
    Enrol(ClientName, oneshot::Sender<Result<(), ClientError>>),
    Name(oneshot::Sender<Option<ClientName>>),
    List(oneshot::Sender<Result<Vec<ListedFile>, ClientError>>),
    Status(oneshot::Sender<Result<ClusterStatus, ClientError>>),
    Download(FileName, Option<Named>, Asker),
    Verify(FileName, Asker),
    Stream(FileName, mpsc::Sender<Bytes>, Asker),
    Pause(DownloadNumber, oneshot::Sender<bool>),
    Resume(DownloadNumber, Asker),
    Cancel(DownloadNumber, oneshot::Sender<bool>),
    SetPriority(DownloadNumber, Priority, oneshot::Sender<bool>),
    Detail(DownloadNumber, oneshot::Sender<Option<ChunkMap>>),
    Downloads(oneshot::Sender<Vec<DownloadView>>),
    WaitIdle(oneshot::Sender<Tally>),
    /// Answered with false when there is nothing to wait for.
    WaitForAnEnd(oneshot::Sender<bool>),
    Stop(oneshot::Sender<Result<(), StoreError>>),
}

impl ClientHandle {
    /// Sets or changes the client's name (`INSCRIBIR`). While the central is unreachable the name is kept
    /// and the error says so.
    pub async fn enrol(&self, name: ClientName) -> Result<(), ClientError> {
        ask(&self.commands, |answer| ClientCommand::Enrol(name, answer)).await?
    }

    /// The present name; none before the first [`Self::enrol`].
    pub async fn name(&self) -> Result<Option<ClientName>, Stopped> {
        ask(&self.commands, ClientCommand::Name).await
    }

    /// All files that can be downloaded (`LISTA_VIDEOS`).
    pub async fn list(&self) -> Result<Vec<ListedFile>, ClientError> {
        ask(&self.commands, ClientCommand::List).await?
    }

    /// The state of the cluster.
    pub async fn status(&self) -> Result<ClusterStatus, ClientError> {
        ask(&self.commands, ClientCommand::Status).await?
    }

    /// Asks for a file (`VIDEO`); its download goes on in the background. One that is paused goes on.
    pub async fn download(&self, name: FileName) -> Result<DownloadAnswer, ClientError> {
        ask(&self.commands, |answer| {
            ClientCommand::Download(name, None, answer)
        })
        .await?
    }

    /// The same for one of many: while the central takes no more wishes of this client, as too many of its downloads are
    /// on their way, or is away for a moment, it is asked again whenever one of them has ended.
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

    /// As [`Self::download`], into a folder and under a name of its user's choice.
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

    /// Compares a downloaded file with the cluster's, and fetches again what is not as it should be; the file is
    /// replaced when all of it is there and verified, and untouched until then. A download like others:
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

    /// Asks for a file to be read at once: its chunks in order, each verified before it is handed over. They
    /// come as fast as they are taken. The channel ends when all of them were handed over, or when the download
    /// ends otherwise, as its event and its state say; when the receiver is dropped it is cancelled. Nothing is
    /// written to the disk. A stream may run beside a download of the same file.
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

    /// Makes a download wait: what is there is kept, and its place at the central is given to others. False when
    /// there is no such one running or waiting.
    pub async fn pause(&self, number: DownloadNumber) -> Result<bool, Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::Pause(number, answer)
        })
        .await
    }

    /// Lets a paused download go on, when it has a place again and nothing of a higher priority is there.
    ///
    /// # Errors
    /// [`ClientError::NoSuchDownload`] when there is none, [`ClientError::AlreadyRunning`] when it is not
    /// paused, and as [`Self::download`]; it is paused again then.
    pub async fn resume(&self, number: DownloadNumber) -> Result<DownloadAnswer, ClientError> {
        ask(&self.commands, |answer| {
            ClientCommand::Resume(number, answer)
        })
        .await?
    }

    /// Gives a download up; false when there is no such one running, waiting or paused.
    pub async fn cancel(&self, number: DownloadNumber) -> Result<bool, Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::Cancel(number, answer)
        })
        .await
    }

    /// Changes how important a download is: while one asks, waits or runs, those of a lower priority are held.
    /// False when there is no such one, or it is over.
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

    /// Where the chunks of a download stand, or stood when it last ran; none when nothing is known of it.
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

    /// Waits until nothing runs or waits. Paused downloads are not waited for.
    pub async fn wait_idle(&self) -> Result<Tally, Stopped> {
        ask(&self.commands, ClientCommand::WaitIdle).await
    }

    /// Ends running downloads (what is there is kept), says goodbye, saves the statistics and ends.
    ///
    /// # Errors
    /// When the statistics could not be saved, or the client had failed before.
    pub async fn stop(&self) -> Result<(), StopError> {
        StopError::of(ask(&self.commands, ClientCommand::Stop).await)
    }
}
