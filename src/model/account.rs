//! Accounts: their names, which look like no other one, and the keys that prove them.

use std::fmt;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_security::{GeneralSecurityProfile, MixedScript, skeleton};

use super::{
    ClientName, Digest, FileName, error_codes,
    limits::{MAX_ACCOUNT_NAME_CHARS, MAX_CLIENT_NAME_BYTES},
};

/// What an account must not be called: it would speak for a part of the cluster. All that begin so are refused as well.
const RESERVED: &[&str] = &[
    "admin",
    "auditor",
    "central",
    "gateway",
    "guest",
    "invitad",
    "pasarela",
    "secondary",
    "secundari",
    "trozos",
    "videocentral",
];
/// These alone are refused.
const RESERVED_WORDS: &[&str] = &["all", "nadie", "nobody", "root", "todos"];

/// The name of an account: 1 to 32 characters, letters of one script, digits, `.`, `_` and `-`, first a letter. In lower
/// case and in one Unicode form (NFKC), so that it is written in one way only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(String);

/// Why a text is no name of an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountNameError {
    /// Nothing but spaces.
    #[error("account name: empty")]
    Empty,
    /// Longer than a name may be; holds its length in characters.
    #[error("account name: {0} characters; at most {most}, and {MAX_CLIENT_NAME_BYTES} bytes", most = MAX_ACCOUNT_NAME_CHARS)]
    TooLong(usize),
    /// It begins with something else than a letter.
    #[error("account name: first a letter, not {0:?}")]
    First(char),
    /// Holds a character that is none of the usual letters, the digits from 0 to 9, `.`, `_` and `-`.
    #[error("account name: {0:?} is not allowed")]
    Forbidden(char),
    /// Letters of several scripts, which look like others.
    #[error("account name: letters of several scripts")]
    SeveralScripts,
    /// It would speak for a part of the cluster.
    #[error("account name: reserved")]
    Reserved,
}

error_codes!(AccountNameError, code {
    Self::Empty
    | Self::TooLong(_)
    | Self::First(_)
    | Self::Forbidden(_)
    | Self::SeveralScripts
    | Self::Reserved => "bad-name",
});

impl AccountName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a client of this account is called.
    ///
    /// # Panics
    /// Never: what is allowed in the name of an account is allowed in a client's.
    pub fn client(&self) -> ClientName {
        ClientName::try_from(self.0.as_str()).expect("an account's name is a client's too")
    }

    /// What it looks like.
    pub fn likeness(&self) -> Likeness {
        Likeness::of(&self.0)
    }
}

impl TryFrom<&str> for AccountName {
    type Error = AccountNameError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let text = text.trim();
        // A name may become longer when it is brought into its form, but a long one does not become short.
        let length = text.chars().count();
        if length > MAX_ACCOUNT_NAME_CHARS * 2 {
            return Err(AccountNameError::TooLong(length));
        }
        let name = one_form(text);
        let first = name.chars().next().ok_or(AccountNameError::Empty)?;
        let length = name.chars().count();
        if length > MAX_ACCOUNT_NAME_CHARS || name.len() > MAX_CLIENT_NAME_BYTES {
            return Err(AccountNameError::TooLong(length));
        }
        if let Some(c) = name.chars().find(|c| !is_allowed(*c)) {
            return Err(AccountNameError::Forbidden(c));
        }
        if !first.is_alphabetic() {
            return Err(AccountNameError::First(first));
        }
        if !name.is_single_script() {
            return Err(AccountNameError::SeveralScripts);
        }
        let look = Likeness::of(&name);
        // No folder is called so.
        if name.ends_with(FileName::PART_SUFFIX) || name.ends_with(FileName::JOURNAL_SUFFIX) {
            return Err(AccountNameError::Reserved);
        }
        let begins = |word: &&str| look.0.starts_with(&Likeness::of(word).0);
        let is_word = |word: &&str| look == Likeness::of(word);
        if RESERVED.iter().any(begins) || RESERVED_WORDS.iter().any(is_word) {
            return Err(AccountNameError::Reserved);
        }
        Ok(Self(name))
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Lower case and NFKC; each may undo the other, so both are done twice.
fn one_form(text: &str) -> String {
    let once = |text: &str| -> String { text.nfkc().flat_map(char::to_lowercase).nfkc().collect() };
    once(&once(text))
}

fn is_allowed(c: char) -> bool {
    let is_letter = c.is_alphabetic() || is_combining_mark(c);
    match c {
        '.' | '_' | '-' | '0'..='9' => true,
        c => is_letter && !c.is_numeric() && c.identifier_allowed(),
    }
}

/// What a name looks like: two names of equal looks are easily taken for each other, whatever their case, their Unicode
/// form or the script of their letters (the skeletons of UTS 39).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Likeness(String);

impl Likeness {
    /// The look of any text.
    pub fn of(text: &str) -> Self {
        let once = |text: &str| -> String {
            let skeleton: String = skeleton(&one_form(text)).collect();
            skeleton.to_lowercase()
        };
        // The skeleton of a digit may be a capital letter, and that of its small one another.
        Self(once(&once(text)))
    }

    /// It as text: not meant for people.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Likeness {
    fn from(likeness: &str) -> Self {
        Self(likeness.to_owned())
    }
}

/// The public key of one device of an account (Ed25519), as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey(pub Digest);

impl AccountKey {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Its first eight digits, by which people tell their devices apart.
    pub fn short(&self) -> String {
        let mut short = self.0.to_string();
        short.truncate(8);
        short
    }
}

/// What the holder of an account's key has signed (Ed25519), as 128 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature(pub [u8; 64]);

/// A text that is no signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a signature: 128 hexadecimal digits are")]
pub struct SignatureError;

impl TryFrom<&str> for Signature {
    type Error = SignatureError;

    fn try_from(text: &str) -> Result<Self, SignatureError> {
        let half = |half: Option<&str>| {
            let digest = half.and_then(|half| Digest::try_from(half).ok());
            digest.ok_or(SignatureError)
        };
        let (first, second) = (half(text.get(..64))?, half(text.get(64..))?);
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(first.as_bytes());
        bytes[32..].copy_from_slice(second.as_bytes());
        Ok(Self(bytes))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

/// What only the holder of a key may ask for, once it is proven that it has the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// What it asks for.
    pub wish: Wish,
    /// The account's name, as it was typed.
    pub name: ClientName,
    /// The key.
    pub key: AccountKey,
    /// The recovery code that it knows, as the central keeps it.
    pub code: Option<Digest>,
}

/// See [`Proven`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A new account, with this key.
    Register,
    /// To be the account on this connection.
    SignIn,
    /// That there is no such account any more.
    Unregister,
}

impl Wish {
    /// As it is signed, and the type of its message.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "sign-in",
            Self::Unregister => "unregister",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Result<String, AccountNameError> {
        AccountName::try_from(text).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn a_name_is_written_in_one_way_only() {
        for (typed, name) in [
            ("ana", "ana"),
            (" Ana ", "ana"),
            ("ＡＮＡ", "ana"),
            ("ana-maría_2.b", "ana-maría_2.b"),
            ("mari\u{301}a", "maría"),
            ("Łukasz", "łukasz"),
            ("Анна", "анна"),
            ("田中", "田中"),
            ("a", "a"),
            (&"ñ".repeat(32), &"ñ".repeat(32)),
        ] {
            assert_eq!(named(typed).as_deref(), Ok(name), "{typed}");
            assert_eq!(named(name).as_deref(), Ok(name), "{name}");
        }
    }

    #[test]
    fn what_is_no_name_has_its_reason() {
        use AccountNameError::*;
        for (typed, why) in [
            ("", Empty),
            ("  ", Empty),
            (&"a".repeat(33), TooLong(33)),
            (&"田".repeat(22), TooLong(22)),
            ("1ana", First('1')),
            ("-ana", First('-')),
            ("ana maría", Forbidden(' ')),
            ("ana/eva", Forbidden('/')),
            ("@ana", Forbidden('@')),
            ("ana\u{200b}", Forbidden('\u{200b}')),
            ("ana٣", Forbidden('٣')),
            ("ana½", Forbidden('\u{2044}')),
            // A Cyrillic letter among Latin ones.
            ("\u{430}na", SeveralScripts),
            ("Central", Reserved),
            ("centra1", Reserved),
            ("secundario2", Reserved),
            ("pasarela-1", Reserved),
            ("R00T", Reserved),
            ("ana.part", Reserved),
        ] {
            assert_eq!(named(typed), Err(why), "{typed:?}");
        }
        // It only begins as a word that is refused alone.
        assert!(named("allan").is_ok());
    }

    #[test]
    fn names_that_look_alike_have_one_look() {
        let look = Likeness::of;
        for (one, other) in [
            ("ana", "ANA"),
            ("ana", "ａｎａ"),
            // All Cyrillic.
            ("cope", "\u{441}\u{43e}\u{440}\u{435}"),
            ("bob", "b0b"),
            ("paul", "pau1"),
            ("paul", "paUl"),
            ("marna", "mama"),
            ("ana", "a\u{200b}na"),
        ] {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        assert_ne!(look("ana"), look("eva"));
        assert_ne!(look("ana"), look("ana2"));
        assert_ne!(look("maria"), look("maría"));
    }

    #[test]
    fn a_signature_is_128_digits() {
        let text = "0123456789abcdef".repeat(8);
        assert_eq!(Signature::try_from(&*text).unwrap().to_string(), text);
        for bad in ["", &text[1..], &format!("{text}0"), &"é".repeat(64)] {
            assert!(Signature::try_from(bad).is_err(), "{bad}");
        }
    }
}
