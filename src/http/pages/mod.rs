//! The pages that people see: `catalogue`, and of each file one (`file`). They work without scripts.

mod catalogue;
mod file;

use axum::{
    body::Body,
    http::{HeaderValue, Response, header},
};
use maud::{DOCTYPE, Markup, html};

pub(super) use self::{catalogue::catalogue, file::file};
use super::{
    answers::plain,
    text::{Tongue, w},
};

/// The only style sheet, under a name that changes with it.
pub(super) const STYLE: &str = include_str!("../style.css");
pub(super) const STYLE_PATH: &str = concat!("/static/", env!("CARGO_PKG_VERSION"), ".css");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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
