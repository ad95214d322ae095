//! What a download has behind it: which run asked for it, how much of it is here, who brought what.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::ReceivedFrom;

/// Which run of the client asked for a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This one.
    ThisRun,
    /// An earlier one; nobody has asked for it in this one.
    EarlierRun,
}

/// How much of a file is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Verified bytes.
    pub have_bytes: u64,
    /// Length of the file; 0 while it is not known.
    pub file_bytes: u64,
}

/// Earlier runs of one download.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// How long they ran.
    pub took: Duration,
    /// What each source brought. Ids differ from run to run, so sources are told apart by who they are.
    pub received: Vec<ReceivedFrom>,
    /// Bytes taken from files of this disk, in the present run as well.
    pub own_bytes: u64,
}

impl Past {
    pub(super) fn add(&mut self, took: Duration, received: &[ReceivedFrom]) {
        self.took += took;
        for source in received {
            match self.received.iter_mut().find(|r| r.who == source.who) {
                Some(known) => known.add(source),
                None => self.received.push(source.clone()),
            }
        }
        self.received.sort_by_key(|source| source.who);
    }

    /// These runs and one more.
    pub fn with(&self, took: Duration, received: &[ReceivedFrom]) -> Self {
        let mut all = self.clone();
        all.add(took, received);
        all
    }
}
