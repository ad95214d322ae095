//! Answers that several routes give.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, header, request::Parts},
};

use super::{problem::Problem, server::Asker};

/// Answers or says why not, in the asker's language.
pub(super) fn told(request: &Parts, answer: Result<Response<Body>, Problem>) -> Response<Body> {
    let asker = request.extensions.get::<Asker>();
    let tongue = asker.map(|asker| asker.tongue).unwrap_or_default();
    answer.unwrap_or_else(|problem| problem.answer(tongue))
}

/// Who asks.
pub(super) fn asker(request: &Parts) -> Result<&Asker, Problem> {
    request.extensions.get().ok_or(Problem::BadHost)
}

/// The parameter by which a file is asked for to be saved and not shown.
pub(super) const SAVED: &str = "descargar=1";

/// True when a request has it.
pub(super) fn is_saved(request: &Parts) -> bool {
    let query = request.uri.query().unwrap_or("");
    query.split('&').any(|parameter| parameter == SAVED)
}

pub(super) async fn nothing(request: Parts) -> Response<Body> {
    told(&request, Err(Problem::NotFound))
}

/// This process answers.
pub(super) async fn healthy() -> Response<Body> {
    let mut response = Response::new(Body::from("ok\n"));
    plain(response.headers_mut());
    response
}

/// A line of text that is true now.
pub(super) fn plain(headers: &mut HeaderMap) {
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, text);
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
}
