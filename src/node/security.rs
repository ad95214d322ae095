//! Who is let in and how connections are protected: the cluster's secret, and TLS. Made once at the start,
//! from files; shared by all connections of a node.

use std::{
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    model::{
        error_codes,
        limits::{MAX_SECRET_BYTES, MIN_PASSWORD_BYTES},
    },
    net::{Authority, ClientTls, Identity, ServerTls, TlsError, TlsRefusal},
    proto::{
        Password,
        account::AdminKey,
        handshake::{Secret, SecretError},
        links::LinkKey,
    },
};

/// Longest certificate or key file, in bytes.
const MAX_PEM_BYTES: u64 = 1 << 20;
/// What may stand around a secret in its file, in bytes.
const AROUND_SECRET_BYTES: u64 = 64;
/// Permissions of anybody but a file's owner.
const OF_OTHERS: u32 = 0o077;

/// Where the secret comes from.
#[derive(Clone, Default)]
pub enum SecretSource {
    /// There is none: the cluster is open.
    #[default]
    None,
    /// A file's content.
    File(PathBuf),
    /// The secret itself, as from the environment.
    Text(Vec<u8>),
}

impl std::fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Text(_) => f.write_str("Text(..)"),
        }
    }
}

/// What a node's security is made of. Files are PEM.
#[derive(Clone, Debug, Default)]
pub struct SecurityFiles {
    /// The secret.
    pub secret: SecretSource,
    /// This node's certificate.
    pub certificate: Option<PathBuf>,
    /// Its private key.
    pub key: Option<PathBuf>,
    /// The authority that signs the cluster's certificates.
    pub authority: Option<PathBuf>,
}

/// What a node does on the network; says which TLS it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkRole {
    /// Is connected to: the central.
    Listens,
    /// Connects: a client.
    Connects,
    /// Both: a secondary.
    Both,
}

/// Why there is no security as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SecurityError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else can read a file that must be secret.
    #[error("{path}: permissions {mode:03o}: others can read it")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The secret of this file, or of the environment, is none.
    #[error("{source}")]
    Secret {
        /// The file; none of the environment.
        path: Option<PathBuf>,
        /// Why.
        source: SecretError,
    },
    /// The administrator's password is too short, or too long.
    #[error("{path}: {bytes} bytes: a password has {MIN_PASSWORD_BYTES} to {MAX_SECRET_BYTES}")]
    Password {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: usize,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("a certificate and its key go together")]
    HalfIdentity,
    /// A secondary is connected to and connects: it needs a certificate and the authority.
    #[error("a secondary needs a certificate, its key and the authority")]
    HalfSecondary,
    /// A central that is to ask for certificates must have one.
    #[error("an authority alone is of no use to a central")]
    OnlyAuthority,
    /// A certificate for a client that does not know whom to trust.
    #[error("a client needs the authority")]
    OnlyIdentity,
    /// The files are not what they should be.
    #[error("{path}: {source}")]
    Tls {
        /// The file, or the first of two.
        path: PathBuf,
        /// Why.
        source: TlsError,
    },
}

error_codes!(SecurityError, code {
    Self::Unreadable { .. } => "security-file-unreadable",
    Self::Exposed { .. } => "secret-exposed",
    Self::Password { .. } => "password-length",
    Self::HalfIdentity => "certificate-without-key",
    Self::HalfSecondary => "secondary-half-tls",
    Self::OnlyAuthority => "authority-without-certificate",
    Self::OnlyIdentity => "certificate-without-authority",
} in {
    Self::Secret { source, .. } => source.code(),
    Self::Tls { source, .. } => source.code(),
});

/// What a node knows and shows. The default is open and plain.
#[derive(Clone, Debug, Default)]
pub struct Security {
    pub(super) secret: Option<Secret>,
    pub(super) server: Option<ServerTls>,
    pub(super) client: Option<ClientTls>,
}

impl Security {
    /// Reads the files.
    ///
    /// # Errors
    /// See [`SecurityError`].
    pub fn load(files: &SecurityFiles, role: NetworkRole) -> Result<Self, SecurityError> {
        let secret = match &files.secret {
            SecretSource::None => None,
            SecretSource::Text(text) => Some(secret(text, None)?),
            SecretSource::File(path) => {
                let text = read_private(path, MAX_SECRET_BYTES as u64 + AROUND_SECRET_BYTES)?;
                Some(secret(&text, Some(path))?)
            }
        };
        let identity = match (&files.certificate, &files.key) {
            (Some(certificate), Some(key)) => Some((certificate, identity(certificate, key)?)),
            (None, None) => None,
            _ => return Err(SecurityError::HalfIdentity),
        };
        let authority = match &files.authority {
            Some(path) => Some((path, authority(path)?)),
            None => None,
        };
        match (role, identity.is_some(), authority.is_some()) {
            (NetworkRole::Listens, false, true) => return Err(SecurityError::OnlyAuthority),
            (NetworkRole::Connects, true, false) => return Err(SecurityError::OnlyIdentity),
            (NetworkRole::Both, true, false) | (NetworkRole::Both, false, true) => {
                return Err(SecurityError::HalfSecondary);
            }
            _ => {}
        }
        let trusted = authority.as_ref().map(|(_, authority)| authority);
        let server = match &identity {
            Some((path, identity)) if role != NetworkRole::Connects => {
                Some(ServerTls::new(identity, trusted).map_err(in_file(path))?)
            }
            _ => None,
        };
        let client = match &authority {
            Some((path, authority)) => {
                let own = identity.as_ref().map(|(_, identity)| identity);
                Some(ClientTls::new(authority, own).map_err(in_file(path))?)
            }
            _ => None,
        };
        Ok(Self {
            secret,
            server,
            client,
        })
    }

    /// Takes over the certificates of another one for connections that begin from now on; those that there are keep
    /// theirs. False, and nothing is changed, when only one of the two has TLS.
    pub fn renew(&self, fresh: &Self) -> bool {
        let is_alike = self.server.is_some() == fresh.server.is_some()
            && self.client.is_some() == fresh.client.is_some();
        if is_alike {
            if let (Some(own), Some(fresh)) = (&self.server, &fresh.server) {
                own.take_over(fresh);
            }
            if let (Some(own), Some(fresh)) = (&self.client, &fresh.client) {
                own.take_over(fresh);
            }
        }
        is_alike
    }

    /// True when nobody joins without a secret.
    pub fn is_closed(&self) -> bool {
        self.secret.is_some()
    }

    /// True when everybody may join, and nothing is encrypted.
    pub fn is_open(&self) -> bool {
        !self.is_closed() && !self.has_tls()
    }

    /// The secret as it is said where nothing can be proven.
    pub fn password(&self) -> Option<Password> {
        Some(self.secret.as_ref()?.password().clone())
    }

    /// What addresses are signed with that their readers need no secret for.
    pub fn link_key(&self) -> Option<LinkKey> {
        self.secret.as_ref().map(LinkKey::from)
    }

    /// True when this node trusts the certificates of others.
    pub fn trusts(&self) -> bool {
        self.client.is_some()
    }

    /// True when this node's port speaks TLS.
    pub fn has_tls(&self) -> bool {
        self.server.is_some()
    }
}

/// Reads the password of an administrator from a file that nobody else may read: as it is said by HTTP, and as it is
/// proven elsewhere.
///
/// # Errors
/// See [`SecurityError`].
pub fn administrator(path: &Path) -> Result<(Password, AdminKey), SecurityError> {
    let text = read_private(path, MAX_SECRET_BYTES as u64 + AROUND_SECRET_BYTES)?;
    let bytes = without_mark(&text).trim_ascii().len();
    if !(MIN_PASSWORD_BYTES..=MAX_SECRET_BYTES).contains(&bytes) {
        let path = path.to_owned();
        return Err(SecurityError::Password { path, bytes });
    }
    Ok((Password::from_text(&text), AdminKey::from_text(&text)))
}

fn secret(text: &[u8], path: Option<&PathBuf>) -> Result<Secret, SecurityError> {
    Secret::from_text(text).map_err(|source| SecurityError::Secret {
        path: path.cloned(),
        source,
    })
}

fn in_file(path: &Path) -> impl FnOnce(TlsError) -> SecurityError {
    let path = path.to_owned();
    |source| SecurityError::Tls { path, source }
}

fn identity(certificate: &Path, key: &Path) -> Result<Identity, SecurityError> {
    let shown = read(certificate, MAX_PEM_BYTES)?;
    let secret = read_private(key, MAX_PEM_BYTES)?;
    Identity::from_pem(without_mark(&shown), without_mark(&secret)).map_err(|source| {
        let path = match source {
            TlsError::Key(_) => key,
            TlsError::Certificate(_) | TlsError::Pair(_) | TlsError::Authority(_) => certificate,
        };
        in_file(path)(source)
    })
}

fn authority(path: &Path) -> Result<Authority, SecurityError> {
    Authority::from_pem(without_mark(&read(path, MAX_PEM_BYTES)?)).map_err(in_file(path))
}

/// A file's content after the byte order mark that some editors put before it.
fn without_mark(content: &[u8]) -> &[u8] {
    content
        .strip_prefix("\u{feff}".as_bytes())
        .unwrap_or(content)
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> SecurityError {
    let path = path.to_owned();
    move |source| SecurityError::Unreadable {
        path: path.clone(),
        source,
    }
}

fn read(path: &Path, most_bytes: u64) -> Result<Vec<u8>, SecurityError> {
    let file = std::fs::File::open(path).map_err(unreadable(path))?;
    let mut content = Vec::new();
    file.take(most_bytes)
        .read_to_end(&mut content)
        .map_err(unreadable(path))?;
    Ok(content)
}

/// Reads a file that nobody but its owner may read.
fn read_private(path: &Path, most_bytes: u64) -> Result<Vec<u8>, SecurityError> {
    let mut file = std::fs::File::open(path).map_err(unreadable(path))?;
    let meta = file.metadata().map_err(unreadable(path))?;
    let mode = meta.permissions().mode() & 0o777;
    // A pipe, as of a shell's <(…), is nobody else's to read.
    if meta.is_file() && mode & OF_OTHERS != 0 {
        let path = path.to_owned();
        return Err(SecurityError::Exposed { path, mode });
    }
    let mut content = Vec::new();
    Read::by_ref(&mut file)
        .take(most_bytes)
        .read_to_end(&mut content)
        .map_err(unreadable(path))?;
    Ok(content)
}

/// Why two sides that can reach each other do not come together. Trying again does not mend it; somebody has
/// to start one of them otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The other side wants a secret, and this one has none.
    #[error("the other side asks for a secret")]
    SecretRequired,
    /// This side has a secret, and the other one does not ask for it: it may be anybody.
    #[error("the other side does not prove that it knows the secret")]
    NoSecretThere,
    /// The secrets differ.
    #[error("the secrets differ")]
    WrongSecret,
    /// The other side speaks TLS only.
    #[error("the other side speaks TLS only")]
    TlsRequired,
    /// TLS did not come about.
    #[error("TLS: {0}")]
    Tls(TlsRefusal),
}

error_codes!(Denied, code {
    Self::SecretRequired => "secret-required",
    Self::NoSecretThere => "no-secret-there",
    Self::WrongSecret => "wrong-secret",
    Self::TlsRequired => "tls-required",
} in {
    Self::Tls(refusal) => refusal.code(),
});
