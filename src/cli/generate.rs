//! Completions for shells and manual pages, made of the command lines' own definitions.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;

use super::{
    quantity::BadValue,
    text::{
        language::{self, Language},
        t,
    },
    values,
};

/// First argument of `videolocal` that asks for them, in Spanish and in English; the folder follows.
const FLAGS: [&str; 2] = ["--generar", "--generate"];
/// How the line of a heading begins in a manual page.
const HEADING: &str = ".SH ";
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// The folder, when this process was started to make them.
pub(super) fn asked_for() -> Option<Result<PathBuf, BadValue>> {
    let mut args = std::env::args_os().skip(1);
    let first = args.next()?;
    let first = first.to_str()?;
    let folder = match FLAGS.iter().find_map(|flag| first.strip_prefix(flag))? {
        "" => args.next()?,
        value => value.strip_prefix('=')?.into(),
    };
    Some(values::path(&folder))
}

/// The flag as the session calls it.
pub(super) fn shown() -> &'static str {
    FLAGS[usize::from(language::chosen() == Language::English)]
}

/// Makes them for programs in a folder: `man/PROGRAM.1` and one for each subcommand, `bash/PROGRAM.bash`,
/// `zsh/_PROGRAM` and `fish/PROGRAM.fish`. Gives their paths.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn files(folder: &Path, commands: &mut [Command]) -> io::Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    let pages = folder.join("man");
    fs::create_dir_all(&pages)?;
    for command in commands {
        // Before the completions, which add a `help` to what has subcommands.
        let mut described = command.clone().disable_help_subcommand(true);
        described.build();
        manual(&described, &pages, &mut made)?;
        let name = command.get_name().to_owned();
        for shell in SHELLS {
            let into = folder.join(shell.to_string());
            fs::create_dir_all(&into)?;
            made.push(generate_to(shell, command, &name, &into)?);
        }
    }
    Ok(made)
}

/// A page with its headings in the chosen language. Those of flags are so already, and are what all are: in capitals.
fn with_headings(page: &str) -> String {
    let mut text = String::new();
    for line in page.lines() {
        match line.strip_prefix(HEADING) {
            Some(name) => text.push_str(&format!("{HEADING}{}", heading(name))),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

fn heading(name: &str) -> String {
    match name {
        "NAME" => t!("manual-name"),
        "SYNOPSIS" => t!("manual-synopsis"),
        "DESCRIPTION" => t!("manual-description"),
        "EXTRA" => t!("manual-notes"),
        "VERSION" => t!("manual-version"),
        of_flags => of_flags.to_uppercase(),
    }
}

fn manual(command: &Command, folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    // A date of nothing would be left out, and the source be taken for it.
    let page = Man::new(command.clone())
        .date(" ")
        .source(concat!("trozos ", env!("CARGO_PKG_VERSION")))
        .manual(t!("manual-title"));
    let mut text = Vec::new();
    page.render(&mut text)?;
    let path = folder.join(page.get_filename());
    fs::write(&path, with_headings(&String::from_utf8_lossy(&text)))?;
    made.push(path);
    for subcommand in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        manual(subcommand, folder, made)?;
    }
    Ok(())
}
