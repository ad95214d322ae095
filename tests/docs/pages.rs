//! The pages that users read, and what they are made of.

use std::{fs, path::Path};

use super::{
    language::{ENGLISH, Language, SPANISH, keys_in_spanish, line_in_spanish},
    sources::root,
};

/// Every page that users read: in Spanish, and in English.
pub(crate) const PAIRS: [[&str; 2]; 9] = [
    ["README.es.md", "README.md"],
    ["docs/es/instalar.md", "docs/en/install.md"],
    ["docs/es/carpetas.md", "docs/en/folders.md"],
    ["docs/es/cubos.md", "docs/en/buckets.md"],
    ["docs/es/problemas.md", "docs/en/problems.md"],
    ["docs/es/scripts.md", "docs/en/scripts.md"],
    ["docs/es/api.md", "docs/en/api.md"],
    ["docs/es/salas.md", "docs/en/rooms.md"],
    ["docs/es/cifras.md", "docs/en/figures.md"],
];

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) language: Language,
}

/// Text that is fenced off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// What it is, as `sh`; nothing for what a screen shows.
    pub(crate) kind: String,
    pub(crate) text: String,
}

/// All pages, in both languages.
pub(crate) fn pairs() -> [[Page; 2]; 9] {
    PAIRS.map(|pair| pair.map(Page::read))
}

/// All pages.
pub(crate) fn all() -> impl Iterator<Item = Page> {
    pairs().into_iter().flatten()
}

impl Page {
    pub(crate) fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let is_spanish = path.starts_with("docs/es/") || path.ends_with(".es.md");
        Self {
            path: path.to_owned(),
            text,
            language: if is_spanish { SPANISH } else { ENGLISH },
        }
    }

    /// A path relative to this page, relative to the project.
    pub(crate) fn resolve(&self, to: &str) -> String {
        let mut parts: Vec<&str> = self.path.split('/').collect();
        parts.pop();
        for part in Path::new(to).iter().map(|part| part.to_str().unwrap()) {
            match part {
                ".." => drop(parts.pop()),
                "." => {}
                part => parts.push(part),
            }
        }
        parts.join("/")
    }

    /// Lines that are not fenced off.
    pub(crate) fn prose(&self) -> impl Iterator<Item = &str> {
        let mut is_fenced = false;
        self.text.lines().filter(move |line| {
            let is_fence = line.starts_with("```");
            is_fenced ^= is_fence;
            !is_fence && !is_fenced
        })
    }

    /// Headings, without their marks.
    pub(crate) fn headings(&self) -> impl Iterator<Item = &str> {
        let lines = self.prose().filter(|line| line.starts_with('#'));
        lines.map(|line| line.trim_start_matches('#').trim_start())
    }

    pub(crate) fn heading_levels(&self) -> Vec<usize> {
        let lines = self.prose().filter(|line| line.starts_with('#'));
        lines
            .map(|line| line.chars().take_while(|c| *c == '#').count())
            .collect()
    }

    /// How many rows each table has.
    pub(crate) fn rows_of_tables(&self) -> Vec<usize> {
        let mut tables = Vec::new();
        let mut rows = 0;
        for line in self.prose().chain([""]) {
            if line.starts_with('|') {
                rows += 1;
            } else if rows > 0 {
                tables.push(rows);
                rows = 0;
            }
        }
        tables
    }

    pub(crate) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for line in self.text.lines() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(kind)) => {
                    let (kind, text) = (kind.to_owned(), String::new());
                    open = Some(Block { kind, text });
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, None) => {}
            }
        }
        assert_eq!(open, None, "{}: a block without an end", self.path);
        blocks
    }

    /// What stands in backticks in the prose.
    pub(crate) fn spans(&self) -> Vec<String> {
        let prose = self.prose().collect::<Vec<_>>().join("\n");
        prose
            .split('`')
            .skip(1)
            .step_by(2)
            .map(|span| span.replace('\n', " "))
            .collect()
    }

    /// The text below a heading, up to the next.
    pub(crate) fn section(&self, heading: &str) -> Vec<&str> {
        let lines = self
            .prose()
            .skip_while(|line| !is_heading(line, heading))
            .skip(1);
        lines.take_while(|line| !line.starts_with('#')).collect()
    }
}

fn is_heading(line: &str, heading: &str) -> bool {
    line.starts_with('#') && line.trim_start_matches('#').trim() == heading
}

impl Block {
    /// The command lines of a shell's block, without comments, continued lines joined.
    pub(crate) fn commands(&self) -> Vec<String> {
        let joined = self.text.replace("\\\n", " ");
        let lines = joined.lines().map(|line| match line.split_once("  #") {
            Some((command, _)) => command,
            None if line.starts_with('#') => "",
            None => line,
        });
        let plain = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        plain.filter(|line| !line.is_empty()).collect()
    }

    /// What it says to a machine, with the names of one language: what twins have in common.
    pub(crate) fn in_spanish(&self, language: Language) -> String {
        let is_english = language == ENGLISH;
        match self.kind.as_str() {
            "sh" => {
                let lines = self.commands().into_iter();
                let lines = lines.map(|line| match is_english {
                    true => line_in_spanish(&line),
                    false => line,
                });
                lines.collect::<Vec<_>>().join("\n")
            }
            "toml" if is_english => keys_in_spanish(&self.text),
            "toml" | "json" | "yaml" => self.text.clone(),
            // What a screen shows is told in each language.
            "" => String::new(),
            other => panic!("a block of {other}"),
        }
    }
}
