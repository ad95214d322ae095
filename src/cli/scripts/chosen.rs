//! `--incluir` and `--excluir`: which files of those that are meant.

use super::{ended::Ended, target::usage};
use crate::{
    cli::{
        args::Choice,
        commands::means_several,
        text::t,
        wanted::{self, IsMeant},
    },
    engine::fold::fold,
    model::FileName,
};

/// The files that are chosen, by their names.
pub(super) struct Chosen {
    included: Vec<IsMeant>,
    excluded: Vec<IsMeant>,
}

impl Chosen {
    pub(super) fn of(choice: &Choice) -> Result<Self, Ended> {
        let all = |words: &[String]| {
            let patterns = words.iter().map(|word| pattern(word));
            patterns.collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            included: all(&choice.incluir).map_err(usage)?,
            excluded: all(&choice.excluir).map_err(usage)?,
        })
    }

    /// Everything is chosen where nothing was said.
    pub(super) fn has(&self, name: &FileName) -> bool {
        let fits = |patterns: &[IsMeant]| patterns.iter().any(|fits| fits(name.as_str()));
        (self.included.is_empty() || fits(&self.included)) && !fits(&self.excluded)
    }
}

/// What a pattern says of a name: of the whole of it, or of the file's own where the pattern has no folder.
fn pattern(word: &str) -> Result<IsMeant, String> {
    let bad = || t!("usage-pattern", pattern = word);
    let word = word.trim();
    if word.is_empty() {
        return Err(bad());
    }
    if means_several(word) {
        let is_meant = wanted::meant(word).ok_or_else(bad)?;
        return Ok(is_meant);
    }
    let (folded, has_folder) = (fold(word), word.contains('/'));
    Ok(Box::new(move |name| {
        let name = fold(name);
        let own = name.rsplit('/').next().unwrap_or(&name);
        name == folded || (!has_folder && own == folded)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(included: &[&str], excluded: &[&str]) -> Vec<&'static str> {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let choice = Choice {
            incluir: words(included),
            excluir: words(excluded),
            ..Choice::default()
        };
        let chosen = Chosen::of(&choice).unwrap();
        let all = [
            "s/Año 1.mkv",
            "s/año 1.srt",
            "s/extra/muestra.mkv",
            "muestra.mkv",
        ];
        let has = |name: &&str| chosen.has(&FileName::try_from(*name).unwrap());
        all.into_iter().filter(has).collect()
    }

    #[test]
    fn files_are_chosen_by_patterns_names_and_folders() {
        assert_eq!(chosen(&[], &[]).len(), 4);
        assert_eq!(chosen(&["*.SRT"], &[]), ["s/año 1.srt"]);
        assert_eq!(chosen(&["*.mkv"], &["muestra.mkv"]), ["s/Año 1.mkv"]);
        assert_eq!(chosen(&["s/"], &["s/extra/"]).len(), 2);
        assert_eq!(chosen(&[], &["s/extra/muestra.mkv"]).len(), 3);
        assert_eq!(chosen(&["ano 1.*"], &[]).len(), 0);
        assert_eq!(chosen(&["*ano 1.*"], &[]).len(), 2);
        for bad in ["", " ", "[a"] {
            assert!(pattern(bad).is_err(), "{bad}");
        }
    }
}
