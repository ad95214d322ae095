//! What need not be sent to a fetch, as this disk has it: where it is looked for, and how it is taken before anything is
//! asked of others. Blocking.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Target;
use crate::{
    model::{FileMeta, Manifest},
    store::{Existing, Opened, OwnFile, PartFile, StoreError, index::OwnChunks},
};

/// Where chunks may be.
#[derive(Clone, Debug)]
pub(in crate::node) enum Own {
    /// In the file that is to be replaced.
    Replaced,
    /// In files that are served, or were a while ago.
    Served(OwnChunks),
}

/// A part file that was opened, and what was taken into it from this disk.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) opened: Opened,
    pub(super) own_bytes: u64,
}

/// Opens a part file and takes what this disk has.
pub(super) fn prepare(
    target: Target,
    file: &FileMeta,
    manifest: Arc<Manifest>,
    stop: &CancellationToken,
) -> Result<Prepared, StoreError> {
    let Target {
        root,
        existing,
        place,
        own,
    } = target;
    let root = root.open()?;
    let opened = PartFile::open(&root, file, Arc::clone(&manifest), existing, place)?;
    let own_bytes = match &opened {
        Opened::AlreadyComplete(_) => 0,
        Opened::Part { part, .. } => {
            let replaced = || match existing {
                Existing::Keep => None,
                Existing::Overwrite | Existing::Replaces(_) => OwnFile::named(&root, &file.name),
            };
            let keep_on = || !stop.is_cancelled();
            match own {
                Own::Replaced => part.take_own(replaced().into_iter(), &keep_on)?,
                Own::Served(chunks) => {
                    let mut known = chunks.files_for(&root, &manifest).peekable();
                    if known.peek().is_some() {
                        part.take_own(known, &keep_on)?
                    } else {
                        // It may be cut into chunks of another length, or not be served any more.
                        part.take_own(replaced().into_iter(), &keep_on)?
                    }
                }
            }
        }
    };
    Ok(Prepared { opened, own_bytes })
}
