//! Work that outlives a client: what it remembers when it is killed or told to end, what waits for service, and who it is.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use rexpect::{ReadUntil, process::Signal as PtySignal, session::PtySession};
use rustix::process::Signal;

use crate::{
    support::{
        names, noise,
        process::{Cluster, Process},
        put,
    },
    terminal::{self, ends_well, session},
};

const BYTES: usize = 12_000_000;

/// Three secondaries with a file, at a rate that leaves time to do something.
fn cluster() -> Cluster {
    let cluster = Cluster::start(500_000, |folder| {
        for n in 1..=3 {
            let served = folder.join(format!("data/videos{n}"));
            put(&served.join("pelicula.bin"), &noise(1, BYTES));
        }
    });
    cluster.central.wait_for("Sincronizado");
    cluster
}

fn command(cluster: &Cluster, flags: &[&str]) -> Command {
    let state = cluster.folder.path().join("estado");
    let mut command = terminal::client(cluster, &state, flags);
    command.env("USER", "ana");
    command
}

fn terminal(cluster: &Cluster, flags: &[&str]) -> PtySession {
    let mut terminal = started(cluster, flags);
    terminal.exp_string("> ").unwrap();
    terminal
}

/// The same from its first line on: what it remembers may be told before there is a prompt.
fn started(cluster: &Cluster, flags: &[&str]) -> PtySession {
    session(command(cluster, flags))
}

/// The files in which clients remember their downloads.
fn memories(folder: &Path) -> Vec<String> {
    let mut all = names(folder);
    all.retain(|name| name.contains("descargas-"));
    all
}

/// Waits until it is written down that so many bytes are here.
fn written_down(folder: &Path, bytes: u64) {
    let began = std::time::Instant::now();
    let is_there = || {
        let name = memories(folder).pop()?;
        let text = std::fs::read(folder.join(name)).ok()?;
        let json: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let have = json["downloads"][0]["reached"]["have_bytes"].as_u64()?;
        (have >= bytes).then_some(())
    };
    while is_there().is_none() {
        assert!(began.elapsed() < crate::support::DEADLINE, "never written");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn what_a_killed_client_had_begun_goes_on_in_the_next() {
    let cluster = cluster();
    let folder = cluster.folder.path();
    let mut first = cluster.client("ana");
    first.type_line("VIDEO pelicula.bin");
    written_down(&folder.join("stats"), 1_000_000);
    first.kill();
    let part = folder.join("data/descargas/pelicula.bin.part");
    assert!(part.exists());

    let mut second = Process::spawn(&mut command(
        &cluster,
        &["--nombre=ana", "--estadisticas=stats"],
    ));
    second.wait_for("1 descarga a medias: REANUDAR * la sigue");
    let line = second.wait_for("[1] pelicula.bin: ");
    assert!(line.contains(" de 12,0 MB ("), "{line}");
    second.type_line("ESTADO");
    second.wait_for("en pausa, ");
    second.type_line("REANUDAR *");
    second.wait_for("completa y verificada");
    second.type_line("REANUDAR *");
    second.wait_for("No hay ninguna descarga que reanudar");
    second.type_line("SALIR");
    assert_eq!(second.exit_code(), 0, "{:?}", second.printed());
    assert!(memories(&folder.join("stats")).is_empty());
    let bytes = std::fs::read(folder.join("data/descargas/pelicula.bin")).unwrap();
    assert!(bytes == noise(1, BYTES));
}

#[test]
fn who_leaves_with_downloads_under_way_is_asked_and_told_what_is_left() {
    let cluster = cluster();
    let mut first = terminal(&cluster, &["--nombre=ana"]);
    first.send_line("VIDEO pelicula.bin").unwrap();
    first.exp_string("Descarga 1: ").unwrap();
    first.send_control('c').unwrap();
    first
        .exp_string("1 descarga en marcha: Ctrl-C otra vez para salir")
        .unwrap();
    // On a slow machine the second one may come too late to be one.
    loop {
        first.send_control('c').unwrap();
        let asked = ReadUntil::String("Ctrl-C otra vez".to_owned());
        let told = ReadUntil::String("1 descarga queda a medias".to_owned());
        let (_, found) = first.exp_any(vec![asked, told]).unwrap();
        if found.contains("a medias") {
            break;
        }
    }
    ends_well(first);

    // A signal is asked back too, and what was begun is still there.
    let mut second = started(&cluster, &["--nombre=ana"]);
    second.exp_string("1 descarga a medias").unwrap();
    second.send_line("REANUDAR 1").unwrap();
    second.exp_string("Descarga 1: ").unwrap();
    second.process_mut().signal(PtySignal::SIGINT).unwrap();
    second.exp_string("Ctrl-C otra vez para salir").unwrap();
    second.send_line("SALIR").unwrap();
    second.exp_string("1 descarga queda a medias").unwrap();
    ends_well(second);
    // SIGTERM does not ask.
    let mut third = started(&cluster, &["--nombre=ana"]);
    third.exp_string("1 descarga a medias").unwrap();
    third.process_mut().signal(PtySignal::SIGTERM).unwrap();
    third.exp_string("1 descarga queda a medias").unwrap();
    ends_well(third);
}

#[test]
fn a_request_before_service_is_repeated_by_itself() {
    let mut cluster = cluster();
    for secondary in &mut cluster.secondaries {
        secondary.kill();
    }
    cluster.central.signal(Signal::TERM);
    cluster.central.exit_code();
    cluster.restart_central();
    let mut terminal = terminal(&cluster, &["--nombre=ana"]);
    terminal.send_line("VIDEO pelicula.bin").unwrap();
    terminal
        .exp_string("No hay servicio: 0 de 3 secundarios. Se pedir")
        .unwrap();
    terminal
        .exp_string("Descarga 1: pelicula.bin, en espera de servicio")
        .unwrap();
    // What needs the list waits too, and what does not goes on.
    terminal.send_line("LISTA_VIDEOS").unwrap();
    terminal.exp_string("0 de 3 secundarios. Se pedir").unwrap();
    terminal.send_line("NOMBRE").unwrap();
    terminal.exp_string("Te llamas ana").unwrap();
    for n in 1..=3 {
        cluster.restart_secondary(n);
    }
    let complete = ReadUntil::String("completa y verificada".to_owned());
    let listed = ReadUntil::String("| 12,0 MB |".to_owned());
    let either = terminal.exp_any(vec![complete, listed]).unwrap();
    let other = if either.1.contains("verificada") {
        "| 12,0 MB |"
    } else {
        "completa y verificada"
    };
    terminal.exp_string(other).unwrap();
    terminal.send_control('d').unwrap();
    ends_well(terminal);
}

#[test]
fn a_client_without_a_name_is_its_users_and_the_second_one_is_told_apart() {
    let cluster = cluster();
    let mut first = terminal(&cluster, &[]);
    let mut second = terminal(&cluster, &[]);
    first.send_line("NOMBRE").unwrap();
    let (_, name) = first.exp_regex(r"Te llamas ana@[\w.-]+").unwrap();
    second.send_line("NOMBRE").unwrap();
    second.exp_string(&format!("{name}-2")).unwrap();
    // No ceremony before the first download.
    second.send_line("VIDEO pelicula.bin").unwrap();
    second.exp_string("Descarga 1: ").unwrap();
    for mut terminal in [first, second] {
        terminal.send_line("SALIR").unwrap();
        ends_well(terminal);
    }
}

#[test]
fn the_second_client_of_a_name_is_told_apart_and_both_keep_theirs() {
    let mut cluster = cluster();
    let mut clients = ["ana", "ana"].map(|name| cluster.client(name));
    let [first, second] = &mut clients;
    second.wait_for("Te has inscrito como ana-2: ya hay otro cliente que se llama ana");
    first.type_line("NOMBRE");
    first.wait_for("Te llamas ana");
    // Whoever comes back first gets nobody else's name.
    cluster.central.signal(Signal::TERM);
    cluster.central.exit_code();
    cluster.restart_central();
    for (client, name) in [(&mut *first, "ana"), (&mut *second, "ana-2")] {
        client.wait_for("Conectado de nuevo con el central");
        let before = client.printed().len();
        client.type_line("NOMBRE");
        client.wait_for_nth("Te llamas", if name == "ana" { 2 } else { 1 });
        let said = client.printed_after(before).join("\n");
        assert!(said.contains(&format!("Te llamas {name}")), "{said}");
    }
    cluster.central.wait_for("ana-2");
    cluster.central.type_line("EXPULSAR ana");
    first.wait_for("El administrador te ha expulsado");
    second.type_line("VIDEO pelicula.bin");
    second.wait_for("Descarga 1: ");
    // Its figures are of the name that it was given by its user.
    assert!(
        !cluster
            .folder
            .path()
            .join("stats/cliente-ana-2.json")
            .exists()
    );
}

#[test]
fn clients_leave_nothing_where_they_are_started() {
    let cluster = cluster();
    let elsewhere = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = command(&cluster, args);
        let command = command.current_dir(elsewhere.path()).stdin(Stdio::null());
        command.output().unwrap()
    };
    let state = cluster.folder.path().join("estado/trozos");
    for args in [
        &["listar"][..],
        &["estado"],
        &["listar", "--estadisticas=/dev/null/x"],
        &["estado", "--estadisticas=/dev/null/x"],
        &[
            "descargar",
            "-q",
            "pelicula.bin",
            "--estadisticas=/dev/null/x",
        ],
    ] {
        let output = run(args);
        assert!(output.status.success(), "{args:?}: {output:?}");
    }
    assert_eq!(names(elsewhere.path()), ["data/descargas/pelicula.bin"]);
    assert!(!state.exists());
    let output = run(&[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(names(elsewhere.path()), ["data/descargas/pelicula.bin"]);
    let kept = names(&state);
    assert!(
        kept.iter().any(|name| name.starts_with("cliente-ana@")),
        "{kept:?}"
    );
}
