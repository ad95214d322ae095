//! From what was typed to the names of files: one name, several, or patterns.

use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use super::{
    commands::{BadLine, Wanted, file_name, is_folder, is_pattern, means_several, nearest},
    text::{bad_line::explain, coded, either, errors, t},
};
use crate::{
    engine::fold::fold,
    model::{FileName, ListedFile},
    node::client::ClientError,
};

/// A shorter text is in too many names to say anything.
const LEAST_PART: usize = 3;
/// Names that are suggested at once.
const MOST_NEAR: usize = 3;

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

/// The files that are meant at a prompt, where a number is that of a file in the last list. The catalogue is asked for only
/// where one name is not all.
pub(super) async fn files(
    listed: impl Future<Output = Result<Vec<ListedFile>, ClientError>>,
    wanted: &Wanted,
    last: &[FileName],
) -> Result<Vec<FileName>, NoFiles> {
    let of_list: Option<Vec<_>> = wanted.words.iter().map(|w| of_number(last, w)).collect();
    if let Some(name) = wanted.only()
        && of_list.is_none()
    {
        return Ok(vec![file_name(name)?]);
    }
    let listed = listed.await.map_err(NoFiles::Client)?;
    if let Some(whole) = listed.iter().find(|l| l.file.name.as_str() == wanted.whole) {
        return Ok(vec![whole.file.name.clone()]);
    }
    if let Some(files) = of_list.filter(|files| !files.is_empty()) {
        return Ok(files);
    }
    of_words(&listed, &wanted.words).or_else(|none| match guess(&listed, &wanted.whole) {
        Guess::Sure(file) => Ok(vec![file]),
        guessed => of_words(&listed, &guesses(&listed, &wanted.words)).map_err(|_| match guessed {
            Guess::Near(near) => NoFiles::NotFound(near_text(&wanted.whole, &near)),
            Guess::Sure(_) | Guess::Nothing => none,
        }),
    })
}

/// The same words, each that can mean only one file as its name.
fn guesses(listed: &[ListedFile], words: &[String]) -> Vec<String> {
    let meant = |word: &String| match guess(listed, word) {
        Guess::Sure(file) if !means_several(word) => file.to_string(),
        _ => word.clone(),
    };
    words.iter().map(meant).collect()
}

/// The file that has a number in a list.
fn of_number(last: &[FileName], word: &str) -> Option<FileName> {
    let number: usize = word.parse().ok()?;
    last.get(number.checked_sub(1)?).cloned()
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
    if !means_several(word) {
        file_name(word)?;
        return Err(NoFiles::NotFound(not_found(listed, word)));
    }
    let is_meant = meant(word).ok_or_else(|| no_match(word))?;
    // Files of people are meant only by patterns that say so.
    let is_published = word.starts_with('@');
    let matching: Vec<FileName> = names()
        .filter(|name| is_published || !name.is_reserved())
        .filter(|name| is_meant(name.as_str()))
        .cloned()
        .collect();
    if matching.is_empty() {
        return Err(no_match(word));
    }
    Ok(matching)
}

/// The error for a word that means no file.
pub(super) fn no_match(word: &str) -> NoFiles {
    let text = t!("no-match", pattern = word);
    NoFiles::NotFound(coded(&text, ClientError::NotFound.code()))
}

/// Whether a name is one of those that are meant.
pub(super) type IsMeant = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// What a word that means several says of names: those in a folder, or those that match a pattern. `None` for a bad
/// pattern.
pub(super) fn meant(word: &str) -> Option<IsMeant> {
    if is_folder(word) && !is_pattern(word) {
        let folder = fold(word);
        return Some(Box::new(move |name| fold(name).starts_with(&folder)));
    }
    let word = if is_folder(word) {
        format!("{word}*")
    } else {
        word.to_owned()
    };
    let matcher = pattern(&fold(&word))?;
    Some(Box::new(move |name| matcher.is_match(fold(name))))
}

/// A pattern with `*`, `?` and `[…]`; `*` goes across folders.
fn pattern(text: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(text).case_insensitive(true).build().ok()?;
    Some(glob.compile_matcher())
}

/// Listed files whose names have a text in them or match a pattern. Case and accents do not count.
pub(super) fn search(listed: Vec<ListedFile>, text: &str) -> Vec<ListedFile> {
    let folded = fold(text);
    let is_meant = means_several(text).then(|| meant(text)).flatten();
    let fits = |name: &str| match &is_meant {
        Some(is_meant) => is_meant(name),
        None => fold(name).contains(&folded),
    };
    listed
        .into_iter()
        .filter(|listed| fits(listed.file.name.as_str()))
        .collect()
}

/// Those of files that are in a folder.
pub(super) fn here(mut files: Vec<FileName>, folder: &Path) -> Vec<FileName> {
    files.retain(|file| folder.join(file.as_str()).is_file());
    files
}

/// What somebody may have meant who typed a name that no file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Guess {
    /// This one, and nothing else: but for case, accents, extension or folder it has that name.
    Sure(FileName),
    /// One of these, perhaps.
    Near(Vec<String>),
    /// Nothing that there is.
    Nothing,
}

/// Looks for what comes nearest to a name.
pub(super) fn guess(listed: &[ListedFile], name: &str) -> Guess {
    let typed = fold(name);
    let files = || listed.iter().map(|listed| &listed.file.name);
    let ways: [fn(&str) -> &str; 4] = [whole, without_extension, base, base_without_extension];
    for way in ways {
        let found: Vec<&FileName> = files()
            .filter(|file| fold(way(file.as_str())) == typed)
            .collect();
        match found.as_slice() {
            [] => {}
            [one] => return Guess::Sure((*one).clone()),
            several => return Guess::Near(first_of(several.iter().map(|file| file.as_str()))),
        }
    }
    let folder = format!("{typed}/");
    let below = files().find(|file| fold(file.as_str()).starts_with(&folder));
    if let Some(file) = below {
        let end = file.as_str().char_indices().nth(typed.chars().count());
        let end = end.map_or(0, |(at, _)| at);
        return Guess::Near(vec![format!("{}/", &file.as_str()[..end])]);
    }
    let is_part = |file: &&FileName| fold(file.as_str()).contains(&typed);
    let parts = first_of(files().filter(is_part).map(FileName::as_str));
    if typed.chars().count() >= LEAST_PART && !parts.is_empty() {
        return Guess::Near(parts);
    }
    let folded: Vec<String> = files().map(|file| fold(file.as_str())).collect();
    let near = nearest(&typed, folded.iter().map(String::as_str));
    let place = near.and_then(|near| folded.iter().position(|name| name == near));
    match place.and_then(|place| listed.get(place)) {
        Some(listed) => Guess::Near(vec![listed.file.name.to_string()]),
        None => Guess::Nothing,
    }
}

fn first_of<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.take(MOST_NEAR).map(str::to_owned).collect()
}

fn whole(name: &str) -> &str {
    name
}

fn without_extension(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !extension.contains('/') => stem,
        _ => name,
    }
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn base_without_extension(name: &str) -> &str {
    without_extension(base(name))
}

/// What to say of a name that no file has, with the nearest that there are.
pub(super) fn not_found(listed: &[ListedFile], name: &str) -> String {
    match guess(listed, name) {
        Guess::Sure(file) => near_text(name, &[file.to_string()]),
        Guess::Near(near) => near_text(name, &near),
        Guess::Nothing => errors::client(&ClientError::NotFound),
    }
}

fn near_text(name: &str, near: &[String]) -> String {
    let text = t!("no-such-file-near", name = name, near = either(near));
    coded(&text, ClientError::NotFound.code())
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
        assert_eq!(
            names(&["SERIE/"]).unwrap(),
            ["serie/capítulo 1.mkv", "serie/capítulo 2.mkv"]
        );
        assert_eq!(names(&["serie/CAPITULO*"]).unwrap().len(), 2);
        assert!(names(&["nada/"]).is_err());
        assert_eq!(search(listed(), "CAPÍTULO").len(), 2);
        assert_eq!(search(listed(), "capitulo").len(), 2);
        assert_eq!(search(listed(), "*2*").len(), 1);
    }

    #[test]
    fn names_are_guessed_without_accents_extensions_and_folders() {
        let sure = |name: &str| Guess::Sure(FileName::try_from(name).unwrap());
        let near = |names: &[&str]| Guess::Near(names.iter().map(ToString::to_string).collect());
        for (typed, meant) in [
            ("Pelicula", sure("pelicula.mp4")),
            ("película.mp4", sure("pelicula.mp4")),
            ("serie/capitulo 1.mkv", sure("serie/capítulo 1.mkv")),
            ("capitulo 2", sure("serie/capítulo 2.mkv")),
            ("serie", near(&["serie/"])),
            ("lícu", near(&["pelicula.mp4"])),
            (
                "capítulo",
                near(&["serie/capítulo 1.mkv", "serie/capítulo 2.mkv"]),
            ),
            ("pelicla.mp4", near(&["pelicula.mp4"])),
            ("xyzzy", Guess::Nothing),
        ] {
            assert_eq!(guess(&listed(), typed), meant, "{typed}");
        }
        let last = ["b.mp4"].map(|name| FileName::try_from(name).unwrap());
        assert_eq!(of_number(&last, "1"), Some(last[0].clone()));
        assert_eq!((of_number(&last, "0"), of_number(&last, "2")), (None, None));
    }
}
