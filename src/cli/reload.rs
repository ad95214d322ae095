//! What a service takes over at SIGHUP from its command line, variables and files, beside a new log file. An invalid
//! setting changes nothing and is logged. Addresses, folders, names and the secret need a restart.

use std::ffi::OsString;

use clap::Parser;

use super::{
    args::{CentralArgs, Common, SecondaryArgs, SecurityArgs},
    flags,
    logging::Log,
    text,
};
use crate::node::{NetworkRole, Security};

/// The command line of a service.
pub(super) trait ServiceArgs: Parser {
    /// What it does on the network.
    const ROLE: NetworkRole;

    /// What all programs have, and who is let in.
    fn shared(&self) -> (&Common, &SecurityArgs);
}

impl ServiceArgs for CentralArgs {
    const ROLE: NetworkRole = NetworkRole::Listens;

    fn shared(&self) -> (&Common, &SecurityArgs) {
        (&self.common, &self.security)
    }
}

impl ServiceArgs for SecondaryArgs {
    const ROLE: NetworkRole = NetworkRole::Both;

    fn shared(&self) -> (&Common, &SecurityArgs) {
        (&self.common, &self.security)
    }
}

/// Reads the settings again; the log gets its level, connections that begin from now on get the certificates. What is
/// a program's own is for the caller.
pub(super) fn read<A: ServiceArgs>(line: &[OsString], log: &Log, security: &Security) -> Option<A> {
    let args = match flags::read_again::<A>(line) {
        Ok(args) => args,
        Err(error) => {
            tracing::error!(%error, "the settings are not read again");
            return None;
        }
    };
    let (common, files) = args.shared();
    if let Err(error) = log.set_level(&common.registro) {
        tracing::error!(%error, "the log keeps its level");
    }
    match files.certificates(A::ROLE) {
        Ok(fresh) if security.renew(&fresh) => tracing::info!("settings read again"),
        Ok(_) => tracing::error!("TLS is switched on or off by a restart only"),
        Err(error) => {
            let error = text::security::error(&error);
            tracing::error!(%error, "the certificates stay as they are");
        }
    }
    Some(args)
}
