//! Completions for shells and manual pages, made of the command lines' own definitions.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;

/// First argument of `videolocal` that asks for them; the folder follows.
const FLAG: &str = "--generar";
const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// The folder, when this process was started to make them.
pub(super) fn asked_for() -> Option<PathBuf> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != FLAG {
        return None;
    }
    args.next().map(PathBuf::from)
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

fn manual(command: &Command, folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    made.push(Man::new(command.clone()).generate_to(folder)?);
    for subcommand in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        manual(subcommand, folder, made)?;
    }
    Ok(())
}
