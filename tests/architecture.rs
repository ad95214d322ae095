//! The layering, read from the sources: who may name whom, who may print, who may know the time.
#![allow(clippy::unwrap_used)]

#[path = "support/sources.rs"]
mod sources;

use std::{fs, path::Path};

use sources::{root, sources};

/// What each layer may name of the others.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &["model"]),
    ("engine", &["engine", "model"]),
    ("proto", &["proto", "model"]),
    ("net", &["net", "proto", "model"]),
    ("store", &["store", "model"]),
    (
        "node",
        &["node", "engine", "net", "proto", "store", "model"],
    ),
    // What people read speaks of errors and events of all layers, but moves nothing itself.
    ("cli", &["cli", "node", "engine", "proto", "store", "model"]),
];

/// Outside crates that a layer must not name.
const MUST_NOT_NAME: &[(&str, &[&str])] = &[
    (
        "model",
        &[
            "tokio",
            "tracing",
            "ring::",
            "std::fs",
            "std::net::Tcp",
            "Instant::now",
        ],
    ),
    (
        "engine",
        &[
            "tokio",
            "std::fs",
            "std::thread",
            "std::net::Tcp",
            "Instant::now",
            "SystemTime",
            "fastrand",
            "ring::",
        ],
    ),
    ("proto", &["tokio", "std::fs", "TcpStream", "Instant::now"]),
    ("net", &["std::fs", "serde_json"]),
    ("store", &["tokio", "TcpStream"]),
    ("node", &["rustyline", "clap"]),
    ("cli", &["TcpStream", "TcpListener"]),
];

/// A file without its comments and its unit tests, line by line with its number.
fn code(path: &Path) -> Vec<(usize, String)> {
    if path.file_name().is_some_and(|name| name == "tests.rs") {
        return Vec::new();
    }
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line.to_owned()))
        .collect()
}

/// The layers that a file names, by `crate::layer` and by groups like `use crate::{a::…, b::…}`.
fn named_layers(path: &Path) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    let mut depth_in_group = 0usize;
    for (number, line) in code(path) {
        let mut rest = line.as_str();
        if depth_in_group == 0 {
            while let Some(found) = rest.find("crate::") {
                rest = &rest[found + "crate::".len()..];
                if rest.starts_with('{') {
                    depth_in_group = 1;
                    rest = &rest[1..];
                    break;
                }
                named.push((number, word(rest)));
            }
        }
        if depth_in_group > 0 {
            let mut fresh = true;
            for (index, c) in rest.char_indices() {
                match c {
                    '{' => depth_in_group += 1,
                    '}' => depth_in_group -= 1,
                    ',' => fresh = true,
                    c if c.is_alphabetic() && fresh && depth_in_group == 1 => {
                        named.push((number, word(&rest[index..])));
                        fresh = false;
                    }
                    c if !c.is_whitespace() => fresh = false,
                    _ => {}
                }
                if depth_in_group == 0 {
                    break;
                }
            }
        }
    }
    named
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn arrows_point_down_only() {
    let layers: Vec<&str> = MAY_USE.iter().map(|(layer, _)| *layer).collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (layer, allowed) in MAY_USE {
        for file in sources(&root().join("src").join(layer)) {
            for (line, name) in named_layers(&file) {
                seen += 1;
                if layers.contains(&name.as_str()) && !allowed.contains(&name.as_str()) {
                    wrong.push(format!("{}:{line} names {name}", file.display()));
                }
            }
        }
    }
    assert!(seen > 100, "the reader of sources sees nothing");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// True when a line has a name that is not the end of a longer one.
fn names(line: &str, name: &str) -> bool {
    line.match_indices(name)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[test]
fn clocks_sockets_and_files_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for (layer, forbidden) in MUST_NOT_NAME {
        for file in sources(&root().join("src").join(layer)) {
            for (line, text) in code(&file) {
                for name in forbidden.iter().filter(|name| names(&text, name)) {
                    wrong.push(format!("{}:{line} names {name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_console_prints() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let inner = file.strip_prefix(root().join("src")).unwrap();
        if inner.starts_with("cli") || inner.starts_with("bin") {
            continue;
        }
        for (line, text) in code(&file) {
            if ["println!", "print!(", "eprint"]
                .iter()
                .any(|p| text.contains(p))
            {
                wrong.push(format!("{}:{line}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are() {
    const MOST_LINES: usize = 500;
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        if !text.starts_with("//!") {
            wrong.push(format!("{}: no head", file.display()));
        }
        let lines = text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"));
        let count = lines.count();
        if count > MOST_LINES {
            wrong.push(format!("{}: {count} lines", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn programs_are_short() {
    for file in sources(&root().join("src/bin")) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines < 60, "{}: {lines} lines", file.display());
    }
}
