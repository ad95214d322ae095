//! The programs: started, hurt and healed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use rustix::process::Signal;

use crate::{
    network::Network,
    story::Settings,
    support::process::{CENTRAL, CLIENT, Process, SECONDARY},
};

/// Who a node is; numbers begin with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Central,
    Secondary(usize),
    Client(usize),
}

/// What is wrong with a node's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Runs,
    Frozen,
    Down,
}

/// What is wrong with a node's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    Up,
    CutInside,
    CutOutside,
    Slow,
}

/// A node and its present process.
pub struct Node {
    pub role: Role,
    pub life: Life,
    pub link: Link,
    pub process: Process,
    /// How often it was killed.
    pub kills: u32,
    /// It was frozen, or its link was cut or slowed down.
    pub hindered: bool,
    /// What earlier processes printed.
    pub before: Vec<String>,
    program: PathBuf,
    args: Vec<String>,
    folder: PathBuf,
    network: Network,
}

impl Node {
    /// Starts a node; on loopback a server keeps the port that it gets.
    pub fn start(settings: &Settings, folder: &Path, role: Role, central_port: u16) -> Self {
        let built = match role {
            Role::Central => CENTRAL,
            Role::Secondary(_) => SECONDARY,
            Role::Client(_) => CLIENT,
        };
        let program = match &settings.programs {
            Some(programs) => programs.join(Path::new(built).file_name().unwrap()),
            None => PathBuf::from(built),
        };
        let network = settings.plan.network;
        let mut args = arguments(settings, role, central_port);
        let process = spawn(network, role, &program, &args, folder);
        if !matches!(role, Role::Client(_)) {
            let port = process.port();
            args.retain(|arg| !arg.starts_with("--puerto="));
            args.push(format!("--puerto={port}"));
        }
        Self {
            role,
            life: Life::Runs,
            link: Link::Up,
            process,
            kills: 0,
            hindered: false,
            before: Vec::new(),
            program,
            args,
            folder: folder.to_owned(),
            network,
        }
    }

    pub fn is_well(&self) -> bool {
        self.life == Life::Runs && self.link == Link::Up
    }

    pub fn kill(&mut self) {
        self.process.kill();
        self.kills += 1;
        self.life = Life::Down;
    }

    pub fn freeze(&mut self, freeze: bool) {
        self.process
            .signal(if freeze { Signal::STOP } else { Signal::CONT });
        self.hindered = true;
        self.life = if freeze { Life::Frozen } else { Life::Runs };
    }

    /// A planned stop; gives the exit code.
    pub fn stop(&mut self) -> i32 {
        self.process.signal(Signal::TERM);
        self.life = Life::Down;
        self.process.exit_code()
    }

    /// Starts it again.
    pub fn start_again(&mut self) {
        self.before.extend(self.process.printed());
        self.before.push("---".to_owned());
        self.process = spawn(
            self.network,
            self.role,
            &self.program,
            &self.args,
            &self.folder,
        );
        self.life = Life::Runs;
    }

    /// Cuts the link, or slows it down to a rate.
    pub fn hinder(&mut self, link: Link, rate_bytes_per_s: u64) {
        self.hindered = true;
        match link {
            Link::CutInside => self.network.cut_inside(self.role, true),
            Link::CutOutside => self.network.cut_outside(self.role, true),
            Link::Slow => self.set_rate(rate_bytes_per_s),
            Link::Up => {}
        }
        self.link = link;
    }

    /// The link is as it was.
    pub fn relieve(&mut self, rate_bytes_per_s: u64) {
        match self.link {
            Link::CutInside => self.network.cut_inside(self.role, false),
            Link::CutOutside => self.network.cut_outside(self.role, false),
            Link::Slow => self.set_rate(rate_bytes_per_s),
            Link::Up => {}
        }
        self.link = Link::Up;
    }

    fn set_rate(&self, rate_bytes_per_s: u64) {
        if let Role::Secondary(n) = self.role {
            self.network.set_rate(n, rate_bytes_per_s);
        }
    }

    /// Open descriptors, by what they are.
    pub fn descriptors(&self) -> Vec<String> {
        let folder = format!("/proc/{}/fd", self.process.child.id());
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let targets = entries
            .flatten()
            .filter_map(|entry| fs::read_link(entry.path()).ok());
        let mut all: Vec<_> = targets.map(|target| target.display().to_string()).collect();
        all.sort();
        all
    }

    /// All that was ever printed.
    pub fn printed(&self) -> Vec<String> {
        let mut all = self.before.clone();
        all.extend(self.process.printed());
        all
    }
}

fn arguments(settings: &Settings, role: Role, central_port: u16) -> Vec<String> {
    let network = settings.plan.network;
    let address = network.address(role);
    let to_central = [
        format!("--ip-central={}", network.address(Role::Central)),
        format!("--puerto-central={central_port}"),
    ];
    match role {
        Role::Central => vec![
            format!("--ip={address}"),
            "--puerto=0".to_owned(),
            // One less than there are downloads: somebody waits in the list most of the time.
            format!(
                "--max-clientes={}",
                settings.clients * crate::clients::AT_ONCE - 1
            ),
        ],
        Role::Secondary(n) => {
            let mut args = to_central.to_vec();
            args.extend([
                format!("--numero={}", n + 1),
                format!("--ip={address}"),
                "--puerto=0".to_owned(),
            ]);
            if network == Network::Loopback {
                args.push(format!(
                    "--limite-subida={}",
                    settings.plan.rate_bytes_per_s
                ));
            }
            args
        }
        Role::Client(n) => {
            let mut args = to_central.to_vec();
            args.extend([
                format!("--nombre={}", client_name(n)),
                format!("--destino={}", target(n)),
                "--espera-fuentes=30".to_owned(),
            ]);
            args
        }
    }
}

pub fn client_name(n: usize) -> String {
    format!("cliente{}", n + 1)
}

pub fn target(n: usize) -> String {
    format!("data/descargas{}", n + 1)
}

pub fn served(n: usize) -> String {
    format!("data/videos{}", n + 1)
}

fn spawn(network: Network, role: Role, program: &Path, args: &[String], folder: &Path) -> Process {
    let mut command = match network {
        Network::Loopback => Command::new(program),
        Network::Namespaces => {
            // It becomes the program: signals and descriptors are the program's own.
            let mut command = Command::new("ip");
            command
                .args(["netns", "exec", &role.namespace()])
                .arg(program);
            command
        }
    };
    Process::spawn(command.args(args).current_dir(folder))
}
