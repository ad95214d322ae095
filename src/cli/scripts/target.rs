//! Where `descargar -o` puts the one file: a name, a folder, or something that is written into in order. What a path
//! means is decided here, before anything is asked for.

use std::{
    ffi::OsString,
    fs::{File, Metadata},
    io::ErrorKind,
    os::unix::{ffi::OsStrExt, fs::FileTypeExt},
    path::{Component, Path, PathBuf},
};

use super::ended::Ended;
use crate::{
    cli::{
        args::Script,
        exit::Exit,
        text::{files, t},
    },
    node::client::{ClientConfig, Named},
    store::{Spot, StoreError},
};

/// Links that are followed from one to the next.
const MOST_LINKS: usize = 16;

/// Where a file goes.
#[derive(Clone, Debug)]
pub(super) enum Output {
    /// A file of this name; what is said of it is what was typed.
    File {
        /// Its place, links resolved.
        named: Named,
        /// For people.
        shown: PathBuf,
    },
    /// This folder, under its own name.
    Folder(PathBuf),
    /// A device or a pipe, in order.
    Stream(Sink),
}

/// Where the one file goes that is not to be in the folder of downloads under its own name.
pub(super) fn destination(script: &Script, config: &ClientConfig) -> Result<Option<Output>, Ended> {
    let (Script::Descargar {
        nombres, salida, ..
    }
    | Script::Traer {
        nombres, salida, ..
    }) = script
    else {
        return Ok(None);
    };
    if salida.is_some() && nombres.len() > 1 {
        return Err(usage(t!("usage-one-file", count = nombres.len())));
    }
    match salida {
        Some(path) => Output::of(path, config.overwrite).map(Some),
        // A download's folder is never called `-`.
        None if is_stdout(&config.target) => Ok(Some(Output::Stream(Sink::Stdout))),
        None => Ok(None),
    }
}

/// What is written into in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sink {
    Stdout,
    Stderr,
    /// A device, a named pipe, or something that is open already.
    Path(PathBuf),
}

impl Sink {
    /// Standard output, or what is open under a number, by any of its names.
    fn of_name(path: &Path) -> Option<Self> {
        let own = format!("/proc/{}/fd", std::process::id());
        let open = ["/dev/fd", "/proc/self/fd", "/proc/thread-self/fd", &own];
        let number = if path == Path::new("/dev/stdout") {
            "1"
        } else if path == Path::new("/dev/stderr") {
            "2"
        } else if open
            .iter()
            .any(|folder| path.parent() == Some(Path::new(folder)))
        {
            path.file_name()?.to_str()?
        } else {
            return None;
        };
        match number.parse::<u32>().ok()? {
            1 => Some(Self::Stdout),
            2 => Some(Self::Stderr),
            _ => Some(Self::Path(path.to_owned())),
        }
    }

    /// True when it is what standard output is: nothing else may be written there then.
    pub(super) fn is_stdout(&self) -> bool {
        match self {
            Self::Stdout => true,
            Self::Stderr => false,
            Self::Path(path) => {
                let ours = rustix::fs::fstat(std::io::stdout());
                let there = rustix::fs::stat(path);
                ours.is_ok_and(|ours| {
                    there.is_ok_and(|it| (it.st_dev, it.st_ino) == (ours.st_dev, ours.st_ino))
                })
            }
        }
    }

    /// For people: where it is, if it has a name.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdout | Self::Stderr => None,
            Self::Path(path) => Some(path),
        }
    }

    /// Opens what has a name; a pipe has to be opened by its reader as well. What is open already and is a file goes
    /// on at its end.
    pub(super) fn open(path: &Path) -> std::io::Result<File> {
        let is_file = std::fs::metadata(path)?.is_file();
        let mut options = File::options();
        options.write(true).append(is_file).open(path)
    }
}

impl Output {
    /// What a path means; whether files that are there are to be overwritten.
    pub(super) fn of(path: &Path, overwrite: bool) -> Result<Self, Ended> {
        if is_stdout(path) {
            return Ok(Self::Stream(Sink::Stdout));
        }
        if path.as_os_str().is_empty() {
            return Err(usage(t!("usage-empty-output")));
        }
        let bytes = path.as_os_str().as_bytes();
        let led = match led(path)? {
            Led::Sink(sink) => return Ok(Self::Stream(sink)),
            Led::Path(led) => led,
        };
        match std::fs::metadata(path) {
            Ok(there) if there.is_dir() => Ok(Self::Folder(path.to_owned())),
            Ok(there) if there.is_file() => Self::file(path, &led),
            Ok(there) => Self::special(path, &there, overwrite),
            // A slash at the end says that it is a folder, which is made as that of `--destino`.
            Err(error) if error.kind() == ErrorKind::NotFound && bytes.ends_with(b"/") => {
                Ok(Self::Folder(path.to_owned()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Self::file(path, &led),
            Err(error) => Err(failed(&StoreError::new(path, &error))),
        }
    }

    fn file(shown: &Path, path: &Path) -> Result<Self, Ended> {
        let name: Option<OsString> = match path.components().next_back() {
            Some(Component::Normal(name)) => Some(name.to_owned()),
            _ => None,
        };
        let spot = name.as_deref().and_then(Spot::named);
        let Some(spot) = spot else {
            return Err(failed(&StoreError::NotFound(shown.to_owned())));
        };
        let folder = match path.parent() {
            Some(above) if !above.as_os_str().is_empty() => above.to_owned(),
            _ => PathBuf::from("."),
        };
        let shown = shown.to_owned();
        Ok(Self::File {
            named: Named { folder, spot },
            shown,
        })
    }

    /// Something that is never replaced by a file.
    fn special(path: &Path, there: &Metadata, overwrite: bool) -> Result<Self, Ended> {
        let kind = there.file_type();
        if kind.is_fifo() || kind.is_char_device() {
            return Ok(Self::Stream(Sink::Path(path.to_owned())));
        }
        // A disk: what is on it is lost.
        if kind.is_block_device() {
            return if overwrite {
                Ok(Self::Stream(Sink::Path(path.to_owned())))
            } else {
                Err(failed(&StoreError::Exists(path.to_owned())))
            };
        }
        Err(failed(&StoreError::NotAFile(path.to_owned())))
    }
}

/// Where a path leads.
enum Led {
    Sink(Sink),
    Path(PathBuf),
}

/// The links that have a path's name are followed, as a person put them there. Their end need not be there.
fn led(path: &Path) -> Result<Led, Ended> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Some(sink) = Sink::of_name(&path) {
            return Ok(Led::Sink(sink));
        }
        match std::fs::read_link(&path) {
            Ok(to) => path = path.parent().unwrap_or(Path::new("")).join(to),
            // No link.
            Err(_) => return Ok(Led::Path(path)),
        }
    }
    Err(failed(&StoreError::Link(path)))
}

fn failed(error: &StoreError) -> Ended {
    Ended {
        exit: Exit::Failed,
        why: files::store(error),
        code: error.code(),
    }
}

/// What was asked for cannot be meant.
pub(super) fn usage(why: String) -> Ended {
    Ended::plain(Exit::Usage, why)
}

/// True for the name of standard output.
fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}
