//! Words and names as people type them: without accents and in any case they mean the same.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The letters of a text in lower case and without their accents.
pub fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
    let bare = text.nfd().filter(|c| !is_combining_mark(*c));
    bare.flat_map(char::to_lowercase)
}

/// The same as a text.
pub fn fold(text: &str) -> String {
    // Most names are plain, and a search folds all that there are.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    letters(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_and_case_do_not_count() {
        for (text, folded) in [
            ("LÍMITE", "limite"),
            ("Año 3", "ano 3"),
            ("capi\u{301}tulo", "capitulo"),
            ("x", "x"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }
}
