//! What the statistics files of all roles have in common: who wrote them, when, and how they are saved.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::store::{Loaded, StoreError, load_json, save_json};

/// Version of the files' layout; a reader of another version sets the file aside.
const SCHEMA: u32 = 1;

/// The head of every statistics file. Times are RFC 3339.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Head {
    schema: u32,
    node: String,
    /// When this run started.
    started: String,
    /// When it stopped; absent while it runs, and for ever when it was killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped: Option<String>,
    /// When the file was written.
    saved: String,
}

impl Head {
    /// The head of a run that starts now.
    pub(super) fn start(node: &str) -> Self {
        Self {
            schema: SCHEMA,
            node: node.to_owned(),
            started: now(),
            stopped: None,
            saved: now(),
        }
    }

    /// The same, for a file that is written now; `last` when the run ends with it.
    pub(super) fn stamped(&self, moment: Moment) -> Self {
        let mut head = self.clone();
        head.saved = now();
        head.stopped = match moment {
            Moment::Running => None,
            Moment::Stopping => Some(head.saved.clone()),
        };
        head
    }

    /// The run that wrote it did not come to an orderly end.
    pub(super) fn was_killed(&self) -> bool {
        !self.started.is_empty() && self.stopped.is_none()
    }
}

/// What went wrong with a statistics file; the node goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatisticsTrouble {
    /// It could not be understood: this run starts from nothing, and the file is kept under another name.
    SetAside {
        /// The file.
        path: PathBuf,
        /// Where it is now.
        to: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It could not be read or saved.
    Failed(StoreError),
}

/// When statistics are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// The node goes on.
    Running,
    /// The node ends.
    Stopping,
}

/// Reads what an earlier run saved, and says what to tell people of it.
pub(super) fn load<T: DeserializeOwned>(
    path: &Path,
) -> Result<(Option<T>, Option<StatisticsTrouble>), StoreError> {
    #[derive(Deserialize)]
    struct Versioned<T> {
        #[serde(flatten)]
        content: T,
    }
    match load_json::<Versioned<T>>(path)? {
        Loaded::Missing => Ok((None, None)),
        Loaded::Read(read) => Ok((Some(read.content), None)),
        Loaded::SetAside { to, reason } => {
            let path = path.to_owned();
            Ok((None, Some(StatisticsTrouble::SetAside { path, to, reason })))
        }
    }
}

/// Saves off the async threads, and tells each kind of failure once.
#[derive(Debug)]
pub(super) struct Saver {
    path: PathBuf,
    failed: bool,
}

impl Saver {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            failed: false,
        }
    }

    /// Saves.
    ///
    /// # Errors
    /// When the file could not be replaced; the old one is still there.
    pub(super) async fn save<T: Serialize + Send + 'static>(
        &self,
        value: T,
    ) -> Result<(), StoreError> {
        let path = self.path.clone();
        tokio::task::spawn_blocking(move || save_json(&path, &value))
            .await
            .unwrap_or(Ok(()))
    }

    /// Saves, and gives what to tell people: the first failure of a row.
    pub(super) async fn save_or_tell<T: Serialize + Send + 'static>(
        &mut self,
        value: T,
    ) -> Option<StoreError> {
        match self.save(value).await {
            Ok(()) => {
                self.failed = false;
                None
            }
            Err(error) => (!std::mem::replace(&mut self.failed, true)).then_some(error),
        }
    }
}

fn now() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Millisecond)
        .unwrap_or_default()
        .to_string()
}
