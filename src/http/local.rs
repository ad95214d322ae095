//! What a client's player asks: one file, at an address of this machine that nobody can guess, which comes while it is read.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Response, request::Parts},
    routing::get,
};
use tokio::time::{Instant, timeout_at};

use super::{
    answers::{asker, counts, nothing, told},
    auth::Passwords,
    body::Fed,
    hosts::Hosts,
    names,
    playing::{begin, head_for, prepare},
    problem::Problem,
    server::Server,
    show::{Players, Show},
    viewers::Viewers,
};
use crate::{
    node::{
        FIRST_BYTE, StartError,
        client::Watch,
        face::{Alone, Face, secret_word},
    },
    store::sha256,
};

/// Addresses from which it is watched at once.
const MOST_VIEWERS: usize = 64;

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
            viewers: Viewers::new(MOST_VIEWERS),
            players: Players::default(),
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
    viewers: Viewers,
    players: Players,
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
    let (asker, counts) = (asker(request)?, counts(request).ok_or(Problem::Stopping)?);
    let asked_at = Instant::now();
    let soon = || Instant::now() + FIRST_BYTE;
    let (mut response, range) = head_for(request, &watched, soon()).await?;
    if let Some(range) = range {
        let player = (asker.ip, watched.meta().id);
        let entered = timeout_at(soon(), asked.viewers.enter(player.0, player.1)).await;
        let viewer = entered.map_err(|_| Problem::NotReady)?;
        prepare(&watched);
        let reader = counts.streaming.reader();
        let reading = begin(&watched, range, &viewer, soon()).await?;
        let show = Show {
            players: asked.players.clone(),
            viewer,
            player,
            // It is this machine's, or one of its user's.
            is_paced: false,
            counts: Arc::clone(&counts.streaming),
            asked_at: Some(asked_at),
            _reader: reader,
        };
        response
            .extensions_mut()
            .insert(Fed::watched(reading, show));
    }
    Ok(response)
}
