//! What is typed at a prompt, understood: `table` has the commands of each program, `words` splits what follows.

mod table;
mod words;

use super::text::{clean, errors, help, t};
use crate::model::{ClientName, FileName};

pub use table::{
    CENTRAL, CLIENT, COMMON, CentralVerb, ClientVerb, CommonVerb, Entry, SECONDARY, SecondaryVerb,
};
pub(super) use table::{entry, find};
pub use words::{is_pattern, split as split_words, unquote};

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
    /// `DRENAR`; false undoes it.
    Drain(u16, bool),
    /// `CONFLICTOS`; true as JSON.
    Conflicts(bool),
    /// `RESOLVER`: the name's content that is chosen.
    Resolve(FileName, u16),
    /// `ESTADISTICAS`; true for all of them, as JSON.
    Statistics(bool),
    /// What every program has.
    Common(CommonLine),
}

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
    /// `LIMITE`, in bytes per second; `None` for no limit.
    Limit(Option<u64>),
    /// `ESTADISTICAS`; true for all of them, as JSON.
    Statistics(bool),
    /// What every program has.
    Common(CommonLine),
}

/// A line at any prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommonLine {
    /// `AYUDA`, of one command or of all.
    Help(Option<String>),
    /// `SALIR`.
    Quit,
    /// Nothing.
    Empty,
}

/// Files that are wished for: one name, which may have blanks, or several names and patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// All that was typed, as one name.
    pub whole: String,
    /// The same as words, quotes taken off.
    pub words: Vec<String>,
}

impl Wanted {
    /// The one name that it can only be.
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

/// A line that is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadLine {
    /// No such command; perhaps this one was meant.
    Unknown {
        /// What was typed.
        word: String,
        /// A command that is spelt nearly so.
        nearest: Option<&'static str>,
    },
    /// A command that needs a value.
    Missing {
        /// Which, as in [`Entry::id`].
        id: &'static str,
    },
    /// A value that cannot be.
    Value {
        /// The value.
        value: String,
        /// Why.
        reason: String,
    },
}

fn value(value: &str, reason: String) -> BadLine {
    BadLine::Value {
        value: value.to_owned(),
        reason,
    }
}

fn common(verb: CommonVerb, rest: &str) -> CommonLine {
    match verb {
        CommonVerb::Help if rest.is_empty() => CommonLine::Help(None),
        CommonVerb::Help => CommonLine::Help(Some(rest.to_owned())),
        CommonVerb::Quit => CommonLine::Quit,
    }
}

/// What a line is, before its values are looked at.
enum Parsed<'a, V> {
    Own(V, &'static str, &'a str),
    Common(CommonLine),
}

fn parse<'a, V: Copy>(line: &'a str, table: &'static [Entry<V>]) -> Result<Parsed<'a, V>, BadLine> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(Parsed::Common(CommonLine::Empty));
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    if let Some(entry) = find(table, word) {
        return Ok(Parsed::Own(entry.verb, entry.id, rest));
    }
    match find(COMMON, word) {
        Some(entry) => Ok(Parsed::Common(common(entry.verb, rest))),
        None => Err(unknown(line, table)),
    }
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
    ClientName::try_from(name).map_err(|_| value(name, t!("bad-client-name")))
}

/// A file's name.
///
/// # Errors
/// Why it is none.
pub fn file_name(name: &str) -> Result<FileName, BadLine> {
    FileName::try_from(name).map_err(|error| value(name, errors::file_name(&error)))
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
        _ => Err(value(word, t!("why-priority"))),
    }
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
            let on = match words.next() {
                None => true,
                Some(word) if is_off(word) => false,
                Some(word) => return Err(value(word, t!("why-off"))),
            };
            let number = number
                .parse()
                .map_err(|_| value(number, t!("why-secondary")))?;
            CentralLine::Drain(number, on)
        }
        CentralVerb::Conflicts => CentralLine::Conflicts(is_json(rest)?),
        CentralVerb::Resolve => {
            let words = rest.rsplit_once(char::is_whitespace);
            let (name, choice) = words.ok_or(BadLine::Missing { id })?;
            let choice = choice
                .parse()
                .map_err(|_| value(choice, t!("why-choice")))?;
            CentralLine::Resolve(file_name(unquote(name.trim()))?, choice)
        }
        CentralVerb::Statistics => CentralLine::Statistics(is_json(rest)?),
    })
}

fn is_off(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "no" | "off")
}

/// Whether all figures are wanted.
fn is_json(rest: &str) -> Result<bool, BadLine> {
    match rest {
        "" => Ok(false),
        word if word.eq_ignore_ascii_case("json") => Ok(true),
        word => Err(value(word, t!("why-json"))),
    }
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
        SecondaryVerb::Limit if rest.is_empty() => return Err(BadLine::Missing { id }),
        SecondaryVerb::Limit if is_off(rest) => SecondaryLine::Limit(None),
        SecondaryVerb::Limit => {
            let limit = super::quantity::rate(rest);
            SecondaryLine::Limit(Some(limit.map_err(|_| value(rest, t!("why-limit")))?))
        }
        SecondaryVerb::Statistics => SecondaryLine::Statistics(is_json(rest)?),
    })
}

/// A line that is no command of these.
pub fn unknown<V>(line: &str, table: &'static [Entry<V>]) -> BadLine {
    let typed = line.split_whitespace().next().unwrap_or_default();
    let upper = typed.to_uppercase();
    let names = table.iter().flat_map(|entry| entry.names);
    let commons = COMMON.iter().flat_map(|entry| entry.names);
    BadLine::Unknown {
        word: typed.to_owned(),
        nearest: nearest(&upper, names.chain(commons).copied()),
    }
}

/// The name that is spelt nearly as a word, if one is.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .filter(|name| name.chars().count() > 2)
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= 2.max(name.chars().count() / 4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// What to answer to a line that is no command.
pub fn explain(bad: &BadLine) -> String {
    match bad {
        BadLine::Unknown {
            word,
            nearest: Some(near),
        } => t!("line-unknown-near", word = word, near = *near),
        BadLine::Unknown {
            word,
            nearest: None,
        } => t!("line-unknown", word = word),
        BadLine::Missing { id } => t!("line-missing", usage = help::usage(id)),
        BadLine::Value { value, reason } => t!("line-value", value = value, why = reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> String {
        match client(text) {
            Ok(ClientLine::Download(wanted)) => wanted.whole,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn names_of_files_are_understood_however_they_are_written() {
        for (line, expected) in [
            ("VIDEO pelicula.mp4", "pelicula.mp4"),
            ("video   mi película 1.mp4  ", "mi película 1.mp4"),
            ("Video \"a b.mp4\"", "a b.mp4"),
            ("VIDEO 'it''s.mp4'", "it''s.mp4"),
            ("GET serie/cap 1.mp4", "serie/cap 1.mp4"),
            ("video \"half quoted", "\"half quoted"),
        ] {
            assert_eq!(file(line), expected, "{line:?}");
        }
    }

    #[test]
    fn commands_are_understood_in_both_languages_and_any_case() {
        let common = ClientLine::Common;
        for (line, expected) in [
            ("lista_videos", ClientLine::List),
            ("List", ClientLine::List),
            ("CANCELAR 12", ClientLine::Cancel(Which::Number(12))),
            (
                "cancel a b.mp4",
                ClientLine::Cancel(Which::Name("a b.mp4".to_owned())),
            ),
            (
                "prioridad 2 alta",
                ClientLine::Priority(Which::Number(2), Level::High),
            ),
            (
                "PRIORITY a b.mp4 low",
                ClientLine::Priority(Which::Name("a b.mp4".to_owned()), Level::Low),
            ),
            ("  ", common(CommonLine::Empty)),
            ("h", common(CommonLine::Help(None))),
            (
                "help video",
                common(CommonLine::Help(Some("video".to_owned()))),
            ),
            ("salir", common(CommonLine::Quit)),
        ] {
            assert_eq!(client(line).as_ref(), Ok(&expected), "{line:?}");
        }
        assert_eq!(central("videos_cliente"), Ok(CentralLine::PerClient));
        assert_eq!(central("drenar 2"), Ok(CentralLine::Drain(2, true)));
        assert_eq!(central("DRAIN 2 off"), Ok(CentralLine::Drain(2, false)));
        for (line, part) in [("DRENAR 2 si", "«si»"), ("ESTADISTICAS todo", "«todo»")] {
            let answer = explain(&central(line).unwrap_err());
            assert!(answer.contains(part), "{answer}");
        }
        assert_eq!(
            secondary("statistics json"),
            Ok(SecondaryLine::Statistics(true))
        );
        assert_eq!(secondary(" Videos_Descargando"), Ok(SecondaryLine::Running));
        assert_eq!(
            secondary("limite 20MB/s"),
            Ok(SecondaryLine::Limit(Some(20_000_000)))
        );
        assert_eq!(secondary("LIMITE no"), Ok(SecondaryLine::Limit(None)));
    }

    #[test]
    fn bad_lines_are_answered_with_the_remedy() {
        for (line, part) in [
            ("VIDEO", "VIDEO <nombre>"),
            ("inscribir", "INSCRIBIR <nombre>"),
            ("VIDEO ../x", "../x"),
            ("VIDEO /etc/passwd", "/etc/passwd"),
            ("PRIORIDAD 1 urgente", "alta, normal y baja"),
            ("PRIORIDAD 1", "PRIORIDAD <"),
            ("LISTA_VIDEO", "¿querías decir LISTA_VIDEOS?"),
            ("descargar a", "«descargar»"),
            ("\u{1b}[2J", "\\u{1b}"),
        ] {
            let answer = explain(&client(line).unwrap_err());
            assert!(answer.contains(part), "{line:?}: {answer}");
        }
        let BadLine::Unknown { nearest, .. } = unknown("xyzzy plugh", CLIENT) else {
            panic!();
        };
        assert_eq!(nearest, None);
    }
}
