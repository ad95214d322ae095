//! Making written data durable: the data first, then its record.

use std::{io, sync::atomic::Ordering};

use parking_lot::MutexGuard;

use super::{Lasting, PartFile};
use crate::store::{
    StoreError,
    disk::{Content, Disk, FileOf},
};

impl<D: Disk> PartFile<D> {
    /// Bytes that were written and may not be on the disk.
    pub fn unsynced_bytes(&self) -> u64 {
        self.unsynced_bytes.load(Ordering::Relaxed)
    }

    /// Makes written data durable: the data first, then its record. After a failed sync the disk is not asked again, as
    /// the kernel drops pages that it could not write and would report success the next time. Chunks that were not
    /// durable before are forgotten.
    ///
    /// # Errors
    /// What the disk says, or that it failed before.
    pub fn sync(&self) -> Result<(), StoreError> {
        let mut lasting = self.lasting();
        let covered_bytes = self.unsynced_bytes();
        let covered = self.progress().journal.count();
        self.sync_content(&mut lasting, FileOf::<D>::sync_data)?;
        if !lasting.names {
            let synced = self.names.sync();
            synced.map_err(|error| self.names.fail(&error))?;
            lasting.names = true;
        }
        let recorded = self.progress().journal.synced(covered);
        recorded.map_err(|error| self.names.fail_journal(&error))?;
        self.unsynced_bytes
            .fetch_sub(covered_bytes, Ordering::Relaxed);
        Ok(())
    }

    /// One sync at a time: the kernel reports a failure only once, and it must not be reported to another caller.
    pub(super) fn sync_content(
        &self,
        lasting: &mut Lasting,
        sync: impl FnOnce(&FileOf<D>) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let fail = |error: io::Error| self.names.fail(&error);
        if lasting.failed {
            // The same error again: the kernel does not report it twice.
            return Err(fail(rustix::io::Errno::IO.into()));
        }
        sync(&self.file).map_err(|error| {
            lasting.failed = true;
            if let Err(error) = self.progress().journal.forget_unsynced() {
                tracing::warn!(%error, "the journal vouches for chunks that may not be on the disk");
            }
            fail(error)
        })
    }

    pub(super) fn lasting(&self) -> MutexGuard<'_, Lasting> {
        self.lasting.lock()
    }
}
