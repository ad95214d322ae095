//! Hears of changes in the folder. What it says are hints: the folder is looked at anyway.

use std::path::{Path, PathBuf};

use notify::{
    EventKind, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind},
};

use crate::{model::FileName, store::Root};

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Somebody writes to a file.
    Written(FileName),
    /// A writer closed a file.
    Closed(FileName),
    /// Something changed.
    Something,
}

/// Says what changes below a folder, from a thread of its own, for as long as it lives.
pub(super) fn watch(
    root: &Root,
    mut tell: impl FnMut(Heard) + Send + 'static,
) -> notify::Result<notify::RecommendedWatcher> {
    let base = root.path().canonicalize().unwrap_or(root.path().to_owned());
    let below = base.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else {
            return tell(Heard::Something);
        };
        let names: Vec<FileName> = event
            .paths
            .iter()
            .filter_map(|path| name_of(path, &below))
            .collect();
        if event.need_rescan() {
            return tell(Heard::Something);
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
                names.into_iter().for_each(|name| tell(Heard::Closed(name)));
            }
            EventKind::Access(_) => {}
            EventKind::Modify(ModifyKind::Data(_)) => {
                names
                    .into_iter()
                    .for_each(|name| tell(Heard::Written(name)));
            }
            EventKind::Any
            | EventKind::Create(_)
            | EventKind::Modify(_)
            | EventKind::Remove(_)
            | EventKind::Other => {
                // Our own hidden files change all the time while a copy comes in.
                if event.paths.is_empty() || event.paths.iter().any(|path| !is_hidden(path, &below))
                {
                    tell(Heard::Something);
                }
            }
        }
    })?;
    watcher.watch(&base, RecursiveMode::Recursive)?;
    Ok(watcher)
}

fn name_of(path: &Path, base: &Path) -> Option<FileName> {
    let below: PathBuf = path.strip_prefix(base).ok()?.to_owned();
    FileName::try_from(below.to_str()?).ok()
}

fn is_hidden(path: &Path, base: &Path) -> bool {
    path.strip_prefix(base).is_ok_and(|below| {
        let mut components = below.components();
        components.any(|component| component.as_os_str().as_encoded_bytes().starts_with(b"."))
    })
}
