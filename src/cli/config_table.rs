//! `--mostrar-config`: every value that counts, and where it comes from.

use clap::{ArgAction, ArgMatches, Command};

use super::{
    args::{SecondaryArgs, settings_can_have},
    console::page_columns,
    given::origin,
    names,
    settings::{Origin, Settings, variable_said},
    text::{
        language, t,
        table::{Table, minor, name, whole},
    },
};

/// Every value and where it comes from.
pub(super) fn shown(command: &Command, matches: &ArgMatches, settings: &Settings) -> Vec<String> {
    let rows: Vec<Vec<String>> = command
        .get_arguments()
        .filter(|arg| settings_can_have(arg))
        .map(|arg| {
            let id = arg.get_id().as_str();
            let raw = matches.try_get_raw(id).ok().flatten();
            let mut values: Vec<String> = raw
                .into_iter()
                .flatten()
                .map(|value| value.to_string_lossy().into_owned())
                .collect();
            let from = match origin(matches, settings, id) {
                Origin::Line => t!("origin-flag"),
                Origin::Variable => t!("origin-variable", name = variable_said(id)),
                Origin::File => t!("origin-file", path = settings.path()),
                Origin::Default => {
                    if values.is_empty() {
                        values.extend(of_itself(matches, id));
                    }
                    values.iter_mut().for_each(|v| *v = names::value(v));
                    match values.is_empty() {
                        true => t!("origin-none"),
                        false => t!("origin-default"),
                    }
                }
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

/// The value that a flag has where nobody gives one and clap knows none.
fn of_itself(matches: &ArgMatches, id: &str) -> Option<String> {
    if id == "idioma" {
        return Some(language::chosen().tag().to_owned());
    }
    let number: u64 = *matches.try_get_one("numero").ok().flatten()?;
    match id {
        "puerto" => SecondaryArgs::usual_port(number).map(|port| port.to_string()),
        "directorio" => Some(SecondaryArgs::usual_folder(number)),
        _ => None,
    }
}
