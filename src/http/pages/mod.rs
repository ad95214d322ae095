//! The pages that people see: the `front` with the catalogue and what happens, of each file one (`file`), of a central that does
//! not reign one (`standby`), and why not. They
//! work without scripts; what a script adds is in `static/`.

mod assets;
mod catalogue;
mod file;
mod front;
mod happening;
mod orders;
mod standby;
mod units;

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(super) use self::{assets::asset, file::file, front::front, orders::Orders, standby::standby};
use super::{
    fields::typed,
    text::{Tongue, w},
};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Three pieces of one thing, one of them still on its way.
const MARK: PreEscaped<&str> = PreEscaped(
    "<svg viewBox=\"0 0 24 24\" fill=\"currentColor\" aria-hidden=\"true\"><rect x=\"2\" y=\"2\" width=\"9\" height=\"9\" \
     rx=\"2\"/><rect x=\"13\" y=\"2\" width=\"9\" height=\"9\" rx=\"2\" opacity=\".55\"/><rect x=\"2\" y=\"13\" width=\"9\" \
     height=\"9\" rx=\"2\" opacity=\".75\"/><path d=\"M17.5 13v7m-3.3-3 3.3 3.3 3.3-3.3\" fill=\"none\" \
     stroke=\"currentColor\" stroke-width=\"2.4\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>",
);

/// What a page is made of, besides what all have.
struct Page<'a> {
    title: &'a str,
    /// What is searched.
    search: &'a str,
    /// The same page in the other language.
    other_language: &'a str,
    /// Where the address has named the language, so that links keep it.
    language: Option<&'a str>,
    inner: Markup,
    /// What the script says, by its own names.
    words: String,
    tongue: Tongue,
}

impl Page<'_> {
    fn answer(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.whole().into_string()));
        let headers = response.headers_mut();
        typed(headers, "text/html; charset=utf-8");
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::VARY, "accept-language"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(header::CONTENT_LANGUAGE, self.tongue.tag());
        let none = HeaderValue::from_static("camera=(), microphone=(), geolocation=()");
        headers.insert("permissions-policy", none);
        let own = HeaderValue::from_static("same-origin");
        headers.insert("cross-origin-opener-policy", own);
        response
    }

    fn whole(&self) -> Markup {
        let tongue = self.tongue;
        html! {
            (DOCTYPE)
            html lang=(tongue.name()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    link rel="icon" type="image/svg+xml" href=(assets::ICON.path);
                    link rel="stylesheet" href=(assets::STYLE.path);
                    script type="module" src=(assets::SCRIPT.path) {}
                }
                body data-words=(self.words) {
                    a.skip href="#contenido" { (w!(tongue, "web-skip")) }
                    div.top { div {
                        a.brand href=(home(self.language)) { (MARK) "trozos" }
                        (self.search())
                        a.language href=(self.other_language) lang=(tongue.other().name()) rel="alternate" {
                            (w!(tongue.other(), "web-this-language"))
                        }
                    } }
                    main #contenido { (self.inner) }
                    footer {
                        a href="/info" { (w!(tongue, "web-info")) }
                        a href="/metrics" { (w!(tongue, "web-figures")) }
                        a href="/api/v1/openapi.json" { "API" }
                        span { "trozos " (env!("CARGO_PKG_VERSION")) }
                    }
                    p.unseen #avisos aria-live="polite" {}
                }
            }
        }
    }

    fn search(&self) -> Markup {
        let tongue = self.tongue;
        html! {
            form.search #buscador action="/" method="get" role="search" {
                label.unseen for="buscar" { (w!(tongue, "web-search-label")) }
                input #buscar type="search" name="buscar" value=(self.search) autocomplete="off"
                    placeholder=(w!(tongue, "web-search-label"));
                @if let Some(language) = self.language {
                    input type="hidden" name="idioma" value=(language);
                }
                button { (w!(tongue, "web-search")) }
            }
        }
    }
}

/// The front page, in the language that was chosen.
fn home(language: Option<&str>) -> String {
    match language {
        Some(language) => format!("/?idioma={}", super::names::encoded(language)),
        None => "/".to_owned(),
    }
}

/// How a central is, line by line.
pub(super) fn info(lines: &[String], tongue: Tongue) -> Response<Body> {
    Page {
        title: &w!(tongue, "web-info"),
        search: "",
        other_language: &format!("/info?idioma={}", tongue.other().name()),
        language: None,
        inner: html! {
            section.card.alone {
                h1 { (w!(tongue, "web-info")) }
                pre.mono { (lines.join("\n")) }
                p { a href="/" { (w!(tongue, "web-root")) } }
            }
        },
        words: "{}".to_owned(),
        tongue,
    }
    .answer()
}

/// Why a request is not answered, as a page of its own.
pub(super) fn problem(
    status: StatusCode,
    title: &str,
    code: &str,
    tongue: Tongue,
) -> Response<Body> {
    let page = Page {
        title,
        search: "",
        other_language: &format!("/?idioma={}", tongue.other().name()),
        language: None,
        inner: html! {
            section.card.alone {
                p.quiet { (status.as_u16()) " · " span.mono { (code) } }
                h1 { (title) }
                p { a href="/" { (w!(tongue, "web-root")) } }
            }
        },
        words: "{}".to_owned(),
        tongue,
    };
    let mut response = page.answer();
    *response.status_mut() = status;
    response
}
