//! A line at a client's prompt.

use super::{
    BadLine, BadValue, CLIENT, ClientVerb, CommonLine, Parsed, file_name, is_pattern, parse,
    split_words, unquote, value,
};
use crate::{
    cli::text::clean,
    model::{ClientName, FileName},
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
    /// `BUSCAR`.
    Search(String),
    /// `VIDEO`.
    Download(Wanted),
    /// `ESTADO`.
    Status,
    /// `DETALLE`.
    Detail(Which),
    /// `PAUSAR`.
    Pause(Which),
    /// `REANUDAR`.
    Resume(Which),
    /// `CANCELAR`.
    Cancel(Which),
    /// `PRIORIDAD`.
    Priority(Which, Level),
    /// `VERIFICAR`.
    Verify(FileName),
    /// What every program has.
    Common(CommonLine),
}

/// Requested files: one name, which may contain blanks, or several names and patterns.
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
        let is_one = self.words.len() <= 1 && !is_pattern(&self.whole);
        is_one.then_some(self.whole.as_str())
    }
}

/// One of a client's downloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// By its number.
    Number(u64),
    /// By its file.
    Name(String),
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(&clean(name)),
        }
    }
}

impl From<&str> for Which {
    fn from(text: &str) -> Self {
        let text = unquote(text);
        text.parse()
            .map_or_else(|_| Self::Name(text.to_owned()), Self::Number)
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
        ClientVerb::List => ClientLine::List,
        ClientVerb::Search => ClientLine::Search(unquote(needs()?).to_owned()),
        ClientVerb::Download => ClientLine::Download(wanted(needs()?)?),
        ClientVerb::Status => ClientLine::Status,
        ClientVerb::Detail => ClientLine::Detail(needs()?.into()),
        ClientVerb::Pause => ClientLine::Pause(needs()?.into()),
        ClientVerb::Resume => ClientLine::Resume(needs()?.into()),
        ClientVerb::Cancel => ClientLine::Cancel(needs()?.into()),
        ClientVerb::Priority => {
            let (which, level) = needs()?
                .rsplit_once(char::is_whitespace)
                .ok_or(BadLine::Missing { id })?;
            ClientLine::Priority(which.trim().into(), priority(level)?)
        }
        ClientVerb::Verify => ClientLine::Verify(file_name(unquote(needs()?))?),
    })
}

fn client_name(text: &str) -> Result<ClientName, BadLine> {
    let name = unquote(text);
    ClientName::try_from(name).map_err(|_| value(name, BadValue::ClientName))
}

fn wanted(rest: &str) -> Result<Wanted, BadLine> {
    let wanted = Wanted {
        whole: unquote(rest).to_owned(),
        words: split_words(rest),
    };
    match wanted.only() {
        Some(name) => file_name(name).map(|_| wanted),
        None => Ok(wanted),
    }
}

fn priority(word: &str) -> Result<Level, BadLine> {
    match word.to_lowercase().as_str() {
        "alta" | "high" => Ok(Level::High),
        "normal" => Ok(Level::Normal),
        "baja" | "low" => Ok(Level::Low),
        _ => Err(value(word, BadValue::Level)),
    }
}
