//! Figures in the API of a central: looked at by anybody, changed by its administrator. `INFO` as a document.

use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, between, document, page_of, parsed, stopping};
use crate::{
    http::{
        answers::asker,
        problem::{Problem, Trouble},
        shared::Central,
    },
    model::{FigureDoor, FigureError, FigureName, FigureOrder, FigureRequest, request_name},
    node::central::{CentralAnswer, Rank},
};

pub(super) async fn all(central: &Central, request: &Parts) -> Answer {
    let figures = central.door.figures().await.map_err(stopping)?;
    page_of("figures", &figures, request)
}

pub(super) async fn one(central: &Central, request: &Parts) -> Answer {
    obey(central, request, FigureOrder::Ask, (None, Rank::Door)).await
}

/// What is to become of a figure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    order: String,
    request: Option<String>,
}

pub(super) async fn change(central: &Central, request: &Parts, body: &[u8]) -> Answer {
    let wanted: Wanted = parsed(body)?;
    let order = FigureOrder::literal(&wanted.order).map_err(|error| trouble(&error))?;
    let id = wanted.request.as_deref().map(request_name).transpose();
    let id = id.map_err(|error| trouble(&error))?;
    obey(central, request, order, (id, Rank::Operator)).await
}

async fn obey(
    central: &Central,
    request: &Parts,
    order: FigureOrder,
    (id, rank): (Option<String>, Rank),
) -> Answer {
    let name = between(request, "/api/v1/figures/", "")?;
    let name = percent_decode_str(name).decode_utf8();
    let name = name.map_err(|_| Problem::NotFound)?;
    let name = FigureName::try_from(&*name).map_err(|error| trouble(&error))?;
    let request = FigureRequest {
        name,
        order,
        door: FigureDoor::Api,
        who: asker(request)?.ip.to_string(),
        request: id,
        may_reset: rank == Rank::Operator,
    };
    let answer = central.door.figure(request, rank).await.map_err(stopping)?;
    let figure = answer.map_err(|error| trouble(&error))?;
    document(&CentralAnswer::Figure(figure))
}

pub(super) async fn info(central: &Central, _: &Parts) -> Answer {
    let info = central.door.info().await.map_err(stopping)?;
    document(&json!({ "info": info }))
}

fn trouble(error: &FigureError) -> Trouble {
    let problem = match error {
        FigureError::NotUnderstood | FigureError::TooLarge => Problem::BadRequest,
        FigureError::Overflow { .. }
        | FigureError::Counted
        | FigureError::OneVote
        | FigureError::ResetDenied
        | FigureError::TooMany { .. } => Problem::Conflict,
        FigureError::Busy | FigureError::Elsewhere => Problem::NotReady,
        FigureError::Stopping => Problem::Stopping,
    };
    Trouble::new(problem, format!("{}: {error}", error.code()))
}
