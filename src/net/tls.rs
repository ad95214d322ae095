//! TLS 1.3 by rustls, with ring. Both sides of it: what a server shows, and whom the one who connects trusts.

use std::{fmt, io, net::IpAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use rustls::{
    CertificateError, ClientConfig, RootCertStore, ServerConfig,
    client::{VerifierBuilderError, WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName, UnixTime, pem::PemObject,
    },
    server::{Acceptor, WebPkiClientVerifier},
    version::TLS13,
};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio_rustls::{LazyConfigAcceptor, TlsConnector, TlsStream, server::StartHandshake};

use super::{
    CertificateTrouble, PemTrouble, Socket, Stream,
    beginning::{Beginning, is_http},
    split,
};
use crate::model::error_codes;

/// How much is read from a socket at once where chunks come in, in bytes.
const BULK_READ_BYTES: usize = 128 * 1024;
/// The same where only lines do.
const LINE_READ_BYTES: usize = 4 * 1024;
/// How long a peer may take to take in that it was refused.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Certificates or a key that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// No certificate of PEM.
    #[error("no certificate: {0}")]
    Certificate(PemTrouble),
    /// No private key of PEM.
    #[error("no private key: {0}")]
    Key(PemTrouble),
    /// The key is not the certificate's, or of a kind that is not known.
    #[error("certificate and key: {0}")]
    Pair(PemTrouble),
    /// The authority's certificate is none.
    #[error("authority: {0}")]
    Authority(PemTrouble),
}

error_codes!(TlsError, code {
    Self::Certificate(_) => "bad-certificate",
    Self::Key(_) => "bad-key",
    Self::Pair(_) => "certificate-key-mismatch",
    Self::Authority(_) => "bad-authority",
});

/// A node's certificate, with those between it and the authority, and its private key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({} certificates)", self.chain.len())
    }
}

impl Identity {
    /// Reads PEM.
    ///
    /// # Errors
    /// When there is no certificate, or no private key.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Ok(Self {
            chain: certificates(certificate).map_err(TlsError::Certificate)?,
            key: PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::Key(error.into()))?,
        })
    }

    fn parts(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (self.chain.clone(), self.key.clone_key())
    }
}

/// Whose signature makes a certificate good.
#[derive(Clone, Debug)]
pub struct Authority(Arc<RootCertStore>);

impl Authority {
    /// Reads PEM, of one authority or several.
    ///
    /// # Errors
    /// When there is no certificate, or one that cannot be an authority's.
    pub fn from_pem(certificates_of: &[u8]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(certificates_of).map_err(TlsError::Authority)? {
            let added = roots.add(certificate);
            added.map_err(|error| TlsError::Authority(error.into()))?;
        }
        Ok(Self(Arc::new(roots)))
    }

    /// Whether one who connects to this name or address would trust a server with this certificate.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, identity: &Identity, name: &str) -> Result<(), CertificateTrouble> {
        let verifier = self.verifier();
        let verifier = verifier.map_err(|error| CertificateTrouble::Other(error.to_string()))?;
        let name = server_name(name).map_err(|_| CertificateTrouble::WrongName)?;
        let chain = identity.chain.split_first();
        let (own, others) = chain.ok_or(CertificateTrouble::NoneShown)?;
        verifier
            .verify_server_cert(own, others, &name, &[], UnixTime::now())
            .map(|_| ())
            .map_err(|error| CertificateTrouble::from(&error))
    }

    fn verifier(&self) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
        WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.0), provider())
            .build()
            .map_err(unusable)
    }
}

fn unusable(error: VerifierBuilderError) -> TlsError {
    TlsError::Authority(PemTrouble::Other(error.to_string()))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemTrouble> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err(PemTrouble::NothingThere),
        Ok(all) => Ok(all),
        Err(error) => Err(error.into()),
    }
}

/// What a server's certificate must be for.
fn server_name(dialled: &str) -> Result<ServerName<'static>, InvalidDnsNameError> {
    // Certificates know no zones: they are one machine's.
    let without_zone = dialled.split('%').next().unwrap_or(dialled);
    match without_zone.parse::<IpAddr>() {
        Ok(ip) => Ok(ServerName::from(ip.to_canonical())),
        Err(_) => ServerName::try_from(dialled.to_owned()),
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Certificates that can be replaced while connections begin. Copies are the same.
struct Renewable<T>(Arc<ArcSwap<T>>);

impl<T> Clone for Renewable<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Renewable<T> {
    fn new(first: T) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(first)))
    }

    fn now(&self) -> T {
        self.0.load().as_ref().clone()
    }

    fn take_over(&self, fresh: &Self) {
        self.0.store(fresh.0.load_full());
    }
}

/// What those offer who speak HTTP within TLS. Lines offer nothing.
const HTTP_PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// How a server speaks TLS. Copies are the same.
#[derive(Clone)]
pub struct ServerTls(Renewable<Manners>);

#[derive(Clone)]
struct Manners {
    lines: Arc<ServerConfig>,
    /// No certificate is asked for: browsers would have their users choose one, and most have none. Whoever speaks HTTP says
    /// the secret instead.
    http: Arc<ServerConfig>,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls(..)")
    }
}

impl ServerTls {
    /// Shows a certificate; with an authority, those who connect must show one that it signed.
    ///
    /// # Errors
    /// When key and certificate do not go together.
    pub fn new(identity: &Identity, clients: Option<&Authority>) -> Result<Self, TlsError> {
        let (chain, key) = identity.parts();
        let versions = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .expect("ring has TLS 1.3");
        let verified = match clients {
            None => versions.with_no_client_auth(),
            Some(Authority(roots)) => {
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider())
                        .build()
                        .map_err(unusable)?;
                versions.with_client_cert_verifier(verifier)
            }
        };
        let mut lines = verified
            .with_single_cert(chain, key)
            .map_err(|error| TlsError::Pair(error.into()))?;
        // Connections last: there is nothing to resume, and every peer shows its certificate each time.
        lines.send_tls13_tickets = 0;
        let (chain, key) = identity.parts();
        let mut web = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .expect("ring has TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| TlsError::Pair(error.into()))?;
        web.alpn_protocols = HTTP_PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        web.send_tls13_tickets = 0;
        Ok(Self(Renewable::new(Manners {
            lines: Arc::new(lines),
            http: Arc::new(web),
        })))
    }

    /// From now on connections begin as another one's do.
    pub fn take_over(&self, fresh: &Self) {
        self.0.take_over(&fresh.0);
    }

    /// Does the handshake, as those who speak HTTP expect it where that is answered; gives how the peer begins within TLS.
    /// One that fails the handshake has been told why.
    ///
    /// # Errors
    /// What went wrong; see `TlsRefusal::of`.
    pub async fn accept(
        &self,
        socket: Socket,
        answers_http: bool,
    ) -> io::Result<(Stream, Beginning)> {
        let manners = self.0.now();
        let socket = BufReader::with_capacity(LINE_READ_BYTES, socket);
        let mut greeted = LazyConfigAcceptor::new(Acceptor::default(), socket);
        let start = match (&mut greeted).await {
            Ok(start) => start,
            Err(error) => {
                if let Some(socket) = greeted.take_io() {
                    last_words(socket).await;
                }
                return Err(error);
            }
        };
        let offers_http = answers_http && offers_http(&start);
        let config = if offers_http {
            manners.http
        } else {
            manners.lines
        };
        let stream = match start.into_stream(config).into_fallible().await {
            Ok(stream) => stream,
            Err((error, socket)) => {
                last_words(socket).await;
                return Err(error);
            }
        };
        let mut stream = Stream::Tls(Box::new(TlsStream::Server(stream)));
        // Some offer nothing and speak HTTP all the same.
        let begins = if offers_http || (answers_http && is_http(stream.peek().await?)) {
            Beginning::Http
        } else {
            Beginning::Lines
        };
        Ok((stream, begins))
    }
}

fn offers_http<S: AsyncRead + AsyncWrite + Unpin>(start: &StartHandshake<S>) -> bool {
    let hello = start.client_hello();
    let mut offered = hello.alpn().into_iter().flatten();
    offered.any(|offered| HTTP_PROTOCOLS.contains(&offered))
}

/// A peer has been sent an alert, which an end with unread bytes would take away again.
async fn last_words(socket: BufReader<Socket>) {
    let (reader, mut writer) = split(socket.into_inner(), LAST_WORDS);
    writer.shutdown().await;
    reader.linger().await;
}

/// How one who connects speaks TLS. Copies are the same.
#[derive(Clone)]
pub struct ClientTls(Renewable<TlsConnector>);

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTls(..)")
    }
}

/// What comes on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Messages.
    Lines,
    /// Chunks.
    Bulk,
}

impl ClientTls {
    /// Trusts servers whose certificate the authority signed for the name or address that is dialled; shows
    /// a certificate of its own where it is asked for one.
    ///
    /// # Errors
    /// When key and certificate do not go together.
    pub fn new(servers: &Authority, own: Option<&Identity>) -> Result<Self, TlsError> {
        let verifier = servers.verifier()?;
        let verified = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .expect("ring has TLS 1.3")
            .with_webpki_verifier(verifier);
        let mut config = match own {
            None => verified.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = identity.parts();
                verified
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| TlsError::Pair(error.into()))?
            }
        };
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self(Renewable::new(TlsConnector::from(Arc::new(config)))))
    }

    /// From now on connections begin as another one's do.
    pub fn take_over(&self, fresh: &Self) {
        self.0.take_over(&fresh.0);
    }

    /// Does the handshake with the server that was dialled under this name or address.
    ///
    /// # Errors
    /// What went wrong; see `TlsRefusal::of`.
    pub async fn connect(
        &self,
        socket: Socket,
        dialled: &str,
        traffic: Traffic,
    ) -> io::Result<Stream> {
        let no_name = rustls::Error::InvalidCertificate(CertificateError::NotValidForName);
        let name = server_name(dialled).map_err(|_| io::Error::other(no_name))?;
        let capacity = match traffic {
            Traffic::Lines => LINE_READ_BYTES,
            Traffic::Bulk => BULK_READ_BYTES,
        };
        let socket = BufReader::with_capacity(capacity, socket);
        let stream = self.0.now().connect(name, socket).await?;
        Ok(Stream::Tls(Box::new(TlsStream::Client(stream))))
    }
}
