//! `videolocal`: a whole cluster on this machine, of real child processes, and a client's prompt with
//! commands to kill, freeze and raise them. With `--demo` it shows what it does by itself.
//!
//! `plan` is what they are, `process` one of them, `children` all, `members` those of etcd under several centrals, `reigning`
//! asks which central reigns, `commands` what is typed about them, `demo` the demonstration, `logs` what the processes log,
//! `samples` the files that it makes.

mod children;
mod commands;
mod crowd;
mod demo;
mod logs;
mod members;
mod plan;
mod process;
mod reigning;
mod samples;

use std::{
    os::unix::ffi::OsStrExt,
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::CommandFactory;
use tempfile::TempDir;
use tokio::sync::mpsc;

use self::{children::Children, commands::Faults, logs::LogPlan, plan::Plan};
use super::{
    args::{CentralArgs, ClientArgs, LocalArgs, SecondaryArgs},
    client, commands as prompts,
    console::{Console, Mode, Printer, page_columns},
    dress,
    exit::Exit,
    flags, generate, output, program,
    settings::Settings,
    signals::Requests,
    text::{
        errors, files,
        line::complaint,
        t,
        topics::{self, Topic},
    },
    values,
};
use crate::node::{NetworkRole, Security, client as node};

pub use children::become_child;
#[cfg(test)]
pub(in crate::cli) use commands::FAULTS;

/// How long the cluster may take to become level before the prompt is given all the same.
const LEVEL_WITHIN: Duration = Duration::from_secs(600);

/// The program.
pub fn main() -> ExitCode {
    if let Some(exit) = become_child() {
        return exit;
    }
    let line: Vec<_> = std::env::args_os().collect();
    let (args, is_kept): (LocalArgs, bool) = match flags::read_given(&line, "directorio") {
        Ok(args) => args,
        Err(end) => return end,
    };
    if let Some(folder) = &args.generar {
        return describe(folder);
    }
    if args.centrales > 1
        && let Err(missing) = can_be_several()
    {
        output::report(&t!("error", why = missing));
        return Exit::Failed.into();
    }
    let stage = match Stage::of(args, is_kept) {
        Ok(stage) => stage,
        Err(error) => {
            output::report(&t!("error", why = errors::chain(&error)));
            return Exit::Failed.into();
        }
    };
    let security = match stage.args.security.load(NetworkRole::Connects) {
        Ok(security) => security,
        Err(error) => return output::refuse(&error),
    };
    let mode = Mode::detect(stage.args.demo);
    program::run(
        "videolocal",
        &stage.args.common.clone(),
        mode,
        own_commands(),
        |console, requests| run(stage, security, console, requests),
    )
}

/// Whether there is what several centrals need besides this program.
fn can_be_several() -> Result<(), String> {
    if !cfg!(feature = "etcd") {
        return Err(t!("etcd-not-built"));
    }
    members::installed()
        .map(drop)
        .ok_or_else(|| t!("local-no-etcd"))
}

/// A client's commands, and those about the processes.
fn own_commands() -> Vec<Topic> {
    let mut commands = topics::of(prompts::CLIENT);
    commands.extend(topics::of(commands::FAULTS));
    commands
}

/// A command line, and the folder of a demonstration that goes with it.
struct Stage {
    args: LocalArgs,
    temporary: Option<TempDir>,
}

impl Stage {
    /// Without a folder of its own a demonstration has all of its files in one that goes with it.
    fn of(mut args: LocalArgs, is_kept: bool) -> anyhow::Result<Self> {
        if !args.demo {
            return Ok(Self {
                args,
                temporary: None,
            });
        }
        let temporary = tempfile::Builder::new().prefix("trozos-demo-").tempdir()?;
        if !is_kept {
            args.directorio = temporary.path().join("data");
            args.download.destino = temporary.path().join("data/descargas");
            args.common.estadisticas = temporary.path().join("stats");
        }
        Ok(Self {
            args,
            temporary: Some(temporary),
        })
    }
}

/// Makes the completions and manual pages of all programs, in the chosen language.
fn describe(folder: &Path) -> ExitCode {
    let none = Settings::default();
    let mut programs = [
        (CentralArgs::command(), topics::of(prompts::CENTRAL)),
        (SecondaryArgs::command(), topics::of(prompts::SECONDARY)),
        (ClientArgs::command(), topics::of(prompts::CLIENT)),
        (LocalArgs::command(), own_commands()),
    ]
    .map(|(command, mut topics)| {
        topics.extend(topics::of(prompts::COMMON));
        let command = dress::downloading(command, |_| false);
        let command = flags::in_some_home(command);
        (dress::renamed(dress::dressed(command, &none)), topics)
    });
    match generate::files(folder, &mut programs) {
        Ok(made) => {
            let paths = made.iter().map(|path| path.as_os_str().as_bytes());
            output::wrote(output::say_bytes(paths)).into()
        }
        Err(error) => {
            output::report(&t!(
                "error",
                why = t!("certificate-io", path = folder, why = error)
            ));
            Exit::Failed.into()
        }
    }
}

async fn run(stage: Stage, security: Arc<Security>, console: Console, requests: Requests) -> Exit {
    let stop = requests.stop.clone();
    let (printer, args) = (console.printer.clone(), &stage.args);
    if args.demo
        && let Err(error) = samples::make(&args.directorio, args.secundarios, &printer)
    {
        printer.line(complaint(t!("error", why = files::store(&error))));
        return Exit::Failed;
    }
    if let Some(folder) = &stage.temporary {
        let folder = folder.path();
        if args.directorio.starts_with(folder) {
            printer.line(t!("demo-folder", folder = folder));
        }
    }
    let mut children = match Children::start(plan(&stage)).await {
        Ok(children) => children,
        Err(error) => {
            printer.flush();
            output::report(&t!("error", why = errors::chain(&error)));
            return Exit::Failed;
        }
    };
    show(&children, &printer);
    let centrals = children.central_addresses();
    let level = tokio::select! {
        level = wait_for_level(&centrals, &security, args, &printer) => level,
        () = stop.cancelled() => Err(anyhow::anyhow!(t!("interrupted"))),
    };
    if let Err(error) = level {
        printer.line(complaint(t!("error", why = errors::chain(&error))));
        children.stop().await;
        return Exit::Failed;
    }
    let statistics = node::Keeping::Folder(args.common.estadisticas.clone());
    if args.demo {
        let exit = demo::run(args, security, &mut children, &printer, &stop).await;
        children.stop().await;
        return exit.or_worse(program::printed(&printer, &stop).await);
    }
    if args.companeros.is_some() {
        let exit = crowd::run(args, &security, centrals, &printer, &stop).await;
        children.stop().await;
        return exit.or_worse(program::printed(&printer, &stop).await);
    }
    let mut config = args.download.config(centrals, statistics, security);
    config.memory = Some(args.common.estadisticas.clone());
    config.peering = here(args);
    // A script waits for all to be level; a person too, and has the prompt from here on.
    let faults = Faults::new(children);
    let shared = faults.clone();
    let exit = client::run(
        (config, args.download.habits()),
        None,
        faults,
        console,
        requests,
    )
    .await;
    printer.line(t!("stopping-processes"));
    shared.stop().await;
    exit
}

/// What the client of the prompt is to others, all of which are on this machine.
fn here(args: &LocalArgs) -> node::PeeringConfig {
    let mut allowed = vec![args.download.destino.clone()];
    allowed.extend(values::home());
    allowed.extend(std::env::current_dir());
    node::PeeringConfig {
        listen: vec![([127, 0, 0, 1], 0).into()],
        allowed,
        records: Some(args.common.estadisticas.clone()),
        serves: true,
        ..node::PeeringConfig::default()
    }
}

fn plan(stage: &Stage) -> Plan {
    let args = &stage.args;
    let sockets = stage.temporary.as_ref();
    Plan {
        folder: args.directorio.clone(),
        statistics: args.common.estadisticas.clone(),
        centrals: args.centrales,
        central_port: args.puerto,
        first_secondary_port: args.puerto_secundarios,
        secondaries: args.secundarios,
        max_downloads: args.max_clientes.max(args.companeros.unwrap_or(0).into()),
        upload_limit: args.limite_subida.clone(),
        sockets: sockets.map(|folder| folder.path().join("run")),
        log: LogPlan::of(&args.common),
        security: args.security.clone(),
    }
}

/// Each process with its id, port and folder.
fn show(children: &Children, printer: &Printer) {
    // Who reigns is decided a moment later.
    printer.lines(children.table(&[], page_columns()));
}

/// Waits until every secondary has every file.
async fn wait_for_level(
    centrals: &[(String, u16)],
    security: &Arc<Security>,
    args: &LocalArgs,
    printer: &Printer,
) -> anyhow::Result<()> {
    let (sender, _events) = mpsc::channel(program::EVENTS);
    let config = node::ClientConfig {
        centrals: centrals.to_vec().into(),
        // It downloads nothing.
        target: args.download.destino.clone(),
        statistics: node::Keeping::Nowhere,
        source_wait: Duration::ZERO,
        security: Arc::clone(security),
        overwrite: false,
        memory: None,
        identity: None,
        patience: Default::default(),
        peering: Default::default(),
    };
    let watcher = node::start(config, sender).await;
    let secondaries = args.secundarios;
    let began = Instant::now();
    let mut told = None;
    let level = loop {
        if let Ok(status) = watcher.status().await {
            let alive = status.secondaries.iter().filter(|s| s.alive).count();
            if status.ready && status.level && alive == usize::from(secondaries) {
                printer.line(t!(
                    "local-level",
                    secondaries = secondaries,
                    files = status.files
                ));
                if status.files == 0 {
                    let folder = plan::folder_of(&args.directorio, 1);
                    let folder = std::path::absolute(&folder).unwrap_or(folder);
                    printer.line(t!("local-empty", folder = folder));
                }
                break Ok(());
            }
            let missing: u64 = status.secondaries.iter().map(|s| s.missing).sum();
            let is_waiting = missing > 0 || alive < usize::from(secondaries);
            // How many copies there are still changes with each: only that there are some is news.
            if is_waiting && told != Some((alive, missing > 0)) {
                told = Some((alive, missing > 0));
                let alive = t!("secondaries-alive", count = alive);
                printer.line(if missing > 0 {
                    let copies = t!("copies", count = missing);
                    t!("local-waiting-copies", alive = alive, copies = copies)
                } else {
                    t!("local-waiting", alive = alive)
                });
            }
        }
        if began.elapsed() > LEVEL_WITHIN {
            break Err(anyhow::anyhow!(t!(
                "local-not-level",
                folder = children::printed(&args.common.estadisticas)
            )));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let _ = watcher.stop().await;
    level
}
