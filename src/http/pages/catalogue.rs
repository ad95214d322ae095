//! The catalogue: the health of the cluster, folders, and a table of files with its search.

use axum::{body::Body, http::Response};
use maud::{Markup, html};

use super::{page, size};
use crate::{
    http::{
        catalogue::{Order, Query, ROWS, View},
        names::{encoded, to_path},
        text::{Tongue, w},
    },
    model::{ClusterStatus, ListedFile},
};

/// How the cluster is, in a sentence.
fn health(status: &ClusterStatus, tongue: Tongue) -> String {
    let alive = status.secondaries.iter().filter(|row| row.alive).count();
    let all = status.secondaries.len().max(usize::from(status.required));
    if status.ready {
        w!(
            tongue,
            "web-health",
            alive = alive,
            all = all,
            files = status.files
        )
    } else {
        w!(tongue, "web-not-ready", alive = alive, all = all)
    }
}

/// The catalogue.
pub(in crate::http) fn catalogue(
    view: &View<'_>,
    query: &Query,
    status: &ClusterStatus,
    tongue: Tongue,
) -> Response<Body> {
    let other = Query {
        language: Some(tongue.other().name().to_owned()),
        ..query.clone()
    };
    let inner = html! {
        p { (health(status, tongue)) }
        form action="/" method="get" role="search" {
            label for="buscar" { (w!(tongue, "web-search-label")) }
            input #buscar type="search" name="buscar" value=(query.search);
            @if !query.folder.is_empty() {
                input type="hidden" name="carpeta" value=(query.folder);
            }
            @if let Some(language) = &query.language {
                input type="hidden" name="idioma" value=(language);
            }
            button { (w!(tongue, "web-search")) }
        }
        (folders(view, query, tongue))
        @if view.total > 0 {
            (table(view, query, tongue))
            (steps(view, query, tongue))
        } @else if view.folders.is_empty() {
            @if query.search.is_empty() {
                p { (w!(tongue, "web-empty")) }
            } @else {
                p { (w!(tongue, "web-nothing-found")) }
            }
        }
    };
    page("trozos", &other.address(), inner, tongue)
}

/// The way up and down in the folders.
fn folders(view: &View<'_>, query: &Query, tongue: Tongue) -> Markup {
    let to = |folder: String| {
        let query = Query {
            folder,
            from: 0,
            search: String::new(),
            ..query.clone()
        };
        query.address()
    };
    let steps: Vec<&str> = query.folder.split_terminator('/').collect();
    html! {
        nav aria-label=(w!(tongue, "web-folders")) {
            ul.plain {
                @if !steps.is_empty() {
                    li { a href=(to(String::new())) { (w!(tongue, "web-root")) } }
                }
                @for (index, step) in steps.iter().enumerate() {
                    li { "/ " a href=(to(steps[..=index].join("/") + "/")) { (step) } }
                }
            }
            ul.plain {
                @for folder in &view.folders {
                    li { a href=(to(format!("{}{folder}/", query.folder))) { (folder) "/" } }
                }
            }
        }
    }
}

fn table(view: &View<'_>, query: &Query, tongue: Tongue) -> Markup {
    let by = |order| {
        let query = Query {
            order,
            from: 0,
            ..query.clone()
        };
        query.address()
    };
    let sorted = |order| match (query.order == order, order) {
        (false, _) => "none",
        (true, Order::Name) => "ascending",
        (true, Order::Size) => "descending",
    };
    html! {
        div.wide {
            table #ficheros {
                thead {
                    tr {
                        th scope="col" aria-sort=(sorted(Order::Name)) {
                            a href=(by(Order::Name)) { (w!(tongue, "web-name")) }
                        }
                        th.number scope="col" aria-sort=(sorted(Order::Size)) {
                            a href=(by(Order::Size)) { (w!(tongue, "web-size")) }
                        }
                        th.number scope="col" { (w!(tongue, "web-copies")) }
                        th scope="col" { (w!(tongue, "web-get")) }
                    }
                }
                tbody {
                    @for listed in &view.files {
                        (row(listed, query, tongue))
                    }
                }
            }
        }
    }
}

fn row(listed: &ListedFile, query: &Query, tongue: Tongue) -> Markup {
    let name = &listed.file.name;
    let path = to_path(name);
    let shown = name.as_str().strip_prefix(query.folder.as_str());
    let language = query.language.as_ref();
    let page = match language {
        Some(language) => format!("/p/{path}?idioma={}", encoded(language)),
        None => format!("/p/{path}"),
    };
    html! {
        tr {
            td { a href=(page) { (shown.unwrap_or(name.as_str())) } }
            td.number { (size(listed.file.layout.file_bytes(), tongue)) }
            td.number { (listed.holders) "/" (listed.wanted) }
            td {
                a href={ "/f/" (path) "?descargar=1" } { (w!(tongue, "web-download")) }
                " · "
                a href={ "/meta4/" (path) ".meta4" } { "Metalink" }
            }
        }
    }
}

/// Where in the list the page is, and the way to its neighbours.
fn steps(view: &View<'_>, query: &Query, tongue: Tongue) -> Markup {
    let at = |from| {
        let query = Query {
            from,
            ..query.clone()
        };
        query.address()
    };
    let (first, last) = (query.from + 1, query.from + view.files.len());
    html! {
        nav aria-label=(w!(tongue, "web-pages")) {
            ul.plain {
                li { (w!(tongue, "web-range", first = first, last = last, total = view.total)) }
                @if query.from > 0 {
                    li { a rel="prev" href=(at(query.from.saturating_sub(ROWS))) { (w!(tongue, "web-previous")) } }
                }
                @if last < view.total {
                    li { a rel="next" href=(at(query.from + ROWS)) { (w!(tongue, "web-next")) } }
                }
            }
        }
    }
}
