//! How many sockets this process may have.

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::model::limits::MAX_CONNECTIONS;

/// Descriptors kept for files, listeners and connections of our own.
const RESERVE: u64 = 128;
/// Connections that a server takes even where the limit is absurdly low.
const FEWEST: usize = 16;

/// Raises this process's limit of open files as far as it may, and says how many connections a server can
/// take within it.
pub fn connection_permits() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = raised;
        }
    }
    let allowed = limit
        .current
        .map_or(usize::MAX, |most| most.saturating_sub(RESERVE) as usize);
    // Half: a connection of a receiver also holds the file that is sent over it.
    (allowed / 2).clamp(FEWEST, MAX_CONNECTIONS)
}
