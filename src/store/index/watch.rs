//! Hears of changes in the folder. What it says are hints: the folder is looked at anyway.

use std::path::{Path, PathBuf};

use notify::{
    ErrorKind, EventKind, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind, RenameMode},
};

use crate::{model::FileName, store::Root};

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Somebody writes to a file.
    Written(FileName),
    /// A writer closed a file.
    Closed(FileName),
    /// A file got this name, from another folder or another name.
    Moved(FileName),
    /// Something changed.
    Something,
    /// Changes were lost.
    Missed,
    /// Changes of some folders are not heard from now on.
    Deaf,
}

/// Says what changes below a folder, from a thread of its own, for as long as it lives.
pub type FolderWatch = notify::RecommendedWatcher;

/// Starts a [`FolderWatch`].
///
/// # Errors
/// When the system does not let all of the folder be watched.
pub fn watch(root: &Root, tell: impl Fn(Heard) + Send + 'static) -> notify::Result<FolderWatch> {
    let base = root.path().canonicalize().unwrap_or(root.path().to_owned());
    let below = base.clone();
    let mut watcher = notify::recommended_watcher(move |event| translate(event, &below, &tell))?;
    watcher.watch(&base, RecursiveMode::Recursive)?;
    Ok(watcher)
}

fn translate(event: notify::Result<notify::Event>, base: &Path, tell: &impl Fn(Heard)) {
    let event = match event {
        Ok(event) => event,
        Err(error) => {
            tracing::debug!(%error, "watching");
            return match error.kind {
                // A new folder could not be added, or nothing is read any more.
                ErrorKind::MaxFilesWatch | ErrorKind::Io(_) => tell(Heard::Deaf),
                _ => tell(Heard::Something),
            };
        }
    };
    if event.need_rescan() {
        return tell(Heard::Missed);
    }
    let names = event.paths.iter().filter_map(|path| name_of(path, base));
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
            names.for_each(|name| tell(Heard::Closed(name)));
        }
        EventKind::Access(_) => {}
        EventKind::Modify(ModifyKind::Data(_)) => names.for_each(|name| tell(Heard::Written(name))),
        // Linux says all three of a rename within the folder; the last has both names.
        EventKind::Modify(ModifyKind::Name(RenameMode::To)) => {
            names.for_each(|name| tell(Heard::Moved(name)));
            something(&event, base, tell);
        }
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => {
            something(&event, base, tell);
        }
    }
}

/// Our own hidden files change all the time while a copy comes in.
fn something(event: &notify::Event, base: &Path, tell: &impl Fn(Heard)) {
    if event.paths.is_empty() || event.paths.iter().any(|path| !is_hidden(path, base)) {
        tell(Heard::Something);
    }
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use notify::{Error, Event};

    use super::*;

    fn heard(event: notify::Result<Event>) -> Vec<Heard> {
        let all = RefCell::new(Vec::new());
        translate(event, Path::new("/f"), &|heard| {
            all.borrow_mut().push(heard)
        });
        all.into_inner()
    }

    #[test]
    fn what_is_not_heard_any_more_is_said() {
        assert_eq!(
            heard(Err(Error::new(ErrorKind::MaxFilesWatch))),
            [Heard::Deaf]
        );
        let lost = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        assert_eq!(heard(Ok(lost)), [Heard::Missed]);
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let closed = Event::new(closed).add_path("/f/a/b".into());
        let name = FileName::try_from("a/b").unwrap();
        assert_eq!(heard(Ok(closed)), [Heard::Closed(name)]);
        let moved = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        let moved = Event::new(moved).add_path("/f/a/b".into());
        let name = FileName::try_from("a/b").unwrap();
        assert_eq!(heard(Ok(moved)), [Heard::Moved(name), Heard::Something]);
        let hidden = Event::new(EventKind::Any).add_path("/f/.trozos/x".into());
        assert_eq!(heard(Ok(hidden)), []);
    }
}
