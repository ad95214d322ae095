//! A line at a central's prompt.

use super::{
    BadLine, BadValue, CENTRAL, CentralVerb, CommonLine, Form, Numbers, Parsed, account_name,
    audit::audit, figure, file_name, form, nothing, numbers, parse, split_words, unquote, value,
};
use crate::{
    cli::quantity::is_off,
    engine::fold::fold,
    model::{AccountName, AuditQuery, FigureName, FigureOrder, FileName},
};

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
    /// `CENTRALES`.
    Centrals,
    /// `MIGRAR`: to the central of this name, or whichever is ready.
    Migrate(Option<String>),
    /// `CLIENTES`.
    Clients,
    /// `COLA`.
    Queue,
    /// `EXPULSAR`.
    Expel(String),
    /// `DRENAR`: these secondaries.
    Drain(Numbers, Drain),
    /// `CONFLICTOS`.
    Conflicts(Form),
    /// `RESOLVER`: the name's content that is chosen.
    Resolve(FileName, u16),
    /// `ESTADISTICAS`.
    Statistics(Form),
    /// `CUENTAS`.
    Accounts,
    /// `CUENTA`: what is done to one.
    Account(AccountName, AccountVerb),
    /// `LIBERAR`.
    FreeName(AccountName),
    /// `AUDITORIA`: these lines.
    Audit(AuditQuery, Form),
    /// `CIFRA`.
    Figure(FigureName, FigureOrder),
    /// `CIFRAS`.
    Figures,
    /// `INFO`.
    Info(Form),
    /// What every program has.
    Common(CommonLine),
}

/// What is done to an account by `CUENTA`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountVerb {
    /// It is shown.
    Show,
    /// A code lets one device more in.
    NewCode,
    /// The device whose key begins so is its no more.
    RemoveDevice(String),
    /// It is no more.
    Remove,
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
    let plain = |line: CentralLine| nothing(rest, id).map(|()| line);
    Ok(match verb {
        CentralVerb::PerFile => plain(CentralLine::PerFile)?,
        CentralVerb::PerClient => plain(CentralLine::PerClient)?,
        CentralVerb::Status => plain(CentralLine::Status)?,
        CentralVerb::Secondaries => plain(CentralLine::Secondaries)?,
        CentralVerb::Centrals => plain(CentralLine::Centrals)?,
        CentralVerb::Migrate => {
            let to = unquote(rest);
            CentralLine::Migrate((!to.is_empty()).then(|| to.to_owned()))
        }
        CentralVerb::Clients => plain(CentralLine::Clients)?,
        CentralVerb::Queue => plain(CentralLine::Queue)?,
        CentralVerb::Expel if rest.is_empty() => return Err(BadLine::Missing { id }),
        CentralVerb::Expel => CentralLine::Expel(unquote(rest).to_owned()),
        CentralVerb::Drain => drain(rest, id)?,
        CentralVerb::Conflicts => CentralLine::Conflicts(form(rest, id)?),
        CentralVerb::Resolve => {
            let words = rest.rsplit_once(char::is_whitespace);
            let (name, choice) = words.ok_or(BadLine::Missing { id })?;
            let choice = choice
                .parse()
                .map_err(|_| value(choice, BadValue::Choice))?;
            CentralLine::Resolve(file_name(unquote(name.trim()))?, choice)
        }
        CentralVerb::Statistics => CentralLine::Statistics(form(rest, id)?),
        CentralVerb::Accounts => plain(CentralLine::Accounts)?,
        CentralVerb::Account => account(rest, id)?,
        CentralVerb::FreeName if rest.is_empty() => return Err(BadLine::Missing { id }),
        CentralVerb::FreeName => CentralLine::FreeName(account_name(rest)?),
        CentralVerb::Audit => {
            let (query, form) = audit(rest, &jiff::Zoned::now())?;
            CentralLine::Audit(query, form)
        }
        CentralVerb::Figure => {
            let (name, order) = figure(rest)?;
            CentralLine::Figure(name, order)
        }
        CentralVerb::Figures => plain(CentralLine::Figures)?,
        CentralVerb::Info => CentralLine::Info(form(rest, id)?),
    })
}

/// `CUENTA ana`, `CUENTA ana NUEVA`, `CUENTA ana QUITAR 1a2b3c4d`, `CUENTA ana BORRAR`.
fn account(rest: &str, id: &'static str) -> Result<CentralLine, BadLine> {
    let mut words = split_words(rest).into_iter();
    let name = words.next().ok_or(BadLine::Missing { id })?;
    let name = account_name(&name)?;
    let verb = match words.next() {
        None => AccountVerb::Show,
        Some(word) => match fold(&word).as_str() {
            "nueva" | "nuevo" | "new" => AccountVerb::NewCode,
            "borrar" | "delete" => AccountVerb::Remove,
            "quitar" | "remove" => {
                let key = words.next().ok_or(BadLine::Missing { id })?;
                AccountVerb::RemoveDevice(key.to_lowercase())
            }
            _ => return Err(value(&word, BadValue::AccountVerb)),
        },
    };
    match words.next() {
        Some(word) => Err(BadLine::TooMuch { word, id }),
        None => Ok(CentralLine::Account(name, verb)),
    }
}

/// `DRENAR 1 2`, `DRENAR 1 2 NO`.
fn drain(rest: &str, id: &'static str) -> Result<CentralLine, BadLine> {
    let (before, last) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
    let (which, what) = match is_off(last) {
        true => (before, Drain::End),
        false => (rest, Drain::Begin),
    };
    match numbers(which, id, &BadValue::Secondary) {
        // A word behind a number.
        Err(BadLine::Value { value: word, .. }) if word == last && !before.is_empty() => {
            Err(value(last, BadValue::NotOff))
        }
        which => Ok(CentralLine::Drain(which?, what)),
    }
}
