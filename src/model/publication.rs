//! What people publish: files that stay where their owner has them, and are named below `@OWNER/`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{AccountName, FileMeta};

/// Who may see a published file, and receive it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Everybody.
    #[default]
    All,
    /// These accounts, and its owner.
    Only(BTreeSet<AccountName>),
}

impl Audience {
    /// True where nobody is left out.
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// A file that somebody publishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The file; its name begins with `@` and the owner's name.
    pub file: FileMeta,
    /// Whose it is.
    pub owner: AccountName,
    /// Who may have it.
    #[serde(default, skip_serializing_if = "Audience::is_all")]
    pub audience: Audience,
    /// Since when, in milliseconds since 1970.
    pub at_ms: u64,
}

impl Publication {
    /// Those who may have it, where it is not for all.
    pub fn listed(&self) -> impl Iterator<Item = &AccountName> {
        let (owner, others) = match &self.audience {
            Audience::All => (None, None),
            Audience::Only(these) => (Some(&self.owner), Some(these)),
        };
        let others = others.into_iter().flatten();
        let others = others.filter(|other| **other != self.owner);
        owner.into_iter().chain(others)
    }

    /// True for who may see and receive it; `None` stands for whoever has no account.
    pub fn is_for(&self, viewer: Option<&AccountName>) -> bool {
        match &self.audience {
            Audience::All => true,
            Audience::Only(these) => {
                viewer.is_some_and(|viewer| *viewer == self.owner || these.contains(viewer))
            }
        }
    }
}

/// A published file, as those see it who may have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedFile {
    /// The file.
    #[serde(flatten)]
    pub file: FileMeta,
    /// Its owner's devices, and secondaries, that can send it now.
    pub sources: u32,
    /// Since when it is published, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who may have it. Everybody but its owner is told that it is for all.
    #[serde(default, rename = "for", skip_serializing_if = "Audience::is_all")]
    pub audience: Audience,
}

/// What a client wants to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// The file; its name begins with `@` and the name of the client's account.
    pub file: FileMeta,
    /// Who may have it.
    #[serde(default, rename = "for", skip_serializing_if = "Audience::is_all")]
    pub audience: Audience,
    /// Other content of that name is replaced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaces: bool,
}
