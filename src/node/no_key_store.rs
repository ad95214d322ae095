//! Why several centrals have no key store.

use std::path::PathBuf;

use crate::model::{ClusterId, error_codes};

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
    /// No member answers.
    #[error("{0}: no answer")]
    Silent(String),
    /// What it has is not of ours.
    #[error("{0}: not the journal of centrals")]
    Foreign(String),
    /// Its journal is of a later version of this program, in this format.
    #[error("the journal in etcd is of format {0}")]
    Later(u32),
    /// This central has the journal of one cluster, and etcd that of another.
    #[error("{}: of cluster {own}, and etcd has cluster {theirs}", path.display())]
    OtherCluster {
        /// The central's own journal.
        path: PathBuf,
        /// Of this cluster.
        own: ClusterId,
        /// The cluster in etcd.
        theirs: ClusterId,
    },
    /// Certificates that cannot be used, in the library's words.
    #[error("{0}")]
    Certificates(String),
}

error_codes!(KeyStoreError, code {
    Self::NotBuilt => "etcd-not-built",
    Self::NoMember => "etcd-none",
    Self::NotAMember(_) => "etcd-address",
    Self::NoAuthority(_) => "etcd-authority",
    Self::Silent(_) => "etcd-silent",
    Self::Foreign(_) => "etcd-foreign",
    Self::Later(_) => "etcd-later",
    Self::OtherCluster { .. } => "etcd-other-cluster",
    Self::Certificates(_) => "etcd-certificates",
});
