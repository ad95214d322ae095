//! The commands of each program. Their texts are `command-<id>` in the catalogue, with the attributes `.usage` and
//! `.example`; a test finds those that are missing.

use unicode_width::UnicodeWidthStr;

use super::{language, t};
use crate::cli::commands::{self, COMMON, Entry};

/// A command in a list of help.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// See [`Entry::id`].
    pub id: &'static str,
    /// See [`Entry::names`].
    pub names: &'static [&'static str],
}

/// The topics of a table of commands.
pub fn topics<V>(table: &'static [Entry<V>]) -> Vec<Topic> {
    let topic = |entry: &'static Entry<V>| Topic {
        id: entry.id,
        names: entry.names,
    };
    table.iter().map(topic).collect()
}

fn attribute(id: &str, attribute: &str) -> String {
    language::find_attribute(&format!("command-{id}"), attribute).unwrap_or_default()
}

/// How a command is written: `VIDEO <nombre>…`.
pub fn usage(id: &str) -> String {
    attribute(id, "usage")
}

/// What a command does, in a sentence.
pub fn sentence(id: &str) -> String {
    language::find(&format!("command-{id}")).unwrap_or_default()
}

/// An example of a command.
pub fn example(id: &str) -> String {
    attribute(id, "example")
}

/// The answer to a call for help: of one command, or of all.
pub fn answer(word: Option<&str>, own: &[Topic]) -> Vec<String> {
    word.map_or_else(|| lines(own), |word| one(word, own))
}

/// All commands of a program, a line each.
pub fn lines(own: &[Topic]) -> Vec<String> {
    let all: Vec<Topic> = own.iter().copied().chain(topics(COMMON)).collect();
    let width = all.iter().map(|topic| usage(topic.id).width()).max();
    let width = width.unwrap_or(0);
    all.iter()
        .map(|topic| {
            let usage = usage(topic.id);
            let fill = " ".repeat(width - usage.width());
            format!("  {usage}{fill}  {}", sentence(topic.id))
        })
        .chain(std::iter::once(t!("help-more")))
        .collect()
}

/// The topic of a command, by any of its names and however it is written.
pub fn find<'a>(topics: &'a [Topic], word: &str) -> Option<&'a Topic> {
    let upper = word.to_uppercase();
    topics
        .iter()
        .find(|topic| topic.names.contains(&upper.as_str()))
}

/// One command, by any of its names.
pub fn one(word: &str, own: &[Topic]) -> Vec<String> {
    let all: Vec<Topic> = own.iter().copied().chain(topics(COMMON)).collect();
    let Some(topic) = find(&all, word) else {
        let names = all.iter().flat_map(|topic| topic.names).copied();
        let bad = commands::BadLine::Unknown {
            word: word.to_owned(),
            nearest: commands::nearest(&word.to_uppercase(), names),
        };
        return vec![commands::explain(&bad)];
    };
    let names = topic.names.join(", ");
    vec![
        usage(topic.id),
        format!("  {}", sentence(topic.id)),
        format!("  {}", t!("help-example", example = example(topic.id))),
        format!("  {}", t!("help-names", names = names)),
    ]
}
