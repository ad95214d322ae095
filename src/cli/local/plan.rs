//! What a local cluster consists of, and the command line of each of its processes.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::logs::{LogPlan, with_path};
use crate::cli::{
    args::SecurityArgs,
    text::{language, t},
    timetable::Timetable,
};

/// What is to be started.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) folder: PathBuf,
    pub(super) statistics: PathBuf,
    pub(super) central_port: u16,
    pub(super) first_secondary_port: u16,
    pub(super) secondaries: u16,
    pub(super) max_downloads: u32,
    pub(super) upload_limit: Option<Timetable>,
    /// Folder of the sockets at which the servers take orders, instead of the usual ones.
    pub(super) sockets: Option<PathBuf>,
    pub(super) log: LogPlan,
    /// Shared by all: they run on one machine and inherit the secret of the environment.
    pub(super) security: SecurityArgs,
}

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Central,
    Secondary(u16),
}

impl Role {
    /// What people call it.
    pub(super) fn name(self) -> String {
        match self {
            Self::Central => t!("local-central"),
            Self::Secondary(number) => t!("local-secondary", number = number),
        }
    }

    /// What it is called at the prompt.
    pub(super) fn word(self) -> String {
        match self {
            Self::Central => "C".to_owned(),
            Self::Secondary(number) => number.to_string(),
        }
    }

    /// What its files are called.
    pub(super) fn file_stem(self) -> String {
        match self {
            Self::Central => "central".to_owned(),
            Self::Secondary(number) => format!("secundario{number}"),
        }
    }
}

impl Plan {
    /// Where a process takes orders, if that is not the usual place.
    pub(super) fn socket(&self, role: Role) -> Option<PathBuf> {
        let folder = self.sockets.as_ref()?;
        Some(folder.join(format!("{}.sock", role.file_stem())))
    }

    /// The command line of a child that listens on a port.
    pub(super) fn arguments(&self, role: Role, port: u16, central_port: u16) -> Vec<OsString> {
        let parent = std::process::id().to_string();
        let mut arguments: Vec<OsString> = match role {
            Role::Central => vec![
                "videocentral".into(),
                parent.into(),
                format!("--secundarios={}", self.secondaries).into(),
                format!("--max-clientes={}", self.max_downloads).into(),
            ],
            Role::Secondary(number) => {
                let folder = folder_of(&self.folder, number);
                vec![
                    "videosecundario".into(),
                    parent.into(),
                    format!("--numero={number}").into(),
                    format!("--secundarios={}", self.secondaries).into(),
                    with_path("--directorio", &folder),
                    "--ip-central=127.0.0.1".into(),
                    format!("--puerto-central={}", central_port).into(),
                ]
            }
        };
        if let (Role::Secondary(_), Some(limit)) = (role, &self.upload_limit) {
            arguments.push(format!("--limite-subida={}", limit.written()).into());
        }
        if let Some(socket) = self.socket(role) {
            arguments.push(with_path("--socket", &socket));
        }
        let files = [
            ("--clave-archivo", &self.security.clave_archivo),
            ("--tls-cert", &self.security.tls_cert),
            ("--tls-clave", &self.security.tls_clave),
            ("--tls-ca", &self.security.tls_ca),
        ];
        arguments.extend(
            files
                .iter()
                .filter_map(|(flag, path)| Some(with_path(flag, path.as_ref()?))),
        );
        arguments.extend([
            "--ip=127.0.0.1".into(),
            format!("--puerto={port}").into(),
            with_path("--estadisticas", &self.statistics),
            format!("--idioma={}", language::chosen().tag()).into(),
            "--sin-consola".into(),
        ]);
        arguments.extend(self.log.flags(&role.file_stem()));
        arguments
    }
}

/// Where a secondary's files are.
pub(super) fn folder_of(base: &Path, number: u16) -> PathBuf {
    base.join(format!("videos{number}"))
}
