//! Where a secondary takes copies: what it says of itself, and the central goes by.

use serde::{Deserialize, Serialize};

use super::FileName;

/// Where a secondary takes no copies. Nothing is said of one that takes them everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CopyLimits {
    /// Its folder may only be read: it never takes any, so nothing counts as missing there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Its whole folder is on a disk that is not there now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
    /// Folders of which that is so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub away_below: Vec<FileName>,
}

impl CopyLimits {
    /// Most folders that can be named, and most bytes of their names: all of it goes into a line.
    pub const MOST_FOLDERS: usize = 64;
    const MOST_BYTES: usize = 32 << 10;

    /// Limits of a folder. Folders that are away are the whole of it when they are more than can be named.
    pub fn new(read_only: bool, away: bool, away_below: &[FileName]) -> Self {
        let bytes: usize = away_below.iter().map(|folder| folder.as_str().len()).sum();
        let too_many = away_below.len() > Self::MOST_FOLDERS || bytes > Self::MOST_BYTES;
        Self {
            read_only,
            away: away || too_many,
            away_below: match too_many {
                true => Vec::new(),
                false => away_below.to_vec(),
            },
        }
    }

    /// Nothing of the kind.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// A disk is missing: what is on it is lacking, and is copied when the disk is back.
    pub fn some_away(&self) -> bool {
        self.away || !self.away_below.is_empty()
    }

    /// True when a copy of this name is not to be ordered now.
    pub fn covers(&self, name: &FileName) -> bool {
        self.read_only || self.away || self.away_below.iter().any(|folder| name.is_below(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_cover_what_is_below_a_folder_and_nothing_beside_it() {
        let name = |text: &str| FileName::try_from(text).unwrap();
        let limits = CopyLimits::new(false, false, &[]);
        assert!(limits.is_none() && !limits.covers(&name("disco/a")));
        let limits = CopyLimits::new(false, false, &[name("disco")]);
        assert!(limits.covers(&name("disco/a")) && limits.some_away());
        assert!(!limits.covers(&name("disco2/a")) && !limits.covers(&name("a")));
        let many = (0..=CopyLimits::MOST_FOLDERS).map(|n| name(&format!("d{n}")));
        let limits = CopyLimits::new(false, false, &many.collect::<Vec<_>>());
        assert!(limits.away && limits.away_below.is_empty() && limits.covers(&name("a")));
    }
}
