//! From what was typed to the names of files: one name, several, or patterns.

use globset::{GlobBuilder, GlobMatcher};

use super::{
    commands::{BadLine, Wanted, file_name, is_pattern, nearest},
    text::{bad_line::explain, errors, t},
};
use crate::{
    model::{FileName, ListedFile},
    node::client::{ClientError, ClientHandle},
};

/// Why there are no files.
#[derive(Clone, Debug)]
pub(super) enum NoFiles {
    /// There are none of such a name; what to say.
    NotFound(String),
    /// What was typed is no name; what to say.
    Bad(String),
    /// The central did not answer.
    Client(ClientError),
}

impl NoFiles {
    /// What to say.
    pub(super) fn text(&self) -> String {
        match self {
            Self::NotFound(text) | Self::Bad(text) => text.clone(),
            Self::Client(error) => errors::client(error),
        }
    }
}

impl From<BadLine> for NoFiles {
    fn from(bad: BadLine) -> Self {
        Self::Bad(explain(&bad))
    }
}

/// The files that are meant. The catalogue is asked for only where one name is not all.
pub(super) async fn files(
    handle: &ClientHandle,
    wanted: &Wanted,
) -> Result<Vec<FileName>, NoFiles> {
    if let Some(name) = wanted.only() {
        return Ok(vec![file_name(name)?]);
    }
    let listed = handle.list().await.map_err(NoFiles::Client)?;
    if let Some(whole) = listed.iter().find(|l| l.file.name.as_str() == wanted.whole) {
        return Ok(vec![whole.file.name.clone()]);
    }
    of_words(&listed, &wanted.words)
}

/// The files of several words, in their order and each once.
pub(super) fn of_words(listed: &[ListedFile], words: &[String]) -> Result<Vec<FileName>, NoFiles> {
    let mut files: Vec<FileName> = Vec::new();
    for word in words {
        let found = of_word(listed, word)?;
        for file in found {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    Ok(files)
}

fn of_word(listed: &[ListedFile], word: &str) -> Result<Vec<FileName>, NoFiles> {
    let names = || listed.iter().map(|listed| &listed.file.name);
    if let Some(name) = names().find(|name| name.as_str() == word) {
        return Ok(vec![name.clone()]);
    }
    if !is_pattern(word) {
        file_name(word)?;
        return Err(NoFiles::NotFound(not_found(listed, word)));
    }
    let matcher = pattern(word).ok_or_else(|| NoFiles::NotFound(t!("no-match", pattern = word)))?;
    let matching: Vec<FileName> = names()
        .filter(|name| matcher.is_match(name.as_str()))
        .cloned()
        .collect();
    if matching.is_empty() {
        return Err(NoFiles::NotFound(t!("no-match", pattern = word)));
    }
    Ok(matching)
}

/// A pattern with `*`, `?` and `[…]`, whatever the case; `*` goes across folders.
fn pattern(text: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(text).case_insensitive(true).build().ok()?;
    Some(glob.compile_matcher())
}

/// Listed files whose names have a text in them or match a pattern.
pub(super) fn search(listed: Vec<ListedFile>, text: &str) -> Vec<ListedFile> {
    let lower = text.to_lowercase();
    let matcher = is_pattern(text).then(|| pattern(text)).flatten();
    let fits = |name: &str| match &matcher {
        Some(matcher) => matcher.is_match(name),
        None => name.to_lowercase().contains(&lower),
    };
    listed
        .into_iter()
        .filter(|listed| fits(listed.file.name.as_str()))
        .collect()
}

/// What to say of a name that no file has, with the nearest one that there is.
pub(super) fn not_found(listed: &[ListedFile], name: &str) -> String {
    let names = listed.iter().map(|listed| listed.file.name.as_str());
    match nearest(name, names) {
        Some(near) => t!("no-such-file-near", name = name, near = near),
        None => t!("client-not-found"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChunkLayout, Digest, FileMeta};

    fn listed() -> Vec<ListedFile> {
        [
            "pelicula.mp4",
            "serie/capítulo 1.mkv",
            "serie/capítulo 2.mkv",
        ]
        .map(|name| ListedFile {
            file: FileMeta {
                name: FileName::try_from(name).unwrap(),
                layout: ChunkLayout::for_file(1).unwrap(),
                id: Digest::new([1; 32]),
            },
            holders: 3,
            wanted: 3,
            conflict: false,
        })
        .into()
    }

    fn names(words: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let files = of_words(&listed(), &words).map_err(|none| none.text())?;
        Ok(files.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn words_and_patterns_find_each_file_once() {
        assert_eq!(names(&["pelicula.mp4"]).unwrap(), ["pelicula.mp4"]);
        assert_eq!(
            names(&["serie/*", "*1.mkv", "PELI*"]).unwrap(),
            [
                "serie/capítulo 1.mkv",
                "serie/capítulo 2.mkv",
                "pelicula.mp4"
            ]
        );
        assert!(
            names(&["peliculas.mp4"])
                .unwrap_err()
                .contains("¿querías decir pelicula.mp4?")
        );
        assert!(names(&["*.iso"]).unwrap_err().contains("*.iso"));
        assert!(names(&["../x"]).unwrap_err().contains("../x"));
        assert_eq!(search(listed(), "CAPÍTULO").len(), 2);
        assert_eq!(search(listed(), "*2*").len(), 1);
    }
}
