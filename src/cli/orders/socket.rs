//! Where the socket of a running server is: a folder that only its user may write into, and a name with its port.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

/// Where the packages' services have theirs.
const SERVICES: &str = "/run/trozos";

/// The folder in which a server makes its socket: what the service manager gave it, or its user's folder for what runs.
pub(super) fn own_folder() -> PathBuf {
    let of_service = env::var_os("RUNTIME_DIRECTORY").and_then(|folders| {
        let folders = folders.into_string().ok()?;
        let first = folders.split(':').next().map(PathBuf::from);
        first.filter(|folder| folder.is_absolute())
    });
    of_service.unwrap_or_else(user_folder)
}

fn user_folder() -> PathBuf {
    let of_session = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    match of_session.filter(|folder| folder.is_absolute()) {
        Some(folder) => folder.join("trozos"),
        None => env::temp_dir().join(format!("trozos-{}", geteuid().as_raw())),
    }
}

/// True for what says that there is none.
pub(super) fn is_none(path: &Path) -> bool {
    path == Path::new("no")
}

/// The path of a server's socket: `kind` is the program's, `port` where it listens on the network.
pub(super) fn path(kind: &str, port: u16) -> PathBuf {
    own_folder().join(name(kind, port))
}

fn name(kind: &str, port: u16) -> String {
    format!("{kind}-{port}.sock")
}

/// The sockets of a kind of server that are there, of this user or of the services.
pub(super) fn found(kind: &str, port: Option<u16>) -> Vec<PathBuf> {
    let mut folders = vec![own_folder(), user_folder(), PathBuf::from(SERVICES)];
    folders.dedup();
    let mut paths = Vec::new();
    for folder in folders {
        let mut here = in_folder(&folder, kind);
        here.retain(|path| port.is_none_or(|port| path.ends_with(name(kind, port))));
        here.sort();
        paths.extend(here);
    }
    let mut seen = std::collections::HashSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    paths
}

/// True unless the server of a socket is gone: one that was killed has left it behind.
pub(super) fn is_served(path: &Path) -> bool {
    let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    !UnixStream::connect(path).is_err_and(|error| refused(&error))
}

fn in_folder(folder: &Path, kind: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let is_of_kind = |name: &OsStr| {
        let name = name.to_string_lossy();
        let port = name
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('-'))
            .and_then(|rest| rest.strip_suffix(".sock"));
        port.is_some_and(|port| port.parse::<u16>().is_ok())
    };
    let named = entries
        .flatten()
        .filter(|entry| is_of_kind(&entry.file_name()));
    named.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sockets_of_the_kind_are_found() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "central-1.sock",
            "central-x.sock",
            "secundario-2.sock",
            "central-3",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = in_folder(folder.path(), "central");
        assert_eq!(found, [folder.path().join("central-1.sock")]);
    }
}
