//! The HTTP by which stores are spoken to: our own TLS, connections that are kept, and a limit on every silence.

use std::{
    io,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector as Tcp},
    rt::{TokioExecutor, TokioTimer},
};
use object_store::{
    ClientOptions,
    client::{
        ClientConfigKey, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest,
        HttpRequestBody, HttpResponse, HttpResponseBody, HttpService,
    },
};
use rustls::{ClientConfig, RootCertStore, crypto::ring, version::TLS13};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long the head of an answer may take, from the first byte of the request on.
const ANSWERS_WITHIN: Duration = Duration::from_secs(20);
/// So much more for each MiB that is sent.
const SENDS_A_MIB_WITHIN: Duration = Duration::from_secs(4);
/// How long the body of an answer may stand still.
const MOST_SILENCE: Duration = Duration::from_secs(8);
/// How long an idle connection is kept, and how many of them.
const IDLE: Duration = Duration::from_secs(30);
const MOST_IDLE: usize = 64;
/// How often the kernel looks whether the other side is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// What the error of an endpoint by plain HTTP says that nobody has allowed.
pub(super) const PLAIN_HTTP: &str = "plain HTTP is not allowed";

type Wire = Client<HttpsConnector<Tcp>, HttpRequestBody>;

/// The system's authorities, and those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
static TLS: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "authorities of the system");
    }
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])
        .expect("ring has TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
});

/// Makes the library's clients.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dial;

impl HttpConnector for Dial {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_WITHIN));
        tcp.set_keepalive(Some(KEEP_ALIVE));
        let secure = HttpsConnectorBuilder::new()
            .with_tls_config(ClientConfig::clone(&TLS))
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MOST_IDLE)
            .build(secure);
        let allows = options.get_config_value(&ClientConfigKey::AllowHttp);
        Ok(HttpClient::new(Http {
            client,
            allows_plain: allows.as_deref() == Some("true"),
        }))
    }
}

#[derive(Debug)]
struct Http {
    client: Wire,
    allows_plain: bool,
}

#[async_trait]
impl HttpService for Http {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if !self.allows_plain && request.uri().scheme_str() != Some("https") {
            let error = io::Error::other(PLAIN_HTTP);
            return Err(HttpError::new(HttpErrorKind::Unknown, error));
        }
        let mib = request.body().content_length() >> 20;
        let sends_within = SENDS_A_MIB_WITHIN * u32::try_from(mib).unwrap_or(u32::MAX);
        let answered = timeout(
            ANSWERS_WITHIN.saturating_add(sends_within),
            self.client.request(request),
        );
        let response = match answered.await {
            Ok(response) => response.map_err(sorted)?,
            Err(_) => return Err(silent()),
        };
        Ok(response.map(|body| HttpResponseBody::new(Bounded::new(body))))
    }
}

fn silent() -> HttpError {
    let error = io::Error::new(io::ErrorKind::TimedOut, "it says nothing any more");
    HttpError::new(HttpErrorKind::Timeout, error)
}

/// By its kind the library knows what may be tried again.
fn sorted(error: hyper_util::client::legacy::Error) -> HttpError {
    let kind = if error.is_connect() {
        HttpErrorKind::Connect
    } else {
        kind_of(&error)
    };
    HttpError::new(kind, error)
}

fn kind_of(error: &(dyn std::error::Error + 'static)) -> HttpErrorKind {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            if error.is_canceled() || error.is_closed() || error.is_incomplete_message() {
                // Whether the request was done is not known.
                return HttpErrorKind::Interrupted;
            }
            if error.is_timeout() {
                return HttpErrorKind::Timeout;
            }
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::TimedOut => HttpErrorKind::Timeout,
                _ => HttpErrorKind::Interrupted,
            };
        }
        cause = error.source();
    }
    HttpErrorKind::Unknown
}

/// A body that does not stand still for long.
struct Bounded {
    body: Incoming,
    silence: Pin<Box<Sleep>>,
}

impl Bounded {
    fn new(body: Incoming) -> Self {
        Self {
            body,
            silence: Box::pin(sleep_until(Instant::now() + MOST_SILENCE)),
        }
    }
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(frame) => {
                this.silence.as_mut().reset(Instant::now() + MOST_SILENCE);
                Poll::Ready(
                    frame
                        .map(|frame| frame.map_err(|error| HttpError::new(kind_of(&error), error))),
                )
            }
            Poll::Pending => match this.silence.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err(silent()))),
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
