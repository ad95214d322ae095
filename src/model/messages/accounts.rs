//! What is said of accounts, signed with their keys.

use serde::{Deserialize, Serialize};

use super::super::{AccountKey, ClientName, Digest, Signature, Wish};

/// From a client to the central: what only the holder of a key may say. The signature is checked before anybody hears of
/// it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Signed {
    /// Wants a new account.
    Register(Claim),
    /// Is of an account, on this connection.
    SignIn(Claim),
    /// Gives its account up.
    Unregister(Claim),
}

/// What is signed with the key of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The account's name, as it was typed.
    pub name: ClientName,
    /// The key.
    pub key: AccountKey,
    /// Its signature, of this connection and all that is said here.
    pub signature: Signature,
    /// That it knows a recovery code, for this connection and this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Digest>,
}

impl Signed {
    /// What is wanted, and what is said of it.
    pub fn parts(&self) -> (Wish, &Claim) {
        match self {
            Self::Register(claim) => (Wish::Register, claim),
            Self::SignIn(claim) => (Wish::SignIn, claim),
            Self::Unregister(claim) => (Wish::Unregister, claim),
        }
    }

    /// The message of a wish.
    pub fn of(wish: Wish, claim: Claim) -> Self {
        match wish {
            Wish::Register => Self::Register(claim),
            Wish::SignIn => Self::SignIn(claim),
            Wish::Unregister => Self::Unregister(claim),
        }
    }
}
