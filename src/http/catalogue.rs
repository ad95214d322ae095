//! Which files a page of the catalogue shows. Pure, but for what is kept to search quickly.

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

use parking_lot::Mutex;
use percent_encoding::percent_decode_str;

use super::names::encoded;
use crate::{
    engine::fold::fold,
    model::{FileName, ListedFile},
    node::central::{Catalogue, Popular},
};

/// Most rows of a page.
pub(super) const ROWS: usize = 200;
/// Longer lists are in the order of their bytes: `10` before `2`.
const MOST_NATURAL: usize = 10_000;
/// Files before and after one among which its neighbours are.
const NEAR: usize = 5_000;

/// By what files are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum By {
    #[default]
    Name,
    /// The largest first.
    Size,
    /// Those that lack most copies first.
    Copies,
    /// Those that were played most first.
    Plays,
    /// Those with most votes first.
    Votes,
}

/// In which order files are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) by: By,
    pub(super) is_reversed: bool,
}

impl Order {
    /// Its name in addresses is Spanish; both are understood.
    fn of(text: &str) -> Self {
        let (is_reversed, name) = match text.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, text),
        };
        let by = match name {
            "tamano" | "size" => By::Size,
            "copias" | "copies" => By::Copies,
            "vistas" | "views" => By::Plays,
            "votos" | "votes" => By::Votes,
            _ => By::Name,
        };
        Self { by, is_reversed }
    }

    fn name(self) -> Option<String> {
        let name = match self.by {
            By::Name if !self.is_reversed => return None,
            By::Name => "nombre",
            By::Size => "tamano",
            By::Copies => "copias",
            By::Plays => "vistas",
            By::Votes => "votos",
        };
        let sign = if self.is_reversed { "-" } else { "" };
        Some(format!("{sign}{name}"))
    }
}

/// What a page is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// Part of a name.
    pub(super) search: String,
    /// With its slash at the end, or nothing.
    pub(super) folder: String,
    pub(super) order: Order,
    /// Rows before the first that is shown.
    pub(super) from: usize,
    /// Most rows that are shown.
    pub(super) most: usize,
    /// The language, where the address has one.
    pub(super) language: Option<String>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            search: String::new(),
            folder: String::new(),
            order: Order::default(),
            from: 0,
            most: ROWS,
            language: None,
        }
    }
}

impl Query {
    /// Reads the query of an address, in either language; what is not known is ignored.
    pub(super) fn of(query: Option<&str>) -> Self {
        let mut read = Self::default();
        for pair in query.unwrap_or("").split('&').take(16) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8_lossy().into_owned();
            match key {
                "buscar" | "search" => read.search = value.trim().to_owned(),
                "carpeta" | "folder" => {
                    let is_whole = value.is_empty() || value.ends_with('/');
                    read.folder = if is_whole { value } else { value + "/" };
                }
                "orden" | "order" => read.order = Order::of(&value),
                "desde" | "from" => read.from = value.parse().unwrap_or(0),
                "max" => read.most = value.parse().unwrap_or(ROWS).clamp(1, ROWS),
                "idioma" | "language" => read.language = Some(value),
                _ => {}
            }
        }
        read
    }

    /// The address of a page that shows this.
    pub(super) fn address(&self) -> String {
        self.address_at("/")
    }

    /// The same below another path.
    pub(super) fn address_at(&self, path: &str) -> String {
        let mut pairs = Vec::new();
        if !self.search.is_empty() {
            pairs.push(format!("buscar={}", encoded(&self.search)));
        }
        if !self.folder.is_empty() {
            pairs.push(format!("carpeta={}", encoded(&self.folder)));
        }
        if let Some(order) = self.order.name() {
            pairs.push(format!("orden={order}"));
        }
        if self.from > 0 {
            pairs.push(format!("desde={}", self.from));
        }
        if self.most != ROWS {
            pairs.push(format!("max={}", self.most));
        }
        if let Some(language) = &self.language {
            pairs.push(format!("idioma={}", encoded(language)));
        }
        if pairs.is_empty() {
            return path.to_owned();
        }
        format!("{path}?{}", pairs.join("&"))
    }
}

/// What a page shows: folders first, then files.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// Folders below the one that is shown, by their own names; none where something is searched.
    pub(super) folders: Vec<&'a str>,
    pub(super) files: Vec<&'a ListedFile>,
    /// Rows of all its pages.
    pub(super) total: usize,
    /// What is counted of files.
    pub(super) popular: Popular,
}

impl View<'_> {
    /// Rows of this page.
    pub(super) fn rows(&self) -> usize {
        self.folders.len() + self.files.len()
    }
}

/// The names of the last catalogue that was searched, as they are compared.
#[derive(Debug, Default)]
pub(super) struct Searched(Mutex<Option<Names>>);

type Names = (Arc<Catalogue>, Arc<Vec<String>>);

impl Searched {
    fn names(&self, catalogue: &Arc<Catalogue>) -> Arc<Vec<String>> {
        let mut last = self.0.lock();
        if let Some((of, names)) = last.as_ref()
            && Arc::ptr_eq(of, catalogue)
        {
            return Arc::clone(names);
        }
        let files = catalogue.files.iter();
        let names = Arc::new(files.map(|file| fold(file.file.name.as_str())).collect());
        *last = Some((Arc::clone(catalogue), Arc::clone(&names)));
        names
    }

    /// Chooses the rows of a page. Takes a while where there are many files.
    #[cfg(test)]
    pub(super) fn select<'a>(&self, catalogue: &'a Arc<Catalogue>, query: &Query) -> View<'a> {
        self.select_of(catalogue, query, Popular::default())
    }

    /// The same where it is known what is counted of files.
    pub(super) fn select_of<'a>(
        &self,
        catalogue: &'a Arc<Catalogue>,
        query: &Query,
        popular: Popular,
    ) -> View<'a> {
        let names = match query.search.is_empty() {
            true => Arc::default(),
            false => self.names(catalogue),
        };
        select(&catalogue.files, &names, query, popular)
    }
}

/// Chooses the rows of a page; `names` are those of the files as they are compared, where something is searched.
fn select<'a>(
    files: &'a [ListedFile],
    names: &[String],
    query: &Query,
    popular: Popular,
) -> View<'a> {
    let mut folders = BTreeSet::new();
    let mut found = Vec::new();
    let words = fold(&query.search);
    let words: Vec<&str> = words.split_whitespace().collect();
    // Files are sorted by name: those of a folder stand together.
    let begin = files.partition_point(|listed| listed.file.name.as_str() < query.folder.as_str());
    for (index, listed) in files.iter().enumerate().skip(begin) {
        let name = listed.file.name.as_str();
        let Some(below) = name.strip_prefix(query.folder.as_str()) else {
            break;
        };
        if !words.is_empty() {
            let name = names.get(index).map_or("", String::as_str);
            if words.iter().all(|word| name.contains(word)) {
                found.push(listed);
            }
        } else if let Some((folder, _)) = below.split_once('/') {
            folders.insert(folder);
        } else {
            found.push(listed);
        }
    }
    let mut folders: Vec<&str> = folders.into_iter().collect();
    sort(&mut folders, &mut found, query.order, &popular);
    let total = folders.len() + found.len();
    let shown = found
        .into_iter()
        .skip(query.from.saturating_sub(folders.len()));
    let folders = folders.into_iter().skip(query.from).take(query.most);
    let folders: Vec<&str> = folders.collect();
    View {
        files: shown.take(query.most - folders.len()).collect(),
        folders,
        total,
        popular,
    }
}

fn sort(folders: &mut [&str], files: &mut [&ListedFile], order: Order, popular: &Popular) {
    let counted =
        |listed: &&ListedFile| popular.get(&listed.file.name).copied().unwrap_or_default();
    if folders.len() <= MOST_NATURAL {
        folders.sort_by(|a, b| natural(a, b));
    }
    match order.by {
        By::Name if files.len() <= MOST_NATURAL => {
            files.sort_by(|a, b| natural(a.file.name.as_str(), b.file.name.as_str()));
        }
        By::Name => {}
        By::Size => files.sort_by_key(|listed| std::cmp::Reverse(listed.file.layout.file_bytes())),
        By::Copies => {
            files.sort_by_key(|listed| i32::from(listed.holders) - i32::from(listed.wanted))
        }
        By::Plays => files.sort_by_key(|listed| std::cmp::Reverse(counted(listed).plays)),
        By::Votes => files.sort_by_key(|listed| std::cmp::Reverse(counted(listed).votes)),
    }
    if order.is_reversed {
        files.reverse();
        if order.by == By::Name {
            folders.reverse();
        }
    }
}

/// The files before and after one in its folder, in the order of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Neighbours {
    pub(super) before: Option<FileName>,
    pub(super) after: Option<FileName>,
}

/// Finds them. Of a folder of very many files the nearest ones are compared.
pub(super) fn neighbours(files: &[ListedFile], name: &FileName) -> Neighbours {
    let folder = name
        .as_str()
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let folder = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let place = files.partition_point(|listed| listed.file.name < *name);
    let is_near = |listed: &&ListedFile| {
        let below = listed.file.name.as_str().strip_prefix(folder.as_str());
        below.is_some_and(|below| !below.contains('/'))
    };
    let begin = place.saturating_sub(NEAR);
    let near = files.iter().skip(begin).take(2 * NEAR).filter(is_near);
    let mut near: Vec<&FileName> = near.map(|listed| &listed.file.name).collect();
    near.sort_by(|a, b| natural(a.as_str(), b.as_str()));
    let Some(own) = near.iter().position(|near| *near == name) else {
        return Neighbours::default();
    };
    let at = |place: Option<usize>| near.get(place?).map(|name| (*name).clone());
    Neighbours {
        before: at(own.checked_sub(1)),
        after: at(Some(own + 1)),
    }
}

/// Compares names as people do: numbers by their value, letters whatever their case.
pub(super) fn natural(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let (Some(first_a), Some(first_b)) = (rest_a.chars().next(), rest_b.chars().next()) else {
            return rest_a.len().cmp(&rest_b.len()).then(a.cmp(b));
        };
        let order = if first_a.is_ascii_digit() && first_b.is_ascii_digit() {
            let (number_a, number_b) = (digits(&mut rest_a), digits(&mut rest_b));
            number_a
                .len()
                .cmp(&number_b.len())
                .then(number_a.cmp(number_b))
        } else {
            rest_a = &rest_a[first_a.len_utf8()..];
            rest_b = &rest_b[first_b.len_utf8()..];
            first_a.to_lowercase().cmp(first_b.to_lowercase())
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Takes the digits at the beginning of a text, without zeros before them.
fn digits<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    *text = rest;
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChunkLayout, Digest, FileMeta, FileName};

    fn catalogue(names: &[(&str, u64)]) -> Arc<Catalogue> {
        let file = |(name, bytes): &(&str, u64)| ListedFile {
            file: FileMeta {
                name: FileName::try_from(*name).unwrap(),
                layout: ChunkLayout::for_file(*bytes).unwrap(),
                id: Digest::new([1; 32]),
            },
            holders: u16::from(*name != "z"),
            wanted: 1,
            conflict: false,
        };
        let mut files: Vec<ListedFile> = names.iter().map(file).collect();
        files.sort_by(|a, b| a.file.name.cmp(&b.file.name));
        Arc::new(Catalogue { files, bytes: 0 })
    }

    fn shown(catalogue: &Arc<Catalogue>, query: &str) -> (Vec<String>, Vec<String>, usize) {
        let query = Query::of(Some(query));
        let view = Searched::default().select(catalogue, &query);
        let files = view.files.iter().map(|file| file.file.name.to_string());
        let folders = view.folders.iter().map(|folder| (*folder).to_owned());
        (folders.collect(), files.collect(), view.total)
    }

    #[test]
    fn folders_searches_and_orders_choose_the_rows() {
        let files = catalogue(&[
            ("a.mp4", 1),
            ("Serie/b ñ.mp4", 5),
            ("Serie/Película 10.mp4", 5),
            ("Serie/Película 9.mp4", 6),
            ("Serie/x/c", 9),
            ("Series", 2),
            ("z", 7),
        ]);
        for (query, folders, names) in [
            ("", vec!["Serie"], vec!["a.mp4", "Series", "z"]),
            ("orden=-nombre", vec!["Serie"], vec!["z", "Series", "a.mp4"]),
            ("order=size", vec!["Serie"], vec!["z", "Series", "a.mp4"]),
            ("orden=copias&max=2", vec!["Serie"], vec!["z"]),
            ("desde=1&max=1", vec![], vec!["a.mp4"]),
            (
                "carpeta=Serie",
                vec!["x"],
                vec![
                    "Serie/b ñ.mp4",
                    "Serie/Película 9.mp4",
                    "Serie/Película 10.mp4",
                ],
            ),
            ("buscar=B+%C3%91", vec![], vec!["Serie/b ñ.mp4"]),
            ("search=pelicula+9", vec![], vec!["Serie/Película 9.mp4"]),
            ("buscar=c&carpeta=Serie/x/", vec![], vec!["Serie/x/c"]),
            ("desde=9999", vec![], vec![]),
        ] {
            let (some, files, _) = shown(&files, query);
            assert_eq!((some, files), (owned(&folders), owned(&names)), "{query}");
        }
        assert_eq!(shown(&files, "").2, 4);
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_search_goes_by_the_catalogue_that_there_is() {
        let searched = Searched::default();
        let query = Query::of(Some("buscar=a"));
        let (first, second) = (catalogue(&[("a", 1)]), catalogue(&[("b", 1), ("c a", 1)]));
        assert_eq!(searched.select(&first, &query).total, 1);
        let view = searched.select(&second, &query);
        assert_eq!(view.files[0].file.name.as_str(), "c a");
    }

    #[test]
    fn the_next_episode_is_the_next_number() {
        let files = catalogue(&[
            ("S/c1", 1),
            ("S/c10", 1),
            ("S/c2", 1),
            ("S/x/c3", 1),
            ("T", 1),
        ]);
        for (name, before, after) in [
            ("S/c1", None, Some("S/c2")),
            ("S/c2", Some("S/c1"), Some("S/c10")),
            ("S/c10", Some("S/c2"), None),
            ("T", None, None),
            ("nothing", None, None),
        ] {
            let found = neighbours(&files.files, &FileName::try_from(name).unwrap());
            let shown = |found: &Option<FileName>| found.as_ref().map(ToString::to_string);
            assert_eq!(shown(&found.before).as_deref(), before, "before {name}");
            assert_eq!(shown(&found.after).as_deref(), after, "after {name}");
        }
    }

    #[test]
    fn names_are_in_the_order_of_people() {
        let mut names = ["b", "A10", "a9", "a09", "á", "a", "a1b", "a1"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a", "a1", "a1b", "a09", "a9", "A10", "b", "á"]);
    }

    #[test]
    fn what_a_page_shows_is_in_its_address() {
        for query in [
            "/",
            "/?buscar=a%26b",
            "/?carpeta=%C3%B1%2F&orden=-tamano&desde=200&max=7&idioma=en",
        ] {
            let read = Query::of(query.strip_prefix("/?"));
            assert_eq!(read.address(), query);
            assert_eq!(Query::of(read.address().strip_prefix("/?")), read);
        }
    }
}
