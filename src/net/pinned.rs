//! TLS to a peer whose key is known beforehand: no authority signs the certificates of clients, which are made for one run.
//! What is pinned is the SHA-256 of the public key (SubjectPublicKeyInfo, RFC 5280).

use std::{fmt, io, sync::Arc};

use ring::digest::{SHA256, digest};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
    version::TLS13,
};
use tokio::io::BufReader;
use tokio_rustls::{TlsConnector, TlsStream};

use super::{Socket, Stream};
use crate::model::Digest;

/// How much is read from a socket at once, in bytes.
const READ_BYTES: usize = 128 * 1024;
/// What the certificate of a peer is for. Nobody looks at it: the key is what counts.
pub const PEER_NAME: &str = "trozos";

/// The digest of a public key, as it is pinned.
pub fn pin(public_key: &[u8]) -> Digest {
    let mut bytes = [0; Digest::BYTES];
    bytes.copy_from_slice(digest(&SHA256, public_key).as_ref());
    Digest::new(bytes)
}

/// Does the handshake with a peer that has this key.
///
/// # Errors
/// When it has another one, or the handshake fails.
pub async fn connect_pinned(socket: Socket, key: Digest) -> io::Result<Stream> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Pinned {
        key,
        provider: Arc::clone(&provider),
    });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    config.enable_sni = false;
    let name = ServerName::try_from(PEER_NAME).map_err(io::Error::other)?;
    let socket = BufReader::with_capacity(READ_BYTES, socket);
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, socket).await?;
    Ok(Stream::Tls(Box::new(TlsStream::Client(stream))))
}

/// Trusts one key, whatever is written around it.
struct Pinned {
    key: Digest,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pinned({})", self.key)
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let public_key = certificate.subject_public_key_info();
        if pin(&public_key) == self.key {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::UnknownIssuer.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
