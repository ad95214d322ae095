//! Where a file of a disk is.

use std::{
    ffi::{OsStr, OsString},
    path::{Component, Path, PathBuf},
};

use crate::model::FileName;

/// Where a file of a disk is or is to be: a folder, as `Disk::folder` takes it, and a name in it. A file of the
/// catalogue has its own; its receiver may choose another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub(super) folder: String,
    pub(super) name: OsString,
}

impl Spot {
    /// A name in the uppermost folder; none when it is more than a name.
    pub fn named(name: &OsStr) -> Option<Self> {
        let mut components = Path::new(name).components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(only)), None) if only == name => Some(Self {
                folder: String::from("."),
                name: name.to_owned(),
            }),
            _ => None,
        }
    }

    /// A file's own name in the uppermost folder.
    pub fn own_name(file: &FileName) -> Self {
        Self {
            folder: String::from("."),
            ..Self::from(file)
        }
    }

    /// Its path on a disk.
    pub fn below(&self, disk: &Path) -> PathBuf {
        match self.folder.as_str() {
            "." => disk.join(&self.name),
            folder => disk.join(folder).join(&self.name),
        }
    }
}

impl From<&FileName> for Spot {
    fn from(file: &FileName) -> Self {
        let (folder, name) = file
            .as_str()
            .rsplit_once('/')
            .unwrap_or((".", file.as_str()));
        Self {
            folder: folder.to_owned(),
            name: name.into(),
        }
    }
}
