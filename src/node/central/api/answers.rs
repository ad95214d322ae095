//! What a central answers beyond the types of its machine.

use serde::{Deserialize, Serialize};

use super::{
    super::{room::KeyStoreFigures, several::CentralInfo},
    counting::Info,
};
use crate::{
    engine::{
        cluster::{
            AccountInfo, ClientInfo, Drained, Holder, QueueRow, Resolved, Running, SecondaryInfo,
            SentBy,
        },
        counters::Counters,
    },
    model::{Audited, ClusterStatus, Conflict, FigureError, FigureValue, FileMeta, FileName},
    node::ServerFigures,
};

/// What a central answers to an order, as a document with one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // Each is the answer to the order of its name.
pub enum CentralAnswer {
    DownloadsPerFile(Vec<DownloadCount>),
    DownloadsPerClient(Vec<DownloadCount>),
    Status(ClusterStatus),
    Secondaries(Vec<SecondaryInfo>),
    Clients(Vec<ClientInfo>),
    Queue(Vec<QueueRow>),
    Expelled {
        name: String,
        clients: u32,
    },
    Drained(Vec<DrainedSecondary>),
    Conflicts(Vec<Conflict>),
    Resolved {
        name: FileName,
        choice: u16,
        resolved: Resolved,
    },
    Statistics(serde_json::Value),
    Accounts(Vec<AccountInfo>),
    AccountCode {
        /// The account.
        name: String,
        /// The code; none when the system gives no random numbers.
        code: Option<String>,
    },
    AccountChanged {
        /// The account.
        name: String,
        /// What was done to it.
        what: AccountChange,
    },
    AccountRefused {
        /// The name.
        name: String,
        /// Why, for programs.
        code: String,
    },
    Audit(Vec<Audited>),
    Centrals(Vec<CentralInfo>),
    Figure(FigureValue),
    FigureRefused(FigureError),
    Figures(Vec<FigureValue>),
    Info(Box<Info>),
    Migrated {
        /// The central that reigns now.
        to: Option<String>,
        /// Why none other does.
        code: Option<String>,
    },
}

/// What an administrator did to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChange {
    /// One of its devices is its no more.
    DeviceRemoved,
    /// It is no more.
    Removed,
    /// Its name is free.
    Freed,
}

/// What became of a secondary that is to be drained, or to work again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrainedSecondary {
    /// Its number, as it was given.
    pub secondary: u64,
    /// How it is now.
    pub drained: Drained,
    /// It was so before.
    #[serde(default)]
    pub unchanged: bool,
}

/// A row of a table of downloads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadCount {
    /// A file's or a client's name.
    pub name: String,
    /// Complete downloads.
    pub downloads: u64,
    /// It is an account's: nobody else can have them booked to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub account: bool,
}

/// A file, and the live secondaries that hold it, the least busy first.
pub type Offer = (FileMeta, Vec<Holder>);

/// How the cluster is, of one look at it, with files as they were counted a moment ago.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its state.
    pub status: ClusterStatus,
    /// Its secondaries, by number.
    pub secondaries: Vec<SecondaryInfo>,
    /// What the books say of all downloads.
    pub sums: Counters,
    /// What secondaries have sent, by their reports to this run.
    pub sent: SentBy,
    /// Files that a secondary lacks which should hold them.
    pub lacking: u64,
    /// The length of all files that can be downloaded.
    pub bytes: u64,
    /// Its connections.
    pub server: ServerFigures,
    /// Of one of several centrals: what has their journal.
    pub key_store: Option<KeyStoreFigures>,
}

/// What a central says of itself, whether it reigns or not.
#[derive(Clone, Debug)]
pub struct OwnFigures {
    /// All centrals as it knows them; nothing where it is the only one.
    pub centrals: Vec<CentralInfo>,
    /// The name of this one.
    pub node: String,
    /// Its connections.
    pub server: ServerFigures,
}

/// What a page shows of a cluster, of one look at it.
#[derive(Clone, Debug)]
pub struct Present {
    /// How it is.
    pub summary: Summary,
    /// What runs, some hundreds at most.
    pub running: Vec<Running>,
    /// What waits, some hundreds at most.
    pub queue: Vec<QueueRow>,
    /// Changes when the catalogue may have changed.
    pub catalogue: u64,
    /// The centrals; nothing where there is only one.
    pub centrals: Vec<CentralInfo>,
}
