//! What can be wrong with an object store, sorted by what a person can do about it.

use super::error_codes;

/// Longest text of a store that is kept, in characters.
const MOST_CHARACTERS: usize = 200;

/// Why an object store could not be used. It says nothing of any single object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// What was given is not the address of a bucket.
    #[error("not the address of a bucket")]
    Address,
    /// This build has no client of object stores.
    #[error("this build has no client of object stores")]
    NotInBuild,
    /// The endpoint is reached by plain HTTP, which nobody has allowed.
    #[error("plain HTTP is not allowed")]
    PlainHttp,
    /// There is no such bucket.
    #[error("there is no such bucket")]
    BucketMissing,
    /// No credentials are given, or the store does not accept them.
    #[error("no credentials, or credentials that the store does not accept")]
    Credentials,
    /// The credentials do not permit it.
    #[error("the credentials do not permit it")]
    Denied,
    /// Nobody answers, or not in time.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The store fails, in its own words: a status and a code.
    #[error("the store fails: {0}")]
    Failed(String),
}

error_codes!(RemoteError, code {
    Self::Address => "bucket-address",
    Self::NotInBuild => "no-object-stores",
    Self::PlainHttp => "bucket-plain-http",
    Self::BucketMissing => "bucket-missing",
    Self::Credentials => "bucket-credentials",
    Self::Denied => "bucket-denied",
    Self::Unreachable(_) => "bucket-unreachable",
    Self::Failed(_) => "bucket-failed",
});

impl RemoteError {
    /// Nobody answers; `why` is what a library or the system says.
    pub fn unreachable(why: &str) -> Self {
        Self::Unreachable(short(why))
    }

    /// The store fails, in its own words.
    pub fn failed(why: &str) -> Self {
        Self::Failed(short(why))
    }

    /// True when it may pass without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Failed(_) => true,
            Self::Address
            | Self::NotInBuild
            | Self::PlainHttp
            | Self::BucketMissing
            | Self::Credentials
            | Self::Denied => false,
        }
    }
}

/// True for what is meant as the address of a bucket, such as `s3://bucket/prefix`, and not as a folder.
pub fn is_bucket_address(text: &str) -> bool {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    let is_name = |c: char| c.is_ascii_alphanumeric();
    scheme.is_some_and(|scheme| !scheme.is_empty() && scheme.chars().all(is_name))
}

/// One line of bounded length, without what could move a cursor.
fn short(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(MOST_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_folders() {
        for (text, expected) in [
            ("s3://a", true),
            ("http://a", true),
            ("/videos", false),
            ("videos", false),
            ("./s3://a", false),
            ("://a", false),
        ] {
            assert_eq!(is_bucket_address(text), expected, "{text}");
        }
    }

    #[test]
    fn what_a_store_says_is_one_short_line() {
        let long = format!("\u{1b}[2J{}\n", "a".repeat(5000));
        let RemoteError::Failed(kept) = RemoteError::failed(&long) else {
            panic!("another error");
        };
        assert_eq!(kept.chars().count(), MOST_CHARACTERS);
        assert!(kept.starts_with("[2Jaaa"), "{kept}");
        assert!(RemoteError::unreachable("x").may_pass());
        assert!(!RemoteError::Denied.may_pass());
    }
}
