//! A line at a secondary's prompt.

use super::{
    BadLine, BadValue, CommonLine, Form, Numbers, Parsed, SECONDARY, SecondaryVerb, first_alone,
    form, is_off, nothing, numbers, parse, value,
};
use crate::cli::quantity::rate;

/// A smaller limit that has no unit may lack it.
const SURELY_BYTES: u64 = 10_000;

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
    /// `LIMITE`, in bytes per second; `None` for no limit.
    Limit(Option<u64>),
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
        SecondaryVerb::Limit if rest.is_empty() => return Err(BadLine::Missing { id }),
        SecondaryVerb::Limit => SecondaryLine::Limit(limit(rest, id)?),
        SecondaryVerb::Statistics => SecondaryLine::Statistics(form(rest, id)?),
    })
}

/// A limit, or the word that takes it away. Of a small number without a unit it is asked what it means.
fn limit(rest: &str, id: &'static str) -> Result<Option<u64>, BadLine> {
    if is_off(first_alone(rest, id).unwrap_or(rest)) {
        return Ok(None);
    }
    let limit = rate(rest).map_err(|_| value(rest, BadValue::Limit))?;
    let has_unit = rest.contains(char::is_alphabetic);
    if !has_unit && limit < SURELY_BYTES {
        return Err(value(rest, BadValue::LimitUnit(limit)));
    }
    Ok(Some(limit))
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
