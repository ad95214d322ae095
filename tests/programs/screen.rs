//! What a person sees: the client's terminal, as a terminal shows it.

use crate::{
    support::{noise, process::Cluster, put},
    terminal::{self, ROWS, Screen},
};

/// Slow enough for nothing to end while somebody looks.
const RATE: u64 = 20_000;
const FILE_BYTES: usize = 400_000;
const FILES: usize = 60;

/// Waits until the live lines were drawn so often again.
fn wait_for_redraws(terminal: &Screen, count: usize) {
    let mut last = live(&terminal.rows());
    for _ in 0..count {
        terminal.wait("another redraw", |rows| live(rows) != last);
        last = live(&terminal.rows());
    }
}

/// Rows of the block above the prompt: those of downloads and the total.
fn live(rows: &[String]) -> Vec<String> {
    let is_live = |row: &&String| {
        row.contains("más en espera") || (row.starts_with('[') && row.contains(" %"))
    };
    rows.iter().filter(is_live).cloned().collect()
}

fn client(cluster: &Cluster) -> Screen {
    let command = terminal::client(cluster, cluster.folder.path(), &["--nombre=ana"]);
    let terminal = Screen::start(command);
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
        wait_for_redraws(&terminal, 1);
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
    wait_for_redraws(&terminal, 4);
    let rows = terminal.rows();
    assert!(listed(&rows), "{rows:#?}");
    assert_eq!(terminal.scrolled(), scrolled);
    assert!(rows.iter().any(|row| row == "> AYUDA"), "{rows:#?}");
    // One secondary falls: one line, however many downloads it served.
    cluster.secondaries[1].kill();
    let rows = terminal.wait_for("El secundario 2 ha caído");
    let fallen = |rows: &[String]| rows.iter().filter(|row| row.contains("ha caído")).count();
    assert_eq!(fallen(&rows), 1, "{rows:#?}");
    wait_for_redraws(&terminal, 3);
    assert_eq!(fallen(&terminal.rows()), 1, "{:#?}", terminal.rows());
    // All are left for the next run in one line, and no prompt is left.
    terminal.send("\u{3}");
    terminal.wait("an empty line", |rows| rows.iter().any(|row| row == ">"));
    // What was live is not left above what is said of Ctrl-C.
    terminal.send("\u{3}");
    terminal.wait_for("Ctrl-C otra vez para salir");
    wait_for_redraws(&terminal, 2);
    let rows = terminal.rows();
    let said = rows.iter().position(|row| row.contains("Ctrl-C otra vez"));
    let (above, below) = rows.split_at(said.unwrap());
    assert_eq!(live(above), [""; 0], "{rows:#?}");
    assert!(live(below).len() > 1, "{rows:#?}");
    // What is under way already is said in one line as well.
    terminal.send("VIDEO *\r");
    terminal.wait_for("60 ficheros ya se están descargando");
    terminal.send("SALIR\r");
    terminal.wait_for("60 descargas quedan a medias");
    terminal.process.wait().unwrap();
    let rows = terminal.wait("no prompt", |rows| !rows.iter().any(|row| row == ">"));
    assert_eq!(live(&rows), [""; 0], "{rows:#?}");
}
