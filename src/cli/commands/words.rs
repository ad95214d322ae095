//! What follows a command, as words.

/// Splits at blanks. Quotes keep blanks together and are stripped; an unclosed quote is an ordinary character.
pub fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let quoted = matches!(first, '"' | '\'')
            .then(|| rest[1..].split_once(first))
            .flatten()
            .filter(|(_, after)| after.is_empty() || after.starts_with(char::is_whitespace));
        let (word, after) = match quoted {
            Some(parts) => parts,
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

/// Strips the quotes around a whole value.
pub fn unquote(text: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = text
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    text
}

/// True for a pattern, as opposed to a name.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// True for a folder, which means all that is in it.
pub fn is_folder(text: &str) -> bool {
    text.len() > 1 && text.ends_with('/') && !text.starts_with('/')
}

/// True for what may mean several files.
pub fn means_several(text: &str) -> bool {
    is_pattern(text) || is_folder(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_blanks_together() {
        for (text, words) in [
            ("a.mp4  b.mp4", vec!["a.mp4", "b.mp4"]),
            ("\"a b.mp4\" c", vec!["a b.mp4", "c"]),
            ("'serie 1/*' x", vec!["serie 1/*", "x"]),
            ("it's one", vec!["it's", "one"]),
            ("\"half quoted", vec!["\"half", "quoted"]),
            ("  ", vec![]),
        ] {
            assert_eq!(split(text), words, "{text}");
        }
    }
}
