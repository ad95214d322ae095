//! Which files a page of the catalogue shows. Pure.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

use super::names::encoded;
use crate::model::ListedFile;

/// Rows of a page.
pub(super) const ROWS: usize = 200;

/// In which order files are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    #[default]
    Name,
    /// The largest first.
    Size,
}

/// What a page is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// Part of a name.
    pub(super) search: String,
    /// With its slash at the end, or nothing.
    pub(super) folder: String,
    pub(super) order: Order,
    /// Files before the first that is shown.
    pub(super) from: usize,
    /// The language, where the address has one.
    pub(super) language: Option<String>,
}

impl Query {
    /// Reads the query of an address; what is not known is ignored.
    pub(super) fn of(query: Option<&str>) -> Self {
        let mut read = Self::default();
        for pair in query.unwrap_or("").split('&').take(16) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
            match key {
                "buscar" => read.search = value.trim().to_lowercase(),
                "carpeta" if value.is_empty() || value.ends_with('/') => read.folder = value,
                "carpeta" => read.folder = value + "/",
                "orden" if value == "tamano" => read.order = Order::Size,
                "desde" => read.from = value.parse().unwrap_or(0),
                "idioma" => read.language = Some(value),
                _ => {}
            }
        }
        read
    }

    /// The address of a page that shows this.
    pub(super) fn address(&self) -> String {
        let mut pairs = Vec::new();
        if !self.search.is_empty() {
            pairs.push(format!("buscar={}", encoded(&self.search)));
        }
        if !self.folder.is_empty() {
            pairs.push(format!("carpeta={}", encoded(&self.folder)));
        }
        if self.order == Order::Size {
            pairs.push("orden=tamano".to_owned());
        }
        if self.from > 0 {
            pairs.push(format!("desde={}", self.from));
        }
        if let Some(language) = &self.language {
            pairs.push(format!("idioma={}", encoded(language)));
        }
        format!("/?{}", pairs.join("&"))
    }
}

/// What a page shows.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// Folders below the one that is shown, by their own names; none where something is searched.
    pub(super) folders: BTreeSet<&'a str>,
    pub(super) files: Vec<&'a ListedFile>,
    /// Files in all pages of it.
    pub(super) total: usize,
}

/// Chooses the rows of a page.
pub(super) fn select<'a>(files: &'a [ListedFile], query: &Query) -> View<'a> {
    let mut folders = BTreeSet::new();
    let mut found = Vec::new();
    for listed in files {
        let name = listed.file.name.as_str();
        let Some(below) = name.strip_prefix(query.folder.as_str()) else {
            continue;
        };
        if !query.search.is_empty() {
            if below.to_lowercase().contains(&query.search) {
                found.push(listed);
            }
        } else if let Some((folder, _)) = below.split_once('/') {
            folders.insert(folder);
        } else {
            found.push(listed);
        }
    }
    if query.order == Order::Size {
        found.sort_by_key(|listed| std::cmp::Reverse(listed.file.layout.file_bytes()));
    }
    let total = found.len();
    let shown = found.into_iter().skip(query.from).take(ROWS);
    View {
        folders,
        files: shown.collect(),
        total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChunkLayout, Digest, FileMeta, FileName};

    fn files(names: &[(&str, u64)]) -> Vec<ListedFile> {
        let file = |(name, bytes): &(&str, u64)| ListedFile {
            file: FileMeta {
                name: FileName::try_from(*name).unwrap(),
                layout: ChunkLayout::for_file(*bytes).unwrap(),
                id: Digest::new([1; 32]),
            },
            holders: 1,
            wanted: 1,
            conflict: false,
        };
        names.iter().map(file).collect()
    }

    fn shown<'a>(view: &'a View<'_>) -> Vec<&'a str> {
        view.files
            .iter()
            .map(|file| file.file.name.as_str())
            .collect()
    }

    #[test]
    fn folders_searches_and_orders_choose_the_rows() {
        let files = files(&[
            ("a.mp4", 1),
            ("Serie/b ñ.mp4", 5),
            ("Serie/x/c", 9),
            ("z", 7),
        ]);
        let query = |text| Query::of(Some(text));
        let view = select(&files, &query(""));
        assert_eq!(shown(&view), ["a.mp4", "z"]);
        assert_eq!(view.folders, BTreeSet::from(["Serie"]));
        let view = select(&files, &query("carpeta=Serie"));
        assert_eq!(shown(&view), ["Serie/b ñ.mp4"]);
        assert_eq!(view.folders, BTreeSet::from(["x"]));
        let view = select(&files, &query("buscar=B+%C3%91"));
        assert_eq!(shown(&view), ["Serie/b ñ.mp4"]);
        let view = select(&files, &query("orden=tamano&desde=1"));
        assert_eq!((shown(&view), view.total), (vec!["a.mp4"], 2));
    }

    #[test]
    fn what_a_page_shows_is_in_its_address() {
        for query in [
            "/?",
            "/?buscar=a%26b",
            "/?carpeta=%C3%B1%2F&orden=tamano&desde=200&idioma=en",
        ] {
            let read = Query::of(query.strip_prefix("/?"));
            assert_eq!(read.address(), query);
            assert_eq!(Query::of(read.address().strip_prefix("/?")), read);
        }
    }
}
