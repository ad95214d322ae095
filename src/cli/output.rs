//! What a program prints without a console: results to standard output, everything else to standard error.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use super::{
    exit::Exit,
    text::{self, t},
};
use crate::node::SecurityError;

/// Tells what a program without a console did. A pipe that was closed is no error.
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

/// Whoever read and has had enough is no error.
pub(super) fn unless_closed(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// How a program ends that had nothing to do but to write this: a result that is lost is a failure.
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

/// Tells why a program cannot do what it should with the secret and the certificates that it was given.
pub(super) fn refuse(error: &SecurityError) -> ExitCode {
    report(&t!("error", why = text::security::error(error)));
    Exit::Failed.into()
}

/// Tells what people should know, beside the results. Where it cannot be written, as on a full disk, it is lost: there is
/// nowhere else to tell it.
pub(super) fn report(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
