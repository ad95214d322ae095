//! Files that have stopped changing are read, and served from then on.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    IndexEvent, Origin,
    hashing::LARGE_BYTES,
    run::{Running, Unheard},
    scan::look,
    settle::{QUIET_OPEN, Settled, Until},
};
use crate::{
    model::{FileName, IgnoredReason, Manifest, Seen, Stamp, Writer},
    store::stamp::indexed,
};

/// People are told that a file is still being written after this long.
const TOLD_AFTER: Duration = Duration::from_secs(60);

/// A file that is not served because it is open for writing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    since: Instant,
    told: bool,
}

/// Commands wait this long for files that need not be read.
const TURN: Duration = Duration::from_millis(20);

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    /// Serves what is known already of the files that have stopped changing, for a while; others are to be
    /// read.
    pub(super) fn take_settled(&mut self) -> Result<(), Unheard> {
        let began = Instant::now();
        while began.elapsed() < TURN {
            let Some(settled) = self.settling.take_settled(Instant::now()) else {
                break;
            };
            let (name, stamp) = (settled.name.clone(), settled.stamp);
            if look(&self.root, &name).is_none_or(|seen| seen.stamp != stamp) {
                self.look_soon();
                continue;
            }
            if self.is_known_damage(&name, stamp) {
                self.hashing.add(name, stamp);
                continue;
            }
            // While everything is read again, nothing is taken for known.
            let known = (!self.rereading).then(|| self.cache.get(&name, stamp));
            match known.flatten() {
                Some(manifest) => self.serve(name, stamp, manifest, Origin::Look)?,
                None => self.read_unless_written(settled)?,
            }
        }
        Ok(())
    }

    /// Has a file read, unless somebody can go on writing into it.
    fn read_unless_written(&mut self, settled: Settled) -> Result<(), Unheard> {
        let now = Instant::now();
        // One look at all processes answers for all files that wait.
        if let Err(later) = self.writers.look_since(settled.due) {
            self.settling.hold(settled, Until::Looked(later));
            return Ok(());
        }
        let writer = self.writers.of(&settled.name, settled.stamp);
        // Others' processes may be hidden: then what was heard is believed.
        let is_open = writer.is_some() || settled.heard_open && !self.writers.is_complete();
        let unchanged = now.saturating_duration_since(settled.since);
        if !is_open || unchanged >= QUIET_OPEN {
            self.being_written.remove(&settled.name);
            self.settling.taken(&settled.name);
            self.hashing.add(settled.name, settled.stamp);
            return Ok(());
        }
        let (name, since) = (settled.name.clone(), settled.since);
        self.settling.hold(settled, Until::Closed(now));
        self.wait_for_writer(now, since, name, writer)
    }

    /// People are told of a file that keeps being open.
    fn wait_for_writer(
        &mut self,
        now: Instant,
        since: Instant,
        name: FileName,
        by: Option<Writer>,
    ) -> Result<(), Unheard> {
        let known = self.being_written.entry(name.clone());
        let told = false;
        let waits = known.or_insert(Waits { since, told });
        if waits.told || now < waits.since + TOLD_AFTER {
            return Ok(());
        }
        waits.told = true;
        self.tell(IndexEvent::BeingWritten { name, by })
    }

    /// Has files read for as long as there are threads that wait for some.
    pub(super) fn start_reading(&mut self) -> Result<(), Unheard> {
        while let Some((name, stamp, started)) = self.hashing.start() {
            match started {
                Ok(()) if stamp.bytes >= LARGE_BYTES => {
                    let bytes = stamp.bytes;
                    self.tell(IndexEvent::Hashing { name, bytes })?;
                }
                Ok(()) => {}
                Err(error) => self.has_read(name, stamp, Err(error))?,
            }
        }
        Ok(())
    }

    /// A file was read, or could not be.
    pub(super) fn has_read(
        &mut self,
        name: FileName,
        stamp: Stamp,
        read: io::Result<Manifest>,
    ) -> Result<(), Unheard> {
        if self.served.contains_key(&name) {
            return self.has_read_again(&name, stamp, read);
        }
        match (look(&self.root, &name), read) {
            (None, _) => Ok(()),
            (Some(after), _) if after.stamp != stamp => {
                self.settling.again(Instant::now(), name, after.stamp);
                Ok(())
            }
            (Some(_), read) if self.judge(&name, stamp, &read)? => Ok(()),
            (Some(_), Ok(manifest)) => {
                let manifest = Arc::new(manifest);
                self.cache.put(&name, stamp, &manifest);
                self.serve(name, stamp, manifest, Origin::Look)
            }
            (Some(after), Err(error)) => self.cannot_read(name, after, &error),
        }
    }

    pub(super) fn cannot_read(
        &mut self,
        name: FileName,
        seen: Seen,
        error: &io::Error,
    ) -> Result<(), Unheard> {
        let path = name.to_string();
        self.unreadable.failed(Instant::now(), name, seen);
        if self.ignored.insert(path.clone()) {
            let reason = IgnoredReason::Unreadable(error.into());
            self.pass_over(Instant::now(), path, reason)?;
        }
        Ok(())
    }

    pub(super) fn serve(
        &mut self,
        name: FileName,
        stamp: Stamp,
        manifest: Arc<Manifest>,
        origin: Origin,
    ) -> Result<(), Unheard> {
        self.settling.forget(&name);
        self.unreadable.forget(&name);
        self.damaged.remove(&name);
        self.suspects.remove(&name);
        let file = Arc::new(indexed(name.clone(), stamp, manifest));
        self.own.served(&file);
        self.changing.remove(&name);
        self.served.insert(name, Arc::clone(&file));
        self.tell(IndexEvent::Added { file, origin })
    }
}
