//! The account that a client is, or wants to be: the keys of its user, the link that it signs on, and what it waits for.

use std::{collections::VecDeque, path::PathBuf};

use tokio::sync::oneshot;

use super::{
    ClientError, MemoryTrouble,
    api::{AccountAnswer, AccountWish, Answer},
};
use crate::{
    model::{AccountName, ClientName, ClusterId, messages::User},
    node::in_order::InOrder,
    proto::account::{Channel, DeviceKey},
    store::{Identity, KeptKey, StoreError, change_identity, load_identity},
};

type Answers<T> = Vec<oneshot::Sender<Result<T, ClientError>>>;

/// How the client's name was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Naming {
    /// By default: where this user has an account, it is that.
    #[default]
    Usual,
    /// Its user typed it.
    Typed(ClientName),
}

/// A wish, and who waits for what comes of it.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) wish: AccountWish,
    pub(super) answer: Answer,
}

/// What the central was asked on this link and has not answered, in order.
#[derive(Debug)]
pub(super) enum Asked {
    /// To be this user's account, by itself.
    Own,
    /// To be a guest of a name that is no account's.
    Guest,
    Wish(Wanted),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) path: Option<PathBuf>,
    pub(super) identity: Identity,
    pub(super) naming: Naming,
    /// This user's account is wanted as soon as there is a link.
    pub(super) is_wanted: bool,
    /// The link.
    pub(super) cluster: Option<ClusterId>,
    pub(super) channel: Option<Channel>,
    /// The central did not take this user's own key on this link.
    pub(super) is_refused: bool,
    /// What it is on this link.
    pub(super) signed_in: Option<AccountName>,
    pub(super) asked: VecDeque<Asked>,
    pub(super) wishes: VecDeque<Wanted>,
    /// The first wish waits until its key is on the disk: the change that puts it there.
    pub(super) keeping: Option<u64>,
    /// What is answered once the keys are on the disk.
    pub(super) answers: Vec<(Answer, AccountAnswer)>,
    pub(super) users: Answers<Vec<User>>,
    /// The accounts as far as they have come.
    pub(super) pages: Vec<User>,
    /// Changes of the keys that are not on the disk yet, in order.
    changes: VecDeque<Change>,
    last_change: u64,
    line: InOrder,
}

/// A change of the keys on its way to the disk.
#[derive(Debug)]
struct Change {
    number: u64,
    written: oneshot::Receiver<Result<Identity, StoreError>>,
}

/// A change of the keys was written, or could not be.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) change: u64,
    pub(super) result: Result<(), StoreError>,
}

impl Account {
    /// With the keys of this file; without one keys last as long as the process.
    pub(super) fn load(path: Option<PathBuf>) -> (Self, Option<MemoryTrouble>) {
        let loaded = path
            .as_deref()
            .map_or_else(|| Ok(Identity::default()), load_identity);
        let (identity, trouble) = match loaded {
            Ok(identity) => (identity, None),
            Err(error) => (Identity::default(), Some(MemoryTrouble::Failed(error))),
        };
        let account = Self {
            path,
            identity,
            ..Self::default()
        };
        (account, trouble)
    }

    /// What the client is.
    pub(super) fn signed_in(&self) -> Option<&AccountName> {
        self.signed_in.as_ref()
    }

    /// Keys were written, or could not be. Cancel-safe.
    pub(super) async fn kept(&mut self) -> Kept {
        let (change, written) = loop {
            let Some(first) = self.changes.front_mut() else {
                return std::future::pending().await;
            };
            let (change, written) = (first.number, (&mut first.written).await);
            self.changes.pop_front();
            // One that was ended with the runtime is waited for no more.
            if let Ok(written) = written {
                break (change, written);
            }
        };
        let result = written.map(|identity| {
            // Later changes are in memory already. Other processes of this user change the file as well.
            if self.changes.is_empty() {
                self.identity = identity;
            }
        });
        Kept { change, result }
    }

    /// All changes of the keys are on the disk, or could not be written.
    pub(super) fn is_all_kept(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn own_key(&self) -> Option<&KeptKey> {
        let (cluster, _) = (self.cluster?, self.channel.as_ref()?);
        if self.is_refused {
            return None;
        }
        match &self.naming {
            Naming::Usual => {
                let own = self.identity.signed_in(cluster);
                own.filter(|_| self.is_wanted)
            }
            Naming::Typed(name) => {
                let name = AccountName::try_from(name.as_str()).ok()?;
                self.identity.get(cluster, &name)
            }
        }
    }

    /// Changes the keys, on the disk as well, and says which change it is.
    pub(super) fn change(
        &mut self,
        change: impl FnOnce(&mut Identity) + Clone + Send + 'static,
    ) -> u64 {
        change.clone()(&mut self.identity);
        let written = match self.path.clone() {
            Some(path) => self.line.run(move || change_identity(&path, change)),
            None => {
                let (done, written) = oneshot::channel();
                let _ = done.send(Ok(self.identity.clone()));
                written
            }
        };
        self.last_change += 1;
        let number = self.last_change;
        self.changes.push_back(Change { number, written });
        number
    }
}

/// The key that was kept.
pub(super) fn device_key(kept: &KeptKey) -> DeviceKey {
    DeviceKey::from_seed(*kept.seed.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Seed;

    /// A key that the central does not take is removed, and another is asked for at once: the second is there.
    #[tokio::test]
    async fn changes_of_the_keys_reach_the_disk_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        let (mut account, trouble) = Account::load(Some(path.clone()));
        assert!(trouble.is_none());
        let (cluster, ana) = (ClusterId(1), AccountName::try_from("ana").unwrap());
        for n in 0..50 {
            let key = KeptKey {
                cluster,
                account: ana.clone(),
                seed: Seed::new([n; 32]),
                signed_in: false,
                asked: true,
            };
            let who = ana.clone();
            account.change(move |keys| keys.remove(cluster, &who));
            account.change(move |keys| keys.put(key));
        }
        while !account.is_all_kept() {
            assert!(account.kept().await.result.is_ok());
            assert!(account.identity.get(cluster, &ana).is_some());
        }
        let kept = load_identity(&path).unwrap();
        let seed = |keys: &Identity| *keys.get(cluster, &ana).unwrap().seed.as_bytes();
        assert_eq!((seed(&kept), seed(&account.identity)), ([49; 32], [49; 32]));
    }
}
