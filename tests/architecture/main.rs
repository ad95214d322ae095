//! The house, read from the sources: who may name whom, which files need each other, who may print, who may know the time,
//! and how long files and functions may be.
#![allow(clippy::unwrap_used)]

mod graph;
#[path = "../support/sources.rs"]
mod sources;

use std::{collections::BTreeSet, fs, sync::LazyLock};

use graph::{House, Module, test_lines};
use sources::{root, sources};

/// What each layer may name of the others. A new layer is one more line.
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
    (
        "cli",
        &["cli", "http", "node", "engine", "proto", "store", "model"],
    ),
    (
        "http",
        &["http", "node", "engine", "proto", "store", "model"],
    ),
];

/// Layers of the table that have no folder yet.
const COMING: &[&str] = &[];

/// What a layer must not name of other crates: the beginning or a part of a path.
const MUST_NOT_NAME: &[(&str, &[&str])] = &[
    (
        "model",
        &[
            "tokio",
            "tracing",
            "ring",
            "std::fs",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "Instant::now",
        ],
    ),
    (
        "engine",
        &[
            "tokio",
            "std::fs",
            "std::thread",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "Instant::now",
            "SystemTime",
            "fastrand",
            "ring",
        ],
    ),
    ("proto", &["tokio", "std::fs", "TcpStream", "Instant::now"]),
    ("net", &["std::fs", "serde_json"]),
    ("store", &["tokio", "TcpStream"]),
    // Nodes go by tokio's clock (`node/clock.rs`), which tests can stop.
    ("node", &["rustyline", "clap", "std::time::Instant::now"]),
    (
        "node/rules",
        &[
            "tokio",
            "std::fs",
            "std::thread",
            "TcpStream",
            "Instant::now",
            "SystemTime",
            "fastrand",
        ],
    ),
    ("cli", &["TcpStream", "TcpListener"]),
    ("http", &["rustyline", "clap"]),
];

/// Names that some files need all the same, each with its reason.
const MAY_NAME: &[(&str, &str)] = &[
    // The index thread waits for disks and for other threads, by the machine's own clock: it is no task of tokio's, whose
    // clock may stand still in tests.
    (
        "src/node/secondary/index/thread.rs",
        "std::time::Instant::now",
    ),
    (
        "src/node/secondary/index/doing.rs",
        "std::time::Instant::now",
    ),
    (
        "src/node/secondary/index/inbox.rs",
        "std::time::Instant::now",
    ),
];

const MOST_LINES: usize = 400;
const MOST_FUNCTION_LINES: usize = 70;

static HOUSE: LazyLock<House> = LazyLock::new(|| House::read(&root().join("src")));

fn modules_of(layer: &str) -> impl Iterator<Item = &'static Module> {
    let folder = root().join("src").join(layer);
    HOUSE
        .modules
        .iter()
        .filter(move |module| module.file.starts_with(&folder))
}

/// A file as people name it.
fn shown(module: &Module) -> String {
    let inner = module.file.strip_prefix(root()).unwrap();
    inner.display().to_string()
}

/// Fails with all that is wrong.
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_layer_is_in_the_table() {
    let entries = fs::read_dir(root().join("src")).unwrap();
    let folders: BTreeSet<String> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "bin")
        .collect();
    let table: BTreeSet<String> = MAY_USE
        .iter()
        .map(|(layer, _)| *layer)
        .filter(|layer| !COMING.contains(layer))
        .map(str::to_owned)
        .collect();
    assert_eq!(folders, table);
}

#[test]
fn arrows_point_down_only() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (layer, allowed) in MAY_USE {
        for module in modules_of(layer) {
            // What another layer hands on is that layer's own.
            for named in &module.named {
                let Some(name) = named.path.first().map(String::as_str) else {
                    continue;
                };
                let is_layer = MAY_USE.iter().any(|(layer, _)| *layer == name);
                seen += usize::from(is_layer && name != *layer);
                if is_layer && !allowed.contains(&name) {
                    let path = named.path.join("::");
                    wrong.push(format!("{}:{} names {path}", shown(module), named.line));
                }
            }
        }
    }
    assert!(seen > 100, "the reader of sources sees nothing");
    assert_none(&wrong);
}

#[test]
fn no_files_of_one_layer_need_each_other() {
    let mut wrong: Vec<String> = Vec::new();
    for circle in HOUSE.circles() {
        wrong.push(format!("a circle: {circle:?}"));
        wrong.extend(HOUSE.arrows_within(&circle));
    }
    assert_none(&wrong);
}

/// True when a path has these names one after the other: `std::fs` in `std::fs::File`.
fn names(path: &[String], forbidden: &str) -> bool {
    let forbidden: Vec<&str> = forbidden.split("::").collect();
    path.windows(forbidden.len()).any(|part| part == forbidden)
}

#[test]
fn clocks_sockets_and_files_stay_where_they_belong() {
    let mut wrong = Vec::new();
    let mut excepted = BTreeSet::new();
    for (layer, forbidden) in MUST_NOT_NAME {
        for module in modules_of(layer) {
            for named in HOUSE.named(module) {
                for name in forbidden.iter().filter(|name| names(&named.path, name)) {
                    if MAY_NAME.contains(&(shown(module).as_str(), name)) {
                        excepted.insert((shown(module), *name));
                    } else {
                        wrong.push(format!("{}:{} names {name}", shown(module), named.line));
                    }
                }
            }
        }
    }
    let is_needed = |(file, name): &&(&str, &str)| excepted.contains(&(file.to_string(), name));
    let needless = MAY_NAME.iter().filter(|except| !is_needed(except));
    wrong.extend(needless.map(|(file, name)| format!("{file} does not name {name} any more")));
    assert_none(&wrong);
}

#[test]
fn only_the_console_prints() {
    let mut wrong = Vec::new();
    let prints = ["print", "println", "eprint", "eprintln", "dbg"];
    for module in HOUSE.modules.iter() {
        if modules_of("cli").any(|cli| std::ptr::eq(cli, module)) {
            continue;
        }
        for (name, line) in &module.macros {
            if prints.contains(&name.as_str()) {
                wrong.push(format!("{}:{line} calls {name}!", shown(module)));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut wrong = Vec::new();
    for module in &HOUSE.modules {
        let (file, lines) = (shown(module), module.lines);
        if !module.has_head {
            wrong.push(format!("{file}: no head"));
        }
        if lines > MOST_LINES {
            wrong.push(format!("{file}: {lines} lines"));
        }
    }
    assert_none(&wrong);
}

#[test]
fn functions_are_short() {
    let mut wrong = Vec::new();
    for module in &HOUSE.modules {
        let long = module.functions.iter();
        let long = long.filter(|function| function.lines > MOST_FUNCTION_LINES);
        let told =
            |f: &graph::Function| format!("{}: {}: {} lines", shown(module), f.name, f.lines);
        wrong.extend(long.map(told));
    }
    assert_none(&wrong);
}

#[test]
fn what_follows_tests_is_read() {
    let text = "mod a;\n#[cfg(test)]\nmod tests;\n\nfn f() {}\n#[cfg(test)]\nfn g() {\n}\nimpl X {\n#[cfg(test)]\nfn h() {}\n}\n";
    let lines = test_lines(&syn::parse_file(text).unwrap());
    assert_eq!(lines, [2..=3, 6..=8, 10..=11]);
    // Files in which a module of tests is named first are read to their end.
    let part = modules_of("store").find(|module| module.file.ends_with("store/part/mod.rs"));
    let part = part.unwrap();
    assert!(part.lines > 200, "{} lines", part.lines);
    assert!(part.functions.len() > 10, "{}", part.functions.len());
}

#[test]
fn programs_are_short() {
    for file in sources(&root().join("src/bin")) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines < 60, "{}: {lines} lines", file.display());
    }
}
