//! What was typed in earlier runs, a file per program. Nothing secret is ever typed at a prompt; even so the file is
//! its user's alone.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustyline::{Editor, Helper, history::FileHistory};

use crate::cli::values;

/// Where it is kept: below `XDG_STATE_HOME`, or else `~/.local/state`; `None` without a home.
pub(super) fn path(program: &str) -> Option<PathBuf> {
    Some(values::state()?.join(format!("historia-{program}")))
}

/// Reads it, where there is any.
pub(super) fn load<H: Helper>(editor: &mut Editor<H, FileHistory>, path: &Path) {
    if let Err(error) = editor.load_history(path) {
        tracing::debug!(%error, path = %path.display(), "history");
    }
}

/// Adds what is new. A prompt without a kept history works all the same.
pub(super) fn keep<H: Helper>(editor: &mut Editor<H, FileHistory>, path: &Path) {
    let kept = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .map_err(Into::into)
        .and_then(|()| editor.append_history(path));
    if let Err(error) = kept {
        tracing::debug!(%error, path = %path.display(), "history");
    }
}
