//! The front page.

use axum::{body::Body, http::Response};
use maud::html;

use super::{
    Page,
    catalogue::catalogue,
    happening::{happening, health, words},
    orders::{Orders, orders},
};
use crate::{
    http::{
        catalogue::{Query, View},
        text::Tongue,
    },
    node::central::Present,
};

/// The catalogue, what happens, and orders.
pub(in crate::http) fn front(
    view: &View<'_>,
    query: &Query,
    present: &Present,
    may: Orders,
    tongue: Tongue,
) -> Response<Body> {
    let other = Query {
        language: Some(tongue.other().name().to_owned()),
        ..query.clone()
    };
    let inner = html! {
        (health(present, tongue))
        div.columns #vivo {
            (catalogue(view, query, tongue))
            div { (happening(present, tongue)) (orders(may, tongue)) }
        }
    };
    Page {
        title: "trozos",
        search: &query.search,
        other_language: &other.address(),
        language: query.language.as_deref(),
        inner,
        words: words(tongue).to_string(),
        tongue,
    }
    .answer()
}
