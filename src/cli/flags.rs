//! How a command line is read: flags over the environment (`TROZOS_*`) over the configuration file over defaults, and
//! help in the chosen language. clap does the work; this module prepares its commands first.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::Path,
    process::ExitCode,
};

use clap::{ArgMatches, Command, Parser, error::ErrorKind, parser::ValueSource};

use super::{
    anywhere::{as_known, behind_their_command},
    config_table,
    dress::{downloading, dressed, renamed},
    exit::Exit,
    given::{opposites, patient, ports, twice},
    names, output,
    settings::{Origin, Settings, of_variable, variable_said},
    text::{
        language::{self, Language},
        t,
    },
    usage, values,
};

/// A command line that was understood.
struct Understood {
    command: Command,
    matches: ArgMatches,
    settings: Settings,
}

/// Why it was not.
enum NotUnderstood {
    /// As clap says it; also for help and versions.
    Line(Box<(clap::Error, Command, Settings)>),
    /// For people.
    Said(String),
}

/// Reads a command line, whose first word is the program's name. `Err` is the exit code of a program that is not to
/// run; everything has been printed then.
///
/// # Errors
/// For wrong lines and files, and after help or a version.
pub fn read<A: Parser>(line: &[OsString]) -> Result<A, ExitCode> {
    read_given(line, "").map(|(args, _)| args)
}

/// The same, and whether a flag was set explicitly: on the line, by its variable or in the file.
///
/// # Errors
/// As [`read`].
pub fn read_given<A: Parser>(line: &[OsString], flag: &str) -> Result<(A, bool), ExitCode> {
    choose_language(line, None);
    let settings = settings::<A>(line).map_err(refuse)?;
    choose_language(line, settings.get("idioma"));
    let understood = understand::<A>(line, settings).map_err(|wrong| match wrong {
        NotUnderstood::Line(error) => end(&error.0, &error.1, &error.2),
        NotUnderstood::Said(why) => wrong_line::<A>(&why),
    })?;
    let Understood {
        command,
        matches,
        settings,
    } = understood;
    if matches.get_flag("mostrar_config") {
        let written = output::say(&config_table::shown(&command, &matches, &settings));
        return Err(output::wrote(written).into());
    }
    let args = A::from_arg_matches(&matches).map_err(|error| end(&error, &command, &settings))?;
    let is_known = matches.try_contains_id(flag).unwrap_or(false);
    let is_given = is_known && {
        let is_default = matches.value_source(flag) == Some(ValueSource::DefaultValue);
        !is_default || settings.get(flag).is_some()
    };
    Ok((args, is_given))
}

/// The same command line once more, with the file as it is now.
///
/// # Errors
/// What is wrong with the file.
pub fn read_again<A: Parser>(line: &[OsString]) -> Result<A, String> {
    let settings = settings::<A>(line)?;
    let understood = understand::<A>(line, settings).map_err(|wrong| match wrong {
        NotUnderstood::Line(error) => explained(&error.0, &error.1, &error.2),
        NotUnderstood::Said(why) => why,
    })?;
    let Understood {
        command, settings, ..
    } = &understood;
    A::from_arg_matches(&understood.matches).map_err(|error| explained(&error, command, settings))
}

fn settings<A: Parser>(line: &[OsString]) -> Result<Settings, String> {
    let given = match early(line, "config") {
        Some(path) => Some(
            values::path(&path).map_err(|why| t!("usage-value", flag = "--config", why = why))?,
        ),
        None => None,
    };
    let command = A::command();
    let mut settings = Settings::load(given, command.get_name())?;
    settings.take_variables(&command);
    Ok(settings)
}

/// Reads the line together with the other sources. The line has the last word: where it changes what the others mean,
/// all is read again.
fn understand<A: Parser>(
    line: &[OsString],
    mut settings: Settings,
) -> Result<Understood, NotUnderstood> {
    let understood = once::<A>(line, settings.clone())?;
    let is_changed = {
        let ports = ports(&understood.matches, &mut settings).map_err(NotUnderstood::Said)?;
        let opposites = opposites(&understood.matches, &mut settings);
        ports || opposites
    };
    if is_changed {
        return once::<A>(line, settings);
    }
    Ok(understood)
}

fn once<A: Parser>(line: &[OsString], settings: Settings) -> Result<Understood, NotUnderstood> {
    let line = asking_for_help(line);
    let is_there = |name: &str| Path::new(name).symlink_metadata().is_ok();
    let command = downloading(A::command(), is_there);
    let known = dressed(at_home(command, &settings), &settings);
    let line = behind_their_command(&as_known(&line, &known), &known);
    let command = renamed(known.clone());
    // What is printed has the names of the session.
    if let Err(error) = patient(command.clone()).try_get_matches_from(&line) {
        return Err(NotUnderstood::Line(Box::new((error, command, settings))));
    }
    match patient(known).try_get_matches_from(&line) {
        Ok(matches) => match twice(&command, &matches) {
            Some(why) => Err(NotUnderstood::Said(why)),
            None => Ok(Understood {
                command,
                matches,
                settings,
            }),
        },
        Err(error) => Err(NotUnderstood::Line(Box::new((error, command, settings)))),
    }
}

/// A person's client keeps its statistics and its memory in their home, where there is one; servers have a folder of
/// their own.
fn at_home(command: Command, settings: &Settings) -> Command {
    let is_given = settings.get("estadisticas").is_some();
    match values::state() {
        Some(home) if command.get_name() == "videocliente" && !is_given => command
            .mut_arg("estadisticas", |arg| {
                arg.default_value(home.into_os_string())
            }),
        Some(_) | None => command,
    }
}

/// The same for pages that are read by whoever has another home.
pub fn in_some_home(command: Command) -> Command {
    match command.get_name() {
        "videocliente" => command.mut_arg("estadisticas", |arg| {
            arg.default_value("~/.local/state/trozos")
        }),
        _ => command,
    }
}

/// `videocliente ayuda descargar` asks for the same as `videocliente descargar --help`.
fn asking_for_help(line: &[OsString]) -> Vec<OsString> {
    let is_help = |word: &OsString| word.to_str().is_some_and(names::is_help);
    match line {
        [program, word, rest @ ..] if is_help(word) => {
            let program = std::iter::once(program);
            let line = program.chain(rest).cloned();
            line.chain(["--help".into()]).collect()
        }
        line => line.to_vec(),
    }
}

/// A wrong command line, found after it was read.
pub fn wrong(message: &str, program: &str) -> ExitCode {
    output::report(&t!("error", why = message.trim_end()));
    output::report(&t!("usage-more", program = program));
    Exit::Usage.into()
}

fn wrong_line<A: Parser>(message: &str) -> ExitCode {
    wrong(message, A::command().get_name())
}

fn refuse(message: String) -> ExitCode {
    output::report(&t!("error", why = message));
    Exit::Usage.into()
}

fn end(error: &clap::Error, command: &Command, settings: &Settings) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => output::wrote(error.print()).into(),
        _ => wrong(&explained(error, command, settings), command.get_name()),
    }
}

/// What is wrong, and where it stands when it is not in the line.
fn explained(error: &clap::Error, command: &Command, settings: &Settings) -> String {
    let why = usage::explain(error, command);
    let Some((flag, value)) = usage::value_of(error) else {
        return why;
    };
    let id = names::spanish(&flag).replace('-', "_");
    if settings
        .get(&id)
        .is_none_or(|given| given != OsStr::new(&value))
    {
        return why;
    }
    match settings.origin(&id) {
        Origin::Default | Origin::Line => why,
        Origin::File => t!("settings-wrong", path = settings.path(), why = why),
        Origin::Variable => t!("usage-value", flag = variable_said(&id), why = why),
    }
}

/// The value of a flag, or of its variable, before the whole line can be understood.
fn early(line: &[OsString], flag: &str) -> Option<OsString> {
    let longs: Vec<String> = std::iter::once(flag)
        .chain(names::english(flag))
        .map(|name| format!("--{name}"))
        .collect();
    let mut words = line.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let bytes = word.as_bytes();
        for long in &longs {
            match bytes.strip_prefix(long.as_bytes()) {
                Some([]) => return words.next().cloned(),
                Some([b'=', value @ ..]) => return Some(OsStr::from_bytes(value).to_owned()),
                _ => {}
            }
        }
    }
    of_variable(flag)
}

/// Chooses the language that a line or its variable asks for, or the file, or the locale.
pub fn choose_language(line: &[OsString], configured: Option<&OsStr>) {
    let said = early(line, "idioma").or_else(|| configured.map(OsStr::to_owned));
    let said = said.map(|value| values::trimmed(&value).to_string_lossy().into_owned());
    let chosen = said.as_deref().and_then(Language::of);
    language::choose(chosen.unwrap_or_else(Language::of_environment));
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::{
        args::{CentralArgs, ClientArgs, LocalArgs, SecondaryArgs},
        commands::{CENTRAL, CLIENT, COMMON, SECONDARY},
        text::topics,
    };

    fn check(command: &Command) {
        let name = command.get_name();
        assert!(
            command
                .get_about()
                .is_some_and(|about| !about.to_string().is_empty()),
            "{name}"
        );
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty(), "{name}: {}", arg.get_id());
            let heading = arg.get_help_heading();
            assert!(
                heading.is_some_and(|h| h.starts_with(char::is_uppercase)),
                "{name}: {heading:?}"
            );
            // Completions would show it, in no language of ours.
            let values = arg.get_possible_values();
            assert!(
                values.iter().all(|value| value.get_help().is_none()),
                "{name}: {values:?}"
            );
        }
        for sub in command.get_subcommands() {
            check(sub);
        }
    }

    #[test]
    fn every_flag_and_every_command_has_its_words() {
        for command in [
            CentralArgs::command(),
            SecondaryArgs::command(),
            ClientArgs::command(),
            LocalArgs::command(),
        ] {
            let command = dressed(command, &Settings::default());
            command.clone().debug_assert();
            check(&command);
        }
        let topics = [
            topics::of(CLIENT),
            topics::of(CENTRAL),
            topics::of(SECONDARY),
            topics::of(COMMON),
            topics::of(crate::cli::local::FAULTS),
        ];
        for topic in topics.iter().flatten() {
            for text in [
                topics::sentence(topic.id),
                topics::usage(topic.id),
                topics::example(topic.id),
            ] {
                assert!(!text.is_empty(), "{}", topic.id);
            }
            // The usage is written with a name that works.
            let usage = topics::usage(topic.id);
            let word = usage.split(' ').next().unwrap_or_default();
            assert!(topic.names.contains(&word), "{usage}");
        }
    }

    #[test]
    fn early_values_are_found_in_both_spellings_and_not_after_two_hyphens() {
        let line = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (text, value) in [
            ("p --config a.toml", Some("a.toml")),
            ("p --x 1 --config=a.toml", Some("a.toml")),
            ("p -- --config a.toml", None),
            ("p --configuration=a.toml", None),
            ("p", None),
        ] {
            assert_eq!(
                early(&line(text), "config"),
                value.map(OsString::from),
                "{text}"
            );
        }
        let english = early(&line("p --language=en"), "idioma");
        assert_eq!(english, Some("en".into()));
    }
}
