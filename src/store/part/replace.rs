//! A file takes the name of the older version that it replaces. The name always has a file, the older version is kept,
//! and a file that somebody else has put there meanwhile is not touched.

use std::{ffi::OsString, io};

use super::names::Names;
use crate::store::{
    StoreError,
    disk::{Disk, Entry, Folder, Make, Place, Replace},
    retired::naming,
    spot::Spot,
};

impl<D: Disk> Names<D> {
    /// Lets the part file take the place of `old`.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when the file of the name is another one, and what the disk says.
    pub(super) fn replace(&self, target: &Place<D::Folder>, old: Entry) -> Result<(), StoreError> {
        let fail = |error: io::Error| target.fail(&error);
        match target.look().map_err(fail)? {
            None => {
                let taken = target.take(&self.part.dir, &self.part.name, Replace::Never);
                return taken.map_err(fail);
            }
            Some(found) if found == old => {}
            Some(_) => return Err(StoreError::Changed(target.path.clone())),
        }
        let kept = match keep(&self.disk, &self.spot, target).map_err(fail)? {
            Kept::Linked(kept) => kept,
            Kept::Moved(kept) => return self.fill_gap(target, &kept, old),
        };
        let replaced = if kept.look().map_err(fail)? == Some(old) {
            self.take_over(target, old)
        } else {
            Err(StoreError::Changed(target.path.clone()))
        };
        if replaced.is_err() {
            // It has its own name still.
            let _ = kept.dir.remove(&kept.name);
        }
        replaced
    }

    /// The file of the name has a second name now. Where names can be exchanged, the file that is taken out is checked
    /// once more: another may have been put there between the check and the move.
    fn take_over(&self, target: &Place<D::Folder>, old: Entry) -> Result<(), StoreError> {
        let (dir, name) = (&self.part.dir, &self.part.name);
        let exchange = || target.dir.exchange(&target.name, dir, name);
        if exchange().is_err() {
            let taken = target.take(dir, name, Replace::Existing);
            return taken.map_err(|error| target.fail(&error));
        }
        match self.part.look() {
            Ok(Some(found)) if found == old => {
                if let Err(error) = dir.remove(name).and_then(|()| dir.sync()) {
                    // It has a name of its own; whoever opens the part file next looks for that.
                    tracing::warn!(part = %self.part.path.display(), %error, "a name is left over");
                }
                Ok(())
            }
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => {
                exchange().map_err(|error| target.fail(&error))?;
                Err(StoreError::Changed(target.path.clone()))
            }
        }
    }

    /// The file was moved, as it could not have two names: the new one comes to its place at once, or it goes back.
    fn fill_gap(
        &self,
        target: &Place<D::Folder>,
        kept: &Place<D::Folder>,
        old: Entry,
    ) -> Result<(), StoreError> {
        let is_old = matches!(kept.look(), Ok(Some(found)) if found == old);
        let taken = if is_old {
            let taken = target.take(&self.part.dir, &self.part.name, Replace::Never);
            taken.map_err(|error| target.fail(&error))
        } else {
            Err(StoreError::Changed(target.path.clone()))
        };
        if taken.is_err() {
            let back = target.take(&kept.dir, &kept.name, Replace::Never);
            if let Err(error) = back {
                tracing::warn!(kept = %kept.path.display(), %error, "an older version stays set aside");
            }
        }
        taken
    }
}

/// Where an older version is now.
enum Kept<F> {
    /// Here and under its own name.
    Linked(Place<F>),
    /// Here only.
    Moved(Place<F>),
}

/// Gives the file of a name a free one in the folder of what was set aside, for good.
fn keep<D: Disk>(disk: &D, spot: &Spot, target: &Place<D::Folder>) -> io::Result<Kept<D::Folder>> {
    let path = spot.below(std::path::Path::new(""));
    let hidden = disk.hidden(&path.to_string_lossy());
    let folder = match spot.folder.as_str() {
        "." => format!("{hidden}/retirados"),
        above => format!("{hidden}/retirados/{above}"),
    };
    let _ = disk.folder(&folder, Make::Folders)?;
    // Nothing must be moved to a folder that may be lost.
    disk.sync_above(&folder)?;
    let file = spot.name.to_string_lossy();
    for n in 1u32.. {
        let name: OsString = naming::numbered(&file, n).into();
        let to = Place {
            dir: disk.folder(&folder, Make::Nothing)?,
            path: disk.path().join(&folder).join(&name),
            name,
        };
        let kept = match to.dir.link(&to.name, &target.dir, &target.name) {
            Ok(()) => Kept::Linked(to),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(_) => match to.take(&target.dir, &target.name, Replace::Never) {
                Ok(()) => Kept::Moved(to),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            },
        };
        // Before its own name is another file's.
        let (Kept::Linked(to) | Kept::Moved(to)) = &kept;
        match (to.dir.sync(), &kept) {
            (Ok(()), _) => return Ok(kept),
            (Err(error), Kept::Linked(to)) => {
                let _ = to.dir.remove(&to.name);
                return Err(error);
            }
            (Err(error), Kept::Moved(to)) => {
                target.take(&to.dir, &to.name, Replace::Never)?;
                return Err(error);
            }
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
