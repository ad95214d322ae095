//! Secrets, certificates, and who is let in.

use std::path::Path;

use super::clean;
use crate::{
    node::{
        Denied, Security, SecurityError, TlsError, TlsRefusal,
        certificates::{CertificateError, Made},
    },
    proto::handshake::SecretError,
};

/// What a central says of its security at its start; nothing where there is nothing to warn of.
pub fn of_central(security: &Security) -> Option<&'static str> {
    match (security.is_closed(), security.has_tls()) {
        (false, false) => Some(
            "AVISO: sin clave, el grupo está abierto: cualquiera en la red puede listar y descargar, y \
             cualquier servidor puede sumarse. Remedio: --clave-archivo",
        ),
        (false, true) => Some(
            "AVISO: sin clave, el grupo está abierto a quien tenga un certificado, o a cualquiera si no se \
             da --tls-ca. Remedio: --clave-archivo",
        ),
        (true, false) => Some(
            "Con clave y sin TLS: solo entra quien la conoce, pero el contenido se puede leer en la red, y \
             quien esté en medio puede cambiar lo que se dice después del saludo. Remedio: --tls-cert, \
             --tls-clave y --tls-ca",
        ),
        (true, true) => None,
    }
}

/// Why there is no security as it was asked for.
pub fn error(error: &SecurityError) -> String {
    match error {
        SecurityError::Unreadable { path, source } => {
            format!("{}: no se puede leer: {source}", path.display())
        }
        SecurityError::Exposed { path, mode } => {
            let path = path.display();
            format!("{path}: otros lo pueden leer (permisos {mode:03o}). Remedio: chmod 600 {path}")
        }
        SecurityError::Secret(SecretError::TooShort { bytes }) => format!(
            "la clave tiene {bytes} bytes y hacen falta al menos 16. Una buena: head -c 32 /dev/urandom | \
             base64 > clave"
        ),
        SecurityError::Secret(SecretError::TooLong { .. }) => {
            "la clave tiene más de 4096 bytes: ¿es otro fichero?".to_owned()
        }
        SecurityError::HalfIdentity => {
            "--tls-cert y --tls-clave van juntos: el certificado y su clave privada".to_owned()
        }
        SecurityError::HalfSecondary => "un secundario atiende y se conecta: con TLS necesita \
             --tls-cert, --tls-clave y --tls-ca"
            .to_owned(),
        SecurityError::OnlyAuthority => {
            "--tls-ca pide certificado a quien se conecta, y para eso el central necesita el suyo: da \
             también --tls-cert y --tls-clave"
                .to_owned()
        }
        SecurityError::OnlyIdentity => {
            "con --tls-cert hace falta --tls-ca, para saber de qué central fiarse".to_owned()
        }
        SecurityError::Tls { path, source } => {
            let path = path.display();
            match source {
                TlsError::Certificate(why) => {
                    format!("{path}: no es un certificado en PEM ({})", clean(why))
                }
                TlsError::Key(why) => {
                    format!("{path}: no es una clave privada en PEM ({})", clean(why))
                }
                TlsError::Pair(why) => {
                    format!("{path}: el certificado y su clave no van juntos ({})", clean(why))
                }
                TlsError::Authority(why) => {
                    format!("{path}: no sirve como autoridad ({})", clean(why))
                }
            }
        }
    }
}

/// What was made for a cluster, and what to do with it.
pub fn made(folder: &Path, made: &Made) -> Vec<String> {
    let mut lines = vec![if made.new_authority {
        format!(
            "Hecho en {}: una autoridad nueva (ca.pem)",
            folder.display()
        )
    } else {
        format!(
            "Hecho en {}, firmado por la autoridad que ya había",
            folder.display()
        )
    }];
    for stem in &made.servers {
        lines.extend([
            String::new(),
            format!("Al servidor {stem} copia clave, ca.pem, {stem}.pem y {stem}-clave.pem; arráncalo con:"),
            format!("  videocentral        {}", flags(stem)),
            format!("  videosecundario -n N --ip-central CENTRAL {}", flags(stem)),
        ]);
    }
    if made.client {
        lines.extend([
            String::new(),
            "A cada cliente copia clave, ca.pem, cliente.pem y cliente-clave.pem; arráncalo con:"
                .to_owned(),
            format!("  videocliente --ip-central CENTRAL {}", flags("cliente")),
        ]);
    }
    lines.extend([
        String::new(),
        "CENTRAL y las direcciones de los secundarios tienen que estar entre los nombres de sus \
         certificados."
            .to_owned(),
        "ca-clave.pem no se copia a ningún sitio: quien la tenga puede hacer certificados. Todo caduca a los \
         10 años."
            .to_owned(),
    ]);
    lines
}

fn flags(stem: &str) -> String {
    format!(
        "--clave-archivo clave --tls-ca ca.pem --tls-cert {stem}.pem --tls-clave {stem}-clave.pem"
    )
}

/// Why no certificates were made.
pub fn not_made(error: &CertificateError) -> String {
    match error {
        CertificateError::Exists(path) => format!(
            "{}: ya existe y no se toca; bórralo si quieres hacerlo de nuevo, o da otra carpeta",
            path.display()
        ),
        CertificateError::Io { path, source } => format!("{}: {source}", path.display()),
        CertificateError::Name(name) => format!(
            "«{}» no es un nombre de máquina ni una dirección: escribe --nodo 10.0.0.2, o --nodo \
             central.lan,10.0.0.2",
            clean(name)
        ),
        CertificateError::Authority { path, reason } => format!(
            "{}: la autoridad que hay no sirve ({}): da otra carpeta, o recupera ca.pem y ca-clave.pem",
            path.display(),
            clean(reason)
        ),
        CertificateError::Crypto(why) => format!("no se pudieron hacer los certificados: {why}"),
    }
}

/// Why this node and the central do not come together, and what to do.
pub fn denied(denied: &Denied) -> String {
    match denied {
        Denied::SecretRequired => {
            "el central pide una clave: da la misma que él con --clave-archivo, o en TROZOS_CLAVE"
                .to_owned()
        }
        Denied::NoSecretThere => "el central no usa clave, y este nodo sí: puede no ser el vuestro. \
             Remedio: arranca el central con --clave-archivo, o este nodo sin ella"
            .to_owned(),
        Denied::WrongSecret => {
            "la clave no es la del central: compara los ficheros de --clave-archivo".to_owned()
        }
        Denied::TlsRequired => "el central habla solo TLS: da --tls-ca, y --tls-cert con --tls-clave si \
             pide certificado"
            .to_owned(),
        Denied::Tls(TlsRefusal::NotTls) => {
            "el central no habla TLS: arráncalo con --tls-cert y --tls-clave, o este nodo sin --tls-ca"
                .to_owned()
        }
        Denied::Tls(TlsRefusal::Theirs(why)) => format!(
            "el certificado del central no vale ({}): mira que lo firme la autoridad de --tls-ca, que \
             lleve el nombre o la dirección con que te conectas y que no haya caducado",
            clean(why)
        ),
        Denied::Tls(TlsRefusal::Ours(why)) => format!(
            "el central no acepta el certificado de este nodo ({}): da --tls-cert y --tls-clave, firmados \
             por la autoridad del grupo y sin caducar",
            clean(why)
        ),
        Denied::Tls(TlsRefusal::Other(why)) => format!("no hay TLS con el central: {}", clean(why)),
    }
}
