//! What the documentation says, compared with the code and the programs, and each page with its twin in the other language.
#![allow(clippy::unwrap_used)]

mod language;
mod links;
mod names;
mod pages;
mod schemas;
#[path = "../support/sources.rs"]
#[allow(dead_code)]
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use names::{Flags, Program};
use pages::{PAIRS, Page, pairs};
use trozos::{cli::codes, proto::ErrorCode};

const PROTOCOL: &str = include_str!("../../PROTOCOL.md");
const EXAMPLE: &str = include_str!("../../packaging/etc/trozos.toml");

/// The pages of problems, with what every section of them says: why, and what to do.
fn problems() -> [(Page, [&'static str; 2]); 2] {
    [
        (
            Page::read("docs/es/problemas.md"),
            ["**Causa.** ", "**Remedio.** "],
        ),
        (
            Page::read("docs/en/problems.md"),
            ["**Cause.** ", "**Fix.** "],
        ),
    ]
}

/// The code of a heading such as "### `port-in-use`".
fn heading(line: &str) -> Option<&str> {
    line.strip_prefix("### `")?.strip_suffix('`')
}

/// The text below each heading of a code, in the page's order.
fn sections(page: &Page) -> Vec<(&str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    let mut is_open = false;
    for line in page.text.lines() {
        if let Some(code) = heading(line) {
            sections.push((code, String::new()));
            is_open = true;
        } else if line.starts_with('#') {
            is_open = false;
        } else if let Some((_, text)) = sections.last_mut().filter(|_| is_open) {
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
fn every_code_has_a_section_in_both_languages_and_no_section_is_for_nothing() {
    let codes = codes();
    assert!(codes.len() > 50, "the list of codes is not whole");
    for (page, _) in problems() {
        let sections = sections(&page);
        let explained: BTreeSet<&str> = sections.iter().map(|(code, _)| *code).collect();
        assert_eq!(explained.len(), sections.len(), "{}: one twice", page.path);
        let missing: Vec<_> = codes.difference(&explained).collect();
        let invented: Vec<_> = explained.difference(&codes).collect();
        assert!(
            missing.is_empty() && invented.is_empty(),
            "{}: without a section: {missing:?}; no such code: {invented:?}",
            page.path
        );
    }
    let [spanish, english] = problems().map(|(page, _)| {
        let sections = sections(&page);
        sections
            .iter()
            .map(|(code, _)| (*code).to_owned())
            .collect::<Vec<_>>()
    });
    assert_eq!(spanish, english, "the order of the sections");
}

#[test]
fn every_section_tells_cause_and_cure() {
    let mut wrong = Vec::new();
    for (page, parts) in problems() {
        for (code, text) in sections(&page) {
            let said: Vec<&str> = text
                .lines()
                .filter_map(|line| parts.iter().find(|part| line.starts_with(**part)).copied())
                .collect();
            if said != parts {
                wrong.push(format!("{}: {code}: {said:?}", page.path));
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
fn example_keys() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut section = "";
    let mut keys: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
        } else if let Some((key, _)) = line.strip_prefix('#').and_then(|l| l.split_once(" = "))
            && !key.contains(' ')
        {
            keys.entry(section).or_default().push(key);
        }
    }
    keys
}

#[test]
fn the_example_of_a_configuration_names_flags_that_exist() {
    let flags = Flags::of(language::SPANISH);
    let keys = example_keys();
    assert!(keys.values().flatten().count() > 20, "{keys:?}");
    for (section, keys) in keys {
        let programs = match section {
            // What is above all sections is for all programs.
            "" => vec![Program::Central, Program::Secondary, Program::Client],
            section => vec![Program::of_section(section).unwrap()],
        };
        for (key, program) in keys
            .iter()
            .flat_map(|key| programs.iter().map(move |p| (key, *p)))
        {
            assert!(flags.has(program, key), "{program:?}: --{key}");
        }
    }
    for line in EXAMPLE.lines() {
        let comment = line.is_empty() || line.starts_with(['#', '[']);
        assert!(comment, "something is set in an example: {line}");
    }
}

#[test]
fn every_page_links_its_twin_in_its_first_line() {
    for pair in pairs() {
        for (page, twin) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
            let first = page.text.lines().next().unwrap();
            let name = twin.language.name;
            let link = links::targets(first).next().map(|to| page.resolve(to));
            assert!(first.starts_with(&format!("[{name}](")), "{}", page.path);
            assert_eq!(link.unwrap(), twin.path, "{}", page.path);
        }
    }
}

#[test]
fn twins_have_the_same_headings_and_blocks() {
    for [spanish, english] in pairs() {
        let both = [&spanish, &english];
        let [left, right] = both.map(|page| page.heading_levels());
        assert_eq!(left, right, "{}: headings", english.path);
        assert!(left.len() > 4, "{}", english.path);
        let [left, right] = both.map(|page| page.rows_of_tables());
        assert_eq!(left, right, "{}: rows of the tables", english.path);
        let [left, right] = both.map(|page| page.blocks());
        assert_eq!(left.len(), right.len(), "{}: blocks", english.path);
        for (mine, its) in left.iter().zip(&right) {
            assert_eq!(mine.kind, its.kind, "{}", english.path);
            let mine = mine.in_spanish(language::SPANISH);
            let its = its.in_spanish(language::ENGLISH);
            assert_eq!(mine, its, "{}", english.path);
        }
    }
}

#[test]
fn all_pages_are_in_pairs() {
    let known: BTreeSet<String> = PAIRS.iter().flatten().map(|p| (*p).to_owned()).collect();
    for folder in ["docs/es", "docs/en"] {
        for entry in std::fs::read_dir(sources::root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name();
            let path = format!("{folder}/{}", name.to_string_lossy());
            assert!(known.contains(&path), "{path}: has no twin");
        }
    }
}
