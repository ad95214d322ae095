//! Lines about published files: `PUBLICAR`, `RETIRAR`, `CONTENIDO`, `TRAER`.

use std::collections::BTreeSet;

use super::{BadLine, BadValue, account_name, file_name, split_words, unquote, value};
use crate::{
    engine::fold::fold,
    model::{Audience, FileName},
};

/// `PUBLICAR`, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublishLine {
    /// The file or the folder, as it was typed.
    pub path: String,
    /// `COMO`: what it is to be called.
    pub name: Option<FileName>,
    /// `PARA`: who may have it.
    pub audience: Audience,
    /// `REEMPLAZAR`.
    pub replaces: bool,
    /// `TODO`: all files of a folder.
    pub all: bool,
}

/// `TRAER`, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BringLine {
    /// The published file.
    pub file: FileName,
    /// Where it is put, if that was said.
    pub target: Option<String>,
}

/// A word that says what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Name,
    For,
    Replace,
    All,
}

fn key(word: &str) -> Option<Key> {
    Some(match fold(word).as_str() {
        "como" | "as" => Key::Name,
        "para" | "for" => Key::For,
        "reemplazar" | "replace" => Key::Replace,
        "todo" | "all" => Key::All,
        _ => return None,
    })
}

pub(super) fn publish(rest: &str, id: &'static str) -> Result<PublishLine, BadLine> {
    let words = split_words(rest);
    let Some((first, others)) = words.split_first() else {
        return Err(BadLine::Missing { id });
    };
    let mut line = PublishLine {
        path: first.clone(),
        ..PublishLine::default()
    };
    let mut others = others.iter().peekable();
    // A path may have blanks that are not in quotes.
    while let Some(word) = others.next_if(|word| key(word).is_none()) {
        line.path = format!("{} {word}", line.path);
    }
    while let Some(word) = others.next() {
        match key(word) {
            Some(Key::Replace) => line.replaces = true,
            Some(Key::All) => line.all = true,
            Some(Key::Name) => {
                let mut name = others.next().ok_or(BadLine::Missing { id })?.clone();
                while let Some(word) = others.next_if(|word| key(word).is_none()) {
                    name = format!("{name} {word}");
                }
                line.name = Some(file_name(&name)?);
            }
            Some(Key::For) => {
                let mut these = BTreeSet::new();
                while let Some(word) = others.next_if(|word| key(word).is_none()) {
                    let names = word.split(',').filter(|name| !name.is_empty());
                    for name in names {
                        these.insert(account_name(name)?);
                    }
                }
                if these.is_empty() {
                    return Err(BadLine::Missing { id });
                }
                line.audience = Audience::Only(these);
            }
            None => {
                let word = word.clone();
                return Err(BadLine::TooMuch { word, id });
            }
        }
    }
    Ok(line)
}

pub(super) fn bring(rest: &str, id: &'static str) -> Result<BringLine, BadLine> {
    let line = match unquote(rest).strip_prefix('@') {
        Some(_) => BringLine {
            file: published(unquote(rest))?,
            target: None,
        },
        // As in systems where the owner and the file are two words.
        None => match split_words(rest).as_slice() {
            [owner, file] => BringLine {
                file: published(&format!("@{owner}/{file}"))?,
                target: None,
            },
            [owner, file, target] => BringLine {
                file: published(&format!("@{owner}/{file}"))?,
                target: Some(target.clone()),
            },
            [_, _, _, word, ..] => {
                let word = word.clone();
                return Err(BadLine::TooMuch { word, id });
            }
            [] | [_] => return Err(BadLine::Missing { id }),
        },
    };
    Ok(line)
}

fn published(name: &str) -> Result<FileName, BadLine> {
    let file = file_name(name)?;
    match file.publisher() {
        Some(_) => Ok(file),
        None => Err(value(name, BadValue::Published)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands::{ClientLine, client};

    fn line(text: &str) -> PublishLine {
        match client(text) {
            Ok(ClientLine::Publish(line)) => line,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_is_published_is_said_in_any_order_and_in_both_languages() {
        let plain = line("PUBLICAR /tmp/mi vídeo.mp4");
        assert_eq!(plain.path, "/tmp/mi vídeo.mp4");
        assert_eq!(plain.audience, Audience::All);
        for text in [
            "PUBLICAR \"a b.mp4\" COMO serie/c d.mp4 PARA luis,eva REEMPLAZAR",
            "publish a b.mp4 replace for luis, eva as \"serie/c d.mp4\"",
        ] {
            let line = line(text);
            assert_eq!(line.path, "a b.mp4", "{text}");
            assert_eq!(line.name.unwrap().as_str(), "serie/c d.mp4", "{text}");
            let Audience::Only(these) = line.audience else {
                panic!("{text}");
            };
            assert_eq!(these.len(), 2, "{text}");
            assert!(line.replaces && !line.all, "{text}");
        }
        assert!(line("PUBLICAR carpeta TODO").all);
        for bad in [
            "PUBLICAR",
            "PUBLICAR a COMO",
            "PUBLICAR a PARA",
            "PUBLICAR a COMO ../x",
        ] {
            assert!(client(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_is_brought_by_its_name_or_by_its_owner_and_its_own() {
        for (text, file, target) in [
            ("TRAER @ana/a b.mp4", "@ana/a b.mp4", None),
            ("GET_FILE ana a.mp4", "@ana/a.mp4", None),
            ("traer ana \"a b.mp4\" c.mp4", "@ana/a b.mp4", Some("c.mp4")),
        ] {
            let Ok(ClientLine::Bring(line)) = client(text) else {
                panic!("{text}");
            };
            assert_eq!(line.file.as_str(), file, "{text}");
            assert_eq!(line.target.as_deref(), target, "{text}");
        }
        for bad in ["TRAER", "TRAER ana", "TRAER @ana", "TRAER a b c d"] {
            assert!(client(bad).is_err(), "{bad}");
        }
    }
}
