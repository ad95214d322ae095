//! What need not be sent to a fetch, as this disk has it: where it is looked for, and how it is taken before anything is
//! asked of others. Blocking.

use std::{cell::Cell, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::goal::{Own, Target};
use crate::{
    model::{FileMeta, Manifest},
    store::{self, Existing, Opened, OwnFile, PartFile, Spot, StoreError},
};

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
        spot,
        existing,
        place,
        own,
    } = target;
    let root = root.open()?;
    let spot = spot.unwrap_or_else(|| Spot::from(&file.name));
    let at = store::Target {
        spot: spot.clone(),
        existing,
        place,
    };
    let opened = PartFile::open_at(&root, file, Arc::clone(&manifest), &at)?;
    let own_bytes = match &opened {
        Opened::AlreadyComplete(_) => 0,
        Opened::Part { part, .. } => {
            let replaced = || match existing {
                Existing::Keep => None,
                Existing::Overwrite | Existing::Replaces(_) => OwnFile::named(&root, &spot),
            };
            let keep_on = || !stop.is_cancelled();
            match own {
                Own::Beside => {
                    let bytes = file.layout.file_bytes();
                    let as_long = || OwnFile::as_long(&root, &spot, bytes);
                    let renamed = std::iter::once_with(as_long).flatten();
                    part.take_own(replaced().into_iter().chain(renamed), &keep_on)?
                }
                Own::Served(chunks) => {
                    let is_among = Cell::new(false);
                    let note = |known: &OwnFile| match existing {
                        Existing::Replaces(old) if known.is(&old, file.layout.chunk_bytes()) => {
                            is_among.set(true);
                        }
                        Existing::Keep | Existing::Overwrite | Existing::Replaces(_) => {}
                    };
                    let known = chunks.files_for(&root, &manifest).inspect(note);
                    // It may be cut into chunks of another length, or not be served any more.
                    let other = || replaced().filter(|_| !is_among.get());
                    let other = std::iter::once_with(other).flatten();
                    part.take_own(known.chain(other), &keep_on)?
                }
            }
        }
    };
    Ok(Prepared { opened, own_bytes })
}
