//! The page of one file: what it is, how to get it, who holds it.

use axum::{body::Body, http::Response};
use maud::{Markup, html};

use super::{page, size};
use crate::{
    http::{
        names::{last_component, to_path},
        server::Asker,
        text::{Tongue, w},
    },
    model::{FileMeta, Manifest},
    node::central::Offer,
};

/// The page of one file, for whoever asks: commands, and addresses for players, work without the secret.
pub(in crate::http) fn file(
    (meta, holders): &Offer,
    manifest: Option<&Manifest>,
    asker: &Asker,
    tongue: Tongue,
) -> Response<Body> {
    let path = to_path(&meta.name);
    // A signature has a question mark, which shells take for a pattern.
    let address = |path: String| match asker.address(&path) {
        address if address.contains('?') => format!("'{address}'"),
        address => address,
    };
    let commands = [
        format!("curl -L -O {}", address(format!("/f/{path}"))),
        format!("aria2c {}", address(format!("/meta4/{path}.meta4"))),
        format!("mpv {}", address(format!("/f/{path}"))),
    ];
    let inner = html! {
        p { a href="/" { (w!(tongue, "web-root")) } }
        p { (meta.name) }
        p { (size(meta.layout.file_bytes(), tongue)) }
        (player(meta, tongue))
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

/// Where what can be watched or heard is played.
fn player(_: &FileMeta, _: Tongue) -> Markup {
    html! {}
}
