//! What a client's user wants of accounts. A key is on the disk before the central is asked to take it, so that no account is
//! made that nobody has the key of.

use super::{
    ClientError, ClientEvent, MemoryTrouble,
    account::{Asked, Kept, Wanted, device_key},
    api::{AccountAnswer, AccountWish, Answer},
    state::Client,
};
use crate::{
    model::{ClusterId, Wish, messages::FromClient},
    node::greeting::random_bytes,
    proto::{
        ErrorCode, Said,
        account::{DeviceKey, code_hash},
    },
    store::{KeptKey, Seed},
};

impl Client {
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
    pub(super) fn go_on_with_wishes(&mut self) {
        while self.account.keeping.is_none() && self.state.outbox.is_some() {
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
                let change = self.account.change(move |keys| keys.put(made));
                self.account.keeping = Some(change);
                return;
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

    /// Whoever starts another client once it has the answer finds there what this one has done.
    pub(super) fn answer_once_kept(&mut self, wanted: Wanted, answer: AccountAnswer) {
        if self.account.is_all_kept() {
            let _ = wanted.answer.send(Ok(answer));
        } else {
            self.account.answers.push((wanted.answer, answer));
        }
    }

    /// Keys were written, or could not be.
    pub(super) fn keys_kept(&mut self, kept: Kept) {
        let was_awaited = self.account.keeping == Some(kept.change);
        if was_awaited {
            self.account.keeping = None;
        }
        if let Err(error) = kept.result {
            if was_awaited && let Some(wanted) = self.account.wishes.pop_front() {
                // What is only in memory would be lost.
                self.forget_asked(&wanted.wish);
                let _ = wanted.answer.send(Err(ClientError::Identity(error)));
            } else {
                self.tell(ClientEvent::Memory(MemoryTrouble::Failed(error)));
            }
        }
        if self.account.is_all_kept() {
            for (answer, what) in self.account.answers.drain(..) {
                let _ = answer.send(Ok(what));
            }
        }
        self.go_on_with_wishes();
    }

    /// A key that the central did not take is forgotten.
    pub(super) fn forget_asked(&mut self, wish: &AccountWish) {
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
}
