//! What is wrong with a command line, in the chosen language: clap's own words are English only.

use std::error::Error as _;

use clap::{
    Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::text::{clean, list, t};

/// What is wrong and what to do.
pub(super) fn explain(error: &clap::Error, command: &Command) -> String {
    let arg = text(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => t!("usage-no-value", flag = arg),
        ErrorKind::InvalidValue => {
            let valid = texts(error, ContextKind::ValidValue);
            t!(
                "usage-invalid-value",
                value = value,
                flag = arg,
                valid = list(valid)
            )
        }
        ErrorKind::ValueValidation => validation(error, command, &value, &arg),
        ErrorKind::UnknownArgument => {
            let near = text(error, ContextKind::SuggestedArg);
            if near.is_empty() {
                t!("usage-unknown", flag = arg)
            } else {
                t!("usage-unknown-near", flag = arg, near = near)
            }
        }
        ErrorKind::InvalidSubcommand => {
            let word = text(error, ContextKind::InvalidSubcommand);
            let names = command.get_subcommands().map(Command::get_name);
            t!("usage-command-unknown", word = word, valid = list(names))
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = texts(error, ContextKind::InvalidArg);
            t!("usage-missing", flags = list(missing))
        }
        ErrorKind::ArgumentConflict => {
            let other = texts(error, ContextKind::PriorArg);
            t!("usage-conflict", flag = arg, other = list(other))
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            t!("usage-no-value", flag = arg)
        }
        ErrorKind::InvalidUtf8 => t!("usage-utf8"),
        // What our own code made has its words already.
        _ => clean_lines(&error.to_string()),
    }
}

/// A value that was refused: our own parsers say why in the chosen language; for those of others the flag's help
/// says what can be.
fn validation(error: &clap::Error, command: &Command, value: &str, arg: &str) -> String {
    if arg.is_empty() {
        return clean_lines(&error.to_string());
    }
    let why = error.source().map(ToString::to_string).unwrap_or_default();
    if why.starts_with('«') || why.starts_with('“') {
        return t!("usage-value", flag = arg, why = why);
    }
    let long = arg.split_whitespace().next().unwrap_or_default();
    let long = long.trim_start_matches('-');
    let help = command
        .get_arguments()
        .find(|known| known.get_long() == Some(long))
        .and_then(|known| known.get_help())
        .map(ToString::to_string)
        .unwrap_or_default();
    t!("usage-bad-value", value = value, flag = arg, help = help)
}

fn clean_lines(text: &str) -> String {
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
