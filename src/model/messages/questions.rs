//! What is asked of the central and changes nothing, and what it answers.

use serde::{Deserialize, Serialize};

use super::super::{
    AccountName, Audited, ClusterStatus, Digest, FileName, ListedFile, PublishedFile,
};

/// What is answered from the central's state, and changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Question {
    /// The files that can be downloaded, from after a name.
    List {
        /// The last name of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FileName>,
    },
    /// The state of the cluster.
    Status,
    /// What an account publishes, from after a name.
    Content {
        /// The account.
        account: AccountName,
        /// The last name of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FileName>,
    },
    /// The accounts, from after a name.
    Users {
        /// The last name of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<AccountName>,
    },
    /// The audit trail, from after a number: only for administrators.
    Audit {
        /// The number.
        after: u64,
        /// That the administrator's password is known, for this connection.
        proof: Digest,
    },
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Answer {
    /// One page of the listing.
    Listing {
        /// False while service has not begun.
        ready: bool,
        /// The files of this page, by name.
        files: Vec<ListedFile>,
        /// True when there are more after the last of them.
        more: bool,
    },
    /// The state of the cluster.
    Status(ClusterStatus),
    /// One page of what an account publishes, as far as the client may see it.
    Content {
        /// The account.
        account: AccountName,
        /// There is such an account.
        known: bool,
        /// The files of this page, by name.
        files: Vec<PublishedFile>,
        /// True when there are more after the last of them.
        more: bool,
    },
    /// One page of the accounts.
    Users {
        /// The accounts of this page, in an order of their own.
        users: Vec<User>,
        /// True when there are more after the last of them.
        more: bool,
    },
    /// Lines of the audit trail.
    Audit {
        /// The lines of this page, in order.
        lines: Vec<Audited>,
        /// The number of the last line that there is: less than what was asked for says that the trail is another.
        last: u64,
    },
}

/// An account as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its name.
    pub name: AccountName,
    /// Somebody has signed in as it.
    pub connected: bool,
    /// Files of it that the asker may see.
    #[serde(default)]
    pub files: u32,
}
