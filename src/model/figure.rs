//! Named 64-bit values, and what is asked of one: the words of it (`inc.5`, `res.0`), a line of the doors, its answer.
//!
//! A name is free (`sala.aforo`), or of a file: `descargas:a.mp4`, `reproducciones:a.mp4`, `votos:a.mp4`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    FileName, error_codes,
    limits::{MAX_FIGURE_NAME_BYTES, MAX_FIGURE_REQUEST_BYTES},
};

/// The figure that is meant where no name is said.
pub const USUAL_FIGURE: &str = "contador";

/// A figure's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FigureName {
    /// Anybody's: letters, digits, `.`, `_` and `-`.
    Free(String),
    /// Complete downloads of a file, from the books.
    Downloads(FileName),
    /// How often a file was played, once for each reader.
    Plays(FileName),
    /// Who likes a file: one vote for each name.
    Votes(FileName),
}

/// A kind of figures of files: its names in Spanish and in English, and what makes one.
type OfFiles = (&'static str, &'static str, fn(FileName) -> FigureName);

const OF_FILES: [OfFiles; 3] = [
    ("descargas", "downloads", FigureName::Downloads),
    ("reproducciones", "plays", FigureName::Plays),
    ("votos", "votes", FigureName::Votes),
];

impl Default for FigureName {
    fn default() -> Self {
        Self::Free(USUAL_FIGURE.to_owned())
    }
}

impl FigureName {
    /// True for one that people add to: the others follow from what happens.
    pub fn is_free(&self) -> bool {
        matches!(self, Self::Free(_))
    }
}

impl TryFrom<&str> for FigureName {
    type Error = FigureError;

    fn try_from(text: &str) -> Result<Self, FigureError> {
        if let Some((kind, file)) = text.split_once(':') {
            let kinds = OF_FILES.iter();
            let mut kinds = kinds.filter(|(es, en, _)| *es == kind || *en == kind);
            let (_, _, make) = kinds.next().ok_or(FigureError::NotUnderstood)?;
            let file = FileName::try_from(file).map_err(|_| FigureError::NotUnderstood)?;
            return Ok(make(file));
        }
        let is_fine = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        let is_good = !text.is_empty()
            && text.len() <= MAX_FIGURE_NAME_BYTES
            && text.chars().all(is_fine)
            && text.starts_with(char::is_alphanumeric);
        is_good
            .then(|| Self::Free(text.to_owned()))
            .ok_or(FigureError::NotUnderstood)
    }
}

impl fmt::Display for FigureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free(name) => f.pad(name),
            Self::Downloads(file) => write!(f, "descargas:{file}"),
            Self::Plays(file) => write!(f, "reproducciones:{file}"),
            Self::Votes(file) => write!(f, "votos:{file}"),
        }
    }
}

/// What is asked of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureOrder {
    /// Its value: `inc.0`.
    Ask,
    /// To be larger by this, or smaller: `inc.5`, `dec.3`. Never zero.
    Add(i64),
    /// To be zero: `res.0`.
    Reset,
}

impl FigureOrder {
    /// Reads one as programs write it: `inc.5`, `dec.3`, `res.0`, and nothing else.
    ///
    /// # Errors
    /// For anything else, and for a number that no figure can have.
    pub fn literal(text: &str) -> Result<Self, FigureError> {
        let (verb, number) = text.split_once('.').ok_or(FigureError::NotUnderstood)?;
        let by = digits(number)?;
        match (verb, by) {
            ("inc" | "dec", 0) => Ok(Self::Ask),
            ("inc", by) => Ok(Self::Add(by)),
            ("dec", by) => Ok(Self::Add(-by)),
            ("res", 0) => Ok(Self::Reset),
            _ => Err(FigureError::NotUnderstood),
        }
    }

    /// Reads one as people type it: `+5`, `-3`, `=0`, and as programs write it.
    ///
    /// # Errors
    /// As [`Self::literal`].
    pub fn typed(text: &str) -> Result<Self, FigureError> {
        let of = |sign: char| text.strip_prefix(sign).map(digits);
        if let Some(by) = of('+') {
            return by.map(Self::adding);
        }
        if let Some(by) = of('-') {
            return by.map(|by| Self::adding(-by));
        }
        if text == "=0" {
            return Ok(Self::Reset);
        }
        Self::literal(text)
    }

    /// To add this, which asks where it is nothing.
    pub fn adding(by: i64) -> Self {
        match by {
            0 => Self::Ask,
            by => Self::Add(by),
        }
    }
}

impl TryFrom<&str> for FigureOrder {
    type Error = FigureError;

    fn try_from(text: &str) -> Result<Self, FigureError> {
        Self::literal(text)
    }
}

impl fmt::Display for FigureOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask => f.write_str("inc.0"),
            Self::Reset => f.write_str("res.0"),
            Self::Add(by) if *by < 0 => write!(f, "dec.{}", by.unsigned_abs()),
            Self::Add(by) => write!(f, "inc.{by}"),
        }
    }
}

fn digits(text: &str) -> Result<i64, FigureError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FigureError::NotUnderstood);
    }
    text.parse().map_err(|_| FigureError::TooLarge)
}

/// The order of a door's line: `[name ]order[ #request]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureLine {
    /// Which figure.
    pub name: FigureName,
    /// What.
    pub order: FigureOrder,
    /// The asker's own name for this request: said again, it counts once.
    pub request: Option<String>,
}

impl FigureLine {
    /// Reads a line, or a datagram.
    ///
    /// # Errors
    /// When it is not understood.
    pub fn read(line: &[u8]) -> Result<Self, FigureError> {
        let line = std::str::from_utf8(line).map_err(|_| FigureError::NotUnderstood)?;
        let line = line.trim_matches([' ', '\r', '\n', '\t', '\0']);
        let (line, request) = match line.rsplit_once(" #") {
            Some((line, request)) => (line.trim_end(), Some(request_name(request)?)),
            None => (line, None),
        };
        // A file's name may have blanks.
        let (name, order) = match line.rsplit_once(' ') {
            Some((name, order)) => (FigureName::try_from(name.trim())?, order),
            None => (FigureName::default(), line),
        };
        let order = FigureOrder::literal(order)?;
        Ok(Self {
            name,
            order,
            request,
        })
    }
}

/// An asker's name for a request, if it may be one.
///
/// # Errors
/// When it is empty, too long, or has other than visible ASCII.
pub fn request_name(text: &str) -> Result<String, FigureError> {
    let is_good = (1..=MAX_FIGURE_REQUEST_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_good
        .then(|| text.to_owned())
        .ok_or(FigureError::NotUnderstood)
}

/// Where an order came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FigureDoor {
    /// A datagram.
    Udp,
    /// A line.
    Tcp,
    /// A line that a process of its own read.
    Processes,
    /// `GET /cambiar`.
    Http,
    /// The API.
    Api,
    /// gRPC.
    Grpc,
    /// A prompt of the central, or an order to it.
    Console,
    /// A client's prompt.
    Client,
}

impl FigureDoor {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Udp,
        Self::Tcp,
        Self::Processes,
        Self::Http,
        Self::Api,
        Self::Grpc,
        Self::Console,
        Self::Client,
    ];

    /// Its name, as it is in answers and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Processes => "processes",
            Self::Http => "http",
            Self::Api => "api",
            Self::Grpc => "grpc",
            Self::Console => "console",
            Self::Client => "client",
        }
    }

    /// Its place in [`Self::ALL`].
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|door| *door == self).unwrap_or(0)
    }
}

/// What is asked of a figure, by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureRequest {
    /// Which figure.
    pub name: FigureName,
    /// What.
    pub order: FigureOrder,
    /// Through which door.
    pub door: FigureDoor,
    /// Who: an account or a client's name, or else an address. Votes are this name's.
    pub who: String,
    /// See [`FigureLine::request`].
    pub request: Option<String>,
    /// It may set figures back to zero.
    pub may_reset: bool,
}

/// A figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureValue {
    /// Its name.
    pub name: FigureName,
    /// Its value.
    pub value: i64,
}

/// The value after an order.
pub type FigureAnswer = Result<FigureValue, FigureError>;

/// Why an order changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum FigureError {
    /// It is no name or no order.
    #[error("not understood: [NAME ](inc.N|dec.N|res.0)[ #REQUEST]")]
    #[serde(rename = "figure-not-understood")]
    NotUnderstood,
    /// The number fits no figure.
    #[error("the number is over 64 bits")]
    #[serde(rename = "figure-too-large")]
    TooLarge,
    /// The value would leave 64 bits.
    #[error("overflow: the value stays {value}")]
    #[serde(rename = "figure-overflow")]
    Overflow {
        /// As it is.
        value: i64,
    },
    /// It follows from what happens: nobody sets it.
    #[error("downloads and plays are counted, not set")]
    #[serde(rename = "figure-counted")]
    Counted,
    /// A vote is given or taken back, by somebody with a name.
    #[error("a vote is +1 or -1, by somebody with a name")]
    #[serde(rename = "figure-one-vote")]
    OneVote,
    /// Only whoever administers sets a figure back.
    #[error("only whoever administers may set a figure back to 0")]
    #[serde(rename = "figure-reset-denied")]
    ResetDenied,
    /// Too many figures, or votes.
    #[error("no room for one more: {most} at most")]
    #[serde(rename = "figure-too-many")]
    TooMany {
        /// How many there may be.
        most: u64,
    },
    /// Too much waits already: nothing was done.
    #[error("too many orders wait")]
    #[serde(rename = "figure-busy")]
    Busy,
    /// Another central is the active one.
    #[error("another central is the active one")]
    #[serde(rename = "figure-elsewhere")]
    Elsewhere,
    /// The central stops, and may not have done it.
    #[error("the central stops")]
    #[serde(rename = "figure-stopping")]
    Stopping,
}

error_codes!(FigureError, code {
    Self::NotUnderstood => "figure-not-understood",
    Self::TooLarge => "figure-too-large",
    Self::Overflow { .. } => "figure-overflow",
    Self::Counted => "figure-counted",
    Self::OneVote => "figure-one-vote",
    Self::ResetDenied => "figure-reset-denied",
    Self::TooMany { .. } => "figure-too-many",
    Self::Busy => "figure-busy",
    Self::Elsewhere => "figure-elsewhere",
    Self::Stopping => "figure-stopping",
});

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<(String, FigureOrder, Option<String>), FigureError> {
        let line = FigureLine::read(line.as_bytes())?;
        Ok((line.name.to_string(), line.order, line.request))
    }

    #[test]
    fn lines_of_the_doors_are_taken_literally() {
        let usual = |order| Ok((USUAL_FIGURE.to_owned(), order, None));
        for (line, expected) in [
            ("inc.5", usual(FigureOrder::Add(5))),
            ("dec.3\r\n", usual(FigureOrder::Add(-3))),
            ("res.0", usual(FigureOrder::Reset)),
            (" inc.0 ", usual(FigureOrder::Ask)),
            ("dec.0", usual(FigureOrder::Ask)),
            ("inc.9223372036854775807", usual(FigureOrder::Add(i64::MAX))),
            ("inc.9223372036854775808", Err(FigureError::TooLarge)),
            (
                "inc.1 #a-7",
                Ok((
                    USUAL_FIGURE.to_owned(),
                    FigureOrder::Add(1),
                    Some("a-7".to_owned()),
                )),
            ),
            (
                "sala.aforo inc.2 #9",
                Ok((
                    "sala.aforo".to_owned(),
                    FigureOrder::Add(2),
                    Some("9".to_owned()),
                )),
            ),
            (
                "votes:a b.mp4 inc.0",
                Ok(("votos:a b.mp4".to_owned(), FigureOrder::Ask, None)),
            ),
        ] {
            assert_eq!(read(line), expected, "{line:?}");
        }
        for line in [
            "",
            "inc",
            "inc.",
            "inc.+1",
            "inc.-1",
            "inc.1.0",
            "INC.1",
            "res.1",
            "sum.1",
            "5",
            "+5",
            "inc.1 #",
            "inc.1 # ",
            "x:y inc.1",
            ".x inc.1",
            "a/b inc.1",
            "votos:../x inc.1",
            "inc.1 inc",
            "inc. 1",
            "\u{1b}[2J inc.1",
        ] {
            assert_eq!(read(line), Err(FigureError::NotUnderstood), "{line:?}");
        }
        assert!(FigureLine::read(b"inc.1\xff").is_err());
        assert!(FigureName::try_from("x".repeat(65).as_str()).is_err());
        assert!(request_name(&"x".repeat(65)).is_err());
    }

    #[test]
    fn people_type_signs() {
        for (word, expected) in [
            ("+5", Ok(FigureOrder::Add(5))),
            ("-5", Ok(FigureOrder::Add(-5))),
            ("+0", Ok(FigureOrder::Ask)),
            ("=0", Ok(FigureOrder::Reset)),
            ("inc.2", Ok(FigureOrder::Add(2))),
            ("--5", Err(FigureError::NotUnderstood)),
            ("=5", Err(FigureError::NotUnderstood)),
        ] {
            assert_eq!(FigureOrder::typed(word), expected, "{word}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_shown() {
        for name in ["contador", "sala.aforo", "año_1", "descargas:s/1 a.mp4"] {
            let read = FigureName::try_from(name).unwrap();
            assert_eq!(read.to_string(), name);
            let json = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<FigureName>(&json).unwrap(), read);
        }
    }
}
