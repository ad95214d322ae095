//! The account that a client is, or wants to be: the keys of its user, the link that it signs on, and what it waits for.

use std::{collections::VecDeque, path::PathBuf};

use tokio::{sync::oneshot, task::JoinSet};

use super::{
    ClientError, MemoryTrouble,
    api::{AccountAnswer, AccountWish, Answer},
};
use crate::{
    model::{AccountName, ClientName, ClusterId, messages::User},
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
    /// The first wish waits until its key is on the disk.
    pub(super) is_keeping: bool,
    /// What is answered once the keys are on the disk.
    pub(super) answers: Vec<(Answer, AccountAnswer)>,
    pub(super) users: Answers<Vec<User>>,
    /// The accounts as far as they have come.
    pub(super) pages: Vec<User>,
    pub(super) tasks: JoinSet<Result<Identity, StoreError>>,
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
    pub(super) async fn kept(&mut self) -> Result<Identity, StoreError> {
        match self.tasks.join_next().await {
            Some(Ok(kept)) => kept,
            // It was ended with the runtime.
            Some(Err(_)) | None => std::future::pending().await,
        }
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

    /// Changes the keys, on the disk as well.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Identity) + Clone + Send + 'static) {
        change.clone()(&mut self.identity);
        let identity = self.identity.clone();
        match self.path.clone() {
            Some(path) => {
                self.tasks
                    .spawn_blocking(move || change_identity(&path, change));
            }
            None => {
                self.tasks.spawn(std::future::ready(Ok(identity)));
            }
        }
    }
}

/// The key that was kept.
pub(super) fn device_key(kept: &KeptKey) -> DeviceKey {
    DeviceKey::from_seed(*kept.seed.as_bytes())
}
