//! A failure as the operating system describes it, as a value.

use std::io;

/// An error of the operating system that can be kept, compared and told in any language. Its `Display` is the system's
/// own words, which are for logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct SystemError {
    kind: io::ErrorKind,
    number: Option<i32>,
    words: String,
}

impl SystemError {
    /// What it is.
    pub fn kind(&self) -> io::ErrorKind {
        self.kind
    }

    /// The system's number (`errno`); none for what was found out without the system.
    pub fn number(&self) -> Option<i32> {
        self.number
    }

    /// Its own words, in English and without the number.
    pub fn words(&self) -> &str {
        let end = self.number.and_then(|_| self.words.rfind(" (os error "));
        &self.words[..end.unwrap_or(self.words.len())]
    }
}

impl From<&io::Error> for SystemError {
    fn from(error: &io::Error) -> Self {
        Self {
            kind: error.kind(),
            number: error.raw_os_error(),
            words: error.to_string(),
        }
    }
}

impl From<io::Error> for SystemError {
    fn from(error: io::Error) -> Self {
        Self::from(&error)
    }
}

impl From<io::ErrorKind> for SystemError {
    fn from(kind: io::ErrorKind) -> Self {
        Self::from(io::Error::from(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_apart_from_the_words() {
        let refused = SystemError::from(io::Error::from_raw_os_error(111));
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(refused.number(), Some(111));
        assert_eq!(refused.words(), "Connection refused");
        let own = SystemError::from(io::Error::other("x (os error 5)"));
        assert_eq!((own.number(), own.words()), (None, "x (os error 5)"));
    }
}
