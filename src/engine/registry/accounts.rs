//! Accounts as facts: who has which name, and which keys prove it. Names are told apart by what they look like.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{AccountKey, AccountName, ClientName, Digest, Likeness};

/// A fact about accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "kebab-case")]
pub enum AccountFact {
    /// An account is new.
    Registered {
        /// Its name.
        name: AccountName,
        /// The key of its first device.
        key: AccountKey,
        /// When, in milliseconds since 1970.
        at_ms: u64,
        /// What guests are called from now on that had the name until then. So are they in the books: an account has
        /// nobody else's figures.
        guests: ClientName,
    },
    /// An account has one device more. That took its recovery code, which is good no more.
    DeviceAdded {
        /// Its name.
        name: AccountName,
        /// The key of the device.
        key: AccountKey,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// A device is an account's no more.
    DeviceRemoved {
        /// Its name.
        name: AccountName,
        /// The key of the device.
        key: AccountKey,
    },
    /// A code lets one device more into an account, in the place of any code before it.
    Code {
        /// Its name.
        name: AccountName,
        /// The SHA-256 of the code.
        hash: Digest,
        /// Until when, in milliseconds since 1970.
        until_ms: u64,
    },
    /// An account is no more, and nobody may have its name for a while.
    Unregistered {
        /// Its name.
        name: AccountName,
        /// Until when, in milliseconds since 1970.
        until_ms: u64,
    },
    /// A name is free: it was given up long ago, or an administrator says so. An account of the name is no more.
    Freed {
        /// The name.
        name: AccountName,
    },
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Accounts {
    accounts: BTreeMap<Likeness, Account>,
    resting: BTreeMap<Likeness, Resting>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: AccountName,
    /// When it was registered, in milliseconds since 1970.
    pub since_ms: u64,
    /// Its devices, in the order in which they came.
    pub devices: Vec<Device>,
    /// What lets one device more in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
}

/// A device of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its key.
    pub key: AccountKey,
    /// When it came, in milliseconds since 1970.
    pub since_ms: u64,
}

/// A recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The SHA-256 of the code.
    pub hash: Digest,
    /// Until when it is good, in milliseconds since 1970.
    pub until_ms: u64,
}

/// A name that nobody may have for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// The name.
    pub name: AccountName,
    /// Until when, in milliseconds since 1970.
    pub until_ms: u64,
}

impl Account {
    /// True for a key of one of its devices.
    pub fn has(&self, key: AccountKey) -> bool {
        self.devices.iter().any(|device| device.key == key)
    }
}

impl Accounts {
    /// One thing more is a fact.
    pub(super) fn apply(&mut self, fact: &AccountFact) {
        match fact.clone() {
            AccountFact::Registered {
                name, key, at_ms, ..
            } => {
                self.resting.remove(&name.likeness());
                let account = Account {
                    devices: vec![Device {
                        key,
                        since_ms: at_ms,
                    }],
                    since_ms: at_ms,
                    code: None,
                    name,
                };
                self.accounts.insert(account.name.likeness(), account);
            }
            AccountFact::DeviceAdded { name, key, at_ms } => {
                if let Some(account) = self.accounts.get_mut(&name.likeness()) {
                    account.code = None;
                    account.devices.push(Device {
                        key,
                        since_ms: at_ms,
                    });
                }
            }
            AccountFact::DeviceRemoved { name, key } => {
                if let Some(account) = self.accounts.get_mut(&name.likeness()) {
                    account.devices.retain(|device| device.key != key);
                }
            }
            AccountFact::Code {
                name,
                hash,
                until_ms,
            } => {
                if let Some(account) = self.accounts.get_mut(&name.likeness()) {
                    account.code = Some(Code { hash, until_ms });
                }
            }
            AccountFact::Unregistered { name, until_ms } => {
                let look = name.likeness();
                self.accounts.remove(&look);
                self.resting.insert(look, Resting { name, until_ms });
            }
            AccountFact::Freed { name } => {
                let look = name.likeness();
                self.accounts.remove(&look);
                self.resting.remove(&look);
            }
        }
    }

    /// The account of this very name.
    pub fn get(&self, name: &AccountName) -> Option<&Account> {
        let account = self.accounts.get(&name.likeness());
        account.filter(|account| account.name == *name)
    }

    /// The account that a client of this name is of, as nobody else may have such a name.
    pub fn of_client(&self, name: &ClientName) -> Option<&Account> {
        if self.accounts.is_empty() {
            return None;
        }
        let account = self.accounts.get(&Likeness::of(name.as_str()));
        account.filter(|account| account.name.as_str() == name.as_str())
    }

    /// The account whose name looks like this.
    pub fn alike(&self, look: &Likeness) -> Option<&Account> {
        self.accounts.get(look)
    }

    /// The name that looks like this and that nobody may have.
    pub fn resting_alike(&self, look: &Likeness) -> Option<&Resting> {
        self.resting.get(look)
    }

    /// True for a name that no guest may have, as it looks like an account's or a former one's.
    pub fn is_reserved(&self, name: &ClientName) -> bool {
        if self.accounts.is_empty() && self.resting.is_empty() {
            return false;
        }
        let look = Likeness::of(name.as_str());
        self.accounts.contains_key(&look) || self.resting.contains_key(&look)
    }

    /// Accounts from after a name on, in the order of their looks.
    pub fn after(&self, name: Option<&AccountName>) -> impl Iterator<Item = &Account> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = name.map_or(Unbounded, |name| Excluded(name.likeness()));
        self.accounts
            .range((from, Unbounded))
            .map(|(_, account)| account)
    }

    /// All accounts.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// All names that rest.
    pub fn resting(&self) -> impl Iterator<Item = &Resting> {
        self.resting.values()
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// True without any account.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// How many names rest.
    pub fn resting_count(&self) -> usize {
        self.resting.len()
    }
}
