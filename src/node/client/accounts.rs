//! The client as an account on its link: it signs in by itself, and hears what it is. `account` is what it knows of this,
//! `wishes` what its user wants.

use tokio::sync::oneshot;

use super::{
    AccountEvent, ClientError, ClientEvent,
    account::{Asked, Naming, Wanted, device_key},
    api::{AccountAnswer, AccountCommand, AccountWish},
    state::Client,
};
use crate::{
    model::{
        AccountName, ClientName, ClusterId, Digest, Wish,
        messages::{FromClient, Question, User},
    },
    proto::{
        ErrorCode, Said,
        account::{Channel, DeviceKey},
    },
    store::KeptKey,
};

impl Client {
    pub(super) fn account_command(&mut self, command: AccountCommand) {
        match command {
            AccountCommand::Enrol(name, answer) => {
                self.name_is_typed(name.clone());
                self.enrol(name, answer);
            }
            AccountCommand::Wish(wish, answer) => self.account_wish(wish, answer),
            AccountCommand::Own(answer) => {
                self.want_own_account();
                let _ = answer.send(());
            }
            AccountCommand::SignedIn(answer) => {
                let _ = answer.send(self.account.signed_in().cloned());
            }
            AccountCommand::Users(answer) => self.users(answer),
        }
    }

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
        account.keeping = None;
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

    pub(super) fn say_signed(
        &mut self,
        wish: Wish,
        key: &DeviceKey,
        name: ClientName,
        code: Option<Digest>,
    ) {
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
                self.answer_once_kept(wanted, answer);
            }
            Some(Asked::Own) if !is_heard => {
                let name = name.clone();
                self.tell(ClientEvent::Account(AccountEvent::SignedIn { name }));
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
                let out = AccountEvent::SignedOut { account, name };
                self.tell(ClientEvent::Account(out));
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
        self.answer_once_kept(wanted, answer);
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
            self.tell(ClientEvent::Account(AccountEvent::Refused {
                name,
                code,
                message,
            }));
        }
        let guest = self.state.wanted_name.clone();
        let guest = guest.unwrap_or_else(|| own.account.client());
        self.state.name = Some(guest);
        self.account.naming = Naming::Usual;
        self.say_who();
    }
}
