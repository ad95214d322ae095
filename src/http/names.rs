//! Names of files in addresses and in fields. Pure.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::model::{Digest, FileName};

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The name of a path below a route: it is split first, and each component decoded once. `None` for what no file can be
/// called.
pub(super) fn of_path(path: &str) -> Option<FileName> {
    let mut whole = String::new();
    for (index, component) in path.split('/').enumerate() {
        let decoded = percent_decode_str(component).decode_utf8().ok()?;
        if decoded.contains('/') {
            return None;
        }
        if index > 0 {
            whole.push('/');
        }
        whole.push_str(&decoded);
    }
    FileName::try_from(whole.as_str()).ok()
}

/// Where a file is asked for by its name.
pub(super) const BY_NAME: &str = "/f/{*name}";
/// Where it is asked for by its content as well.
pub(super) const BY_CONTENT: &str = "/c/{id}/{*name}";

/// The name of an address below a route, without the ending that stands behind it there.
pub(super) fn below(path: &str, route: &str, ending: &str) -> Option<FileName> {
    of_path(path.strip_prefix(route)?.strip_suffix(ending)?)
}

/// The name of an address of [`BY_NAME`].
pub(super) fn named(path: &str) -> Option<FileName> {
    below(path, "/f/", "")
}

/// The content and the name of an address of [`BY_CONTENT`].
pub(super) fn content(path: &str) -> Option<(Digest, FileName)> {
    let (id, name) = path.strip_prefix("/c/")?.split_once('/')?;
    Some((Digest::try_from(id).ok()?, of_path(name)?))
}

/// A name as a path below a route.
pub(super) fn to_path(name: &FileName) -> String {
    let components: Vec<String> = name.components().map(encoded).collect();
    components.join("/")
}

/// A text within an address.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Whether a browser shows a file or saves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placing {
    Inline,
    Attachment,
}

/// The value of `Content-Disposition` (RFC 6266): plain ASCII for old clients first, then the name itself.
pub(super) fn disposition(placing: Placing, file_name: &str) -> String {
    let plain: String = file_name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            ' '..='~' => c,
            _ => '_',
        })
        .collect();
    let placing = match placing {
        Placing::Inline => "inline",
        Placing::Attachment => "attachment",
    };
    let own = encoded(file_name);
    format!("{placing}; filename=\"{plain}\"; filename*=UTF-8''{own}")
}

/// A file's own name, without its folders.
pub(super) fn last_component(name: &FileName) -> &str {
    name.components().next_back().unwrap_or(name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_into_addresses_and_come_out_again() {
        for name in [
            "a.mp4",
            "serie/cap 1.mp4",
            "ñandú & \"uno\" #1 100%.mkv",
            "데이터/映画.iso",
            "e\u{301}.txt",
            "a?b=c;d",
        ] {
            let name = FileName::try_from(name).unwrap();
            let path = to_path(&name);
            assert!(path.is_ascii(), "{path}");
            assert!(!path.contains(['?', '#', '&', ' ', '"']), "{path}");
            assert_eq!(of_path(&path), Some(name));
        }
    }

    #[test]
    fn what_no_file_is_called_is_not_found() {
        for path in [
            "",
            "%2e%2e/%2e%2e/etc/passwd",
            "../x",
            "a/..",
            "..%2fetc",
            "a%2fb",
            "a//b",
            "a%00b",
            "a%5cb",
            "%ff",
            ".hidden",
            "a/",
        ] {
            assert_eq!(of_path(path), None, "{path}");
        }
        // Decoded once: what is left is part of the name.
        let twice = of_path("a%252fb").unwrap();
        assert_eq!(twice.as_str(), "a%2fb");
    }

    #[test]
    fn addresses_are_told_apart_by_what_they_ask_for() {
        let name = FileName::try_from("serie/a b.mp4").unwrap();
        let id = Digest::new([7; 32]);
        let content_path = format!("/c/{id}/serie/a%20b.mp4");
        assert_eq!(named("/f/serie/a%20b.mp4"), Some(name.clone()));
        assert_eq!(content(&content_path), Some((id, name)));
        for path in ["/serie/a", "/c/a", "/f", "f/a"] {
            assert_eq!(named(path), None, "{path}");
        }
        for path in ["/c/a", "/c/12/a", &content_path[2..]] {
            assert_eq!(content(path), None, "{path}");
        }
    }

    #[test]
    fn dispositions_have_both_forms() {
        assert_eq!(
            disposition(Placing::Attachment, "ñ \"a\\b\" 5%.mp4"),
            "attachment; filename=\"_ _a_b_ 5_.mp4\"; \
             filename*=UTF-8''%C3%B1%20%22a%5Cb%22%205%25.mp4"
        );
        assert_eq!(
            disposition(Placing::Inline, "a.mp4"),
            "inline; filename=\"a.mp4\"; filename*=UTF-8''a.mp4"
        );
    }
}
