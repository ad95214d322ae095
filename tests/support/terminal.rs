//! A program in a terminal of its own: what is typed into it, what it prints, and what its screen shows.

use std::{
    fs::File,
    io::{Read, Write},
    num::NonZeroU16,
    os::fd::AsFd,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rexpect::{
    process::PtyProcess,
    session::{PtySession, spawn_command},
};
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::Parser;

use crate::support::{
    DEADLINE,
    process::{CLIENT, Cluster, hearing, plain},
};

pub(crate) const ROWS: u16 = 24;
pub(crate) const COLUMNS: u16 = 80;
/// More than all that is ever printed here.
const SCROLLBACK: usize = 100_000;

/// A client of a cluster as a person starts it, with a folder for what it keeps.
pub(crate) fn client(cluster: &Cluster, state: &Path, flags: &[&str]) -> Command {
    let mut command = hearing(CLIENT);
    plain(&mut command)
        .arg("--ip-central=127.0.0.1")
        .arg(format!("--puerto-central={}", cluster.central_port))
        .args(flags)
        .current_dir(cluster.folder.path())
        .env("TERM", "xterm")
        .env("XDG_STATE_HOME", state);
    command
}

/// Starts it, for whoever waits for what it prints.
pub(crate) fn session(command: Command) -> PtySession {
    spawn_command(command, Some(DEADLINE.as_millis() as u64)).unwrap()
}

/// Waits for its end, which is no signal's.
pub(crate) fn ends_well(mut terminal: PtySession) {
    terminal.exp_eof().unwrap();
    let status = terminal.process().wait().unwrap();
    assert!(format!("{status:?}").contains("Exited"), "{status:?}");
}

/// Gives a terminal another size.
pub(crate) fn resize(terminal: impl AsFd, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).unwrap();
}

/// A program and what its screen of [`ROWS`] and [`COLUMNS`] shows.
pub(crate) struct Screen {
    pub(crate) process: PtyProcess,
    input: File,
    shown: Arc<Mutex<Parser>>,
}

impl Screen {
    pub(crate) fn start(command: Command) -> Self {
        let process = PtyProcess::new(command).unwrap();
        let input = process.get_file_handle().unwrap();
        resize(&input, ROWS, COLUMNS);
        let [rows, columns] = [ROWS, COLUMNS].map(|count| NonZeroU16::new(count).unwrap());
        let shown = Arc::new(Mutex::new(Parser::new(rows, columns, SCROLLBACK)));
        let (parser, mut output) = (Arc::clone(&shown), process.get_file_handle().unwrap());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal is an error.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                parser.lock().unwrap().process(&bytes[..count]);
            }
        });
        Self {
            process,
            input,
            shown,
        }
    }

    pub(crate) fn send(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    pub(crate) fn rows(&self) -> Vec<String> {
        let shown = self.shown.lock().unwrap();
        let rows = shown.screen().rows(0, COLUMNS);
        rows.map(|row| row.trim_end().to_owned()).collect()
    }

    /// Rows that have left the screen at its top.
    pub(crate) fn scrolled(&self) -> usize {
        self.shown.lock().unwrap().screen().scrollback_len()
    }

    /// The screen, once it is as it should be.
    pub(crate) fn wait(&self, what: &str, fits: impl Fn(&[String]) -> bool) -> Vec<String> {
        let began = Instant::now();
        loop {
            let rows = self.rows();
            if fits(&rows) {
                return rows;
            }
            let rows = rows.join("\n");
            assert!(began.elapsed() < DEADLINE, "never {what}:\n{rows}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn wait_for(&self, text: &str) -> Vec<String> {
        self.wait(text, |rows| rows.iter().any(|row| row.contains(text)))
    }
}
