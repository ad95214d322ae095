//! What was set aside at a secondary.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    spoken, t,
    table::{Table, minor, name, whole},
    units::bytes,
};
use crate::{
    model::RetiredReason,
    store::retired::{RetiredFile, RetiredTotal},
};

/// Files that go are named up to this many.
const NAMED: usize = 20;

/// All that is kept, and how much it is.
pub fn list(files: &[RetiredFile], columns: usize) -> Vec<String> {
    if files.is_empty() {
        return vec![t!("retired-none")];
    }
    let head = [
        whole(t!("column-number")),
        name(t!("column-file")),
        minor(1, t!("column-size")),
        minor(3, t!("column-when")),
        minor(2, t!("column-why")),
    ];
    let table = Table::new(head).with(files.iter().map(row));
    let mut lines = table.lines(columns);
    lines.push(t!(
        "retired-total",
        what = total(of(files)),
        recover = spoken::command("RECUPERAR"),
        empty = spoken::command("VACIAR")
    ));
    lines
}

/// The same for programs.
pub fn json(files: &[RetiredFile]) -> Vec<String> {
    let text = serde_json::to_string_pretty(files).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn row(file: &RetiredFile) -> Vec<String> {
    vec![
        file.number.to_string(),
        file.name.clone(),
        bytes(file.bytes),
        when(file.when_ms),
        reason(file.reason),
    ]
}

fn when(when_ms: i64) -> String {
    let when = Timestamp::from_millisecond(when_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    let when = when.to_zoned(TimeZone::system());
    when.strftime("%Y-%m-%d %H:%M").to_string()
}

fn reason(reason: Option<RetiredReason>) -> String {
    match reason {
        Some(RetiredReason::Deleted) => t!("retired-deleted"),
        Some(RetiredReason::Replaced) => t!("retired-replaced"),
        Some(RetiredReason::Resolved) => t!("retired-resolved"),
        Some(RetiredReason::Damaged) => t!("retired-damaged"),
        None => t!("retired-by-hand"),
    }
}

/// Files and their bytes: `12 ficheros, 3,4 GB`.
pub fn total(total: RetiredTotal) -> String {
    let (files, size) = (total.files, bytes(total.bytes));
    t!("retired-files", files = files, size = size)
}

/// How much some files are.
pub fn of(files: &[RetiredFile]) -> RetiredTotal {
    RetiredTotal {
        files: files.len(),
        bytes: files.iter().map(|file| file.bytes).sum(),
    }
}

/// What is to go for good, and how to agree.
pub fn confirm(files: &[RetiredFile]) -> Vec<String> {
    let named = files.iter().take(NAMED);
    let mut lines: Vec<String> = named
        .map(|file| {
            let (file, size) = (&file.name, bytes(file.bytes));
            t!("retired-goes", file = file, size = size)
        })
        .collect();
    let more = files.len().saturating_sub(NAMED);
    if more > 0 {
        lines.push(t!("retired-more", files = more));
    }
    lines.push(t!("retired-confirm", what = total(of(files))));
    lines
}
