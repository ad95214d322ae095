//! What pages are made with: one style sheet, two scripts and an icon, each under a name that changes with it.

use std::sync::LazyLock;

use crate::store::sha256;

/// A file of the program.
pub(super) struct Asset {
    pub(super) path: String,
    mime: &'static str,
    content: &'static str,
}

pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../static/trozos.css");
    Asset::new("css", "text/css; charset=utf-8", content)
});

pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../static/trozos.js");
    Asset::new("js", "text/javascript; charset=utf-8", content)
});

/// For what is played.
pub(super) static PLAYER: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../static/player.js");
    Asset::new("js", "text/javascript; charset=utf-8", content)
});

pub(super) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("../static/trozos.svg");
    Asset::new("svg", "image/svg+xml", content)
});

impl Asset {
    fn new(ending: &str, mime: &'static str, content: &'static str) -> Self {
        let mut name = sha256(content.as_bytes()).to_string();
        name.truncate(16);
        Self {
            path: format!("/static/{name}.{ending}"),
            mime,
            content,
        }
    }
}

/// The type and the content of what lies at a path.
pub(in crate::http) fn asset(path: &str) -> Option<(&'static str, &'static str)> {
    let all = [&STYLE, &SCRIPT, &PLAYER, &ICON];
    let asset = all.into_iter().find(|asset| asset.path == path)?;
    Some((asset.mime, asset.content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_found_by_their_content_and_the_script_is_small() {
        for one in [&STYLE, &SCRIPT, &PLAYER, &ICON] {
            assert_eq!(asset(&one.path), Some((one.mime, one.content)));
        }
        assert_eq!(asset("/static/trozos.js"), None);
        assert!(SCRIPT.content.len() < 12_000, "{}", SCRIPT.content.len());
        for way in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(
                !SCRIPT.content.contains(way) && !PLAYER.content.contains(way),
                "{way}"
            );
        }
        let all = [SCRIPT.content, PLAYER.content, STYLE.content].concat();
        // What drawings are written in is a name, and no place.
        let elsewhere = all.replace("xmlns='http://www.w3.org/2000/svg'", "");
        assert!(!elsewhere.contains("http://") && !elsewhere.contains("//cdn"));
    }
}
