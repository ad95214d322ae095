//! Secrets, certificates, and who is let in.

use std::path::Path;

use super::{errors::coded, t};
use crate::{
    node::{
        Denied, Security, SecurityError, TlsError, TlsRefusal,
        certificates::{CertificateError, Made},
    },
    proto::handshake::SecretError,
};

/// What a central says of its security at its start; nothing where there is nothing to warn of.
pub fn of_central(security: &Security) -> Option<String> {
    match (security.is_closed(), security.has_tls()) {
        (false, false) => Some(t!("open-cluster")),
        (false, true) => Some(t!("open-cluster-tls")),
        (true, false) => Some(t!("no-tls")),
        (true, true) => None,
    }
}

/// Why there is no security as it was asked for.
pub fn error(error: &SecurityError) -> String {
    let text = match error {
        SecurityError::Unreadable { path, source } => {
            t!("security-unreadable", path = path, why = source)
        }
        SecurityError::Exposed { path, mode } => {
            t!(
                "security-exposed",
                path = path,
                mode = format!("{mode:03o}")
            )
        }
        SecurityError::Secret(SecretError::TooShort { bytes }) => {
            t!("security-short", bytes = bytes)
        }
        SecurityError::Secret(SecretError::TooLong { .. }) => t!("security-long"),
        SecurityError::HalfIdentity => t!("security-half-identity"),
        SecurityError::HalfSecondary => t!("security-half-secondary"),
        SecurityError::OnlyAuthority => t!("security-only-authority"),
        SecurityError::OnlyIdentity => t!("security-only-identity"),
        SecurityError::Tls { path, source } => match source {
            TlsError::Certificate(why) => t!("tls-certificate", path = path, why = why),
            TlsError::Key(why) => t!("tls-key", path = path, why = why),
            TlsError::Pair(why) => t!("tls-pair", path = path, why = why),
            TlsError::Authority(why) => t!("tls-authority", path = path, why = why),
        },
    };
    coded(&text, error.code())
}

/// What was made for a cluster, and what to do with it.
pub fn made(folder: &Path, made: &Made) -> Vec<String> {
    let mut lines = vec![if made.new_authority {
        t!("made-new", folder = folder)
    } else {
        t!("made-signed", folder = folder)
    }];
    for stem in &made.servers {
        lines.extend([
            String::new(),
            t!("made-server", stem = stem),
            format!("  videocentral        {}", flags(stem)),
            format!(
                "  videosecundario -n N --ip-central CENTRAL {}",
                flags(stem)
            ),
        ]);
    }
    if made.client {
        lines.extend([
            String::new(),
            t!("made-client"),
            format!("  videocliente --ip-central CENTRAL {}", flags("cliente")),
        ]);
    }
    lines.extend([String::new(), t!("made-names"), t!("made-keep")]);
    lines
}

fn flags(stem: &str) -> String {
    format!(
        "--clave-archivo clave --tls-ca ca.pem --tls-cert {stem}.pem --tls-clave {stem}-clave.pem"
    )
}

/// Why no certificates were made.
pub fn not_made(error: &CertificateError) -> String {
    let text = match error {
        CertificateError::Exists(path) => t!("certificate-exists", path = path),
        CertificateError::Io { path, source } => t!("certificate-io", path = path, why = source),
        CertificateError::Name(name) => t!("certificate-name", name = name),
        CertificateError::Authority { path, reason } => {
            t!("certificate-authority", path = path, why = reason)
        }
        CertificateError::Crypto(why) => t!("certificate-crypto", why = why.to_string()),
    };
    coded(&text, error.code())
}

/// Why this node and the central do not come together, and what to do.
pub fn denied(denied: &Denied) -> String {
    let text = match denied {
        Denied::SecretRequired => t!("denied-secret-required"),
        Denied::NoSecretThere => t!("denied-no-secret-there"),
        Denied::WrongSecret => t!("denied-wrong-secret"),
        Denied::TlsRequired => t!("denied-tls-required"),
        Denied::Tls(TlsRefusal::NotTls) => t!("denied-not-tls"),
        Denied::Tls(TlsRefusal::Theirs(why)) => t!("denied-theirs", why = why),
        Denied::Tls(TlsRefusal::Ours(why)) => t!("denied-ours", why = why),
        Denied::Tls(TlsRefusal::Other(why)) => t!("denied-tls-other", why = why),
    };
    coded(&text, denied.code())
}
