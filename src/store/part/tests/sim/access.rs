//! The disk in memory, as a part file uses it. Each use is one operation.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::io::Errno;

use super::{Fault, Needs, Node, SimContent, SimDisk, State, Write};
use crate::{
    model::ByteRange,
    store::disk::{Content, Disk, Entry, Folder, Locked, Make, Replace},
};

fn join(folder: &str, name: impl AsRef<OsStr>) -> String {
    let name = name.as_ref().to_str().expect("names of tests are text");
    match folder {
        "." => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

impl Disk for SimDisk {
    type Folder = SimFolder;

    fn path(&self) -> &Path {
        &self.path
    }

    fn folder(&self, path: &str, make: Make) -> io::Result<SimFolder> {
        let mut state = self.state();
        state.step(Needs::Nothing)?;
        let mut made = String::from(".");
        for component in path.split('/').filter(|component| *component != ".") {
            made = join(&made, component);
            match (state.seen.get(&made), make) {
                (Some(Node::Folder), _) => {}
                (Some(Node::File(_)), _) => return Err(Errno::NOTDIR.into()),
                (None, Make::Nothing) => return Err(Errno::NOENT.into()),
                (None, Make::Folders) => {
                    state.step(Needs::Space)?;
                    state.change(vec![(made.clone(), Some(Node::Folder))]);
                }
            }
        }
        Ok(SimFolder {
            disk: self.clone(),
            path: path.to_owned(),
        })
    }

    fn remove_empty(&self, path: &str) {
        let mut state = self.state();
        let mut next = Some(path);
        while let Some(folder) = next {
            let within = format!("{folder}/");
            let is_empty = !state.seen.keys().any(|path| path.starts_with(&within));
            if state.step(Needs::Nothing).is_err() || !is_empty {
                return;
            }
            state.change(vec![(folder.to_owned(), None)]);
            next = folder.rsplit_once('/').map(|(above, _)| above);
        }
    }
}

/// A folder of it.
#[derive(Debug)]
pub(in crate::store) struct SimFolder {
    disk: SimDisk,
    path: String,
}

impl SimFolder {
    fn open(&self, name: impl AsRef<OsStr>, make: bool) -> io::Result<SimFile> {
        let path = join(&self.path, name);
        let mut state = self.disk.state();
        let found = state.seen.get(&path).copied();
        let is_new = make && found.is_none();
        state.step(if is_new { Needs::Space } else { Needs::Nothing })?;
        let file = match found {
            Some(Node::File(file)) => file,
            Some(Node::Folder) => return Err(Errno::ISDIR.into()),
            None if !make => return Err(Errno::NOENT.into()),
            None => {
                state.files.push(SimContent::default());
                let file = state.files.len() - 1;
                state.change(vec![(path, Some(Node::File(file)))]);
                file
            }
        };
        Ok(SimFile {
            disk: self.disk.clone(),
            file,
            has_lock: AtomicBool::new(false),
        })
    }
}

impl Folder for SimFolder {
    type File = SimFile;

    fn open_file(&self, name: impl AsRef<OsStr>) -> io::Result<SimFile> {
        self.open(name, false)
    }

    fn open_to_write(&self, name: impl AsRef<OsStr>) -> io::Result<SimFile> {
        self.open(name, false)
    }

    fn open_or_make(&self, name: impl AsRef<OsStr>) -> io::Result<SimFile> {
        self.open(name, true)
    }

    fn make_new(&self, name: impl AsRef<OsStr>) -> io::Result<SimFile> {
        let path = join(&self.path, name.as_ref());
        if self.disk.state().seen.contains_key(&path) {
            return Err(Errno::EXIST.into());
        }
        self.open(name, true)
    }

    fn look(&self, name: impl AsRef<OsStr>) -> io::Result<Option<Entry>> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let found = state.seen.get(&join(&self.path, name));
        Ok(found.map(|node| match *node {
            Node::File(file) => state.entry(file),
            Node::Folder => Entry {
                is_file: false,
                is_link: false,
                bytes: 0,
                identity: (0, 0),
                changed: (0, 0),
            },
        }))
    }

    fn names(&self) -> io::Result<Vec<OsString>> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let (here, all) = (&self.path, state.seen.keys());
        let names = all.filter_map(|path| match path.rsplit_once('/') {
            Some((above, name)) => (above == here).then_some(name),
            None => (here == ".").then_some(path.as_str()),
        });
        Ok(names.map(OsString::from).collect())
    }

    fn take(
        &self,
        name: impl AsRef<OsStr>,
        from: &Self,
        from_name: impl AsRef<OsStr>,
        replace: Replace,
    ) -> io::Result<()> {
        let (to, from) = (join(&self.path, name), join(&from.path, from_name));
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let Some(moved) = state.seen.get(&from).copied() else {
            return Err(Errno::NOENT.into());
        };
        if replace == Replace::Never && state.seen.contains_key(&to) {
            return Err(Errno::EXIST.into());
        }
        state.change(vec![(from, None), (to, Some(moved))]);
        Ok(())
    }

    fn link(
        &self,
        name: impl AsRef<OsStr>,
        from: &Self,
        from_name: impl AsRef<OsStr>,
    ) -> io::Result<()> {
        let (to, from) = (join(&self.path, name), join(&from.path, from_name));
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        if !state.can_link {
            return Err(Errno::OPNOTSUPP.into());
        }
        let Some(linked) = state.seen.get(&from).copied() else {
            return Err(Errno::NOENT.into());
        };
        if state.seen.contains_key(&to) {
            return Err(Errno::EXIST.into());
        }
        state.change(vec![(to, Some(linked))]);
        Ok(())
    }

    fn exchange(
        &self,
        name: impl AsRef<OsStr>,
        other: &Self,
        other_name: impl AsRef<OsStr>,
    ) -> io::Result<()> {
        let (here, there) = (join(&self.path, name), join(&other.path, other_name));
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        if !state.can_exchange {
            return Err(Errno::INVAL.into());
        }
        let (a, b) = (
            state.seen.get(&here).copied(),
            state.seen.get(&there).copied(),
        );
        if a.is_none() || b.is_none() {
            return Err(Errno::NOENT.into());
        }
        state.change(vec![(here, b), (there, a)]);
        Ok(())
    }

    fn remove(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        let path = join(&self.path, name);
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        if !state.seen.contains_key(&path) {
            return Err(Errno::NOENT.into());
        }
        state.change(vec![(path, None)]);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let in_here =
            |path: &str| path.rsplit_once('/').map_or(".", |(above, _)| above) == self.path;
        let wanted = state.changes.iter().enumerate();
        let wanted = wanted
            .filter(|(_, change)| change.iter().any(|(path, _)| in_here(path)))
            .map(|(index, _)| index)
            .collect();
        state.keep(wanted);
        Ok(())
    }
}

/// An open file of it.
#[derive(Debug)]
pub(in crate::store) struct SimFile {
    disk: SimDisk,
    file: usize,
    has_lock: AtomicBool,
}

impl State {
    fn entry(&self, file: usize) -> Entry {
        Entry {
            is_file: true,
            is_link: false,
            bytes: self.files[file].seen.len() as u64,
            identity: (1, file as u64),
            changed: (0, 0),
        }
    }
}

impl SimFile {
    fn sync(&self) -> io::Result<()> {
        let mut guard = self.disk.state();
        let state = &mut *guard;
        match state.step(Needs::Nothing) {
            Ok(()) => state.files[self.file].sync(),
            Err(error) => {
                if !matches!(state.fault, Some(Fault::Kill { .. })) {
                    state.files[self.file].fail_sync(&mut state.random);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Content for SimFile {
    fn entry(&self) -> io::Result<Entry> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        Ok(state.entry(self.file))
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let start = offset as usize;
        let content = &state.files[self.file].seen;
        let found = content.get(start..start + bytes.len());
        bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut guard = self.disk.state();
        let state = &mut *guard;
        let verdict = state.step(Needs::Space);
        let count = match &verdict {
            Ok(()) => bytes.len(),
            Err(_) if state.can_begin() => state.random.usize(..=bytes.len()),
            Err(_) => 0,
        };
        if count > 0 {
            state.files[self.file].write(Write::At {
                offset: offset as usize,
                bytes: bytes[..count].to_vec(),
            });
        }
        verdict
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        state.files[self.file].write(Write::Length(bytes as usize));
        Ok(())
    }

    fn links(&self) -> io::Result<u64> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let names = state.seen.values();
        Ok(names.filter(|node| **node == Node::File(self.file)).count() as u64)
    }

    fn reserve(&self, bytes: u64, _: &[ByteRange], _promised_bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Space)?;
        state.files[self.file].write(Write::Length(bytes as usize));
        Ok(())
    }

    fn release(&self, range: ByteRange) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        state.files[self.file].write(Write::At {
            offset: range.start as usize,
            bytes: vec![0; range.len() as usize],
        });
        Ok(())
    }

    fn lock(&self) -> io::Result<Locked> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        if !state.has_locks {
            return Ok(Locked::NoLocks);
        }
        if std::mem::replace(&mut state.files[self.file].is_locked, true) {
            return Err(Errno::WOULDBLOCK.into());
        }
        self.has_lock.store(true, Ordering::Relaxed);
        Ok(Locked::Alone)
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        if self.has_lock.load(Ordering::Relaxed)
            && let Ok(mut state) = self.disk.state.lock()
        {
            state.files[self.file].is_locked = false;
        }
    }
}
