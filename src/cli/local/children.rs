//! The processes of a local cluster: this very program, started again in another role, and etcd under several centrals. The
//! kernel kills them when this process ends, however it ends.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::{
    members::{ETCD, Members, become_one},
    plan::{Plan, Ports, Role, folder_of},
    process::{CHILD, LOOK_EVERY, Node, listening_port},
};
use crate::{
    cli::{
        central, orders, secondary,
        text::{
            nodes, t,
            table::{Table, minor, name, whole},
        },
        timetable::Timetable,
    },
    node::central::CentralInfo,
    node::doors,
};

/// How long children have to stop in order.
const STOP_WITHIN: Duration = Duration::from_secs(6);

/// All of them: members of etcd if there are any, centrals, secondaries.
#[derive(Debug)]
pub(super) struct Children {
    plan: Plan,
    nodes: Vec<Node>,
    members: Option<Members>,
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
    if role == ETCD {
        return Some(become_one(args));
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
    /// Starts centrals and secondaries, and waits until all of them listen.
    ///
    /// Children are killed with the thread that started them: call it, and [`Children::raise`], from one
    /// that lives as long as the program.
    pub(super) async fn start(plan: Plan) -> anyhow::Result<Self> {
        let mut children = Self {
            members: match plan.has_several() {
                true => Some(Members::open(&plan.statistics)?),
                false => None,
            },
            nodes: Vec::new(),
            plan,
        };
        match children.start_all().await {
            Ok(()) => Ok(children),
            Err(error) => {
                children.stop().await;
                Err(error)
            }
        }
    }

    async fn start_all(&mut self) -> anyhow::Result<()> {
        if let Some(members) = &self.members {
            self.nodes = members.start(|role| self.log_path(role)).await?;
        }
        let next = |first: u16, nth: u16| match first {
            0 => Some(0),
            first => first.checked_add(nth),
        };
        for (nth, role) in (0..).zip(self.plan.central_roles()) {
            let port = next(self.plan.central_port, nth);
            let node = self
                .spawn(role, port.with_context(|| t!("local-no-central-ports"))?)
                .await?;
            self.nodes.push(node);
        }
        for number in 1..=self.plan.secondaries {
            let port = next(self.plan.first_secondary_port, number - 1);
            let port = port.with_context(|| t!("local-no-ports"))?;
            let node = self.spawn(Role::Secondary(number), port).await?;
            self.nodes.push(node);
        }
        Ok(())
    }

    fn log_path(&self, role: Role) -> PathBuf {
        let name = format!("{}.txt", role.file_stem());
        printed(&self.plan.statistics).join(name)
    }

    /// Starts one process and waits until it listens.
    async fn spawn(&self, role: Role, port: u16) -> anyhow::Result<Node> {
        let log_path = self.log_path(role);
        if let (Role::Member(number), Some(members)) = (role, &self.members) {
            return members.start_one(number, port, |_| log_path.clone()).await;
        }
        let mut command = Command::new(std::env::current_exe()?);
        let arguments = self.plan.arguments(role, port, &self.ports());
        command.arg(CHILD).args(arguments);
        Node::start(role, command, &log_path, listening_port).await
    }

    fn ports(&self) -> Ports {
        let of = |is_it: fn(Role) -> bool| {
            let nodes = self.nodes.iter().filter(|node| is_it(node.role));
            nodes.map(|node| node.port).collect()
        };
        Ports {
            members: of(|role| matches!(role, Role::Member(_))),
            centrals: of(Role::is_central),
        }
    }

    /// Where clients find the centrals.
    pub(super) fn central_addresses(&self) -> Vec<(String, u16)> {
        let ports = self.ports().centrals.into_iter();
        ports.map(|port| ("127.0.0.1".to_owned(), port)).collect()
    }

    /// The first central of which something is true.
    pub(super) fn central_that(&mut self, is_it: impl Fn(&mut Node) -> bool) -> Option<Role> {
        let nodes = self.nodes.iter_mut();
        let mut centrals = nodes.filter(|node| node.role.is_central());
        centrals.find_map(|node| is_it(node).then_some(node.role))
    }

    /// Where centrals take orders that can take any.
    pub(super) fn sockets_of_centrals(&mut self) -> Vec<(Role, PathBuf)> {
        let mut sockets = Vec::new();
        for node in &mut self.nodes {
            if node.role.is_central() && !node.frozen && node.is_alive() {
                let socket = self.plan.socket(node.role);
                let usual = || orders::usual_socket("central", node.port);
                sockets.push((node.role, socket.unwrap_or_else(usual)));
            }
        }
        sockets
    }

    /// The folder of a secondary.
    pub(super) fn folder(&self, number: u16) -> PathBuf {
        folder_of(&self.plan.folder, number)
    }

    /// How many secondaries there are.
    pub(super) fn secondaries(&self) -> u16 {
        self.plan.secondaries
    }

    /// Whether there are several centrals.
    pub(super) fn has_several_centrals(&self) -> bool {
        self.plan.has_several()
    }

    /// Nothing, or that there is no such node.
    pub(super) fn has(&mut self, role: Role) -> anyhow::Result<()> {
        self.node(role).map(|_| ())
    }

    fn node(&mut self, role: Role) -> anyhow::Result<&mut Node> {
        let most = self.plan.secondaries;
        let has_several = self.plan.has_several();
        let nodes = self.nodes.iter_mut();
        nodes
            .into_iter()
            .find(|node| node.role == role)
            .ok_or_else(|| match has_several {
                false => anyhow!(t!("local-no-such-node", who = role.name(), most = most)),
                true => anyhow!(t!("local-no-such-node-of", who = role.name())),
            })
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

    /// All nodes as they are: each with its process, port and folder, and several centrals with how they stand.
    pub(super) fn table(&self, standing: &[CentralInfo], columns: usize) -> Vec<String> {
        let row = |node: &Node| {
            vec![
                node.role.name(),
                node.process.id().to_string(),
                match (node.dead, node.frozen) {
                    (true, _) => t!("local-dead"),
                    (false, true) => t!("local-frozen"),
                    (false, false) => stands(node.role, standing),
                },
                node.port.to_string(),
                match node.role {
                    Role::Member(_) | Role::Central | Role::CentralOf(_) => "-".to_owned(),
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

    /// Stops all of them in order, secondaries first, etcd last; those that do not are killed.
    pub(super) async fn stop(&mut self) {
        let (servers, secondaries): (Vec<_>, Vec<_>) = std::mem::take(&mut self.nodes)
            .into_iter()
            .partition(|node| !matches!(node.role, Role::Secondary(_)));
        let (centrals, members): (Vec<_>, Vec<_>) =
            servers.into_iter().partition(|node| node.role.is_central());
        for mut group in [secondaries, centrals, members] {
            for node in &mut group {
                if node.is_alive() {
                    let _ = node.signal(Signal::TERM);
                    let _ = node.signal(Signal::CONT);
                }
            }
            let began = Instant::now();
            while group.iter_mut().any(|node| node.is_alive()) {
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

/// How one that lives is.
fn stands(role: Role, standing: &[CentralInfo]) -> String {
    let word = role.word();
    match standing.iter().find(|central| central.node == word) {
        Some(central) => {
            let reason = nodes::standing(central.state);
            t!("with-reason", what = t!("local-alive"), reason = reason)
        }
        None => t!("local-alive"),
    }
}

/// Where all that children print is kept.
pub(super) fn printed(statistics: &Path) -> PathBuf {
    statistics.join("registros")
}
