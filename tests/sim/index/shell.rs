//! What the shell does for the machine, and what comes of it.

use super::*;

impl World {
    pub(super) fn is_visible(&self, name: &FileName) -> bool {
        let folder = folder_of(name);
        self.is_there && (folder != DISK || self.is_mounted) && (folder != "a" || self.is_open)
    }

    pub(super) fn visible(&self, name: &FileName) -> Option<&File> {
        self.disk.get(name).filter(|_| self.is_visible(name))
    }

    pub(super) fn begin(&mut self, takes: Duration, work: Work) {
        self.works += 1;
        self.work.push((self.now + takes, self.works, work));
    }

    /// Lets time pass, in which the shell and the machine do what they have to.
    pub(super) fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..MOST_STEPS {
            let is_interrupted = self.drain();
            let work = self.work.iter().map(|(at, ..)| *at).min();
            let more = is_interrupted.then(|| self.now + Duration::from_millis(1));
            let times = [self.index.poll_timeout(), work, more];
            let next = times.into_iter().flatten().min().unwrap_or(until);
            if next > until {
                self.now = until;
                return self.index.handle_timeout(self.now);
            }
            self.now = self.now.max(next);
            if work.is_some_and(|at| at <= self.now) {
                self.answer();
            } else {
                self.index.handle_timeout(self.now);
            }
            assert!(self.index.is_in_order());
        }
        panic!("there is always something to do");
    }

    /// Does what the machine wants; true when it stops early, as if there were mail.
    pub(super) fn drain(&mut self) -> bool {
        while let Some(action) = self.index.poll_action() {
            self.perform(action);
            if self.random.u8(..40) == 0 {
                return true;
            }
        }
        false
    }

    pub(super) fn perform(&mut self, action: Action) {
        match action {
            Action::Look => {
                let early = FOLDERS.into_iter().filter(|_| self.random.bool());
                let early: Vec<_> = early.collect();
                let early = early.into_iter().map(|folder| (folder, self.list(folder)));
                let early = early.collect();
                let takes = ms(&mut self.random, 1..200);
                let (began, was_there) = (self.now, self.is_there);
                let look = Work::Look {
                    began,
                    was_there,
                    early,
                };
                self.begin(takes, look);
            }
            Action::Listen => {
                let takes = ms(&mut self.random, 0..20);
                self.begin(takes, Work::Listen);
            }
            Action::Recognise { name, stamp } => {
                let takes = ms(&mut self.random, 0..3);
                self.begin(takes, Work::Recognise(name, stamp));
            }
            Action::FindWriters(asked) => {
                assert!(!asked.is_empty());
                let takes = ms(&mut self.random, 0..60);
                let began = self.now;
                self.begin(takes, Work::FindWriters { began, asked });
            }
            Action::Hash { job, name, stamp } => self.begin_hash(job, name, stamp),
            Action::CancelHash(job) => self.cancel(job),
            Action::CheckChunk { file, .. } => {
                let takes = ms(&mut self.random, 0..500);
                self.begin(takes, Work::CheckChunk(file));
            }
            Action::Scrub { file, chunk } => {
                let reads = self.work.iter();
                let mut reads = reads.filter(|(_, _, work)| matches!(work, Work::Scrub(..)));
                assert!(self.scrubs && reads.next().is_none(), "one at a time");
                let takes = ms(&mut self.random, 0..500);
                self.begin(takes, Work::Scrub(file, chunk));
            }
            Action::SetAside { file, reason } => {
                let takes = ms(&mut self.random, 0..30);
                self.begin(takes, Work::SetAside(file, reason));
            }
            Action::Remember(file) => {
                self.damaged.remove(&key(file.stamp));
                self.known.insert(key(file.stamp), content_of(&file));
            }
            Action::RememberDamage(file) => {
                self.known.remove(&key(file.stamp));
                self.damaged.insert(key(file.stamp), content_of(&file));
            }
            Action::ForgetOthers => {
                let of_use: BTreeSet<Key> =
                    self.index.known().map(|file| key(file.stamp)).collect();
                self.known.retain(|key, _| of_use.contains(key));
                self.damaged.retain(|key, _| of_use.contains(key));
            }
            Action::Tell(notice) => {
                self.tell(|| format!("{notice:?}"));
                self.notice(notice);
            }
        }
    }

    pub(super) fn begin_hash(&mut self, job: HashJob, name: FileName, stamp: Stamp) {
        self.tell(|| format!("read {name} {stamp:?}"));
        let mut running = 0;
        for (_, _, work) in &self.work {
            if let Work::Hash {
                name: other,
                stamp: others,
                is_cancelled,
                ..
            } = work
            {
                running += 1;
                let twice = !is_cancelled && (other, others) == (&name, &stamp);
                assert!(!twice, "{name} is read twice at once");
            }
        }
        assert!(running < THREADS, "{running} files are read at once");
        let is_known = self.held.get(&name).is_some_and(|held| held.stamp == stamp)
            || self.damaged.contains_key(&key(stamp));
        let quiet_for = |at: &Instant| self.now.duration_since(*at);
        let is_old = self
            .changed_at
            .get(&name)
            .map(quiet_for)
            .is_none_or(|quiet| quiet >= QUIET_OPEN);
        let is_closed = self.closed.contains(&(name.clone(), key(stamp)));
        assert!(
            is_known || is_old || is_closed,
            "{name} may still be written"
        );
        let takes = if stamp.bytes > 64 << 20 {
            ms(&mut self.random, 100..30_000)
        } else {
            ms(&mut self.random, 0..60)
        };
        let is_cancelled = false;
        self.begin(
            takes,
            Work::Hash {
                job,
                name,
                stamp,
                is_cancelled,
            },
        );
    }

    /// A thread notices soon that nobody waits for it.
    pub(super) fn cancel(&mut self, wanted: HashJob) {
        let soon = self.now + ms(&mut self.random, 0..100);
        for (at, _, work) in &mut self.work {
            if let Work::Hash {
                job, is_cancelled, ..
            } = work
                && *job == wanted
            {
                (*is_cancelled, *at) = (true, soon.min(*at));
                return;
            }
        }
    }

    /// The work that is over next is answered.
    pub(super) fn answer(&mut self) {
        let next = (0..self.work.len()).min_by_key(|at| (self.work[*at].0, self.work[*at].1));
        let (_, _, work) = self.work.swap_remove(next.unwrap());
        let event = match work {
            Work::Look {
                began,
                was_there,
                early,
            } => {
                if was_there && self.is_there {
                    self.looked(began, early)
                } else {
                    let path = PathNow::Nothing;
                    Event::FolderGone { began, path }
                }
            }
            Work::Listen if self.heard < 1.0 => Event::Listens(Hearing::Deaf),
            Work::Listen => Event::Listens(Hearing::All),
            Work::Recognise(name, stamp) => {
                let found = self.recognise(&name, stamp);
                Event::Recognised { name, stamp, found }
            }
            Work::FindWriters { began, asked } => self.writers(began, asked),
            Work::Hash {
                job,
                name,
                stamp,
                is_cancelled,
            } => {
                let after = self.see(&name);
                let read = self.read(&name, stamp, is_cancelled);
                if !is_cancelled {
                    self.suspects.remove(&key(stamp));
                }
                Event::Hashed { job, after, read }
            }
            Work::CheckChunk(file) => {
                let (verdict, after) = self.check(&file);
                Event::ChunkChecked {
                    file,
                    verdict,
                    after,
                }
            }
            Work::Scrub(file, chunk) => {
                let (verdict, after) = self.check(&file);
                Event::Scrubbed {
                    file,
                    chunk,
                    verdict,
                    after,
                }
            }
            Work::SetAside(file, reason) => {
                let found = self.visible(&file.meta.name).map(|found| found.stamp);
                let outcome = match found {
                    Some(stamp) if stamp != file.stamp => SetAside::Changed,
                    None => SetAside::Changed,
                    Some(_) if self.is_writable => {
                        self.disk.remove(&file.meta.name);
                        SetAside::Done
                    }
                    Some(_) => SetAside::Failed,
                };
                Event::SetAside {
                    file,
                    reason,
                    outcome,
                }
            }
            Work::Hint(event) => event,
        };
        self.tell(|| format!("    {event:?}"));
        self.index.handle_event(self.now, event);
    }

    /// What a chunk of a file is on the disk.
    fn check(&mut self, file: &Arc<IndexedFile>) -> (Verdict, Option<Seen>) {
        let after = self.see(&file.meta.name);
        let verdict = match self.visible(&file.meta.name) {
            Some(found) if found.stamp != file.stamp => Verdict::Unclear,
            Some(found) if found.reads_as() == content_of(file) => Verdict::Right,
            Some(_) => Verdict::Wrong,
            None => Verdict::Unclear,
        };
        let mut served = self.index.served();
        if verdict == Verdict::Wrong && served.any(|served| Arc::ptr_eq(served, file)) {
            self.suspects.insert(key(file.stamp));
        }
        (verdict, after)
    }

    /// What a look at one name says.
    pub(super) fn see(&mut self, name: &FileName) -> Option<Seen> {
        let seen = self.visible(name).map(File::seen);
        if seen.is_none() {
            self.unseen_since.entry(name.clone()).or_insert(self.now);
        }
        seen
    }

    pub(super) fn list(&self, folder: &'static str) -> Listing {
        let device = match folder {
            DISK if self.is_mounted => 2,
            _ => 1,
        };
        let names = self
            .disk
            .iter()
            .filter(|(name, _)| folder_of(name) == folder);
        let seen = names.filter(|(name, _)| self.is_visible(name));
        Listing {
            device: Some(device),
            is_readable: folder != "a" || self.is_open,
            files: seen
                .map(|(name, file)| (name.clone(), file.seen()))
                .collect(),
        }
    }

    pub(super) fn looked(&mut self, began: Instant, early: Vec<(&'static str, Listing)>) -> Event {
        if self.random.u8(..50) == 0 {
            return Event::LookFailed { began };
        }
        let mut look = Look::default();
        let mut early: BTreeMap<_, _> = early.into_iter().collect();
        for folder in FOLDERS {
            let listing = early.remove(folder).unwrap_or_else(|| self.list(folder));
            if let Some(device) = listing.device {
                look.devices.insert(folder.to_owned(), device);
            }
            if !listing.is_readable {
                look.extent = Extent::Partial;
                let reason = IgnoredReason::Unreadable(denied());
                look.ignored.insert(folder.to_owned(), reason);
            }
            if folder == DISK && listing.device != Some(2) && self.knows_disks {
                look.away.push(FileName::try_from(DISK).unwrap());
            }
            look.files.extend(listing.files);
        }
        let names = self.held.keys().chain(&self.changing);
        let unseen: Vec<FileName> = names
            .filter(|name| !look.files.contains_key(name))
            .cloned()
            .collect();
        self.unseen_since
            .retain(|name, _| !look.files.contains_key(name));
        for name in unseen {
            self.unseen_since.entry(name).or_insert(self.now);
        }
        let clock = self.clock();
        Event::Looked { began, clock, look }
    }

    pub(super) fn recognise(&mut self, name: &FileName, stamp: Stamp) -> Recognised {
        let seen = self.see(name);
        if seen.is_none_or(|seen| seen.stamp != stamp) {
            Recognised::Other(seen)
        } else if let Some(content) = self.damaged.get(&key(stamp)) {
            Recognised::Damaged(indexed(name, stamp, *content))
        } else if let Some(content) = self.known.get(&key(stamp)) {
            Recognised::Known(indexed(name, stamp, *content))
        } else {
            Recognised::Unknown
        }
    }

    pub(super) fn writers(&mut self, began: Instant, asked: Vec<(FileName, Stamp)>) -> Event {
        let mut open = BTreeMap::new();
        for (name, stamp) in &asked {
            let file = self.visible(name);
            if file.is_some_and(|file| file.is_open) {
                let program = "editor".to_owned();
                open.insert(
                    name.clone(),
                    Writer {
                        process: 7,
                        program,
                    },
                );
            } else {
                self.closed.insert((name.clone(), key(*stamp)));
            }
        }
        let processes = Processes::All;
        Event::Writers {
            began,
            asked,
            open,
            processes,
        }
    }

    pub(super) fn read(&mut self, name: &FileName, stamp: Stamp, is_cancelled: bool) -> Read {
        let Some(file) = self.visible(name).copied() else {
            return Read::Failed(denied());
        };
        if is_cancelled || !file.is_readable {
            return Read::Failed(denied());
        }
        if file.is_rotten && self.random.bool() {
            return Read::Damage(denied());
        }
        if file.stamp == stamp {
            Read::Content(indexed(name, stamp, file.reads_as()))
        } else {
            // Some of this and some of that.
            Read::Content(indexed(name, stamp, 1 << 30))
        }
    }
}

fn denied() -> SystemError {
    SystemError::from(&std::io::Error::from(std::io::ErrorKind::PermissionDenied))
}
