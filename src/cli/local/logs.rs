//! The logs of a local cluster's processes: as their parent's is, in files of their own.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use crate::cli::{args::Common, logging::LogFormat};

/// What the children log, and where.
#[derive(Clone, Debug)]
pub(super) struct LogPlan {
    level: String,
    format: LogFormat,
    /// The parent's; without one, logs are where all is that the children print.
    file: Option<PathBuf>,
}

impl LogPlan {
    /// By the parent's flags.
    pub(super) fn of(common: &Common) -> Self {
        Self {
            level: common.registro.clone(),
            format: common.registro_formato,
            file: common.registro_archivo.clone(),
        }
    }

    /// The flags that make a child log so.
    pub(super) fn flags(&self, child: &str) -> Vec<OsString> {
        let format = self.format.to_possible_value();
        let format = format.map_or_else(String::new, |value| value.get_name().to_owned());
        let mut flags = vec![
            format!("--registro={}", self.level).into(),
            format!("--registro-formato={format}").into(),
        ];
        if let Some(file) = &self.file {
            flags.push(with_path("--registro-archivo", &beside(file, child)));
        }
        flags
    }
}

/// A flag with a path, which need not be text.
pub(super) fn with_path(flag: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(flag);
    argument.push("=");
    argument.push(path);
    argument
}

/// A child's own file beside its parent's: a line of a log does not say which process it comes from.
fn beside(file: &Path, child: &str) -> PathBuf {
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{child}"));
    if let Some(extension) = file.extension() {
        name.push(".");
        name.push(extension);
    }
    file.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_child_logs_to_a_file_of_its_own_beside_its_parents() {
        for (file, of_child) in [
            ("a.log", "a-secundario2.log"),
            ("/var/log/a", "/var/log/a-secundario2"),
            ("x.y/a.b.log", "x.y/a.b-secundario2.log"),
        ] {
            let plan = LogPlan {
                level: "info,trozos=debug".to_owned(),
                format: LogFormat::Json,
                file: Some(PathBuf::from(file)),
            };
            let expected = [
                "--registro=info,trozos=debug",
                "--registro-formato=json",
                &format!("--registro-archivo={of_child}"),
            ];
            assert_eq!(plan.flags("secundario2"), expected);
        }
    }
}
