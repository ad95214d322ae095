//! JSON files that are replaced whole or not at all.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;

/// Largest file that is read, in bytes. A central whose tables and pages are all full, with the longest names, writes
/// two thirds of that: what a node has saved it can read.
const MOST_BYTES: u64 = 1 << 30;
/// How long to wait for others who hold a shared file; each holds it while its disk syncs it.
const SHARED_WITHIN: Duration = Duration::from_secs(5);
const LOCK_EVERY: Duration = Duration::from_millis(10);

/// What was found of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded<T> {
    /// No such file.
    Missing,
    /// Its content.
    Read(T),
    /// It could not be parsed, and was renamed.
    SetAside {
        /// Where it is.
        to: PathBuf,
        /// What is wrong with it.
        damage: Damage,
    },
}

/// What is wrong with a file that is not the JSON that was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is longer than any that is read.
    #[error("{bytes} bytes")]
    TooLarge {
        /// Its length.
        bytes: u64,
    },
    /// It ends in the middle.
    #[error("it ends at line {line}, column {column}")]
    Cut {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// It is not JSON.
    #[error("not JSON at line {line}, column {column}")]
    Syntax {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
    },
    /// It is JSON of something else: another version's, or touched by somebody.
    #[error("{words}")]
    Content {
        /// Where, from 1; 0 where it cannot be said.
        line: usize,
        /// Where, from 1.
        column: usize,
        /// What was expected, in the words of whoever reads it; they are for logs.
        words: String,
    },
}

impl From<&serde_json::Error> for Damage {
    fn from(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Eof => Self::Cut { line, column },
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                Self::Syntax { line, column }
            }
            serde_json::error::Category::Data => Self::Content {
                line,
                column,
                words: error.to_string(),
            },
        }
    }
}

/// Writes a value as JSON: to a temporary file that replaces the old one once it is on the disk.
///
/// # Errors
/// When it cannot be written; the old file is still there.
pub fn save_json<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    save_json_for(path, value, FOR_ALL)
}

/// Permissions of files that everybody may read, and of those that only their owner may.
const FOR_ALL: u32 = 0o644;
const FOR_OWNER: u32 = 0o600;

fn save_json_for<T: Serialize>(path: &Path, value: &T, mode: u32) -> Result<(), StoreError> {
    let fail = |error: &io::Error| StoreError::new(path, error);
    let folder = folder_of(path);
    let mut json = serde_json::to_vec_pretty(value).map_err(|error| fail(&error.into()))?;
    json.push(b'\n');
    let write = || -> io::Result<()> {
        let mut file = temporary_file_for(path, mode)?;
        file.write_all(&json)?;
        sync(file.as_file(), path)?;
        file.persist(path).map_err(|error| error.error)?;
        sync(&File::open(folder)?, path)
    };
    write().map_err(|error| fail(&error))
}

/// The same, in a folder that is made if it is not there.
///
/// # Errors
/// When either cannot be written.
pub fn save_json_anew<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).map_err(|error| StoreError::new(folder, &error))?;
    save_json(path, value)
}

/// Makes written data durable; `path` is what is being saved.
fn sync(file: &File, path: &Path) -> io::Result<()> {
    #[cfg(test)]
    super::slow::wait(path);
    let _ = path;
    file.sync_all()
}

/// A name in a folder that is this process's for as long as this lives, and however it ends.
#[derive(Debug)]
pub struct Claim {
    _lock: Option<File>,
}

/// Claims the name of a file for this process; `None` when another one has it. Where files cannot be locked, as on some
/// shares, everybody gets it.
///
/// # Errors
/// When the file beside it that is locked cannot be made.
pub fn claim(path: &Path) -> Result<Option<Claim>, StoreError> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".lock");
    let beside = path.with_file_name(name);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&beside)
        .map_err(|error| StoreError::new(&beside, &error))?;
    Ok(
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Some(Claim { _lock: Some(file) }),
            Err(Errno::WOULDBLOCK) => None,
            Err(error) => {
                tracing::debug!(path = %beside.display(), %error, "no lock");
                Some(Claim { _lock: None })
            }
        },
    )
}

/// Reads a file that several processes may add to, and writes what `change` makes of it, while none of the others
/// does. Nothing is written when that is nothing. Gives what was wrong with a file that was set aside.
///
/// # Errors
/// When it cannot be read or written, or another process keeps it locked for too long; the old file is still there.
pub fn update_json<T: Serialize + DeserializeOwned>(
    path: &Path,
    change: impl FnOnce(Option<T>) -> Option<T>,
) -> Result<Option<(PathBuf, Damage)>, StoreError> {
    update_json_for(path, change, FOR_ALL)
}

/// The same of a file that only its owner may read.
///
/// # Errors
/// As [`update_json`].
pub(super) fn update_private_json<T: Serialize + DeserializeOwned>(
    path: &Path,
    change: impl FnOnce(Option<T>) -> Option<T>,
) -> Result<Option<(PathBuf, Damage)>, StoreError> {
    update_json_for(path, change, FOR_OWNER)
}

fn update_json_for<T: Serialize + DeserializeOwned>(
    path: &Path,
    change: impl FnOnce(Option<T>) -> Option<T>,
    mode: u32,
) -> Result<Option<(PathBuf, Damage)>, StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let lock = File::open(folder).map_err(|error| StoreError::new(folder, &error))?;
    let began = Instant::now();
    while let Err(Errno::WOULDBLOCK) = flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        if began.elapsed() > SHARED_WITHIN {
            return Err(StoreError::Busy(path.to_owned()));
        }
        std::thread::sleep(LOCK_EVERY);
    }
    let (found, set_aside) = match load_json(path)? {
        Loaded::Missing => (None, None),
        Loaded::Read(value) => (Some(value), None),
        Loaded::SetAside { to, damage } => (None, Some((to, damage))),
    };
    if let Some(value) = change(found) {
        save_json_for(path, &value, mode)?;
    }
    Ok(set_aside)
}

/// How the names of a file's temporary ones begin.
fn temporary(path: &Path) -> OsString {
    let mut prefix = OsString::from(".trozos-");
    prefix.push(path.file_name().unwrap_or_default());
    prefix.push("-");
    prefix
}

/// Random letters and digits at the end of such a name: no person has it by chance.
const RANDOM: usize = 16;

/// A file that is to replace another.
pub(super) fn temporary_file(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    temporary_file_for(path, FOR_ALL)
}

fn temporary_file_for(path: &Path, mode: u32) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(&temporary(path))
        .rand_bytes(RANDOM)
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
        .tempfile_in(folder_of(path))
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A process that was killed while it saved has left its temporary file. Who saves at this very moment, as two of one
/// name share a folder, fails and saves again later.
pub(super) fn remove_temporary(path: &Path) {
    let prefix = temporary(path);
    let Ok(entries) = std::fs::read_dir(folder_of(path)) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name.as_bytes().strip_prefix(prefix.as_bytes());
        let is_ours = |end: &[u8]| end.len() == RANDOM && end.iter().all(u8::is_ascii_alphanumeric);
        let is_left = random.is_some_and(is_ours) && entry.file_type().is_ok_and(|t| t.is_file());
        if is_left && let Err(error) = std::fs::remove_file(entry.path()) {
            tracing::warn!(file = ?entry.path(), %error, "a temporary file is left");
        }
    }
}

/// Reads what [`save_json`] wrote, and removes what it left when it was killed. A file that is something else is renamed to `NAME.estropeado-n`, with
/// the first n that is free.
///
/// # Errors
/// When it is there and cannot be read or renamed.
pub fn load_json<T: DeserializeOwned>(path: &Path) -> Result<Loaded<T>, StoreError> {
    load_json_within(path, MOST_BYTES)
}

/// The same for a file that is never longer than so many bytes.
///
/// # Errors
/// As [`load_json`].
pub fn load_json_within<T: DeserializeOwned>(
    path: &Path,
    most_bytes: u64,
) -> Result<Loaded<T>, StoreError> {
    let fail = |error: &io::Error| StoreError::new(path, error);
    remove_temporary(path);
    let bytes = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Loaded::Missing),
        Err(error) => return Err(fail(&error)),
        Ok(meta) if meta.len() > most_bytes => {
            let damage = Damage::TooLarge { bytes: meta.len() };
            return set_aside(path, damage).map_err(|error| fail(&error));
        }
        Ok(_) => std::fs::read(path).map_err(|error| fail(&error))?,
    };
    match serde_json::from_slice(&bytes) {
        Ok(value) => Ok(Loaded::Read(value)),
        Err(error) => set_aside(path, Damage::from(&error)).map_err(|error| fail(&error)),
    }
}

fn set_aside<T>(path: &Path, damage: Damage) -> io::Result<Loaded<T>> {
    let to = move_aside(path)?;
    Ok(Loaded::SetAside { to, damage })
}

/// Gives a file the first free of the names for those that are not understood.
pub(super) fn move_aside(path: &Path) -> io::Result<PathBuf> {
    for n in 1.. {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".estropeado-{n}"));
        let to = PathBuf::from(name);
        if !to.try_exists()? {
            std::fs::rename(path, &to)?;
            return Ok(to);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_read_and_what_is_broken_is_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("central.json");
        assert_eq!(load_json::<Vec<u8>>(&path).unwrap(), Loaded::Missing);
        save_json(&path, &vec![1u8, 2]).unwrap();
        save_json(&path, &vec![3u8]).unwrap();
        assert_eq!(
            load_json::<Vec<u8>>(&path).unwrap(),
            Loaded::Read(vec![3u8])
        );
        for n in 1..3 {
            std::fs::write(&path, b"[1,").unwrap();
            match load_json::<Vec<u8>>(&path).unwrap() {
                Loaded::SetAside { to, damage } => {
                    assert_eq!(damage, Damage::Cut { line: 1, column: 3 });
                    assert!(to.ends_with(format!("central.json.estropeado-{n}")));
                    assert_eq!(std::fs::read(to).unwrap(), b"[1,");
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(!path.exists());
        // Nothing temporary is left.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let there = |name: &str| folder.path().join(name);
        let path = there("central.json");
        save_json(&path, &1).unwrap();
        let (_, left) = temporary_file(&path).unwrap().keep().unwrap();
        let others = [
            ".trozos-cliente-ana.json-0123456789abcdef",
            ".trozos-central.json-copia",
            ".trozos-central.json-copia de ayer 12",
            ".trozos-prueba-1",
            "x",
        ];
        for other in others {
            std::fs::write(there(other), b"").unwrap();
        }
        assert_eq!(load_json::<u8>(&path).unwrap(), Loaded::Read(1));
        assert!(!left.exists());
        assert!(others.iter().all(|other| there(other).exists()));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone").join("x.json");
        let error = save_json(&path, &1).unwrap_err();
        assert!(error.to_string().contains("gone/x.json"), "{error}");
    }

    #[test]
    fn a_name_is_claimed_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("central.json");
        let first = claim(&path).unwrap();
        assert!(first.is_some());
        assert!(claim(&path).unwrap().is_none());
        assert!(claim(&folder.path().join("otro.json")).unwrap().is_some());
        drop(first);
        assert!(claim(&path).unwrap().is_some());
    }

    #[test]
    fn what_several_add_at_once_is_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cliente-ana.json");
        let add = || {
            for _ in 0..10 {
                update_json(&path, |found: Option<u64>| Some(found.unwrap_or(0) + 1)).unwrap();
            }
        };
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(add);
            }
        });
        assert_eq!(load_json::<u64>(&path).unwrap(), Loaded::Read(40));
        // Nothing is left beside it.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_changed_to_nothing_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cliente-ana.json");
        let nothing = update_json(&path, |found: Option<u64>| found).unwrap();
        assert!(nothing.is_none() && !path.exists());
    }
}
