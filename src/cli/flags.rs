//! How a command line is read: flags over the environment (`TROZOS_*`) over the configuration file over defaults, and
//! help in the chosen language. clap does the work; this module prepares its commands first.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    process::ExitCode,
};

use clap::{Arg, ArgAction, ArgMatches, Command, Parser, error::ErrorKind, parser::ValueSource};

use super::{
    args::settings_can_have,
    console::page_columns,
    exit::Exit,
    given::{opposites, origin, patient, ports, twice},
    output,
    settings::{Origin, Settings, variable},
    text::{
        flags::flag_text,
        language::{self, Language},
        t,
        table::{Table, minor, name, whole},
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
        let written = output::say(&shown(&command, &matches, &settings));
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
    let command = dressed(A::command(), &settings);
    let repeatable = patient(command.clone());
    match repeatable.try_get_matches_from(line) {
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
    let id = flag.replace('-', "_");
    if settings
        .get(&id)
        .is_none_or(|given| given != OsStr::new(&value))
    {
        return why;
    }
    match settings.origin(&id) {
        Origin::Default | Origin::Line => why,
        Origin::File => t!("settings-wrong", path = settings.path(), why = why),
        Origin::Variable => t!("usage-value", flag = variable(&id), why = why),
    }
}

/// The value of a flag, or of its variable, before the whole line can be understood.
fn early(line: &[OsString], flag: &str) -> Option<OsString> {
    let long = format!("--{flag}");
    let with_value = format!("{long}=");
    let mut words = line.iter().skip(1).take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if *word == *long {
            return words.next().cloned();
        }
        if let Some(value) = word.as_bytes().strip_prefix(with_value.as_bytes()) {
            return Some(OsStr::from_bytes(value).to_owned());
        }
    }
    values::variable(&variable(flag))
}

/// Chooses the language that a line or its variable asks for, or the file, or the locale.
pub fn choose_language(line: &[OsString], configured: Option<&OsStr>) {
    let said = early(line, "idioma").or_else(|| configured.map(OsStr::to_owned));
    let said = said.map(|value| values::trimmed(&value).to_string_lossy().into_owned());
    let chosen = said.as_deref().and_then(Language::of);
    language::choose(chosen.unwrap_or_else(Language::of_environment));
}

/// A command with the values of variables and the file, and with its texts.
pub fn dressed(command: Command, settings: &Settings) -> Command {
    let is_for_scripts = command.get_name() == "videocliente";
    let command = command.mut_args(|arg| {
        let arg = sourced(arg, settings);
        // A script's flags may follow what it does, and these every subcommand.
        let is_of_all = matches!(arg.get_id().as_str(), "idioma" | "config");
        let is_everywhere = (is_for_scripts || is_of_all) && arg.get_long().is_some();
        if is_everywhere { arg.global(true) } else { arg }
    });
    let command = command.mut_subcommands(|sub| sub.mut_args(|arg| sourced(arg, settings)));
    let path = command.get_name().to_owned();
    localised(command, &path)
        .version(env!("CARGO_PKG_VERSION"))
        .arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help(t!("flag-version"))
                .help_heading(t!("heading-general")),
        )
        .after_help(t!("help-sources"))
}

/// A flag that takes its value from the environment and the file too.
fn sourced(arg: Arg, settings: &Settings) -> Arg {
    if arg.get_long().is_none() {
        return arg;
    }
    let id = arg.get_id().as_str().to_owned();
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let arg = if is_switch {
        arg.value_parser(values::tidy(values::switch))
    } else {
        arg.ignore_case(true)
    };
    match settings.get(&id) {
        Some(value) => arg.required(false).default_value(value.to_owned()),
        None => arg,
    }
}

/// A command in the chosen language, and its subcommands. `path` is how it is called.
fn localised(command: Command, path: &str) -> Command {
    let template = format!(
        "{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}{{after-help}}",
        t!("heading-usage")
    );
    let command = command.mut_args(|arg| localised_arg(arg, path));
    let usage = usage_line(&command, path);
    // A command of the prompt brings its own.
    let own = command.get_about().map(ToString::to_string);
    let about = language::find(&format!("about-{}", path.replace(' ', "-"))).or(own);
    let about = about.unwrap_or_default();
    let command = command
        .about(about)
        .help_template(template)
        .override_usage(usage)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(t!("heading-commands"))
        .arg(
            Arg::new("help")
                .short('h')
                .long("help")
                .action(ArgAction::Help)
                .help(t!("flag-help"))
                .help_heading(t!("heading-general")),
        );
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        localised(sub, &path)
    })
}

fn localised_arg(arg: Arg, path: &str) -> Arg {
    let id = arg.get_id().as_str().to_owned();
    let own = arg.get_help().map(ToString::to_string);
    let heading = arg.get_help_heading().unwrap_or("options").to_owned();
    // A flag of an order is about the server that is meant.
    let path = if heading == "order" { "order" } else { path };
    let text = flag_text(&id, &path.replace(' ', "-"));
    let mut help = text.or(own).unwrap_or_default();
    let defaults: Vec<String> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    if !defaults.is_empty() && !matches!(arg.get_action(), ArgAction::SetTrue) {
        help = format!(
            "{help} [{}]",
            t!("flag-default", value = defaults.join(", "))
        );
    }
    let names: Vec<String> = arg
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .map(|name| {
            let id = format!("value-{}", name.to_lowercase().replace('_', "-"));
            language::find(&id).unwrap_or_else(|| name.to_string())
        })
        .collect();
    let heading = language::find(&format!("heading-{heading}")).unwrap_or_default();
    let takes_value = arg.get_action().takes_values();
    let arg = arg
        .help(help)
        .help_heading(heading)
        .hide_default_value(takes_value)
        .hide_possible_values(takes_value);
    if takes_value && !names.is_empty() {
        arg.value_names(names)
    } else {
        arg
    }
}

/// `videosecundario [OPCIONES] --numero <N>`.
fn usage_line(command: &Command, path: &str) -> String {
    let mut line = format!("{path} [{}]", t!("usage-options"));
    for arg in command.get_arguments() {
        let name = arg.get_value_names().and_then(|names| names.first());
        let name = name.map_or_else(String::new, ToString::to_string);
        let many = if matches!(arg.get_action(), ArgAction::Append) {
            "..."
        } else {
            ""
        };
        match (arg.get_long(), arg.is_required_set()) {
            (None, true) => line.push_str(&format!(" <{name}>{many}")),
            (None, false) => line.push_str(&format!(" [{name}]{many}")),
            (Some(long), true) => line.push_str(&format!(" --{long} <{name}>")),
            (Some(_), false) => {}
        }
    }
    if command.has_subcommands() {
        line.push_str(&format!(" [{}]", t!("usage-command")));
    }
    line
}

/// Every value and where it comes from.
fn shown(command: &Command, matches: &ArgMatches, settings: &Settings) -> Vec<String> {
    let rows: Vec<Vec<String>> = command
        .get_arguments()
        .filter(|arg| settings_can_have(arg))
        .map(|arg| {
            let id = arg.get_id().as_str();
            let raw = matches.try_get_raw(id).ok().flatten();
            let values: Vec<String> = raw
                .into_iter()
                .flatten()
                .map(|value| value.to_string_lossy().into_owned())
                .collect();
            let from = match origin(matches, settings, id) {
                Origin::Line => t!("origin-flag"),
                Origin::Variable => t!("origin-variable", name = variable(id)),
                Origin::File => t!("origin-file", path = settings.path()),
                Origin::Default if values.is_empty() => t!("origin-none"),
                Origin::Default => t!("origin-default"),
            };
            let flag = arg.get_long().unwrap_or(id).to_owned();
            let is_single = matches!(arg.get_action(), ArgAction::Set);
            let shown = match values.first() {
                // The same as often as it was said.
                Some(first) if is_single => first.clone(),
                _ => values.join(", "),
            };
            vec![flag, shown, from]
        })
        .collect();
    let head = [
        whole(t!("column-flag")),
        name(t!("column-value")),
        minor(1, t!("column-origin")),
    ];
    let mut lines = vec![settings.summary()];
    lines.extend(Table::new(head).with(rows).lines(page_columns()));
    lines
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
            ("p", None),
        ] {
            assert_eq!(
                early(&line(text), "config"),
                value.map(OsString::from),
                "{text}"
            );
        }
    }
}
