//! All that a person reads. Decides nothing and prints nothing: each function makes text of a value. The words
//! themselves are in the catalogues of `i18n/`, see [`language`].

pub mod central;
pub mod client;
pub mod conflicts;
pub mod errors;
pub mod help;
pub mod language;
pub mod line;
pub mod links;
pub mod live;
pub mod map;
pub mod nodes;
pub mod secondary;
pub mod security;
pub mod statistics;
pub mod system;
pub mod table;
pub mod transfer;
pub mod units;

pub use crate::__text as t;

/// Names from outside with what would move a cursor made visible.
pub fn clean(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let shown: Vec<char> = if c.is_control() || is_invisible(c) {
                c.escape_unicode().collect()
            } else {
                vec![c]
            };
            shown
        })
        .collect()
}

/// Characters that change the direction or the place of others.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_move_the_cursor() {
        assert_eq!(clean("a\u{1b}[2J\n"), "a\\u{1b}[2J\\u{a}");
        assert_eq!(clean("\u{202e}gpj.exe"), "\\u{202e}gpj.exe");
        assert_eq!(clean("película nº 1"), "película nº 1");
    }

    #[test]
    fn lists_are_sentences() {
        assert_eq!(list([1, 2, 3]), "1, 2 y 3");
        assert_eq!(list([7]), "7");
        assert_eq!(list::<u8>([]), "ninguno");
    }
}
