//! What a program asks of a client about accounts, and what it is answered.

use tokio::sync::oneshot;

use super::ClientError;
use crate::model::{AccountName, ClientName, messages::User};

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

/// Who waits for what came of a wish.
pub(in crate::node::client) type Answer = oneshot::Sender<Result<AccountAnswer, ClientError>>;

/// Commands about accounts.
#[derive(Debug)]
pub(in crate::node::client) enum AccountCommand {
    /// A name that its user typed.
    Enrol(ClientName, oneshot::Sender<Result<ClientName, ClientError>>),
    Wish(AccountWish, Answer),
    /// Its user's account is wanted, if there is one.
    Own(oneshot::Sender<()>),
    SignedIn(oneshot::Sender<Option<AccountName>>),
    Users(oneshot::Sender<Result<Vec<User>, ClientError>>),
}
