//! The answer to a call for help: all commands of a program, or one.

use unicode_width::UnicodeWidthStr;

use super::{
    bad_line::explain,
    t,
    topics::{self, Topic, example, find, sentence, usage},
};
use crate::cli::commands::{BadLine, COMMON, nearest_command};

/// The answer to a call for help: of one command, or of all.
pub fn answer(word: Option<&str>, own: &[Topic], columns: usize) -> Vec<String> {
    word.map_or_else(|| lines(own, columns), |word| one(word, own))
}

/// All commands of a program: a line each, or two where one is wider than the terminal.
pub fn lines(own: &[Topic], columns: usize) -> Vec<String> {
    let all: Vec<Topic> = own.iter().copied().chain(topics::of(COMMON)).collect();
    let width = all.iter().map(|topic| usage(topic.id).width()).max();
    let width = width.unwrap_or(0);
    let in_one = |topic: &Topic| {
        let usage = usage(topic.id);
        let fill = " ".repeat(width - usage.width());
        format!("  {usage}{fill}  {}", sentence(topic.id))
    };
    let in_two = |topic: &Topic| {
        [
            format!("  {}", usage(topic.id)),
            format!("      {}", sentence(topic.id)),
        ]
    };
    let mut lines: Vec<String> = all.iter().map(in_one).collect();
    if lines.iter().any(|line| line.width() > columns) {
        lines = all.iter().flat_map(in_two).collect();
    }
    lines.push(t!("help-more"));
    lines
}

/// One command, by any of its names.
pub fn one(word: &str, own: &[Topic]) -> Vec<String> {
    let all: Vec<Topic> = own.iter().copied().chain(topics::of(COMMON)).collect();
    let Some(topic) = find(&all, word) else {
        let bad = BadLine::Unknown {
            word: word.to_owned(),
            nearest: nearest_command(word, all.iter().map(|topic| topic.names)),
        };
        return vec![explain(&bad)];
    };
    let names = topic.names.join(", ");
    vec![
        usage(topic.id),
        format!("  {}", sentence(topic.id)),
        format!("  {}", t!("help-example", example = example(topic.id))),
        format!("  {}", t!("help-names", names = names)),
    ]
}
