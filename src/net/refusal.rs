//! Why TLS does not come about between two sides.

use std::io;

use super::CertificateTrouble;
use crate::model::error_codes;

/// Why TLS does not come about between two sides that both mean well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsRefusal {
    /// What answers is not TLS.
    #[error("it does not speak TLS")]
    NotTls,
    /// The peer's certificate is not good.
    #[error("its certificate is not good: {0}")]
    Theirs(CertificateTrouble),
    /// The peer does not take ours, or wants one.
    #[error("it does not take our certificate: {0}")]
    Ours(CertificateTrouble),
    /// The peer gave up, and says why by a name of the standard's (RFC 8446, 6).
    #[error("the other side gave up: {0}")]
    GaveUp(String),
    /// Anything else that trying again does not mend, in the library's words.
    #[error("{0}")]
    Other(String),
}

error_codes!(TlsRefusal, code {
    Self::NotTls => "no-tls",
    Self::Theirs(_) => "their-certificate",
    Self::Ours(_) => "our-certificate",
    Self::GaveUp(_) | Self::Other(_) => "tls-failed",
});

impl TlsRefusal {
    /// What an error of a stream means; `None` when it is not of TLS.
    pub fn of(error: &io::Error) -> Option<Self> {
        let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        Some(match error {
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
                Self::Theirs(error.into())
            }
            rustls::Error::AlertReceived(alert) => match CertificateTrouble::of_alert(*alert) {
                Some(trouble) => Self::Ours(trouble),
                None => Self::GaveUp(format!("{alert:?}")),
            },
            other => Self::Other(other.to_string()),
        })
    }
}
