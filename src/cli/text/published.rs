//! What is published, in tables and lines.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    line::Line,
    spoken, t,
    table::{Table, minor, name, whole},
    units::{bytes, count, rate},
};
use crate::{
    model::{AccountName, Audience, FileName, PublishedFile},
    node::client::{PublishedAs, ServingView},
};

/// Files of a folder that are shown one by one.
const MOST_SHOWN: usize = 100;

/// A file is published.
pub fn done(done: &PublishedAs) -> String {
    t!(
        "published",
        path = &done.path,
        name = &done.file.name,
        size = bytes(done.file.layout.file_bytes())
    )
}

/// What others are sent: `Subiendo 12,3 MB/s a 3 (2,1 GB); 4 ficheros publicados`.
pub fn serving(serving: &ServingView) -> String {
    let limit = serving.limit_bytes_per_s.map(|limit| rate(limit as f64));
    let line = t!(
        "uploading",
        rate = rate(serving.bytes_per_s),
        count = serving.peers,
        size = bytes(serving.bytes),
        files = t!("files", count = serving.files)
    );
    match limit {
        Some(limit) => t!("uploading-limited", line = line, limit = limit),
        None => line,
    }
}

/// What of a folder would be published, before it is.
pub fn to_be_published(folder: &str, files: &[(FileName, u64)], columns: usize) -> Vec<Line> {
    if files.is_empty() {
        return vec![t!("publish-folder-empty", path = folder).into()];
    }
    let rows = files.iter().take(MOST_SHOWN);
    let rows = rows.map(|(file, size)| vec![file.to_string(), bytes(*size)]);
    let head = vec![name(t!("column-file")), whole(t!("column-size"))];
    let table = Table::new(head).with(rows).lines(columns);
    let mut lines: Vec<Line> = table.iter().map(|line| line.as_str().into()).collect();
    let size = files.iter().map(|(_, size)| *size).sum();
    let publish = spoken::command("PUBLICAR");
    let text = t!(
        "publish-folder",
        files = t!("files", count = files.len()),
        size = bytes(size),
        command = format!("{publish} {folder}")
    );
    lines.push(text.into());
    lines
}

/// What an account publishes.
pub fn content(account: &AccountName, files: &[PublishedFile], columns: usize) -> Vec<String> {
    if files.is_empty() {
        return vec![t!("content-none", name = account)];
    }
    let row = |(number, of): (u64, &PublishedFile)| {
        vec![
            count(number),
            of.file.name.to_string(),
            bytes(of.file.layout.file_bytes()),
            sources(of),
            audience(&of.audience),
            since(of.at_ms),
        ]
    };
    let head = vec![
        whole(t!("column-number")),
        name(t!("column-file")),
        whole(t!("column-size")),
        whole(t!("column-sources")),
        minor(2, t!("column-for")),
        minor(1, t!("column-published")),
    ];
    let rows = (1u64..).zip(files).map(row);
    Table::new(head).with(rows).lines(columns)
}

fn sources(of: &PublishedFile) -> String {
    match of.sources {
        0 => t!("source-away"),
        sources => count(u64::from(sources)),
    }
}

fn audience(audience: &Audience) -> String {
    match audience {
        Audience::All => String::new(),
        Audience::Only(these) => {
            let names: Vec<_> = these.iter().map(ToString::to_string).collect();
            names.join(", ")
        }
    }
}

fn since(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok();
    let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
    at.map_or_else(String::new, |at| {
        let local = at.to_zoned(TimeZone::system());
        local.strftime("%Y-%m-%d %H:%M").to_string()
    })
}
