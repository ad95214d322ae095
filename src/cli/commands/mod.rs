//! What is typed at a prompt, understood: `table` has the commands of each program, `words` splits what follows, and
//! `client`, `central` and `secondary` are what a line means to each.

mod central;
mod client;
mod secondary;
mod table;
mod words;

use crate::model::{FileName, FileNameError};

pub use central::{CentralLine, Drain, central};
pub use client::{ClientLine, Level, Wanted, Which, client};
pub use secondary::{Emptying, SecondaryLine, is_no, is_yes, secondary};
pub use table::{
    CENTRAL, CLIENT, COMMON, CentralVerb, ClientVerb, CommonVerb, Entry, SECONDARY, SecondaryVerb,
};
pub(super) use table::{entry, find};
pub use words::{is_pattern, split as split_words, unquote};

/// How a document is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The main figures, for people.
    Table,
    /// All of it, as JSON.
    Json,
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

/// A line that is not a command.
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
    /// An invalid value.
    Value {
        /// The value.
        value: String,
        /// Why.
        reason: BadValue,
    },
}

/// Why a value is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadValue {
    /// It is no file's name.
    FileName(FileNameError),
    /// It is no client's name.
    ClientName,
    /// It is no priority.
    Level,
    /// Only the word that switches off may follow.
    NotOff,
    /// Only the word for JSON may follow.
    NotJson,
    /// It is no secondary's number.
    Secondary,
    /// It is no choice of a conflict.
    Choice,
    /// It is no number of what was set aside.
    Retired,
    /// It is no rate.
    Limit,
}

fn value(value: &str, reason: BadValue) -> BadLine {
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

/// A file's name.
///
/// # Errors
/// Why it is none.
pub fn file_name(name: &str) -> Result<FileName, BadLine> {
    FileName::try_from(name).map_err(|error| value(name, BadValue::FileName(error)))
}

fn is_off(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "no" | "off")
}

fn form(rest: &str) -> Result<Form, BadLine> {
    match rest {
        "" => Ok(Form::Table),
        word if word.eq_ignore_ascii_case("json") => Ok(Form::Json),
        word => Err(value(word, BadValue::NotJson)),
    }
}

/// The error for a line that is not in this table.
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

/// The name closest in spelling to a word, if one is close enough.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .filter(|name| name.chars().count() > 2)
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(distance, name)| *distance <= 2.max(name.chars().count() / 4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::bad_line::explain;

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
        assert_eq!(central("drenar 2"), Ok(CentralLine::Drain(2, Drain::Begin)));
        assert_eq!(
            central("DRAIN 2 off"),
            Ok(CentralLine::Drain(2, Drain::End))
        );
        for (line, part) in [("DRENAR 2 si", "«si»"), ("ESTADISTICAS todo", "«todo»")] {
            let answer = explain(&central(line).unwrap_err());
            assert!(answer.contains(part), "{answer}");
        }
        assert_eq!(
            secondary("statistics json"),
            Ok(SecondaryLine::Statistics(Form::Json))
        );
        assert_eq!(secondary(" Videos_Descargando"), Ok(SecondaryLine::Running));
        assert_eq!(
            secondary("limite 20MB/s"),
            Ok(SecondaryLine::Limit(Some(20_000_000)))
        );
        assert_eq!(secondary("LIMITE no"), Ok(SecondaryLine::Limit(None)));
        for (line, expected) in [
            ("RETIRADOS", SecondaryLine::Retired(Form::Table)),
            ("retired json", SecondaryLine::Retired(Form::Json)),
            ("RECUPERAR 3", SecondaryLine::Recover(3)),
            ("VACIAR", SecondaryLine::Empty(Emptying::Ask)),
            ("vaciar *", SecondaryLine::Empty(Emptying::All)),
            ("EMPTY 12", SecondaryLine::Empty(Emptying::One(12))),
        ] {
            assert_eq!(secondary(line), Ok(expected), "{line}");
        }
        assert!(is_yes(" SÍ ") && is_yes("yes") && !is_yes("no"));
        for (line, part) in [
            ("RECUPERAR", "RECUPERAR <n>"),
            ("RECUPERAR a.mp4", "«a.mp4»"),
            ("VACIAR -1", "RETIRADOS"),
        ] {
            let answer = explain(&secondary(line).unwrap_err());
            assert!(answer.contains(part), "{answer}");
        }
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
