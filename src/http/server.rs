//! Connections, and what is true of all requests: which hosts, methods and lengths are answered, and the fields that every
//! answer has.

use std::{
    convert::Infallible,
    error::Error,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use super::{
    asker::Asker,
    auth::{Doorkeeper, NotAdmitted, Passwords, Right},
    body::{Fed, Reply, comes_in_pieces},
    counts::{Answer, Connection, Counts, Endpoint, Rejected},
    hosts::{Hosts, WrongHost},
    problem::{Problem, Reader},
    text::Tongue,
};
use crate::{
    model::limits::{
        MAX_HTTP_FIELDS, MAX_HTTP_HEAD_BYTES, MAX_HTTP_REQUESTS, MAX_HTTP_TARGET_BYTES,
    },
    node::face::{ExpelledHosts, Face, Serving, Visit},
};

/// Requests at once on one connection of HTTP/2.
const MOST_STREAMS: u32 = 64;

/// How a connection came.
#[derive(Clone, Copy, Debug)]
struct Way {
    peer: SocketAddr,
    is_private: bool,
    is_encrypted: bool,
}

/// Cancelled when the server stops: answers that would go on for ever end then.
#[derive(Clone, Debug)]
pub(super) struct Stopping(pub(super) CancellationToken);

/// See the module. Copies are the same.
#[derive(Clone)]
pub(super) struct Server(Arc<Shared>);

struct Shared {
    router: Router,
    hosts: Hosts,
    doorkeeper: Doorkeeper,
    expelled: ExpelledHosts,
    counts: Arc<Counts>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server(..)")
    }
}

impl Server {
    /// A server that refuses nobody but who is not a member.
    pub(super) fn new(router: Router, hosts: Hosts, passwords: Passwords) -> Self {
        Self::without(ExpelledHosts::default(), router, hosts, passwords)
    }

    /// One that gives no bytes to those who were sent away.
    pub(super) fn without(
        expelled: ExpelledHosts,
        router: Router,
        hosts: Hosts,
        passwords: Passwords,
    ) -> Self {
        Self(Arc::new(Shared {
            router,
            hosts,
            doorkeeper: Doorkeeper::new(passwords),
            expelled,
            counts: Arc::default(),
        }))
    }
}

impl Face for Server {
    fn serve(&self, visit: Visit) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(serve(self.clone(), visit))
    }
}

async fn serve(server: Server, visit: Visit) {
    let Visit {
        stream,
        peer,
        is_private,
        is_encrypted,
        stop,
    } = visit;
    let way = Way {
        peer,
        is_private,
        is_encrypted,
    };
    let answering = stream.answering();
    let counts = Arc::clone(&server.0.counts);
    let counted = Connection::new(Arc::clone(&counts));
    let count = counted.answering();
    let requests = AtomicUsize::new(0);
    let stopping = Stopping(stop.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(stopping.clone());
        let server = server.clone();
        let answer = count(Endpoint::of(request.uri().path()));
        let of = (answering(), answer);
        let is_last = requests.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_HTTP_REQUESTS;
        async move {
            let version = request.version();
            let mut response = server.answer(request.map(Body::new), way, of).await;
            if is_last && version < Version::HTTP_2 {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The stream keeps the time.
        .header_read_timeout(None)
        .max_headers(MAX_HTTP_FIELDS)
        .max_buf_size(MAX_HTTP_HEAD_BYTES);
    builder
        .http2()
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(MAX_HTTP_HEAD_BYTES as u32);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    counted.ended();
    if let Err(error) = ended {
        if let Some(reason) = reason(&*error) {
            counts.rejected(reason);
        }
        // Players end connections at every seek.
        tracing::debug!(%peer, %error, "HTTP");
    }
}

/// Why a connection was ended by this side, if it was.
fn reason(error: &(dyn Error + 'static)) -> Option<Rejected> {
    let http = error.downcast_ref::<hyper::Error>()?;
    if http.is_parse() {
        return Some(Rejected::Parse);
    }
    let io = http.source()?.downcast_ref::<io::Error>()?;
    (io.kind() == io::ErrorKind::TimedOut).then_some(Rejected::Timeout)
}

impl Server {
    async fn answer(
        &self,
        request: Request<Body>,
        way: Way,
        mut of: (Serving, Answer),
    ) -> Response<Reply> {
        let began = Instant::now();
        let (method, endpoint) = (request.method().clone(), Endpoint::of(request.uri().path()));
        let tongue = Tongue::of(request.headers());
        let version = request.version();
        let is_head = request.method() == Method::HEAD;
        let checked = match self.check(&request) {
            Ok(host) => {
                let (method, uri) = (request.method(), request.uri());
                let asked = (method, uri, request.headers());
                self.admit(asked, way, host, tongue).await
            }
            Err(problem) => Err(problem),
        };
        let reader = Reader::of(request.uri(), request.headers());
        let is_options = request.method() == Method::OPTIONS;
        let mut response = match checked {
            Ok(asker) => {
                let response = self.route(request, asker).await;
                if is_options {
                    what_is_allowed(response)
                } else {
                    response
                }
            }
            Err(problem) => {
                let mut response = problem.answer(reader);
                if is_head {
                    *response.body_mut() = Body::empty();
                }
                // What else comes on this connection may be the body of this request.
                if version < Version::HTTP_2 {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                response
            }
        };
        let headers = response.headers_mut();
        let nosniff = HeaderValue::from_static("nosniff");
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
        let same_origin = HeaderValue::from_static("same-origin");
        headers.insert("cross-origin-resource-policy", same_origin);
        let fed = response.extensions_mut().remove::<Fed>();
        let counts = &self.0.counts;
        counts.answered(endpoint, &method, response.status(), began.elapsed());
        if is_head {
            of.1.over();
        }
        response.map(|body| Reply::new(body, fed.as_ref(), of, version))
    }

    /// The host under which this server is asked, if the request may be answered.
    fn check(&self, request: &Request<Body>) -> Result<String, Problem> {
        let (uri, headers) = (request.uri(), request.headers());
        if uri
            .path_and_query()
            .map_or(0, |target| target.as_str().len())
            > MAX_HTTP_TARGET_BYTES
        {
            return Err(Problem::TooLong);
        }
        let host = self
            .0
            .hosts
            .check(uri, headers)
            .map_err(|wrong| match wrong {
                WrongHost::NotOne => Problem::BadHost,
                WrongHost::Other => Problem::WrongHost,
            })?;
        if comes_in_pieces(headers) {
            return Err(Problem::NotImplemented);
        }
        match *request.method() {
            Method::GET
            | Method::HEAD
            | Method::OPTIONS
            | Method::POST
            | Method::PUT
            | Method::PATCH
            | Method::DELETE => Ok(host),
            _ => Err(Problem::NotImplemented),
        }
    }

    /// Who asks and what that may do here, if it may be answered.
    async fn admit(
        &self,
        (method, uri, headers): (&Method, &Uri, &HeaderMap),
        way: Way,
        host: String,
        tongue: Tongue,
    ) -> Result<Asker, Problem> {
        let doorkeeper = &self.0.doorkeeper;
        let ip = way.peer.ip().to_canonical();
        // That this process lives is no secret.
        let is_closed = doorkeeper.has_members() && uri.path() != "/healthz";
        if is_closed && !way.is_private {
            return Err(Problem::NeedsTls);
        }
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let link = doorkeeper.link(uri.path(), uri.query());
        let link = link.filter(|_| is_closed && reads);
        let right = match link {
            Some(_) => Right::Member,
            None => doorkeeper
                .right_of(headers, ip)
                .await
                .map_err(|why| match why {
                    NotAdmitted::Wrong => {
                        tracing::warn!(%ip, "a wrong password by HTTP");
                        Problem::PasswordWanted
                    }
                    NotAdmitted::TooOften => Problem::TooManyGuesses,
                })?,
        };
        if is_closed && right < Right::Member {
            return Err(Problem::PasswordWanted);
        }
        // Pages stay, as an administrator of that host may need them.
        let is_refused = right < Right::Administrator && self.0.expelled.has(ip);
        if is_refused && Endpoint::of(uri.path()).leads_to_content() {
            return Err(Problem::Expelled);
        }
        Ok(Asker {
            ip,
            host,
            tongue,
            right,
            is_private: way.is_private,
            signer: doorkeeper.signer(link),
            scheme: if way.is_encrypted { "https" } else { "http" },
        })
    }

    async fn route(&self, mut request: Request<Body>, asker: Asker) -> Response<Body> {
        request.extensions_mut().insert(asker);
        // For routes that show it, and those that count in it.
        let counts = Arc::clone(&self.0.counts);
        request.extensions_mut().insert(counts);
        let answered = self.0.router.clone().call(request).await;
        answered.unwrap_or_else(|never| match never {})
    }
}

/// The answer to OPTIONS: what the router says when it refuses a method. Another site that asks whether it may send
/// something is told nothing that a browser takes for a yes.
fn what_is_allowed(refused: Response<Body>) -> Response<Body> {
    if refused.status() != StatusCode::METHOD_NOT_ALLOWED {
        return refused;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let others = refused.headers().get(header::ALLOW);
    let others = others.and_then(|others| others.to_str().ok()).unwrap_or("");
    if let Ok(allow) = HeaderValue::try_from(format!("{others},OPTIONS")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
