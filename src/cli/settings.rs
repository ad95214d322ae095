//! The configuration file: TOML, with the names of the flags as keys. Keys at its top are for all programs that have
//! such a flag; those of `[central]`, `[secundario]`, `[cliente]` and `[local]` for one, over those at the top.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use clap::CommandFactory;
use toml::{Table, Value};

use super::{
    args::{CentralArgs, ClientArgs, SecondaryArgs},
    commands::nearest,
    flags::settings_can_have,
    local::LocalArgs,
    text::t,
};

const SYSTEM_FILE: &str = "/etc/trozos/trozos.toml";

/// A program, its section, and its flags.
#[derive(Debug)]
struct Known {
    program: &'static str,
    section: &'static str,
    flags: Vec<String>,
}

/// What every section can have.
fn known() -> Vec<Known> {
    [
        ("central", CentralArgs::command()),
        ("secundario", SecondaryArgs::command()),
        ("cliente", ClientArgs::command()),
        ("local", LocalArgs::command()),
    ]
    .into_iter()
    .map(|(section, command)| Known {
        program: match section {
            "central" => "videocentral",
            "secundario" => "videosecundario",
            "cliente" => "videocliente",
            _ => "videolocal",
        },
        section,
        flags: command
            .get_arguments()
            .filter(|arg| settings_can_have(arg))
            .filter_map(|arg| arg.get_long().map(str::to_owned))
            .collect(),
    })
    .collect()
}

/// What a file says to one program.
#[derive(Debug, Default)]
pub struct Settings {
    path: PathBuf,
    /// By the flag's name with underscores.
    values: BTreeMap<String, String>,
}

impl Settings {
    /// Reads the given file, or else the first that there is of the usual ones, for a program.
    ///
    /// # Errors
    /// What is wrong with the file, and where.
    pub fn load(given: Option<PathBuf>, program: &str) -> Result<Self, String> {
        let is_given = given.is_some();
        let candidates = given.map_or_else(usual, |path| vec![path]);
        for path in candidates {
            match std::fs::read_to_string(&path) {
                // What can be in it is of interest only now.
                Ok(text) => return Self::parse(path, &text, program, &known()),
                // A home that is not this user's, as a service may have, is none.
                Err(error) if !is_given && is_nobodys(&error) => {}
                Err(error) => return Err(t!("settings-unreadable", path = path, why = error)),
            }
        }
        Ok(Self::default())
    }

    fn parse(path: PathBuf, text: &str, program: &str, known: &[Known]) -> Result<Self, String> {
        let fail = |why: String| t!("settings-wrong", path = path, why = why);
        let table: Table = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            fail(not_toml(text, at))
        })?;
        let mut common = BTreeMap::new();
        let mut own = BTreeMap::new();
        for (key, value) in &table {
            let section = known.iter().find(|known| known.section == key);
            match (section, value) {
                (Some(section), Value::Table(entries)) => {
                    for (key, value) in entries {
                        let full = format!("{}.{key}", section.section);
                        let flag = find(key, &section.flags)
                            .map_err(|near| fail(unknown(&full, near, &section.flags)))?;
                        let value = plain(&full, value).map_err(&fail)?;
                        if section.program == program {
                            own.insert(flag.replace('-', "_"), value);
                        }
                    }
                }
                _ => {
                    let all: Vec<String> = known
                        .iter()
                        .flat_map(|known| known.flags.iter().cloned())
                        .collect();
                    let flag = find(key, &all).map_err(|near| fail(unknown(key, near, &all)))?;
                    let value = plain(key, value).map_err(&fail)?;
                    common.insert(flag.replace('-', "_"), value);
                }
            }
        }
        common.extend(own);
        Ok(Self {
            path,
            values: common,
        })
    }

    /// The value of a flag, by its name with underscores.
    pub fn get(&self, flag: &str) -> Option<&str> {
        self.values.get(flag).map(String::as_str)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which file is read.
    pub fn summary(&self) -> String {
        if self.path.as_os_str().is_empty() {
            let usual: Vec<String> = usual()
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            t!("settings-none", usual = usual.join(", "))
        } else {
            t!("settings-file", path = self.path)
        }
    }
}

fn is_nobodys(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory
    )
}

/// Where a file is looked for.
fn usual() -> Vec<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".config"));
    let own = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(home)
        .map(|folder| folder.join("trozos/trozos.toml"));
    own.into_iter()
        .chain([PathBuf::from(SYSTEM_FILE)])
        .collect()
}

/// The flag of a key, which may have underscores; or the one that is spelt nearly so.
fn find<'a>(key: &str, flags: &'a [String]) -> Result<&'a str, Option<String>> {
    let name = key.replace('_', "-");
    match flags.iter().find(|flag| **flag == name) {
        Some(flag) => Ok(flag),
        None => Err(nearest(&name, flags.iter().map(String::as_str)).map(str::to_owned)),
    }
}

fn unknown(key: &str, near: Option<String>, flags: &[String]) -> String {
    match near {
        Some(near) => t!("settings-unknown-near", key = key, near = near),
        None => {
            let mut flags = flags.to_vec();
            flags.sort();
            flags.dedup();
            t!("settings-unknown", key = key, known = flags.join(", "))
        }
    }
}

/// Where a text is no TOML, and what is there.
fn not_toml(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[start..].chars().count() + 1;
    let found = text[start..].lines().next().unwrap_or_default();
    t!(
        "settings-syntax",
        line = line.to_string(),
        column = column.to_string(),
        text = found.trim()
    )
}

/// A value as it would be written on a command line.
fn plain(key: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Boolean(flag) => Ok(flag.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            Err(t!("settings-kind", key = key))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, program: &str) -> Result<Settings, String> {
        Settings::parse(PathBuf::from("t.toml"), text, program, &known())
    }

    #[test]
    fn sections_are_over_what_is_for_all() {
        let text = "registro = \"info\"\npuerto-central = 7\n[cliente]\npuerto_central = 8\nsobrescribir = true\n\
                    [secundario]\nnumero = 2";
        let client = parse(text, "videocliente").unwrap();
        assert_eq!(client.get("registro"), Some("info"));
        assert_eq!(client.get("puerto_central"), Some("8"));
        assert_eq!(client.get("sobrescribir"), Some("true"));
        assert_eq!(client.get("numero"), None);
        let secondary = parse(text, "videosecundario").unwrap();
        assert_eq!(secondary.get("puerto_central"), Some("7"));
        assert_eq!(secondary.get("numero"), Some("2"));
    }

    #[test]
    fn mistakes_are_named_with_the_remedy() {
        for (text, part) in [
            ("puero = 1", "puerto"),
            ("[cliente]\ndestno = \"x\"", "destino"),
            ("[cliente]\nnumero = 1", "cliente.numero"),
            ("xyzzy = 1", "registro"),
            ("puerto = [1]", "puerto"),
            ("[clientes]\nx = 1", "cliente"),
            ("a = 1\nb = = 2", "2"),
        ] {
            let error = parse(text, "videocentral").unwrap_err();
            assert!(
                error.contains("t.toml") && error.contains(part),
                "{text:?}: {error}"
            );
        }
    }
}
