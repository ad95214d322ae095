//! What is typed about rooms and channels.

use super::{BadLine, BadValue, RoomVerb, nothing, split_words, unquote, value};
use crate::{
    engine::fold::fold,
    model::{AccountName, RoomName, RoomOptions, RoomText},
};

/// What follows these says how a new room is to be, in either language.
const EPHEMERAL: &[&str] = &["--efimera", "--ephemeral"];
const WHOLE: &[&str] = &["--historia", "--history"];
const OPENS_WITH: &[&str] = &["--abre-con", "--opens-with"];
/// What ends something.
const NO: &[&str] = &["no"];
/// What shows what nobody could finish.
const DEAD: &[&str] = &["muertos", "dead"];

/// A line about rooms and channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomLine {
    /// `SALA`: where one is.
    Here,
    /// `SALA`.
    Enter(RoomName, RoomOptions),
    /// `DECIR`.
    Say(RoomText),
    /// `A`.
    Tell(AccountName, RoomText),
    /// `SALAS`.
    Rooms,
    /// `HISTORIA`, of a room or of that where one is.
    History(Option<RoomName>),
    /// `DEJAR`, the same.
    Leave(Option<RoomName>),
    /// `CANAL`.
    Listen(RoomName),
    /// `CANAL … NO`.
    Rest(RoomName),
    /// `CANAL … MUERTOS`.
    Dead(RoomName),
    /// `ENCARGAR`.
    Put(RoomName, RoomText),
    /// `HECHO`: the message that one has is finished, or cannot be.
    Finish(bool),
}

/// Understands what follows a command about rooms.
///
/// # Errors
/// See [`BadLine`].
pub(super) fn line(verb: RoomVerb, id: &'static str, rest: &str) -> Result<RoomLine, BadLine> {
    let needs = || match rest {
        "" => Err(BadLine::Missing { id }),
        rest => Ok(rest),
    };
    Ok(match verb {
        RoomVerb::Enter if rest.is_empty() => RoomLine::Here,
        RoomVerb::Enter => {
            let (name, options) = options(rest, id)?;
            RoomLine::Enter(room(&name)?, options)
        }
        RoomVerb::Say => RoomLine::Say(text(needs()?)?),
        RoomVerb::Tell => {
            let (to, what) = first_and_rest(needs()?, id)?;
            let to = to.strip_prefix('@').unwrap_or(to);
            let to = super::account_name(to)?;
            RoomLine::Tell(to, text(what)?)
        }
        RoomVerb::Rooms => {
            nothing(rest, id)?;
            RoomLine::Rooms
        }
        RoomVerb::History => RoomLine::History(perhaps_room(rest)?),
        RoomVerb::Leave => RoomLine::Leave(perhaps_room(rest)?),
        RoomVerb::Channel => channel(needs()?)?,
        RoomVerb::Put => {
            let words = split_words(needs()?);
            let name = words.first().cloned().unwrap_or_default();
            let (_, what) = after_first(rest, &name).ok_or(BadLine::Missing { id })?;
            RoomLine::Put(room(&name)?, text(what)?)
        }
        RoomVerb::Finish if rest.is_empty() => RoomLine::Finish(true),
        RoomVerb::Finish if is(rest, NO) => RoomLine::Finish(false),
        RoomVerb::Finish => return Err(value(rest, BadValue::NotOff)),
    })
}

fn is(word: &str, names: &[&str]) -> bool {
    names.contains(&fold(word).as_str())
}

fn room(name: &str) -> Result<RoomName, BadLine> {
    let name = name.strip_prefix('#').unwrap_or(name);
    RoomName::try_from(name).map_err(|_| value(name, BadValue::RoomName))
}

fn text(what: &str) -> Result<RoomText, BadLine> {
    RoomText::try_from(what).map_err(|_| value(what, BadValue::RoomText))
}

fn perhaps_room(rest: &str) -> Result<Option<RoomName>, BadLine> {
    match rest {
        "" => Ok(None),
        name => room(unquote(name)).map(Some),
    }
}

fn first_and_rest<'a>(rest: &'a str, id: &'static str) -> Result<(&'a str, &'a str), BadLine> {
    let (first, more) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    match more.trim() {
        "" => Err(BadLine::Missing { id }),
        more => Ok((first, more)),
    }
}

/// What follows the first word, quoted or not.
fn after_first<'a>(rest: &'a str, first: &str) -> Option<(&'a str, &'a str)> {
    let at = rest.find(first)? + first.len();
    let (before, after) = rest.split_at(at);
    let after = after.trim_start_matches(['"', '\'']).trim();
    (!after.is_empty()).then_some((before, after))
}

fn channel(rest: &str) -> Result<RoomLine, BadLine> {
    let words = split_words(rest);
    Ok(match words.as_slice() {
        [name, word] if is(word, NO) => RoomLine::Rest(room(name)?),
        [name, word] if is(word, DEAD) => RoomLine::Dead(room(name)?),
        _ => RoomLine::Listen(room(unquote(rest))?),
    })
}

/// A room's name, and how it is to be.
fn options(rest: &str, id: &'static str) -> Result<(String, RoomOptions), BadLine> {
    let (mut names, mut options) = (Vec::new(), RoomOptions::default());
    let words = split_words(rest);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if is(word, EPHEMERAL) {
            options.ephemeral = true;
        } else if is(word, WHOLE) {
            options.whole = true;
        } else if is(word, OPENS_WITH) {
            let count = words.next().ok_or(BadLine::Missing { id })?;
            let bad = || value(count, BadValue::RoomCount);
            let people = count.parse().map_err(|_| bad())?;
            if !(2..=1000).contains(&people) {
                return Err(bad());
            }
            options.opens_with = people;
        } else if word.starts_with("--") {
            let word = word.clone();
            return Err(BadLine::TooMuch { word, id });
        } else {
            names.push(word.as_str());
        }
    }
    Ok((names.join(" "), options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> RoomName {
        RoomName::try_from(name).unwrap()
    }

    fn said(what: &str) -> RoomText {
        RoomText::try_from(what).unwrap()
    }

    #[test]
    fn lines_about_rooms_are_understood() {
        let none = RoomOptions::default();
        let five = RoomOptions {
            opens_with: 5,
            ..none
        };
        let ana = AccountName::try_from("ana").unwrap();
        for (verb, rest, wanted) in [
            (RoomVerb::Enter, "", RoomLine::Here),
            (
                RoomVerb::Enter,
                "cine club",
                RoomLine::Enter(named("cine club"), none),
            ),
            (
                RoomVerb::Enter,
                "#cine --Abre-Con 5",
                RoomLine::Enter(named("cine"), five),
            ),
            (
                RoomVerb::Say,
                "hola, \"tú\"",
                RoomLine::Say(said("hola, \"tú\"")),
            ),
            (
                RoomVerb::Tell,
                "@ana hola",
                RoomLine::Tell(ana, said("hola")),
            ),
            (RoomVerb::Leave, "", RoomLine::Leave(None)),
            (
                RoomVerb::Channel,
                "tareas",
                RoomLine::Listen(named("tareas")),
            ),
            (
                RoomVerb::Channel,
                "tareas NO",
                RoomLine::Rest(named("tareas")),
            ),
            (
                RoomVerb::Channel,
                "tareas Muertos",
                RoomLine::Dead(named("tareas")),
            ),
            (
                RoomVerb::Put,
                "\"mis tareas\" haz esto",
                RoomLine::Put(named("mis tareas"), said("haz esto")),
            ),
            (RoomVerb::Finish, "no", RoomLine::Finish(false)),
        ] {
            assert_eq!(line(verb, "x", rest), Ok(wanted), "{rest}");
        }
        for (verb, rest) in [
            (RoomVerb::Enter, "cine --abre-con uno"),
            (RoomVerb::Enter, "cine --abre-con"),
            (RoomVerb::Enter, "cine --otra"),
            (RoomVerb::Enter, "--efimera"),
            (RoomVerb::Say, ""),
            (RoomVerb::Tell, "ana"),
            (RoomVerb::Tell, "a/b hola"),
            (RoomVerb::Put, "tareas"),
            (RoomVerb::Finish, "quizás"),
        ] {
            assert!(line(verb, "x", rest).is_err(), "{rest}");
        }
    }
}
