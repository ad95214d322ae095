//! `videocliente`: a client and its `prompt` and `downloads`, or what scripts ask for; `run` is the loop of the prompt,
//! `question` what of a line is for the central, `asking` the lines that wait for its answer, `choosing` finds the downloads
//! that a line means, `work` is what of them goes on later, `service` what waits for a cluster that is not ready, `watching`
//! what players read, `own_name` what a client is called that has no name, `ending` how both end, `around` what else is wanted
//! of downloads: a limit, programs and a bell at their ends; `attending` is what the prompt does about these.

mod accounts;
mod around;
mod asking;
mod attending;
mod choosing;
mod downloads;
mod ending;
mod own_name;
mod prompt;
mod publishing;
mod question;
mod run;
mod service;
mod watched;
mod watching;
mod work;

use std::process::ExitCode;

use super::{
    args::ClientArgs, commands, console::Mode, flags, output, program, remote_names, scripts,
    text::topics, values,
};
use crate::node::{NetworkRole, client::Keeping};

pub use prompt::{Extra, NoExtra};
pub use run::run;
pub(super) use {
    accounts::chosen as chosen_users,
    around::Around,
    ending::stop_client,
    service::{ASK_EVERY, Service},
};

/// The program.
pub fn main() -> ExitCode {
    let line: Vec<_> = std::env::args_os().collect();
    if let Some(question) = remote_names::asked(&line) {
        return remote_names::answer(question);
    }
    let (args, keeps): (ClientArgs, bool) = match flags::read_given(&line, "estadisticas") {
        Ok(read) => read,
        Err(end) => return end,
    };
    let security = match args.security.load(NetworkRole::Connects) {
        Ok(security) => security,
        Err(error) => return output::refuse(&error),
    };
    let centrals = args.centrals();
    let folder = args.common.estadisticas.clone();
    let statistics = match (&args.script, &args.nombre) {
        // A script leaves no statistics unless asked to; one with a name adds to that name's existing file.
        (Some(_), None) if !keeps => Keeping::Nowhere,
        (Some(_), Some(_)) if !keeps => Keeping::Existing(folder),
        _ => Keeping::Folder(folder),
    };
    let mut config = args.download.config(centrals, statistics, security);
    config.identity = values::identity();
    let state = args.common.estadisticas.clone();
    config.peering = args.peers.config(config.target.clone(), state);
    let mut habits = args.download.habits();
    habits.upload = args.peers.limite_subida.clone();
    let name = args.nombre;
    if let Some(script) = args.script {
        return scripts::main(
            script.without_repetition(),
            (config, habits),
            name,
            &args.common,
        );
    }
    config.memory = Some(args.common.estadisticas.clone());
    config.peering.serves = true;
    let mode = Mode::detect_client();
    let commands = topics::of(commands::CLIENT);
    program::run(
        "videocliente",
        &args.common,
        mode,
        commands,
        |console, requests| run((config, habits), name, NoExtra, console, requests),
    )
}
