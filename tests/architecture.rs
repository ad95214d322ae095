//! The layering, read from the sources: who may name whom, who may print, who may know the time.
#![allow(clippy::unwrap_used)]

#[path = "support/sources.rs"]
mod sources;

use std::{
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use sources::{root, sources};
use syn::{spanned::Spanned, visit::Visit};

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
    let text = fs::read_to_string(path).unwrap();
    let tests = test_lines(&syn::parse_file(&text).unwrap());
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.to_owned()))
        .filter(|(number, _)| !tests.iter().any(|lines| lines.contains(number)))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .collect()
}

/// Lines of items that are for tests alone, with their attributes.
fn test_lines(file: &syn::File) -> Vec<RangeInclusive<usize>> {
    struct Found(Vec<RangeInclusive<usize>>);
    impl Found {
        fn is_for_tests(&mut self, attributes: &[syn::Attribute], item: &impl Spanned) -> bool {
            let is = attributes.iter().any(is_cfg_test);
            if is {
                let span = item.span();
                self.0.push(span.start().line..=span.end().line);
            }
            is
        }
    }
    impl<'ast> Visit<'ast> for Found {
        fn visit_item(&mut self, item: &'ast syn::Item) {
            if !self.is_for_tests(attributes_of(item), item) {
                syn::visit::visit_item(self, item);
            }
        }
        fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
            if !self.is_for_tests(&item.attrs, item) {
                syn::visit::visit_impl_item_fn(self, item);
            }
        }
    }
    let mut found = Found(Vec::new());
    found.visit_file(file);
    found.0
}

fn is_cfg_test(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute
            .parse_args::<syn::Ident>()
            .is_ok_and(|what| what == "test")
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The sources of a folder but for modules that are for tests alone, and what is below these.
fn product(folder: &Path) -> Vec<PathBuf> {
    let all = sources(folder);
    let mut tests = Vec::new();
    for path in &all {
        let file = syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap();
        let stem = path.file_stem().unwrap();
        // A module's own are beside it, or below its name.
        let below = if stem == "mod" || stem == "lib" {
            path.parent().unwrap().to_owned()
        } else {
            path.with_extension("")
        };
        for item in file.items {
            if let syn::Item::Mod(module) = item
                && module.content.is_none()
                && module.attrs.iter().any(is_cfg_test)
            {
                tests.push(below.join(module.ident.to_string()));
            }
        }
    }
    let is_test = |path: &PathBuf| {
        let name = path.with_extension("");
        tests.iter().any(|test| name.starts_with(test))
    };
    all.into_iter().filter(|path| !is_test(path)).collect()
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
        for file in product(&root().join("src").join(layer)) {
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
        for file in product(&root().join("src").join(layer)) {
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
    for file in product(&root().join("src")) {
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
    for file in product(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        if !text.starts_with("//!") {
            wrong.push(format!("{}: no head", file.display()));
        }
        let tests = test_lines(&syn::parse_file(&text).unwrap());
        let tests: usize = tests.into_iter().map(Iterator::count).sum();
        let count = text.lines().count() - tests;
        if count > MOST_LINES {
            wrong.push(format!("{}: {count} lines", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_follows_tests_is_read() {
    let text = "mod a;\n#[cfg(test)]\nmod tests;\n\nfn f() {}\n#[cfg(test)]\nfn g() {\n}\nimpl X {\n#[cfg(test)]\nfn h() {}\n}\n";
    let lines = test_lines(&syn::parse_file(text).unwrap());
    assert_eq!(lines, [2..=3, 6..=8, 10..=11]);
    // Files in which a module of tests is named first are read to their end.
    let part = code(&root().join("src/store/part/mod.rs"));
    assert!(part.len() > 200, "{} lines", part.len());
}

#[test]
fn programs_are_short() {
    for file in sources(&root().join("src/bin")) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines < 60, "{}: {lines} lines", file.display());
    }
}
