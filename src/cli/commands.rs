//! What is typed at a prompt, understood.

use crate::model::{ClientName, FileName, FileNameError};

/// A line at a client's prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientLine {
    /// `INSCRIBIR`.
    Enrol(ClientName),
    /// `LISTA_VIDEOS`.
    List,
    /// `VIDEO`.
    Download(FileName),
    /// `ESTADO`.
    Status,
    /// `CANCELAR`.
    Cancel(u64),
    /// What every program has.
    Common(CommonLine),
}

/// A line at a central's prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CentralLine {
    /// `NUMERO_DESCARGAS_VIDEO`.
    PerFile,
    /// `VIDEOS_CLIENTE`.
    PerClient,
    /// `ESTADO`.
    Status,
    /// What every program has.
    Common(CommonLine),
}

/// A line at a secondary's prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondaryLine {
    /// `VIDEOS_DESCARGANDO`.
    Running,
    /// `VIDEOS_DESCARGADOS`.
    Downloads,
    /// What every program has.
    Common(CommonLine),
}

/// A line at any prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommonLine {
    /// `H`, `HELP`, `AYUDA`.
    Help,
    /// `SALIR`.
    Quit,
    /// Nothing.
    Empty,
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
        /// How it is used.
        usage: &'static str,
    },
    /// A value that cannot be.
    Value {
        /// The value.
        value: String,
        /// Why.
        reason: String,
    },
}

const COMMON: &[&str] = &["H", "HELP", "AYUDA", "SALIR"];
/// Commands of a client, for completion.
pub const CLIENT: &[&str] = &["INSCRIBIR", "LISTA_VIDEOS", "VIDEO", "ESTADO", "CANCELAR"];
/// Commands of a central, for completion.
pub const CENTRAL: &[&str] = &["NUMERO_DESCARGAS_VIDEO", "VIDEOS_CLIENTE", "ESTADO"];
/// Commands of a secondary, for completion.
pub const SECONDARY: &[&str] = &["VIDEOS_DESCARGANDO", "VIDEOS_DESCARGADOS"];

/// A command in capitals and what follows it.
fn split(line: &str) -> (String, &str) {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (word.to_uppercase(), rest.trim())
}

fn common(word: &str) -> Option<CommonLine> {
    match word {
        "" => Some(CommonLine::Empty),
        "H" | "HELP" | "AYUDA" => Some(CommonLine::Help),
        "SALIR" => Some(CommonLine::Quit),
        _ => None,
    }
}

/// Understands a line at a client's prompt.
pub fn client(line: &str) -> Result<ClientLine, BadLine> {
    let (word, rest) = split(line);
    let needs = |usage| {
        if rest.is_empty() {
            Err(BadLine::Missing { usage })
        } else {
            Ok(())
        }
    };
    match word.as_str() {
        "INSCRIBIR" => {
            needs("INSCRIBIR <nombre>")?;
            let name = unquote(rest);
            let bad = |_| BadLine::Value {
                value: name.to_owned(),
                reason:
                    "un nombre tiene de 1 a 64 bytes, sin «/», «\\», «:» ni caracteres de control, \
                         y no empieza por punto"
                        .to_owned(),
            };
            ClientName::try_from(name)
                .map(ClientLine::Enrol)
                .map_err(bad)
        }
        "LISTA_VIDEOS" => Ok(ClientLine::List),
        "VIDEO" => {
            needs("VIDEO <nombre>")?;
            let name = unquote(rest);
            let bad = |error| BadLine::Value {
                value: name.to_owned(),
                reason: bad_file_name(&error),
            };
            FileName::try_from(name)
                .map(ClientLine::Download)
                .map_err(bad)
        }
        "ESTADO" => Ok(ClientLine::Status),
        "CANCELAR" => {
            needs("CANCELAR <número>")?;
            rest.parse()
                .map(ClientLine::Cancel)
                .map_err(|_| BadLine::Value {
                    value: rest.to_owned(),
                    reason: "no es el número de una descarga: ESTADO los muestra".to_owned(),
                })
        }
        other => common(other)
            .map(ClientLine::Common)
            .ok_or_else(|| unknown(line, CLIENT)),
    }
}

/// Understands a line at a central's prompt.
pub fn central(line: &str) -> Result<CentralLine, BadLine> {
    match split(line).0.as_str() {
        "NUMERO_DESCARGAS_VIDEO" => Ok(CentralLine::PerFile),
        "VIDEOS_CLIENTE" => Ok(CentralLine::PerClient),
        "ESTADO" => Ok(CentralLine::Status),
        other => common(other)
            .map(CentralLine::Common)
            .ok_or_else(|| unknown(line, CENTRAL)),
    }
}

/// Understands a line at a secondary's prompt.
pub fn secondary(line: &str) -> Result<SecondaryLine, BadLine> {
    match split(line).0.as_str() {
        "VIDEOS_DESCARGANDO" => Ok(SecondaryLine::Running),
        "VIDEOS_DESCARGADOS" => Ok(SecondaryLine::Downloads),
        other => common(other)
            .map(SecondaryLine::Common)
            .ok_or_else(|| unknown(line, SECONDARY)),
    }
}

/// A line that is no command of these.
pub fn unknown(line: &str, commands: &[&'static str]) -> BadLine {
    let (word, _) = split(line);
    let nearest = commands
        .iter()
        .chain(COMMON)
        .map(|command| (distance(&word, command), *command))
        .min()
        .filter(|(distance, command)| *distance <= 2.max(command.len() / 4))
        .filter(|(_, command)| command.len() > 2)
        .map(|(_, command)| command);
    let typed = line.split_whitespace().next().unwrap_or_default();
    BadLine::Unknown {
        word: typed.to_owned(),
        nearest,
    }
}

/// What to answer to a line that is no command.
pub fn explain(bad: &BadLine) -> String {
    match bad {
        BadLine::Unknown { word, nearest } => {
            let meant = nearest.map_or(String::new(), |near| format!(" ¿querías decir {near}?"));
            format!(
                "No conozco la orden «{}».{meant} H muestra las que hay",
                super::text::clean(word)
            )
        }
        BadLine::Missing { usage } => format!("Falta el valor: {usage}"),
        BadLine::Value { value, reason } => {
            format!("«{}» no vale: {reason}", super::text::clean(value))
        }
    }
}

fn bad_file_name(error: &FileNameError) -> String {
    match error {
        FileNameError::EmptyComponent => {
            "un nombre no empieza ni acaba por «/», ni tiene dos seguidas".to_owned()
        }
        FileNameError::Dot => "ni el nombre ni sus carpetas empiezan por punto".to_owned(),
        FileNameError::Forbidden(c) => format!("{c:?} no puede estar en un nombre"),
        FileNameError::Reserved => {
            "los nombres que acaban en .part son de descargas a medias".to_owned()
        }
        FileNameError::TooLong => "es demasiado largo".to_owned(),
    }
}

/// Takes off the quotes around a whole value.
fn unquote(text: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    text
}

/// Edits that turn one word into another (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(64).enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = before + usize::from(from != *to);
            before = row[j + 1];
            row[j + 1] = change.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> ClientLine {
        ClientLine::Download(FileName::try_from(text).unwrap())
    }

    #[test]
    fn lines_are_understood_however_they_are_written() {
        for (line, expected) in [
            ("VIDEO pelicula.mp4", file("pelicula.mp4")),
            ("video   mi película 1.mp4  ", file("mi película 1.mp4")),
            ("Video \"a b.mp4\"", file("a b.mp4")),
            ("VIDEO 'it''s.mp4'", file("it''s.mp4")),
            ("VIDEO serie/cap 1.mp4", file("serie/cap 1.mp4")),
            ("video \"half quoted", file("\"half quoted")),
            ("lista_videos", ClientLine::List),
            ("CANCELAR 12", ClientLine::Cancel(12)),
            ("  ", ClientLine::Common(CommonLine::Empty)),
            ("h", ClientLine::Common(CommonLine::Help)),
            ("help", ClientLine::Common(CommonLine::Help)),
            ("salir", ClientLine::Common(CommonLine::Quit)),
        ] {
            assert_eq!(client(line).as_ref(), Ok(&expected), "{line:?}");
        }
        assert_eq!(central("videos_cliente"), Ok(CentralLine::PerClient));
        assert_eq!(secondary(" Videos_Descargando"), Ok(SecondaryLine::Running));
    }

    #[test]
    fn bad_lines_are_answered_with_the_remedy() {
        for (line, part) in [
            ("VIDEO", "VIDEO <nombre>"),
            ("inscribir", "INSCRIBIR <nombre>"),
            ("VIDEO ../x", "../x"),
            ("VIDEO /etc/passwd", "/etc/passwd"),
            ("CANCELAR x", "ESTADO"),
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
