//! A line at a secondary's prompt.

use super::{
    BadLine, BadValue, CommonLine, Form, Numbers, Parsed, SECONDARY, SecondaryVerb, form, limit,
    nothing, numbers, parse,
};
use crate::cli::timetable::{self, Timetable};

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
    Recover(Numbers),
    /// `VACIAR`: these; `None` to be told how much there is and how to continue.
    Empty(Option<Numbers>),
    /// `LIMITE`: sets it; `None` to be told it.
    Limit(Option<Timetable>),
    /// `ESTADISTICAS`.
    Statistics(Form),
    /// What every program has.
    Common(CommonLine),
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
    let plain = |line: SecondaryLine| nothing(rest, id).map(|()| line);
    Ok(match verb {
        SecondaryVerb::Running => plain(SecondaryLine::Running)?,
        SecondaryVerb::Downloads => plain(SecondaryLine::Downloads)?,
        SecondaryVerb::Status => plain(SecondaryLine::Status)?,
        SecondaryVerb::Reindex => plain(SecondaryLine::Reindex)?,
        SecondaryVerb::Retired => SecondaryLine::Retired(form(rest, id)?),
        SecondaryVerb::Recover => SecondaryLine::Recover(numbers(rest, id, &BadValue::Retired)?),
        SecondaryVerb::Empty if rest.is_empty() => SecondaryLine::Empty(None),
        SecondaryVerb::Empty => SecondaryLine::Empty(Some(numbers(rest, id, &BadValue::Retired)?)),
        SecondaryVerb::Limit => SecondaryLine::Limit(limit(rest, timetable::parse)?),
        SecondaryVerb::Statistics => SecondaryLine::Statistics(form(rest, id)?),
    })
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
