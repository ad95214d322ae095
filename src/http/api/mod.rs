//! The API of servers for programs, below `/api/v1`: what their prompts can do, in the same documents. `central` and
//! `secondary` have the routes, each with a description of them (OpenAPI) that a test compares with them.

mod accounts;
mod central;
mod figures;
mod secondary;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, HeaderValue, Response, header, request::Parts},
    routing::MethodRouter,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{
    answers::asker,
    auth::Administration,
    catalogue::Query,
    fields::typed,
    problem::{Problem, Trouble},
    writes::{administers, may_write},
};
use crate::{
    model::{
        OrderId, Session,
        limits::{HTTP_HEAD_TIMEOUT, MAX_HTTP_BODY_BYTES},
    },
    node::Stopped,
    store::sha256,
};

pub(super) use self::{central::routes as of_central, secondary::routes as of_secondary};

/// Time that what a request brings may take to come.
const BODY_TIMEOUT: Duration = HTTP_HEAD_TIMEOUT;

/// Longest name of an order.
const MOST_KEY_BYTES: usize = 256;

const READ: &[&str] = &["GET"];
const WRITE: &[&str] = &["POST"];

type Answer = Result<Response<Body>, Trouble>;

/// An address of the API, and what answers there.
pub(super) struct Route<S> {
    path: &'static str,
    /// Without HEAD, which goes with GET.
    #[cfg_attr(not(test), allow(dead_code))]
    methods: &'static [&'static str],
    answers: MethodRouter<S>,
}

impl<S> Route<S> {
    fn new(path: &'static str, methods: &'static [&'static str], answers: MethodRouter<S>) -> Self {
        Self {
            path,
            methods,
            answers,
        }
    }
}

/// Adds routes to a router.
pub(super) fn mounted<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    routes: Vec<Route<S>>,
) -> Router<S> {
    routes.into_iter().fold(router, |router, route| {
        router.route(route.path, route.answers)
    })
}

/// What answers a look at something, by a function of what the routes share and of the request.
macro_rules! reader {
    ($answer:ident) => {
        |axum::extract::State(shared): axum::extract::State<_>,
         request: axum::http::request::Parts| async move {
            let answer = $answer(&shared, &request).await;
            $crate::http::answers::told_more(&request, answer)
        }
    };
}
use reader;

/// The same of something that is changed: the function is also given what the request brings.
macro_rules! writer {
    ($answer:ident) => {
        |axum::extract::State(shared): axum::extract::State<_>,
         request: axum::http::Request<axum::body::Body>| async move {
            let (request, body) = request.into_parts();
            let body = $crate::http::api::allowed(administration(&shared), &request, body).await;
            let answer = match body {
                Ok(body) => $answer(&shared, &request, &body).await,
                Err(trouble) => Err(trouble),
            };
            $crate::http::answers::told_more(&request, answer)
        }
    };
}
use writer;

/// What a request brings, once it may change something.
async fn allowed(
    administration: Administration,
    request: &Parts,
    body: Body,
) -> Result<Bytes, Trouble> {
    let asker = asker(request)?;
    may_write(administration, &request.headers, asker)?;
    if is_longer(&request.headers) {
        return Err(Problem::TooLarge.into());
    }
    let body = timeout(BODY_TIMEOUT, to_bytes(body, MAX_HTTP_BODY_BYTES)).await;
    let body = body.map_err(|_| Trouble::new(Problem::BadRequest, "the body does not come"))?;
    let body = body.map_err(|_| Trouble::from(Problem::TooLarge))?;
    tracing::info!(by = %asker.ip, method = %request.method, path = request.uri.path(), "ordered by HTTP");
    Ok(body)
}

fn is_longer(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    length.is_some_and(|length| length > MAX_HTTP_BODY_BYTES as u64)
}

/// What a body says; one that is empty says nothing.
fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    let body = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        body
    };
    serde_json::from_slice(body).map_err(|error| Trouble::new(Problem::BadRequest, error))
}

/// The body of a request that says all by its address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn stopping(_: Stopped) -> Trouble {
    Problem::Stopping.into()
}

/// The name under which an order is given, where the request has one: given again under it, it is done once.
fn order_id(request: &Parts) -> Result<Option<OrderId>, Trouble> {
    let mut keys = request.headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let is_long = key.len() > MOST_KEY_BYTES;
    if keys.next().is_some() || key.is_empty() || is_long {
        return Err(Trouble::new(Problem::BadRequest, "Idempotency-Key"));
    }
    let digest = sha256(key.as_bytes());
    let (first, _) = digest.as_bytes().split_at(size_of::<u64>());
    let session = first
        .iter()
        .fold(0, |all, byte| all << 8 | u64::from(*byte));
    Ok(Some(OrderId {
        session: Session(session),
        number: 1,
    }))
}

/// Whether whoever asks may see who receives, and where things lie.
fn sees_people(administration: Administration, request: &Parts) -> Result<bool, Problem> {
    Ok(administers(administration, asker(request)?).is_ok())
}

/// A document that is true now.
fn document(value: &impl Serialize) -> Answer {
    let mut text =
        serde_json::to_string(value).map_err(|error| Trouble::new(Problem::Unreadable, error))?;
    text.push('\n');
    let mut response = Response::new(Body::from(text));
    typed(response.headers_mut(), "application/json");
    Ok(response)
}

/// The description of an API.
fn description(text: &'static str) -> Answer {
    let mut response = Response::new(Body::from(text));
    typed(response.headers_mut(), "application/json");
    let fresh = HeaderValue::from_static("no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, fresh);
    Ok(response)
}

/// What stands in a path between two texts.
fn between<'a>(request: &'a Parts, before: &str, after: &str) -> Result<&'a str, Problem> {
    let path = request.uri.path();
    let inner = path
        .strip_prefix(before)
        .and_then(|path| path.strip_suffix(after));
    inner.ok_or(Problem::NotFound)
}

/// A table in pages: these rows of it, how many it has, and where the next ones are.
fn page_of<T: Serialize>(name: &'static str, rows: &[T], request: &Parts) -> Answer {
    let query = Query::of(request.uri.query());
    let shown: Vec<&T> = rows.iter().skip(query.from).take(query.most).collect();
    let mut page = serde_json::json!({ name: shown, "total": rows.len() });
    let next = query.from + shown.len();
    if next < rows.len() && !shown.is_empty() {
        let next = Query {
            from: next,
            most: query.most,
            ..Query::default()
        };
        page["next"] = next.address_at(request.uri.path()).into();
    }
    document(&page)
}
