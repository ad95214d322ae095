//! A central on standby has no catalogue: whoever asks it is sent to the one that reigns, or told that none does. Of itself it says
//! what it is asked: that it lives, that it is not ready, its figures, and which centrals there are.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, Response, StatusCode, header, request::Parts},
    middleware::Next,
};

use super::{
    answers::{asker, told},
    asker::Asker,
    fields::plain,
    pages,
    problem::{Problem, Reader},
    shared::Central,
};
use crate::node::central::ReigningCentral;

/// What is answered here whoever reigns, besides assets.
const OWN: [&str; 6] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/openapi.json",
    "/api/v1/centrals",
    "/api/v1/centrals/migrate",
];

/// Answers a request that the central which reigns has to answer; lets the others pass.
pub(super) async fn turn_away(
    State(central): State<Central>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let path = request.uri().path();
    let is_own = OWN.contains(&path) || path.starts_with("/static/");
    let elsewhere = match is_own {
        true => None,
        false => central.door.elsewhere(),
    };
    let Some(active) = elsewhere else {
        return next.run(request).await;
    };
    let (request, _) = request.into_parts();
    let answer = away(&central, &request, active).await;
    told(&request, answer)
}

async fn away(
    central: &Central,
    request: &Parts,
    active: Option<ReigningCentral>,
) -> Result<Response<Body>, Problem> {
    let asker = asker(request)?;
    let there = active
        .as_ref()
        .map(|active| address(central, asker, request, active));
    let is_page = request.uri.path() == "/";
    if is_page && Reader::of(&request.uri, &request.headers).is_person {
        let own = central.door.own().await?;
        let active = active.zip(there);
        return Ok(pages::standby(
            &own,
            active,
            request.uri.query(),
            asker.tongue,
        ));
    }
    let location = there.ok_or(Problem::Standby)?;
    let mut response = Response::new(Body::from(format!("curl -L {location}\n")));
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let headers = response.headers_mut();
    plain(headers);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let location = HeaderValue::try_from(location).map_err(|_| Problem::NotFound)?;
    headers.insert(header::LOCATION, location);
    Ok(response)
}

/// The same address at the central that reigns.
fn address(central: &Central, asker: &Asker, request: &Parts, active: &ReigningCentral) -> String {
    let scheme = match central.door.has_tls() {
        true => "https",
        false => "http",
    };
    let place = match active.address.ip().is_loopback() {
        // It is on this machine: it goes by the name by which this one is reached.
        true => format!("{}:{}", host_of(&asker.host), active.address.port()),
        false => active.address.to_string(),
    };
    let path = request.uri.path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    format!("{scheme}://{place}{path}")
}

/// A host without its port.
fn host_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_what_stands_before_its_port() {
        for (host, name) in [
            ("a.example:50000", "a.example"),
            ("a.example", "a.example"),
            ("[::1]:7", "[::1]"),
            ("[::1]", "[::1]"),
            ("10.0.0.1:7", "10.0.0.1"),
        ] {
            assert_eq!(host_of(host), name);
        }
    }
}
