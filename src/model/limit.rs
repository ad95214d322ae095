//! What somebody asked for too many of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What there may be too many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Connections of the server.
    Connections,
    /// Connections of one address: an idle one gave way.
    Share,
    /// Files that the server's process has open.
    Descriptors,
    /// Downloads of one client.
    Downloads,
    /// Downloads of all that wait.
    Waiting,
    /// Files of one secondary.
    Files,
    /// Folders of a secondary that take no copies.
    Folders,
    /// Requested chunks of one connection.
    Chunks,
    /// Files that one account publishes.
    Published,
    /// Accounts that a published file is for.
    Audience,
    /// Accounts of the cluster.
    Accounts,
    /// Accounts that were registered from one address of late.
    Registrations,
    /// Devices of one account.
    Devices,
    /// One of a newer version.
    #[serde(other)]
    Unknown,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connections => "connections",
            Self::Share => "connections of one address",
            Self::Descriptors => "open files",
            Self::Downloads => "requests",
            Self::Waiting => "downloads waiting",
            Self::Files => "files",
            Self::Folders => "folders",
            Self::Chunks => "chunks",
            Self::Published => "published files",
            Self::Audience => "accounts that a file is for",
            Self::Accounts => "accounts",
            Self::Registrations => "registrations from one address in an hour",
            Self::Devices => "devices of one account",
            Self::Unknown => "requests of some kind",
        })
    }
}
