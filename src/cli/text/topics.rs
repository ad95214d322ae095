//! The commands of each program by name: how each is written and what it does. Their texts are `command-<id>` in the
//! catalogue, with the attributes `.usage` and `.example`; a test finds
//! those that are missing. Some have `.more`.

use super::language;
use crate::{cli::commands::Entry, engine::fold::fold};

/// A command in a list of help.
#[derive(Clone, Copy, Debug)]
pub struct Topic {
    /// See [`Entry::id`].
    pub id: &'static str,
    /// See [`Entry::names`].
    pub names: &'static [&'static str],
}

/// The topics of a table of commands.
pub fn of<V>(table: &'static [Entry<V>]) -> Vec<Topic> {
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

/// What else there is to know of a command, where there is anything.
pub fn more(id: &str) -> Option<String> {
    language::find_attribute(&format!("command-{id}"), "more")
}

/// The same behind what it does, as two sentences.
pub fn at_length(id: &str) -> String {
    let does = super::sentence(&sentence(id));
    match more(id) {
        Some(more) => format!("{does}. {more}."),
        None => does,
    }
}

/// An example of a command.
pub fn example(id: &str) -> String {
    attribute(id, "example")
}

/// The topic of a command, by any of its names and however it is written.
pub fn find<'a>(topics: &'a [Topic], word: &str) -> Option<&'a Topic> {
    let upper = fold(word).to_uppercase();
    topics
        .iter()
        .find(|topic| topic.names.contains(&upper.as_str()))
}
