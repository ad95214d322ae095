//! Why no certificates were made.

use std::{io, path::PathBuf};

use crate::{model::error_codes, net::TlsError};

/// What is wrong with an authority that is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityTrouble {
    /// One of its two files is not there.
    #[error("missing")]
    Missing,
    /// Its key cannot be used.
    #[error("no private key")]
    Key,
    /// Its certificate cannot be used.
    #[error("{0}")]
    Certificate(TlsError),
    /// What the key signs, the certificate does not vouch for: they are of two authorities, or not of this program.
    #[error("certificate and key are not of one authority of this program")]
    NotAPair,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It is there already, and is not overwritten.
    #[error("{0}: exists")]
    Exists(PathBuf),
    /// A file or folder.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No host name, and no address.
    #[error("{0}: neither a host name nor an address")]
    Name(String),
    /// The authority that is there is not one of this program's, or not whole.
    #[error("{path}: {trouble}")]
    Authority {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        trouble: AuthorityTrouble,
    },
    /// Cryptography failed, in the library's words.
    #[error("{0}")]
    Crypto(String),
}

error_codes!(CertificateError, code {
    Self::Exists(_) => "certificate-exists",
    Self::Io { .. } => "certificate-file-failed",
    Self::Name(_) => "bad-host-name",
    Self::Authority { .. } => "authority-unusable",
    Self::Crypto(_) => "certificate-failed",
});

impl From<rcgen::Error> for CertificateError {
    fn from(error: rcgen::Error) -> Self {
        Self::Crypto(error.to_string())
    }
}

impl From<TlsError> for CertificateError {
    fn from(error: TlsError) -> Self {
        Self::Crypto(error.to_string())
    }
}
