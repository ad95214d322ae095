//! What the files of a small cluster are called, in either language.

/// Stem of the authority's files.
pub(super) const AUTHORITY: &str = "ca";

/// What the files are called that have names in a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileNames {
    /// Of the secret.
    pub secret: &'static str,
    /// Stem of the files of clients.
    pub client: &'static str,
    /// At the end of each key's stem.
    key: &'static str,
}

impl FileNames {
    /// As they are called in Spanish.
    pub const SPANISH: Self = Self {
        secret: "clave",
        client: "cliente",
        key: "clave",
    };
    /// As they are called in English.
    pub const ENGLISH: Self = Self {
        secret: "secret",
        client: "client",
        key: "key",
    };
    pub(super) const ALL: [Self; 2] = [Self::SPANISH, Self::ENGLISH];

    /// The file of a key.
    pub fn key_file(&self, stem: &str) -> String {
        format!("{stem}-{}.pem", self.key)
    }

    /// The key that makes certificates.
    pub fn authority_key(&self) -> String {
        self.key_file(AUTHORITY)
    }

    /// Those that a folder has already. A second authority or secret, for no other reason than the language of the next
    /// session, would shut out whoever has the first.
    pub(super) fn of(has: impl Fn(&str) -> bool, usual: Self) -> Self {
        let is_there = |names: &Self| has(&names.authority_key()) || has(names.secret);
        let known = [usual].into_iter().chain(Self::ALL);
        known.into_iter().find(is_there).unwrap_or(usual)
    }
}
