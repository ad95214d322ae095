//! What this face counts of itself: requests and their answers, bytes, connections, and those who watch. Every row is known
//! beforehand, as is the number of all rows: what is asked for is one of a few endpoints.

use std::{
    sync::{
        Arc,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{AcqRel, Relaxed},
        },
    },
    time::{Duration, SystemTime},
};

use axum::http::{Method, StatusCode};

use crate::node::face::{Streaming, Timed, Timings};

/// What was asked for, by the beginning of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    File,
    Content,
    Watch,
    Metalink,
    Digest,
    Playlist,
    Page,
    Static,
    Api,
    Events,
    Health,
    Metrics,
    Other,
}

impl Endpoint {
    pub(super) const ALL: [Self; 13] = [
        Self::File,
        Self::Content,
        Self::Watch,
        Self::Metalink,
        Self::Digest,
        Self::Playlist,
        Self::Page,
        Self::Static,
        Self::Api,
        Self::Events,
        Self::Health,
        Self::Metrics,
        Self::Other,
    ];

    pub(super) fn of(path: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        let first = path.split('/').next().unwrap_or("");
        match first {
            "f" => Self::File,
            "c" => Self::Content,
            "ver" | "vtt" => Self::Watch,
            "meta4" => Self::Metalink,
            "sha256" => Self::Digest,
            "m3u" => Self::Playlist,
            "" | "p" => Self::Page,
            "static" => Self::Static,
            "api" if path == "api/v1/events" => Self::Events,
            "api" => Self::Api,
            "healthz" | "readyz" => Self::Health,
            "metrics" => Self::Metrics,
            _ => Self::Other,
        }
    }

    /// True for files, and for what says where they are.
    pub(super) fn leads_to_content(self) -> bool {
        match self {
            Self::File | Self::Content | Self::Watch => true,
            Self::Metalink | Self::Digest | Self::Playlist => true,
            Self::Page | Self::Static | Self::Api | Self::Events => false,
            Self::Health | Self::Metrics | Self::Other => false,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::File => "f",
            Self::Content => "c",
            Self::Watch => "ver",
            Self::Metalink => "meta4",
            Self::Digest => "sha256",
            Self::Playlist => "m3u",
            Self::Page => "page",
            Self::Static => "static",
            Self::Api => "api",
            Self::Events => "events",
            Self::Health => "health",
            Self::Metrics => "metrics",
            Self::Other => "other",
        }
    }

    /// How a GET of it is answered when all goes well, and when it does not: these rows are there before the first request.
    fn usual(self) -> &'static [u16] {
        match self {
            Self::File | Self::Content | Self::Watch => {
                &[200, 206, 304, 307, 404, 410, 412, 416, 500, 503]
            }
            Self::Other => &[404, 421],
            _ => &[200, 404, 503],
        }
    }
}

const METHODS: [&str; 5] = ["GET", "HEAD", "OPTIONS", "POST", "other"];

fn method(method: &Method) -> usize {
    let name = method.as_str();
    let known = METHODS.iter().position(|known| *known == name);
    known.unwrap_or(METHODS.len() - 1)
}

/// Every code that is answered; 0 stands for others.
const CODES: [u16; 27] = [
    0, 200, 202, 204, 206, 304, 307, 400, 401, 403, 404, 405, 409, 410, 412, 413, 414, 415, 416,
    417, 421, 429, 431, 500, 501, 503, 505,
];

fn code(status: StatusCode) -> usize {
    let known = CODES.iter().position(|code| *code == status.as_u16());
    known.unwrap_or(0)
}

/// Why somebody was not answered as it was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    Host,
    Origin,
    Auth,
    Parse,
    Timeout,
    Limit,
}

impl Rejected {
    pub(super) const ALL: [(Self, &'static str); 6] = [
        (Self::Host, "host"),
        (Self::Origin, "origin"),
        (Self::Auth, "auth"),
        (Self::Parse, "parse"),
        (Self::Timeout, "timeout"),
        (Self::Limit, "limit"),
    ];

    /// What a status says of the request.
    pub(super) fn of(status: StatusCode) -> Option<Self> {
        match status.as_u16() {
            421 => Some(Self::Host),
            403 => Some(Self::Origin),
            401 | 429 => Some(Self::Auth),
            400 | 414 | 431 | 501 => Some(Self::Parse),
            _ => None,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) since: SystemTime,
    /// By endpoint, method and code.
    requests: Vec<AtomicU64>,
    bytes: [AtomicU64; Endpoint::ALL.len()],
    aborted: [AtomicU64; Endpoint::ALL.len()],
    rejected: [AtomicU64; Rejected::ALL.len()],
    /// From a request to the head of its answer.
    heads: Timings,
    connections: AtomicUsize,
    answering: AtomicUsize,
    events: AtomicUsize,
    pub(super) streaming: Arc<Streaming>,
}

impl Default for Counts {
    fn default() -> Self {
        let rows = Endpoint::ALL.len() * METHODS.len() * CODES.len();
        Self {
            since: SystemTime::now(),
            requests: (0..rows).map(|_| AtomicU64::default()).collect(),
            bytes: Default::default(),
            aborted: Default::default(),
            rejected: Default::default(),
            heads: Timings::default(),
            connections: AtomicUsize::default(),
            answering: AtomicUsize::default(),
            events: AtomicUsize::default(),
            streaming: Arc::default(),
        }
    }
}

/// The row of an endpoint, a method and a code.
fn row(endpoint: Endpoint, method: usize, code: usize) -> usize {
    (endpoint as usize * METHODS.len() + method) * CODES.len() + code
}

/// Requests of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Requests {
    pub(super) endpoint: Endpoint,
    pub(super) method: &'static str,
    /// 0 for one that is not in the table.
    pub(super) code: u16,
    pub(super) count: u64,
}

/// How many HTTP connections there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Connections {
    pub(super) all: usize,
    pub(super) answering: usize,
    pub(super) events: usize,
}

impl Counts {
    /// A request was answered; its head took so long.
    pub(super) fn answered(
        &self,
        endpoint: Endpoint,
        of: &Method,
        status: StatusCode,
        head: Duration,
    ) {
        self.requests[row(endpoint, method(of), code(status))].fetch_add(1, Relaxed);
        self.heads.took(head);
        if let Some(reason) = Rejected::of(status) {
            self.rejected(reason);
        }
    }

    /// Somebody was turned away.
    pub(super) fn rejected(&self, reason: Rejected) {
        self.rejected[reason as usize].fetch_add(1, Relaxed);
    }

    /// Rows that every server has, and those of what else was asked for.
    pub(super) fn requests(&self) -> Vec<Requests> {
        let mut rows = Vec::new();
        for endpoint in Endpoint::ALL {
            for (method, name) in METHODS.iter().enumerate() {
                for (index, code) in CODES.iter().enumerate() {
                    let count = self.requests[row(endpoint, method, index)].load(Relaxed);
                    let is_usual = *name == "GET" && endpoint.usual().contains(code);
                    if count > 0 || is_usual {
                        rows.push(Requests {
                            endpoint,
                            method: name,
                            code: *code,
                            count,
                        });
                    }
                }
            }
        }
        rows
    }

    pub(super) fn response_bytes(&self, of: Endpoint) -> u64 {
        self.bytes[of as usize].load(Relaxed)
    }

    pub(super) fn aborted_answers(&self, of: Endpoint) -> u64 {
        self.aborted[of as usize].load(Relaxed)
    }

    pub(super) fn rejections(&self, of: Rejected) -> u64 {
        self.rejected[of as usize].load(Relaxed)
    }

    pub(super) fn heads(&self) -> Timed {
        self.heads.now()
    }

    pub(super) fn connections(&self) -> Connections {
        Connections {
            all: self.connections.load(Relaxed),
            answering: self.answering.load(Relaxed),
            events: self.events.load(Relaxed),
        }
    }
}

/// A connection, for as long as this lives. One whose end nobody has seen gave way to another.
#[derive(Debug)]
pub(super) struct Connection {
    counts: Arc<Counts>,
    answers: Arc<AtomicUsize>,
    has_ended: bool,
}

impl Connection {
    pub(super) fn new(counts: Arc<Counts>) -> Self {
        counts.connections.fetch_add(1, Relaxed);
        Self {
            counts,
            answers: Arc::default(),
            has_ended: false,
        }
    }

    /// Gives what notes each answer.
    pub(super) fn answering(&self) -> impl Fn(Endpoint) -> Answer + Send + Sync + 'static {
        let (counts, answers) = (Arc::clone(&self.counts), Arc::clone(&self.answers));
        move |endpoint| {
            if answers.fetch_add(1, AcqRel) == 0 {
                counts.answering.fetch_add(1, Relaxed);
            }
            if endpoint == Endpoint::Events {
                counts.events.fetch_add(1, Relaxed);
            }
            Answer {
                counts: Arc::clone(&counts),
                answers: Arc::clone(&answers),
                endpoint,
                is_over: false,
            }
        }
    }

    /// It ended by itself.
    pub(super) fn ended(mut self) {
        self.has_ended = true;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.counts.connections.fetch_sub(1, Relaxed);
        if !self.has_ended {
            self.counts.rejected(Rejected::Limit);
        }
    }
}

/// An answer, for as long as this lives.
#[derive(Debug)]
pub(super) struct Answer {
    counts: Arc<Counts>,
    answers: Arc<AtomicUsize>,
    endpoint: Endpoint,
    is_over: bool,
}

impl Answer {
    /// All of it is on its way. One that is dropped before was aborted.
    pub(super) fn over(&mut self) {
        self.is_over = true;
    }

    /// Gives what counts bytes that the connection has taken.
    pub(super) fn bytes(&self) -> Bytes {
        Bytes(Arc::clone(&self.counts), self.endpoint)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.answers.fetch_sub(1, AcqRel) == 1 {
            self.counts.answering.fetch_sub(1, Relaxed);
        }
        if self.endpoint == Endpoint::Events {
            self.counts.events.fetch_sub(1, Relaxed);
        }
        if !self.is_over {
            self.counts.aborted[self.endpoint as usize].fetch_add(1, Relaxed);
        }
    }
}

/// Counts bytes of an answer.
#[derive(Clone, Debug)]
pub(super) struct Bytes(Arc<Counts>, Endpoint);

impl Bytes {
    pub(super) fn took(&self, bytes: usize) {
        self.0.bytes[self.1 as usize].fetch_add(bytes as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_has_its_endpoint() {
        for (path, endpoint) in [
            ("/f/a/b", Endpoint::File),
            ("/c/00/a", Endpoint::Content),
            ("/", Endpoint::Page),
            ("/p/a", Endpoint::Page),
            ("/api/v1/events", Endpoint::Events),
            ("/api/v1/files/events", Endpoint::Api),
            ("/readyz", Endpoint::Health),
            ("/wp-login.php", Endpoint::Other),
            ("*", Endpoint::Other),
        ] {
            assert_eq!(Endpoint::of(path), endpoint, "{path}");
        }
        for (index, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            assert_eq!(endpoint as usize, index);
        }
        for (index, (reason, _)) in Rejected::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
        }
    }

    #[test]
    fn rows_are_there_before_anything_is_asked_and_stay_few_whatever_is() {
        let counts = Counts::default();
        let before = counts.requests();
        assert!(before.iter().all(|row| row.count == 0) && before.len() < 100);
        let ms = Duration::from_millis(1);
        for status in 100..600 {
            for method in [Method::GET, Method::from_bytes(b"BREW").unwrap()] {
                let status = StatusCode::from_u16(status).unwrap();
                counts.answered(Endpoint::of("/x"), &method, status, ms);
            }
        }
        let most = before.len() + 2 * CODES.len();
        let after = counts.requests();
        assert!(after.len() <= most, "{}", after.len());
        assert_eq!(after.iter().map(|row| row.count).sum::<u64>(), 1000);
        assert_eq!(counts.rejections(Rejected::Host), 2);
        assert_eq!(counts.heads().classes[0], 1000);
    }

    #[test]
    fn connections_and_answers_count_while_they_live() {
        let counts = Arc::new(Counts::default());
        let connection = Connection::new(Arc::clone(&counts));
        let answering = connection.answering();
        let (mut whole, cut) = (answering(Endpoint::File), answering(Endpoint::Events));
        whole.bytes().took(5);
        let now = Connections {
            all: 1,
            answering: 1,
            events: 1,
        };
        assert_eq!(counts.connections(), now);
        whole.over();
        drop((whole, cut));
        assert_eq!(counts.connections().answering, 0);
        assert_eq!(counts.aborted_answers(Endpoint::File), 0);
        assert_eq!(counts.aborted_answers(Endpoint::Events), 1);
        assert_eq!(counts.response_bytes(Endpoint::File), 5);
        connection.ended();
        drop(Connection::new(Arc::clone(&counts)));
        assert_eq!(counts.rejections(Rejected::Limit), 1);
        assert_eq!(counts.connections().all, 0);
    }
}
