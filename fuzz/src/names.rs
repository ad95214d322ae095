//! Names from outside, and lines that are typed at a prompt.

use std::path::{Component, Path};

use jiff::{Timestamp, tz::TimeZone};
use trozos::{
    cli::{
        commands::{self, BadLine, ClientLine},
        text::bad_line::explain,
        timetable::{self, Bare, Timetable},
    },
    model::{
        AccountName, ClientName, Digest, FileName, Likeness, SecondaryNumber, Signature,
        limits::{
            MAX_ACCOUNT_NAME_CHARS, MAX_CLIENT_NAME_BYTES, MAX_COMPONENT_BYTES, MAX_COMPONENTS,
            MAX_NAME_BYTES, MAX_SECONDARY_NUMBER,
        },
    },
};

/// One text as every kind of name.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(name) = FileName::try_from(text) {
        assert_eq!(name.as_str(), text);
        check_file_name(&name);
    }
    if let Ok(name) = ClientName::try_from(text) {
        assert_eq!(name.as_str(), text.trim());
        check_client_name(&name);
    }
    if let Ok(name) = AccountName::try_from(text) {
        check_account_name(&name);
        // However it was typed, it looks as it does.
        assert_eq!(name.likeness(), Likeness::of(text.trim()), "{text:?}");
    }
    if let Ok(signature) = Signature::try_from(text) {
        assert_eq!(signature.to_string(), text.to_ascii_lowercase());
    }
    if let Ok(digest) = Digest::try_from(text) {
        assert_eq!(digest.to_string(), text.to_ascii_lowercase());
        assert_eq!(Digest::try_from(digest.to_string().as_str()), Ok(digest));
    }
    if let Ok(number) = text.parse::<u64>()
        && let Ok(secondary) = SecondaryNumber::try_from(number)
    {
        assert_eq!(u64::from(secondary.get()), number);
        assert!((1..=MAX_SECONDARY_NUMBER).contains(&secondary.get()));
    }
}

/// It is written in one way only, and what it is made of is a client's name and a folder's.
pub(crate) fn check_account_name(name: &AccountName) {
    let text = name.as_str();
    assert_eq!(AccountName::try_from(text).as_ref(), Ok(name));
    assert!((1..=MAX_ACCOUNT_NAME_CHARS).contains(&text.chars().count()));
    check_client_name(&name.client());
    assert_eq!(ClientName::try_from(text), Ok(name.client()));
    assert!(
        FileName::try_from(format!("@{text}/a").as_str()).is_ok(),
        "{text}"
    );
    assert_eq!(text, text.to_lowercase());
}

/// A line at each prompt.
pub fn prompt(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else {
        return;
    };
    let client = commands::client(line);
    match &client {
        Ok(ClientLine::Download(wanted)) => {
            if let Some(name) = wanted.only() {
                let Ok(file) = FileName::try_from(name) else {
                    panic!("{name:?} is no name");
                };
                check_file_name(&file);
                for quote in ['"', '\''] {
                    let quoted = commands::client(&format!("VIDEO {quote}{name}{quote}"));
                    let Ok(ClientLine::Download(quoted)) = quoted else {
                        panic!("{name:?} in quotes: {quoted:?}");
                    };
                    assert_eq!(quoted.only(), Some(name));
                }
            }
        }
        Ok(ClientLine::Enrol(name)) => {
            check_client_name(name);
            let quoted = commands::client(&format!(" inscribir \"{name}\""));
            assert_eq!(quoted, client);
        }
        Ok(ClientLine::Verify(wanted)) => {
            if let Some(name) = wanted.only() {
                check_file_name(&FileName::try_from(name).expect("a name was checked"));
            }
        }
        Ok(ClientLine::Cancel(which) | ClientLine::Pause(which) | ClientLine::Detail(which)) => {
            assert!(!which.whole.trim().is_empty(), "{line:?}");
        }
        Ok(_) => {}
        Err(bad) => check_answer(bad),
    }
    let others = [
        commands::central(line).err(),
        commands::secondary(line).err(),
    ];
    others.iter().flatten().for_each(check_answer);
    for bare in [Bare::Asked, Bare::Bytes] {
        if let Ok(timetable) = timetable::parse(line, bare) {
            check_timetable(&timetable);
        }
    }
}

/// Until the moment that is told another limit does not hold, and then one does.
fn check_timetable(timetable: &Timetable) {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("central Europe's");
    for second in [1_774_740_000, 1_774_746_000, 1_792_880_000, 1_800_000_000] {
        let now = Timestamp::from_second(second)
            .expect("a moment")
            .to_zoned(zone.clone());
        let held = timetable.at(&now);
        if let Some(until) = &held.until {
            assert!(*until > now);
            assert_ne!(timetable.at(until).limit, held.limit);
            let before = until.timestamp().as_second() - 1;
            let before = Timestamp::from_second(before).expect("a moment");
            assert_eq!(
                timetable.at(&before.to_zoned(zone.clone())).limit,
                held.limit
            );
        }
    }
}

/// What is answered fits on one line and moves no cursor, whatever was typed.
fn check_answer(bad: &BadLine) {
    let answer = explain(bad);
    assert!(!answer.chars().any(char::is_control), "{answer:?}");
}

/// A name below a folder stays below it, and is read as it is written.
pub(crate) fn check_file_name(name: &FileName) {
    let text = name.as_str();
    assert!(text.len() <= MAX_NAME_BYTES);
    assert!(!text.contains(|c: char| c.is_control() || c == '\\'));
    let path = Path::new(text);
    let normal = |component: Component<'_>| matches!(component, Component::Normal(_));
    assert!(path.components().all(normal), "{text:?}");
    // The path's own idea of its components is ours: nothing is normalised away.
    let components: Vec<&str> = name.components().collect();
    let of_path: Vec<_> = path.components().map(|c| c.as_os_str()).collect();
    assert_eq!(of_path, components);
    assert!((1..=MAX_COMPONENTS).contains(&components.len()));
    for component in components {
        assert!((1..=MAX_COMPONENT_BYTES).contains(&component.len()));
        assert!(!component.starts_with('.'));
        assert!(!component.ends_with(FileName::PART_SUFFIX));
        assert!(!component.ends_with(FileName::JOURNAL_SUFFIX));
    }
    assert_eq!(FileName::try_from(text).as_ref(), Ok(name));
    let json = serde_json::to_string(name).expect("a name is text");
    assert_eq!(
        serde_json::from_str::<FileName>(&json).ok().as_ref(),
        Some(name)
    );
}

/// A client's name is one component of a path.
pub(crate) fn check_client_name(name: &ClientName) {
    let text = name.as_str();
    assert!((1..=MAX_CLIENT_NAME_BYTES).contains(&text.len()));
    assert!(!text.contains(char::is_control));
    let file = format!("cliente-{text}.json");
    let components: Vec<_> = Path::new(&file).components().collect();
    assert_eq!(components, [Component::Normal(file.as_ref())]);
    assert_eq!(ClientName::try_from(text).as_ref(), Ok(name));
    let json = serde_json::to_string(name).expect("a name is text");
    assert_eq!(
        serde_json::from_str::<ClientName>(&json).ok().as_ref(),
        Some(name)
    );
}
