//! What a client's player asks: one file, at an address of this machine that nobody can guess, which comes while it is read.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Method, Response, request::Parts},
    routing::get,
};
use tokio::time::timeout;

use super::{
    answers::{nothing, told},
    auth::Passwords,
    body::Fed,
    files::{Lasting, Manner, head},
    hosts::Hosts,
    kinds, names,
    problem::Problem,
    ranges::Wants,
    server::Server,
};
use crate::{
    node::{
        StartError,
        client::Watch,
        face::{Alone, Face, secret_word},
    },
    store::sha256,
};

/// How long the head of an answer waits for the first byte of a file.
const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(10);
/// Readers at once: a player has two or three.
const MOST_READERS: usize = 16;

/// Why a file cannot be given to players.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Nobody can listen there.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Without randomness everybody could guess the address.
    #[error("the system gives no randomness")]
    NoRandomness,
}

/// A file at an address of this machine, until this is dropped.
#[derive(Debug)]
pub struct Local {
    url: String,
    _alone: Alone,
}

impl Local {
    /// Serves a file to players of this machine, or to those that reach `at`.
    ///
    /// # Errors
    /// When nobody can listen there.
    pub fn start(watch: Watch, at: Option<SocketAddr>) -> Result<Self, LocalError> {
        let token = secret_word().ok_or(LocalError::NoRandomness)?;
        let at = at.unwrap_or_else(|| (Ipv4Addr::LOCALHOST, 0).into());
        let path = names::to_path(watch.file());
        let asked = Asked {
            watch,
            token: Arc::from(token.as_str()),
        };
        let alone = Alone::start(at, |address| {
            let hosts = Hosts::only(address);
            let server = Server::new(router(asked), hosts, Passwords::default());
            Arc::new(server) as Arc<dyn Face>
        })?;
        let url = format!("http://{}/{token}/ver/{path}", alone.address());
        Ok(Self { url, _alone: alone })
    }

    /// Where players find it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// What is asked for, and the word that one has to know.
#[derive(Clone)]
struct Asked {
    watch: Watch,
    token: Arc<str>,
}

fn router(asked: Asked) -> Router {
    Router::new()
        .route("/{token}/ver/{*name}", get(watch))
        .fallback(nothing)
        .with_state(asked)
}

async fn watch(State(asked): State<Asked>, request: Parts) -> Response<Body> {
    let answer = answer(&asked, &request).await;
    told(&request, answer)
}

async fn answer(asked: &Asked, request: &Parts) -> Result<Response<Body>, Problem> {
    let path = request.uri.path().strip_prefix('/');
    let (token, rest) = path
        .and_then(|path| path.split_once('/'))
        .ok_or(Problem::NotFound)?;
    let name = rest.strip_prefix("ver/").and_then(names::of_path);
    // Compared by digests, so that the time that it takes says nothing of the word.
    let knows = sha256(token.as_bytes()) == sha256(asked.token.as_bytes());
    if !knows || name.as_ref() != Some(asked.watch.file()) {
        return Err(Problem::NotFound);
    }
    let watched = asked.watch.watched().await.ok_or(Problem::NotReady)?;
    let manifest = timeout(FIRST_BYTE_WITHIN, watched.manifest()).await;
    let manifest = manifest.ok().and_then(Result::ok);
    let manifest = manifest.ok_or(Problem::NotReady)?;
    let manner = Manner {
        wants: match request.method {
            Method::HEAD => Wants::Head,
            _ => Wants::Body,
        },
        lasting: Lasting::NotStored,
        saved: request.uri.query() == Some("descargar=1"),
    };
    let (mut response, range) = head(watched.meta(), &manifest, &request.headers, manner);
    if let Some(range) = range.filter(|range| !range.is_empty()) {
        if kinds::of(names::last_component(asked.watch.file())).is_played() {
            watched.prepare_to_play();
        }
        let mut reading = watched.read(range);
        if watched.readers() > MOST_READERS {
            watched.end_oldest_idle();
        }
        // A player that fails at the beginning does not try again.
        if range.start == 0 {
            let first = timeout(FIRST_BYTE_WITHIN, reading.first()).await;
            first.ok().and_then(Result::ok).ok_or(Problem::NotReady)?;
        }
        response
            .extensions_mut()
            .insert(Fed::watched(reading, None));
    }
    Ok(response)
}
