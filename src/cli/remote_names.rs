//! Names of the cluster's files for the completions of shells: `videocliente completar-nombres …`, which the generated
//! scripts call. It is for them alone, prints one name a line, is silent about all that goes wrong, and never fails.
//!
//! The last names are kept for a short while below `XDG_CACHE_HOME`, in a file of each central that only its user may read:
//! a key that is pressed again does not ask again.

use std::{
    ffi::OsString,
    fs,
    io::Write,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap_complete::Shell;
use tokio::{sync::mpsc, time::timeout};

use super::{
    args::{ClientArgs, Script},
    exit::Exit,
    flags, output, program, runtime,
    shell_words::{self, Typed},
    text::harmless::is_harmless,
    values,
};
use crate::engine::fold::fold;
use crate::node::{
    NetworkRole,
    client::{self, Keeping},
};

/// The program whose completions they are for.
pub(super) const PROGRAM: &str = "videocliente";
/// The word that asks for them.
const WORD: &str = "completar-nombres";
/// How the words of a line come: as they are, or as bash has the line.
const AS_WORDS: &str = "palabras";
const AS_LINE: &str = "bash";
/// How long an answer of the central is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// Names younger than this are not asked for again.
const FRESH: Duration = Duration::from_secs(30);
/// Stands in a command line where the name is that is being typed.
const BEING_TYPED: &str = "nombre-que-se-escribe";

const BASH: &str = include_str!("remote_names/bash.sh");
const ZSH: &str = include_str!("remote_names/zsh.sh");
const FISH: &str = include_str!("remote_names/fish.fish");

/// What a shell wants to know: the words before the one that is being typed, without the program, and that one.
pub(super) struct Question {
    before: Vec<OsString>,
    typed: Typed,
}

/// A shell's question, if that is what a command line is.
pub(super) fn asked(line: &[OsString]) -> Option<Question> {
    let [_, word, how, rest @ ..] = line else {
        return None;
    };
    if word != WORD {
        return None;
    }
    match rest {
        [typed, before @ ..] if how == AS_WORDS => Some(Question {
            before: before.to_vec(),
            typed: Typed::plain(typed.to_str()?),
        }),
        [line, breaks] if how == AS_LINE => {
            let (before, typed) = shell_words::split(line.to_str()?, breaks.to_str()?);
            let before = before.into_iter().skip(1).map(OsString::from);
            Some(Question {
                before: before.collect(),
                typed,
            })
        }
        _ => None,
    }
}

/// Prints the names that what was typed can become.
pub(super) fn answer(question: Question) -> ExitCode {
    let names = possible(&question).unwrap_or_default();
    // Nobody reads why a result was lost.
    let _ = output::say(&names);
    Exit::Well.into()
}

fn possible(question: &Question) -> Option<Vec<String>> {
    let program = std::iter::once(OsString::from(PROGRAM));
    let line: Vec<OsString> = program
        .chain(question.before.iter().cloned())
        .chain([BEING_TYPED.into()])
        .collect();
    let args: ClientArgs = flags::read_again(&line).ok()?;
    let (already, is_here): (&[String], bool) = match args.script.as_ref()? {
        Script::Listar { patrones, .. } => (patrones, false),
        Script::Descargar { nombres, .. }
        | Script::Traer { nombres, .. }
        | Script::Enlace { nombres, .. } => (nombres, false),
        Script::Verificar { nombres, .. } => (nombres, true),
        Script::Ver { fichero, .. } => (std::slice::from_ref(fichero), false),
        Script::Publicar { .. }
        | Script::Retirar { .. }
        | Script::Contenido { .. }
        | Script::Estado { .. }
        | Script::Registrar { .. }
        | Script::Conectar { .. }
        | Script::Desconectar { .. }
        | Script::Baja { .. }
        | Script::Usuarios { .. } => return None,
    };
    // Else it is the value of a flag that is being typed.
    let (last, already) = already.split_last()?;
    if last != BEING_TYPED {
        return None;
    }
    let target = args.download.destino.clone();
    let mut names = known(&args)?;
    names.retain(|name| {
        is_harmless(name) && !already.contains(name) && (!is_here || target.join(name).is_file())
    });
    let fitting = fitting(&names, &question.typed.text);
    let written = fitting.iter().map(|name| question.typed.completed(name));
    Some(shell_words::kept_apart(&question.typed, written.collect()))
}

/// The names that begin as typed; or else the one that does so but for case and accents: a shell replaces what was typed by
/// what several names have in common, and would lose letters.
fn fitting<'a>(names: &'a [String], typed: &str) -> Vec<&'a String> {
    let exact: Vec<&String> = names.iter().filter(|n| n.starts_with(typed)).collect();
    if !exact.is_empty() {
        return exact;
    }
    let folded = fold(typed);
    let near: Vec<&String> = names
        .iter()
        .filter(|name| fold(name).starts_with(&folded))
        .collect();
    if near.len() == 1 { near } else { Vec::new() }
}

/// The names of the cluster's files: those that are kept, if they are fresh, or the central's.
fn known(args: &ClientArgs) -> Option<Vec<String>> {
    let kept = kept_at(args);
    if let Some(names) = kept.as_deref().and_then(fresh) {
        return Some(names);
    }
    let names = of_central(args)?;
    if let Some(path) = &kept {
        // Without a place for them they are asked for each time.
        let _ = keep(path, &names);
    }
    Some(names)
}

/// Where the names of a central are kept.
fn kept_at(args: &ClientArgs) -> Option<PathBuf> {
    let (port, group) = (args.puerto_central, args.grupo.as_ref());
    let central = args.ip_central.number(port, group);
    let folder = values::xdg("XDG_CACHE_HOME", ".cache")?.join("trozos");
    Some(folder.join(format!("nombres-{central:016x}")))
}

fn fresh(path: &Path) -> Option<Vec<String>> {
    let age = fs::metadata(path).ok()?.modified().ok()?.elapsed().ok()?;
    if age > FRESH {
        return None;
    }
    let text = fs::read_to_string(path).ok()?;
    Some(text.lines().map(str::to_owned).collect())
}

fn keep(path: &Path, names: &[String]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // Only its user may read it, from the start.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    for name in names {
        writeln!(file, "{name}")?;
    }
    file.persist(path)?;
    Ok(())
}

fn of_central(args: &ClientArgs) -> Option<Vec<String>> {
    let security = args.security.load(NetworkRole::Connects).ok()?;
    let config = args
        .download
        .config(args.centrals(), Keeping::Nowhere, security);
    let runtime = runtime::start().ok()?;
    let listed = runtime.block_on(async {
        let (sender, _events) = mpsc::channel(program::EVENTS);
        let asking = async {
            let client = client::start(config, sender).await;
            client.list().await
        };
        timeout(PATIENCE, asking).await.ok()?.ok()
    });
    runtime.shutdown_background();
    let listed = listed?;
    let names = listed.iter().map(|listed| listed.file.name.to_string());
    Some(names.collect())
}

/// A script that clap made, which asks for names as well.
pub(super) fn added(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => {
            let with_names = "complete -F _videocliente_con_nombres ";
            let script = script.replace("complete -F _videocliente ", with_names);
            format!("{BASH}\n{script}")
        }
        Shell::Zsh => {
            let begins = "_videocliente() {\n";
            let keeps = "    local -a videocliente_antes\n    videocliente_antes=(\"${(@Q)words[2,CURRENT-1]}\")\n";
            let script = script.replacen(begins, &format!("{ZSH}\n{begins}{keeps}"), 1);
            let lines = script
                .lines()
                .map(|line| match line.strip_suffix(":_default' \\") {
                    Some(of_names) if line.starts_with("'*::") => {
                        format!("{of_names}:_videocliente_nombres' \\\n")
                    }
                    _ => format!("{line}\n"),
                });
            lines.collect()
        }
        _ => format!("{script}\n{FISH}"),
    }
}
