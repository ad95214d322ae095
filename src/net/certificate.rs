//! What is wrong with a certificate: of rustls's errors those that people can mend.

use rustls::{AlertDescription, CertificateError, pki_types::pem};

/// What is wrong with a certificate that one side has shown to the other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateTrouble {
    /// None was shown.
    #[error("no certificate was shown")]
    NoneShown,
    /// It has expired.
    #[error("it has expired")]
    Expired,
    /// It is not valid yet.
    #[error("it is not valid yet")]
    NotYetValid,
    /// An authority that is not trusted signed it.
    #[error("its issuer is unknown")]
    UnknownIssuer,
    /// It is not for the name or the address that was dialled.
    #[error("it is not for this name or address")]
    WrongName,
    /// Its key usage does not allow this role: a client's certificate at a server, for one.
    #[error("it is not for this purpose")]
    WrongPurpose,
    /// A signature does not verify.
    #[error("a signature is not right")]
    BadSignature,
    /// Its authority has revoked it.
    #[error("it was revoked")]
    Revoked,
    /// It cannot be read.
    #[error("it is malformed")]
    Malformed,
    /// The other side does not say more.
    #[error("it was refused")]
    Refused,
    /// Anything else, in the library's words.
    #[error("{0}")]
    Other(String),
}

impl From<&CertificateError> for CertificateTrouble {
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::BadEncoding => Self::Malformed,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid
            }
            CertificateError::Revoked => Self::Revoked,
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::BadSignature => Self::BadSignature,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::WrongName
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::WrongPurpose
            }
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<&rustls::Error> for CertificateTrouble {
    fn from(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(why) => why.into(),
            rustls::Error::NoCertificatesPresented => Self::NoneShown,
            other => Self::Other(other.to_string()),
        }
    }
}

impl CertificateTrouble {
    /// What the other side says of ours; none for an alert that is not about certificates.
    pub(super) fn of_alert(alert: AlertDescription) -> Option<Self> {
        Some(match alert {
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
                Self::NoneShown
            }
            AlertDescription::CertificateExpired => Self::Expired,
            AlertDescription::UnknownCA => Self::UnknownIssuer,
            AlertDescription::CertificateRevoked => Self::Revoked,
            AlertDescription::DecryptError => Self::BadSignature,
            AlertDescription::UnsupportedCertificate => Self::WrongPurpose,
            AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied => Self::Refused,
            _ => return None,
        })
    }
}

/// What is wrong with a file of PEM, or with what is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemTrouble {
    /// There is nothing of the kind in the file.
    #[error("none in the file")]
    NothingThere,
    /// It ends before its end marker.
    #[error("the end is missing")]
    Cut,
    /// What is between the markers is not Base64, or a marker is not one.
    #[error("damaged")]
    Damaged,
    /// The key is not the certificate's.
    #[error("the key is not the certificate's")]
    KeysDiffer,
    /// A certificate that cannot be used.
    #[error("{0}")]
    Certificate(CertificateTrouble),
    /// Anything else, in the library's words.
    #[error("{0}")]
    Other(String),
}

impl From<pem::Error> for PemTrouble {
    fn from(error: pem::Error) -> Self {
        match error {
            pem::Error::NoItemsFound => Self::NothingThere,
            pem::Error::MissingSectionEnd { .. } => Self::Cut,
            pem::Error::IllegalSectionStart { .. } | pem::Error::Base64Decode(_) => Self::Damaged,
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<rustls::Error> for PemTrouble {
    fn from(error: rustls::Error) -> Self {
        match &error {
            rustls::Error::InconsistentKeys(_) => Self::KeysDiffer,
            rustls::Error::InvalidCertificate(why) => Self::Certificate(why.into()),
            other => Self::Other(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_can_mend_is_told_apart() {
        for (error, trouble) in [
            (CertificateError::Expired, CertificateTrouble::Expired),
            (
                CertificateError::NotValidYet,
                CertificateTrouble::NotYetValid,
            ),
            (
                CertificateError::UnknownIssuer,
                CertificateTrouble::UnknownIssuer,
            ),
            (
                CertificateError::NotValidForName,
                CertificateTrouble::WrongName,
            ),
            (
                CertificateError::BadSignature,
                CertificateTrouble::BadSignature,
            ),
        ] {
            let error = rustls::Error::InvalidCertificate(error);
            assert_eq!(CertificateTrouble::from(&error), trouble);
        }
        assert_eq!(
            CertificateTrouble::of_alert(AlertDescription::CertificateRequired),
            Some(CertificateTrouble::NoneShown)
        );
        assert_eq!(
            CertificateTrouble::of_alert(AlertDescription::ProtocolVersion),
            None
        );
    }
}
