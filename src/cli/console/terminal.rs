//! The terminal's settings before the prompt changed them.

use std::{
    io::{IsTerminal, Write},
    os::fd::AsFd,
};

use parking_lot::Mutex;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
/// Device numbers of `/dev/null`.
const NULL: (u32, u32) = (1, 3);

/// Remembers how the terminal is, for [`restore`], which a panic calls too.
pub(super) fn remember() {
    let mut before = BEFORE.lock();
    *before = tcgetattr(std::io::stdin()).ok();
    drop(before);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        usual(panic);
    }));
}

/// Restores the terminal. Does nothing when no prompt was started.
pub fn restore() {
    let before = BEFORE.lock();
    if let Some(before) = &*before {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
    }
}

/// Clears what is left of a prompt in its row, where the shell goes on.
pub fn clear_row() {
    let mut output = std::io::stdout();
    let _ = output.write_all(b"\r\x1b[J").and_then(|()| output.flush());
}

/// Columns of the terminal.
pub fn columns() -> usize {
    const USUAL: usize = 80;
    match tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => USUAL,
    }
}

/// Rows of the terminal.
pub fn rows() -> usize {
    const USUAL: usize = 24;
    match tcgetwinsize(std::io::stdout()) {
        Ok(size) if size.ws_row > 0 => usize::from(size.ws_row),
        _ => USUAL,
    }
}

/// Columns of what is printed: those of a terminal; a pipe or a file has as many as it takes.
pub fn page_columns() -> usize {
    if std::io::stdout().is_terminal() {
        columns()
    } else {
        usize::MAX
    }
}

/// False for terminals that cannot move their cursor.
pub fn can_move() -> bool {
    std::env::var_os("TERM").is_none_or(|term| !term.is_empty() && term != "dumb")
}

/// True for `/dev/null`.
pub(super) fn is_null(file: &impl AsFd) -> bool {
    rustix::fs::fstat(file).is_ok_and(|stat| {
        let is_device = rustix::fs::FileType::from_raw_mode(stat.st_mode)
            == rustix::fs::FileType::CharacterDevice;
        is_device
            && (
                rustix::fs::major(stat.st_rdev),
                rustix::fs::minor(stat.st_rdev),
            ) == NULL
    })
}
