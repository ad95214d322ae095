//! What happens at a client and in its downloads, for people.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use super::answers::DownloadView;
use crate::{
    engine::download::Notice,
    model::{
        AccountName, ClientName, Digest, FileName, Job, ReceivedFrom, RoomId, RoomMessage,
        RoomName, Who,
    },
    node::{Denied, Failure, Lost, StatisticsTrouble, rules::DownloadNumber},
    proto::{ErrorCode, Said},
    store::{Damage, PartNote, StoreError},
};

/// What happens at a client, for people.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// The central was reached for the first time.
    Connected {
        /// Where it is.
        central: SocketAddr,
    },
    /// The central was not reached yet, and nobody waits for an answer that would tell; said once until it is.
    CentralAway {
        /// Why.
        reason: Lost,
    },
    /// The link is down; said once until it is up again.
    CentralLost {
        /// Why.
        reason: Lost,
        /// Some downloads go on without it.
        are_running: bool,
    },
    /// The central and this client are not secured alike; said once until the link is up.
    Denied(Denied),
    /// The administrator has expelled this client. Its downloads end, and it stays away for
    /// [`EXPELLED_FOR`](crate::model::limits::EXPELLED_FOR).
    Expelled,
    /// The central is back.
    CentralBack,
    /// Another central of the cluster reigns now, and this client is connected to it.
    CentralMoved {
        /// Where it is.
        central: SocketAddr,
    },
    /// Another client has its name: the central calls it otherwise.
    OtherName {
        /// As it wants to be called.
        wanted: ClientName,
        /// As it is called.
        name: ClientName,
    },
    /// It is an account's client now, or is so no more.
    Account(AccountEvent),
    /// Somebody says something to this client alone. Who they say they are is their own word.
    Private {
        /// Who, by their own word.
        from: String,
        /// What.
        text: String,
    },
    /// Something was said in a room, or is to be done in a channel.
    Room(RoomEvent),
    /// A file that this client publishes is not as it was, or not there: it is not offered.
    NotOffered {
        /// What it is called in the cluster.
        name: FileName,
    },
    /// A file that this client offers is published no more: another device of its account has withdrawn it, or an
    /// administrator.
    WithdrawnElsewhere {
        /// What it was called.
        name: FileName,
    },
    /// Peers cannot reach this client.
    NotServing(String),
    /// Something happened to a download.
    Download {
        /// Which.
        number: DownloadNumber,
        /// Its file.
        file: FileName,
        /// What.
        what: DownloadEvent,
    },
    /// Statistics could not be read or saved.
    Statistics(StatisticsTrouble),
    /// Downloads of an earlier run that are not complete. They are paused.
    Remembered(Vec<DownloadView>),
    /// The downloads of this run may be forgotten.
    Memory(MemoryTrouble),
}

/// What a client is, without having been asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountEvent {
    /// It is its user's account, by itself.
    SignedIn {
        /// The account.
        name: AccountName,
    },
    /// It is its account's client no more, without having asked for it.
    SignedOut {
        /// The account.
        account: AccountName,
        /// What it is called as a guest.
        name: ClientName,
    },
    /// The central does not take its user's key: it is a guest.
    Refused {
        /// The account.
        name: AccountName,
        /// Why, for programs.
        code: ErrorCode,
        /// Why, in words and values.
        message: Said,
    },
}

/// What went wrong with the file of remembered downloads; the client goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryTrouble {
    /// It could not be understood, and is kept under another name.
    SetAside {
        /// The file.
        path: PathBuf,
        /// Where it is now.
        to: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
    /// It could not be read or saved.
    Failed(StoreError),
}

impl ClientEvent {
    /// True for events that must reach people, however slow the console: a download ended or was paused. Their number
    /// is bounded by what the user asked for. Others may be left out when too many wait.
    pub fn is_kept(&self) -> bool {
        match self {
            Self::Download { what, .. } => match what {
                DownloadEvent::Complete(_)
                | DownloadEvent::AlreadyComplete { .. }
                | DownloadEvent::Failed { .. }
                | DownloadEvent::Cancelled
                | DownloadEvent::Paused => true,
                DownloadEvent::Queued { .. }
                | DownloadEvent::Started { .. }
                | DownloadEvent::Resumed { .. }
                | DownloadEvent::Remark(_)
                | DownloadEvent::Checked { .. }
                | DownloadEvent::Notice(_)
                | DownloadEvent::OwnDisk { .. }
                | DownloadEvent::Superseded
                | DownloadEvent::Held => false,
            },
            // Its number is bounded by the central, and who has not shown it gets it again.
            Self::Room(_) => true,
            Self::Connected { .. }
            | Self::CentralAway { .. }
            | Self::CentralLost { .. }
            | Self::Denied(_)
            | Self::Expelled
            | Self::CentralBack
            | Self::CentralMoved { .. }
            | Self::OtherName { .. }
            | Self::Account(_)
            | Self::NotOffered { .. }
            | Self::WithdrawnElsewhere { .. }
            | Self::NotServing(_)
            | Self::Private { .. }
            | Self::Statistics(_)
            | Self::Remembered(_)
            | Self::Memory(_) => false,
        }
    }
}

/// What happens to a download.
#[derive(Clone, Debug)]
pub enum DownloadEvent {
    /// It waits for its place; said again whenever its position changes.
    Queued {
        /// Its position, from 1.
        place: u32,
    },
    /// It was granted and starts.
    Started {
        /// Length of the file, in bytes.
        bytes: u64,
        /// Chunks of the file.
        chunks: u32,
        /// Assigned chunks per source.
        sources: Vec<(Who, u32)>,
    },
    /// An earlier run's part file goes on.
    Resumed {
        /// Bytes that are there already.
        bytes: u64,
    },
    /// Bytes were taken from other files of this disk, such as an older version, and need not be sent.
    OwnDisk {
        /// How many.
        bytes: u64,
    },
    /// A remark about the part file of an earlier run.
    Remark(PartNote),
    /// The file to be verified was read; its bad chunks are asked for next.
    Checked {
        /// Chunks that it should have.
        chunks: u32,
        /// Those that are wrong or missing.
        bad: u32,
    },
    /// Trouble with a source, or its return. The central has been told if it should know.
    Notice(Notice),
    /// The whole file is there, verified, under its final name.
    Complete(Summary),
    /// The file was there before, with the same content.
    AlreadyComplete {
        /// Where.
        path: PathBuf,
        /// How long it is.
        bytes: u64,
        /// Digest of all of it.
        whole: Digest,
    },
    /// It ended without the file.
    Failed {
        /// Why.
        reason: Failure,
    },
    /// Its user paused it. What was received is kept; its place goes to others.
    Paused,
    /// It waits until downloads of a higher priority have ended, and then goes on by itself.
    Held,
    /// The name has other content now, and nobody has the old one: it begins anew with the new content.
    Superseded,
    /// Its user or the end of the node ended it. What was received is kept for the next time.
    Cancelled,
}

/// A finished download, including what this process received of it before a pause.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Where the file is; empty for a stream.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Of these, bytes that were there before this download was asked for.
    pub resumed_bytes: u64,
    /// Of these, bytes that were taken from files of this disk.
    pub own_disk_bytes: u64,
    /// Of these, bytes in chunks of zeros, which are not sent.
    pub zero_bytes: u64,
    /// From grant to the end, without the time in which it was paused or held.
    pub took: Duration,
    /// SHA-256 of the whole file, as `sha256sum` prints it.
    pub whole: Digest,
    /// What each source brought.
    pub sources: Vec<ReceivedFrom>,
}

impl Summary {
    /// Mean rate of what was received, in bytes per second.
    pub fn average_bytes_per_s(&self) -> f64 {
        let seconds = self.took.as_secs_f64().max(0.001);
        self.received_bytes() as f64 / seconds
    }

    /// Verified bytes that sources brought.
    pub fn received_bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.bytes).sum()
    }

    /// The share of the received bytes that each source brought, from 0 to 1, including sources that brought nothing.
    pub fn shares(&self) -> Vec<(Who, f64)> {
        let all = self.received_bytes().max(1) as f64;
        let share = |source: &ReceivedFrom| (source.who, source.bytes as f64 / all);
        self.sources.iter().map(share).collect()
    }

    /// Bytes that were received in vain.
    pub fn wasted_bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.wasted).sum()
    }

    /// Chunks that were taken back from a source and asked for elsewhere.
    pub fn retries(&self) -> u64 {
        self.sources.iter().map(|source| source.retries).sum()
    }
}

/// What a client hears of rooms and channels without having asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomEvent {
    /// Something was said in a room that is shown.
    Said {
        /// The room.
        room: RoomId,
        /// What, the oldest first. Whoever has shown it says so by [`ClientHandle::heard_in_room`].
        ///
        /// [`ClientHandle::heard_in_room`]: super::ClientHandle::heard_in_room
        messages: Vec<RoomMessage>,
    },
    /// So much waits in a room that is not shown.
    Unread {
        /// The room.
        room: RoomId,
        /// How many messages.
        count: u32,
    },
    /// There is a message of a channel to work on.
    Given {
        /// The channel.
        channel: RoomName,
        /// The message.
        job: Job,
    },
}
