//! `videocliente`: a client and its `prompt` and `downloads`, or what scripts ask for; `choosing` finds the downloads that a
//! line means, `ending` is how both end.

mod choosing;
mod downloads;
mod ending;
mod prompt;

use std::process::ExitCode;

use super::{
    args::ClientArgs, commands, console::Mode, flags, output, program, scripts, text::topics,
};
use crate::node::{NetworkRole, client::Keeping};

pub(super) use ending::stop_client;
pub use prompt::{Extra, NoExtra, run};

/// The program.
pub fn main() -> ExitCode {
    let line: Vec<_> = std::env::args_os().collect();
    let (args, keeps): (ClientArgs, bool) = match flags::read_given(&line, "estadisticas") {
        Ok(read) => read,
        Err(end) => return end,
    };
    let security = match args.security.load(NetworkRole::Connects) {
        Ok(security) => security,
        Err(error) => return output::refuse(&error),
    };
    let central = (args.ip_central.host.clone(), args.puerto_central);
    let folder = args.common.estadisticas.clone();
    let statistics = match (&args.script, &args.nombre) {
        // A script leaves no statistics unless asked to; one with a name adds to that name's existing file.
        (Some(_), None) if !keeps => Keeping::Nowhere,
        (Some(_), Some(_)) if !keeps => Keeping::Existing(folder),
        _ => Keeping::Folder(folder),
    };
    let config = args.download.config(central, statistics, security);
    let name = args.nombre;
    if let Some(script) = args.script {
        return scripts::main(script.without_repetition(), config, name, &args.common);
    }
    let mode = Mode::detect_client();
    let commands = topics::of(commands::CLIENT);
    program::run(
        "videocliente",
        &args.common,
        mode,
        commands,
        |console, stop| run(config, name, NoExtra, console, stop),
    )
}
