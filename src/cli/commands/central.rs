//! A line at a central's prompt.

use super::{
    BadLine, BadValue, CENTRAL, CentralVerb, CommonLine, Form, Parsed, file_name, form, is_off,
    parse, unquote, value,
};
use crate::model::FileName;

/// A line at a central's prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CentralLine {
    /// `NUMERO_DESCARGAS_VIDEO`.
    PerFile,
    /// `VIDEOS_CLIENTE`.
    PerClient,
    /// `ESTADO`.
    Status,
    /// `SECUNDARIOS`.
    Secondaries,
    /// `CLIENTES`.
    Clients,
    /// `COLA`.
    Queue,
    /// `EXPULSAR`.
    Expel(String),
    /// `DRENAR`.
    Drain(u16, Drain),
    /// `CONFLICTOS`.
    Conflicts(Form),
    /// `RESOLVER`: the name's content that is chosen.
    Resolve(FileName, u16),
    /// `ESTADISTICAS`.
    Statistics(Form),
    /// What every program has.
    Common(CommonLine),
}

/// What is done to a secondary by `DRENAR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// It is drained.
    Begin,
    /// It works again.
    End,
}

/// Understands a line at a central's prompt.
///
/// # Errors
/// See [`BadLine`].
pub fn central(line: &str) -> Result<CentralLine, BadLine> {
    let (verb, id, rest) = match parse(line, CENTRAL)? {
        Parsed::Own(verb, id, rest) => (verb, id, rest),
        Parsed::Common(line) => return Ok(CentralLine::Common(line)),
    };
    Ok(match verb {
        CentralVerb::PerFile => CentralLine::PerFile,
        CentralVerb::PerClient => CentralLine::PerClient,
        CentralVerb::Status => CentralLine::Status,
        CentralVerb::Secondaries => CentralLine::Secondaries,
        CentralVerb::Clients => CentralLine::Clients,
        CentralVerb::Queue => CentralLine::Queue,
        CentralVerb::Expel if rest.is_empty() => return Err(BadLine::Missing { id }),
        CentralVerb::Expel => CentralLine::Expel(unquote(rest).to_owned()),
        CentralVerb::Drain => {
            let mut words = rest.split_whitespace();
            let number = words.next().ok_or(BadLine::Missing { id })?;
            let what = match words.next() {
                None => Drain::Begin,
                Some(word) if is_off(word) => Drain::End,
                Some(word) => return Err(value(word, BadValue::NotOff)),
            };
            let number = number
                .parse()
                .map_err(|_| value(number, BadValue::Secondary))?;
            CentralLine::Drain(number, what)
        }
        CentralVerb::Conflicts => CentralLine::Conflicts(form(rest)?),
        CentralVerb::Resolve => {
            let words = rest.rsplit_once(char::is_whitespace);
            let (name, choice) = words.ok_or(BadLine::Missing { id })?;
            let choice = choice
                .parse()
                .map_err(|_| value(choice, BadValue::Choice))?;
            CentralLine::Resolve(file_name(unquote(name.trim()))?, choice)
        }
        CentralVerb::Statistics => CentralLine::Statistics(form(rest)?),
    })
}
