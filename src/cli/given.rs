//! Which value of a flag counts when it has several sources or is repeated.

use std::ffi::OsStr;

use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};

use super::{
    centrals::CentralPlaces,
    names,
    place::Place,
    settings::{Origin, Settings},
    text::t,
    values,
};

/// Flags whose address may have a port, and the flag that has the port otherwise.
const PORTS: [(&str, &str); 2] = [("ip", "puerto"), ("ip_central", "puerto_central")];
/// Switches that exclude each other; the one on the command line wins.
const OPPOSITES: [(&str, &str); 2] = [("detallado", "silencioso"), ("silencioso", "detallado")];

/// The same command, which accepts every flag more than once.
pub(super) fn patient(command: Command) -> Command {
    let command = command.mut_args(|arg| {
        let id = arg.get_id().clone();
        match arg.get_action() {
            ArgAction::Set if arg.get_long().is_some() => arg.action(ArgAction::Append),
            ArgAction::SetTrue => arg.overrides_with(id),
            _ => arg,
        }
    });
    command.mut_subcommands(patient)
}

/// The error for a flag that was given two different values.
pub(super) fn twice(command: &Command, matches: &ArgMatches) -> Option<String> {
    let sub = matches.subcommand();
    let of_sub = sub.and_then(|(name, matches)| twice(command.find_subcommand(name)?, matches));
    let differs = |arg: &&Arg| {
        let is_single = matches!(arg.get_action(), ArgAction::Set) && arg.get_long().is_some();
        let given = given(matches, arg.get_id().as_str());
        is_single && given.windows(2).any(|pair| pair[0] != pair[1])
    };
    let arg = command.get_arguments().find(differs);
    let here = arg.map(|arg| {
        let flag = format!("--{}", arg.get_long().unwrap_or_default());
        let values = given(matches, arg.get_id().as_str());
        let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
        t!(
            "usage-twice-values",
            flag = flag,
            values = values.join(", ")
        )
    });
    of_sub.or(here)
}

/// The values of a flag as they were given, each once when they are the same but for what surrounds them.
fn given<'a>(matches: &'a ArgMatches, id: &str) -> Vec<&'a OsStr> {
    let raw = matches.try_get_raw(id).ok().flatten();
    raw.into_iter().flatten().map(values::trimmed).collect()
}

/// The command, or the one below it, that has a flag.
fn knowing<'a>(matches: &'a ArgMatches, id: &str) -> Option<&'a ArgMatches> {
    if matches.try_contains_id(id).is_ok() {
        return Some(matches);
    }
    knowing(matches.subcommand()?.1, id)
}

/// Where the value of a flag was given.
pub(super) fn origin(matches: &ArgMatches, settings: &Settings, id: &str) -> Origin {
    let known = knowing(matches, id);
    match known.and_then(|matches| matches.value_source(id)) {
        Some(ValueSource::CommandLine) => Origin::Line,
        _ => settings.origin(id),
    }
}

/// Moves a port that is written with an address to its own flag, unless that was set by a stronger source. True when
/// something changes.
pub(super) fn ports(matches: &ArgMatches, settings: &mut Settings) -> Result<bool, String> {
    let mut is_changed = false;
    for (address, flag) in PORTS {
        let place = matches.try_get_one::<Place>(address).ok().flatten();
        let of_central = matches.try_get_one::<CentralPlaces>(address).ok().flatten();
        let place = place.or_else(|| of_central?.only());
        let Some((place, port)) = place.and_then(|place| Some((place, place.port?))) else {
            continue;
        };
        let of_place = origin(matches, settings, address);
        let of_port = origin(matches, settings, flag);
        let other = matches.try_get_one::<u16>(flag).ok().flatten();
        if of_port > of_place || other == Some(&port) {
            continue;
        }
        if of_port == of_place {
            let long = |id: &str| names::dashed(&id.replace('_', "-"));
            return Err(t!(
                "usage-two-ports",
                address = long(address),
                place = place.to_string(),
                flag = long(flag),
                port = other.map(u16::to_string).unwrap_or_default()
            ));
        }
        settings.set(flag, port.to_string().into(), of_place);
        is_changed = true;
    }
    Ok(is_changed)
}

/// A switch at the line takes away its opposite that was given elsewhere. True when something changes.
pub(super) fn opposites(matches: &ArgMatches, settings: &mut Settings) -> bool {
    let mut is_changed = false;
    for (said, opposite) in OPPOSITES {
        let is_said = origin(matches, settings, said) == Origin::Line;
        if is_said && settings.get(opposite).is_some() {
            settings.unset(opposite);
            is_changed = true;
        }
    }
    is_changed
}
