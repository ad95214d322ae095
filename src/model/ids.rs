//! Names and numbers of nodes, transfers and chunks.

use std::fmt;

use super::{
    AccountName, error_codes,
    limits::{MAX_CLIENT_NAME_BYTES, MAX_GROUP_NAME_BYTES, MAX_SECONDARY_NUMBER},
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

/// The reign of one central: a later one is larger. 0 is nobody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub u32);

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which cluster a central belongs to: a random number that is made once. Written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub u64);

/// A text that names no cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cluster: 16 hexadecimal digits are")]
pub struct ClusterIdError;

impl ClusterId {
    /// Its first 32 bits, by which people tell clusters apart.
    pub fn short(self) -> ShortClusterId {
        ShortClusterId((self.0 >> 32) as u32)
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl TryFrom<&str> for ClusterId {
    type Error = ClusterIdError;

    fn try_from(text: &str) -> Result<Self, ClusterIdError> {
        let id = u64::from_str_radix(text, 16).map(Self);
        // Written in one way only.
        id.ok()
            .filter(|id| id.to_string() == text)
            .ok_or(ClusterIdError)
    }
}

/// The first half of a [`ClusterId`], as 8 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortClusterId(pub u32);

impl fmt::Display for ShortClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl TryFrom<&str> for ShortClusterId {
    type Error = ClusterIdError;

    fn try_from(text: &str) -> Result<Self, ClusterIdError> {
        let id = u32::from_str_radix(text, 16).map(Self);
        id.ok()
            .filter(|id| id.to_string() == text)
            .ok_or(ClusterIdError)
    }
}

/// What people call a cluster, so that several on one network are told apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(String);

/// A text that cannot be the name of a group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a group: 1 to {most} bytes are, without control characters or spaces around", most = MAX_GROUP_NAME_BYTES)]
pub struct GroupNameError;

impl GroupName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<&str> for GroupName {
    type Error = GroupNameError;

    fn try_from(name: &str) -> Result<Self, GroupNameError> {
        let fits = (1..=MAX_GROUP_NAME_BYTES).contains(&name.len());
        let is_clean = name.trim() == name && !name.chars().any(char::is_control);
        (fits && is_clean)
            .then(|| Self(name.to_owned()))
            .ok_or(GroupNameError)
    }
}

/// One download or copy. The central names it by its term and a number that nobody can know in advance; what a client
/// of the original is sent is named by its secondary, in nobody's term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId {
    /// The reign in which it began.
    pub term: Term,
    /// Which one of that reign.
    pub number: u64,
}

/// A text that names no transfer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a transfer: a term, a hyphen and 16 hexadecimal digits are")]
pub struct TransferIdError;

impl TransferId {
    /// One of a reign.
    pub fn new(term: Term, number: u64) -> Self {
        Self { term, number }
    }

    /// One that a secondary names.
    pub fn without_term(number: u64) -> Self {
        Self::new(Term(0), number)
    }
}

impl fmt::Display for TransferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.term, self.number)
    }
}

impl TryFrom<&str> for TransferId {
    type Error = TransferIdError;

    fn try_from(text: &str) -> Result<Self, TransferIdError> {
        let (term, number) = text.split_once('-').ok_or(TransferIdError)?;
        let id = Self {
            term: Term(term.parse().map_err(|_| TransferIdError)?),
            number: u64::from_str_radix(number, 16).map_err(|_| TransferIdError)?,
        };
        // A name is written in one way only.
        (id.to_string() == text)
            .then_some(id)
            .ok_or(TransferIdError)
    }
}

/// One run of a client's process. Its request numbers count in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(pub u64);

/// A client's own number for what it asks the central for; unique in its session among those that are not over.
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

    /// The same name with a number behind it, for another client that wants to be called so. A long one loses its end.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let number = format!("-{number}");
        let mut end = self.0.len().min(MAX_CLIENT_NAME_BYTES - number.len());
        while !self.0.is_char_boundary(end) {
            end -= 1;
        }
        Self(format!("{}{number}", &self.0[..end]))
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

impl ClientName {
    /// What a client of an account is called.
    pub(super) fn of_account(name: &AccountName) -> Self {
        Self(name.as_str().to_owned())
    }

    const GATEWAY: &str = "pasarela-";

    /// What the gateway of a secondary is called.
    pub fn of_gateway(number: SecondaryNumber) -> Self {
        Self(format!("{}{number}", Self::GATEWAY))
    }

    /// Whose gateway is called so.
    pub fn gateway_of(&self) -> Option<SecondaryNumber> {
        let number: u64 = self.0.strip_prefix(Self::GATEWAY)?.parse().ok()?;
        SecondaryNumber::try_from(number).ok()
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
    fn a_transfer_is_written_in_one_way_only() {
        for id in [
            TransferId::new(Term(0), 0),
            TransferId::new(Term(7), 0xbeef),
            TransferId::new(Term(u32::MAX), u64::MAX),
        ] {
            assert_eq!(TransferId::try_from(id.to_string().as_str()), Ok(id));
        }
        let good = "7-000000000000beef";
        assert_eq!(TransferId::new(Term(7), 0xbeef).to_string(), good);
        for bad in [
            "",
            "7",
            "-000000000000beef",
            "7-beef",
            "07-000000000000beef",
            "+7-000000000000beef",
            "7-000000000000BEEF",
            "7-+00000000000beef",
            "4294967296-000000000000beef",
            "7-10000000000000000",
        ] {
            assert_eq!(TransferId::try_from(bad), Err(TransferIdError), "{bad}");
        }
    }

    #[test]
    fn client_names_are_safe_in_a_file_name() {
        assert_eq!(ClientName::try_from(" ana ").unwrap().as_str(), "ana");
        assert!(ClientName::try_from("ana maría").is_ok());
        for bad in ["", "  ", "../ana", "a/b", "a\nb", ".ana", &"x".repeat(65)] {
            assert!(ClientName::try_from(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_client_name_with_a_number_is_one_too() {
        for (name, numbered) in [
            ("ana", "ana-2".to_owned()),
            (&"ñ".repeat(32), "ñ".repeat(31) + "-2"),
        ] {
            let made = ClientName::try_from(name).unwrap().numbered(2);
            assert_eq!(made.as_str(), numbered);
            assert_eq!(ClientName::try_from(made.as_str()), Ok(made));
        }
    }
}
