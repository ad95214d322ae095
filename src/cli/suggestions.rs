//! What follows the commands of a client: files of the catalogue with their sizes, and its own downloads.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::{runtime::Handle, time::timeout};

use super::{
    console::{Suggestion, Values},
    text::{client::state, units::bytes},
};
use crate::node::client::ClientHandle;

/// How long a completion may wait for news.
const PATIENCE: Duration = Duration::from_millis(400);
/// Data younger than this is good enough for a completion.
const FRESH: Duration = Duration::from_secs(2);
/// Data younger than this is good enough for a hint.
const RECENT: Duration = Duration::from_secs(15);

/// Files that are looked for on the disk.
const MOST_LOOKED_FOR: usize = 5000;

#[derive(Default)]
struct Known {
    asked: Option<Instant>,
    answered: Option<Instant>,
    /// Shared with whoever looks: there may be a hundred thousand.
    files: Arc<[Suggestion]>,
}

/// See [`Values`]. The prompt's thread asks; the runtime's threads answer.
pub(super) struct ClientValues {
    client: ClientHandle,
    /// Where downloads are.
    target: PathBuf,
    runtime: Handle,
    known: Arc<Mutex<Known>>,
}

impl ClientValues {
    /// Within the runtime that the client runs in.
    pub(super) fn new(client: ClientHandle, target: PathBuf) -> Self {
        Self {
            client,
            target,
            runtime: Handle::current(),
            known: Arc::default(),
        }
    }

    /// Asks for the catalogue.
    fn refreshed(&self) -> impl Future<Output = ()> + Send + 'static {
        let (client, known) = (self.client.clone(), Arc::clone(&self.known));
        async move {
            let Ok(files) = client.list().await else {
                return;
            };
            let suggestion = |listed: &crate::model::ListedFile| Suggestion {
                text: listed.file.name.to_string(),
                remark: bytes(listed.file.layout.file_bytes()),
            };
            let files = files.iter().map(suggestion).collect();
            let mut known = known.lock();
            known.files = files;
            known.answered = Some(Instant::now());
        }
    }

    fn files(&self, fresh: bool) -> Arc<[Suggestion]> {
        let is_old = {
            let mut known = self.known.lock();
            // A hint uses what is there; a completion waits for an answer.
            let (last, good_for) = if fresh {
                (known.answered, FRESH)
            } else {
                (known.asked, RECENT)
            };
            let is_old = last.is_none_or(|last| last.elapsed() > good_for);
            if is_old {
                known.asked = Some(Instant::now());
            }
            is_old
        };
        if is_old {
            let news = self.runtime.spawn(self.refreshed());
            if fresh {
                // An answer that comes later serves the next completion.
                let _ = self
                    .runtime
                    .block_on(async { timeout(PATIENCE, news).await });
            }
        }
        let known = self.known.lock();
        Arc::clone(&known.files)
    }

    /// Those that are in the folder of downloads. Where there are very many nobody looks.
    fn files_here(&self, fresh: bool) -> Arc<[Suggestion]> {
        let files = self.files(fresh);
        if files.len() > MOST_LOOKED_FOR {
            return files;
        }
        let is_here = |file: &&Suggestion| self.target.join(&file.text).is_file();
        files.iter().filter(is_here).cloned().collect()
    }

    fn downloads(&self) -> Arc<[Suggestion]> {
        let views = self
            .runtime
            .block_on(async { timeout(PATIENCE, self.client.downloads()).await });
        let views = views.ok().and_then(Result::ok).unwrap_or_default();
        views
            .iter()
            .map(|view| Suggestion {
                text: view.number.0.to_string(),
                remark: format!("{}: {}", view.file, state(&view.state)),
            })
            .collect()
    }
}

impl Values for ClientValues {
    fn of(&self, id: &str, fresh: bool) -> Arc<[Suggestion]> {
        match id {
            "download" | "search" => self.files(fresh),
            "verify" => self.files_here(fresh),
            "detail" | "pause" | "resume" | "cancel" | "priority" if fresh => self.downloads(),
            _ => Arc::default(),
        }
    }
}
