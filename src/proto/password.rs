//! What somebody must say to be let in, where it can only be said and not proven: HTTP has no challenges.

use std::fmt;

use ring::hmac;

/// What some editors put before a text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A password that is known here. Never shown, and not kept as it was written.
#[derive(Clone)]
pub struct Password {
    key: hmac::Key,
    tag: hmac::Tag,
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl Password {
    /// Takes a password as it was written; white space around it, and a byte order mark, are no part of it.
    pub fn from_text(text: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"trozos 1 password");
        let tag = hmac::sign(&key, plain_text(text));
        Self { key, tag }
    }

    /// True when it is what somebody says. In a time that does not depend on how much of it is right.
    pub fn is(&self, said: &[u8]) -> bool {
        hmac::verify(&self.key, said, self.tag.as_ref()).is_ok()
    }
}

/// A text of a file without what editors put around it.
pub(super) fn plain_text(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(text)
        .trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_what_was_written_and_nothing_else() {
        let password = Password::from_text(b"\xef\xbb\xbfabre te s\xc3\xa9samo\n");
        assert!(password.is("abre te sésamo".as_bytes()));
        for said in ["abre te sésamo\n", "abre te sesamo", "abre te sésam", ""] {
            assert!(!password.is(said.as_bytes()), "{said}");
        }
        assert!(!format!("{password:?}").contains("abre"));
    }
}
