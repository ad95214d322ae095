//! Who may join: both sides of a connection prove that they know the cluster's secret, and neither says it.
//! No sockets, no clock, no randomness: nonces are arguments.
//!
//! ```text
//!  connector                              server
//!  hello, with a nonce ────────────────▶
//!         ◀──────────────────────────── challenge, with a nonce
//!  proof ──────────────────────────────▶  checked before anything else is read
//!         ◀──────────────────────────── proof, and then its hello
//! ```
//!
//! A proof is HMAC-SHA-256 (RFC 2104, by ring, compared in constant time) over the side's own label, the
//! connector's whole first line as it was sent, who the server is, the server's nonce and what names the TLS
//! session, if there is one. So a proof is worth nothing on another connection (fresh nonces), to the other
//! side (labels), to another server (its role), with another hello (the line), or through somebody in the
//! middle who ends TLS himself (the session). The connector proves first: a stranger gets nothing from a
//! server by which he could try out secrets.

use std::{fmt, num::NonZeroU32};

use ring::{hmac, pbkdf2};
use serde::{Deserialize, Serialize};

use super::{
    ErrorCode, Hello, Said,
    password::{Password, plain_text},
};
use crate::model::{Digest, PeerNumber, SecondaryNumber, error_codes, limits};

pub use super::nonce::Nonce;

/// Before the secret is used it is stretched, so that one that people made up costs more to try out.
pub(super) const STRETCH_ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).expect("not zero");
const STRETCH_SALT: &[u8] = b"trozos 1 secret";
const CONNECTOR_LABEL: &[u8] = b"trozos 1 connector\n";
const SERVER_LABEL: &[u8] = b"trozos 1 server\n";

/// From the one who connects, until its place is clear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToServer {
    /// First line.
    Hello(Hello),
    /// Answers a challenge.
    Proof {
        /// That this side knows the secret.
        proof: Proof,
    },
}

/// From the server, until the connector's place is clear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromServer {
    /// The connector is welcome.
    Hello(Hello),
    /// Asks for a proof.
    Challenge {
        /// To be proven on.
        nonce: Nonce,
    },
    /// After the connector's proof was right.
    Proof {
        /// That the server knows the secret too.
        proof: Proof,
    },
    /// The connector is not welcome.
    Error {
        /// For programs.
        code: ErrorCode,
        /// Words and values.
        #[serde(flatten)]
        message: Said,
    },
}

/// That somebody knows the secret, for one connection and one side of it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Proof(Digest);

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proof(..)")
    }
}

/// A text that cannot be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It would be guessed.
    #[error("{bytes} bytes: a secret has at least {}", limits::MIN_SECRET_BYTES)]
    TooShort {
        /// Its length.
        bytes: usize,
    },
    /// An editor has written each letter as two bytes (UTF-16), which the other nodes' files do not.
    #[error("UTF-16")]
    Utf16,
    /// It is no text that somebody meant as a secret.
    #[error("{bytes} bytes: a secret has at most {}", limits::MAX_SECRET_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

error_codes!(SecretError, code {
    Self::TooShort { .. } => "secret-too-short",
    Self::Utf16 => "secret-utf16",
    Self::TooLong { .. } => "secret-too-long",
});

/// What all members of a closed cluster know. Never shown.
#[derive(Clone)]
pub struct Secret {
    key: hmac::Key,
    password: Password,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// Takes a secret as it was written; white space around it, and a byte order mark, are no part of it. Takes some
    /// 50 ms.
    ///
    /// # Errors
    /// When it is too short or absurdly long, or is UTF-16.
    pub fn from_text(text: &[u8]) -> Result<Self, SecretError> {
        if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
            return Err(SecretError::Utf16);
        }
        let text = plain_text(text);
        let bytes = text.len();
        if bytes < limits::MIN_SECRET_BYTES {
            return Err(SecretError::TooShort { bytes });
        }
        if bytes > limits::MAX_SECRET_BYTES {
            return Err(SecretError::TooLong { bytes });
        }
        let mut key = [0; 32];
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            STRETCH_ROUNDS,
            STRETCH_SALT,
            text,
            &mut key,
        );
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            password: Password::from_text(text),
        })
    }

    /// A key of its own for another purpose: whoever has it learns nothing of the secret.
    pub(super) fn key_for(&self, purpose: &[u8]) -> hmac::Key {
        let key = hmac::sign(&self.key, purpose);
        hmac::Key::new(hmac::HMAC_SHA256, key.as_ref())
    }

    /// The secret as it is said where nothing can be proven.
    pub fn password(&self) -> &Password {
        &self.password
    }

    fn prove(&self, label: &[u8], transcript: &Transcript) -> Proof {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(label);
        context.update(&transcript.0);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        Proof(Digest::new(bytes))
    }

    /// In constant time.
    fn check(
        &self,
        label: &[u8],
        transcript: &Transcript,
        proof: Proof,
    ) -> Result<(), WrongSecret> {
        let message = [label, &transcript.0].concat();
        hmac::verify(&self.key, &message, proof.0.as_bytes()).map_err(|_| WrongSecret)
    }
}

/// A proof is not right: the sides do not have the same secret, or do not speak with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong secret")]
pub struct WrongSecret;

/// What a server is to those who connect to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerRole {
    /// The central.
    Central,
    /// A secondary.
    Secondary(SecondaryNumber),
    /// A client that gives to its peers.
    Peer(PeerNumber),
}

impl fmt::Display for ServerRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Central => f.write_str("central"),
            Self::Secondary(number) => write!(f, "secondary {number}"),
            Self::Peer(number) => write!(f, "peer {number}"),
        }
    }
}

/// What both sides know of a connection before the proofs, and the server's nonce.
#[derive(Clone, Debug)]
pub(super) struct Transcript(Vec<u8>);

impl Transcript {
    /// Each part after its length, so that no two lists of parts look the same.
    pub(super) fn new(opening: &Opening<'_>, nonce: Nonce) -> Self {
        let server = opening.server.to_string();
        let parts = [
            opening.hello,
            server.as_bytes(),
            nonce.as_bytes(),
            opening.tls_session,
        ];
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self(bytes)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// How a connection began.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The connector's first line as it was sent, without its line feed. Has the connector's nonce.
    pub hello: &'a [u8],
    /// Who is connected to.
    pub server: ServerRole,
    /// What names the TLS session (RFC 9266); empty without TLS.
    pub tls_session: &'a [u8],
}

/// The one who connects, and has answered the challenge.
#[derive(Debug)]
pub struct Connector {
    secret: Secret,
    transcript: Transcript,
}

impl Connector {
    /// Answers a challenge.
    pub fn answer(secret: &Secret, opening: &Opening<'_>, challenge: Nonce) -> (Self, Proof) {
        let transcript = Transcript::new(opening, challenge);
        let proof = secret.prove(CONNECTOR_LABEL, &transcript);
        let secret = secret.clone();
        (Self { secret, transcript }, proof)
    }

    /// Checks the server's proof.
    ///
    /// # Errors
    /// When it is not right.
    pub fn check(self, proof: Proof) -> Result<(), WrongSecret> {
        self.secret.check(SERVER_LABEL, &self.transcript, proof)
    }
}

/// A server that has asked for a proof.
#[derive(Debug)]
pub struct Server {
    secret: Secret,
    transcript: Transcript,
}

impl Server {
    /// Expects a proof on a fresh nonce, which goes to the connector as the challenge.
    pub fn challenge(secret: &Secret, opening: &Opening<'_>, nonce: Nonce) -> Self {
        Self {
            secret: secret.clone(),
            transcript: Transcript::new(opening, nonce),
        }
    }

    /// Checks the connector's proof and gives the server's own.
    ///
    /// # Errors
    /// When it is not right; nothing is proven then.
    pub fn check(self, proof: Proof) -> Result<Proof, WrongSecret> {
        self.secret
            .check(CONNECTOR_LABEL, &self.transcript, proof)?;
        Ok(self.secret.prove(SERVER_LABEL, &self.transcript))
    }
}

#[cfg(test)]
mod tests;
