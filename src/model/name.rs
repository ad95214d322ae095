//! A file's name inside a served folder: where `../x` and the like are refused.

use std::{fmt, sync::Arc};

use super::{
    error_codes,
    limits::{MAX_COMPONENT_BYTES, MAX_COMPONENTS, MAX_NAME_BYTES},
};

/// A relative name with `/` between folders, safe to open below a folder. Not normalised: names are bytes
/// of UTF-8, compared exactly. Clones share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Arc<str>);

/// Why a text is no file name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileNameError {
    /// No text at all, or an empty component (`a//b`, `/a`, `a/`).
    #[error("file name: empty, absolute, or with an empty component")]
    EmptyComponent,
    /// A component that starts with a dot: `.`, `..` or a hidden file.
    #[error("file name: a component starts with a dot")]
    Dot,
    /// A control character, `\`, or NUL.
    #[error("file name: {0:?} is not allowed")]
    Forbidden(char),
    /// Reserved by this program (`*.part`, `*.part-diario`).
    #[error("file name: ends in .part or .part-diario, kept for unfinished files")]
    Reserved,
    /// Too long, in bytes or in folders.
    #[error(
        "file name: over {} bytes, {} in a component, or {} folders",
        MAX_NAME_BYTES,
        MAX_COMPONENT_BYTES,
        MAX_COMPONENTS
    )]
    TooLong,
}

error_codes!(FileNameError, code {
    Self::EmptyComponent => "name-empty",
    Self::Dot => "name-dot",
    Self::Forbidden(_) => "name-forbidden",
    Self::Reserved => "name-reserved",
    Self::TooLong => "name-too-long",
});

impl FileName {
    /// Suffix of a file that is not complete yet; such names are not served.
    pub const PART_SUFFIX: &str = ".part";
    /// Suffix of the journal of verified chunks beside a part file.
    pub const JOURNAL_SUFFIX: &str = ".part-diario";

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folders above the file, outermost first, and then the file's own name.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// True when its first component begins with `@`: such names are those of published files.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with('@')
    }

    /// The account below whose name it is published (`@ana/a.mp4`: `ana`).
    pub fn publisher(&self) -> Option<&str> {
        let (owner, _) = self.0.strip_prefix('@')?.split_once('/')?;
        (!owner.is_empty()).then_some(owner)
    }

    /// True when it lies in a folder of this name, at whatever depth.
    pub fn is_below(&self, folder: &Self) -> bool {
        let rest = self.0.strip_prefix(folder.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    }
}

fn check_component(component: &str) -> Result<(), FileNameError> {
    if component.is_empty() {
        return Err(FileNameError::EmptyComponent);
    }
    if component.starts_with('.') {
        return Err(FileNameError::Dot);
    }
    if component.len() > MAX_COMPONENT_BYTES {
        return Err(FileNameError::TooLong);
    }
    if let Some(c) = component.chars().find(|c| c.is_control() || *c == '\\') {
        return Err(FileNameError::Forbidden(c));
    }
    if component.ends_with(FileName::PART_SUFFIX) || component.ends_with(FileName::JOURNAL_SUFFIX) {
        return Err(FileNameError::Reserved);
    }
    Ok(())
}

impl TryFrom<&str> for FileName {
    type Error = FileNameError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        if text.len() > MAX_NAME_BYTES || text.split('/').count() > MAX_COMPONENTS {
            return Err(FileNameError::TooLong);
        }
        text.split('/').try_for_each(check_component)?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_accepted() {
        for good in [
            "a.mp4",
            "serie/cap 1.mp4",
            "película (año).mkv",
            "データ/映画.iso",
            "a..b",
            "CON",
            "x:y",
        ] {
            assert_eq!(
                FileName::try_from(good).map(|n| n.as_str().to_owned()),
                Ok(good.to_owned())
            );
        }
    }

    #[test]
    fn names_of_published_files_say_whose_they_are() {
        let name = |text| FileName::try_from(text).unwrap();
        assert_eq!(name("@ana/serie/a.mp4").publisher(), Some("ana"));
        for other in ["ana/a.mp4", "@ana", "@/a.mp4", "a/@ana/b"] {
            assert_eq!(name(other).publisher(), None, "{other}");
        }
        assert!(name("@ana").is_reserved() && !name("a/@ana").is_reserved());
    }

    #[test]
    fn names_that_leave_the_folder_or_hide_are_refused() {
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "a/",
            ".",
            "..",
            ".hidden",
            "a/.git/x",
            "a\nb",
            "a\0b",
            "a\\b",
            "x.part",
            "dir.part/x",
            "x.part-diario",
            &"x".repeat(241),
            &"x/".repeat(600),
            &format!("{}x", "y/".repeat(32)),
        ] {
            assert!(FileName::try_from(bad).is_err(), "{bad:?}");
        }
    }
}
