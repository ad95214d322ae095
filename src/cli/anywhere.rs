//! Subcommands as people write them: in capitals or with accents, as at a prompt, and behind their own flags, as in
//! `videocentral -p 50010 COLA`, which clap would take for the program's own.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

use crate::engine::fold::fold;

/// The same line with its subcommand as clap knows it, however it is written.
pub(super) fn as_known(line: &[OsString], command: &Command) -> Vec<OsString> {
    let at = place(line, &arguments(command));
    let mut line = line.to_vec();
    if let Some(word) = line.get_mut(at)
        && command.find_subcommand(&*word).is_none()
        && let Some(known) = word.to_str().map(|word| fold(word).replace('_', "-"))
        && command.find_subcommand(&known).is_some()
    {
        *word = known.into();
    }
    line
}

/// All flags that may stand in a line.
fn arguments(command: &Command) -> Vec<&Arg> {
    command
        .get_subcommands()
        .chain([command])
        .flat_map(Command::get_arguments)
        .collect()
}

/// Where in a line the subcommand stands, if there is one.
fn place(line: &[OsString], all: &[&Arg]) -> usize {
    let mut at = 1;
    while line.get(at).is_some_and(|word| is_flag(word)) {
        at += length(&line[at..], all);
    }
    at
}

/// The same line with such flags behind their subcommand. What the subcommand does not have stays where it is.
pub(super) fn behind_their_command(line: &[OsString], command: &Command) -> Vec<OsString> {
    let all = arguments(command);
    let at = place(line, &all);
    let sub = line.get(at).and_then(|word| command.find_subcommand(word));
    let Some(sub) = sub.filter(|_| at > 1) else {
        return line.to_vec();
    };
    let everywhere = command.get_arguments().filter(|arg| arg.is_global_set());
    let own: Vec<&Arg> = sub.get_arguments().chain(everywhere).collect();
    let (mut before, mut behind) = (vec![line[0].clone()], Vec::new());
    let mut rest = &line[1..at];
    while !rest.is_empty() {
        let (flag, others) = rest.split_at(length(rest, &all).min(rest.len()));
        let is_own = named(&flag[0]).all(|name| own.iter().any(|arg| has(arg, name)));
        let place = if is_own { &mut behind } else { &mut before };
        place.extend_from_slice(flag);
        rest = others;
    }
    before.push(line[at].clone());
    before.append(&mut behind);
    before.extend_from_slice(&line[at + 1..]);
    before
}

/// What a flag is called.
#[derive(Clone, Copy)]
enum Name<'a> {
    Long(&'a str),
    Short(char),
}

fn is_flag(word: &OsStr) -> bool {
    word.to_str()
        .is_some_and(|word| word.len() > 1 && word.starts_with('-') && word != "--")
}

fn has(arg: &Arg, name: Name<'_>) -> bool {
    match name {
        Name::Long(name) => {
            let others = arg.get_all_aliases().unwrap_or_default();
            arg.get_long() == Some(name) || others.contains(&name)
        }
        Name::Short(name) => arg.get_short() == Some(name),
    }
}

fn takes_value(name: Name<'_>, known: &[&Arg]) -> bool {
    let arg = known.iter().find(|arg| has(arg, name));
    arg.is_some_and(|arg| arg.get_action().takes_values())
}

/// The flags of a word: one, or several short ones, of which the last may have a value behind it.
fn named(word: &OsStr) -> impl Iterator<Item = Name<'_>> {
    let word = word.to_str().unwrap_or_default();
    let long = word.strip_prefix("--");
    let long_name = long.map(|long| long.split('=').next().unwrap_or_default());
    let short = if long.is_some() { "" } else { word };
    // A digit or so is the value of what stands before it.
    let short = short.chars().skip(1).take_while(char::is_ascii_alphabetic);
    long_name
        .into_iter()
        .map(Name::Long)
        .chain(short.map(Name::Short))
}

/// How many words the first flag takes, with its value.
fn length(words: &[OsString], known: &[&Arg]) -> usize {
    let word = words[0].to_str().unwrap_or_default();
    let has_value_behind = if word.starts_with("--") {
        !word.contains('=') && named(&words[0]).all(|name| takes_value(name, known))
    } else {
        // `-n 1`, not `-n1`.
        let with_value = word
            .char_indices()
            .skip(1)
            .find(|(_, c)| takes_value(Name::Short(*c), known));
        with_value.is_some_and(|(at, c)| at + c.len_utf8() == word.len())
    };
    if has_value_behind { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::{
        args::{CentralArgs, ClientArgs, SecondaryArgs},
        dress::dressed,
        settings::Settings,
    };

    fn moved(line: &str) -> String {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let command = match line.split(' ').next() {
            Some("videocentral") => CentralArgs::command(),
            Some("videosecundario") => SecondaryArgs::command(),
            _ => ClientArgs::command(),
        };
        let command = dressed(command, &Settings::default());
        let words = behind_their_command(&as_known(&words, &command), &command);
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
        words.join(" ")
    }

    #[test]
    fn flags_of_an_order_may_stand_before_it() {
        for (line, expected) in [
            ("videocentral -p 50010 cola", "videocentral cola -p 50010"),
            ("videocentral -p50010 cola", "videocentral cola -p50010"),
            (
                "videocentral --port=1 --json queue --socket s",
                "videocentral queue --port=1 --json --socket s",
            ),
            (
                "videosecundario -n 1 -y vaciar 3",
                "videosecundario vaciar -n 1 -y 3",
            ),
            (
                "videosecundario -yn 1 vaciar 3",
                "videosecundario vaciar -yn 1 3",
            ),
            (
                "videocliente --json -q listar x",
                "videocliente listar --json -q x",
            ),
            (
                "videocliente --nombre listar -o x descargar y",
                "videocliente descargar --nombre listar -o x y",
            ),
            (
                "videocentral --idioma en cola",
                "videocentral cola --idioma en",
            ),
        ] {
            assert_eq!(moved(line), expected);
        }
    }

    #[test]
    fn commands_are_known_however_they_are_written() {
        for (line, expected) in [
            ("videocentral ESTADO", "videocentral estado"),
            ("videocentral -p 1 Cola", "videocentral cola -p 1"),
            ("videocentral ESTADÍSTICAS", "videocentral estadisticas"),
            (
                "videocentral NUMERO_DESCARGAS_VIDEO",
                "videocentral numero-descargas-video",
            ),
            (
                "videosecundario LÍMITE 2MB/s",
                "videosecundario limite 2MB/s",
            ),
            ("videocliente LIST X", "videocliente list X"),
            ("videocliente VÍDEO X", "videocliente video X"),
            ("videocliente LISTA_VIDEOS", "videocliente lista-videos"),
        ] {
            assert_eq!(moved(line), expected);
        }
    }

    #[test]
    fn all_else_stays_where_it_is() {
        for line in [
            "videocentral",
            "videocentral cola -p 1",
            "videocentral -p 1",
            "videocentral -p",
            "videocentral --secundarios 2 cola",
            "videocentral -p cola",
            "videocentral -- cola",
            "videocentral -p 1 nada",
            "videocentral NADA",
            "videocliente descargar LISTAR",
            "videocentral -V cola",
            "videocentral --wrong cola",
        ] {
            assert_eq!(moved(line), line);
        }
    }
}
