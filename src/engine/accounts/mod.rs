//! Who may have which account: decides on wishes by the facts of the registry, and says which fact each becomes. It keeps
//! nothing but how often each address has registered of late; a name belongs to whoever has a key of its account.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
};

use super::registry::{Account, AccountFact, Accounts};
use crate::model::{
    AccountKey, AccountName, AccountNameError, ClientName, Digest, Limit, Proven, Wish,
    limits::{
        CODE_LASTS, MAX_ACCOUNTS, MAX_DEVICES, MAX_REGISTRATIONS, NAME_RESTS, REGISTRATIONS_WITHIN,
    },
};

/// Why somebody does not have the account that it wants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// The text is no name of an account.
    #[error("{0}")]
    BadName(#[from] AccountNameError),
    /// Another account has the name, or one that looks like it.
    #[error("{0} is taken, or a name that looks like it is")]
    NameTaken(AccountName),
    /// An account had the name, and nobody may have it yet.
    #[error("{name} was given up: it rests until {until_ms} ms after 1970")]
    NameRests {
        /// The name.
        name: AccountName,
        /// Until when.
        until_ms: u64,
    },
    /// There are no accounts at this central.
    #[error("there are no accounts here")]
    Closed,
    /// The connection is no account's.
    #[error("this connection is no account's")]
    NotConnected,
    /// There is no account of the name.
    #[error("there is no account {0}")]
    Unknown(ClientName),
    /// The key is none of the account's, and there is no code that lets it in.
    #[error("the key is none of {0}")]
    WrongKey(AccountName),
    /// An account has the name, or had it, or has one that looks like it: it takes the account's key.
    #[error("{0} is an account's name: it takes the account's key")]
    Registered(ClientName),
    /// Over a limit.
    #[error("too many {of}")]
    TooMany {
        /// Of what.
        of: Limit,
        /// How many there may be.
        most: usize,
    },
}

/// What a wish comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The account.
    pub name: AccountName,
    /// What becomes a fact.
    pub fact: Option<AccountFact>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Registrar {
    is_open: bool,
    /// When accounts were registered from each address of late, in milliseconds since 1970.
    lately: BTreeMap<IpAddr, VecDeque<u64>>,
}

impl Default for Registrar {
    fn default() -> Self {
        Self {
            is_open: true,
            lately: BTreeMap::new(),
        }
    }
}

impl Registrar {
    /// Accounts are allowed, or not. Their names stay theirs.
    pub fn set_open(&mut self, is_open: bool) {
        self.is_open = is_open;
    }

    /// True where there may be accounts.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Decides on a wish of somebody who has the key that it names, and connects from this address; a /64 of IPv6 is to
    /// be one. `own` is the account of the connection. What it comes to must be applied to the registry.
    ///
    /// # Errors
    /// See [`AccountRefusal`].
    pub fn decide(
        &mut self,
        accounts: &Accounts,
        wall_ms: u64,
        from: IpAddr,
        own: Option<&AccountName>,
        proven: &Proven,
    ) -> Result<Granted, AccountRefusal> {
        if !self.is_open {
            return Err(AccountRefusal::Closed);
        }
        let name = AccountName::try_from(proven.name.as_str())?;
        match proven.wish {
            Wish::Register => self.register(accounts, wall_ms, from, name, proven),
            Wish::SignIn => sign_in(accounts, wall_ms, name, proven),
            Wish::Unregister => {
                let account = find(accounts, &proven.name)?;
                if own != Some(&name) {
                    return Err(AccountRefusal::NotConnected);
                }
                if !account.has(proven.key) {
                    return Err(AccountRefusal::WrongKey(name));
                }
                Ok(given_up(name, wall_ms))
            }
        }
    }

    fn register(
        &mut self,
        accounts: &Accounts,
        wall_ms: u64,
        from: IpAddr,
        name: AccountName,
        proven: &Proven,
    ) -> Result<Granted, AccountRefusal> {
        if accounts.get(&name).is_some_and(|a| a.has(proven.key)) {
            // It did not hear of it.
            return Ok(Granted { name, fact: None });
        }
        let look = name.likeness();
        if accounts.alike(&look).is_some() {
            return Err(AccountRefusal::NameTaken(name));
        }
        if let Some(resting) = accounts.resting_alike(&look)
            && resting.until_ms > wall_ms
        {
            let until_ms = resting.until_ms;
            return Err(AccountRefusal::NameRests { name, until_ms });
        }
        let is_full = accounts.len() >= MAX_ACCOUNTS
            || accounts.len() + accounts.resting_count() >= 2 * MAX_ACCOUNTS;
        if is_full {
            return Err(AccountRefusal::TooMany {
                of: Limit::Accounts,
                most: MAX_ACCOUNTS,
            });
        }
        self.count(wall_ms, from)?;
        let fact = AccountFact::Registered {
            name: name.clone(),
            key: proven.key,
            at_ms: wall_ms,
            guests: guest_name(accounts, Some(&name), &proven.name),
        };
        let fact = Some(fact);
        Ok(Granted { name, fact })
    }

    fn count(&mut self, wall_ms: u64, from: IpAddr) -> Result<(), AccountRefusal> {
        let since_ms = wall_ms.saturating_sub(REGISTRATIONS_WITHIN.as_millis() as u64);
        for times in self.lately.values_mut() {
            // A clock that was set back makes nobody wait for long.
            times.retain(|at| (since_ms + 1..=wall_ms).contains(at));
        }
        self.lately.retain(|_, times| !times.is_empty());
        let times = self.lately.entry(from).or_default();
        if times.len() >= MAX_REGISTRATIONS {
            return Err(AccountRefusal::TooMany {
                of: Limit::Registrations,
                most: MAX_REGISTRATIONS,
            });
        }
        times.push_back(wall_ms);
        Ok(())
    }
}

fn sign_in(
    accounts: &Accounts,
    wall_ms: u64,
    name: AccountName,
    proven: &Proven,
) -> Result<Granted, AccountRefusal> {
    let account = find(accounts, &proven.name)?;
    if account.has(proven.key) {
        return Ok(Granted { name, fact: None });
    }
    let is_good = |said: &Digest| {
        let code = account.code.filter(|code| code.until_ms > wall_ms);
        code.is_some_and(|code| code.hash == *said)
    };
    if !proven.code.as_ref().is_some_and(is_good) {
        return Err(AccountRefusal::WrongKey(name));
    }
    if account.devices.len() >= MAX_DEVICES {
        return Err(AccountRefusal::TooMany {
            of: Limit::Devices,
            most: MAX_DEVICES,
        });
    }
    let fact = AccountFact::DeviceAdded {
        name: name.clone(),
        key: proven.key,
        at_ms: wall_ms,
    };
    let fact = Some(fact);
    Ok(Granted { name, fact })
}

fn find<'a>(accounts: &'a Accounts, name: &ClientName) -> Result<&'a Account, AccountRefusal> {
    let unknown = || AccountRefusal::Unknown(name.clone());
    let account = AccountName::try_from(name.as_str())?;
    accounts.get(&account).ok_or_else(unknown)
}

fn given_up(name: AccountName, wall_ms: u64) -> Granted {
    let fact = AccountFact::Unregistered {
        name: name.clone(),
        until_ms: wall_ms.saturating_add(NAME_RESTS.as_millis() as u64),
    };
    let fact = Some(fact);
    Granted { name, fact }
}

/// An administrator makes a code that lets one device more in: its hash.
///
/// # Errors
/// When there is no such account.
pub fn new_code(
    accounts: &Accounts,
    wall_ms: u64,
    name: &ClientName,
    hash: Digest,
) -> Result<Granted, AccountRefusal> {
    let name = find(accounts, name)?.name.clone();
    let fact = AccountFact::Code {
        name: name.clone(),
        hash,
        until_ms: wall_ms.saturating_add(CODE_LASTS.as_millis() as u64),
    };
    let fact = Some(fact);
    Ok(Granted { name, fact })
}

/// An administrator gives an account up.
///
/// # Errors
/// When there is no such account.
pub fn remove(
    accounts: &Accounts,
    wall_ms: u64,
    name: &ClientName,
) -> Result<Granted, AccountRefusal> {
    let name = find(accounts, name)?.name.clone();
    Ok(given_up(name, wall_ms))
}

/// An administrator takes a device from an account: the one whose key begins so.
///
/// # Errors
/// When there is no such account, or none or several of its keys begin so.
pub fn remove_device(
    accounts: &Accounts,
    name: &ClientName,
    key: &str,
) -> Result<(Granted, AccountKey), AccountRefusal> {
    let account = find(accounts, name)?;
    let wrong = || AccountRefusal::WrongKey(account.name.clone());
    let begins = |key: &AccountKey, with: &str| key.0.to_string().starts_with(with);
    let keys = account.devices.iter().map(|device| device.key);
    let mut meant = keys.filter(|own| !key.is_empty() && begins(own, key));
    let (Some(key), None) = (meant.next(), meant.next()) else {
        return Err(wrong());
    };
    let fact = AccountFact::DeviceRemoved {
        name: account.name.clone(),
        key,
    };
    let granted = Granted {
        name: account.name.clone(),
        fact: Some(fact),
    };
    Ok((granted, key))
}

/// An administrator has a name that rests be free again.
///
/// # Errors
/// When it does not rest.
pub fn free(accounts: &Accounts, name: &ClientName) -> Result<Granted, AccountRefusal> {
    let account = AccountName::try_from(name.as_str())?;
    let resting = accounts.resting_alike(&account.likeness());
    let resting = resting.ok_or_else(|| AccountRefusal::Unknown(name.clone()))?;
    let name = resting.name.clone();
    let fact = Some(AccountFact::Freed { name: name.clone() });
    Ok(Granted { name, fact })
}

/// Names that have rested for long enough.
pub fn rested(accounts: &Accounts, wall_ms: u64) -> Vec<AccountFact> {
    let over = accounts.resting().filter(|r| r.until_ms <= wall_ms);
    let freed = over.map(|resting| AccountFact::Freed {
        name: resting.name.clone(),
    });
    freed.collect()
}

/// What a guest is called that wants this name: the name itself, unless it is an account's, or is about to be; then one
/// with a number.
pub fn guest_name(
    accounts: &Accounts,
    coming: Option<&AccountName>,
    wanted: &ClientName,
) -> ClientName {
    let coming = coming.map(AccountName::likeness);
    let is_free = |name: &ClientName| {
        let look = || crate::model::Likeness::of(name.as_str());
        !accounts.is_reserved(name) && coming.as_ref().is_none_or(|coming| *coming != look())
    };
    let numbered = (2..).map(|n| wanted.numbered(n));
    // There is always one: these names have no end, and there are few accounts.
    std::iter::once(wanted.clone())
        .chain(numbered)
        .take(2 * MAX_ACCOUNTS + 2)
        .find(is_free)
        .unwrap_or_else(|| wanted.numbered(u32::MAX))
}
