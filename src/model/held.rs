//! What a secondary tells of the files that it holds, and what a central remembers of a name.

use serde::{Deserialize, Serialize};

use super::{Digest, FileMeta, FileName, SecondaryNumber};

/// How a secondary came to hold a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It was in the folder when the secondary looked: nobody was seen to put it there.
    #[default]
    Found,
    /// Somebody put it there, or changed it, while the secondary ran.
    Written,
    /// The central ordered the copy.
    Copied,
}

impl Origin {
    fn is_found(&self) -> bool {
        *self == Self::Found
    }
}

/// A file that a secondary holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFile {
    /// Name, length, id.
    #[serde(flatten)]
    pub meta: FileMeta,
    /// Last change of its content, in milliseconds since 1970, when the disk tells one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// How it came there.
    #[serde(default, skip_serializing_if = "Origin::is_found")]
    pub origin: Origin,
    /// What somebody did has a number of its own, with which it is told again until the central has noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<u64>,
    /// What the secondary held under this name before, as far as the central has heard of it or may have: the
    /// content is an edit of one of these. Empty for a name that it did not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub was: Vec<Digest>,
}

impl From<FileMeta> for HeldFile {
    fn from(meta: FileMeta) -> Self {
        Self {
            meta,
            modified: None,
            origin: Origin::Found,
            act: None,
            was: Vec::new(),
        }
    }
}

/// What a central must know of a name after a restart: which contents had it and must not come back by
/// themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameRecord {
    /// The name.
    pub name: FileName,
    /// The content that has the name. None when nobody holds any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<FileMeta>,
    /// Last change of that content, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// Contents that were replaced or deleted, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Digest>,
    /// Somebody deleted the name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// The last secondary whose news changed this record; none for a person's decision at the central.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SecondaryNumber>,
    /// When it last changed, in seconds since 1970.
    pub at: u64,
}

impl NameRecord {
    /// True when there is nothing to remember: it takes an older record of the name back.
    pub fn is_empty(&self) -> bool {
        self.current.is_none() && self.gone.is_empty()
    }
}

/// A name that stands for several contents, as people decide on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The name.
    pub name: FileName,
    /// Its contents, the one that is offered first. Empty: somebody has decided.
    #[serde(default)]
    pub versions: Vec<Version>,
}

/// One content of a name in conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What chooses it: the lowest number of a secondary that holds it where that is unambiguous.
    pub choice: u16,
    /// The file. Names differ when they are the same text in two Unicode forms.
    pub file: FileMeta,
    /// Last change of its content, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// Who holds it.
    pub secondaries: Vec<SecondaryNumber>,
    /// Clients get this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offered: bool,
}
