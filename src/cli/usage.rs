//! What is wrong with a command line, in the chosen language: clap's own words are English only.

use std::error::Error as _;

use clap::{
    Arg, Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{
    commands::nearest,
    names,
    quantity::BadValue,
    text::{clean, either, flags::flag_text, list, t},
};

/// What is wrong and what to do.
pub(super) fn explain(error: &clap::Error, command: &Command) -> String {
    let arg = text(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => t!("usage-no-value", flag = arg),
        ErrorKind::InvalidValue => invalid(error, &value, &arg),
        ErrorKind::ValueValidation => validation(error, command, &value, &arg),
        ErrorKind::UnknownArgument => unknown(error, command, &arg),
        ErrorKind::InvalidSubcommand => {
            let word = text(error, ContextKind::InvalidSubcommand);
            let suggested = texts(error, ContextKind::SuggestedSubcommand);
            let near = nearest(&word, suggested.iter().map(String::as_str));
            let near = near.or(suggested.first().map(String::as_str));
            match near.unwrap_or_default().to_owned() {
                near if near.is_empty() => {
                    t!(
                        "usage-command-unknown",
                        word = word,
                        valid = commands(command)
                    )
                }
                near => {
                    let near = in_language(command, near);
                    t!("usage-command-near", word = word, near = near)
                }
            }
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = texts(error, ContextKind::InvalidArg);
            t!("usage-missing", flags = list(missing))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            t!("usage-command-missing", valid = commands(command))
        }
        ErrorKind::ArgumentConflict => {
            let others = texts(error, ContextKind::PriorArg);
            let what = match arg.is_empty() {
                true => text(error, ContextKind::InvalidSubcommand),
                false => arg,
            };
            match others.as_slice() {
                [other] if *other == what => t!("usage-twice", flag = what),
                // A command that goes with no flag at all.
                [] => t!("usage-command-alone", word = what),
                others => t!("usage-conflict", flag = what, other = list(others)),
            }
        }
        ErrorKind::TooManyValues => t!("usage-unwanted-value", flag = arg, value = value),
        ErrorKind::NoEquals | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            t!("usage-no-value", flag = arg)
        }
        ErrorKind::InvalidUtf8 => t!("usage-utf8"),
        ErrorKind::Io | ErrorKind::Format => {
            t!("system-other", words = first_line(&error.to_string()))
        }
        // These are no errors, and there are no others in this version of clap.
        _ => first_line(&error.to_string()),
    }
}

/// The subcommands, of which one is wanted.
fn commands(command: &Command) -> String {
    let names = command.get_subcommands().map(Command::get_name);
    either(&names.map(str::to_owned).collect::<Vec<_>>())
}

/// A value that is none of those that can be.
fn invalid(error: &clap::Error, value: &str, arg: &str) -> String {
    let valid = either(&texts(error, ContextKind::ValidValue));
    match text(error, ContextKind::SuggestedValue) {
        near if near.is_empty() => t!(
            "usage-invalid-value",
            value = value,
            flag = arg,
            valid = valid
        ),
        near => t!(
            "usage-invalid-value-near",
            value = value,
            flag = arg,
            near = near,
            valid = valid
        ),
    }
}

/// The flag whose value was refused, without its hyphens, and that value.
pub(super) fn value_of(error: &clap::Error) -> Option<(String, String)> {
    let arg = text(error, ContextKind::InvalidArg);
    let long = arg.split_whitespace().next()?.strip_prefix("--")?;
    Some((long.to_owned(), text(error, ContextKind::InvalidValue)))
}

/// A word that is none of the flags; what looks like no flag at all is one word too many.
fn unknown(error: &clap::Error, command: &Command, arg: &str) -> String {
    if !arg.starts_with('-') {
        return t!("usage-too-much", word = arg);
    }
    let near = text(error, ContextKind::SuggestedArg);
    let near = match near.is_empty() {
        true => named_elsewhere(command, arg),
        false => Some(names::dashed(names::spanish(near.trim_start_matches('-')))),
    };
    match near {
        Some(near) => t!("usage-unknown-near", flag = arg, near = near),
        None => t!("usage-unknown", flag = arg),
    }
}

/// A flag that belongs to one of the subcommands: how it would be right.
fn named_elsewhere(command: &Command, arg: &str) -> Option<String> {
    let long = arg.trim_start_matches('-');
    let sub = command
        .get_subcommands()
        .find(|sub| arg_of(sub, long).is_some())?;
    let flag = names::dashed(names::spanish(long));
    Some(format!("{} {flag}", sub.get_name()))
}

/// A flag of a command, by either name.
fn arg_of<'a>(command: &'a Command, long: &str) -> Option<&'a Arg> {
    let meant = names::spanish(long);
    let is_it = |arg: &&Arg| {
        arg.get_long()
            .is_some_and(|own| names::spanish(own) == meant)
    };
    command.get_arguments().find(is_it)
}

/// A value that was refused: our own parsers say why in the chosen language; for those of others the flag's help
/// says what can be.
fn validation(error: &clap::Error, command: &Command, value: &str, arg: &str) -> String {
    if let Some(why) = error
        .source()
        .and_then(|why| why.downcast_ref::<BadValue>())
    {
        return t!("usage-value", flag = arg, why = why);
    }
    let long = arg.split_whitespace().next().unwrap_or_default();
    let long = long.trim_start_matches('-');
    match help(command, long) {
        Some(help) => t!("usage-bad-value", value = value, flag = arg, help = help),
        None => t!("usage-bad-value-alone", value = value, flag = arg),
    }
}

/// What a flag of a command, or of one of its subcommands, is for.
fn help(command: &Command, long: &str) -> Option<String> {
    let name = command.get_name();
    if let Some(arg) = arg_of(command, long) {
        return flag_text(arg.get_id().as_str(), name);
    }
    let subs = command.get_subcommands();
    let arg = subs.filter_map(|sub| arg_of(sub, long)).next()?;
    flag_text(arg.get_id().as_str(), name)
}

/// A suggested command by the name that goes with the language: clap may suggest another one.
fn in_language(command: &Command, near: String) -> String {
    let is_it = |sub: &&Command| sub.get_all_aliases().any(|alias| alias == near);
    match command.get_subcommands().find(is_it) {
        Some(sub) => sub.get_name().to_owned(),
        None => near,
    }
}

fn first_line(text: &str) -> String {
    let text = text.trim().trim_start_matches("error: ");
    clean(text.lines().next().unwrap_or_default())
}

fn text(error: &clap::Error, kind: ContextKind) -> String {
    texts(error, kind).into_iter().next().unwrap_or_default()
}

fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}
