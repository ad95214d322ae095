//! Names with several contents.

use super::{
    list, spoken, t,
    table::{Table, minor, name, whole},
    units::bytes,
};
use crate::model::{Conflict, Version};

/// Digits of a content's id that people are shown: enough to tell two apart.
const ID_DIGITS: usize = 12;

/// All conflicts of a cluster, each with its contents.
pub fn conflicts(conflicts: &[Conflict], columns: usize) -> Vec<String> {
    if conflicts.is_empty() {
        return vec![t!("no-conflicts")];
    }
    let rows: Vec<Vec<String>> = conflicts
        .iter()
        .flat_map(by_number)
        .map(|version| {
            vec![
                version.file.name.to_string(),
                version.choice.to_string(),
                bytes(version.file.layout.file_bytes()),
                modified(version),
                id(version),
                list(&version.secondaries),
                if version.offered {
                    t!("conflict-offered")
                } else {
                    String::new()
                },
            ]
        })
        .collect();
    let head = [
        name(t!("column-file")),
        whole(t!("column-number")),
        minor(3, t!("column-size")),
        minor(1, t!("column-modified")),
        minor(5, t!("column-content")),
        minor(4, t!("column-secondaries")),
        minor(2, t!("column-offered")),
    ];
    let mut lines = Table::new(head).with(rows).lines(columns);
    lines.push(t!(
        "conflicts-remedy",
        resolve = spoken::command("RESOLVER")
    ));
    lines
}

/// The contents in the order of the numbers by which people choose.
fn by_number(conflict: &Conflict) -> Vec<&Version> {
    let mut versions: Vec<_> = conflict.versions.iter().collect();
    versions.sort_by_key(|version| version.choice);
    versions
}

/// What a secondary is told of one name.
pub fn conflict(conflict: &Conflict) -> String {
    if conflict.versions.is_empty() {
        return t!("conflict-decided", file = &conflict.name);
    }
    let versions = by_number(conflict).into_iter().map(|version| {
        t!(
            "conflict-version",
            size = bytes(version.file.layout.file_bytes()),
            date = modified(version),
            id = id(version),
            count = version.secondaries.len(),
            secondaries = list(&version.secondaries)
        )
    });
    let versions: Vec<String> = versions.collect();
    t!(
        "conflict-here",
        file = &conflict.name,
        versions = versions.join("; ")
    )
}

/// When a content was changed last, by its disk.
fn modified(version: &Version) -> String {
    let moment = version
        .modified
        .and_then(|ms| i64::try_from(ms).ok())
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.map_or_else(
        || "-".to_owned(),
        |moment| {
            let local = moment.to_zoned(jiff::tz::TimeZone::system());
            local.strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}

fn id(version: &Version) -> String {
    let mut id = version.file.id.to_string();
    id.truncate(ID_DIGITS);
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChunkLayout, Digest, FileMeta, FileName, SecondaryNumber};

    #[test]
    fn each_content_has_a_row_with_what_chooses_it() {
        let version = |choice: u16, byte: u8, offered| Version {
            choice,
            file: FileMeta {
                name: FileName::try_from("plan.txt").unwrap(),
                layout: ChunkLayout::for_file(3000 + u64::from(byte)).unwrap(),
                id: Digest::new([byte; 32]),
            },
            modified: Some(1_700_000_000_000),
            secondaries: vec![SecondaryNumber::try_from(u64::from(choice)).unwrap()],
            offered,
        };
        let conflict = Conflict {
            name: FileName::try_from("plan.txt").unwrap(),
            versions: vec![version(1, 0xaa, true), version(2, 0xbb, false)],
        };
        let lines = conflicts(std::slice::from_ref(&conflict), 120);
        // The head and its rule, the contents, how one decides.
        assert_eq!(lines.len(), 5, "{lines:?}");
        assert!(lines[2].contains("aaaaaaaaaaaa") && lines[3].contains("bbbbbbbbbbbb"));
        assert!(super::conflict(&conflict).contains("plan.txt"));
    }
}
