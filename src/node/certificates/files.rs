//! The files of an authority: read, and written all at once or not at all.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::error::CertificateError;

/// The folder of the files.
pub(super) struct Folder<'a>(pub(super) &'a Path);

impl Folder<'_> {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.path(name).symlink_metadata().is_ok()
    }

    pub(super) fn read(&self, name: &str) -> Result<String, CertificateError> {
        let path = self.path(name);
        fs::read_to_string(&path).map_err(|source| CertificateError::Io { path, source })
    }
}

/// What is to be written.
#[derive(Default)]
pub(super) struct Files(Vec<(String, String)>);

impl Files {
    pub(super) fn add(&mut self, name: String, content: &str) {
        self.0.push((name, content.to_owned()));
    }

    /// All of them or, where one is there already, none.
    pub(super) fn write(self, folder: &Folder<'_>) -> Result<(), CertificateError> {
        let mut names = std::collections::HashSet::new();
        for (name, _) in &self.0 {
            if folder.has(name) || !names.insert(name) {
                return Err(CertificateError::Exists(folder.path(name)));
            }
        }
        let failed = |path: PathBuf| move |source| CertificateError::Io { path, source };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder.0)
            .map_err(failed(folder.0.to_owned()))?;
        for (name, content) in &self.0 {
            let path = folder.path(name);
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            let written = options
                .open(&path)
                .and_then(|mut file| file.write_all(content.as_bytes()));
            written.map_err(failed(path))?;
        }
        Ok(())
    }
}
