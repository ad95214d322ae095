//! The catalogue: the way up and down in the folders, and a table of files.

use maud::{Markup, html};

use super::units::size;
use crate::{
    http::{
        catalogue::{By, Order, Query, View},
        kinds,
        names::{encoded, to_path},
        text::{Tongue, w},
    },
    model::ListedFile,
    node::central::Popular,
};

/// Which drawing of the style sheet stands before a name. What it says is of no use to those who cannot see it.
fn drawing(name: &str) -> Option<&'static str> {
    match kinds::of(name).mime.split('/').next() {
        Some("video") => Some("film"),
        Some("audio") => Some("sound"),
        _ => None,
    }
}

/// The whole of it.
pub(super) fn catalogue(view: &View<'_>, query: &Query, tongue: Tongue) -> Markup {
    html! {
        section.card #lista aria-labelledby="t-lista" {
            header {
                h1 #t-lista { (title(query, tongue)) }
                @if view.total > 0 {
                    span.quiet.small { (w!(tongue, "web-entries", count = view.total)) }
                }
            }
            (crumbs(query, tongue))
            @if view.total > 0 {
                (table(view, query, tongue))
                (steps(view, query, tongue))
            } @else {
                (empty(query, tongue))
            }
        }
    }
}

fn title(query: &Query, tongue: Tongue) -> String {
    if !query.search.is_empty() {
        return w!(tongue, "web-found", words = query.search.as_str());
    }
    let folder = query.folder.trim_end_matches('/');
    let name = folder.rsplit('/').next().unwrap_or(folder);
    match name {
        "" => w!(tongue, "web-files"),
        name => name.to_owned(),
    }
}

fn empty(query: &Query, tongue: Tongue) -> Markup {
    html! {
        div.empty-state {
            @if query.search.is_empty() && query.folder.is_empty() {
                p { strong { (w!(tongue, "web-empty")) } }
                p.quiet { (w!(tongue, "web-empty-remedy")) }
            } @else {
                p { strong { (w!(tongue, "web-nothing-found")) } }
                p { a href=(super::home(query.language.as_deref())) { (w!(tongue, "web-root")) } }
            }
        }
    }
}

/// The way up in the folders.
fn crumbs(query: &Query, tongue: Tongue) -> Markup {
    let to = |folder: String| {
        let query = Query {
            folder,
            order: query.order,
            language: query.language.clone(),
            ..Query::default()
        };
        query.address()
    };
    let steps: Vec<&str> = query.folder.split_terminator('/').collect();
    html! {
        @if !steps.is_empty() || !query.search.is_empty() {
            nav aria-label=(w!(tongue, "web-folders")) {
                ol.crumbs {
                    li { a href=(to(String::new())) { (w!(tongue, "web-root")) } }
                    @for (index, step) in steps.iter().enumerate() {
                        li { a href=(to(steps[..=index].join("/") + "/")) { (step) } }
                    }
                }
            }
        }
    }
}

/// Where nobody has played anything or voted there is nothing to show of that.
fn shows_popular(view: &View<'_>) -> bool {
    let mut counted = view.popular.values();
    counted.any(|counted| counted.plays > 0 || counted.votes > 0)
}

fn table(view: &View<'_>, query: &Query, tongue: Tongue) -> Markup {
    html! {
        table.files role="table" {
            thead role="rowgroup" {
                tr role="row" {
                    (column(By::Name, &w!(tongue, "web-name"), query))
                    (column(By::Size, &w!(tongue, "web-size"), query))
                    (column(By::Copies, &w!(tongue, "web-copies"), query))
                    @if shows_popular(view) {
                        (column(By::Plays, &w!(tongue, "web-plays"), query))
                        (column(By::Votes, &w!(tongue, "web-votes"), query))
                    }
                    th scope="col" role="columnheader" { span.unseen { (w!(tongue, "web-get")) } }
                }
            }
            tbody role="rowgroup" {
                @for folder in &view.folders {
                    (folder_row(folder, query, shows_popular(view), tongue))
                }
                @for listed in &view.files {
                    (row(listed, query, shows_popular(view).then_some(&view.popular), tongue))
                }
            }
        }
    }
}

/// The head of a column; its link sorts by it, and the other way once it is sorted so.
fn column(by: By, name: &str, query: &Query) -> Markup {
    let is_sorted = query.order.by == by;
    let order = Order {
        by,
        is_reversed: is_sorted && !query.order.is_reversed,
    };
    let target = Query {
        order,
        from: 0,
        ..query.clone()
    };
    let descends = matches!(by, By::Size | By::Plays | By::Votes) != query.order.is_reversed;
    let sorted = match (is_sorted, descends) {
        (false, _) => "none",
        (true, false) => "ascending",
        (true, true) => "descending",
    };
    html! {
        th.number[by != By::Name] scope="col" role="columnheader" aria-sort=(sorted) {
            a href=(target.address()) { (name) }
        }
    }
}

fn folder_row(folder: &str, query: &Query, is_wide: bool, tongue: Tongue) -> Markup {
    let inner = Query {
        folder: format!("{}{folder}/", query.folder),
        from: 0,
        ..query.clone()
    };
    html! {
        tr role="row" {
            th.folder scope="row" role="rowheader" {
                a href=(inner.address()) { span.unseen { (w!(tongue, "web-folder")) " " } (folder) }
            }
            td role="cell" {}
            td role="cell" {}
            @if is_wide {
                td role="cell" {}
                td role="cell" {}
            }
            td role="cell" {}
        }
    }
}

fn row(listed: &ListedFile, query: &Query, popular: Option<&Popular>, tongue: Tongue) -> Markup {
    let name = &listed.file.name;
    let path = to_path(name);
    let shown = name.as_str().strip_prefix(query.folder.as_str());
    let shown = shown.unwrap_or(name.as_str());
    let page = match &query.language {
        Some(language) => format!("/p/{path}?idioma={}", encoded(language)),
        None => format!("/p/{path}"),
    };
    let copies = w!(
        tongue,
        "web-copies-of",
        there = listed.holders,
        wanted = listed.wanted
    );
    html! {
        tr role="row" {
            th class=[drawing(name.as_str())] scope="row" role="rowheader" {
                a href=(page) { (shown) }
                @if listed.conflict {
                    " " span.badge data-state="draining" { (w!(tongue, "web-conflict")) }
                }
            }
            td role="cell" { (size(listed.file.layout.file_bytes(), tongue)) }
            td.short[listed.holders < listed.wanted] role="cell" { (copies) }
            @if let Some(popular) = popular {
                @let counted = popular.get(name).copied().unwrap_or_default();
                td role="cell" { (counted.plays) }
                td role="cell" { (counted.votes) }
            }
            td role="cell" {
                a href={ "/f/" (path) "?descargar=1" } {
                    (w!(tongue, "web-download")) span.unseen { " " (shown) }
                }
                a href={ "/meta4/" (path) ".meta4" } { "Metalink" span.unseen { " " (shown) } }
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
    let (first, last) = (query.from + 1, query.from + view.rows());
    html! {
        @if query.from > 0 || last < view.total {
            nav.steps aria-label=(w!(tongue, "web-pages")) {
                span.quiet { (w!(tongue, "web-range", first = first, last = last, total = view.total)) }
                span {
                    @if query.from > 0 {
                        a rel="prev" href=(at(query.from.saturating_sub(query.most))) { (w!(tongue, "web-previous")) }
                        " "
                    }
                    @if last < view.total {
                        a rel="next" href=(at(query.from + query.most)) { (w!(tongue, "web-next")) }
                    }
                }
            }
        }
    }
}
