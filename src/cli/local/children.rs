//! The processes of a local cluster: this very program, started again in another role. The kernel kills
//! them when this process ends, however it ends.

use std::{
    fs::File,
    io::Read,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use rustix::process::{Pid, Signal, getppid, kill_process, set_parent_process_death_signal};

use super::plan::{Plan, Role, folder_of};
use crate::{
    cli::{
        central, orders, secondary,
        text::{
            t,
            table::{Table, minor, name, whole},
        },
        timetable::Timetable,
    },
    node::doors,
};

/// First argument of a child; the role and the parent's process id follow.
const CHILD: &str = "--nodo-hijo";
/// How long a child may take to listen.
const START_WITHIN: Duration = Duration::from_secs(15);
/// How long children have to stop in order.
const STOP_WITHIN: Duration = Duration::from_secs(6);
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug)]
struct Node {
    role: Role,
    process: Child,
    port: u16,
    frozen: bool,
    /// Its end was seen.
    dead: bool,
}

/// All of them; the first is the central.
#[derive(Debug)]
pub(super) struct Children {
    plan: Plan,
    nodes: Vec<Node>,
}

/// Runs this process as a node if it was started as one.
pub fn become_child() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let first = args.next()?;
    if first == doors::CHILD {
        return Some(central::main_with(std::env::args_os()));
    }
    if first != CHILD {
        return None;
    }
    let role = args.next()?.into_string().ok()?;
    let parent: i32 = args.next()?.into_string().ok()?.parse().ok()?;
    // From here on the kernel ends this process with its parent; the parent may have ended before.
    if set_parent_process_death_signal(Some(Signal::KILL)).is_err()
        || getppid().map(Pid::as_raw_nonzero).map(i32::from) != Some(parent)
    {
        return Some(ExitCode::FAILURE);
    }
    let name = std::ffi::CString::new(role.clone()).ok()?;
    let _ = rustix::thread::set_name(&name);
    let args = std::iter::once(role.clone().into()).chain(args);
    match role.as_str() {
        "videocentral" => Some(central::main_with(args)),
        "videosecundario" => Some(secondary::main_with(args)),
        _ => Some(ExitCode::FAILURE),
    }
}

impl Children {
    /// Starts a central and its secondaries, and waits until all of them listen.
    ///
    /// Children are killed with the thread that started them: call it, and [`Children::raise`], from one
    /// that lives as long as the program.
    pub(super) async fn start(plan: Plan) -> anyhow::Result<Self> {
        let mut children = Self {
            nodes: Vec::new(),
            plan,
        };
        let port = children.plan.central_port;
        let central = children.spawn(Role::Central, port).await?;
        children.nodes.push(central);
        for number in 1..=children.plan.secondaries {
            let port = match children.plan.first_secondary_port {
                0 => 0,
                first => first
                    .checked_add(number - 1)
                    .with_context(|| t!("local-no-ports"))?,
            };
            match children.spawn(Role::Secondary(number), port).await {
                Ok(node) => children.nodes.push(node),
                Err(error) => {
                    children.stop().await;
                    return Err(error);
                }
            }
        }
        Ok(children)
    }

    fn log_path(&self, role: Role) -> PathBuf {
        let name = format!("{}.txt", role.file_stem());
        printed(&self.plan.statistics).join(name)
    }

    /// Starts one process and waits until it listens.
    async fn spawn(&self, role: Role, port: u16) -> anyhow::Result<Node> {
        let log_path = self.log_path(role);
        if let Some(folder) = log_path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| t!("local-cannot-make", path = folder))?;
        }
        let log =
            File::create(&log_path).with_context(|| t!("local-cannot-write", path = log_path))?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(CHILD)
            .args(self.plan.arguments(role, port, self.central_address().1))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        // Ctrl-C at this terminal is for this process; it stops the others in order.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = command.spawn().with_context(|| t!("local-cannot-start"))?;
        let began = Instant::now();
        loop {
            let mut text = String::new();
            // Part of a letter may not be there yet.
            let _ = File::open(&log_path)?.read_to_string(&mut text);
            if let Some(port) = listening_port(&text) {
                return Ok(Node {
                    role,
                    process,
                    port,
                    frozen: false,
                    dead: false,
                });
            }
            if let Some(status) = process.try_wait()? {
                return Err(anyhow!(t!(
                    "local-does-not-start-status",
                    who = role.name(),
                    status = ended(status),
                    why = in_a_line(&text)
                )));
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

    /// Where clients find the central.
    pub(super) fn central_address(&self) -> (String, u16) {
        let port = self.nodes.first().map_or(0, |central| central.port);
        ("127.0.0.1".to_owned(), port)
    }

    /// The folder of a secondary.
    pub(super) fn folder(&self, number: u16) -> PathBuf {
        folder_of(&self.plan.folder, number)
    }

    /// How many secondaries there are.
    pub(super) fn secondaries(&self) -> u16 {
        self.plan.secondaries
    }

    /// Nothing, or that there is no such node.
    pub(super) fn has(&mut self, role: Role) -> anyhow::Result<()> {
        self.node(role).map(|_| ())
    }

    fn node(&mut self, role: Role) -> anyhow::Result<&mut Node> {
        let most = self.plan.secondaries;
        self.nodes
            .iter_mut()
            .find(|node| node.role == role)
            .ok_or_else(|| anyhow!(t!("local-no-such-node", who = role.name(), most = most)))
    }

    /// Limits what each secondary sends, those that are raised later too.
    pub(super) async fn limit_uploads(&mut self, bytes_per_s: u64) -> anyhow::Result<()> {
        self.plan.upload_limit = Some(Timetable::always(Some(bytes_per_s)));
        for number in 1..=self.plan.secondaries {
            if let Some(socket) = self.plan.socket(Role::Secondary(number)) {
                orders::limit_upload(&socket, bytes_per_s).await?;
            }
        }
        Ok(())
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self, role: Role) -> anyhow::Result<u32> {
        let node = self.node(role)?;
        if !node.is_alive() {
            return Err(anyhow!(t!("local-no-longer-running")));
        }
        node.process.kill()?;
        node.process.wait()?;
        node.dead = true;
        node.frozen = false;
        Ok(node.process.id())
    }

    /// SIGSTOP, or SIGCONT.
    pub(super) fn freeze(&mut self, role: Role, frozen: bool) -> anyhow::Result<u32> {
        let node = self.node(role)?;
        if !node.is_alive() {
            return Err(anyhow!(t!("local-not-running")));
        }
        node.signal(if frozen { Signal::STOP } else { Signal::CONT })?;
        node.frozen = frozen;
        Ok(node.process.id())
    }

    /// Starts a dead one again, on the same port.
    pub(super) async fn raise(&mut self, role: Role) -> anyhow::Result<(u32, u16)> {
        let node = self.node(role)?;
        if node.is_alive() && node.frozen {
            return Err(anyhow!(t!("local-is-frozen", node = role.word())));
        }
        if node.is_alive() {
            let process = node.process.id().to_string();
            return Err(anyhow!(t!("local-running", process = process)));
        }
        let port = node.port;
        let started = self.spawn(role, port).await?;
        let answer = (started.process.id(), started.port);
        *self.node(role)? = started;
        Ok(answer)
    }

    /// All nodes as they are: each with its process, port and folder.
    pub(super) fn table(&self, columns: usize) -> Vec<String> {
        let row = |node: &Node| {
            vec![
                node.role.name(),
                node.process.id().to_string(),
                match (node.dead, node.frozen) {
                    (true, _) => t!("local-dead"),
                    (false, true) => t!("local-frozen"),
                    (false, false) => t!("local-alive"),
                },
                node.port.to_string(),
                match node.role {
                    Role::Central => "-".to_owned(),
                    Role::Secondary(number) => self.folder(number).display().to_string(),
                },
            ]
        };
        let rows: Vec<_> = self.nodes.iter().map(row).collect();
        let head = [
            whole(t!("column-node")),
            minor(2, t!("column-process")),
            whole(t!("column-state")),
            minor(1, t!("column-port")),
            name(t!("column-folder")),
        ];
        Table::new(head).with(rows).lines(columns)
    }

    /// Notices those that ended by themselves.
    pub(super) fn look(&mut self) {
        for node in &mut self.nodes {
            node.is_alive();
        }
    }

    /// Stops all of them in order, secondaries first; those that do not are killed.
    pub(super) async fn stop(&mut self) {
        let (centrals, secondaries): (Vec<_>, Vec<_>) = std::mem::take(&mut self.nodes)
            .into_iter()
            .partition(|node| node.role == Role::Central);
        for mut group in [secondaries, centrals] {
            for node in &mut group {
                if node.is_alive() {
                    let _ = node.signal(Signal::TERM);
                    let _ = node.signal(Signal::CONT);
                }
            }
            let began = Instant::now();
            while group.iter_mut().any(Node::is_alive) {
                if began.elapsed() > STOP_WITHIN {
                    for node in &mut group {
                        let _ = node.process.kill();
                        let _ = node.process.wait();
                    }
                    break;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

impl Node {
    fn is_alive(&mut self) -> bool {
        if !self.dead && matches!(self.process.try_wait(), Ok(Some(_))) {
            self.dead = true;
        }
        !self.dead
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
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

/// Where all that children print is kept.
pub(super) fn printed(statistics: &Path) -> PathBuf {
    statistics.join("registros")
}

/// What a process said at its end.
fn in_a_line(text: &str) -> String {
    text.trim().lines().collect::<Vec<_>>().join(" ")
}

/// The port of the line that every server starts with, once it is whole.
fn listening_port(text: &str) -> Option<u16> {
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
