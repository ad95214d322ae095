//! What is typed at a prompt, understood: `table` has the commands of each program, `words` splits what follows, and
//! `client`, `central` and `secondary` are what a line means to each.

mod audit;
mod central;
mod client;
mod publishing;
mod rooms;
mod secondary;
mod table;
mod words;

use super::timetable::{BadEntry, Bare, Timetable, WhyBad};
use crate::{
    engine::fold::fold,
    model::{
        AccountName, AccountNameError, FigureError, FigureName, FigureOrder, FileName,
        FileNameError,
    },
};

pub use central::{AccountVerb, CentralLine, Drain, central};
pub use client::{ClientLine, Level, Wanted, client};
pub use publishing::{BringLine, PublishLine};
pub use rooms::RoomLine;
pub use secondary::{SecondaryLine, is_no, is_yes, secondary};
pub use table::{
    CENTRAL, CLIENT, COMMON, CentralVerb, ClientVerb, CommonVerb, Entry, RoomVerb, SECONDARY,
    SecondaryVerb,
};
pub(super) use table::{by_language, entry, find, in_language};
pub use words::{is_folder, is_pattern, means_several, split as split_words, unquote};

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
    /// A word that no command takes there.
    TooMuch {
        /// The word.
        word: String,
        /// Of which command, as in [`Entry::id`].
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

/// Several things that have numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// All that there are: `*`.
    All,
    /// These.
    These(Vec<u64>),
}

/// Why a value is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadValue {
    /// It is no file's name.
    FileName(FileNameError),
    /// It is no client's name.
    ClientName,
    /// It is no name of a published file.
    Published,
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
    /// It is no limit, nor a timetable of limits.
    Limit(WhyBad),
    /// It is no node of `videolocal`.
    Node,
    /// It is no room's name.
    RoomName,
    /// It cannot be said.
    RoomText,
    /// It is no number of people.
    RoomCount,
    /// It is no name of an account.
    AccountName(AccountNameError),
    /// It is nothing that is done to an account.
    AccountVerb,
    /// It is no filter of the audit trail.
    AuditFilter,
    /// It is no moment.
    Moment,
    /// It is no figure, or no order to one.
    Figure(FigureError),
}

fn value(value: &str, reason: BadValue) -> BadLine {
    BadLine::Value {
        value: value.to_owned(),
        reason,
    }
}

fn common(entry: &Entry<CommonVerb>, rest: &str) -> Result<CommonLine, BadLine> {
    Ok(match entry.verb {
        CommonVerb::Help if rest.is_empty() => CommonLine::Help(None),
        CommonVerb::Help => CommonLine::Help(Some(first_alone(rest, entry.id)?.to_owned())),
        CommonVerb::Quit => {
            nothing(rest, entry.id)?;
            CommonLine::Quit
        }
    })
}

/// The error for anything that follows where nothing should.
fn nothing(rest: &str, id: &'static str) -> Result<(), BadLine> {
    match rest.split_whitespace().next() {
        None => Ok(()),
        Some(word) => Err(BadLine::TooMuch {
            word: word.to_owned(),
            id,
        }),
    }
}

/// The first word, where there is no other.
fn first_alone<'a>(rest: &'a str, id: &'static str) -> Result<&'a str, BadLine> {
    let (first, more) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    nothing(more, id)?;
    Ok(first)
}

/// One or several numbers, or `*` for all.
///
/// # Errors
/// Where there is none, or something else.
pub fn numbers(rest: &str, id: &'static str, bad: &BadValue) -> Result<Numbers, BadLine> {
    let number = |word: &str| word.parse().map_err(|_| value(word, bad.clone()));
    let separators = |c: char| c.is_whitespace() || c == ',';
    let words: Vec<&str> = rest.split(separators).filter(|w| !w.is_empty()).collect();
    match words.as_slice() {
        [] => Err(BadLine::Missing { id }),
        ["*"] => Ok(Numbers::All),
        words => {
            let numbers: Result<Vec<u64>, _> = words.iter().map(|word| number(word)).collect();
            Ok(Numbers::These(numbers?))
        }
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
        Some(entry) => Ok(Parsed::Common(common(entry, rest)?)),
        None => Err(unknown(line, table)),
    }
}

/// A limit, or a timetable of limits; `None` where nothing follows.
fn limit(
    rest: &str,
    read: impl Fn(&str, Bare) -> Result<Timetable, BadEntry>,
) -> Result<Option<Timetable>, BadLine> {
    if rest.is_empty() {
        return Ok(None);
    }
    let timetable = read(rest, Bare::Asked);
    timetable
        .map(Some)
        .map_err(|bad| value(&bad.part, BadValue::Limit(bad.why)))
}

/// A file's name.
///
/// # Errors
/// Why it is none.
pub fn file_name(name: &str) -> Result<FileName, BadLine> {
    FileName::try_from(name).map_err(|error| value(name, BadValue::FileName(error)))
}

/// An account's name.
///
/// # Errors
/// Why it is none.
pub fn account_name(name: &str) -> Result<AccountName, BadLine> {
    let name = unquote(name.trim()).trim_start_matches('@');
    AccountName::try_from(name).map_err(|error| value(name, BadValue::AccountName(error)))
}

/// A figure and what is asked of it: `CIFRA sala.aforo +5`, `CIFRA +1`, `CIFRA sala.aforo`, `CIFRA`.
///
/// # Errors
/// Where it is none.
pub fn figure(rest: &str) -> Result<(FigureName, FigureOrder), BadLine> {
    let bad = |word: &str| {
        let word = word.to_owned();
        move |error| value(&word, BadValue::Figure(error))
    };
    let named = |text: &str| match unquote(text.trim()) {
        "" => Ok(FigureName::default()),
        name => FigureName::try_from(name).map_err(bad(name)),
    };
    let (before, last) = rest.rsplit_once(char::is_whitespace).unwrap_or(("", rest));
    match FigureOrder::typed(last) {
        Ok(order) => Ok((named(before)?, order)),
        // Numbers and signs are no names.
        Err(error) if last.starts_with(['+', '=']) => Err(bad(last)(error)),
        Err(error @ FigureError::TooLarge) => Err(bad(last)(error)),
        Err(_) => Ok((named(rest)?, FigureOrder::Ask)),
    }
}

fn form(rest: &str, id: &'static str) -> Result<Form, BadLine> {
    match first_alone(rest, id)? {
        "" => Ok(Form::Table),
        word if word.eq_ignore_ascii_case("json") => Ok(Form::Json),
        word => Err(value(word, BadValue::NotJson)),
    }
}

/// The error for a line that is not in this table.
pub fn unknown<V>(line: &str, table: &'static [Entry<V>]) -> BadLine {
    let typed = line.split_whitespace().next().unwrap_or_default();
    let own = table.iter().map(|entry| entry.names);
    let commons = COMMON.iter().map(|entry| entry.names);
    BadLine::Unknown {
        word: typed.to_owned(),
        nearest: nearest_command(typed, own.chain(commons)),
    }
}

/// The command that is spelt nearly so, by the name that goes with the language.
pub fn nearest_command(
    typed: &str,
    commands: impl Iterator<Item = &'static [&'static str]> + Clone,
) -> Option<&'static str> {
    let upper = fold(typed).to_uppercase();
    let near = nearest(&upper, commands.clone().flatten().copied())?;
    let meant = commands.into_iter().find(|names| names.contains(&near));
    meant.map(in_language)
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

    fn always(limit: Option<u64>) -> Option<Timetable> {
        Some(Timetable::always(limit))
    }

    fn wanted(text: &str) -> Wanted {
        Wanted {
            whole: text.to_owned(),
            words: split_words(text),
        }
    }

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
            ("LISTAR", ClientLine::List),
            ("ls", ClientLine::List),
            ("lista *.mp4", ClientLine::Search("*.mp4".to_owned())),
            ("CANCELAR 12", ClientLine::Cancel(wanted("12"))),
            ("cancel a b.mp4", ClientLine::Cancel(wanted("a b.mp4"))),
            ("pausar 1 2", ClientLine::Pause(wanted("1 2"))),
            ("REANUDAR *", ClientLine::Resume(wanted("*"))),
            (
                "prioridad 2 alta",
                ClientLine::Priority(wanted("2"), Level::High),
            ),
            (
                "PRIORITY a b.mp4 low",
                ClientLine::Priority(wanted("a b.mp4"), Level::Low),
            ),
            ("?", common(CommonLine::Help(None))),
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
        let these = |numbers: &[u64]| Numbers::These(numbers.to_vec());
        for (line, which, what) in [
            ("drenar 2", these(&[2]), Drain::Begin),
            ("DRAIN 2 off", these(&[2]), Drain::End),
            ("DRENAR 1, 2 3 no", these(&[1, 2, 3]), Drain::End),
            ("DRENAR *", Numbers::All, Drain::Begin),
        ] {
            assert_eq!(central(line), Ok(CentralLine::Drain(which, what)), "{line}");
        }
        for (line, part) in [
            ("DRENAR 2 si", "«si»"),
            ("ESTADÍSTICAS todo", "«todo»"),
            ("estado ya", "«ya»"),
            ("DRENAR no", "DRENAR <n"),
        ] {
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
            Ok(SecondaryLine::Limit(always(Some(20_000_000))))
        );
        assert_eq!(
            secondary("LIMITE no"),
            Ok(SecondaryLine::Limit(always(None)))
        );
        assert_eq!(secondary("limit"), Ok(SecondaryLine::Limit(None)));
        assert_eq!(
            client("LÍMITE_BAJADA 2,5MB/s"),
            Ok(ClientLine::Limit(always(Some(2_500_000))))
        );
        assert_eq!(client("download_limit"), Ok(ClientLine::Limit(None)));
        for (line, expected) in [
            ("RETIRADOS", SecondaryLine::Retired(Form::Table)),
            ("retired json", SecondaryLine::Retired(Form::Json)),
            ("RECUPERAR 3", SecondaryLine::Recover(these(&[3]))),
            ("VACIAR", SecondaryLine::Empty(None)),
            ("vaciar *", SecondaryLine::Empty(Some(Numbers::All))),
            ("EMPTY 12 7", SecondaryLine::Empty(Some(these(&[12, 7])))),
            (
                "LÍMITE 2,5MB/s",
                SecondaryLine::Limit(always(Some(2_500_000))),
            ),
        ] {
            assert_eq!(secondary(line), Ok(expected), "{line}");
        }
        assert!(is_yes(" SÍ ") && is_yes("yes") && !is_yes("no"));
        for (line, part) in [
            ("RECUPERAR", "RECUPERAR <n"),
            ("RECUPERAR a.mp4", "«a.mp4»"),
            ("VACIAR -1", "RETIRADOS"),
            ("LIMITE 300", "300 B/s"),
            ("LIMITE 8-20 lum-vie 5MB/s", "«lum-vie»"),
        ] {
            let answer = explain(&secondary(line).unwrap_err());
            assert!(answer.contains(part), "{answer}");
        }
    }

    #[test]
    fn figures_are_counted_in_many_ways() {
        let usual = FigureName::default;
        let named = |name: &str| FigureName::try_from(name).unwrap();
        for (line, expected) in [
            ("CIFRA", (usual(), FigureOrder::Ask)),
            ("cifra +5", (usual(), FigureOrder::Add(5))),
            ("FIGURE inc.5", (usual(), FigureOrder::Add(5))),
            (
                "CIFRA sala.aforo -3",
                (named("sala.aforo"), FigureOrder::Add(-3)),
            ),
            ("CIFRA sala.aforo", (named("sala.aforo"), FigureOrder::Ask)),
            (
                "CIFRA \"votos:a b.mp4\" +1",
                (named("votos:a b.mp4"), FigureOrder::Add(1)),
            ),
            (
                "CIFRA votos:a b.mp4",
                (named("votos:a b.mp4"), FigureOrder::Ask),
            ),
            ("CIFRA x =0", (named("x"), FigureOrder::Reset)),
        ] {
            let (name, order) = expected;
            let parsed = central(line);
            assert_eq!(
                parsed,
                Ok(CentralLine::Figure(name.clone(), order)),
                "{line}"
            );
            assert_eq!(client(line), Ok(ClientLine::Figure(name, order)), "{line}");
        }
        for line in [
            "CIFRA +x",
            "CIFRA a/b",
            "CIFRA x =5",
            "CIFRA x y +1",
            "CIFRA +9223372036854775808",
        ] {
            assert!(
                matches!(central(line), Err(BadLine::Value { .. })),
                "{line}"
            );
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
            ("LIMITE_BAJADA 20kB/s", "50 kB/s"),
            ("LISTA_VIDEO", "¿querías decir LISTA_VIDEOS?"),
            ("salir ahora", "«ahora»"),
            ("descargr a", "¿querías decir VIDEO?"),
            ("estado ya", "«ya»"),
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
