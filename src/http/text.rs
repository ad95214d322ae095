//! The language of each answer: a server's people have theirs, whoever asks by HTTP says which. The catalogues are those of
//! all programs.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, header};
use i18n_embed::{LanguageLoader, fluent::FluentLanguageLoader, unic_langid::LanguageIdentifier};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "i18n/"]
struct Catalogues;

/// A language of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tongue {
    #[default]
    Spanish,
    English,
}

static SPANISH: LazyLock<FluentLanguageLoader> = LazyLock::new(|| load("es"));
static ENGLISH: LazyLock<FluentLanguageLoader> = LazyLock::new(|| load("en"));

fn load(tag: &str) -> FluentLanguageLoader {
    let id: LanguageIdentifier = tag.parse().unwrap_or_default();
    let loader = FluentLanguageLoader::new("trozos", id.clone());
    // The catalogues are part of the program: they are there, and a test reads both.
    if let Err(error) = loader.load_languages(&Catalogues, &[id]) {
        tracing::error!(%error, "catalogue");
    }
    loader.set_use_isolating(false);
    loader
}

impl Tongue {
    /// The first known language that a request prefers; Spanish where it prefers none.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let field = headers.get(header::ACCEPT_LANGUAGE);
        let field = field.and_then(|field| field.to_str().ok()).unwrap_or("");
        let mut best = (0.0, Self::default());
        for item in field.split(',').take(32) {
            let mut parts = item.split(';').map(str::trim);
            let tag = parts.next().unwrap_or("").to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
            let weight: f32 = weight.unwrap_or(1.0);
            let tongue = match tag.split('-').next() {
                Some("es") => Self::Spanish,
                Some("en") => Self::English,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, tongue);
            }
        }
        best.1
    }

    /// The one of an address that names a language, or else the one that is preferred.
    pub(super) fn chosen(self, named: Option<&str>) -> Self {
        match named {
            Some("es") => Self::Spanish,
            Some("en") => Self::English,
            _ => self,
        }
    }

    /// The other one.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Spanish => Self::English,
            Self::English => Self::Spanish,
        }
    }

    /// As addresses and pages name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Spanish => "es",
            Self::English => "en",
        }
    }

    /// For `Content-Language`.
    pub(super) fn tag(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    pub(super) fn loader(self) -> &'static FluentLanguageLoader {
        match self {
            Self::Spanish => &SPANISH,
            Self::English => &ENGLISH,
        }
    }
}

/// A text of a catalogue, checked while compiling.
macro_rules! w {
    ($tongue:expr, $id:literal $(, $name:ident = $value:expr)* $(,)?) => {
        i18n_embed_fl::fl!($tongue.loader(), $id $(, $name = $value)*)
    };
}
pub(super) use w;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_is_spoken() {
        for (field, expected) in [
            ("", Tongue::Spanish),
            ("en-GB,en;q=0.9,es;q=0.8", Tongue::English),
            ("fr, es;q=0.5, en;q=0.7", Tongue::English),
            ("es-MX", Tongue::Spanish),
            ("de", Tongue::Spanish),
            ("en;q=0, es;q=0.1", Tongue::Spanish),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, field.parse().unwrap());
            assert_eq!(Tongue::of(&headers), expected, "{field}");
        }
    }
}
