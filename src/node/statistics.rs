//! What the statistics files of all roles have in common: who wrote them, when, and how they are saved.

use std::path::{Path, PathBuf};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error as _},
};
use tokio::task::{JoinError, JoinHandle};

use crate::{
    model::error_codes,
    store::{Claim, Damage, Loaded, Root, StoreError, claim, load_json, save_json},
};

/// Version of the files' layout; a reader of another version sets the file aside.
const SCHEMA: u32 = 1;

/// The head of every statistics file. Times are RFC 3339.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Head {
    #[serde(deserialize_with = "this_schema")]
    schema: u32,
    #[serde(default)]
    node: String,
    /// When this run started.
    #[serde(default)]
    started: String,
    /// When it stopped; absent while it runs, and for ever when it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped: Option<String>,
    /// When the file was written.
    #[serde(default)]
    saved: String,
}

fn this_schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        SCHEMA => Ok(SCHEMA),
        other => Err(D::Error::custom(format_args!(
            "schema {other}; this program reads {SCHEMA}"
        ))),
    }
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

    /// The same, for a file that is written now.
    pub(super) fn stamped(&self, moment: Moment) -> Self {
        let mut head = self.clone();
        head.saved = now();
        head.stopped = match moment {
            Moment::Running => None,
            Moment::Stopping => Some(head.saved.clone()),
        };
        head
    }

    /// The same run under the name of another file.
    pub(super) fn set_node(&mut self, path: &Path) {
        let stem = path.file_stem().unwrap_or_default();
        self.node = stem.to_string_lossy().into_owned();
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
        damage: Damage,
    },
    /// Another process of this name has the file: this one's figures are kept in another.
    InUse {
        /// The file.
        path: PathBuf,
        /// Where the figures of this run are.
        instead: PathBuf,
    },
    /// It could not be read or saved.
    Failed(StoreError),
}

error_codes!(StatisticsTrouble, code {
    Self::SetAside { .. } => "statistics-set-aside",
    Self::InUse { .. } => "statistics-in-use",
} in {
    Self::Failed(error) => error.code(),
});

/// When statistics are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// The node goes on.
    Running,
    /// The node ends.
    Stopping,
}

/// What would be saved of a file that was read, for the fuzz targets; `None` when it is set aside.
#[cfg(feature = "fuzzing")]
pub(super) fn rewritten<C: Content>(json: &[u8]) -> Option<Vec<u8>> {
    let content: C = serde_json::from_slice(json).ok()?;
    serde_json::to_vec(&content).ok()
}

/// Reads what an earlier run saved, and says what to tell people of it.
fn load<T: DeserializeOwned>(
    path: &Path,
) -> Result<(Option<T>, Option<StatisticsTrouble>), StoreError> {
    match load_json(path)? {
        Loaded::Missing => Ok((None, None)),
        Loaded::Read(content) => Ok((Some(content), None)),
        Loaded::SetAside { to, damage } => {
            tracing::info!(path = %path.display(), %damage, "statistics set aside");
            let path = path.to_owned();
            Ok((None, Some(StatisticsTrouble::SetAside { path, to, damage })))
        }
    }
}

/// What a role's file holds.
pub(super) trait Content:
    Clone + Default + Serialize + DeserializeOwned + Send + 'static
{
    /// Its head.
    fn head(&mut self) -> &mut Head;
}

/// A role's statistics file. It is saved off the async threads, and each row of failures is told once.
#[derive(Debug)]
pub(super) struct StatisticsFile<C> {
    pub(super) content: C,
    path: PathBuf,
    failed: bool,
    /// The save that is under way.
    saving: Option<JoinHandle<Result<(), StoreError>>>,
    /// Nobody else writes it meanwhile.
    _claim: Claim,
}

/// Processes of one name that keep statistics in one folder.
const MOST_OF_A_NAME: u32 = 64;

/// A name for a node's files that no other process has: its own, or else with a number.
fn claim_name(folder: &Path, node: &str) -> Result<(String, Claim), StoreError> {
    let others = (2..=MOST_OF_A_NAME).map(|n| format!("{node}-{n}"));
    for name in std::iter::once(node.to_owned()).chain(others) {
        if let Some(claim) = claim(&folder.join(format!("{name}.json")))? {
            return Ok((name, claim));
        }
    }
    Err(StoreError::Busy(folder.join(format!("{node}.json"))))
}

impl<C: Content> StatisticsFile<C> {
    /// Goes on from what the last run of this node left in the folder; the other values are what that was
    /// and what to tell people. A second process of this name gets a file of its own.
    ///
    /// # Errors
    /// When the folder cannot be made, read or written.
    pub(super) fn open(
        folder: &Path,
        node: &str,
    ) -> Result<(Self, Option<Head>, Option<StatisticsTrouble>), StoreError> {
        Root::create(folder)?.check_writable()?;
        let (name, claim) = claim_name(folder, node)?;
        let mut file = Self::new(folder, &name, claim);
        let in_use = (name != node).then(|| StatisticsTrouble::InUse {
            path: folder.join(format!("{node}.json")),
            instead: file.path.clone(),
        });
        let (content, trouble) = load::<C>(&file.path)?;
        let trouble = in_use.or(trouble);
        let before = content.map(|content| {
            let fresh = file.content.head().clone();
            file.content = content;
            std::mem::replace(file.content.head(), fresh)
        });
        Ok((file, before, trouble))
    }

    /// The file without its ending, for what lies beside it.
    pub(super) fn stem(&self) -> PathBuf {
        self.path.with_extension("")
    }

    /// Starts from nothing.
    fn new(folder: &Path, node: &str, claim: Claim) -> Self {
        let mut content = C::default();
        *content.head() = Head::start(node);
        Self {
            content,
            path: folder.join(format!("{node}.json")),
            failed: false,
            saving: None,
            _claim: claim,
        }
    }

    /// Starts to save a content in a task of its own: a disk may take seconds, and no owner waits for it. While the
    /// last save is under way nothing starts, as the next time is near; `content` is not even made then.
    pub(super) fn start_save(&mut self, content: impl FnOnce(&mut Self) -> C) {
        if self.saving.is_none() {
            let content = content(self);
            self.saving = Some(start_write(self.path.clone(), content, Moment::Running));
        }
    }

    /// The end of the save that is under way; gives what to tell people: the first failure of a row. Waits for ever
    /// while there is none. Cancel-safe.
    pub(super) async fn saved(&mut self) -> Option<StoreError> {
        let Some(saving) = &mut self.saving else {
            return std::future::pending().await;
        };
        let saved = saving.await;
        self.saving = None;
        let saved = saved.unwrap_or_else(|error| Err(self.broken(error)));
        self.news_of(saved)
    }

    fn news_of(&mut self, saved: Result<(), StoreError>) -> Option<StoreError> {
        match saved {
            Ok(()) => {
                self.failed = false;
                None
            }
            Err(error) => (!std::mem::replace(&mut self.failed, true)).then_some(error),
        }
    }

    /// What would be saved now.
    pub(super) fn to_value(&self) -> serde_json::Value {
        let mut content = self.content.clone();
        let head = content.head().stamped(Moment::Running);
        *content.head() = head;
        // What can be saved can be said.
        serde_json::to_value(content).unwrap_or_default()
    }

    /// Saves before anything else is done. Blocking.
    ///
    /// # Errors
    /// When the file could not be replaced.
    pub(super) fn save_now(&mut self) -> Result<(), StoreError> {
        let head = self.content.head().stamped(Moment::Running);
        *self.content.head() = head;
        save_json(&self.path, &self.content)
    }

    /// Saves for the last time.
    ///
    /// # Errors
    /// When the file could not be replaced; the old one is still there.
    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        // Two saves of one file at once would leave either.
        if let Some(saving) = self.saving.take() {
            let _ = saving.await;
        }
        self.write(Moment::Stopping).await
    }

    /// The task that was to save it failed.
    fn broken(&self, error: JoinError) -> StoreError {
        StoreError::new(&self.path, &std::io::Error::other(error))
    }

    async fn write(&self, moment: Moment) -> Result<(), StoreError> {
        start_write(self.path.clone(), self.content.clone(), moment)
            .await
            .unwrap_or_else(|error| Err(self.broken(error)))
    }
}

/// Writes a file off the async threads.
fn start_write<C: Content>(
    path: PathBuf,
    mut content: C,
    moment: Moment,
) -> JoinHandle<Result<(), StoreError>> {
    let head = content.head().stamped(moment);
    *content.head() = head;
    tokio::task::spawn_blocking(move || save_json(&path, &content))
}

fn now() -> String {
    jiff::Timestamp::now()
        .round(jiff::Unit::Millisecond)
        .unwrap_or_default()
        .to_string()
}

/// The next run reads all that this one saved: tables that are flattened into others, and keys that are numbers.
#[cfg(test)]
pub(super) fn assert_found_again<C: Content>(content: &C) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("node.json");
    save_json(&path, content).expect("it can be saved");
    let (found, trouble) = load::<C>(&path).expect("it can be read");
    assert_eq!(trouble, None);
    let value = |content: &C| serde_json::to_value(content).expect("it can be said");
    assert_eq!(value(&found.expect("it is there")), value(content));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::slow::slow_down;

    #[test]
    fn a_file_of_another_layout_is_not_taken_for_ours() {
        for (json, ours) in [
            (r#"{"schema":1}"#, true),
            (r#"{"schema":1,"started":"x","later":true}"#, true),
            (r#"{"schema":2}"#, false),
            ("{}", false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("central.json");
            std::fs::write(&path, json).unwrap();
            let (head, trouble) = load::<Head>(&path).unwrap();
            assert_eq!((head.is_some(), trouble.is_none()), (ours, ours), "{json}");
            assert_eq!(path.exists(), ours, "{json}");
        }
    }

    #[derive(Clone, Debug, Default, Serialize, Deserialize)]
    struct Small {
        #[serde(flatten)]
        head: Head,
    }

    impl Content for Small {
        fn head(&mut self) -> &mut Head {
            &mut self.head
        }
    }

    #[tokio::test]
    async fn a_save_takes_as_long_as_the_disk_likes_and_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.json");
        slow_down(folder.path(), Duration::from_secs(1));
        let (mut file, ..) = StatisticsFile::<Small>::open(folder.path(), "node").unwrap();
        file.start_save(|file| file.content.clone());
        tokio::select! {
            biased;
            _ = file.saved() => panic!("it cannot have ended"),
            () = std::future::ready(()) => assert!(!path.exists()),
        }
        // The next one is not even begun.
        file.start_save(|_| panic!("one is under way"));
        assert_eq!(file.saved().await, None);
        assert!(path.exists());
        // The last one comes after the one that is under way.
        file.start_save(|file| file.content.clone());
        file.finish().await.unwrap();
        let (head, _) = load::<Head>(&path).unwrap();
        assert!(!head.unwrap().was_killed());
    }
}
