//! A command in the chosen language: its texts, what its flags and subcommands are called, and the values that come from
//! variables and the file.

use clap::{Arg, ArgAction, Command};

use super::{
    names,
    settings::Settings,
    text::{
        flags::flag_text,
        language::{self, Language},
        t,
    },
    values,
};

/// Flags of a program that may follow its subcommands too.
const ALWAYS_EVERYWHERE: &[&str] = &["idioma", "config"];

/// A program that downloads, with its usual folder as it is called here.
pub(super) fn downloading(command: Command, is_there: impl Fn(&str) -> bool) -> Command {
    if !command.get_arguments().any(|arg| arg.get_id() == "destino") {
        return command;
    }
    let folder = names::downloads_folder(is_there);
    command.mut_arg("destino", |arg| arg.default_value(folder))
}

/// A command with the values of variables and the file, and with its texts. Its subcommands have the names that the code
/// knows, with all others as aliases; see [`renamed`].
pub(super) fn dressed(command: Command, settings: &Settings) -> Command {
    let is_for_scripts = command.get_name() == "videocliente";
    let command = command.mut_args(|arg| {
        let arg = sourced(arg, settings);
        // A script's flags may follow what it does, and some every subcommand.
        let is_everywhere = arg.get_long().is_some()
            && (is_for_scripts || ALWAYS_EVERYWHERE.contains(&arg.get_id().as_str()));
        if is_everywhere { arg.global(true) } else { arg }
    });
    let command = command.mut_subcommands(|sub| sub.mut_args(|arg| sourced(arg, settings)));
    let path = command.get_name().to_owned();
    localised(command, &path, &path)
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

/// The same command with its subcommands called as the session does: for help, completions and complaints. What it reads has
/// other names than the code knows.
pub(super) fn renamed(command: Command) -> Command {
    command.mut_subcommands(|sub| {
        let shown = shown_name(&sub);
        let others = other_names(&sub, &shown);
        sub.name(shown).alias(None).aliases(others)
    })
}

/// What the session calls a subcommand. Those that are commands of a prompt have their English name first among the others.
fn shown_name(sub: &Command) -> String {
    let name = sub.get_name();
    match language::chosen() {
        Language::Spanish => name.to_owned(),
        Language::English => names::english_command(name)
            .or_else(|| sub.get_all_aliases().next())
            .unwrap_or(name)
            .to_owned(),
    }
}

/// All that a subcommand is called besides one of its names.
fn other_names(sub: &Command, one: &str) -> Vec<String> {
    let name = sub.get_name().to_owned();
    let more: Vec<String> = names::other_names(&name).map(str::to_owned).collect();
    let own = sub.get_all_aliases().map(str::to_owned);
    let mut others: Vec<String> = Vec::new();
    for other in std::iter::once(name).chain(own).chain(more) {
        if other != one && !others.contains(&other) {
            others.push(other);
        }
    }
    others
}

/// A command in the chosen language, and its subcommands. `path` finds its texts, `title` is what it is called.
fn localised(command: Command, path: &str, title: &str) -> Command {
    let template = format!(
        "{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}{{after-help}}",
        t!("heading-usage")
    );
    let command = command.mut_args(|arg| localised_arg(arg, path));
    let usage = usage_line(&command, title);
    // A command of the prompt brings its own.
    let own = command.get_about().map(ToString::to_string);
    let about = language::find(&format!("about-{path}")).or(own);
    let command = command
        .about(about.unwrap_or_default())
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
        let name = sub.get_name().to_owned();
        let path = format!("{path}-{name}");
        let title = format!("{title} {}", shown_name(&sub));
        let others = other_names(&sub, &name);
        let sub = sub.alias(None).aliases(others);
        localised(sub, &path, &title)
    })
}

/// A flag is called as the session does, and understood by its other name too.
fn named(arg: Arg) -> Arg {
    let Some(long) = arg.get_long().map(str::to_owned) else {
        return arg;
    };
    match (names::english(&long), language::chosen()) {
        (None, _) => arg,
        (Some(english), Language::Spanish) => arg.alias(english),
        (Some(english), Language::English) => arg.long(english).alias(long),
    }
}

fn localised_arg(arg: Arg, path: &str) -> Arg {
    let arg = named(arg);
    let id = arg.get_id().as_str().to_owned();
    let own = arg.get_help().map(ToString::to_string);
    let heading = arg.get_help_heading().unwrap_or("options").to_owned();
    // A flag of an order is about the server that is meant.
    let path = if heading == "order" { "order" } else { path };
    let mut help = flag_text(&id, path).or(own).unwrap_or_default();
    let defaults: Vec<String> = arg
        .get_default_values()
        .iter()
        .map(|value| names::value(&value.to_string_lossy()))
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
            let words: Vec<String> = name.split('|').map(value_name).collect();
            words.join("|")
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

/// What help calls a kind of value, or a value that is a word.
fn value_name(name: &str) -> String {
    let id = format!("value-{}", name.to_lowercase().replace('_', "-"));
    language::find(&id).unwrap_or_else(|| names::value(name))
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
