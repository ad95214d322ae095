//! Secrets, certificates, and who is let in.

use std::path::Path;

use super::{coded, t};
use crate::{
    cli::names::dashed,
    node::{
        CertificateTrouble, Denied, PemTrouble, Security, SecurityError, TlsError, TlsRefusal,
        certificates::{
            AuthorityTrouble, CertificateError, FileNames, Made,
            engine::{CENTRAL, MadeForEngine, SETTINGS},
        },
    },
    proto::handshake::SecretError,
};

/// Has the secret itself. Not a flag's, so that no help shows it.
pub const SECRET_VARIABLES: [&str; 2] = ["TROZOS_CLAVE", "TROZOS_SECRET"];

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
        SecurityError::Secret { path, source } => {
            let why = secret(source);
            match path {
                Some(path) => t!("settings-wrong", path = path, why = why),
                None => t!("usage-value", flag = secret_variable(), why = why),
            }
        }
        SecurityError::Password { path, bytes } => {
            t!("security-password", path = path, bytes = bytes)
        }
        SecurityError::HalfIdentity => t!("security-half-identity"),
        SecurityError::HalfSecondary => t!("security-half-secondary"),
        SecurityError::OnlyAuthority => t!("security-only-authority"),
        SecurityError::OnlyIdentity => t!("security-only-identity"),
        SecurityError::Tls { path, source } => match source {
            TlsError::Certificate(why) => t!("tls-certificate", path = path, why = pem(why)),
            TlsError::Key(why) => t!("tls-key", path = path, why = pem(why)),
            TlsError::Pair(why) => t!("tls-pair", path = path, why = pem(why)),
            TlsError::Authority(why) => t!("tls-authority", path = path, why = pem(why)),
        },
    };
    coded(&text, error.code())
}

fn secret(error: &SecretError) -> String {
    match error {
        SecretError::TooShort { bytes: 0 } => t!("security-empty"),
        SecretError::TooShort { bytes } => t!("security-short", bytes = bytes),
        SecretError::Utf16 => t!("security-utf16"),
        SecretError::TooLong { .. } => t!("security-long"),
    }
}

/// What was generated for a cluster, and how to use it.
pub fn made(folder: &Path, made: &Made) -> Vec<String> {
    let mut lines = vec![if made.new_authority {
        t!("made-new", folder = folder)
    } else {
        t!("made-signed", folder = folder)
    }];
    let (central, names) = (dashed("ip-central"), &made.names);
    for stem in &made.servers {
        lines.extend([
            String::new(),
            t!(
                "made-server",
                secret = names.secret,
                stem = stem,
                key = names.key_file(stem)
            ),
            format!("  videocentral        {}", flags(names, stem)),
            format!(
                "  videosecundario -n N {central} CENTRAL {}",
                flags(names, stem)
            ),
        ]);
    }
    if made.client {
        lines.extend([
            String::new(),
            t!(
                "made-client",
                secret = names.secret,
                stem = names.client,
                key = names.key_file(names.client)
            ),
            format!(
                "  videocliente {central} CENTRAL {}",
                flags(names, names.client)
            ),
        ]);
    }
    let keep = t!("made-keep", key = names.authority_key());
    lines.extend([String::new(), t!("made-names"), keep]);
    lines
}

/// What was made for members of etcd, where it goes, and how centrals use it.
pub fn made_for_engine(folder: &Path, made: &MadeForEngine) -> Vec<String> {
    let names = &made.names;
    let mut lines = vec![t!("made-engine", folder = folder)];
    for stem in &made.members {
        lines.extend([
            String::new(),
            t!(
                "made-engine-member",
                stem = stem,
                key = names.key_file(stem)
            ),
            format!("  cp {stem}.{SETTINGS} /etc/default/etcd"),
        ]);
    }
    let (engine, authority) = (dashed("motor"), dashed("motor-ca"));
    let (certificate, key) = (dashed("motor-cert"), dashed("motor-clave"));
    lines.extend([
        String::new(),
        t!(
            "made-engine-central",
            stem = CENTRAL,
            key = names.key_file(CENTRAL)
        ),
        format!("  {engine} {}", made.endpoints.join(",")),
        format!(
            "  {authority} ca.pem {certificate} {CENTRAL}.pem {key} {}",
            names.key_file(CENTRAL)
        ),
        String::new(),
        t!("made-engine-keep", key = names.authority_key()),
    ]);
    lines
}

fn flags(names: &FileNames, stem: &str) -> String {
    let (secret, key) = (dashed("clave-archivo"), dashed("tls-clave"));
    let (secret_file, key_file) = (names.secret, names.key_file(stem));
    format!("{secret} {secret_file} --tls-ca ca.pem --tls-cert {stem}.pem {key} {key_file}")
}

/// The variable that the secret is in.
fn secret_variable() -> &'static str {
    let is_set = |name: &&str| std::env::var_os(name).is_some();
    SECRET_VARIABLES
        .into_iter()
        .find(is_set)
        .unwrap_or(SECRET_VARIABLES[0])
}

/// Why no certificates were made.
pub fn not_made(error: &CertificateError) -> String {
    let text = match error {
        CertificateError::Exists(path) => t!("certificate-exists", path = path),
        CertificateError::Io { path, source } => t!("certificate-io", path = path, why = source),
        CertificateError::Name(name) => t!("certificate-name", name = name),
        CertificateError::Authority { path, trouble } => {
            t!(
                "certificate-authority",
                path = path,
                why = authority(trouble)
            )
        }
        CertificateError::Crypto(words) => t!("certificate-crypto", words = words),
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
        Denied::Tls(TlsRefusal::Theirs(why)) => t!("denied-theirs", why = certificate(why)),
        Denied::Tls(TlsRefusal::Ours(why)) => t!("denied-ours", why = certificate(why)),
        Denied::Tls(refusal @ (TlsRefusal::GaveUp(_) | TlsRefusal::Other(_))) => {
            t!("denied-tls-other", why = tls(refusal))
        }
    };
    coded(&text, denied.code())
}

/// Why there is no TLS connection, on either side.
pub fn tls(refusal: &TlsRefusal) -> String {
    match refusal {
        TlsRefusal::NotTls => t!("tls-not-tls"),
        TlsRefusal::Theirs(why) => t!("tls-theirs", why = certificate(why)),
        TlsRefusal::Ours(why) => t!("tls-ours", why = certificate(why)),
        TlsRefusal::GaveUp(alert) => t!("tls-gave-up", alert = alert),
        TlsRefusal::Other(words) => t!("system-other", words = words),
    }
}

fn certificate(trouble: &CertificateTrouble) -> String {
    match trouble {
        CertificateTrouble::NoneShown => t!("certificate-none-shown"),
        CertificateTrouble::Expired => t!("certificate-expired"),
        CertificateTrouble::NotYetValid => t!("certificate-not-yet"),
        CertificateTrouble::UnknownIssuer => t!("certificate-unknown-issuer"),
        CertificateTrouble::WrongName => t!("certificate-wrong-name"),
        CertificateTrouble::WrongPurpose => t!("certificate-wrong-purpose"),
        CertificateTrouble::BadSignature => t!("certificate-bad-signature"),
        CertificateTrouble::Revoked => t!("certificate-revoked"),
        CertificateTrouble::Malformed => t!("certificate-malformed"),
        CertificateTrouble::Refused => t!("certificate-refused"),
        CertificateTrouble::Other(words) => t!("system-other", words = words),
    }
}

fn pem(trouble: &PemTrouble) -> String {
    match trouble {
        PemTrouble::NothingThere => t!("pem-nothing"),
        PemTrouble::Cut => t!("pem-cut"),
        PemTrouble::Damaged => t!("pem-damaged"),
        PemTrouble::KeysDiffer => t!("pem-keys-differ"),
        PemTrouble::Certificate(why) => certificate(why),
        PemTrouble::Other(words) => t!("system-other", words = words),
    }
}

fn authority(trouble: &AuthorityTrouble) -> String {
    match trouble {
        AuthorityTrouble::Missing => t!("authority-missing"),
        AuthorityTrouble::Key => t!("authority-key"),
        AuthorityTrouble::NotAPair => t!("authority-no-pair"),
        AuthorityTrouble::Certificate(error) => match error {
            TlsError::Certificate(why)
            | TlsError::Key(why)
            | TlsError::Pair(why)
            | TlsError::Authority(why) => pem(why),
        },
    }
}
