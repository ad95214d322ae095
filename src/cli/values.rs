//! Values as people mean them, wherever they are given: spaces, line ends and byte order marks around them count for
//! nothing, `~` is the home, and what is empty is told to be so.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use clap::{
    Arg, Command,
    builder::{PossibleValue, TypedValueParser},
};

use super::{names, quantity::BadValue, text::t};

/// What some editors put before a text.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The home of whoever runs this; `None` where the environment names none.
pub(super) fn home() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    home.filter(|home| home.is_absolute())
}

/// The file with the keys of its user's accounts.
pub(super) fn identity() -> Option<PathBuf> {
    Some(
        xdg("XDG_CONFIG_HOME", ".config")?
            .join("trozos")
            .join("identidad"),
    )
}

/// A folder of the XDG base directories: by its variable, or else below the home.
pub(super) fn xdg(variable: &str, below_home: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    named
        .filter(|path| path.is_absolute())
        .or_else(|| home().map(|home| home.join(below_home)))
}

/// Where the programs keep what is of no use elsewhere; `None` without a home.
pub(super) fn state() -> Option<PathBuf> {
    Some(xdg("XDG_STATE_HOME", ".local/state")?.join("trozos"))
}

/// A value without what surrounds it.
pub(super) fn trimmed(value: &OsStr) -> &OsStr {
    let mut bytes = value.as_bytes();
    loop {
        let before = bytes.len();
        bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        bytes = bytes.trim_ascii();
        if bytes.len() == before {
            return OsStr::from_bytes(bytes);
        }
    }
}

/// The value of a variable that is set; one of nothing but spaces is not.
pub(super) fn variable(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    let value = trimmed(&value);
    (!value.is_empty()).then(|| value.to_owned())
}

/// A path: `~` and `~/x` are below the home. What is there under exactly this name is meant, spaces and all.
///
/// # Errors
/// When it is empty, or begins with what cannot be found out.
pub(super) fn path(given: &OsStr) -> Result<PathBuf, BadValue> {
    let mut meant = given;
    if !Path::new(given).exists() {
        meant = trimmed(given);
    }
    if meant.is_empty() {
        return Err(BadValue::empty());
    }
    let Some(rest) = meant.as_bytes().strip_prefix(b"~") else {
        return Ok(meant.into());
    };
    let shown = meant.to_string_lossy();
    if !rest.is_empty() && !rest.starts_with(b"/") {
        return Err(BadValue::new(
            &shown,
            t!("why-home-of-other", path = shown.as_ref()),
        ));
    }
    let home = home().ok_or_else(|| BadValue::new(&shown, t!("why-no-home")))?;
    let mut whole = home.into_os_string().into_vec();
    whole.extend_from_slice(rest);
    Ok(OsString::from_vec(whole).into())
}

/// A path that was typed at a prompt: `~/x` is below the home.
pub(super) fn expanded(typed: &str) -> PathBuf {
    path(OsStr::new(typed)).unwrap_or_else(|_| PathBuf::from(typed))
}

/// Reads [`path`]s.
#[derive(Clone, Debug)]
pub(super) struct PathParser;

impl TypedValueParser for PathParser {
    type Value = PathBuf;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<PathBuf, clap::Error> {
        match path(value) {
            Ok(path) => Ok(path),
            Err(bad) => refuse(bad, command, arg, value),
        }
    }
}

/// Reads a value without what surrounds it.
#[derive(Clone, Debug)]
pub(super) struct Tidy<P>(P);

/// The parser of a value that has no spaces at its ends.
pub(super) fn tidy<P: TypedValueParser>(parser: P) -> Tidy<P> {
    Tidy(parser)
}

impl<P: TypedValueParser> TypedValueParser for Tidy<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, clap::Error> {
        let tidy = trimmed(value);
        if tidy.is_empty() {
            return refuse(BadValue::empty(), command, arg, value);
        }
        self.0.parse_ref(command, arg, tidy)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// What a switch is set to in a variable or a file: yes or no, in either language.
///
/// # Errors
/// When it is neither.
pub(super) fn switch(text: &str) -> Result<bool, BadValue> {
    let plain = text.to_lowercase().replace('\u{ed}', "i");
    match plain.as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" | "si" | "s" | "verdadero" => Ok(true),
        "0" | "false" | "f" | "no" | "n" | "off" | "falso" => Ok(false),
        _ => Err(BadValue::new(text, t!("why-switch"))),
    }
}

/// A value that is a word, called as the session does and understood by its other name too.
pub(super) fn named_value(name: &str) -> PossibleValue {
    let value = PossibleValue::new(names::value(name));
    match names::other_value(name) {
        Some(other) => value.alias(other),
        None => value,
    }
}

/// An error of clap's, which only parsers of text can make.
fn refuse<T: Clone + Send + Sync + 'static>(
    bad: BadValue,
    command: &Command,
    arg: Option<&Arg>,
    value: &OsStr,
) -> Result<T, clap::Error> {
    let shown = value.to_string_lossy().into_owned();
    let refuse = move |_: &str| Err::<T, _>(bad.clone());
    refuse.parse_ref(command, arg, OsStr::new(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_surrounds_a_value_counts_for_nothing() {
        for (given, meant) in [
            (" 7\r\n", "7"),
            ("\u{feff}7", "7"),
            ("\u{feff} \u{feff}7 8 ", "7 8"),
            ("", ""),
            (" \t", ""),
        ] {
            assert_eq!(trimmed(OsStr::new(given)), OsStr::new(meant), "{given:?}");
        }
    }

    #[test]
    fn a_path_below_the_home_is_found_and_others_are_not_guessed() {
        let of = |text: &str| path(OsStr::new(text));
        assert_eq!(of("a/~b").unwrap(), Path::new("a/~b"));
        assert_eq!(of(" /tmp \r").unwrap(), Path::new("/tmp"));
        assert_eq!(of("./~b").unwrap(), Path::new("./~b"));
        for (bad, part) in [("", "vací"), ("  ", "vací"), ("~ana/x", "./~ana/x")] {
            let error = of(bad).unwrap_err().to_string();
            assert!(error.contains(part), "{bad:?}: {error}");
        }
        if let Some(home) = home() {
            assert_eq!(of("~").unwrap(), home);
            assert_eq!(of("~/a b").unwrap(), home.join("a b"));
        }
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("odd ");
        std::fs::create_dir(&odd).unwrap();
        assert_eq!(path(odd.as_os_str()).unwrap(), odd);
    }

    #[test]
    fn switches_are_yes_or_no() {
        assert_eq!(switch("Sí"), Ok(true));
        assert_eq!(switch("OFF"), Ok(false));
        assert!(switch("2").unwrap_err().to_string().contains('2'));
    }
}
