//! The figures' door for curl: `GET /cambiar?counter=inc.5` and `GET /info`, at a port of its own, as it changes something
//! by GET. Pages of other sites are refused where their browser says that they are; where it says nothing they are not, and
//! so this door is closed unless somebody opens it.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Response, StatusCode, header, request::Parts},
    routing::get,
};
use percent_encoding::percent_decode_str;

use super::{
    answers::{asker, not_allowed, nothing, told},
    auth::Passwords,
    fields::plain,
    hosts::Hosts,
    info,
    problem::Problem,
    server::Server,
};
use crate::{
    model::{
        FigureAnswer, FigureDoor, FigureError, FigureLine, FigureName, FigureRequest, FigureValue,
        USUAL_FIGURE,
    },
    node::{
        StartError, Stopped,
        central::{CentralOrders, OpenDoor, Rank},
        doors::{misunderstood, refused},
        face::{Alone, Face},
    },
};

/// What is asked, and what may be.
#[derive(Clone)]
struct Asked {
    orders: CentralOrders,
    may_reset: bool,
}

/// The door, until this is dropped.
#[derive(Debug)]
pub struct FiguresDoor(Alone);

impl FiguresDoor {
    /// Opens it.
    ///
    /// # Errors
    /// When nobody can listen there.
    pub async fn open(
        at: SocketAddr,
        (hosts, passwords): (Hosts, Passwords),
        orders: CentralOrders,
        may_reset: bool,
    ) -> Result<Self, StartError> {
        let asked = Asked {
            orders: orders.clone(),
            may_reset,
        };
        let router = Router::new()
            .route("/cambiar", get(change))
            .route("/info", get(look))
            .method_not_allowed_fallback(not_allowed)
            .fallback(nothing)
            .with_state(asked);
        let alone = Alone::start(at, |_| {
            Arc::new(Server::new(router, hosts, passwords)) as Arc<dyn Face>
        })?;
        let door = OpenDoor::at(FigureDoor::Http, alone.address());
        // A central that has ended meanwhile need not know.
        let _ = orders.door_open(door).await;
        Ok(Self(alone))
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}

async fn change(State(asked): State<Asked>, request: Parts) -> Response<Body> {
    let answer = async {
        comes_from_no_page(&request)?;
        let who = asker(&request)?.ip.to_string();
        let answer = match wanted(request.uri.query()) {
            Err(error) => Err(error),
            Ok(line) => {
                let request = FigureRequest {
                    name: line.name,
                    order: line.order,
                    door: FigureDoor::Http,
                    who,
                    request: line.request,
                    may_reset: asked.may_reset,
                };
                let answer = asked.orders.figure(request, Rank::Door).await;
                answer.unwrap_or(Err(FigureError::Stopping))
            }
        };
        Ok(in_words(&answer))
    };
    let answer = answer.await;
    told(&request, answer)
}

async fn look(State(asked): State<Asked>, request: Parts) -> Response<Body> {
    let answer = async {
        let info = asked.orders.info().await;
        let info = info.map_err(|Stopped| Problem::Stopping)?;
        info::said(&info, &request)
    };
    let answer = answer.await;
    told(&request, answer)
}

/// A browser that says whose page it is refused unless that is nobody's.
fn comes_from_no_page(request: &Parts) -> Result<(), Problem> {
    let site = request.headers.get("sec-fetch-site");
    let is_own = site.is_none_or(|site| site == "none" || site == "same-origin");
    let has_origin = request.headers.contains_key(header::ORIGIN);
    if is_own && !has_origin {
        Ok(())
    } else {
        Err(Problem::WrongOrigin)
    }
}

/// What the address asks for: `counter=inc.5`, and besides `name=` and `request=`.
fn wanted(query: Option<&str>) -> Result<FigureLine, FigureError> {
    let mut line = String::new();
    let mut name = None;
    let mut id = None;
    for pair in query.unwrap_or("").split('&').take(8) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8();
        let value = value.map_err(|_| FigureError::NotUnderstood)?.into_owned();
        match key {
            "counter" if line.is_empty() => line = value,
            "name" | "nombre" => name = Some(value),
            "request" | "peticion" => id = Some(value),
            _ => return Err(FigureError::NotUnderstood),
        }
    }
    if let Some(name) = name {
        FigureName::try_from(name.as_str())?;
        line = format!("{name} {line}");
    }
    if let Some(id) = id {
        line = format!("{line} #{id}");
    }
    FigureLine::read(line.as_bytes())
}

/// The answer, in the words that programs of old know.
fn in_words(answer: &FigureAnswer) -> Response<Body> {
    let (status, text) = match answer {
        Ok(FigureValue { name, value }) => {
            let whose = match name {
                FigureName::Free(name) if name == USUAL_FIGURE => "del Contador".to_owned(),
                name => format!("de {name}"),
            };
            (StatusCode::OK, format!("Valor {whose}, {value}"))
        }
        Err(FigureError::NotUnderstood) => (StatusCode::BAD_REQUEST, misunderstood().to_owned()),
        Err(error) => (status_of(error), refused(error)),
    };
    let mut response = Response::new(Body::from(text + "\n"));
    *response.status_mut() = status;
    plain(response.headers_mut());
    response
}

/// What HTTP calls it.
pub(super) fn status_of(error: &FigureError) -> StatusCode {
    match error {
        FigureError::NotUnderstood | FigureError::TooLarge => StatusCode::BAD_REQUEST,
        FigureError::ResetDenied | FigureError::OneVote | FigureError::Counted => {
            StatusCode::FORBIDDEN
        }
        FigureError::Overflow { .. } | FigureError::TooMany { .. } => StatusCode::CONFLICT,
        FigureError::Busy | FigureError::Elsewhere | FigureError::Stopping => {
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FigureOrder;

    #[test]
    fn addresses_are_taken_literally() {
        for (query, expected) in [
            (Some("counter=inc.5"), Ok(FigureOrder::Add(5))),
            (Some("counter=dec.3&name=sala"), Ok(FigureOrder::Add(-3))),
            (Some("counter=res.0&request=a1"), Ok(FigureOrder::Reset)),
            (Some("counter=inc.0"), Ok(FigureOrder::Ask)),
            (Some("counter=5"), Err(FigureError::NotUnderstood)),
            (Some("count=inc.5"), Err(FigureError::NotUnderstood)),
            (
                Some("counter=inc.5&name=a%20b"),
                Err(FigureError::NotUnderstood),
            ),
            (Some(""), Err(FigureError::NotUnderstood)),
            (None, Err(FigureError::NotUnderstood)),
        ] {
            let read = wanted(query).map(|line| line.order);
            assert_eq!(read, expected, "{query:?}");
        }
    }
}
