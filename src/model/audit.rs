//! The audit trail: who did what, on which file, when. Each line is a fact of the central's journal.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{
    AccountKey, AccountName, ClientName, FileName, Outcome, Receiver, SecondaryNumber, TransferId,
};

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// Whoever has a key of this account.
    Account(AccountName),
    /// A client that has no account: its name proves nothing.
    Guest(ClientName),
    /// A client of the protocol of 2017: its name proves nothing.
    Legacy(ClientName),
    /// A host that asked by HTTP, which has no names.
    Http(IpAddr),
    /// An administrator, by this door.
    Administrator(Door),
    /// A secondary.
    Secondary(SecondaryNumber),
}

impl Actor {
    /// Who receives, where `account_of` tells whose a client's name is.
    pub fn of_receiver(
        receiver: &Receiver,
        account_of: impl FnOnce(&ClientName) -> Option<AccountName>,
    ) -> Self {
        match receiver {
            Receiver::Client(name) => {
                account_of(name).map_or_else(|| Self::Guest(name.clone()), Self::Account)
            }
            Receiver::Legacy(name) => Self::Legacy(name.clone()),
            Receiver::Secondary(number) => Self::Secondary(*number),
            Receiver::Http(host) => Self::Http(*host),
        }
    }

    /// The name, by which lines are looked for.
    pub fn name(&self) -> String {
        match self {
            Self::Account(name) => name.to_string(),
            Self::Guest(name) | Self::Legacy(name) => name.to_string(),
            Self::Http(host) => host.to_string(),
            Self::Administrator(door) => door.as_str().to_owned(),
            Self::Secondary(number) => number.to_string(),
        }
    }
}

/// By which door an administrator's order came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Door {
    /// The server's own prompt.
    #[default]
    Console,
    /// Another program of the machine, by the server's socket.
    Socket,
    /// A page or a program, with the administrator's password.
    Http,
    /// One of a newer version.
    #[serde(other)]
    Unknown,
}

impl Door {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Socket => "socket",
            Self::Http => "http",
            Self::Unknown => "unknown",
        }
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Deed {
    /// An account is new.
    Registered {
        /// Whose device made it.
        key: AccountKey,
        /// From where.
        address: SocketAddr,
    },
    /// An account was given up, by its holder.
    Unregistered,
    /// An account has one device more, by a recovery code.
    DeviceAdded {
        /// Its key.
        key: AccountKey,
        /// From where.
        address: SocketAddr,
    },
    /// Its key was taken from an account.
    DeviceRemoved {
        /// The account.
        account: AccountName,
        /// The key.
        key: AccountKey,
    },
    /// An account was given up, by an administrator.
    AccountRemoved {
        /// The account.
        account: AccountName,
    },
    /// A recovery code was made.
    CodeMade {
        /// The account.
        account: AccountName,
    },
    /// A name that rested may be registered again.
    NameFreed {
        /// The name.
        account: AccountName,
    },
    /// An account is connected.
    Connected {
        /// From where.
        address: SocketAddr,
    },
    /// An account's connection ended.
    Disconnected,
    /// A client was sent away.
    Expelled {
        /// Its name or its address.
        client: String,
    },
    /// A secondary is drained.
    Drained {
        /// Which.
        secondary: SecondaryNumber,
    },
    /// A drained secondary works again.
    Works {
        /// Which.
        secondary: SecondaryNumber,
    },
    /// Another number of downloads runs at once.
    MaxDownloads {
        /// So many.
        most: u64,
    },
    /// It was decided which of several contents a name stands for.
    Resolved {
        /// The name.
        file: FileName,
    },
    /// Another central was to take over.
    Migrated {
        /// Which, if it was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// A file is published, or other content under its name.
    Published {
        /// Its name.
        file: FileName,
    },
    /// A file is published no more.
    Withdrawn {
        /// Its name.
        file: FileName,
    },
    /// A download may begin.
    Granted {
        /// The file.
        file: FileName,
        /// The transfer.
        transfer: TransferId,
    },
    /// The books of a download are closed.
    Finished {
        /// The file.
        file: FileName,
        /// The transfer.
        transfer: TransferId,
        /// How it ended for its receiver, if it said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<Outcome>,
        /// Bytes that were sent in it, by the secondaries' reports.
        bytes: u64,
    },
}

/// For how long something is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// There is much of it, and it can be made by anybody: connections and downloads.
    Passing,
    /// Accounts and orders.
    Lasting,
}

impl Deed {
    /// What it is called.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "registered",
            Self::Unregistered => "unregistered",
            Self::DeviceAdded { .. } => "device-added",
            Self::DeviceRemoved { .. } => "device-removed",
            Self::AccountRemoved { .. } => "account-removed",
            Self::CodeMade { .. } => "code-made",
            Self::NameFreed { .. } => "name-freed",
            Self::Connected { .. } => "connected",
            Self::Disconnected => "disconnected",
            Self::Expelled { .. } => "expelled",
            Self::Drained { .. } => "drained",
            Self::Works { .. } => "works",
            Self::MaxDownloads { .. } => "max-downloads",
            Self::Resolved { .. } => "resolved",
            Self::Migrated { .. } => "migrated",
            Self::Published { .. } => "published",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Granted { .. } => "granted",
            Self::Finished { .. } => "finished",
        }
    }

    /// The name of whom it was done to.
    pub fn whom(&self) -> Option<String> {
        match self {
            Self::DeviceRemoved { account, .. }
            | Self::AccountRemoved { account }
            | Self::CodeMade { account }
            | Self::NameFreed { account } => Some(account.to_string()),
            Self::Expelled { client } => Some(client.clone()),
            Self::Drained { secondary } | Self::Works { secondary } => Some(secondary.to_string()),
            Self::Registered { .. }
            | Self::Unregistered
            | Self::DeviceAdded { .. }
            | Self::Connected { .. }
            | Self::Disconnected
            | Self::MaxDownloads { .. }
            | Self::Resolved { .. }
            | Self::Published { .. }
            | Self::Withdrawn { .. }
            | Self::Migrated { .. }
            | Self::Granted { .. }
            | Self::Finished { .. } => None,
        }
    }

    /// The file that it is about.
    pub fn file(&self) -> Option<&FileName> {
        match self {
            Self::Resolved { file }
            | Self::Published { file }
            | Self::Withdrawn { file }
            | Self::Granted { file, .. }
            | Self::Finished { file, .. } => Some(file),
            Self::Registered { .. }
            | Self::Unregistered
            | Self::DeviceAdded { .. }
            | Self::DeviceRemoved { .. }
            | Self::AccountRemoved { .. }
            | Self::CodeMade { .. }
            | Self::NameFreed { .. }
            | Self::Connected { .. }
            | Self::Disconnected
            | Self::Expelled { .. }
            | Self::Drained { .. }
            | Self::Works { .. }
            | Self::MaxDownloads { .. }
            | Self::Migrated { .. } => None,
        }
    }

    /// See [`Weight`].
    pub fn weight(&self) -> Weight {
        match self {
            Self::Connected { .. }
            | Self::Disconnected
            | Self::Granted { .. }
            | Self::Finished { .. } => Weight::Passing,
            Self::Registered { .. }
            | Self::Unregistered
            | Self::DeviceAdded { .. }
            | Self::DeviceRemoved { .. }
            | Self::AccountRemoved { .. }
            | Self::CodeMade { .. }
            | Self::NameFreed { .. }
            | Self::Expelled { .. }
            | Self::Drained { .. }
            | Self::Works { .. }
            | Self::MaxDownloads { .. }
            | Self::Resolved { .. }
            | Self::Published { .. }
            | Self::Withdrawn { .. }
            | Self::Migrated { .. } => Weight::Lasting,
        }
    }
}

/// A line of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audited {
    /// Its number: one more than that of the line before. The registry gives it.
    #[serde(default)]
    pub n: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who.
    pub who: Actor,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// Which lines are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditQuery {
    /// Only of who is called so: an account, a client, an address, a door; or of what was done to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Only of what is called so, as [`Deed::as_str`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Only about files whose names have this in them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Only from then on, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
    /// Only before then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// Only those after this number.
    pub after: u64,
    /// The last so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<usize>,
}

impl AuditQuery {
    /// True for a line that is wanted, wherever it stands.
    pub fn matches(&self, line: &Audited) -> bool {
        let is_who = |who: &String| {
            line.who.name() == *who || line.deed.whom().is_some_and(|whom| whom == *who)
        };
        let is_file = |part: &String| {
            let file = line.deed.file();
            file.is_some_and(|file| file.as_str().contains(part.as_str()))
        };
        line.n > self.after
            && self.who.as_ref().is_none_or(is_who)
            && self
                .what
                .as_ref()
                .is_none_or(|what| line.deed.as_str() == what)
            && self.file.as_ref().is_none_or(is_file)
            && self.since_ms.is_none_or(|since| line.at_ms >= since)
            && self.until_ms.is_none_or(|until| line.at_ms < until)
    }

    /// The wanted ones of all lines, in order.
    pub fn choose<'a>(&self, lines: impl Iterator<Item = &'a Audited>) -> Vec<Audited> {
        let mut chosen: Vec<_> = lines.filter(|line| self.matches(line)).cloned().collect();
        if let Some(last) = self.last {
            chosen.drain(..chosen.len().saturating_sub(last));
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_round_trips_and_is_called_as_it_is_written() {
        let line = |what: &str| {
            format!(r#"{{"n":7,"at_ms":1764373206000,"who":{{"account":"ana"}},{what}}}"#)
        };
        for what in [
            r#""what":"unregistered""#,
            r#""what":"connected","address":"10.0.0.7:40000""#,
            r#""what":"granted","file":"a.mp4","transfer":"1-0000000000000017""#,
            r#""what":"finished","file":"a.mp4","transfer":"1-0000000000000017","outcome":"complete","bytes":9"#,
            r#""what":"drained","secondary":2"#,
        ] {
            let line = line(what);
            let read: Audited = serde_json::from_str(&line).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), line);
            assert!(what.contains(&format!("\"{}\"", read.deed.as_str())));
        }
        let door =
            r#"{"at_ms":1,"who":{"administrator":"telepathy"},"what":"works","secondary":1}"#;
        let read: Audited = serde_json::from_str(door).unwrap();
        assert_eq!(read.who, Actor::Administrator(Door::Unknown));
    }

    #[test]
    fn lines_are_chosen_by_all_that_is_said() {
        let line = |n: u64, who: &str, what: &str| -> Audited {
            let json = format!(r#"{{"n":{n},"at_ms":{},"who":{who},{what}}}"#, n * 1000);
            serde_json::from_str(&json).unwrap()
        };
        let granted = r#""what":"granted","file":"curso/a.mp4","transfer":"1-0000000000000017""#;
        let lines = [
            line(1, r#"{"account":"ana"}"#, granted),
            line(2, r#"{"guest":"eva"}"#, granted),
            line(
                4,
                r#"{"administrator":"console"}"#,
                r#""what":"expelled","client":"eva""#,
            ),
            line(7, r#"{"account":"ana"}"#, r#""what":"disconnected""#),
        ];
        let chosen = |query: AuditQuery| -> Vec<u64> {
            let chosen = query.choose(lines.iter());
            chosen.iter().map(|line| line.n).collect()
        };
        let all = AuditQuery::default();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(chosen(all.clone()), [1, 2, 4, 7]);
        assert_eq!(
            chosen(AuditQuery {
                who: text("eva"),
                ..all.clone()
            }),
            [2, 4]
        );
        assert_eq!(
            chosen(AuditQuery {
                who: text("console"),
                ..all.clone()
            }),
            [4]
        );
        assert_eq!(
            chosen(AuditQuery {
                what: text("granted"),
                ..all.clone()
            }),
            [1, 2]
        );
        assert_eq!(
            chosen(AuditQuery {
                file: text("a.mp"),
                last: Some(1),
                ..all.clone()
            }),
            [2]
        );
        assert_eq!(
            chosen(AuditQuery {
                since_ms: Some(2000),
                until_ms: Some(7000),
                ..all.clone()
            }),
            [2, 4]
        );
        assert_eq!(chosen(AuditQuery { after: 2, ..all }), [4, 7]);
    }
}
