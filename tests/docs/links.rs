//! Links lead somewhere: to a file that is there, and to a heading of it.

use std::{collections::BTreeSet, fs};

use super::{pages::Page, sources::root};

/// Pages beside those of users.
const OTHERS: [&str; 6] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "PROTOCOL.md",
    "SECURITY.md",
    "bench/NOTES.md",
    "bench/RESULTS.md",
];

/// Where the links of a text lead.
pub(crate) fn targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let (target, _) = rest.split_once(')')?;
        Some(target)
    })
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let kept = lower.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.collect()
}

#[test]
fn links_lead_somewhere() {
    let others = OTHERS.map(Page::read);
    let mut wrong = Vec::new();
    for page in super::pages::all().chain(others) {
        let prose = page.prose().collect::<Vec<_>>().join("\n");
        for target in targets(&prose).filter(|target| !target.contains("://")) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = match path {
                "" => page.path.clone(),
                path => page.resolve(path),
            };
            if fs::metadata(root().join(&path)).is_err() {
                wrong.push(format!("{}: {target}", page.path));
            } else if !heading.is_empty() {
                let there = Page::read(&path);
                let anchors: BTreeSet<String> = there.headings().map(anchor).collect();
                if !anchors.contains(heading) {
                    wrong.push(format!("{}: {target}", page.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn anchors_are_those_of_a_browser() {
    assert_eq!(anchor("`port-in-use`"), "port-in-use");
    assert_eq!(
        anchor("Completado y páginas de manual"),
        "completado-y-páginas-de-manual"
    );
}
