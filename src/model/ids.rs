//! Names and numbers of nodes, transfers and chunks.

use std::fmt;

use super::{
    error_codes,
    limits::{MAX_CLIENT_NAME_BYTES, MAX_SECONDARY_NUMBER},
};

/// A secondary's number, 1 to [`MAX_SECONDARY_NUMBER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecondaryNumber(u16);

/// A number that no secondary can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("secondary number {0}: must be 1 to {most}", most = MAX_SECONDARY_NUMBER)]
pub struct SecondaryNumberError(pub u64);

impl SecondaryNumber {
    /// The number as an integer.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u64> for SecondaryNumber {
    type Error = SecondaryNumberError;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        match u16::try_from(number) {
            Ok(small) if (1..=MAX_SECONDARY_NUMBER).contains(&small) => Ok(Self(small)),
            _ => Err(SecondaryNumberError(number)),
        }
    }
}

impl fmt::Display for SecondaryNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One run of a secondary's process; tells a reconnection from a second process with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

/// One download or copy, named by the central, below 2^52, so that nobody knows the next one. What a client of the
/// original is sent is named by its secondary, below 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(pub u64);

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// A client's own number for what it asks the central for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// A source of one transfer. Given by the central; means nothing outside of that transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Position of a chunk in its file, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkIndex(pub u32);

impl ChunkIndex {
    /// The index as an offset into a slice.
    pub fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for ChunkIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name under which a client enrols: 1 to 64 bytes, no control characters, no separators of paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientName(String);

/// Why a text is no client name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientNameError {
    /// Nothing but spaces.
    #[error("client name: empty")]
    Empty,
    /// Longer than [`MAX_CLIENT_NAME_BYTES`]; holds its length in bytes.
    #[error("client name: {0} bytes; at most {most}", most = MAX_CLIENT_NAME_BYTES)]
    TooLong(usize),
    /// Holds a control character or one of `/ \ :`, or starts with a dot.
    #[error("client name: {0:?} is not allowed")]
    Forbidden(char),
}

error_codes!(ClientNameError, code {
    Self::Empty | Self::TooLong(_) | Self::Forbidden(_) => "bad-client-name",
});

impl ClientName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for ClientName {
    type Error = ClientNameError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ClientNameError::Empty);
        }
        if text.len() > MAX_CLIENT_NAME_BYTES {
            return Err(ClientNameError::TooLong(text.len()));
        }
        if text.starts_with('.') {
            return Err(ClientNameError::Forbidden('.'));
        }
        match text
            .chars()
            .find(|c| c.is_control() || matches!(c, '/' | '\\' | ':'))
        {
            Some(c) => Err(ClientNameError::Forbidden(c)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secondary_numbers_start_at_one_and_have_an_end() {
        assert!(SecondaryNumber::try_from(0).is_err());
        assert_eq!(SecondaryNumber::try_from(1).unwrap().get(), 1);
        assert!(SecondaryNumber::try_from(u64::from(MAX_SECONDARY_NUMBER)).is_ok());
        assert!(SecondaryNumber::try_from(u64::from(MAX_SECONDARY_NUMBER) + 1).is_err());
        assert!(SecondaryNumber::try_from(65_537).is_err());
    }

    #[test]
    fn client_names_are_safe_in_a_file_name() {
        assert_eq!(ClientName::try_from(" ana ").unwrap().as_str(), "ana");
        assert!(ClientName::try_from("ana maría").is_ok());
        for bad in ["", "  ", "../ana", "a/b", "a\nb", ".ana", &"x".repeat(65)] {
            assert!(ClientName::try_from(bad).is_err(), "{bad:?}");
        }
    }
}
