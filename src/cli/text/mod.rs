//! All that a person reads. Decides nothing and prints nothing: each function makes text of a value. The words
//! themselves are in the catalogues of `i18n/`, see [`language`].

pub mod accounts;
pub mod bad_line;
pub mod bulk;
pub mod central;
pub mod client;
pub mod conflicts;
pub mod errors;
pub mod figures;
pub mod files;
pub mod flags;
pub mod harmless;
pub mod help;
pub mod language;
pub mod limits;
pub mod line;
pub mod links;
pub mod listing;
pub mod live;
pub mod map;
pub mod nodes;
pub mod published;
pub mod retired;
pub mod rooms;
pub mod secondary;
pub mod security;
pub mod spoken;
pub mod statistics;
pub mod status;
pub mod system;
pub mod table;
pub mod topics;
pub mod transfer;
pub mod units;
pub mod work;

pub use self::harmless::clean;
pub use crate::__text as t;

/// A text with the code that docs/en/problems.md explains.
pub fn coded(text: &str, code: &str) -> String {
    format!("{text} [{code}]")
}

/// The same without that code, for programs, which are given it by itself.
pub fn uncoded<'a>(text: &'a str, code: &str) -> &'a str {
    let bare = text
        .strip_suffix(']')
        .and_then(|rest| rest.strip_suffix(code));
    bare.and_then(|rest| rest.strip_suffix(" ["))
        .unwrap_or(text)
}

/// A text as the line of its own that it becomes at a prompt: it begins with a capital, unless with a name or a path.
pub fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let mut rest = text.chars();
    match rest.next() {
        Some(letter) if first.chars().all(char::is_alphabetic) => {
            letter.to_uppercase().chain(rest).collect()
        }
        _ => text.to_owned(),
    }
}

/// `1, 2 y 3`.
pub fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.split_last() {
        None => t!("list-none"),
        Some((only, [])) => only.clone(),
        Some((last, others)) => t!("list-last", others = others.join(", "), last = last),
    }
}

/// `a, b o c`.
pub fn either(items: &[String]) -> String {
    match items {
        [others @ .., last] if !others.is_empty() => {
            t!("list-or", others = others.join(", "), last = last)
        }
        _ => items.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_with_a_capital_and_names_as_they_are() {
        for (text, sentence) in [
            ("ya hay uno", "Ya hay uno"),
            ("«a» no", "«a» no"),
            ("a.mp4: no", "a.mp4: no"),
            ("único", "Único"),
            ("", ""),
        ] {
            assert_eq!(super::sentence(text), sentence);
        }
    }

    #[test]
    fn a_code_goes_as_it_came() {
        assert_eq!(uncoded(&coded("no", "not-found"), "not-found"), "no");
        assert_eq!(uncoded("no [not-found]", "other"), "no [not-found]");
        assert_eq!(uncoded("not-found", "not-found"), "not-found");
    }

    #[test]
    fn lists_are_sentences() {
        assert_eq!(list([1, 2, 3]), "1, 2 y 3");
        assert_eq!(list([7]), "7");
        assert_eq!(list::<u8>([]), "ninguno");
    }
}
