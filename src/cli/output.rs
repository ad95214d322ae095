//! What a program prints without a console: results to standard output, everything else to standard error.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use super::{
    exit::Exit,
    text::{self, t},
};
use crate::node::SecurityError;

/// Prints results. A closed pipe is not an error.
///
/// # Errors
/// When it could not be written, as on a full disk: the result is lost.
pub(super) fn say(lines: &[String]) -> io::Result<()> {
    say_bytes(lines.iter().map(String::as_bytes))
}

/// The same for lines that need not be text, as paths are not.
///
/// # Errors
/// As [`say`].
pub(super) fn say_bytes<'a>(lines: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let write = || {
        for line in lines {
            output.write_all(line)?;
            output.write_all(b"\n")?;
        }
        output.flush()
    };
    unless_closed(write())
}

/// A reader that has closed its pipe is not an error.
pub(super) fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// The exit of a program whose only task was to print this: a lost result is a failure.
pub(super) fn wrote(written: io::Result<()>) -> Exit {
    match unless_closed(written) {
        Ok(()) => Exit::Well,
        Err(error) => {
            let why = t!("script-stdout", why = error);
            report(&t!("error", why = why));
            Exit::Failed
        }
    }
}

/// Reports what is wrong with the secret and the certificates that a program was given.
pub(super) fn refuse(error: &SecurityError) -> ExitCode {
    report(&t!("error", why = text::security::error(error)));
    Exit::Failed.into()
}

/// Rings the bell of the terminal that something goes to; nothing where it goes to none.
pub(super) fn bell(mut output: impl Write + IsTerminal) {
    if output.is_terminal() {
        let rung = output.write_all(b"\x07").and_then(|()| output.flush());
        if let Err(error) = rung {
            tracing::debug!(%error, "no bell");
        }
    }
}

/// Prints a message to standard error. It is lost where that cannot be written, as there is nowhere else to report it.
pub(super) fn report(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
