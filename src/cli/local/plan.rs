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

/// How long the lease of one of several centrals lives: here nobody is far away.
const TTL: &str = "--ttl=3s";

/// What is to be started.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) folder: PathBuf,
    pub(super) statistics: PathBuf,
    /// How many centrals there are.
    pub(super) centrals: u16,
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
    /// A member of etcd.
    Member(u16),
    /// The central, where there is one.
    Central,
    /// One of several centrals.
    CentralOf(u16),
    Secondary(u16),
}

/// Where those listen that others are told of.
#[derive(Clone, Debug, Default)]
pub(super) struct Ports {
    pub(super) members: Vec<u16>,
    pub(super) centrals: Vec<u16>,
}

impl Role {
    /// What people call it.
    pub(super) fn name(self) -> String {
        match self {
            Self::Member(_) => t!("local-member", name = self.word()),
            Self::Central => t!("local-central"),
            Self::CentralOf(_) => t!("local-central-of", name = self.word()),
            Self::Secondary(number) => t!("local-secondary", number = number),
        }
    }

    /// What it is called at the prompt; of several centrals also among themselves.
    pub(super) fn word(self) -> String {
        match self {
            Self::Member(number) => format!("E{number}"),
            Self::Central => "C".to_owned(),
            Self::CentralOf(number) => format!("C{number}"),
            Self::Secondary(number) => number.to_string(),
        }
    }

    /// What a word of the prompt means.
    pub(super) fn of(word: &str) -> Option<Self> {
        let word = word.to_uppercase();
        if word == "C" || word == "CENTRAL" {
            return Some(Self::Central);
        }
        if let Some(number) = word.strip_prefix('C') {
            return number.parse().ok().map(Self::CentralOf);
        }
        if let Some(number) = word.strip_prefix('E') {
            return number.parse().ok().map(Self::Member);
        }
        word.parse().ok().map(Self::Secondary)
    }

    /// What its files are called.
    pub(super) fn file_stem(self) -> String {
        match self {
            Self::Member(number) => format!("etcd{number}"),
            Self::Central => "central".to_owned(),
            Self::CentralOf(number) => format!("central{number}"),
            Self::Secondary(number) => format!("secundario{number}"),
        }
    }

    pub(super) fn is_central(self) -> bool {
        matches!(self, Self::Central | Self::CentralOf(_))
    }
}

impl Plan {
    /// Whether the centrals are several, which have their journal in etcd.
    pub(super) fn has_several(&self) -> bool {
        self.centrals > 1
    }

    /// The central, or all of them.
    pub(super) fn central_roles(&self) -> Vec<Role> {
        match self.has_several() {
            true => (1..=self.centrals).map(Role::CentralOf).collect(),
            false => vec![Role::Central],
        }
    }

    /// Where a process takes orders, if that is not the usual place.
    pub(super) fn socket(&self, role: Role) -> Option<PathBuf> {
        let folder = self.sockets.as_ref()?;
        Some(folder.join(format!("{}.sock", role.file_stem())))
    }

    /// Where a process keeps its statistics: several centrals must not have one file.
    fn statistics_of(&self, role: Role) -> PathBuf {
        match role {
            Role::CentralOf(_) => self.statistics.join(role.file_stem()),
            Role::Member(_) | Role::Central | Role::Secondary(_) => self.statistics.clone(),
        }
    }

    /// The command line of a child of ours that listens on a port.
    pub(super) fn arguments(&self, role: Role, port: u16, ports: &Ports) -> Vec<OsString> {
        let mut arguments = match role {
            Role::Secondary(number) => self.of_secondary(number, &ports.centrals),
            Role::Member(_) | Role::Central | Role::CentralOf(_) => self.of_central(role, ports),
        };
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
            with_path("--estadisticas", &self.statistics_of(role)),
            format!("--idioma={}", language::chosen().tag()).into(),
            "--sin-consola".into(),
        ]);
        arguments.extend(self.log.flags(&role.file_stem()));
        arguments
    }

    fn of_central(&self, role: Role, ports: &Ports) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            "videocentral".into(),
            std::process::id().to_string().into(),
            format!("--secundarios={}", self.secondaries).into(),
            format!("--max-clientes={}", self.max_downloads).into(),
        ];
        if let Role::CentralOf(_) = role {
            let members = ports.members.iter();
            let members: Vec<String> = members
                .map(|port| format!("http://127.0.0.1:{port}"))
                .collect();
            arguments.extend([
                format!("--motor={}", members.join(",")).into(),
                format!("--nodo={}", role.word()).into(),
                TTL.into(),
            ]);
        }
        arguments
    }

    fn of_secondary(&self, number: u16, centrals: &[u16]) -> Vec<OsString> {
        let folder = folder_of(&self.folder, number);
        let centrals = centrals.iter().map(|port| format!("127.0.0.1:{port}"));
        let centrals: Vec<String> = centrals.collect();
        let mut arguments: Vec<OsString> = vec![
            "videosecundario".into(),
            std::process::id().to_string().into(),
            format!("--numero={number}").into(),
            format!("--secundarios={}", self.secondaries).into(),
            with_path("--directorio", &folder),
            format!("--ip-central={}", centrals.join(",")).into(),
        ];
        if let Some(limit) = &self.upload_limit {
            arguments.push(format!("--limite-subida={}", limit.written()).into());
        }
        arguments
    }
}

/// Where a secondary's files are.
pub(super) fn folder_of(base: &Path, number: u16) -> PathBuf {
    base.join(format!("videos{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_prompt_mean_processes() {
        for (word, role) in [
            ("c", Some(Role::Central)),
            ("Central", Some(Role::Central)),
            ("c2", Some(Role::CentralOf(2))),
            ("E3", Some(Role::Member(3))),
            ("3", Some(Role::Secondary(3))),
            ("x", None),
            ("cx", None),
            ("e", None),
        ] {
            assert_eq!(Role::of(word), role, "{word}");
        }
        for role in [Role::CentralOf(2), Role::Member(1), Role::Secondary(7)] {
            assert_eq!(Role::of(&role.word()), Some(role));
        }
    }
}
