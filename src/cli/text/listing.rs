//! The files that can be downloaded, in a table.

use super::{
    t,
    table::{Column, Table, minor, name, whole},
    units::{bytes, count},
};
use crate::model::ListedFile;

fn holders(listed: &ListedFile) -> String {
    let (holders, all) = (u64::from(listed.holders), u64::from(listed.wanted));
    if listed.file.name.is_reserved() {
        t!("holders-published", count = holders)
    } else if listed.conflict {
        t!("holders-conflict", holders = holders, secondaries = all)
    } else {
        t!("holders", holders = holders, secondaries = all)
    }
}

/// The listing.
pub fn listing(files: &[ListedFile], columns: usize) -> Vec<String> {
    if files.is_empty() {
        return vec![t!("no-files")];
    }
    let rows = files.iter().map(listed_row);
    Table::new(listed_head()).with(rows).lines(columns)
}

fn listed_row(listed: &ListedFile) -> Vec<String> {
    vec![
        listed.file.name.to_string(),
        bytes(listed.file.layout.file_bytes()),
        holders(listed),
    ]
}

fn listed_head() -> Vec<Column> {
    vec![
        name(t!("column-file")),
        whole(t!("column-size")),
        minor(1, t!("column-secondaries")),
    ]
}

/// The listing of a prompt, where files can be called by their numbers in it.
pub fn numbered(files: &[ListedFile], columns: usize) -> Vec<String> {
    if files.is_empty() {
        return vec![t!("no-files")];
    }
    let row = |(number, listed): (u64, &ListedFile)| {
        let mut row = vec![count(number)];
        row.extend(listed_row(listed));
        row
    };
    let mut head = vec![whole(t!("column-number"))];
    head.extend(listed_head());
    let rows = (1u64..).zip(files).map(row);
    Table::new(head).with(rows).lines(columns)
}
