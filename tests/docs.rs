//! What the documentation says of errors and flags, compared with the code and the programs.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use trozos::{cli::codes, proto::ErrorCode};

const PROBLEMS: &str = include_str!("../docs/problemas.md");
const PROTOCOL: &str = include_str!("../PROTOCOL.md");
const EXAMPLE: &str = include_str!("../packaging/etc/trozos.toml");

/// What every section says: why, what to do, and both in short for those who read no Spanish.
const PARTS: [&str; 3] = ["**Causa.** ", "**Remedio.** ", "*English:* "];

/// The code of a heading such as "### `port-in-use`".
fn heading(line: &str) -> Option<&str> {
    line.strip_prefix("### `")?.strip_suffix('`')
}

/// The text below each heading of a code.
fn sections() -> BTreeMap<&'static str, String> {
    let mut sections = BTreeMap::new();
    let mut current = None;
    for line in PROBLEMS.lines() {
        if let Some(code) = heading(line) {
            let twice = sections.insert(code, String::new());
            assert!(twice.is_none(), "{code} has two sections");
            current = Some(code);
        } else if line.starts_with('#') {
            current = None;
        } else if let Some(code) = current {
            let text = sections.entry(code).or_default();
            text.push_str(line);
            text.push('\n');
        }
    }
    sections
}

fn codes() -> BTreeSet<&'static str> {
    let of_enums = codes::ALL.iter();
    of_enums
        .flat_map(|(_, codes)| codes.iter().copied())
        .collect()
}

#[test]
fn every_code_has_a_section_and_no_section_is_for_nothing() {
    let (codes, sections) = (codes(), sections());
    assert!(codes.len() > 50, "the list of codes is not whole");
    let missing: Vec<_> = codes
        .iter()
        .filter(|c| !sections.contains_key(*c))
        .collect();
    let invented: Vec<_> = sections.keys().filter(|c| !codes.contains(*c)).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "without a section: {missing:?}; no such code: {invented:?}"
    );
}

#[test]
fn every_section_tells_cause_and_cure_in_both_languages() {
    let mut wrong = Vec::new();
    for (code, text) in sections() {
        for part in PARTS {
            if text.lines().filter(|line| line.starts_with(part)).count() != 1 {
                wrong.push(format!("{code}: {part}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn codes_are_kebab_case_and_listed_once_by_each_enum() {
    for (name, codes) in codes::ALL {
        for code in *codes {
            let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(code.chars().all(letters), "{name}: {code}");
        }
        let different: BTreeSet<_> = codes.iter().collect();
        assert_eq!(different.len(), codes.len(), "{name}");
    }
}

#[test]
fn the_protocol_lists_the_codes_of_the_wire() {
    let (_, errors) = PROTOCOL.split_once("\n## Errors\n").unwrap();
    let listed: BTreeSet<_> = errors
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code)
        .collect();
    // What a newer version says is taken for this, and said by nobody.
    let said: BTreeSet<_> = ErrorCode::CODES
        .iter()
        .copied()
        .filter(|code| *code != "unknown")
        .collect();
    assert_eq!(listed, said);
}

/// What the example of a configuration says below each section, `""` for what is above all of them.
fn example_keys() -> Vec<(&'static str, &'static str)> {
    let mut section = "";
    let mut keys = Vec::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
        } else if let Some((key, _)) = line.strip_prefix('#').and_then(|l| l.split_once(" = "))
            && !key.contains(' ')
        {
            keys.push((section, key));
        }
    }
    keys
}

#[test]
fn the_example_of_a_configuration_names_flags_that_exist() {
    let help = |program: &str| {
        let output = Command::new(program).arg("--help").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let helps = [
        ("central", help(env!("CARGO_BIN_EXE_videocentral"))),
        ("secundario", help(env!("CARGO_BIN_EXE_videosecundario"))),
        ("cliente", help(env!("CARGO_BIN_EXE_videocliente"))),
    ];
    let keys = example_keys();
    assert!(keys.len() > 20, "{keys:?}");
    for (section, key) in keys {
        for (name, help) in &helps {
            // What is above all sections is for all programs.
            if section.is_empty() || section == *name {
                let mut words = help.split(|c: char| c.is_whitespace() || c == ',');
                let flag = format!("--{key}");
                assert!(words.any(|word| word == flag), "{name}: {flag}");
            }
        }
    }
    for line in EXAMPLE.lines() {
        let comment = line.is_empty() || line.starts_with(['#', '[']);
        assert!(comment, "something is set in an example: {line}");
    }
}
