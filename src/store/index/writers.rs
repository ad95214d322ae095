//! Which files somebody could write into now: those that a process has open for writing, or has mapped so. It is read
//! from /proc, where the system has one, and as far as this user may look; what others do is not known.

use std::{
    collections::HashMap,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use crate::model::{FileName, Stamp, Writer};

/// Where the system shows its processes.
const PROCESSES: &str = "/proc";
/// Longest list of a process' mappings that is read, in bytes.
const MOST_BYTES: u64 = 16 << 20;
/// Bits of the flags of an open file: what it may be used for, and that it is open in name only.
const ACCESS: u64 = 0o3;
const PATH_ONLY: u64 = 0o10_000_000;

/// A file is told from others by its inode and the last part of its path: numbers of devices are not the same in
/// all lists of the kernel. Systems that do not tell the inode of an open file go by the path.
type Key = (Option<u64>, Box<[u8]>);

/// What one look at the processes has shown.
#[derive(Debug)]
pub struct Writers {
    processes: PathBuf,
    open: HashMap<Key, u32>,
    /// Every process could be looked at.
    complete: bool,
}

impl Writers {
    /// Looks at all processes.
    pub fn look() -> Self {
        Self::look_at(Path::new(PROCESSES))
    }

    fn look_at(processes: &Path) -> Self {
        let mut writers = Self {
            processes: processes.to_owned(),
            open: HashMap::new(),
            complete: false,
        };
        let Ok(entries) = fs::read_dir(processes) else {
            return writers;
        };
        writers.complete = true;
        for entry in entries.flatten() {
            let number = entry.file_name();
            let Some(process) = number.to_str().and_then(|text| text.parse().ok()) else {
                continue;
            };
            let folder = entry.path();
            for looked in [
                writers.open_files(process, &folder),
                writers.mappings(process, &folder),
            ] {
                match looked {
                    Ok(()) => {}
                    // It has ended.
                    Err(error) if is_gone(&error) => {}
                    Err(_) => writers.complete = false,
                }
            }
        }
        writers
    }

    /// True when nothing was hidden from the look.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Who could write into a file, when the processes were looked at.
    pub fn of(&self, name: &FileName, stamp: Stamp) -> Option<Writer> {
        let last = name.components().next_back()?.as_bytes();
        let by_inode = self.open.get(&(Some(stamp.inode), last.into()));
        let process = *by_inode.or_else(|| self.open.get(&(None, last.into())))?;
        Some(Writer {
            process,
            program: program(&self.processes.join(process.to_string())),
        })
    }

    fn open_files(&mut self, process: u32, folder: &Path) -> io::Result<()> {
        let details = folder.join("fdinfo");
        for entry in fs::read_dir(folder.join("fd"))?.flatten() {
            let Ok(target) = fs::read_link(entry.path()) else {
                continue;
            };
            let Some(last) = last_part(target.as_os_str().as_bytes()) else {
                continue;
            };
            let Ok(text) = fs::read_to_string(details.join(entry.file_name())) else {
                continue;
            };
            let flags = field(&text, "flags:", 8).unwrap_or_default();
            if flags & ACCESS != 0 && flags & PATH_ONLY == 0 {
                let inode = field(&text, "ino:", 10);
                self.open.insert((inode, last.into()), process);
            }
        }
        Ok(())
    }

    /// What is mapped stays so when the file is closed, and written so it shows no date until later.
    fn mappings(&mut self, process: u32, folder: &Path) -> io::Result<()> {
        use io::Read;
        let mut text = Vec::new();
        fs::File::open(folder.join("maps"))?
            .take(MOST_BYTES)
            .read_to_end(&mut text)?;
        for line in text.split(|byte| *byte == b'\n') {
            if let Some((inode, last)) = writable_mapping(line) {
                self.open.insert((Some(inode), last.into()), process);
            }
        }
        Ok(())
    }
}

/// The inode and the last part of the path of `55d0-55d1 rw-s 00000000 fe:00 1234    /a/b`.
fn writable_mapping(line: &[u8]) -> Option<(u64, &[u8])> {
    let start = line.iter().position(|byte| *byte == b'/')?;
    let (head, path) = line.split_at(start);
    let mut fields = std::str::from_utf8(head).ok()?.split_ascii_whitespace();
    let permissions = fields.nth(1)?.as_bytes();
    if permissions.get(1) != Some(&b'w') || permissions.get(3) != Some(&b's') {
        return None;
    }
    let inode = fields.nth(2)?.parse().ok()?;
    Some((inode, last_part(path)?))
}

/// The name of a file with a path; none for sockets, pipes and devices.
fn last_part(path: &[u8]) -> Option<&[u8]> {
    if !path.starts_with(b"/") || path.starts_with(b"/dev/") && !path.starts_with(b"/dev/shm/") {
        return None;
    }
    path.rsplit(|byte| *byte == b'/').next()
}

fn field(text: &str, label: &str, radix: u32) -> Option<u64> {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(label))?;
    u64::from_str_radix(value.trim(), radix).ok()
}

fn program(folder: &Path) -> String {
    let text = fs::read(folder.join("comm")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.trim().replace(|c: char| c.is_control(), "?")
}

fn is_gone(error: &io::Error) -> bool {
    let gone = rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::SRCH);
    gone || error.kind() == io::ErrorKind::NotFound
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::model::{FileTime, samples::name};

    fn stamp(inode: u64) -> Stamp {
        Stamp {
            device: 1,
            inode,
            bytes: 3,
            changed: FileTime(1, 2),
        }
    }

    #[test]
    fn a_file_of_ours_that_is_open_for_writing_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.ts");
        let file = fs::File::create(&path).unwrap();
        let here = stamp(file.metadata().unwrap().ino());
        let writers = Writers::look();
        let writer = writers.of(&name("serie/recording.ts"), here).unwrap();
        assert_eq!(writer.process, std::process::id());
        assert!(!writer.program.is_empty());
        // Another of the name, on another disk.
        assert_eq!(
            writers.of(&name("recording.ts"), stamp(here.inode + 1)),
            None
        );
        drop(file);
        let reading = fs::File::open(&path).unwrap();
        assert_eq!(Writers::look().of(&name("recording.ts"), here), None);
        drop(reading);
    }

    #[test]
    fn mappings_are_found_and_what_is_only_read_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let process = folder.path().join("77");
        fs::create_dir_all(process.join("fd")).unwrap();
        fs::create_dir_all(process.join("fdinfo")).unwrap();
        fs::write(process.join("comm"), b"grab\x1bador\n").unwrap();
        let open = |fd: &str, target: &str, details: &str| {
            std::os::unix::fs::symlink(target, process.join("fd").join(fd)).unwrap();
            fs::write(process.join("fdinfo").join(fd), details).unwrap();
        };
        open("3", "/srv/read", "pos:\t0\nflags:\t0100000\nino:\t1\n");
        open("4", "/srv/write", "pos:\t0\nflags:\t0100001\nino:\t2\n");
        open("5", "/srv/named", "pos:\t0\nflags:\t010000002\nino:\t3\n");
        open(
            "6",
            "/srv/old kernel",
            "pos:\t0\nflags:\t0100002\nmnt_id:\t9\n",
        );
        open("7", "socket:[12]", "pos:\t0\nflags:\t02\nino:\t5\n");
        let maps = "7f00-7f01 rw-s 00000000 fe:00 6    /srv/a folder/mapped\n\
            7f02-7f03 r--s 00000000 fe:00 7    /srv/looked at\n\
            7f04-7f05 rw-p 00000000 fe:00 8    /srv/private\n\
            7f06-7f07 rw-p 00000000 00:00 0    [heap]\n";
        fs::write(process.join("maps"), maps).unwrap();
        let writers = Writers::look_at(folder.path());
        let found = |file: &str, inode| writers.of(&name(file), stamp(inode)).is_some();
        assert!(found("write", 2) && found("mapped", 6) && found("old kernel", 99));
        for (file, inode) in [("read", 1), ("named", 3), ("looked at", 7), ("private", 8)] {
            assert!(!found(file, inode), "{file}");
        }
        let writer = writers.of(&name("write"), stamp(2)).unwrap();
        assert_eq!((writer.process, &*writer.program), (77, "grab?ador"));
        assert!(writers.is_complete());
        assert!(!Writers::look_at(Path::new("/nowhere")).is_complete());
    }
}
