//! Which downloads somebody means: by their numbers, by their files, or all.

use std::collections::BTreeSet;

use crate::{
    cli::{
        commands::{Wanted, means_several},
        text::t,
        wanted::meant,
    },
    model::FileName,
    node::client::{DownloadNumber, DownloadState, DownloadView},
};

/// A download that is meant.
pub(super) type Meant = (DownloadNumber, FileName);

/// The downloads that are meant, of those that something can be done with. A name is the last one of its file. `Err` is the
/// first word that means none.
pub(super) fn downloads(
    views: &[DownloadView],
    wanted: &Wanted,
    fits: impl Fn(&DownloadState) -> bool,
) -> Result<Vec<Meant>, String> {
    let fitting: Vec<&DownloadView> = views.iter().filter(|view| fits(&view.state)).collect();
    if let Some(view) = by_name(&fitting, &wanted.whole) {
        return Ok(vec![of(view)]);
    }
    let mut found: Vec<Meant> = Vec::new();
    for word in &wanted.words {
        let views = by_word(&fitting, word);
        if views.is_empty() {
            let is_one_name = word.parse::<u64>().is_err() && !wanted.whole.contains('*');
            let shown = if is_one_name { &wanted.whole } else { word };
            return Err(shown.clone());
        }
        for view in views {
            if !found.iter().any(|(number, _)| *number == view.number) {
                found.push(of(view));
            }
        }
    }
    Ok(found)
}

fn of(view: &DownloadView) -> Meant {
    (view.number, view.file.clone())
}

fn by_name<'a>(views: &[&'a DownloadView], name: &str) -> Option<&'a DownloadView> {
    let mut last_first = views.iter().rev();
    last_first.find(|view| view.file.as_str() == name).copied()
}

fn by_word<'a>(views: &[&'a DownloadView], word: &str) -> Vec<&'a DownloadView> {
    if let Ok(number) = word.parse::<u64>() {
        let is_it = |view: &&&DownloadView| view.number.0 == number;
        return views.iter().filter(is_it).copied().collect();
    }
    if let Some(view) = by_name(views, word) {
        return vec![view];
    }
    let is_meant = means_several(word).then(|| meant(word)).flatten();
    let fits = |view: &&&DownloadView| {
        let name = view.file.as_str();
        is_meant.as_ref().is_some_and(|is_meant| is_meant(name))
    };
    views.iter().filter(fits).copied().collect()
}

/// True for downloads that have not ended.
pub(super) fn can_be_ended(state: &DownloadState) -> bool {
    !matches!(
        state,
        DownloadState::Complete | DownloadState::Failed(_) | DownloadState::Cancelled
    )
}

/// What to say where none runs.
pub(super) fn none_running(word: &str) -> String {
    match word {
        "*" => t!("no-download-running"),
        word => t!("no-download", which = shown(word)),
    }
}

/// A number as it is, and what may be a name in quotes.
fn shown(word: &str) -> String {
    match word.parse::<u64>() {
        Ok(_) => word.to_owned(),
        Err(_) => t!("quoted", word = word),
    }
}

/// True for downloads that can go on. All that can are those that nobody cancelled.
pub(super) fn can_be_resumed(state: &DownloadState, wanted: &Wanted) -> bool {
    match state {
        DownloadState::Paused | DownloadState::Failed(_) => true,
        DownloadState::Cancelled => wanted.whole != "*",
        DownloadState::Asked
        | DownloadState::Queued(_)
        | DownloadState::Running(_)
        | DownloadState::Held
        | DownloadState::Complete => false,
    }
}

/// The last download of each file.
pub(super) fn last_of_each(views: &[DownloadView]) -> Vec<DownloadView> {
    let mut seen = BTreeSet::new();
    let mut last: Vec<_> = views
        .iter()
        .rev()
        .filter(|view| seen.insert(view.file.clone()))
        .cloned()
        .collect();
    last.reverse();
    last
}

/// What to say where none can go on.
pub(super) fn none_to_resume(word: &str) -> String {
    match word {
        "*" => t!("no-download-paused"),
        word => t!("no-download-to-resume", which = shown(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{commands::split_words, samples::view};

    fn chosen(text: &str) -> Result<Vec<u64>, String> {
        let views = [
            view(1, "a.mp4", DownloadState::Complete),
            view(2, "s/b 1.mp4", DownloadState::Paused),
            view(3, "s/c.mp4", DownloadState::Paused),
            view(4, "a.mp4", DownloadState::Paused),
        ];
        let wanted = Wanted {
            whole: text.to_owned(),
            words: split_words(text),
        };
        let is_paused = |state: &DownloadState| matches!(state, DownloadState::Paused);
        let found = downloads(&views, &wanted, is_paused)?;
        Ok(found.iter().map(|(number, _)| number.0).collect())
    }

    #[test]
    fn downloads_are_meant_by_number_by_file_and_all_at_once() {
        for (text, numbers) in [
            ("2", vec![2]),
            ("4 2", vec![4, 2]),
            ("*", vec![2, 3, 4]),
            ("a.mp4", vec![4]),
            ("s/b 1.mp4", vec![2]),
            ("s/", vec![2, 3]),
            ("s/* 4", vec![2, 3, 4]),
        ] {
            assert_eq!(chosen(text), Ok(numbers), "{text}");
        }
        assert_eq!(chosen("1"), Err("1".to_owned()));
        assert_eq!(chosen("2 9"), Err("9".to_owned()));
        assert_eq!(chosen("no hay"), Err("no hay".to_owned()));
    }

    #[test]
    fn what_failed_and_what_is_named_goes_on() {
        let failed = || DownloadState::Failed(crate::node::Failure::Broken);
        let views = [
            view(1, "a.mp4", failed()),
            view(2, "b.mp4", DownloadState::Cancelled),
            view(3, "c.mp4", failed()),
            view(4, "a.mp4", DownloadState::Complete),
            view(5, "d.mp4", DownloadState::Paused),
        ];
        for (text, numbers) in [
            ("*", vec![3, 5]),
            ("2", vec![2]),
            ("b.mp4", vec![2]),
            ("3 2 1", vec![3, 2, 1]),
        ] {
            let wanted = Wanted {
                whole: text.to_owned(),
                words: split_words(text),
            };
            let of: Vec<DownloadView> = match text {
                "*" => last_of_each(&views),
                _ => views.to_vec(),
            };
            let found = downloads(&of, &wanted, |state| can_be_resumed(state, &wanted)).unwrap();
            let found: Vec<u64> = found.iter().map(|(number, _)| number.0).collect();
            assert_eq!(found, numbers, "{text}");
        }
    }
}
