//! The client as an account: which key it signs with on which link, and what it waits for. A key is on the disk before the
//! central is asked to take it, so that no account is made that nobody has the key of.

use std::{collections::VecDeque, path::PathBuf};

use tokio::{sync::oneshot, task::JoinSet};

use super::{ClientError, ClientEvent, MemoryTrouble, state::Client};
use crate::{
    model::{
        AccountName, ClientName, ClusterId, Digest, Wish,
        messages::{FromClient, Question, User},
    },
    node::greeting::random_bytes,
    proto::{
        ErrorCode, Said,
        account::{Channel, DeviceKey, code_hash},
    },
    store::{Identity, KeptKey, Seed, StoreError, change_identity, load_identity},
};

/// What a program wants of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountWish {
    /// A new account of this name, which this client is then.
    Register(AccountName),
    /// To be an account: that of this name, or the one that this user was last. A recovery code lets a new key in.
    SignIn {
        /// Which.
        name: Option<AccountName>,
        /// The code, as it was typed.
        code: Option<String>,
    },
    /// To be a guest.
    SignOut,
    /// That the account of this client is no more.
    Unregister,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountAnswer {
    /// The account that this client is; `None` for a guest.
    pub account: Option<AccountName>,
    /// What it is called.
    pub name: ClientName,
}

type Answer = oneshot::Sender<Result<AccountAnswer, ClientError>>;
type Answers<T> = Vec<oneshot::Sender<Result<T, ClientError>>>;

/// How the client's name was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Naming {
    /// By default: where this user has an account, it is that.
    #[default]
    Usual,
    /// Its user typed it.
    Typed(ClientName),
}

/// A wish, and who waits for what comes of it.
#[derive(Debug)]
struct Wanted {
    wish: AccountWish,
    answer: Answer,
}

/// What the central was asked on this link and has not answered, in order.
#[derive(Debug)]
enum Asked {
    /// To be this user's account, by itself.
    Own,
    /// To be a guest of a name that is no account's.
    Guest,
    Wish(Wanted),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Account {
    path: Option<PathBuf>,
    identity: Identity,
    naming: Naming,
    /// This user's account is wanted as soon as there is a link.
    is_wanted: bool,
    /// The link.
    cluster: Option<ClusterId>,
    channel: Option<Channel>,
    /// The central did not take this user's own key on this link.
    is_refused: bool,
    /// What it is on this link.
    signed_in: Option<AccountName>,
    asked: VecDeque<Asked>,
    wishes: VecDeque<Wanted>,
    /// The first wish waits until its key is on the disk.
    is_keeping: bool,
    users: Answers<Vec<User>>,
    /// The accounts as far as they have come.
    pages: Vec<User>,
    tasks: JoinSet<Result<Identity, StoreError>>,
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

    fn own_key(&self) -> Option<&KeptKey> {
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
    fn change(&mut self, change: impl FnOnce(&mut Identity) + Clone + Send + 'static) {
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

impl Client {
    /// There is a link: what the client is, is said first on it.
    pub(super) fn account_up(&mut self, cluster: Option<ClusterId>, channel: Option<Channel>) {
        let account = &mut self.account;
        (account.cluster, account.channel) = (cluster, channel);
        (account.is_refused, account.signed_in) = (false, None);
        let again = std::mem::take(&mut account.asked);
        let again = again.into_iter().rev().filter_map(|asked| match asked {
            Asked::Wish(wanted) => Some(wanted),
            Asked::Own | Asked::Guest => None,
        });
        for wanted in again {
            account.wishes.push_front(wanted);
        }
        self.say_who();
        if !self.account.users.is_empty() {
            self.account.pages.clear();
            self.ask(Question::Users { after: None });
        }
        self.go_on_with_wishes();
    }

    /// The link is gone; who waits hears why, unless it is asked again elsewhere.
    pub(super) fn account_down(&mut self, why: Option<&ClientError>) -> bool {
        let account = &mut self.account;
        account.channel = None;
        account.signed_in = None;
        let Some(why) = why else {
            return false;
        };
        let mut is_heard = false;
        account.is_keeping = false;
        let asked = account.asked.drain(..).filter_map(|asked| match asked {
            Asked::Wish(wanted) => Some(wanted),
            Asked::Own | Asked::Guest => None,
        });
        for wanted in asked.chain(account.wishes.drain(..)) {
            is_heard |= wanted.answer.send(Err(why.clone())).is_ok();
        }
        for answer in account.users.drain(..) {
            is_heard |= answer.send(Err(why.clone())).is_ok();
        }
        is_heard
    }

    /// Says what the client is: an account, or a guest.
    pub(super) fn say_who(&mut self) {
        if let Some(own) = self.account.own_key() {
            let (name, key) = (own.account.client(), device_key(own));
            self.account.asked.push_back(Asked::Own);
            return self.say_signed(Wish::SignIn, &key, name, None);
        }
        let Some(name) = self.state.name.clone() else {
            return;
        };
        let is_typed = matches!(self.account.naming, Naming::Typed(_));
        if is_typed && self.account.channel.is_some() {
            self.account.asked.push_back(Asked::Guest);
            self.ask(FromClient::Guest { name });
        } else {
            self.ask(FromClient::Enrol { name });
        }
    }

    fn say_signed(&mut self, wish: Wish, key: &DeviceKey, name: ClientName, code: Option<Digest>) {
        if let Some(channel) = &self.account.channel {
            let signed = key.sign(channel, wish, name, code);
            self.send(signed);
        }
    }

    /// The name was chosen by default.
    pub(super) fn name_is_usual(&mut self) {
        self.account.naming = Naming::Usual;
        self.account.is_wanted = true;
    }

    /// Its user typed the name.
    pub(super) fn name_is_typed(&mut self, name: ClientName) {
        self.account.naming = Naming::Typed(name);
        self.account.is_refused = false;
    }

    /// This user's account is wanted, if there is one.
    pub(super) fn want_own_account(&mut self) {
        let is_new = !std::mem::replace(&mut self.account.is_wanted, true);
        if is_new && self.state.outbox.is_some() && self.account.signed_in.is_none() {
            self.say_who();
        }
    }

    pub(super) fn users(&mut self, answer: oneshot::Sender<Result<Vec<User>, ClientError>>) {
        self.account.users.push(answer);
        if self.account.users.len() == 1 {
            self.account.pages.clear();
            self.ask(Question::Users { after: None });
        }
    }

    /// A page of the accounts.
    pub(super) fn users_page(&mut self, users: Vec<User>, more: bool) {
        let account = &mut self.account;
        let after = users.last().map(|user| user.name.clone());
        // A central whose pages never end is not followed.
        let goes_on = account.pages.len() <= crate::model::limits::MAX_ACCOUNTS;
        account.pages.extend(users);
        if more && goes_on && after.is_some() && !account.users.is_empty() {
            return self.ask(Question::Users { after });
        }
        let all = std::mem::take(&mut account.pages);
        for answer in account.users.drain(..) {
            let _ = answer.send(Ok(all.clone()));
        }
    }

    /// A program wants something of accounts.
    pub(super) fn account_wish(&mut self, wish: AccountWish, answer: Answer) {
        self.account.wishes.push_back(Wanted { wish, answer });
        if self.state.outbox.is_some() {
            self.go_on_with_wishes();
        } else {
            self.link.try_now();
        }
    }

    /// Asks for what is wanted, one after the other: a new key has to be on the disk first.
    fn go_on_with_wishes(&mut self) {
        while !self.account.is_keeping && self.state.outbox.is_some() {
            let Some(wanted) = self.account.wishes.pop_front() else {
                return;
            };
            let (Some(cluster), true) = (self.account.cluster, self.account.channel.is_some())
            else {
                let closed = ClientError::Refused {
                    code: ErrorCode::RegistrationClosed,
                    message: Said::default(),
                };
                let _ = wanted.answer.send(Err(closed));
                continue;
            };
            self.go_on_with(cluster, wanted);
        }
    }

    fn go_on_with(&mut self, cluster: ClusterId, mut wanted: Wanted) {
        let identity = &self.account.identity;
        let (wish, name, code, makes_key) = match &mut wanted.wish {
            AccountWish::Register(name) => (Wish::Register, name.clone(), None, true),
            AccountWish::SignIn { name, code } => {
                let last = || identity.last(cluster).map(|key| key.account.clone());
                let Some(account) = name.clone().or_else(last) else {
                    let _ = wanted.answer.send(Err(ClientError::NoAccount));
                    return;
                };
                *name = Some(account.clone());
                let code = code.as_deref().map(code_hash);
                (Wish::SignIn, account, code, code.is_some())
            }
            AccountWish::SignOut => {
                self.account.asked.push_back(Asked::Wish(wanted));
                self.send(FromClient::SignOut);
                return;
            }
            AccountWish::Unregister => match self.account.signed_in.clone() {
                Some(account) => (Wish::Unregister, account, None, false),
                None => {
                    let not_connected = ClientError::Refused {
                        code: ErrorCode::NotConnected,
                        message: Said::default(),
                    };
                    let _ = wanted.answer.send(Err(not_connected));
                    return;
                }
            },
        };
        let known = identity.get(cluster, &name).map(device_key);
        let key = match (known, random_bytes()) {
            (Some(key), _) => key,
            (None, Some(seed)) if makes_key => {
                let made = KeptKey {
                    cluster,
                    account: name,
                    seed: Seed::new(seed),
                    signed_in: false,
                    asked: true,
                };
                // It is asked for once the key is kept.
                self.account.wishes.push_front(wanted);
                self.account.is_keeping = true;
                return self.account.change(move |keys| keys.put(made));
            }
            // The central tells what is wrong: that there is no such account, or that it has other keys.
            (None, Some(seed)) => DeviceKey::from_seed(seed),
            (None, None) => {
                let no_keys = ClientError::NoRandomness;
                let _ = wanted.answer.send(Err(no_keys));
                return;
            }
        };
        self.account.asked.push_back(Asked::Wish(wanted));
        self.say_signed(wish, &key, name.client(), code);
    }

    /// Keys were written, or could not be.
    pub(super) fn keys_kept(&mut self, kept: Result<Identity, StoreError>) {
        let was_keeping = std::mem::take(&mut self.account.is_keeping);
        match kept {
            Ok(identity) => self.account.identity = identity,
            Err(error) => {
                if was_keeping && let Some(wanted) = self.account.wishes.pop_front() {
                    // What is only in memory would be lost.
                    self.forget_asked(&wanted.wish);
                    let _ = wanted.answer.send(Err(ClientError::Identity(error)));
                } else {
                    self.tell(ClientEvent::Memory(MemoryTrouble::Failed(error)));
                }
            }
        }
        self.go_on_with_wishes();
    }

    /// A key that the central did not take is forgotten.
    fn forget_asked(&mut self, wish: &AccountWish) {
        let (AccountWish::Register(name)
        | AccountWish::SignIn {
            name: Some(name), ..
        }) = wish
        else {
            return;
        };
        let Some(cluster) = self.account.cluster else {
            return;
        };
        let is_asked = |key: &KeptKey| key.asked;
        if self
            .account
            .identity
            .get(cluster, name)
            .is_some_and(is_asked)
        {
            let name = name.clone();
            self.account.change(move |keys| keys.remove(cluster, &name));
        }
    }

    /// The client is an account on this link.
    pub(super) fn signed_in(&mut self, name: &AccountName) {
        let client = name.client();
        self.state.name = Some(client.clone());
        self.statistics.rename(&client);
        let is_heard = self.state.questions.enrolled(&client);
        let account = &mut self.account;
        account.signed_in = Some(name.clone());
        let is_awaited = matches!(
            account.asked.front(),
            Some(
                Asked::Own
                    | Asked::Wish(Wanted {
                        wish: AccountWish::Register(_) | AccountWish::SignIn { .. },
                        ..
                    })
            )
        );
        let asked = account.asked.pop_front().filter(|_| is_awaited);
        let kept = account
            .cluster
            .and_then(|cluster| account.identity.get(cluster, name))
            .filter(|key| key.asked || !key.signed_in)
            .cloned();
        if let Some(key) = kept {
            account.change(move |keys| {
                keys.put(KeptKey {
                    signed_in: true,
                    asked: false,
                    ..key
                });
            });
        }
        match asked {
            Some(Asked::Wish(wanted)) => {
                self.account.naming = Naming::Usual;
                self.account.is_wanted = true;
                let answer = AccountAnswer {
                    account: Some(name.clone()),
                    name: client,
                };
                let _ = wanted.answer.send(Ok(answer));
            }
            Some(Asked::Own) if !is_heard => {
                self.tell(ClientEvent::SignedIn { name: name.clone() });
            }
            Some(Asked::Own | Asked::Guest) | None => {}
        }
        self.offer_all();
    }

    /// The client is a guest on this link.
    pub(super) fn signed_out(&mut self, name: ClientName) {
        self.state.name = Some(name.clone());
        let account = &mut self.account;
        let was = account.signed_in.take();
        let is_awaited = matches!(
            account.asked.front(),
            Some(Asked::Wish(Wanted {
                wish: AccountWish::SignOut | AccountWish::Unregister,
                ..
            }))
        );
        if !is_awaited {
            if let Some(account) = was {
                self.tell(ClientEvent::SignedOut { account, name });
            }
            // An administrator has ended its connections, or another device the account: the answer says which.
            if self.account.own_key().is_some() {
                self.say_who();
            }
            return;
        }
        let Some(Asked::Wish(wanted)) = account.asked.pop_front() else {
            return;
        };
        if let Some(cluster) = account.cluster {
            let gone = was.filter(|_| wanted.wish == AccountWish::Unregister);
            account.change(move |keys| match gone {
                Some(account) => keys.remove(cluster, &account),
                None => keys.sign_out(cluster),
            });
        }
        self.account.naming = Naming::Usual;
        let answer = AccountAnswer {
            account: None,
            name,
        };
        let _ = wanted.answer.send(Ok(answer));
    }

    /// The central has taken it as a guest.
    pub(super) fn heard_as_guest(&mut self) {
        self.account.signed_in = None;
        if matches!(self.account.asked.front(), Some(Asked::Guest)) {
            self.account.asked.pop_front();
            self.state.name_before = None;
        }
    }

    /// The central refuses what was asked of accounts.
    pub(super) fn account_refused(&mut self, code: ErrorCode, message: Said) {
        let error = ClientError::Refused {
            code,
            message: message.clone(),
        };
        match self.account.asked.pop_front() {
            Some(Asked::Wish(wanted)) => {
                self.forget_asked(&wanted.wish);
                let _ = wanted.answer.send(Err(error));
            }
            Some(Asked::Guest) => {
                self.account.naming = Naming::Usual;
                self.state.questions.not_enrolled(&error);
                // It goes on under the name that it had, if it had one.
                self.state.name = self.state.name_before.take();
                self.say_who();
            }
            Some(Asked::Own) => self.own_refused(code, message),
            None => tracing::warn!(?code, %message, "nothing was asked"),
        }
    }

    /// The central does not take this user's own key: the client is a guest.
    fn own_refused(&mut self, code: ErrorCode, message: Said) {
        let own = self.account.own_key().cloned();
        self.account.is_refused = true;
        let Some(own) = own else {
            return;
        };
        if own.asked && code == ErrorCode::UnknownAccount {
            // It was asked for, and did not come about.
            self.forget_asked(&AccountWish::Register(own.account.clone()));
        } else {
            let name = own.account.clone();
            self.tell(ClientEvent::AccountRefused {
                name,
                code,
                message,
            });
        }
        let guest = self.state.wanted_name.clone();
        let guest = guest.unwrap_or_else(|| own.account.client());
        self.state.name = Some(guest);
        self.account.naming = Naming::Usual;
        self.say_who();
    }
}

fn device_key(kept: &KeptKey) -> DeviceKey {
    DeviceKey::from_seed(*kept.seed.as_bytes())
}
