//! How far a scrub is, from run to run: a JSON file beside the digest cache. Without it the round begins anew.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::kept;
use crate::model::Scrub;

/// Longest file that is read.
const MOST_BYTES: u64 = 64 << 10;

/// What the file says.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    /// The folder, so that another one is not taken for it.
    folder: String,
    /// How far it is.
    done: Scrub,
    /// When the next chunk is to be read, in seconds since 1970.
    next_s: u64,
    /// When the last round came to its end, in seconds since 1970.
    ended_s: Option<u64>,
}

/// See the module.
#[derive(Debug)]
pub struct ScrubRecord {
    path: PathBuf,
    kept: Kept,
}

impl ScrubRecord {
    /// Reads what an earlier run left.
    pub fn open(path: PathBuf, folder: &Path) -> Self {
        let folder = kept::folder_text(folder);
        let kept = kept::read(&path, MOST_BYTES).unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "how far the scrub is");
            None
        });
        let kept = kept.filter(|kept: &Kept| kept.folder == folder);
        let fresh = Kept {
            folder,
            ..Kept::default()
        };
        Self {
            path,
            kept: kept.unwrap_or(fresh),
        }
    }

    /// How far it is.
    pub fn done(&self) -> &Scrub {
        &self.kept.done
    }

    /// How long to wait before the next chunk; the time is in seconds since 1970.
    pub fn rest(&self, now_s: u64) -> Duration {
        Duration::from_secs(self.kept.next_s.saturating_sub(now_s))
    }

    /// When the last round came to its end, in seconds since 1970.
    pub fn ended_s(&self) -> Option<u64> {
        self.kept.ended_s
    }

    /// It is so far, and waits so long before the next chunk. What cannot be kept is done again in the next run.
    pub fn keep(&mut self, now_s: u64, done: Scrub, rest: Duration) {
        if done.rounds > self.kept.done.rounds {
            self.kept.ended_s = Some(now_s);
        }
        self.kept.done = done;
        self.kept.next_s = now_s.saturating_add(rest.as_secs());
        if let Err(error) = kept::write(&self.path, &self.kept) {
            tracing::warn!(path = %self.path.display(), %error, "how far the scrub is");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::model::{ChunkIndex, ScrubRound, samples::name};

    #[test]
    fn a_later_run_goes_on_and_another_folder_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scrub");
        let open = |served: &str| ScrubRecord::open(path.clone(), Path::new(served));
        let mut record = open("/videos");
        assert_eq!(
            (record.done(), record.rest(7)),
            (&Scrub::default(), Duration::ZERO)
        );
        let round = ScrubRound {
            bytes: 5,
            damaged: 1,
        };
        let mut done = Scrub {
            after: Some((name("serie/a"), ChunkIndex(3))),
            round,
            ..Scrub::default()
        };
        record.keep(100, done.clone(), Duration::from_secs(60));
        let mut record = open("/videos/");
        assert_eq!((record.done(), record.ended_s()), (&done, None));
        assert_eq!(record.rest(130), Duration::from_secs(30));
        assert_eq!(record.rest(1000), Duration::ZERO);
        (done.rounds, done.last) = (1, Some(round));
        record.keep(200, done.clone(), Duration::ZERO);
        record.keep(300, done.clone(), Duration::ZERO);
        assert_eq!(open("/videos").ended_s(), Some(200));
        assert_eq!(open("/others").done(), &Scrub::default());
        // Nobody's words are known by heart.
        fs::write(&path, b"{\"folder\":1}").unwrap();
        assert_eq!(open("/videos").done(), &Scrub::default());
    }
}
