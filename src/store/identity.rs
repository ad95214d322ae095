//! The keys of this user's accounts, in one file that nobody else may read. Processes of one user share it.

use std::{fmt, os::unix::fs::PermissionsExt as _, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    StoreError,
    statistics::{folder_of, update_private_json},
};
use crate::model::{AccountName, ClusterId, Digest};

/// Keys that are kept; more are no person's.
const MOST_KEYS: usize = 1000;

/// What a key is made of. Never shown.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(Digest);

impl Seed {
    /// Of bytes that nobody can foresee.
    pub fn new(random: [u8; 32]) -> Self {
        Self(Digest::new(random))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// The key of an account of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptKey {
    /// The cluster.
    pub cluster: ClusterId,
    /// The account.
    pub account: AccountName,
    /// What the key is made of.
    pub seed: Seed,
    /// Clients of this user are this account's, until they are told otherwise.
    #[serde(default)]
    pub signed_in: bool,
    /// The central was asked to take it, and its answer was not heard.
    #[serde(default)]
    pub asked: bool,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    keys: Vec<KeptKey>,
}

impl Identity {
    /// The key of an account.
    pub fn get(&self, cluster: ClusterId, account: &AccountName) -> Option<&KeptKey> {
        let mut keys = self.keys.iter();
        keys.find(|key| (key.cluster, &key.account) == (cluster, account))
    }

    /// The account that clients of this user are.
    pub fn signed_in(&self, cluster: ClusterId) -> Option<&KeptKey> {
        let mut keys = self.keys.iter().rev();
        keys.find(|key| key.cluster == cluster && key.signed_in)
    }

    /// The account that was used last.
    pub fn last(&self, cluster: ClusterId) -> Option<&KeptKey> {
        self.keys.iter().rev().find(|key| key.cluster == cluster)
    }

    /// Keeps a key, as the one that was used last.
    pub fn put(&mut self, key: KeptKey) {
        if key.signed_in {
            let others = self.keys.iter_mut();
            others
                .filter(|other| other.cluster == key.cluster)
                .for_each(|other| other.signed_in = false);
        }
        self.remove(key.cluster, &key.account);
        self.keys.push(key);
        if self.keys.len() > MOST_KEYS {
            self.keys.remove(0);
        }
    }

    /// Clients of this user are guests.
    pub fn sign_out(&mut self, cluster: ClusterId) {
        let keys = self.keys.iter_mut();
        keys.filter(|key| key.cluster == cluster)
            .for_each(|key| key.signed_in = false);
    }

    /// Forgets a key.
    pub fn remove(&mut self, cluster: ClusterId, account: &AccountName) {
        self.keys
            .retain(|key| (key.cluster, &key.account) != (cluster, account));
    }
}

/// Reads the keys, changes them and keeps them, while no other process does; gives what they are then. Blocks.
///
/// # Errors
/// When the file cannot be read or written; it is as it was.
pub fn change_identity(
    path: &Path,
    change: impl FnOnce(&mut Identity),
) -> Result<Identity, StoreError> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).map_err(|error| StoreError::new(folder, &error))?;
    let mut now = Identity::default();
    update_private_json(path, |found: Option<Identity>| {
        let found = found.unwrap_or_default();
        now = found.clone();
        change(&mut now);
        (now != found).then(|| now.clone())
    })?;
    Ok(now)
}

/// Reads the keys; none of a file that is not there. Blocks.
///
/// # Errors
/// When it cannot be read.
pub fn load_identity(path: &Path) -> Result<Identity, StoreError> {
    if !path.exists() {
        return Ok(Identity::default());
    }
    let fail = |error: std::io::Error| StoreError::new(path, &error);
    let permissions = std::fs::metadata(path).map_err(fail)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others could read the keys of accounts");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(path, private).map_err(fail)?;
    }
    change_identity(path, |_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(account: &str, signed_in: bool) -> KeptKey {
        KeptKey {
            cluster: ClusterId(7),
            account: AccountName::try_from(account).unwrap(),
            seed: Seed::new([5; 32]),
            signed_in,
            asked: false,
        }
    }

    #[test]
    fn keys_are_kept_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trozos").join("identidad");
        assert_eq!(load_identity(&path).unwrap(), Identity::default());
        let ana = change_identity(&path, |keys| keys.put(key("ana", true))).unwrap();
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        assert_eq!(load_identity(&path).unwrap(), ana);
        let wide = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&path, wide).unwrap();
        load_identity(&path).unwrap();
        assert_eq!(mode(), 0o600);
        // Another process adds one, and is the account from then on.
        let both = change_identity(&path, |keys| keys.put(key("eva", true))).unwrap();
        assert_eq!(
            both.signed_in(ClusterId(7)).unwrap().account,
            key("eva", true).account
        );
        assert!(
            !both
                .get(ClusterId(7), &key("ana", true).account)
                .unwrap()
                .signed_in
        );
        assert_eq!(both.signed_in(ClusterId(8)), None);
        assert!(!format!("{both:?}").contains("0505"));
        let none = change_identity(&path, |keys| keys.sign_out(ClusterId(7))).unwrap();
        assert_eq!(none.signed_in(ClusterId(7)), None);
        assert_eq!(
            none.last(ClusterId(7)).unwrap().account,
            key("eva", true).account
        );
    }
}
