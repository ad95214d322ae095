//! The members of etcd that several centrals have their journal in: the program that is installed, started with a folder and
//! ports of its own. What they know outlives them, so that the next run goes on with it. They reach each other by sockets in
//! that folder, whose names stay the same, and only the ports for the centrals change from run to run.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, anyhow};
use rustix::fs::{FlockOperation, flock};

use super::{
    plan::Role,
    process::{CHILD, Node},
};
use crate::{
    cli::text::t,
    node::{free_ports, has_listener},
};

/// How many: one may fail, and the two others go on.
pub(super) const COUNT: u16 = 3;
/// The program; and the role of the child that becomes one.
pub(super) const ETCD: &str = "etcd";
/// How often others are tried when somebody else has taken one of the ports meanwhile.
const TRIES: usize = 3;

/// What all members have in common.
#[derive(Debug)]
pub(super) struct Members {
    folder: PathBuf,
    program: PathBuf,
    /// Two clusters in one folder would take each other's sockets away.
    _lock: File,
}

impl Members {
    /// Takes the folder.
    ///
    /// # Errors
    /// When etcd is not installed, or another cluster runs on this folder.
    pub(super) fn open(statistics: &Path) -> anyhow::Result<Self> {
        let program = installed().ok_or_else(|| anyhow!(t!("local-no-etcd")))?;
        let folder = statistics.join("etcd");
        // Whoever may write there is a central.
        let made = fs::DirBuilder::new().recursive(true).create(&folder);
        made.with_context(|| t!("local-cannot-make", path = &folder))?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))
            .with_context(|| t!("local-cannot-write", path = &folder))?;
        let lock = File::create(folder.join("lock"))
            .with_context(|| t!("local-cannot-write", path = &folder))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| anyhow!(t!("local-etcd-in-use", path = &folder)))?;
        Ok(Self {
            folder,
            program,
            _lock: lock,
        })
    }

    /// Starts all of them.
    pub(super) async fn start(
        &self,
        log_path: impl Fn(Role) -> PathBuf,
    ) -> anyhow::Result<Vec<Node>> {
        let mut tries = 1..=TRIES;
        loop {
            tries.next();
            match self.start_on(free_ports(COUNT.into())?, &log_path).await {
                Err(_) if !tries.is_empty() => {}
                started => return started,
            }
        }
    }

    async fn start_on(
        &self,
        ports: Vec<u16>,
        log_path: impl Fn(Role) -> PathBuf,
    ) -> anyhow::Result<Vec<Node>> {
        let mut nodes = Vec::new();
        for (number, port) in (1..).zip(ports) {
            match self.start_one(number, port, &log_path).await {
                Ok(node) => nodes.push(node),
                Err(error) => {
                    for node in &mut nodes {
                        let _ = node.process.kill();
                        let _ = node.process.wait();
                    }
                    return Err(error);
                }
            }
        }
        Ok(nodes)
    }

    /// Starts one of them; it serves once another one is there.
    pub(super) async fn start_one(
        &self,
        number: u16,
        port: u16,
        log_path: impl Fn(Role) -> PathBuf,
    ) -> anyhow::Result<Node> {
        let role = Role::Member(number);
        let mut command = Command::new(env::current_exe()?);
        command
            .arg(CHILD)
            .arg(ETCD)
            .arg(std::process::id().to_string())
            .arg(&self.program)
            .args(arguments(number, port));
        let log_path = std::path::absolute(log_path(role))?;
        command.current_dir(&self.folder);
        // It listens before it answers.
        let listens = |_: &str| has_listener(port).then_some(port);
        Node::start(role, command, &log_path, listens).await
    }
}

/// What a member is told.
fn arguments(number: u16, port: u16) -> Vec<String> {
    // The names of sockets in the folder in which it is started; a number must follow, and means nothing.
    let peer = |number: u16| format!("unix://E{number}:1");
    let all: Vec<String> = (1..=COUNT).map(|n| format!("E{n}={}", peer(n))).collect();
    let client = format!("http://127.0.0.1:{port}");
    let flags = [
        ("--name", format!("E{number}")),
        ("--data-dir", format!("E{number}")),
        ("--listen-client-urls", client.clone()),
        ("--advertise-client-urls", client),
        ("--listen-peer-urls", peer(number)),
        ("--initial-advertise-peer-urls", peer(number)),
        ("--initial-cluster", all.join(",")),
        ("--initial-cluster-state", "new".to_owned()),
        ("--logger", "zap".to_owned()),
        ("--log-outputs", "stderr".to_owned()),
        ("--log-level", "warn".to_owned()),
    ];
    let flags = flags.into_iter();
    flags
        .map(|(flag, value)| format!("{flag}={value}"))
        .collect()
}

/// The program, where it is installed.
pub(super) fn installed() -> Option<PathBuf> {
    let may_run = |found: fs::Metadata| found.is_file() && found.permissions().mode() & 0o111 != 0;
    let is_program = |path: &PathBuf| fs::metadata(path).is_ok_and(may_run);
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(ETCD))
        .filter_map(|path| std::path::absolute(path).ok())
        .find(is_program)
}

/// Becomes the program: with the arguments that follow, and without settings of somebody else's in the environment.
pub(super) fn become_one(mut args: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(program) = args.next() else {
        return ExitCode::FAILURE;
    };
    let mut command = Command::new(program);
    command.args(args);
    for (name, _) in env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"ETCD_") {
            command.env_remove(name);
        }
    }
    if cfg!(target_arch = "aarch64") {
        // Before 3.5 it wants to be told that this is meant.
        command.env("ETCD_UNSUPPORTED_ARCH", "arm64");
    }
    let error = command.exec();
    crate::cli::output::report(&error.to_string());
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_find_each_other_whatever_their_ports_are() {
        let of = |number, port| arguments(number, port);
        let peers = |all: &[String]| -> Vec<String> {
            let of_peers = all.iter().filter(|flag| flag.contains("unix://"));
            of_peers.cloned().collect()
        };
        assert_eq!(peers(&of(2, 1000)), peers(&of(2, 2000)));
        assert_ne!(of(2, 1000), of(2, 2000));
        let initial = "--initial-cluster=E1=unix://E1:1,E2=unix://E2:1,E3=unix://E3:1";
        assert!(of(3, 1).iter().any(|flag| flag == initial));
    }
}
