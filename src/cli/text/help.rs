//! The answer to a call for help: all commands of a program under headings, or one.

use textwrap::Options;
use unicode_width::UnicodeWidthStr;

use super::{
    bad_line::explain,
    line::{Line, Tone},
    t,
    topics::{self, Topic, example, find, more, sentence, usage},
};
use crate::cli::commands::{BadLine, COMMON, nearest_command};

/// A heading, and the commands below it.
type Group = (fn() -> String, &'static [&'static str]);

/// Which commands stand together, in this order. Those that are in none of these are in the last one.
const GROUPS: [Group; 11] = [
    (
        || t!("help-system"),
        &[
            "central-status",
            "secondaries",
            "centrals",
            "clients",
            "queue",
            "secondary-status",
            "limit",
            "statistics",
            "info",
        ],
    ),
    (
        || t!("help-files"),
        &["list", "search", "download", "verify", "watch"],
    ),
    (|| t!("help-figures"), &["figure", "figures"]),
    (
        || t!("help-downloads"),
        &[
            "client-status",
            "detail",
            "pause",
            "resume",
            "cancel",
            "priority",
            "download-limit",
            "per-file",
            "per-client",
        ],
    ),
    (
        || t!("help-published"),
        &["publish", "withdraw", "content", "bring", "upload-limit"],
    ),
    (
        || t!("help-rooms"),
        &[
            "room",
            "say",
            "tell",
            "rooms",
            "room-history",
            "leave",
            "channel",
            "put",
            "done",
        ],
    ),
    (|| t!("help-transfers"), &["transfers", "taken-part"]),
    (
        || t!("help-folder"),
        &["reindex", "retired", "recover", "empty"],
    ),
    (
        || t!("help-accounts"),
        &[
            "register",
            "connect",
            "disconnect",
            "unregister",
            "users",
            "accounts",
            "account",
            "free-name",
            "audit",
        ],
    ),
    (
        || t!("help-decisions"),
        &["expel", "drain", "conflicts", "resolve"],
    ),
    (
        || t!("help-processes"),
        &["nodes", "kill", "freeze", "thaw", "raise"],
    ),
];

/// The answer to a call for help: of one command, or of all.
pub fn answer(word: Option<&str>, own: &[Topic], columns: usize) -> Vec<Line> {
    match word {
        Some(word) => one(word, own).into_iter().map(Line::from).collect(),
        None => all(own, columns),
    }
}

/// All commands of a program: a line each, or more where one is wider than the terminal.
fn all(own: &[Topic], columns: usize) -> Vec<Line> {
    let all: Vec<Topic> = own.iter().copied().chain(topics::of(COMMON)).collect();
    let width = all.iter().map(|topic| usage(topic.id).width()).max();
    let width = width.unwrap_or(0);
    let in_one = |topic: &Topic| {
        let usage = usage(topic.id);
        let fill = " ".repeat(width - usage.width());
        format!("  {usage}{fill}  {}", sentence(topic.id))
    };
    let is_wide = all.iter().all(|topic| in_one(topic).width() <= columns);
    let rows = |topic: &Topic| match is_wide {
        true => vec![in_one(topic)],
        false => in_several(topic, columns),
    };
    let mut lines = Vec::new();
    for (heading, topics) in grouped(&all) {
        lines.push(Line::new(Tone::Strong, heading));
        lines.extend(topics.iter().flat_map(rows).map(Line::from));
    }
    lines.push(Line::new(Tone::Faint, t!("help-more")));
    lines
}

/// The topics below their headings, none of which is empty.
fn grouped(all: &[Topic]) -> Vec<(String, Vec<Topic>)> {
    let of = |ids: &[&str]| -> Vec<Topic> {
        let named = |id: &&str| all.iter().find(|topic| topic.id == *id).copied();
        ids.iter().filter_map(named).collect()
    };
    let is_in_none = |topic: &&Topic| !GROUPS.iter().any(|(_, ids)| ids.contains(&topic.id));
    let rest: Vec<Topic> = all.iter().filter(is_in_none).copied().collect();
    let groups = GROUPS.iter().map(|(heading, ids)| (heading(), of(ids)));
    groups
        .chain([(t!("help-rest"), rest)])
        .filter(|(_, topics)| !topics.is_empty())
        .collect()
}

/// A command, and below it what it does.
fn in_several(topic: &Topic, columns: usize) -> Vec<String> {
    let indented = |text: &str, by: &str| {
        let options = Options::new(columns)
            .initial_indent(by)
            .subsequent_indent(by)
            .break_words(false);
        let lines = textwrap::wrap(text, options);
        lines.into_iter().map(String::from).collect::<Vec<_>>()
    };
    let mut lines = indented(&usage(topic.id), "  ");
    lines.extend(indented(&sentence(topic.id), "      "));
    lines
}

/// One command, by any of its names.
fn one(word: &str, own: &[Topic]) -> Vec<String> {
    let all: Vec<Topic> = own.iter().copied().chain(topics::of(COMMON)).collect();
    let Some(topic) = find(&all, word) else {
        let bad = BadLine::Unknown {
            word: word.to_owned(),
            nearest: nearest_command(word, all.iter().map(|topic| topic.names)),
        };
        return vec![explain(&bad)];
    };
    let mut lines = vec![
        usage(topic.id),
        format!("  {}", super::sentence(&sentence(topic.id))),
    ];
    lines.extend(more(topic.id).map(|more| format!("  {more}")));
    let names = topic.names.join(", ");
    lines.push(format!(
        "  {}",
        t!("help-example", example = example(topic.id))
    ));
    lines.push(format!("  {}", t!("help-names", names = names)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{
        commands::{CENTRAL, CLIENT, SECONDARY},
        local::FAULTS,
    };

    fn programs() -> [Vec<Topic>; 4] {
        let mut local = topics::of(CLIENT);
        local.extend(topics::of(FAULTS));
        [
            topics::of(CLIENT),
            topics::of(CENTRAL),
            topics::of(SECONDARY),
            local,
        ]
    }

    #[test]
    fn each_command_is_one_line_below_its_heading_at_80_columns() {
        for own in programs() {
            let lines: Vec<String> = all(&own, 80).iter().map(Line::text).collect();
            let commands = lines.iter().filter(|line| line.starts_with("  ")).count();
            assert_eq!(commands, own.len() + COMMON.len(), "{lines:#?}");
            assert!(lines.iter().all(|line| line.width() <= 80), "{lines:#?}");
            // What is below the last heading are only a client's name and what all programs have.
            let rest = grouped(&own).pop().map(|(_, rest)| rest.len());
            assert!(rest <= Some(4), "{lines:#?}");
        }
    }

    #[test]
    fn no_word_is_cut_in_a_narrow_terminal() {
        for own in programs() {
            let lines: Vec<String> = all(&own, 40).iter().map(Line::text).collect();
            let commands = &lines[..lines.len() - 1];
            assert!(commands.iter().all(|line| line.width() <= 40), "{lines:#?}");
        }
    }
}
