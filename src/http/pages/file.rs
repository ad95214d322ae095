//! The page of one file: what it is, how to get it, who holds it, what is beside it.

use axum::{body::Body, http::Response};
use maud::{Markup, html};

use super::{Page, assets::PLAYER, home, units::size};
use crate::{
    http::{
        asker::Asker,
        catalogue::{Neighbours, Query},
        kinds,
        names::{encoded, last_component, to_path},
        text::{Tongue, w},
    },
    model::{Digest, FileMeta, FileName},
    node::central::Offer,
};

/// The page, for whoever asks: commands, and addresses for players, work without the secret. `whole` is the digest of all of
/// it, where that is known.
pub(in crate::http) fn file(
    offer: &Offer,
    whole: Option<Digest>,
    (neighbours, subtitles): (&Neighbours, &[(FileName, String)]),
    query: &Query,
    (asker, tongue): (&Asker, Tongue),
) -> Response<Body> {
    let (meta, _) = offer;
    let path = to_path(&meta.name);
    let language = query.language.as_deref();
    let inner = html! {
        (way_up(&meta.name, query, tongue))
        section.card aria-labelledby="t-fichero" {
            h1 #t-fichero { (last_component(&meta.name)) }
            (player(meta, subtitles, asker, tongue))
            (ways(&path, tongue))
            (facts(offer, whole, tongue))
        }
        (beside(neighbours, language, tongue))
        (commands(&meta.name, asker, tongue))
    };
    Page {
        title: last_component(&meta.name),
        search: "",
        other_language: &format!("/p/{path}?idioma={}", tongue.other().name()),
        language,
        inner,
        words: super::happening::words(tongue).to_string(),
        tongue,
    }
    .answer()
}

/// What can be watched, heard or seen is, through this server.
fn player(
    meta: &FileMeta,
    subtitles: &[(FileName, String)],
    asker: &Asker,
    tongue: Tongue,
) -> Markup {
    let path = to_path(&meta.name);
    let here =
        |route: &str, name: &FileName| asker.signed("", &format!("{route}{}", to_path(name)));
    let (source, mime) = (
        here("/ver/", &meta.name),
        kinds::of(meta.name.as_str()).mime,
    );
    let (kind, _) = mime.split_once('/').unwrap_or((mime, ""));
    html! {
        @match kind {
            "video" => {
                video controls preload="metadata" playsinline src=(source) data-player=(path) {
                    @for (name, of) in subtitles {
                        track kind="subtitles" src=(here("/vtt/", name)) srclang=[language(of)]
                            label=(label(of, tongue));
                    }
                }
            }
            "audio" => audio controls preload="metadata" src=(source) data-player=(path) {},
            "image" => img.shown src=(source) alt=(last_component(&meta.name));,
            _ => {}
        }
        @if matches!(kind, "video" | "audio") {
            div #no-se-ve role="alert" hidden {
                p { (w!(tongue, "web-cannot-play")) }
                p { a href=(asker.signed("", &format!("/m3u/{path}.m3u"))) { (w!(tongue, "web-playlist")) } }
            }
            script type="module" src=(PLAYER.path) {}
        }
    }
}

/// What subtitles are called, by what their name says beyond the film's.
fn label(of: &str, tongue: Tongue) -> String {
    match of {
        "" => w!(tongue, "web-subtitles"),
        of => of.to_owned(),
    }
}

/// A language, where it looks like one.
fn language(of: &str) -> Option<&str> {
    let is_one = (2..=3).contains(&of.len()) && of.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_one.then_some(of)
}

/// The way to the folders of a file.
fn way_up(name: &FileName, query: &Query, tongue: Tongue) -> Markup {
    let to = |folder: String| {
        let query = Query {
            folder,
            language: query.language.clone(),
            ..Query::default()
        };
        query.address()
    };
    let all: Vec<&str> = name.components().collect();
    let folders = &all[..all.len().saturating_sub(1)];
    html! {
        nav aria-label=(w!(tongue, "web-folders")) {
            ol.crumbs {
                li { a href=(home(query.language.as_deref())) { (w!(tongue, "web-root")) } }
                @for (index, folder) in folders.iter().enumerate() {
                    li { a href=(to(folders[..=index].join("/") + "/")) { (folder) } }
                }
            }
        }
    }
}

/// What can be done with it.
fn ways(path: &str, tongue: Tongue) -> Markup {
    html! {
        ul.actions {
            li { a.main href={ "/f/" (path) "?descargar=1" } { (w!(tongue, "web-download")) } }
            li { a href={ "/f/" (path) } { (w!(tongue, "web-open")) } }
            li { a href={ "/meta4/" (path) ".meta4" } { "Metalink" } }
            li { a href={ "/m3u/" (path) ".m3u" } { (w!(tongue, "web-playlist")) } }
            li { a href={ "/sha256/" (path) ".sha256" } { "SHA-256" } }
        }
    }
}

fn facts((meta, holders): &Offer, whole: Option<Digest>, tongue: Tongue) -> Markup {
    let bytes = meta.layout.file_bytes();
    html! {
        dl.facts {
            dt { (w!(tongue, "web-size")) }
            dd { (size(bytes, tongue)) " " span.quiet { "(" (bytes) " B)" } }
            @if let Some(whole) = whole {
                dt { "SHA-256" }
                dd.mono { (whole.to_string()) }
            }
            dt { (w!(tongue, "web-holders")) }
            dd {
                @for (index, holder) in holders.iter().enumerate() {
                    @if index > 0 { ", " }
                    (w!(tongue, "web-holder", number = holder.number.get(), address = holder.address.to_string()))
                }
            }
        }
    }
}

/// The files before and after it in its folder.
fn beside(neighbours: &Neighbours, language: Option<&str>, tongue: Tongue) -> Markup {
    let to = |name: &FileName| match language {
        Some(language) => format!("/p/{}?idioma={}", to_path(name), encoded(language)),
        None => format!("/p/{}", to_path(name)),
    };
    let (before, after) = (&neighbours.before, &neighbours.after);
    html! {
        @if before.is_some() || after.is_some() {
            nav.card.neighbours aria-label=(w!(tongue, "web-beside")) {
                span { @if let Some(name) = before {
                    a rel="prev" href=(to(name)) { "← " (last_component(name)) }
                } }
                span { @if let Some(name) = after {
                    a rel="next" href=(to(name)) { (last_component(name)) " →" }
                } }
            }
        }
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:%~".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with('-') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// A host without its port, and the port.
fn split(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, "80"),
    }
}

fn with(program: &str, tongue: Tongue) -> String {
    w!(tongue, "web-with", program = program)
}

/// How to get it in a terminal.
fn commands(name: &FileName, asker: &Asker, tongue: Tongue) -> Markup {
    let path = to_path(name);
    // A signature has a question mark, which shells take for a pattern.
    let address = |path: String| quoted(&asker.address(&path));
    let (machine, port) = split(&asker.host);
    let machine = machine.trim_start_matches('[').trim_end_matches(']');
    let (file, machine) = (quoted(name.as_str()), quoted(machine));
    let own = match tongue {
        Tongue::Spanish => {
            format!("videocliente descargar {file} --ip-central {machine} --puerto-central {port}")
        }
        Tongue::English => {
            format!("videocliente get {file} --central-ip {machine} --central-port {port}")
        }
    };
    let all: [(&str, String); 4] = [
        (
            "curl",
            format!("curl -LO {}", address(format!("/f/{path}"))),
        ),
        (
            "aria2c",
            format!("aria2c {}", address(format!("/meta4/{path}.meta4"))),
        ),
        ("mpv", format!("mpv {}", address(format!("/ver/{path}")))),
        ("videocliente", own),
    ];
    html! {
        section.card aria-labelledby="t-ordenes-terminal" {
            h2 #t-ordenes-terminal { (w!(tongue, "web-commands")) }
            @for (program, line) in &all {
                div.command {
                    label for={ "con-" (program) } { (with(program, tongue)) }
                    input id={ "con-" (program) } type="text" readonly value=(line);
                    button type="button" hidden data-copy={ "con-" (program) } { (w!(tongue, "web-copy")) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_for_a_shell_and_hosts_have_ports() {
        for (word, expected) in [
            ("a/b-1.mp4", "a/b-1.mp4"),
            ("a b", "'a b'"),
            ("it's $HOME", "'it'\\''s $HOME'"),
            ("-rf", "'-rf'"),
            ("ñ", "'ñ'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
        assert_eq!(split("10.0.0.1:50000"), ("10.0.0.1", "50000"));
        assert_eq!(split("[::1]:7"), ("[::1]", "7"));
        assert_eq!(split("[::1]"), ("[::1]", "80"));
        assert_eq!(split("sala"), ("sala", "80"));
    }
}
