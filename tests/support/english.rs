//! Words by which English is known in what should be Spanish.

/// Small words, and those of errors. None of them is a Spanish word, or one that commands and formats have.
const WORDS: &str = "the is are was been not of for and to from with by it its this that these there here \
    when which who what where while within without after before until since still only but if then than at \
    on out over under up down off more most less least too many much very again already yet never always \
    could cannot would should must may might will have had having does did done \
    refused refuses closed closes connection connections answer answers unknown invalid failed fails failure \
    expected certificate certificates denied found missing lost such used using address timed reset broken pipe \
    lookup line column message messages hello silent stopped stops stop stopping chunk chunks secret secrets \
    handshake wrong bad expired issuer signature replaced enrol enrolled secondary secondaries \
    longer shorter protocol speaks speak other another needs asks asked took gave way \
    idle open opened read reading write writing written permission directory folder exists full space left disk \
    device busy service started starts start running unreachable network peer ended ends end \
    instead first last next previous each every any none some nothing nobody somebody something anything";

/// The English words in a text. Codes in brackets, flags, paths, variables and what somebody else said, which is
/// quoted, are left out.
pub(crate) fn english_words(text: &str) -> Vec<String> {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let own = without(&without(text, '[', ']'), '«', '»');
    own.split_whitespace()
        .filter(|word| !word.starts_with('-') && !word.contains(['/', '=', '_']))
        .flat_map(|word| word.split(|c: char| !c.is_alphabetic()))
        .map(str::to_lowercase)
        .filter(|word| words.contains(&word.as_str()))
        .collect()
}

/// A text without what stands between two marks.
fn without(text: &str, open: char, close: char) -> String {
    let mut depth = 0usize;
    text.chars()
        .filter(|c| {
            depth += usize::from(*c == open);
            let outside = depth == 0;
            depth = depth.saturating_sub(usize::from(*c == close));
            outside
        })
        .collect()
}
