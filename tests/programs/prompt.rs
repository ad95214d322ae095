//! The prompt in a terminal of its own: what is typed, what appears above it, and what is left of it.

use std::path::Path;

use rexpect::session::PtySession;
use rustix::process::Signal;

use crate::{
    support::{noise, process::Cluster, put},
    terminal::{client, ends_well, resize, session},
};

/// Three secondaries with two files, at a rate that leaves time to type.
fn cluster() -> Cluster {
    let cluster = Cluster::start(500_000, |folder| {
        for n in 1..=3 {
            let served = folder.join(format!("data/videos{n}"));
            put(&served.join("pelicula.bin"), &noise(1, 12_000_000));
            put(&served.join("otra cosa.bin"), &noise(2, 100_000));
        }
    });
    cluster.central.wait_for("Sincronizado");
    cluster
}

fn terminal(cluster: &Cluster, state: &Path, flags: &[&str]) -> PtySession {
    let mut terminal = session(client(cluster, state, flags));
    if flags.contains(&"--nombre") {
        let is_english = flags.contains(&"en");
        let greeting = if is_english {
            "Enrolled as ana"
        } else {
            "Te has inscrito como ana"
        };
        terminal.exp_string(greeting).unwrap();
    }
    terminal.exp_string("> ").unwrap();
    terminal
}

#[test]
fn control_c_clears_a_line_and_ends_on_an_empty_one() {
    let cluster = cluster();
    let mut terminal = terminal(&cluster, cluster.folder.path(), &["--nombre", "ana"]);
    terminal.send("lista_vid").unwrap();
    terminal.flush().unwrap();
    terminal.exp_string("lista_vid").unwrap();
    terminal.send_control('c').unwrap();
    // What was typed is gone: this would be no command otherwise.
    terminal.send_line("nombre").unwrap();
    terminal.exp_string("Te llamas ana").unwrap();
    terminal.send_control('c').unwrap();
    ends_well(terminal);
}

#[test]
fn what_was_typed_is_there_in_the_next_run() {
    let cluster = cluster();
    let state = cluster.folder.path().join("estado");
    let mut first = terminal(&cluster, &state, &[]);
    first.send_line("BUSCAR pelic").unwrap();
    first.exp_string("3 de 3").unwrap();
    first.send_control('d').unwrap();
    ends_well(first);
    let mut second = terminal(&cluster, &state, &[]);
    // The arrow up, and return.
    second.send("\x1b[A").unwrap();
    second.send_line("").unwrap();
    second.exp_string("BUSCAR pelic").unwrap();
    second.exp_string("3 de 3").unwrap();
    second.send_control('d').unwrap();
    ends_well(second);
}

#[test]
fn commands_and_files_are_completed() {
    let cluster = cluster();
    let mut terminal = terminal(&cluster, cluster.folder.path(), &["--nombre", "ana"]);
    terminal.send("VID\totr\t").unwrap();
    terminal.send_line("").unwrap();
    terminal.exp_string("Descarga 1: ").unwrap();
    terminal.exp_string("completa y verificada").unwrap();
    assert!(
        cluster
            .folder
            .path()
            .join("data/descargas/otra cosa.bin")
            .exists()
    );
    terminal.send_control('d').unwrap();
    ends_well(terminal);
}

#[test]
fn a_half_typed_line_outlives_events_and_a_narrow_window() {
    let cluster = cluster();
    let mut terminal = terminal(&cluster, cluster.folder.path(), &["--nombre", "ana"]);
    terminal.send_line("VIDEO pelicula.bin").unwrap();
    terminal.exp_string("[1] ").unwrap();
    terminal.send("lista_").unwrap();
    terminal.flush().unwrap();
    terminal.exp_string("MB/s").unwrap();
    // The window changes while live lines move.
    let window = terminal.process().get_file_handle().unwrap();
    for columns in [40, 100, 30, 200, 80] {
        resize(&window, 24, columns);
        terminal.exp_string("[1] ").unwrap();
    }
    terminal.exp_string("completa y verificada").unwrap();
    terminal.send_line("videos").unwrap();
    terminal.exp_string("3 de 3").unwrap();
    terminal.send_control('d').unwrap();
    ends_well(terminal);
}

#[test]
fn a_download_is_paused_looked_at_and_resumed() {
    let cluster = cluster();
    let mut terminal = terminal(&cluster, cluster.folder.path(), &["--nombre", "ana"]);
    terminal.send_line("VIDEO pelicula.bin").unwrap();
    terminal.exp_string("[1] ").unwrap();
    terminal.send_line("PAUSAR 1").unwrap();
    terminal
        .exp_string("en pausa; lo verificado se conserva")
        .unwrap();
    terminal.send_line("DETALLE pelicula.bin").unwrap();
    terminal.exp_string("falta").unwrap();
    terminal.send_line("REANUDAR 1").unwrap();
    terminal.exp_string("completa y verificada").unwrap();
    terminal.send_line("ayuda verificar").unwrap();
    terminal
        .exp_string("Ejemplo: VERIFICAR pelicula.mp4")
        .unwrap();
    terminal.send_line("VERIFICAR pelicula.bin").unwrap();
    terminal.exp_string("comprobada trozo a trozo").unwrap();
    terminal.send_control('d').unwrap();
    ends_well(terminal);
}

#[test]
fn a_central_that_stands_still_holds_up_only_what_needs_it() {
    let cluster = cluster();
    let mut terminal = terminal(&cluster, cluster.folder.path(), &["--nombre", "ana"]);
    terminal.send_line("VIDEO pelicula.bin").unwrap();
    terminal.exp_string("[1] ").unwrap();
    cluster.central.signal(Signal::STOP);
    // The answer to what the completion has asked before may be on its way: it is one to the first line, too.
    terminal.send_line("LISTA_VIDEOS").unwrap();
    terminal.send_line("LISTA_VIDEOS").unwrap();
    terminal
        .exp_string("El central tarda en contestar")
        .unwrap();
    terminal.send_line("BUSCAR otra").unwrap();
    terminal
        .exp_string("En cuanto conteste: BUSCAR otra")
        .unwrap();
    terminal.send_line("PAUSAR 1").unwrap();
    terminal
        .exp_string("en pausa; lo verificado se conserva")
        .unwrap();
    cluster.central.signal(Signal::CONT);
    // The answers come in the order of the questions: a list of both files, and one of the other.
    terminal.exp_string("pelicula.bin").unwrap();
    terminal.exp_string("otra cosa.bin").unwrap();
    cluster.central.signal(Signal::STOP);
    // As above.
    terminal.send_line("ESTADO").unwrap();
    terminal.send_line("ESTADO").unwrap();
    // What is known here is told at once.
    terminal.exp_string("| en pausa").unwrap();
    terminal.exp_string("Ctrl-C deja de esperar").unwrap();
    terminal.send_control('c').unwrap();
    terminal
        .exp_string("Ya no se espera al central: ESTADO")
        .unwrap();
    terminal.send_line("SALIR").unwrap();
    terminal.exp_string("queda a medias").unwrap();
    ends_well(terminal);
}

#[test]
fn english_is_spoken_when_asked_for() {
    let cluster = cluster();
    let flags = ["--nombre", "ana", "--idioma", "en"];
    let mut terminal = terminal(&cluster, cluster.folder.path(), &flags);
    terminal.send_line("list").unwrap();
    terminal.exp_string("3 of 3").unwrap();
    terminal.send_line("GET otra*").unwrap();
    terminal.exp_string("complete and verified").unwrap();
    terminal.send_line("help get").unwrap();
    terminal.exp_string("Example: GET film.mp4").unwrap();
    terminal.send_line("quit").unwrap();
    ends_well(terminal);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let cluster = cluster();
    let flags = ["--nombre", "ana"];
    for (variables, has_colours) in [
        (vec![], true),
        (vec![("NO_COLOR", "1")], false),
        (vec![("CLICOLOR", "0")], false),
        (vec![("TERM", "dumb")], false),
        (vec![("TERM", "dumb"), ("CI", "true")], false),
    ] {
        let mut command = client(&cluster, cluster.folder.path(), &flags);
        command.envs(variables.clone());
        let mut terminal = session(command);
        terminal.exp_string("Te has inscrito como ana").unwrap();
        terminal.send_line("VIDEO nada").unwrap();
        let before = terminal.exp_string("fichero con ese nombre").unwrap();
        assert_eq!(
            before.contains("\x1b[31m"),
            has_colours,
            "{variables:?}: {before:?}"
        );
        terminal.send_line("SALIR").unwrap();
        ends_well(terminal);
    }
}
