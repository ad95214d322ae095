//! Completions for shells and manual pages, made of the command lines' own definitions.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;

use super::{
    manual, remote_names,
    text::{t, topics::Topic},
};

/// How the line of a heading begins in a manual page.
const HEADING: &str = ".SH ";
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// Makes them for programs, which have the commands of their prompts beside them, in a folder: `man/PROGRAM.1` and one for each subcommand, `bash/PROGRAM.bash`,
/// `zsh/_PROGRAM` and `fish/PROGRAM.fish`. Gives their paths.
///
/// # Errors
/// When the folder cannot be written.
pub(super) fn files(
    folder: &Path,
    programs: &mut [(Command, Vec<Topic>)],
) -> io::Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    let pages = folder.join("man");
    fs::create_dir_all(&pages)?;
    for (command, topics) in programs {
        // Before the completions, which add a `help` to what has subcommands.
        let mut described = command.clone().disable_help_subcommand(true);
        described.build();
        let more = manual::sections(command.get_name(), topics);
        page(&described, &more, &pages, &mut made)?;
        let name = command.get_name().to_owned();
        for shell in SHELLS {
            let into = folder.join(shell.to_string());
            fs::create_dir_all(&into)?;
            let path = generate_to(shell, command, &name, &into)?;
            if name == remote_names::PROGRAM {
                let script = fs::read_to_string(&path)?;
                fs::write(&path, remote_names::added(shell, &script))?;
            }
            made.push(path);
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

/// Writes the page of a command, with more sections before its last one, and those of its subcommands.
fn page(command: &Command, more: &str, folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    // A date of nothing would be left out, and the source be taken for it.
    let man = Man::new(command.clone())
        .date(" ")
        .source(concat!("trozos ", env!("CARGO_PKG_VERSION")))
        .manual(t!("manual-title"));
    let mut text = Vec::new();
    man.render(&mut text)?;
    let path = folder.join(man.get_filename());
    let text = with_headings(&String::from_utf8_lossy(&text));
    let last = format!("{HEADING}{}", t!("manual-version"));
    let at = text.find(&last).unwrap_or(text.len());
    let (before, last) = text.split_at(at);
    fs::write(&path, format!("{before}{more}{last}"))?;
    made.push(path);
    for subcommand in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        page(subcommand, "", folder, made)?;
    }
    Ok(())
}
