//! The programs as people and scripts use them: flags, pipes, a terminal, exit codes.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::{
    support::{
        noise,
        process::{CENTRAL, CLIENT, Cluster, LOCAL, Process, SECONDARY, hearing},
        put,
    },
    terminal,
};

/// Runs a program that ends by itself.
fn ends(program: &str, folder: &std::path::Path, args: &[&str]) -> (i32, String) {
    let mut process = Process::start(program, folder, args);
    let code = process.exit_code();
    // What it printed last is read after its end.
    std::thread::sleep(Duration::from_millis(50));
    (code, process.printed().join("\n"))
}

#[test]
fn bad_starts_name_the_value_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    put(&at.join("file"), b"");
    let central = Process::start(CENTRAL, at, &["-p0", "--ip=127.0.0.1"]);
    let port = central.port().to_string();
    let to_central = format!("--puerto-central={port}");
    let first = Process::start(
        SECONDARY,
        at,
        &["-n1", "-p0", "--ip-central=127.0.0.1", &to_central],
    );
    first.wait_for("Inscrito");
    for (program, args, code, parts) in [
        (SECONDARY, vec!["-n7"], 2, vec!["7", "--secundarios 7"]),
        (SECONDARY, vec!["-n0"], 2, vec!["0", "--numero"]),
        (SECONDARY, vec![], 2, vec!["--numero"]),
        (CENTRAL, vec!["-pabc"], 2, vec!["abc"]),
        (CENTRAL, vec!["--max-clientes=0"], 2, vec!["0"]),
        (
            CENTRAL,
            vec!["--ip=127.0.0.1", "-p", &port],
            1,
            vec![&port, "--puerto"],
        ),
        (
            CENTRAL,
            vec!["--ip=203.0.113.7", "-p0"],
            1,
            vec!["203.0.113.7", "--ip"],
        ),
        (
            CENTRAL,
            vec!["-p0", "--estadisticas=file"],
            1,
            vec!["file", "carpeta"],
        ),
        (
            CENTRAL,
            vec!["-p0", "--registro=a=b=c"],
            2,
            vec!["a=b=c", "--registro"],
        ),
        (
            SECONDARY,
            vec!["-n2", "-p0", "--directorio=file", &to_central],
            1,
            vec!["file", "carpeta"],
        ),
        (
            SECONDARY,
            vec!["-n1", "-p0", "--ip-central=127.0.0.1", &to_central],
            1,
            vec!["número 1", "--numero"],
        ),
        (
            SECONDARY,
            vec![
                "-n9",
                "--secundarios=9",
                "-p0",
                "--ip-central=127.0.0.1",
                &to_central,
            ],
            1,
            vec!["9", "--secundarios"],
        ),
        (CLIENT, vec!["--nombre=../x"], 2, vec!["../x"]),
    ] {
        let (actual, printed) = ends(program, at, &args);
        assert_eq!(actual, code, "{args:?}: {printed}");
        for part in parts {
            assert!(printed.contains(part), "{args:?}: {printed}");
        }
    }
}

#[test]
fn a_pipe_gives_plain_answers_and_an_exit_code() {
    let mut cluster = Cluster::start(1_000_000_000, |folder| {
        put(
            &folder.join("data/videos1/año nuevo.mp4"),
            &noise(1, 3_000_000),
        );
        put(&folder.join("data/videos2/dos"), b"12");
    });
    cluster.wait_for_level(2);
    let mut client = cluster.client("ana");
    client.type_line("lista_videos");
    client.type_line("video 'año nuevo.mp4'");
    client.type_line("VIDEO dos");
    client.type_line("estado");
    client.end_input();
    assert_eq!(client.exit_code(), 0, "{:#?}", client.printed());
    let printed = client.printed().join("\n");
    for part in [
        "año nuevo.mp4 | 3,0 MB |      3 de 3",
        "Descarga 1: año nuevo.mp4",
        "completa y verificada",
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(!printed.contains('\u{1b}'), "{printed}");
    let mut failing = cluster.client("bea");
    failing.type_line("VIDEO nada");
    failing.type_line("plugh");
    failing.end_input();
    assert_eq!(failing.exit_code(), 1);
    failing.wait_for("No hay ningún fichero con ese nombre");
    failing.wait_for("plugh");
    // The books of a download are closed when the secondaries have reported what they sent.
    let began = Instant::now();
    let is_booked = |line: &String| line.contains("año nuevo.mp4 |         1");
    while !cluster.central.printed().iter().any(is_booked) {
        assert!(began.elapsed() < crate::support::DEADLINE);
        cluster.central.type_line("numero_descargas_video");
        std::thread::sleep(Duration::from_millis(100));
    }
    cluster.central.type_line("VIDEOS_CLIENTE");
    cluster.central.wait_for("ana     |         2");
    cluster.secondaries[0].type_line("VIDEOS_DESCARGADOS");
    cluster.secondaries[0].wait_for("descargas");
    cluster.secondaries[0].type_line("VIDEOS_DESCARGANDO");
    cluster.secondaries[0].wait_for("No hay ninguna transferencia");
    // The end of a server's input ends it well, as Ctrl-D does.
    for server in cluster.secondaries.iter_mut().chain([&mut cluster.central]) {
        server.end_input();
        assert_eq!(server.exit_code(), 0);
    }
}

#[test]
fn with_dev_null_a_server_is_a_service_until_a_signal() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let folder = tempfile::tempdir().unwrap();
        let output = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut central = hearing(CENTRAL)
            .arg("-p0")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(output)
            .spawn()
            .unwrap();
        let log = || std::fs::read_to_string(folder.path().join("log")).unwrap();
        let began = Instant::now();
        while !log().contains("Servidor escuchando en ") {
            assert!(began.elapsed() < crate::support::DEADLINE);
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(central.try_wait().unwrap().is_none());
        kill_process(Pid::from_raw(central.id() as i32).unwrap(), signal).unwrap();
        assert_eq!(central.wait().unwrap().code(), Some(0));
        assert!(folder.path().join("stats/central.json").exists());
    }
}

#[test]
fn with_dev_null_a_client_has_nothing_to_do_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut client = Process::start_with_nothing(CLIENT, folder.path(), &["--puerto-central=1"]);
    assert_eq!(client.exit_code(), 0, "{:?}", client.printed());
}

#[test]
fn at_a_terminal_there_is_a_prompt_and_ctrl_d_ends_it() {
    let cluster = Cluster::start(500_000, |folder| {
        for n in 1..=3 {
            put(
                &folder.join(format!("data/videos{n}/a.bin")),
                &noise(1, 3_000_000),
            );
        }
    });
    cluster.central.wait_for("Sincronizado");
    let command = terminal::client(&cluster, cluster.folder.path(), &[]);
    let mut terminal = terminal::session(command);
    terminal.exp_string("> ").unwrap();
    // The library reads bytes as Latin-1: only plain letters are looked for.
    terminal.send_line("inscribir ana maría").unwrap();
    terminal.exp_string("Te has inscrito como ana mar").unwrap();
    terminal.send_line("video a.bin").unwrap();
    terminal.exp_string("[1] ").unwrap();
    // Live lines come while something is typed, and nothing of it is lost.
    terminal.send("lista_").unwrap();
    terminal.flush().unwrap();
    terminal.exp_string(" %").unwrap();
    terminal.exp_string("completa y verificada").unwrap();
    terminal.send_line("videos").unwrap();
    terminal.exp_string("3 de 3").unwrap();
    terminal.send_line("H").unwrap();
    terminal.exp_string("CANCELAR").unwrap();
    terminal.send_control('d').unwrap();
    terminal.exp_eof().unwrap();
    let status = terminal.process().wait().unwrap();
    assert!(format!("{status:?}").contains("Exited"), "{status:?}");
    let kept = cluster.folder.path().join("trozos/cliente-ana maría.json");
    let books = crate::support::statistics(&kept);
    assert_eq!(books["totals"]["downloads"], 1);
    assert!(books["stopped"].is_string());
}

fn children_of(parent: u32) -> Vec<i32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let text = std::fs::read_to_string(path).unwrap();
    text.split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect()
}

fn lives(pid: i32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    let zombie = state.is_ok_and(|text| text.contains(") Z "));
    test_kill_process(Pid::from_raw(pid).unwrap()).is_ok() && !zombie
}

fn all_end(pids: &[i32]) {
    let began = Instant::now();
    while pids.iter().any(|pid| lives(*pid)) {
        assert!(
            began.elapsed() < crate::support::DEADLINE,
            "children are left"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn videolocal_kills_freezes_and_raises_and_leaves_no_child_behind() {
    for end in ["input", "term", "kill"] {
        let folder = tempfile::tempdir().unwrap();
        put(
            &folder.path().join("data/videos1/a.bin"),
            &noise(1, 3_000_000),
        );
        let mut local = Process::start(LOCAL, folder.path(), &[] as &[&str]);
        local.wait_for("Sincronizado: los 3 secundarios tienen el mismo fichero");
        let children = children_of(local.child.id());
        assert_eq!(children.len(), 4);
        local.type_line("MATAR 2");
        local.wait_for("Se ha matado el secundario 2");
        local.type_line("CONGELAR 3");
        local.wait_for("Se ha congelado el secundario 3");
        local.type_line("INSCRIBIR ana");
        local.type_line("VIDEO a.bin");
        local.wait_for("completa y verificada");
        local.type_line("levantar 2");
        local.wait_for("Se ha levantado el secundario 2");
        local.type_line("DESCONGELAR 3");
        local.wait_for("Se ha descongelado");
        local.type_line("NODOS");
        local.wait_for("data/videos3");
        local.type_line("MATAR 9");
        local.wait_for("No hay ningún secundario");
        local.type_line("CONGELAR 1");
        local.wait_for("Se ha congelado el secundario 1");
        let children = children_of(local.child.id());
        assert_eq!(children.len(), 4);
        match end {
            "input" => {
                local.end_input();
                assert_eq!(local.exit_code(), 0, "{:#?}", local.printed());
            }
            "term" => {
                local.signal(Signal::TERM);
                assert_eq!(local.exit_code(), 0, "{:#?}", local.printed());
            }
            _ => local.kill(),
        }
        all_end(&children);
    }
}

#[test]
fn the_demonstration_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(LOCAL);
    command.arg("--demo").current_dir(folder.path());
    let mut demo = Process::spawn(command.env("TMPDIR", folder.path()));
    let began = Instant::now();
    while demo.child.try_wait().unwrap().is_none() {
        assert!(
            began.elapsed() < 4 * crate::support::DEADLINE,
            "{:#?}",
            demo.printed()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(demo.exit_code(), 0, "{:#?}", demo.printed());
    for text in [
        "SIGKILL al secundario 2",
        "ha vuelto",
        "SIGKILL al secundario 3",
        "Coste de las caídas",
    ] {
        demo.wait_for(text);
    }
    demo.wait_for("todos los bytes son correctos");
    // It leaves nothing.
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn several_centrals_are_tried_and_one_that_answers_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let central = Process::start(CENTRAL, at, &["-p0", "--ip=127.0.0.1", "--secundarios=1"]);
    let port = central.port();
    // Nobody listens at the first; the second is at the port of the flag, and the third has its own.
    let nobody = "127.0.0.9:1";
    let places = format!("{nobody}, 127.0.0.1:{port}");
    let (code, told) = ends(CLIENT, at, &["estado", "--ip-central", &places]);
    assert!(code == 1 && told.contains("Sin servicio"), "{told}");
    let port = port.to_string();
    let of_flag = [
        "estado",
        "--central-ip",
        "127.0.0.9,127.0.0.1",
        "--puerto-central",
        &port,
    ];
    let (code, told) = ends(CLIENT, at, &of_flag);
    assert!(code == 1 && told.contains("Sin servicio"), "{told}");
    put(
        &at.join("c.toml"),
        format!("[client]\ncentral-ip = \"{places}\"\n").as_bytes(),
    );
    let (code, told) = ends(CLIENT, at, &["estado", "--config", "c.toml"]);
    assert!(code == 1 && told.contains("Sin servicio"), "{told}");
    let (code, told) = ends(CLIENT, at, &["estado", "--ip-central", nobody]);
    assert!(code == 3 && told.contains("127.0.0.9:1"), "{told}");
    let (code, told) = ends(CLIENT, at, &["estado", "--ip-central", "a,b:0"]);
    assert!(code == 2 && told.contains("b:0"), "{told}");
    let args = ["--mostrar-config", "--grupo=lab", "--anunciar=no"];
    let (code, told) = ends(CENTRAL, at, &args);
    assert!(code == 0 && told.contains("lab"), "{told}");
    let (code, told) = ends(CENTRAL, at, &["--group", &"a".repeat(49)]);
    assert!(code == 2 && told.contains("48"), "{told}");
}
