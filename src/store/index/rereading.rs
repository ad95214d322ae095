//! Everything is read again because somebody wants it, changed or not: a disk may have altered what no date shows.
//! A file is served as it was until it was read; one that turns out to be another is damaged.

use std::{io, sync::Arc, time::Instant};

use super::{
    Gone,
    damage::is_damage,
    run::{Running, Unheard},
    scan::look,
};
use crate::{
    model::{FileName, Manifest, RemovedReason, Stamp},
    store::hash::manifest_id,
};

impl<E: FnMut(super::IndexEvent) -> bool> Running<E> {
    /// Has everything read that is served now, and that is found from now on. What was read since it was last told
    /// so is read once more; what waits to be read waits on.
    pub(super) fn read_all(&mut self) -> Result<(), Unheard> {
        self.rereading = true;
        self.unreadable = Default::default();
        self.doubt_damage();
        self.look_at = Instant::now();
        for (name, file) in &self.served {
            if self.hashing.stamp_of(name) != Some(file.stamp) {
                self.hashing.add(name.clone(), file.stamp);
            }
        }
        Ok(())
    }

    /// A file that is served was read, or could not be.
    pub(super) fn has_read_again(
        &mut self,
        name: &FileName,
        stamp: Stamp,
        read: io::Result<Manifest>,
    ) -> Result<(), Unheard> {
        let Some(served) = self.served.get(name).cloned() else {
            return Ok(());
        };
        let (known_stamp, known_id) = (served.stamp, served.meta.id);
        let seen = look(&self.root, name).filter(|seen| seen.stamp == stamp);
        let Some(seen) = seen.filter(|_| known_stamp == stamp) else {
            // It has changed or is gone: the next look says which.
            self.look_soon();
            return Ok(());
        };
        let manifest = match read {
            Ok(manifest) => Arc::new(manifest),
            Err(error) if is_damage(&error) => return self.damaged(served, false),
            Err(error) => {
                self.remove(name, RemovedReason::Lost, Gone::Changed)?;
                return self.cannot_read(name.clone(), seen, &error);
            }
        };
        if manifest_id(&manifest) == known_id {
            self.cache.put(name, stamp, &manifest);
            return Ok(());
        }
        tracing::warn!(file = %name, "is not what it was, though nothing shows that it was changed");
        self.damaged(served, false)
    }
}
