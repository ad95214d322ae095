//! A command line as bash has it, up to the cursor: its words, and how what is being typed is to be completed.

/// What stands around a word that is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoting {
    None,
    Single,
    Double,
    /// The caller quotes by itself.
    Callers,
}

/// The word that is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// What it says so far.
    pub(super) text: String,
    quoting: Quoting,
    /// How much of it, in bytes, stands before the part that the shell replaces.
    kept: usize,
}

impl Typed {
    /// A word whose caller quotes by itself.
    pub(super) fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            quoting: Quoting::Callers,
            kept: 0,
        }
    }

    /// Something of it is there, or a quote is open.
    pub(super) fn is_unfinished(&self) -> bool {
        !self.text.is_empty() || matches!(self.quoting, Quoting::Single | Quoting::Double)
    }

    /// What the shell is to put instead of the part that it replaces, so that the word becomes this one.
    pub(super) fn completed(&self, word: &str) -> String {
        let rest = word.get(self.kept..).unwrap_or(word);
        match self.quoting {
            Quoting::Callers => rest.to_owned(),
            Quoting::Single => rest.replace('\'', r"'\''"),
            Quoting::Double => escaped(rest, |c| matches!(c, '"' | '$' | '`' | '\\')),
            Quoting::None => escaped(rest, |c| {
                c.is_ascii() && !c.is_ascii_alphanumeric() && !"_-./:=@%+,".contains(c)
            }),
        }
    }
}

/// What several words have in common is what a shell puts first. Where that would end between a backslash and its letter, the
/// first of them is written otherwise: with a pair of quotes before the backslash, which say nothing.
pub(super) fn kept_apart(typed: &Typed, mut words: Vec<String>) -> Vec<String> {
    let quotes = match typed.quoting {
        Quoting::None => "''",
        Quoting::Double => "\"\"",
        Quoting::Single | Quoting::Callers => return words,
    };
    let [first, others @ ..] = words.as_mut_slice() else {
        return words;
    };
    let in_common = |other: &String| {
        let pairs = first.char_indices().zip(other.chars());
        let same = pairs.take_while(|((_, one), other)| one == other);
        same.map(|((at, one), _)| at + one.len_utf8()).last()
    };
    let common = others
        .iter()
        .map(|other| in_common(other).unwrap_or(0))
        .min();
    let Some(common) = common.and_then(|end| first.get(..end)) else {
        return words;
    };
    let backslashes = common.len() - common.trim_end_matches('\\').len();
    if backslashes % 2 == 1 {
        let before = common.len() - 1;
        first.insert_str(before, quotes);
    }
    words
}

fn escaped(text: &str, needs: impl Fn(char) -> bool) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if needs(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The words before the last one, and that: it may be empty. `breaks` are the characters at which the shell begins a part
/// that it replaces (`COMP_WORDBREAKS`).
pub(super) fn split(line: &str, breaks: &str) -> (Vec<String>, Typed) {
    let mut words = Vec::new();
    let (mut word, mut begun, mut quoting, mut kept) = (String::new(), false, Quoting::None, 0);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quoting, letter) {
            (Quoting::Single, '\'') | (Quoting::Double, '"') => quoting = Quoting::None,
            (Quoting::Double, '\\') => match letters.next() {
                Some(c @ ('"' | '$' | '`' | '\\')) => word.push(c),
                Some(other) => word.extend(['\\', other]),
                None => {}
            },
            (Quoting::Single | Quoting::Double, other) => word.push(other),
            (Quoting::None | Quoting::Callers, '\'' | '"') => {
                quoting = match letter {
                    '"' => Quoting::Double,
                    _ => Quoting::Single,
                };
                (begun, kept) = (true, word.len());
            }
            (Quoting::None | Quoting::Callers, '\\') => {
                word.extend(letters.next());
                begun = true;
            }
            (Quoting::None | Quoting::Callers, blank) if blank.is_whitespace() => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                (begun, kept) = (false, 0);
            }
            (Quoting::None | Quoting::Callers, other) => {
                word.push(other);
                begun = true;
                if breaks.contains(other) {
                    kept = word.len();
                }
            }
        }
    }
    let typed = Typed {
        text: word,
        quoting,
        kept,
    };
    (words, typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKS: &str = " \t\n\"'@><=;|&(:";

    #[test]
    fn a_word_is_completed_as_it_was_begun() {
        for (line, name, completed) in [
            ("v get ", "a b.mp4", r"a\ b.mp4"),
            (r"v get a\ ", "a b.mp4", r"a\ b.mp4"),
            ("v get \"a ", "a b.mp4", "a b.mp4"),
            ("v get 'a ", "a b's.mp4", r"a b'\''s.mp4"),
            ("v get \"", "a \"b\" $c", r#"a \"b\" \$c"#),
            ("v get s:", "s:1 película.mkv", r"1\ película.mkv"),
            ("v get ñ", "ñandú's", r"ñandú\'s"),
        ] {
            let (words, typed) = split(line, BREAKS);
            assert_eq!(words, ["v", "get"], "{line}");
            assert!(name.starts_with(&typed.text), "{line}: {typed:?}");
            assert_eq!(typed.completed(name), completed, "{line}");
        }
        assert_eq!(Typed::plain("a").completed("a b"), "a b");
    }

    #[test]
    fn what_words_have_in_common_never_ends_in_a_backslash() {
        let apart = |line: &str, words: [&str; 2]| {
            let (_, typed) = split(line, BREAKS);
            let words = words.map(|word| typed.completed(word));
            kept_apart(&typed, words.into())
        };
        assert_eq!(apart("v g ", ["a 1", "a's"]), [r"a''\ 1", r"a\'s"]);
        assert_eq!(apart("v g ", ["a 1", "a 2"]), [r"a\ 1", r"a\ 2"]);
        assert_eq!(apart("v g \"", ["a$", "a`"]), [r#"a""\$"#, r"a\`"]);
        assert_eq!(apart("v g '", ["a 1", "a's"]), ["a 1", r"a'\''s"]);
    }

    #[test]
    fn words_are_those_that_bash_makes() {
        let (words, typed) = split(r#"v --d="a b" 'c d' e\ f  g"h"i"#, BREAKS);
        assert_eq!(words, ["v", "--d=a b", "c d", "e f"]);
        assert_eq!(typed.text, "ghi");
    }
}
