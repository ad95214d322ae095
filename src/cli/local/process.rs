//! One process of a local cluster: how it is started, until it listens, and what is done to it.

use std::{
    fs::File,
    io::Read,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use rustix::process::{Pid, Signal, kill_process};

use super::plan::Role;
use crate::cli::text::t;

/// First argument of a child; the role and the parent's process id follow.
pub(super) const CHILD: &str = "--nodo-hijo";
/// How long a process may take to listen.
const START_WITHIN: Duration = Duration::from_secs(15);
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(super) struct Node {
    pub(super) role: Role,
    pub(super) process: Child,
    pub(super) port: u16,
    pub(super) frozen: bool,
    /// Its end was seen.
    pub(super) dead: bool,
}

impl Node {
    /// Starts a process, whose output goes to a file, and waits until it listens: `listens` gives the port, from what has
    /// been printed.
    pub(super) async fn start(
        role: Role,
        mut command: Command,
        log_path: &Path,
        listens: impl Fn(&str) -> Option<u16>,
    ) -> anyhow::Result<Self> {
        if let Some(folder) = log_path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| t!("local-cannot-make", path = folder))?;
        }
        let log =
            File::create(log_path).with_context(|| t!("local-cannot-write", path = log_path))?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C at this terminal is for this process; it stops the others in order.
            .process_group(0);
        let mut process = command.spawn().with_context(|| t!("local-cannot-start"))?;
        let began = Instant::now();
        loop {
            let mut text = String::new();
            // Part of a letter may not be there yet.
            let _ = File::open(log_path)?.read_to_string(&mut text);
            if let Some(status) = process.try_wait()? {
                return Err(anyhow!(t!(
                    "local-does-not-start-status",
                    who = role.name(),
                    status = ended(status),
                    why = in_a_line(&text)
                )));
            }
            if let Some(port) = listens(&text) {
                return Ok(Self {
                    role,
                    process,
                    port,
                    frozen: false,
                    dead: false,
                });
            }
            if began.elapsed() > START_WITHIN {
                let _ = process.kill();
                let _ = process.wait();
                let (who, why) = (role.name(), in_a_line(&text));
                return Err(anyhow!(t!("local-does-not-start", who = who, why = why)));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub(super) fn is_alive(&mut self) -> bool {
        if !self.dead && matches!(self.process.try_wait(), Ok(Some(_))) {
            self.dead = true;
        }
        !self.dead
    }

    pub(super) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let raw = i32::try_from(self.process.id())?;
        let pid = Pid::from_raw(raw).with_context(|| t!("local-no-process"))?;
        Ok(kill_process(pid, signal)?)
    }
}

/// How a process ended.
fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => t!("local-exit-code", code = code.to_string()),
        (None, Some(signal)) => t!("local-exit-signal", signal = signal.to_string()),
        (None, None) => t!("local-dead"),
    }
}

/// What a process said at its end.
fn in_a_line(text: &str) -> String {
    text.trim().lines().collect::<Vec<_>>().join(" ")
}

/// The port of the line that every server of ours starts with, once it is whole.
pub(super) fn listening_port(text: &str) -> Option<u16> {
    // A child speaks this process's language.
    let (_, rest) = text.split_once(&t!("listening", address = ""))?;
    let (address, _) = rest.split_once('\n')?;
    address.rsplit_once(':')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_a_whole_line_only() {
        for (text, port) in [
            ("", None),
            ("Servidor escuchando en 127.0.0.1:50", None),
            (
                "aviso\nServidor escuchando en 127.0.0.1:50001\nmás",
                Some(50001),
            ),
            ("Servidor escuchando en [::1]:7\n", Some(7)),
        ] {
            assert_eq!(listening_port(text), port, "{text}");
        }
    }
}
