//! The page of a central that does not reign, and the table of all centrals.

use axum::{
    body::Body,
    http::{HeaderValue, Response},
};
use maud::{Markup, html};

use super::Page;
use crate::{
    http::{
        catalogue::Query,
        text::{Tongue, w},
    },
    node::central::{CentralInfo, CentralStanding, OwnFigures, ReigningCentral},
};

/// Seconds after which a browser looks again whether it is as before.
const LOOK_AGAIN: HeaderValue = HeaderValue::from_static("5");

/// Says which central reigns, and where the same page is there.
pub(in crate::http) fn standby(
    own: &OwnFigures,
    active: Option<(ReigningCentral, String)>,
    query: Option<&str>,
    tongue: Tongue,
) -> Response<Body> {
    let query = Query::of(query);
    let tongue = tongue.chosen(query.language.as_deref());
    let other = Query {
        language: Some(tongue.other().name().to_owned()),
        ..query.clone()
    };
    let title = w!(tongue, "web-standby", name = own.node.as_str());
    let inner = html! {
        section.card.alone {
            h1 { (title) }
            @match active {
                Some((active, there)) => p {
                    (w!(tongue, "web-standby-active", name = active.node)) " "
                    a #activo href=(there) { (there) }
                },
                None => p { (w!(tongue, "web-standby-nobody")) },
            }
        }
        (centrals(&own.centrals, tongue))
    };
    let mut response = Page {
        title: &title,
        search: &query.search,
        other_language: &other.address(),
        language: query.language.as_deref(),
        inner,
        words: "{}".to_owned(),
        tongue,
    }
    .answer();
    response.headers_mut().insert("refresh", LOOK_AGAIN);
    response
}

/// All centrals; nothing where there is only one.
pub(super) fn centrals(all: &[CentralInfo], tongue: Tongue) -> Markup {
    html! {
        @if !all.is_empty() {
            section.card.list aria-labelledby="t-centrales" {
                h2 #t-centrales { (w!(tongue, "web-centrals")) }
                table {
                    thead { tr {
                        th scope="col" { (w!(tongue, "web-central")) }
                        th scope="col" { (w!(tongue, "web-state")) }
                        th.number scope="col" { (w!(tongue, "web-lag")) }
                        th.number scope="col" { (w!(tongue, "web-term")) }
                    } }
                    tbody #centrales {
                        @for info in all { (row(Some(info), tongue)) }
                    }
                }
                template #nuevo-central { (row(None, tongue)) }
            }
        }
    }
}

/// How a central stands, by its name in the script and in words.
fn standing(state: CentralStanding, tongue: Tongue) -> (&'static str, String) {
    match state {
        CentralStanding::Active => ("active", w!(tongue, "web-active")),
        CentralStanding::Limited => ("limited", w!(tongue, "web-limited")),
        CentralStanding::Ready => ("ready", w!(tongue, "web-ready")),
        CentralStanding::Behind => ("behind", w!(tongue, "web-behind")),
    }
}

fn row(info: Option<&CentralInfo>, tongue: Tongue) -> Markup {
    let shown = info.map(|info| standing(info.state, tongue));
    let (name, word) = shown.unwrap_or_default();
    let node = info.map(|info| info.node.clone()).unwrap_or_default();
    let address = info.map(|info| info.address.clone()).unwrap_or_default();
    let behind = info.map(|info| info.behind.to_string());
    let term = info.and_then(|info| info.term).map(|term| term.to_string());
    html! {
        tr data-key=(node) {
            th scope="row" {
                strong data-f="node" { (node) }
                div.quiet.small data-f="address" { (address) }
            }
            td {
                span.badge data-f="state" data-state=(name) { (word) }
                " " button.small type="button" hidden data-order="migrate" { (w!(tongue, "web-migrate")) }
            }
            td.number data-f="behind" { (behind.unwrap_or_default()) }
            td.number data-f="term" { (term.unwrap_or_default()) }
        }
    }
}
