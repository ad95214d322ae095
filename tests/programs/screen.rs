//! What a person sees: the client's terminal, as a terminal shows it.

use std::{
    fs::File,
    io::{Read, Write},
    num::NonZeroU16,
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rexpect::process::PtyProcess;
use rustix::termios::{Winsize, tcsetwinsize};
use vt100::Parser;

use crate::support::{
    DEADLINE, noise,
    process::{CLIENT, Cluster, plain},
    put,
};

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;
/// More than all that is ever printed here.
const SCROLLBACK: usize = 100_000;
/// Slow enough for nothing to end while somebody looks.
const RATE: u64 = 20_000;
const FILE_BYTES: usize = 400_000;
const FILES: usize = 60;

/// A program in a terminal.
struct Terminal {
    process: PtyProcess,
    input: File,
    screen: Arc<Mutex<Parser>>,
}

impl Terminal {
    fn start(command: Command) -> Self {
        let process = PtyProcess::new(command).unwrap();
        let input = process.get_file_handle().unwrap();
        let size = Winsize {
            ws_row: ROWS,
            ws_col: COLUMNS,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&input, size).unwrap();
        let [rows, columns] = [ROWS, COLUMNS].map(|count| NonZeroU16::new(count).unwrap());
        let screen = Arc::new(Mutex::new(Parser::new(rows, columns, SCROLLBACK)));
        let (shown, mut output) = (Arc::clone(&screen), process.get_file_handle().unwrap());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal is an error.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().unwrap().process(&bytes[..count]);
            }
        });
        Self {
            process,
            input,
            screen,
        }
    }

    fn send(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    fn rows(&self) -> Vec<String> {
        let screen = self.screen.lock().unwrap();
        let rows = screen.screen().rows(0, COLUMNS);
        rows.map(|row| row.trim_end().to_owned()).collect()
    }

    /// Rows that have left the screen at its top.
    fn scrolled(&self) -> usize {
        self.screen.lock().unwrap().screen().scrollback_len()
    }

    /// The screen, once it is as it should be.
    fn wait(&self, what: &str, fits: impl Fn(&[String]) -> bool) -> Vec<String> {
        let began = Instant::now();
        loop {
            let rows = self.rows();
            if fits(&rows) {
                return rows;
            }
            assert!(
                began.elapsed() < DEADLINE,
                "never {what}:\n{}",
                rows.join("\n")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait_for(&self, text: &str) -> Vec<String> {
        self.wait(text, |rows| rows.iter().any(|row| row.contains(text)))
    }

    /// Waits until the live lines were drawn so often again.
    fn wait_for_redraws(&self, count: usize) {
        let mut last = live(&self.rows());
        for _ in 0..count {
            self.wait("another redraw", |rows| live(rows) != last);
            last = live(&self.rows());
        }
    }
}

/// Rows of the block above the prompt: those of downloads and the total.
fn live(rows: &[String]) -> Vec<String> {
    let is_live = |row: &&String| {
        row.contains("más en espera") || (row.starts_with('[') && row.contains(" %"))
    };
    rows.iter().filter(is_live).cloned().collect()
}

fn client(cluster: &Cluster) -> Terminal {
    let mut command = Command::new(CLIENT);
    plain(&mut command)
        .args(["--ip-central=127.0.0.1", "--nombre=ana"])
        .arg(format!("--puerto-central={}", cluster.central_port))
        .current_dir(cluster.folder.path())
        .env("TERM", "xterm")
        .env("XDG_STATE_HOME", cluster.folder.path());
    let terminal = Terminal::start(command);
    terminal.wait_for("Te has inscrito como ana");
    terminal.wait("a prompt", |rows| rows.iter().any(|row| row == ">"));
    terminal
}

#[test]
fn sixty_downloads_leave_the_screen_in_peace_and_a_list_stays() {
    let content = noise(1, FILE_BYTES);
    let long = format!(
        "{}.mkv",
        "una conferencia con un nombre muy largo ".repeat(3).trim()
    );
    let mut cluster = Cluster::start(RATE, |folder| {
        for n in 1..=3 {
            let served = folder.join(format!("data/videos{n}"));
            for file in 1..FILES {
                put(&served.join(format!("fichero{file:02}.bin")), &content);
            }
            put(&served.join(&long), &content);
        }
    });
    cluster.wait_for_level(FILES);
    let mut terminal = client(&cluster);
    terminal.send("VIDEO *\r");
    let rows = terminal.wait_for("más en espera");
    let asked = rows.iter().find(|row| row.contains("60 ficheros pedidos"));
    assert!(asked.is_some(), "{rows:#?}");
    terminal.wait("what runs", |rows| live(rows).len() > 1);
    // Drawing the block again moves nothing.
    let scrolled = terminal.scrolled();
    for _ in 0..10 {
        terminal.wait_for_redraws(1);
        let live = live(&terminal.rows());
        assert!(live.len() <= usize::from(ROWS) / 3, "{live:#?}");
        let totals = live.iter().filter(|row| row.contains("más en espera"));
        assert!(totals.count() <= 1, "{live:#?}");
    }
    assert_eq!(terminal.scrolled(), scrolled);
    // What Tab lists is there for as long as nothing else is printed.
    terminal.send("AYUDA \t");
    let listed = |rows: &[String]| {
        let all = rows.join(" ");
        ["VIDEO", "ESTADO", "REANUDAR", "VERIFICAR", "PRIORIDAD"]
            .iter()
            .all(|name| all.split_whitespace().any(|word| word == *name))
    };
    terminal.wait("a list", listed);
    let scrolled = terminal.scrolled();
    terminal.wait_for_redraws(4);
    let rows = terminal.rows();
    assert!(listed(&rows), "{rows:#?}");
    assert_eq!(terminal.scrolled(), scrolled);
    assert!(rows.iter().any(|row| row == "> AYUDA"), "{rows:#?}");
    // One secondary falls: one line, however many downloads it served.
    cluster.secondaries[1].kill();
    let rows = terminal.wait_for("El secundario 2 ha caído");
    let fallen = |rows: &[String]| rows.iter().filter(|row| row.contains("ha caído")).count();
    assert_eq!(fallen(&rows), 1, "{rows:#?}");
    terminal.wait_for_redraws(3);
    assert_eq!(fallen(&terminal.rows()), 1, "{:#?}", terminal.rows());
    // All are left for the next run in one line, and no prompt is left.
    terminal.send("\u{3}");
    terminal.wait("an empty line", |rows| rows.iter().any(|row| row == ">"));
    terminal.send("SALIR\r");
    terminal.wait_for("60 descargas quedan a medias");
    terminal.process.wait().unwrap();
    let rows = terminal.wait("no prompt", |rows| !rows.iter().any(|row| row == ">"));
    assert_eq!(live(&rows), [""; 0], "{rows:#?}");
}
