//! Completion and hints at a prompt: commands, and what follows them.

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, OnceLock},
};

use rustyline::{
    highlight::Highlighter,
    hint::{Hint, Hinter},
    validate::Validator,
};

use super::paint::{has_colours, paint};
use crate::{
    cli::{
        commands::{COMMON, by_language, in_language},
        text::{
            harmless::is_harmless,
            language::{self, Language},
            line::Tone,
            t,
            topics::{self, Topic},
        },
    },
    engine::fold::{fold, letters},
};

/// Most suggestions that are shown.
const MOST: usize = 200;

/// Something that can follow a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What is typed for it.
    pub text: String,
    /// What is said beside it: a file's size, for one.
    pub remark: String,
}

/// Knows what can follow commands.
pub trait Values: Send + Sync {
    /// What can follow the command with this id. When `fresh` it may wait briefly for current data; otherwise it
    /// answers at once from what it knows.
    fn of(&self, id: &str, fresh: bool) -> Arc<[Suggestion]>;
}

/// The words of a program. Copies share what follows the commands.
#[derive(Clone)]
pub(super) struct Words {
    commands: Arc<Vec<Topic>>,
    values: Arc<OnceLock<Arc<dyn Values>>>,
    colours: bool,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").finish_non_exhaustive()
    }
}

impl Words {
    /// Of a program's own commands, and of those that all have.
    pub(super) fn new(mut commands: Vec<Topic>) -> Self {
        commands.extend(topics::of(COMMON));
        Self {
            commands: Arc::new(commands),
            values: Arc::default(),
            colours: has_colours(),
        }
    }

    pub(super) fn set(&self, values: Arc<dyn Values>) {
        // Only the first counts; programs set them once.
        let _ = self.values.set(values);
    }

    fn topic(&self, word: &str) -> Option<&Topic> {
        topics::find(&self.commands, word)
    }

    /// Commands that begin so, in small letters where they are typed so.
    fn commands(&self, typed: &str) -> Vec<String> {
        let is_small = !typed.is_empty() && !typed.contains(char::is_uppercase);
        let names = self.names(&fold(typed).to_uppercase(), language::chosen());
        let shown = |name: &str| match is_small {
            true => name.to_lowercase(),
            false => name.to_owned(),
        };
        names.into_iter().map(shown).collect()
    }

    /// A name of each command that begins so: first those whose name in the language does; of the others the first that
    /// does.
    fn names(&self, begun: &str, language: Language) -> Vec<&'static str> {
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for topic in self.commands.iter() {
            let names = by_language(topic.names, language);
            match names.iter().position(|name| name.starts_with(begun)) {
                Some(0) => own.push(names[0]),
                Some(place) => others.push(names[place]),
                None => {}
            }
        }
        own.append(&mut others);
        own
    }

    /// What a line can be completed to: where the part to be replaced starts, and what it can be.
    pub(super) fn choices(&self, line: &str) -> (usize, Vec<Choice>) {
        let typed = line.trim_start();
        if !typed.contains(char::is_whitespace) {
            let choice = |name: String| Choice {
                replacement: format!("{name} "),
                display: name,
            };
            let commands = self.commands(typed).into_iter().map(choice);
            return (line.len() - typed.len(), commands.collect());
        }
        let (start, suggestions) = self.values(line, true).unwrap_or((line.len(), Vec::new()));
        let choice = |suggestion: Suggestion| Choice {
            display: match suggestion.remark.as_str() {
                "" => suggestion.text.clone(),
                remark => format!("{}  ({remark})", suggestion.text),
            },
            replacement: suggestion.text,
        };
        (start, suggestions.into_iter().map(choice).collect())
    }

    /// What follows a command: where the part to be replaced starts, and what it can be.
    fn values(&self, line: &str, fresh: bool) -> Option<(usize, Vec<Suggestion>)> {
        let start = line.len() - line.trim_start().len();
        let (word, _) = line[start..].split_once(char::is_whitespace)?;
        let topic = self.topic(word)?;
        let rest_at = start + word.len();
        let rest_at = rest_at + line[rest_at..].len() - line[rest_at..].trim_start().len();
        let all = match topic.id {
            "help" => self.all_commands(),
            id => self.values.get()?.of(id, fresh),
        };
        // A name with blanks first; then the last of several words.
        for at in [rest_at, last_word(line, rest_at)] {
            let is_one_of_many = at > rest_at;
            let fitting = if topic.id == "priority" && is_one_of_many {
                fitting(&line[at..], &levels(), false)
            } else {
                fitting(&line[at..], &all, is_one_of_many)
            };
            if !fitting.is_empty() {
                return Some((at, fitting));
            }
        }
        None
    }

    fn all_commands(&self) -> Arc<[Suggestion]> {
        let suggestion = |topic: &Topic| Suggestion {
            text: in_language(topic.names).to_owned(),
            remark: String::new(),
        };
        self.commands.iter().map(suggestion).collect()
    }
}

/// What a download is given after its number.
fn levels() -> [Suggestion; 3] {
    let words = [
        t!("priority-high"),
        t!("priority-normal"),
        t!("priority-low"),
    ];
    words.map(|text| Suggestion {
        text,
        remark: String::new(),
    })
}

/// Where the last word begins; a quote that is open keeps words together.
fn last_word(line: &str, from: usize) -> usize {
    let rest = &line[from..];
    if rest.matches('"').count() % 2 == 1
        && let Some(quote) = rest.rfind('"')
    {
        return from + quote;
    }
    rest.rfind(char::is_whitespace)
        .map_or(from, |at| from + at + 1)
}

/// `starts_with`, whatever the case and the accents; with a hundred thousand names most are ruled out by their first letter.
fn begins_with(text: &str, folded: &str) -> bool {
    let mut letters = letters(text);
    folded.chars().all(|letter| letters.next() == Some(letter))
}

/// Those that begin with what was typed, in quotes where one of several words needs them.
fn fitting(typed: &str, all: &[Suggestion], is_one_of_many: bool) -> Vec<Suggestion> {
    let is_quoted = typed.starts_with('"');
    let bare = fold(typed.trim_start_matches('"'));
    all.iter()
        .filter(|suggestion| begins_with(&suggestion.text, &bare))
        // Its control characters would take effect in the line.
        .filter(|suggestion| is_harmless(&suggestion.text))
        .take(MOST)
        .map(|suggestion| {
            let has_blanks = suggestion.text.contains(char::is_whitespace);
            let text = if is_quoted || (is_one_of_many && has_blanks) {
                format!("\"{}\"", suggestion.text)
            } else {
                suggestion.text.clone()
            };
            Suggestion {
                text,
                remark: suggestion.remark.clone(),
            }
        })
        .collect()
}

/// Something that what was typed can be completed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// What is listed.
    pub(super) display: String,
    /// What is typed for it.
    pub(super) replacement: String,
}

/// What is shown in grey after what was typed: the rest, which the right arrow takes, and a remark.
#[derive(Debug)]
pub(super) struct Ghost {
    shown: String,
    rest: usize,
}

impl Hint for Ghost {
    fn display(&self) -> &str {
        &self.shown
    }

    fn completion(&self) -> Option<&str> {
        let rest = &self.shown[..self.rest];
        (!rest.is_empty()).then_some(rest)
    }
}

impl Hinter for Words {
    type Hint = Ghost;

    fn hint(&self, line: &str, position: usize, _: &rustyline::Context<'_>) -> Option<Ghost> {
        if position < line.len() || line.trim().is_empty() {
            return None;
        }
        let typed = line.trim_start();
        if !typed.contains(char::is_whitespace) {
            // A whole command is followed by how it is written.
            if let Some(topic) = self.topic(typed) {
                let usage = topics::usage(topic.id);
                let (_, values) = usage.split_once(' ')?;
                return Some(Ghost {
                    shown: format!(" {values}"),
                    rest: 0,
                });
            }
            let name = self.commands(typed).into_iter().next()?;
            let shown = name.get(typed.len()..)?.to_owned();
            return Some(Ghost {
                rest: shown.len(),
                shown,
            });
        }
        let (start, suggestions) = self.values(line, false)?;
        let begun = &line[start..];
        if begun.is_empty() {
            return None;
        }
        let first = suggestions.first()?;
        // The rest of a name that is typed without its accents would be put behind other letters.
        let (start_of_it, rest) = first.text.split_at_checked(begun.len())?;
        if start_of_it.to_lowercase() != begun.to_lowercase() {
            return None;
        }
        let remark = match first.remark.as_str() {
            "" => String::new(),
            remark => format!("  ({remark})"),
        };
        Some(Ghost {
            shown: format!("{rest}{remark}"),
            rest: rest.len(),
        })
    }
}

impl Highlighter for Words {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        if self.colours {
            Cow::Owned(paint(Tone::Strong, prompt))
        } else {
            Cow::Borrowed(prompt)
        }
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.colours {
            Cow::Owned(paint(Tone::Faint, hint))
        } else {
            Cow::Borrowed(hint)
        }
    }
}

impl Validator for Words {}

impl rustyline::Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands::CLIENT;

    struct Files;

    impl Values for Files {
        fn of(&self, id: &str, _: bool) -> Arc<[Suggestion]> {
            let names: &[&str] = match id {
                "download" => &["mi película 1.mp4", "mi película 2.mp4", "Otra.mkv"],
                _ => &[],
            };
            let suggestion = |name: &&str| Suggestion {
                text: (*name).to_owned(),
                remark: "1,0 MB".to_owned(),
            };
            names.iter().map(suggestion).collect()
        }
    }

    fn words() -> Words {
        let words = Words::new(topics::of(CLIENT));
        words.set(Arc::new(Files));
        words
    }

    fn texts(line: &str) -> Vec<String> {
        let (start, suggestions) = words().values(line, true).unwrap_or_default();
        suggestions
            .into_iter()
            .map(|suggestion| format!("{}{}", &line[..start], suggestion.text))
            .collect()
    }

    #[test]
    fn commands_are_completed_in_the_language_that_they_are_begun_in() {
        assert_eq!(words().commands("LISTA"), ["LISTA_VIDEOS"]);
        assert_eq!(words().commands("Lista"), ["LISTA_VIDEOS"]);
        assert_eq!(words().commands("ge"), ["get", "get_file"]);
        assert_eq!(words().commands("sali"), ["salir"]);
        assert_eq!(words().commands("vídeo"), ["video"]);
        assert_eq!(words().commands("x"), [""; 0]);
    }

    #[test]
    fn names_of_the_sessions_language_are_offered_first() {
        let begun = ["D", "P", "L", "S"].map(|begun| words().names(begun, Language::English));
        assert_eq!(
            begun[0],
            [
                "DETAIL",
                "DOWNLOAD_LIMIT",
                "DONE",
                "DELETE",
                "DISCONNECT",
                "DOWNLOAD",
                "DECIR",
                "DEJAR"
            ]
        );
        assert_eq!(begun[1], ["PAUSE", "PRIORITY", "PUT", "PUBLISH"]);
        assert_eq!(
            begun[2],
            [
                "LIST",
                "LIMIT",
                "LEAVE",
                "LIST_CONTENT",
                "LIST_USERS",
                "LIMITE_BAJADA"
            ]
        );
        assert_eq!(
            begun[3],
            ["SEARCH", "STATUS", "SAY", "SALA", "SALAS", "SALIR"]
        );
    }

    #[test]
    fn names_are_completed_with_their_blanks() {
        assert_eq!(
            texts("VIDEO mi"),
            ["VIDEO mi película 1.mp4", "VIDEO mi película 2.mp4"]
        );
        assert_eq!(texts("get MI PELÍCULA 2"), ["get mi película 2.mp4"]);
        assert_eq!(texts("get mi pelicula 2"), ["get mi película 2.mp4"]);
        assert_eq!(texts("VIDEO o"), ["VIDEO Otra.mkv"]);
        assert_eq!(
            texts("VIDEO Otra.mkv mi"),
            [
                "VIDEO Otra.mkv \"mi película 1.mp4\"",
                "VIDEO Otra.mkv \"mi película 2.mp4\""
            ]
        );
        assert_eq!(
            texts("VIDEO Otra.mkv \"mi película 2"),
            ["VIDEO Otra.mkv \"mi película 2.mp4\""]
        );
        assert_eq!(texts("PAUSAR x"), [""; 0]);
        assert_eq!(
            texts("AYUDA sa"),
            ["AYUDA SALA", "AYUDA SALAS", "AYUDA SALIR"]
        );
        assert_eq!(
            texts("PRIORIDAD 1 "),
            ["PRIORIDAD 1 alta", "PRIORIDAD 1 normal", "PRIORIDAD 1 baja"]
        );
        assert_eq!(texts("PRIORIDAD 1 al"), ["PRIORIDAD 1 alta"]);
    }
}
