//! What people and disks do.

use super::*;

impl World {
    pub(super) fn any_name(&mut self) -> FileName {
        let folder = ["", "a/", "disk/"][self.random.usize(..3)];
        let text = format!("{folder}f{}", self.random.u8(..4));
        FileName::try_from(text.as_str()).unwrap()
    }

    /// A file that somebody can do something to.
    pub(super) fn any_file(&mut self) -> Option<FileName> {
        let names = self.disk.keys().filter(|name| self.is_visible(name));
        let names: Vec<_> = names.cloned().collect();
        self.random.choice(names)
    }

    pub(super) fn any_held(&mut self) -> Option<Arc<IndexedFile>> {
        let files: Vec<_> = self.held.values().cloned().collect();
        self.random.choice(files)
    }

    /// The shell hears of something, perhaps, a moment later.
    pub(super) fn hint(&mut self, event: Event) {
        if self.random.f64() < self.heard {
            let later = ms(&mut self.random, 0..30);
            self.begin(later, Work::Hint(event));
        }
    }

    pub(super) fn touch(&mut self, name: &FileName, touch: Touch) {
        self.hint(Event::Touched(name.clone(), touch));
        self.hint(Event::Changed);
    }

    pub(super) fn changed(&mut self, name: &FileName) {
        self.changed_at.insert(name.clone(), self.now);
    }

    /// Content of its own for a file.
    pub(super) fn put(&mut self, name: &FileName, inode: Option<u64>, age: Duration) {
        self.contents += 1;
        self.inodes += 1;
        let bytes = match self.random.u8(..20) {
            0 => self.random.u64(64 << 20..70 << 20),
            _ => self.random.u64(..1 << 20),
        };
        let changed = self.date(age);
        let stamp = Stamp {
            device: if folder_of(name) == DISK { 2 } else { 1 },
            inode: inode.unwrap_or(self.inodes),
            bytes,
            changed,
        };
        let content = self.contents;
        self.meanings.entry(key(stamp)).or_default().insert(content);
        let file = File {
            stamp,
            status: self.clock(),
            content,
            is_rotten: false,
            is_readable: true,
            is_open: false,
        };
        self.disk.insert(name.clone(), file);
        self.changed(name);
    }

    pub(super) fn write_new(&mut self) {
        let name = self.any_name();
        if !self.is_visible(&name) {
            return;
        }
        let age = match self.random.u8(..3) {
            0 => Duration::from_secs(3600),
            _ => ms(&mut self.random, 0..8000),
        };
        self.put(&name, None, age);
        self.tell(|| format!("* write {name}"));
        self.touch(&name, Touch::Written);
        self.leave_open_or_close(&name);
    }

    pub(super) fn leave_open_or_close(&mut self, name: &FileName) {
        let stays_open = self.random.u8(..4) == 0;
        if let Some(file) = self.disk.get_mut(name) {
            file.is_open = stays_open;
        }
        if !stays_open {
            self.touch(name, Touch::Closed);
        }
    }

    pub(super) fn replace(&mut self) {
        let name = self.any_name();
        if self.is_visible(&name) {
            self.tell(|| format!("* replace {name}"));
            self.put(&name, None, Duration::ZERO);
            self.touch(&name, Touch::Moved);
        }
    }

    /// Somebody writes on, in place.
    pub(super) fn write_on(&mut self) {
        let Some(name) = self.any_file() else {
            return;
        };
        let inode = self.disk[&name].stamp.inode;
        for _ in 0..self.random.u8(1..4) {
            self.tell(|| format!("* write on {name}"));
            self.put(&name, Some(inode), Duration::ZERO);
            self.touch(&name, Touch::Written);
            self.leave_open_or_close(&name);
            let pause = ms(&mut self.random, 0..5000);
            self.pass(pause);
            if self
                .disk
                .get(&name)
                .is_none_or(|file| file.stamp.inode != inode)
                || !self.is_visible(&name)
            {
                return;
            }
        }
    }

    pub(super) fn delete(&mut self) {
        let Some(name) = self.any_file() else {
            return;
        };
        self.tell(|| format!("* delete {name}"));
        self.disk.remove(&name);
        self.changed(&name);
        self.hint(Event::Changed);
        if self.random.bool() {
            // Some programs replace a file like this.
            let pause = ms(&mut self.random, 0..450);
            self.pass(pause);
            if self.is_visible(&name) {
                self.put(&name, None, Duration::ZERO);
                self.touch(&name, Touch::Closed);
            }
        }
    }

    pub(super) fn rename(&mut self) {
        let Some(from) = self.any_file() else {
            return;
        };
        let to = self.any_name();
        // Nothing is moved from disk to disk.
        if folder_of(&from) == folder_of(&to) && from != to {
            self.tell(|| format!("* rename {from} to {to}"));
            if let Some(mut file) = self.disk.remove(&from) {
                file.status = self.clock();
                self.disk.insert(to.clone(), file);
            }
            self.changed(&from);
            self.changed(&to);
            self.touch(&to, Touch::Moved);
        }
    }

    pub(super) fn alter(&mut self) {
        let Some(name) = self.any_file() else {
            return;
        };
        let clock = self.clock();
        let what = self.random.u8(..5);
        self.tell(|| format!("* alter {name}: {what}"));
        let Some(file) = self.disk.get_mut(&name) else {
            return;
        };
        match what {
            0 => {
                (file.is_readable, file.status) = (!file.is_readable, clock);
                self.hint(Event::Changed);
            }
            1 | 2 => {
                file.is_rotten = true;
                // Where nobody remembers what it was, it is what it is.
                let (key, rotten) = (key(file.stamp), file.reads_as());
                self.meanings.entry(key).or_default().insert(rotten);
            }
            3 => file.is_rotten = false,
            _ => {
                file.is_open = false;
                self.touch(&name, Touch::Closed);
            }
        }
    }

    pub(super) fn environment(&mut self) {
        let what = self.random.u8(..4);
        self.tell(|| format!("* environment: {what}"));
        match what {
            0 => {
                self.is_mounted = !self.is_mounted;
            }
            1 => self.is_there = !self.is_there,
            2 => self.is_open = !self.is_open,
            _ => self.is_writable = !self.is_writable,
        }
        self.hint(Event::Changed);
    }

    /// The shell does one thing after the other: what the node tells it waits until a look is over.
    pub(super) fn wait_for_look(&mut self) {
        while self
            .work
            .iter()
            .any(|(_, _, work)| matches!(work, Work::Look { .. }))
        {
            self.pass(Duration::from_millis(10));
        }
    }

    /// The node has wishes.
    pub(super) fn wish(&mut self) {
        self.wait_for_look();
        let Some(held) = self.any_held() else {
            return;
        };
        let (file, chunk) = (held.meta.clone(), ChunkIndex(0));
        let what = self.random.u8(..7);
        self.tell(|| format!("* wish {what}: {}", file.name));
        let event = match what {
            0 => {
                let reason = RetiredReason::Deleted;
                Event::Unwanted { file, reason }
            }
            1 | 2 => Event::Complaint { file, chunk },
            3 => {
                let seen = self.see(&file.name);
                Event::Doubted(file.name, seen)
            }
            4 => {
                // It is being read, or about to be, when it is not wanted any more.
                self.read_all();
                let reason = RetiredReason::Deleted;
                Event::Unwanted { file, reason }
            }
            _ => return self.read_all(),
        };
        self.index.handle_event(self.now, event);
    }

    fn read_all(&mut self) {
        self.asked_to_read_all = true;
        self.index.handle_event(self.now, Event::ReadAll);
    }

    /// A copy got its name.
    pub(super) fn copy(&mut self) {
        self.wait_for_look();
        let name = self.any_name();
        if !self.is_visible(&name) {
            return;
        }
        self.tell(|| format!("* copy {name}"));
        self.put(&name, None, Duration::ZERO);
        self.touch(&name, Touch::Moved);
        let file = self.disk[&name];
        let file = indexed(&name, file.stamp, file.content);
        let inserted = (self.random.u8(..5) > 0).then_some(file);
        self.index.handle_event(self.now, Event::Inserted(inserted));
    }

    pub(super) fn deed(&mut self) {
        match self.random.u8(..24) {
            0..4 => self.write_new(),
            4..6 => self.replace(),
            6..9 => self.write_on(),
            9..12 => self.delete(),
            12..14 => self.rename(),
            14..17 => self.alter(),
            17..19 => self.environment(),
            19..22 => self.wish(),
            22 => self.copy(),
            _ => {
                self.index.handle_event(self.now, Event::Missed);
                self.hint(Event::Changed);
            }
        }
    }
}
