//! What a message calls the commands that it speaks of, as its reader would write them: at a prompt `LISTA_VIDEOS`, on a
//! command line `videocliente listar`. A program does one or the other, so it is one setting per process, like the language.

use std::sync::OnceLock;

use super::{t, topics};
use crate::cli::{
    commands::{self, CENTRAL, CLIENT, SECONDARY},
    names,
};

static PROGRAM: OnceLock<&'static str> = OnceLock::new();

/// Messages are read by whoever wrote a command line of this program.
pub fn on_command_lines_of(program: &'static str) {
    let _ = PROGRAM.set(program);
}

/// True where messages are read at a prompt, in answer to what was typed there.
pub fn is_at_a_prompt() -> bool {
    PROGRAM.get().is_none()
}

/// A command by its name at a prompt, as it is written here.
pub fn command(name: &str) -> String {
    said(PROGRAM.get().copied(), name)
}

/// A command of the central's, as whoever reads it elsewhere writes it.
pub fn at_central(name: &str) -> String {
    let written = command(name);
    match PROGRAM.get() {
        Some(&"videocentral") => written,
        _ => t!("at-central", command = said(None, name)),
    }
}

/// How a command is written here, with what follows it.
pub fn usage(id: &str) -> String {
    usage_in(PROGRAM.get().copied(), id)
}

fn said(program: Option<&str>, name: &str) -> String {
    let names = commands::find(CLIENT, name).map(|entry| entry.names);
    let names = names.or_else(|| commands::find(CENTRAL, name).map(|entry| entry.names));
    let names = names.or_else(|| commands::find(SECONDARY, name).map(|entry| entry.names));
    let here = match names {
        Some(names) => commands::in_language(names),
        None => name,
    };
    match program {
        Some(program) => format!("{program} {}", on_a_line(here)),
        None => here.to_owned(),
    }
}

fn usage_in(program: Option<&str>, id: &str) -> String {
    let usage = topics::usage(id);
    let Some(program) = program else {
        return usage;
    };
    match usage.split_once(' ') {
        Some((name, values)) => format!("{program} {} {values}", on_a_line(name)),
        None => format!("{program} {}", on_a_line(&usage)),
    }
}

/// What a subcommand is called.
fn on_a_line(name: &str) -> String {
    match name {
        "LISTA_VIDEOS" => names::command("listar"),
        "VIDEO" => names::command("descargar"),
        _ => name.to_lowercase().replace('_', "-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_called_as_their_reader_writes_them() {
        for (program, name, written) in [
            (None, "LISTA_VIDEOS", "LISTA_VIDEOS"),
            (Some("videocliente"), "LISTA_VIDEOS", "videocliente listar"),
            (Some("videocliente"), "VIDEO", "videocliente descargar"),
            (Some("videocliente"), "VERIFICAR", "videocliente verificar"),
            (
                Some("videocentral"),
                "SECUNDARIOS",
                "videocentral secundarios",
            ),
            (
                Some("videosecundario"),
                "RETIRADOS",
                "videosecundario retirados",
            ),
        ] {
            assert_eq!(said(program, name), written);
        }
        assert_eq!(usage_in(None, "drain"), "DRENAR <n|*>… [NO]");
        let drain = usage_in(Some("videocentral"), "drain");
        assert_eq!(drain, "videocentral drenar <n|*>… [NO]");
        assert_eq!(usage_in(Some("videocentral"), "queue"), "videocentral cola");
    }
}
