//! Answers that several routes give.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Method, Response, request::Parts},
};

use super::{
    asker::Asker,
    counts::Counts,
    fields::plain,
    files::{Lasting, Manner},
    names,
    problem::{Problem, Reader, Trouble},
    ranges::Wants,
};
use crate::model::FileName;

/// Answers or says why not, in the asker's language.
pub(super) fn told(request: &Parts, answer: Result<Response<Body>, Problem>) -> Response<Body> {
    told_more(request, answer.map_err(Trouble::from))
}

/// The same where more is to be said of a problem.
pub(super) fn told_more(
    request: &Parts,
    answer: Result<Response<Body>, Trouble>,
) -> Response<Body> {
    let reader = Reader::of(&request.uri, &request.headers);
    answer.unwrap_or_else(|trouble| trouble.answer(reader))
}

/// Who asks.
pub(super) fn asker(request: &Parts) -> Result<&Asker, Problem> {
    request.extensions.get::<Asker>().ok_or(Problem::BadHost)
}

/// This address does something else. The router says what.
pub(super) async fn not_allowed(request: Parts) -> Response<Body> {
    told(&request, Err(Problem::NotAllowed))
}

/// The parameter by which a file is asked for to be saved and not shown.
pub(super) const SAVED: &str = "descargar=1";

/// True when a request has it.
pub(super) fn is_saved(request: &Parts) -> bool {
    let query = request.uri.query().unwrap_or("");
    query.split('&').any(|parameter| parameter == SAVED)
}

/// How a request asks for a file.
pub(super) fn manner(request: &Parts, lasting: Lasting) -> Manner {
    Manner {
        wants: match request.method {
            Method::HEAD => Wants::Head,
            _ => Wants::Body,
        },
        lasting,
        saved: is_saved(request),
    }
}

/// The file that a request names below a route, without the ending that stands behind it there.
pub(super) fn named(request: &Parts, route: &str, ending: &str) -> Result<FileName, Problem> {
    names::below(request.uri.path(), route, ending).ok_or(Problem::NotFound)
}

/// What the face has counted.
pub(super) fn counts(request: &Parts) -> Option<Arc<Counts>> {
    request.extensions.get::<Arc<Counts>>().cloned()
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
