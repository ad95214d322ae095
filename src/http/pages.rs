//! The pages that people see: the catalogue, and one of each file. They work without scripts.

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use maud::{DOCTYPE, Markup, html};

use super::{
    answers::plain,
    catalogue::{Order, Query, ROWS, View},
    names::{last_component, to_path},
    text::{Tongue, w},
};
use crate::{
    model::{ClusterStatus, ListedFile, Manifest},
    node::central::Offer,
};

/// The only style sheet, under a name that changes with it.
pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const STYLE_PATH: &str = concat!("/static/", env!("CARGO_PKG_VERSION"), ".css");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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
pub(super) fn catalogue(
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
        Some(language) => format!("/p/{path}?idioma={}", super::names::encoded(language)),
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

/// The page of one file. `host` is the one under which this server is asked.
pub(super) fn file(
    (meta, holders): &Offer,
    manifest: Option<&Manifest>,
    host: &str,
    tongue: Tongue,
) -> Response<Body> {
    let path = to_path(&meta.name);
    let commands = [
        format!("curl -L -O http://{host}/f/{path}"),
        format!("aria2c http://{host}/meta4/{path}.meta4"),
        format!("mpv http://{host}/f/{path}"),
    ];
    let inner = html! {
        p { a href="/" { (w!(tongue, "web-root")) } }
        p { (meta.name) }
        p { (size(meta.layout.file_bytes(), tongue)) }
        ul.plain {
            li { a href={ "/f/" (path) } { (w!(tongue, "web-open")) } }
            li { a href={ "/f/" (path) "?descargar=1" } { (w!(tongue, "web-download")) } }
            li { a href={ "/meta4/" (path) ".meta4" } { "Metalink" } }
            li { a href={ "/m3u/" (path) ".m3u" } { (w!(tongue, "web-playlist")) } }
        }
        @if let Some(manifest) = manifest {
            h2 { "SHA-256" }
            pre { (manifest.whole().to_string()) }
        }
        h2 { (w!(tongue, "web-commands")) }
        @for command in &commands {
            pre { (command) }
        }
        h2 { (w!(tongue, "web-holders")) }
        ul {
            @for holder in holders {
                li { (w!(tongue, "web-holder", number = holder.number.get(), address = holder.address.to_string())) }
            }
        }
    };
    let other = format!("/p/{path}?idioma={}", tongue.other().name());
    page(last_component(&meta.name), &other, inner, tongue)
}

/// What all pages have.
fn page(title: &str, other_language: &str, inner: Markup, tongue: Tongue) -> Response<Body> {
    let whole = html! {
        (DOCTYPE)
        html lang=(tongue.name()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href=(STYLE_PATH);
            }
            body {
                a.skip href="#contenido" { (w!(tongue, "web-skip")) }
                main #contenido {
                    h1 { (title) }
                    (inner)
                }
                footer.quiet {
                    a href=(other_language) lang=(tongue.other().name()) { (w!(tongue.other(), "web-this-language")) }
                    " · "
                    a href="/metrics" { (w!(tongue, "web-figures")) }
                }
            }
        }
    };
    let mut response = Response::new(Body::from(whole.into_string()));
    let headers = response.headers_mut();
    plain(headers);
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_LANGUAGE, tongue.tag());
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    let none = HeaderValue::from_static("camera=(), microphone=(), geolocation=()");
    headers.insert("permissions-policy", none);
    response
}

/// A length in the unit that suits it.
fn size(bytes: u64, tongue: Tongue) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(value < 99.95);
    let text = format!("{value:.digits$} {}", UNITS[unit]);
    match tongue {
        Tongue::Spanish => text.replace('.', ","),
        Tongue::English => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1500, "1.5 kB"),
            (999_940, "1.0 MB"),
            (123_456_789, "123 MB"),
            (16 << 40, "17.6 TB"),
        ] {
            assert_eq!(size(bytes, Tongue::English), expected);
        }
        assert_eq!(size(1500, Tongue::Spanish), "1,5 kB");
    }
}
