//! A line at a secondary's prompt.

use super::{
    BadLine, BadValue, CommonLine, Form, Parsed, SECONDARY, SecondaryVerb, form, is_off, parse,
    value,
};
use crate::cli::quantity::rate;

/// A line at a secondary's prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondaryLine {
    /// `VIDEOS_DESCARGANDO`.
    Running,
    /// `VIDEOS_DESCARGADOS`.
    Downloads,
    /// `ESTADO`.
    Status,
    /// `REINDEXAR`.
    Reindex,
    /// `RETIRADOS`.
    Retired(Form),
    /// `RECUPERAR`.
    Recover(u64),
    /// `VACIAR`.
    Empty(Emptying),
    /// `LIMITE`, in bytes per second; `None` for no limit.
    Limit(Option<u64>),
    /// `ESTADISTICAS`.
    Statistics(Form),
    /// What every program has.
    Common(CommonLine),
}

/// Which files that were set aside are to be removed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emptying {
    /// None yet: show how much there is and how to continue.
    Ask,
    /// One file, by its number.
    One(u64),
    /// All of it.
    All,
}

/// Understands a line at a secondary's prompt.
///
/// # Errors
/// See [`BadLine`].
pub fn secondary(line: &str) -> Result<SecondaryLine, BadLine> {
    let (verb, id, rest) = match parse(line, SECONDARY)? {
        Parsed::Own(verb, id, rest) => (verb, id, rest),
        Parsed::Common(line) => return Ok(SecondaryLine::Common(line)),
    };
    Ok(match verb {
        SecondaryVerb::Running => SecondaryLine::Running,
        SecondaryVerb::Downloads => SecondaryLine::Downloads,
        SecondaryVerb::Status => SecondaryLine::Status,
        SecondaryVerb::Reindex => SecondaryLine::Reindex,
        SecondaryVerb::Retired => SecondaryLine::Retired(form(rest)?),
        SecondaryVerb::Recover if rest.is_empty() => return Err(BadLine::Missing { id }),
        SecondaryVerb::Recover => SecondaryLine::Recover(retired_number(rest)?),
        SecondaryVerb::Empty => SecondaryLine::Empty(match rest {
            "" => Emptying::Ask,
            "*" => Emptying::All,
            number => Emptying::One(retired_number(number)?),
        }),
        SecondaryVerb::Limit if rest.is_empty() => return Err(BadLine::Missing { id }),
        SecondaryVerb::Limit if is_off(rest) => SecondaryLine::Limit(None),
        SecondaryVerb::Limit => {
            let limit = rate(rest);
            SecondaryLine::Limit(Some(limit.map_err(|_| value(rest, BadValue::Limit))?))
        }
        SecondaryVerb::Statistics => SecondaryLine::Statistics(form(rest)?),
    })
}

fn retired_number(word: &str) -> Result<u64, BadLine> {
    word.parse().map_err(|_| value(word, BadValue::Retired))
}

/// True for a line that agrees.
pub fn is_yes(line: &str) -> bool {
    matches!(
        line.trim().to_lowercase().as_str(),
        "s" | "si" | "sí" | "y" | "yes"
    )
}

/// True for a line that does not.
pub fn is_no(line: &str) -> bool {
    matches!(line.trim().to_lowercase().as_str(), "n" | "no")
}
