//! The routes of a secondary: its files, by name and by content.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderValue, Response, StatusCode, header, request::Parts},
    routing::get,
};

use super::{
    answers::{asker, counts, healthy, manner, named, not_allowed, nothing, told},
    api,
    auth::Administration,
    body::Fed,
    fields::plain,
    files::{Lasting, head},
    hosts::without_port,
    metrics::Figures,
    names,
    problem::Problem,
    shared::Secondary,
    watching::Watching,
};
use crate::{
    model::IndexedFile,
    node::{
        Cut, NotOpened, Stopped,
        face::OnCut,
        secondary::{Found, SecondaryDoor},
    },
};

pub(super) fn router(
    door: SecondaryDoor,
    administration: Administration,
    most_viewers: Option<usize>,
) -> Router {
    let gateway = most_viewers.map(|most| Watching::new(door.gateway().clone(), most));
    let watching = match gateway.clone() {
        Some(watching) => Router::new()
            .route("/ver/{*name}", get(watch))
            .with_state(watching),
        None => Router::new(),
    };
    let secondary = Secondary {
        door,
        watching: gateway,
        administration,
    };
    api::mounted(Router::new(), api::of_secondary())
        .route("/", get(page))
        .route(names::BY_NAME, get(by_name))
        .route(names::BY_CONTENT, get(by_content))
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(not_allowed)
        .fallback(nothing)
        .with_state(secondary)
        .merge(watching)
}

async fn watch(State(watching): State<Watching>, request: Parts) -> Response<Body> {
    let answer = async {
        let name = named(&request, "/ver/", "")?;
        watching.answer(&request, name).await
    };
    let answer = answer.await;
    told(&request, answer)
}

/// The page for people is the central's.
async fn page(State(Secondary { door, .. }): State<Secondary>, request: Parts) -> Response<Body> {
    let answer = async {
        let status = door.status().await.map_err(|Stopped| Problem::Stopping)?;
        let central = status.central.ok_or(Problem::NotReady)?;
        let asker = asker(&request)?;
        let place = match without_port(&asker.host) {
            // Of this machine, which others call as they have called this server.
            Some(name) if central.ip().is_loopback() => format!("{name}:{}", central.port()),
            _ => central.to_string(),
        };
        let location = format!("{}://{place}/", asker.scheme);
        let mut response = Response::new(Body::from(format!("{location}\n")));
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        plain(response.headers_mut());
        let location = HeaderValue::try_from(location).map_err(|_| Problem::NotFound)?;
        response.headers_mut().insert(header::LOCATION, location);
        Ok(response)
    };
    let answer = answer.await;
    told(&request, answer)
}

/// Its whole folder is served, and its central knows.
async fn ready(State(Secondary { door, .. }): State<Secondary>, request: Parts) -> Response<Body> {
    let answer = match door.figures().await {
        Ok(look) if look.status.central.is_some() && !look.status.indexing => Ok(healthy().await),
        Ok(_) => Err(Problem::NotReady),
        Err(Stopped) => Err(Problem::Stopping),
    };
    told(&request, answer)
}

async fn metrics(
    State(Secondary { door, watching, .. }): State<Secondary>,
    request: Parts,
) -> Response<Body> {
    let answer = match (door.figures().await, counts(&request)) {
        (Ok(look), Some(counts)) => {
            let watched = watching.map_or((0, 0), |watching| watching.figures());
            // A disk may take long to answer.
            let made = move || Figures::of_secondary(&look, &counts).watched(watched);
            match tokio::task::spawn_blocking(made).await {
                Ok(figures) => figures.answer(&request.headers),
                Err(_) => Err(Problem::Stopping),
            }
        }
        _ => Err(Problem::Stopping),
    };
    told(&request, answer)
}

async fn by_name(
    State(Secondary { door, .. }): State<Secondary>,
    request: Parts,
) -> Response<Body> {
    let answer = async {
        let name = names::named(request.uri.path()).ok_or(Problem::NotFound)?;
        let found = door.named(name).await;
        send(&door, &request, found, Lasting::AskAgain).await
    };
    let answer = answer.await;
    told(&request, answer)
}

async fn by_content(
    State(Secondary { door, .. }): State<Secondary>,
    request: Parts,
) -> Response<Body> {
    let answer = async {
        let found = names::content(request.uri.path());
        let (id, name) = found.ok_or(Problem::NotFound)?;
        let found = door.content(id, name).await;
        send(&door, &request, found, Lasting::ForEver).await
    };
    let answer = answer.await;
    told(&request, answer)
}

async fn send(
    door: &SecondaryDoor,
    request: &Parts,
    found: Result<Found, Stopped>,
    lasting: Lasting,
) -> Result<Response<Body>, Problem> {
    let file = match found.map_err(|Stopped| Problem::Stopping)? {
        Found::Here(file) => file,
        Found::Replaced => return Err(Problem::Replaced),
        Found::Unknown => return Err(Problem::NotFound),
    };
    let manner = manner(request, lasting);
    let (mut response, range) = head(&file.meta, &file.manifest, &request.headers, manner);
    if let Some(range) = range.filter(|range| !range.is_empty()) {
        let host = asker(request)?.ip;
        let wanted = crate::node::Request { range, host };
        let feed = door.open(&file, wanted).await;
        let feed = feed.map_err(|why| match why {
            NotOpened::NotHeld => Problem::NotFound,
            NotOpened::Unreadable => Problem::Unreadable,
            NotOpened::Stopping => Problem::Stopping,
        })?;
        let fed = Fed::new(feed, on_cut(door, &file));
        response.extensions_mut().insert(fed);
    }
    Ok(response)
}

/// Has the index look at a file whose bytes did not come.
fn on_cut(door: &SecondaryDoor, file: &Arc<IndexedFile>) -> OnCut {
    let (door, file) = (door.clone(), Arc::clone(file));
    Arc::new(move |cut| match cut {
        Cut::Unreadable(error) => door.damaged_now(file.meta.name.clone(), &error),
        Cut::Over => {}
    })
}
