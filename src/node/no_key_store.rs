//! Why several centrals have no key store.

use crate::model::error_codes;

/// Why there is no key store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreError {
    /// This program was built without a client of etcd.
    #[error("built without etcd")]
    NotBuilt,
    /// No member is named.
    #[error("no member of etcd is given")]
    NoMember,
    /// It is not `http://host:port` or `https://host:port`.
    #[error("not a member of etcd: {0}")]
    NotAMember(String),
    /// It is reached by TLS, and nobody is trusted.
    #[error("no authority is given for {0}")]
    NoAuthority(String),
    /// Certificates that cannot be used, in the library's words.
    #[error("{0}")]
    Certificates(String),
}

error_codes!(KeyStoreError, code {
    Self::NotBuilt => "etcd-not-built",
    Self::NoMember => "etcd-none",
    Self::NotAMember(_) => "etcd-address",
    Self::NoAuthority(_) => "etcd-authority",
    Self::Certificates(_) => "etcd-certificates",
});
