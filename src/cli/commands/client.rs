//! A line at a client's prompt.

use super::{
    BadLine, BadValue, CLIENT, ClientVerb, CommonLine, Parsed, RoomLine, account_name, figure,
    file_name, limit, means_several, nothing, parse,
    publishing::{self, BringLine, PublishLine},
    rooms, split_words, unquote, value,
};
use crate::{
    cli::timetable::{self, Timetable},
    engine::fold::fold,
    model::{AccountName, ClientName, FigureName, FigureOrder, FileName},
    node::client::AccountWish,
};

/// A line at a client's prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientLine {
    /// `INSCRIBIR`.
    Enrol(ClientName),
    /// `NOMBRE`: shows it.
    Name,
    /// `LISTA_VIDEOS`.
    List,
    /// `BUSCAR`, or a list of some.
    Search(String),
    /// `VIDEO`.
    Download(Wanted),
    /// `ESTADO`.
    Status,
    /// `DETALLE`.
    Detail(Wanted),
    /// `PAUSAR`.
    Pause(Wanted),
    /// `REANUDAR`.
    Resume(Wanted),
    /// `CANCELAR`.
    Cancel(Wanted),
    /// `PRIORIDAD`.
    Priority(Wanted, Level),
    /// `VERIFICAR`.
    Verify(Wanted),
    /// `LIMITE_BAJADA`: sets it; `None` to be told it.
    Limit(Option<Timetable>),
    /// `LIMITE`: sets that of what peers are sent; `None` to be told it.
    UploadLimit(Option<Timetable>),
    /// `VER`.
    Watch(Wanted),
    /// What is about rooms and channels.
    Room(RoomLine),
    /// `PUBLICAR`.
    Publish(PublishLine),
    /// `RETIRAR`.
    Withdraw(FileName),
    /// `CONTENIDO`.
    Content(AccountName),
    /// `TRAER`.
    Bring(BringLine),
    /// `REGISTRAR`, `CONECTAR`, `DESCONECTAR`, `BAJA`.
    Account(AccountWish),
    /// `USUARIOS`: those whose names have this in them.
    Users(Option<String>),
    /// `CIFRA`.
    Figure(FigureName, FigureOrder),
    /// `CIFRAS`.
    Figures,
    /// What every program has.
    Common(CommonLine),
}

/// Files or downloads that are meant: one name, which may contain blanks, or several names, patterns and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// All that was typed, as one name.
    pub whole: String,
    /// The same as words, quotes taken off.
    pub words: Vec<String>,
}

impl Wanted {
    /// The name, where it can be only one.
    pub fn only(&self) -> Option<&str> {
        let is_one = self.words.len() <= 1 && !means_several(&self.whole);
        is_one.then_some(self.whole.as_str())
    }
}

/// How much a download matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `baja`.
    Low,
    /// `normal`.
    Normal,
    /// `alta`.
    High,
}

/// Understands a line at a client's prompt.
///
/// # Errors
/// See [`BadLine`].
pub fn client(line: &str) -> Result<ClientLine, BadLine> {
    let (verb, id, rest) = match parse(line, CLIENT)? {
        Parsed::Own(verb, id, rest) => (verb, id, rest),
        Parsed::Common(line) => return Ok(ClientLine::Common(line)),
    };
    let needs = || {
        if rest.is_empty() {
            Err(BadLine::Missing { id })
        } else {
            Ok(rest)
        }
    };
    Ok(match verb {
        ClientVerb::Enrol => ClientLine::Enrol(client_name(needs()?)?),
        ClientVerb::Name if rest.is_empty() => ClientLine::Name,
        ClientVerb::Name => ClientLine::Enrol(client_name(rest)?),
        ClientVerb::List if rest.is_empty() => ClientLine::List,
        ClientVerb::List => ClientLine::Search(unquote(rest).to_owned()),
        ClientVerb::Search => ClientLine::Search(unquote(needs()?).to_owned()),
        ClientVerb::Download => ClientLine::Download(files(needs()?)?),
        ClientVerb::Status => {
            nothing(rest, id)?;
            ClientLine::Status
        }
        ClientVerb::Detail => ClientLine::Detail(wanted(needs()?)),
        ClientVerb::Pause => ClientLine::Pause(wanted(needs()?)),
        ClientVerb::Resume => ClientLine::Resume(wanted(needs()?)),
        ClientVerb::Cancel => ClientLine::Cancel(wanted(needs()?)),
        ClientVerb::Priority => {
            let (which, level) = needs()?
                .rsplit_once(char::is_whitespace)
                .ok_or(BadLine::Missing { id })?;
            ClientLine::Priority(wanted(which.trim()), priority(level)?)
        }
        ClientVerb::Verify => ClientLine::Verify(files(needs()?)?),
        ClientVerb::Limit => ClientLine::Limit(limit(rest, timetable::download)?),
        ClientVerb::UploadLimit => ClientLine::UploadLimit(limit(rest, timetable::parse)?),
        ClientVerb::Watch => ClientLine::Watch(files(needs()?)?),
        ClientVerb::Room(verb) => ClientLine::Room(rooms::line(verb, id, rest)?),
        ClientVerb::Publish => ClientLine::Publish(publishing::publish(needs()?, id)?),
        ClientVerb::Withdraw => ClientLine::Withdraw(file_name(unquote(needs()?))?),
        ClientVerb::Content => ClientLine::Content(account_name(needs()?)?),
        ClientVerb::Bring => ClientLine::Bring(publishing::bring(needs()?, id)?),
        ClientVerb::Register => ClientLine::Account(AccountWish::Register(account_name(needs()?)?)),
        ClientVerb::Connect => ClientLine::Account(connect(rest, id)?),
        ClientVerb::Disconnect => {
            nothing(rest, id)?;
            ClientLine::Account(AccountWish::SignOut)
        }
        ClientVerb::Unregister => {
            nothing(rest, id)?;
            ClientLine::Account(AccountWish::Unregister)
        }
        ClientVerb::Users => {
            let text = unquote(rest);
            ClientLine::Users((!text.is_empty()).then(|| text.to_owned()))
        }
        ClientVerb::Figure => {
            let (name, order) = figure(rest)?;
            ClientLine::Figure(name, order)
        }
        ClientVerb::Figures => {
            nothing(rest, id)?;
            ClientLine::Figures
        }
    })
}

/// `CONECTAR`, `CONECTAR ana`, `CONECTAR ana CÓDIGO`.
fn connect(rest: &str, id: &'static str) -> Result<AccountWish, BadLine> {
    let mut words = rest.split_whitespace();
    let name = words.next().map(account_name).transpose()?;
    let code = words.next().map(str::to_owned);
    match words.next() {
        Some(word) => Err(BadLine::TooMuch {
            word: word.to_owned(),
            id,
        }),
        None => Ok(AccountWish::SignIn { name, code }),
    }
}

fn client_name(text: &str) -> Result<ClientName, BadLine> {
    let name = unquote(text);
    ClientName::try_from(name).map_err(|_| value(name, BadValue::ClientName))
}

fn wanted(rest: &str) -> Wanted {
    Wanted {
        whole: unquote(rest).to_owned(),
        words: split_words(rest),
    }
}

/// The same for names of files, which must be good ones.
fn files(rest: &str) -> Result<Wanted, BadLine> {
    let wanted = wanted(rest);
    match wanted.only() {
        Some(name) => file_name(name).map(|_| wanted),
        None => Ok(wanted),
    }
}

fn priority(word: &str) -> Result<Level, BadLine> {
    match fold(word).as_str() {
        "alta" | "high" => Ok(Level::High),
        "normal" => Ok(Level::Normal),
        "baja" | "low" => Ok(Level::Low),
        _ => Err(value(word, BadValue::Level)),
    }
}
