//! Values that are given beside the command line: in variables (`TROZOS_*`), and over these in the configuration
//! file. That is TOML, with the names of the flags as keys. Keys at its top are for all programs that have such a
//! flag; those of `[central]`, `[secundario]`, `[cliente]` and `[local]` for one, over those at the top. What is empty
//! is not given.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

use clap::{Command, CommandFactory};
use toml::{Table, Value};

use super::{
    args::{CentralArgs, ClientArgs, LocalArgs, SecondaryArgs, settings_can_have},
    commands::nearest,
    names,
    text::t,
    values,
};

/// Before the names of all variables.
const VARIABLES: &str = "TROZOS_";
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

/// Where a value was given. Later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Nowhere: it is the usual one.
    Default,
    /// In the file.
    File,
    /// In a variable.
    Variable,
    /// On the command line.
    Line,
}

/// What is said to one program beside its command line.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    path: PathBuf,
    /// By the flag's name with underscores.
    values: BTreeMap<String, (OsString, Origin)>,
}

/// The variable of a flag.
fn variable(flag: &str) -> String {
    format!("{VARIABLES}{}", flag.to_uppercase().replace('-', "_"))
}

/// The variables of a flag, by both names.
fn variables(flag: &str) -> impl Iterator<Item = String> + use<> {
    let english = names::english(&flag.replace('_', "-")).map(variable);
    std::iter::once(variable(flag)).chain(english)
}

/// What a flag's variable says.
pub(super) fn of_variable(flag: &str) -> Option<OsString> {
    variables(flag).find_map(|name| values::variable(&name))
}

/// The variable that says something of a flag.
pub(super) fn variable_said(flag: &str) -> String {
    variables(flag)
        .find(|name| values::variable(name).is_some())
        .unwrap_or_else(|| variable(flag))
}

impl Settings {
    /// Reads the given file, or else the first that there is of the usual ones, for a program.
    ///
    /// # Errors
    /// What is wrong with the file, and where.
    pub(super) fn load(given: Option<PathBuf>, program: &str) -> Result<Self, String> {
        let is_given = given.is_some();
        let candidates = given.map_or_else(usual, |path| vec![path]);
        for path in candidates {
            match std::fs::read(&path) {
                // The known keys are computed only now that there is a file.
                Ok(content) => {
                    let text = text(&content).ok_or_else(|| t!("settings-utf8", path = path))?;
                    return Self::parse(path, text, program, &known());
                }
                // An unreadable home, as a service may have, counts as absent.
                Err(error) if !is_given && is_nobodys(&error) => {}
                Err(error) => return Err(t!("settings-unreadable", path = path, why = error)),
            }
        }
        Ok(Self::default())
    }

    /// Takes the variables of a command's flags over what the file says.
    pub(super) fn take_variables(&mut self, command: &Command) {
        let subcommands = command.get_subcommands().flat_map(Command::get_arguments);
        let args = command.get_arguments().chain(subcommands);
        for arg in args.filter(|arg| arg.get_long().is_some()) {
            let flag = arg.get_id().as_str();
            if let Some(value) = of_variable(flag) {
                self.set(flag, value, Origin::Variable);
            }
        }
    }

    /// Sets a value as if it had been given there.
    pub(super) fn set(&mut self, flag: &str, value: OsString, origin: Origin) {
        self.values.insert(flag.to_owned(), (value, origin));
    }

    /// Takes a value away.
    pub(super) fn unset(&mut self, flag: &str) {
        self.values.remove(flag);
    }

    fn parse(path: PathBuf, text: &str, program: &str, known: &[Known]) -> Result<Self, String> {
        let fail = |why: String| t!("settings-wrong", path = path, why = why);
        let table: Table = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let is_twice = error.message().starts_with("duplicate");
            fail(not_toml(text, at, is_twice))
        })?;
        let mut common = BTreeMap::new();
        let (mut own, mut others) = (BTreeMap::new(), BTreeMap::new());
        for (section_key, value) in &table {
            let key = section_key;
            let section = names::section(key);
            let section = known.iter().find(|known| known.section == section);
            match (section, value) {
                (Some(section), Value::Table(entries)) => {
                    for (key, value) in entries {
                        let full = format!("{section_key}.{key}");
                        let flag = find(key, &section.flags)
                            .map_err(|near| fail(unknown(&full, near, &section.flags)))?;
                        let value = plain(&full, value).map_err(&fail)?;
                        let mine = section.program == program;
                        let own = if mine { &mut own } else { &mut others };
                        add(own, section.section, flag, value).map_err(&fail)?;
                    }
                }
                _ => {
                    let all: Vec<String> = known
                        .iter()
                        .flat_map(|known| known.flags.iter().cloned())
                        .collect();
                    let flag = find(key, &all).map_err(|near| fail(unknown(key, near, &all)))?;
                    let value = plain(key, value).map_err(&fail)?;
                    add(&mut common, "", flag, value).map_err(&fail)?;
                }
            }
        }
        let given = common.into_iter().chain(own);
        let given = given.filter(|(_, value)| !values::trimmed(value.as_ref()).is_empty());
        let values = given.map(|((_, flag), value)| (flag, (value.into(), Origin::File)));
        Ok(Self {
            path,
            values: values.collect(),
        })
    }

    /// The value of a flag, by its name with underscores.
    pub(super) fn get(&self, flag: &str) -> Option<&OsStr> {
        self.values.get(flag).map(|(value, _)| value.as_os_str())
    }

    /// Where the value of a flag was given.
    pub(super) fn origin(&self, flag: &str) -> Origin {
        self.values
            .get(flag)
            .map_or(Origin::Default, |(_, origin)| *origin)
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Which file is read.
    pub(super) fn summary(&self) -> String {
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

/// Values by section and flag.
type Entries = BTreeMap<(&'static str, String), String>;

/// Adds a key, which may be written with hyphens or underscores, but once.
fn add(
    entries: &mut Entries,
    section: &'static str,
    flag: &str,
    value: String,
) -> Result<(), String> {
    match entries.insert((section, flag.replace('-', "_")), value) {
        None => Ok(()),
        Some(_) => Err(t!("settings-twice", key = flag)),
    }
}

/// The text of a file, without a byte order mark; `None` when it is not UTF-8.
fn text(content: &[u8]) -> Option<&str> {
    let content = content
        .strip_prefix(values::BYTE_ORDER_MARK)
        .unwrap_or(content);
    std::str::from_utf8(content).ok()
}

fn is_nobodys(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory
    )
}

/// Where a file is looked for.
fn usual() -> Vec<PathBuf> {
    let own = values::xdg("XDG_CONFIG_HOME", ".config");
    let own = own.map(|folder| folder.join("trozos/trozos.toml"));
    own.into_iter()
        .chain([PathBuf::from(SYSTEM_FILE)])
        .collect()
}

/// The flag of a key, which may have underscores; or the one that is spelt nearly so.
fn find<'a>(key: &str, flags: &'a [String]) -> Result<&'a str, Option<String>> {
    let name = key.replace('_', "-");
    let meant = names::spanish(&name);
    if let Some(flag) = flags.iter().find(|flag| *flag == meant) {
        return Ok(flag);
    }
    let english = flags.iter().filter_map(|flag| names::english(flag));
    let known = flags.iter().map(String::as_str).chain(english);
    Err(nearest(&name, known).map(|near| names::flag(names::spanish(near))))
}

fn unknown(key: &str, near: Option<String>, flags: &[String]) -> String {
    match near {
        Some(near) => t!("settings-unknown-near", key = key, near = near),
        None => {
            let mut flags: Vec<String> = flags.iter().map(|flag| names::flag(flag)).collect();
            flags.sort();
            flags.dedup();
            t!("settings-unknown", key = key, known = flags.join(", "))
        }
    }
}

/// Where a text is no TOML, and what is there.
fn not_toml(text: &str, at: usize, is_twice: bool) -> String {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[start..].chars().count() + 1;
    let found = text[start..].lines().next().unwrap_or_default();
    if is_twice {
        return t!(
            "settings-twice-at",
            line = line.to_string(),
            text = found.trim()
        );
    }
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
        assert_eq!(client.get("registro"), Some(OsStr::new("info")));
        assert_eq!(client.get("puerto_central"), Some(OsStr::new("8")));
        assert_eq!(client.get("sobrescribir"), Some(OsStr::new("true")));
        assert_eq!(client.get("numero"), None);
        let secondary = parse(text, "videosecundario").unwrap();
        assert_eq!(secondary.get("puerto_central"), Some(OsStr::new("7")));
        assert_eq!(secondary.get("numero"), Some(OsStr::new("2")));
    }

    #[test]
    fn keys_and_sections_have_english_names_too() {
        let text =
            "log = \"info\"\n[client]\ncentral-port = 8\noverwrite = true\n[secondary]\nnumber = 2";
        let client = parse(text, "videocliente").unwrap();
        assert_eq!(client.get("registro"), Some(OsStr::new("info")));
        assert_eq!(client.get("puerto_central"), Some(OsStr::new("8")));
        assert_eq!(client.get("sobrescribir"), Some(OsStr::new("true")));
        let twice = parse("puerto = 1\nport = 2", "videocentral").unwrap_err();
        assert!(twice.contains("dos veces"), "{twice}");
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
            ("puerto = 1\npuerto = 2", "línea 2"),
            ("puerto-central = 1\npuerto_central = 2", "puerto-central"),
            (
                "[central]\nmax_clientes = 1\nmax-clientes = 1",
                "max-clientes",
            ),
        ] {
            let error = parse(text, "videocentral").unwrap_err();
            assert!(
                error.contains("t.toml") && error.contains(part),
                "{text:?}: {error}"
            );
        }
    }

    #[test]
    fn what_is_empty_is_not_given() {
        let settings = parse(
            "puerto = 7\ndestino = \" \"\n[central]\npuerto = \"\"",
            "videocentral",
        )
        .unwrap();
        assert_eq!(settings.get("puerto"), Some(OsStr::new("7")));
        assert_eq!(settings.get("destino"), None);
        assert_eq!(settings.origin("destino"), Origin::Default);
    }

    #[test]
    fn files_of_other_editors_are_read() {
        assert_eq!(text(b"\xef\xbb\xbfa = 1\r\n"), Some("a = 1\r\n"));
        assert_eq!(text(b"\xff\xfea\0"), None);
        assert!(parse("puerto = 7\r\n", "videocentral").is_ok());
    }
}
