//! Addresses of files that work without the secret for some hours, for players and for others.

use std::sync::Arc;

use crate::{
    http::address_of,
    model::FileName,
    node::{Security, wall_s},
};

/// What addresses are made of.
pub(super) struct Links {
    /// The central as it was dialled, with its port.
    server: String,
    security: Arc<Security>,
}

impl Links {
    /// Of the central at a host and a port.
    pub(super) fn new((host, port): (String, u16), security: Arc<Security>) -> Self {
        let server = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        Self { server, security }
    }

    /// Where a file can be watched. Where everybody may, it is so for good.
    pub(super) fn of(&self, name: &FileName, hours: u8) -> String {
        let scheme = if self.security.trusts() {
            "https"
        } else {
            "http"
        };
        let until_s = wall_s() + u64::from(hours) * 3600;
        let (path, server) = (address_of(name), &self.server);
        match self.security.link_key() {
            Some(key) => format!("{scheme}://{server}{path}?{}", key.sign(&path, until_s)),
            None => format!("{scheme}://{server}{path}"),
        }
    }
}
