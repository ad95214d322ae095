//! The language of all that a person reads, chosen once at the start of a program.
//!
//! Catalogues are Project Fluent's (`i18n/<language>/trozos.ftl`). The [`t!`](crate::cli::text::t) macro checks
//! while compiling that a text exists and has the right values; a test compares the languages.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
};

use i18n_embed::{LanguageLoader, fluent::FluentLanguageLoader, unic_langid::LanguageIdentifier};
use rust_embed::RustEmbed;

use super::clean;
use crate::model::{
    AccountName, ClientName, Digest, FileName, GroupName, SecondaryNumber, SystemError,
};
use crate::node::client::DownloadNumber;

/// A value within a text.
pub type Value = fluent_bundle::FluentValue<'static>;

#[derive(RustEmbed)]
#[folder = "i18n/"]
struct Catalogues;

/// A language that there is a catalogue of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Spanish, the original's.
    #[default]
    Spanish,
    /// English.
    English,
}

impl Language {
    /// The language of `es`, `en_GB.UTF-8`, `english`…; `None` where there is no catalogue, or nothing is said
    /// (`C`, `POSIX`).
    pub fn of(tag: &str) -> Option<Self> {
        let word: String = tag
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .collect::<String>()
            .to_ascii_lowercase();
        match word.as_str() {
            "es" | "spanish" | "espa" => Some(Self::Spanish),
            "en" | "english" => Some(Self::English),
            _ => None,
        }
    }

    /// By the environment, as POSIX has it: the first of LC_ALL, LC_MESSAGES and LANG that is set decides. Spanish where it says
    /// nothing, English for languages that there is no catalogue of.
    pub fn of_environment() -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .filter_map(std::env::var_os)
            .find(|value| !value.is_empty());
        locale.map_or_else(Self::default, |value| {
            Self::of_locale(&value.to_string_lossy())
        })
    }

    /// The language for a locale.
    fn of_locale(locale: &str) -> Self {
        let says_nothing = matches!(
            locale.split('.').next().unwrap_or_default(),
            "" | "C" | "POSIX"
        );
        match Self::of(locale) {
            Some(language) => language,
            None if says_nothing => Self::Spanish,
            None => Self::English,
        }
    }

    /// As [`Language::of`] reads it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Spanish => "es",
            Self::English => "en",
        }
    }

    fn id(self) -> LanguageIdentifier {
        self.tag().parse().unwrap_or_default()
    }
}

static LOADER: LazyLock<FluentLanguageLoader> = LazyLock::new(|| {
    let loader = FluentLanguageLoader::new("trozos", Language::Spanish.id());
    load(&loader, Language::Spanish);
    loader
});
static POINT: AtomicBool = AtomicBool::new(false);
/// Between groups of three digits, and how many digits a number has at least that has groups.
static GROUP_MARK: AtomicU32 = AtomicU32::new(0xa0);
static GROUP_FROM: AtomicUsize = AtomicUsize::new(5);

fn load(loader: &FluentLanguageLoader, language: Language) {
    // The catalogues are part of the program: they are there, and a test reads both.
    if let Err(error) = loader.load_languages(&Catalogues, &[language.id()]) {
        tracing::error!(%error, "catalogue");
    }
    // The marks around values that keep scripts of different directions apart are not wanted in a terminal.
    loader.set_use_isolating(false);
    loader.with_bundles_mut(|bundle| bundle.set_formatter(Some(format_number)));
    if let Some(mark) = loader.get("group-mark").chars().next() {
        GROUP_MARK.store(mark.into(), Ordering::Relaxed);
    }
    if let Ok(digits) = loader.get("group-from").parse() {
        GROUP_FROM.store(digits, Ordering::Relaxed);
    }
}

/// How Fluent writes a number within a text.
fn format_number<M>(value: &fluent_bundle::FluentValue<'_>, _: &M) -> Option<String> {
    match value {
        fluent_bundle::FluentValue::Number(number) => Some(grouped(&number.as_string())),
        _ => None,
    }
}

/// A number's digits as the language groups them: `12 345`.
pub fn grouped(digits: &str) -> String {
    let is_long = digits.len() >= GROUP_FROM.load(Ordering::Relaxed);
    if !is_long || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return digits.to_owned();
    }
    let mark = char::from_u32(GROUP_MARK.load(Ordering::Relaxed)).unwrap_or(' ');
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(mark);
        }
        grouped.push(digit);
    }
    grouped
}

/// Chooses the language of everything from now on.
pub fn choose(language: Language) {
    load(&LOADER, language);
    POINT.store(language == Language::English, Ordering::Relaxed);
}

/// The chosen language.
pub fn chosen() -> Language {
    if POINT.load(Ordering::Relaxed) {
        Language::English
    } else {
        Language::Spanish
    }
}

/// The catalogue of the chosen language.
pub fn loader() -> &'static FluentLanguageLoader {
    &LOADER
}

/// A text with values; see [`t!`](crate::cli::text::t), which checks both.
pub fn text(id: &str, values: &[(&'static str, Value)]) -> String {
    LOADER.get_args_concrete(id, values.iter().cloned().collect())
}

/// A text whose id is made while running, as those of flags are; `None` where there is none. Prefer
/// [`t!`](crate::cli::text::t), which is checked.
pub fn find(id: &str) -> Option<String> {
    LOADER.has(id).then(|| LOADER.get(id))
}

/// An attribute of such a text.
pub fn find_attribute(id: &str, attribute: &str) -> Option<String> {
    LOADER
        .has_attr(id, attribute)
        .then(|| LOADER.get_attr(id, attribute))
}

/// What can be put into a text. Names and words from outside are made harmless here.
pub trait Shown {
    /// As a text takes it.
    fn shown(&self) -> Value;
}

impl Shown for str {
    fn shown(&self) -> Value {
        Value::from(clean(self))
    }
}

impl Shown for String {
    fn shown(&self) -> Value {
        self.as_str().shown()
    }
}

impl Shown for Path {
    fn shown(&self) -> Value {
        Value::from(clean(&self.display().to_string()))
    }
}

impl Shown for PathBuf {
    fn shown(&self) -> Value {
        self.as_path().shown()
    }
}

impl<T: Shown + ?Sized> Shown for &T {
    fn shown(&self) -> Value {
        (**self).shown()
    }
}

impl Shown for SystemError {
    fn shown(&self) -> Value {
        Value::from(clean(&super::system::error(self)))
    }
}

impl Shown for std::io::Error {
    fn shown(&self) -> Value {
        SystemError::from(self).shown()
    }
}

// A number by which something is called is not counted with.
impl Shown for DownloadNumber {
    fn shown(&self) -> Value {
        Value::from(self.0.to_string())
    }
}

macro_rules! shown_as_text {
    ($($type:ty),*) => {$(
        impl Shown for $type {
            fn shown(&self) -> Value {
                Value::from(clean(&self.to_string()))
            }
        }
    )*};
}

macro_rules! shown_as_number {
    ($($type:ty),*) => {$(
        impl Shown for $type {
            fn shown(&self) -> Value {
                Value::from(*self)
            }
        }
    )*};
}

shown_as_text!(
    FileName,
    AccountName,
    ClientName,
    GroupName,
    SecondaryNumber,
    SocketAddr,
    IpAddr,
    Digest
);
shown_as_number!(u16, u32, u64, usize, i32);

/// A text of the catalogue: `t!("id")`, `t!("id", name = value)`. Its id and the names are checked while compiling.
#[macro_export]
#[doc(hidden)]
macro_rules! __text {
    ($id:literal) => {
        i18n_embed_fl::fl!($crate::cli::text::language::loader(), $id)
    };
    ($id:literal, $($name:ident = $value:expr),+ $(,)?) => {{
        // Never called: only the compiler reads it. What the macro itself would make of each text is long.
        #[allow(dead_code)]
        fn checked() -> String {
            i18n_embed_fl::fl!($crate::cli::text::language::loader(), $id, $($name = 0u8),+)
        }
        $crate::cli::text::language::text(
            $id,
            &[$((stringify!($name), $crate::cli::text::language::Shown::shown(&$value))),+],
        )
    }};
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::t;

    #[test]
    fn long_numbers_have_groups() {
        for (digits, text) in [
            ("7", "7"),
            ("9999", "9999"),
            ("10000", "10\u{a0}000"),
            ("200000", "200\u{a0}000"),
            ("1234567", "1\u{a0}234\u{a0}567"),
            ("12.5", "12.5"),
            ("-12345", "-12345"),
        ] {
            assert_eq!(grouped(digits), text);
        }
        assert_eq!(t!("files", count = 200_000u64), "200\u{a0}000 ficheros");
    }

    #[test]
    fn languages_are_found_in_what_locales_are_called() {
        for (tag, language) in [
            ("es", Some(Language::Spanish)),
            ("es_MX.UTF-8", Some(Language::Spanish)),
            ("español", Some(Language::Spanish)),
            ("en", Some(Language::English)),
            ("en_GB.UTF-8", Some(Language::English)),
            ("EN-us", Some(Language::English)),
            ("C.UTF-8", None),
            ("POSIX", None),
            ("fr_FR", None),
            ("", None),
        ] {
            assert_eq!(Language::of(tag), language, "{tag}");
        }
        for (locale, language) in [
            ("C", Language::Spanish),
            ("C.UTF-8", Language::Spanish),
            ("POSIX", Language::Spanish),
            ("es_MX.UTF-8", Language::Spanish),
            ("de_DE.UTF-8", Language::English),
            ("ca_ES", Language::English),
            ("en_GB", Language::English),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }
}
