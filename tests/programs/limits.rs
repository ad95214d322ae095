//! Limits, also by the time of day; programs and bells at the ends of downloads.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
    time::Instant,
};

use jiff::{ToSpan, Zoned};
use rexpect::session::{PtySession, spawn_command};

use crate::support::{
    noise,
    process::{CENTRAL, CLIENT, Cluster, Process, SECONDARY, plain},
    put,
};

const PATIENCE_MS: u64 = 60_000;
const FULL_SPEED: u64 = 100_000_000;

fn cluster() -> Cluster {
    let cluster = Cluster::start(FULL_SPEED, |folder| {
        for n in 1..=3 {
            let served = folder.join(format!("data/videos{n}"));
            put(&served.join("pelicula.bin"), &noise(1, 12_000_000));
            put(
                &served.join("$(touch roto) `x`; 'y.bin"),
                &noise(2, 100_000),
            );
        }
    });
    cluster.central.wait_for("Sincronizado");
    cluster
}

fn client(cluster: &Cluster, args: &[&str]) -> Command {
    let mut command = Command::new(CLIENT);
    plain(&mut command)
        .args(args)
        .arg("--ip-central=127.0.0.1")
        .arg(format!("--puerto-central={}", cluster.central_port))
        .current_dir(cluster.folder.path())
        .env("TERM", "xterm")
        .env("XDG_STATE_HOME", cluster.folder.path());
    command
}

fn script(cluster: &Cluster, args: &[&str]) -> Output {
    let mut command = client(cluster, args);
    command.stdin(Stdio::null()).output().unwrap()
}

fn terminal(cluster: &Cluster, args: &[&str]) -> PtySession {
    let mut terminal = spawn_command(client(cluster, args), Some(PATIENCE_MS)).unwrap();
    terminal.exp_string("> ").unwrap();
    terminal
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn a_limit_is_shown_and_changed_at_the_prompt_and_holds_at_once() {
    let cluster = cluster();
    let flags = ["--limite-bajada=300kB/s", "--al-terminar=false"];
    let mut terminal = terminal(&cluster, &flags);
    // The terminal's reader takes no letters with accents.
    terminal.send_line("limite_bajada").unwrap();
    terminal.exp_string("mite de bajada: 300 kB/s").unwrap();
    terminal.send_line("VIDEO pelicula.bin").unwrap();
    terminal.exp_string("[1]").unwrap();
    terminal.send_line("ESTADO").unwrap();
    terminal.exp_string("mite de bajada: 300 kB/s").unwrap();
    terminal.send_line("LIMITE_BAJADA 20kB/s").unwrap();
    terminal.exp_string("50 kB/s").unwrap();
    terminal
        .send_line("LIMITE_BAJADA 1MB/s, 8-20 lum 2MB/s")
        .unwrap();
    terminal.exp_string("lum").unwrap();
    terminal.send_line("LIMITE_BAJADA no").unwrap();
    terminal.exp_string("mite de bajada: ninguno").unwrap();
    let began = Instant::now();
    terminal.exp_string("12,0 MB en").unwrap();
    // With the limit it would take forty seconds.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    terminal
        .exp_string("la orden de --al-terminar, false: acab")
        .unwrap();
    terminal.send_line("SALIR").unwrap();
    terminal.exp_eof().unwrap();
}

#[test]
fn a_script_keeps_to_a_limit_without_blaming_anybody() {
    let cluster = cluster();
    let began = Instant::now();
    let got = script(
        &cluster,
        &[
            "descargar",
            "pelicula.bin",
            "--limite-bajada=3MB/s",
            "--json",
            "-v",
        ],
    );
    let took = began.elapsed().as_secs_f64();
    assert_eq!(got.status.code(), Some(0), "{got:?}");
    assert!((3.5..9.0).contains(&took), "{took}");
    let document: serde_json::Value = serde_json::from_slice(&got.stdout).unwrap();
    let file = &document["files"][0];
    assert_eq!(
        (&file["retries"], &file["wasted_bytes"]),
        (&0.into(), &0.into())
    );
    let told = String::from_utf8(got.stderr).unwrap();
    assert!(
        !told.contains("responde") && !told.contains("cay"),
        "{told}"
    );
}

#[test]
fn a_timetable_is_ordered_told_and_followed() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("data/videos1/a.mp4"), &noise(1, 1000));
    let usual = ["-p0", "--ip=127.0.0.1", "--sin-consola"];
    let more = ["--socket=run/c.sock", "--secundarios=1"];
    let central =
        Process::start_with_nothing(CENTRAL, folder.path(), &[&usual[..], &more].concat());
    let port = format!("--puerto-central={}", central.port());
    let more = [
        "-n1",
        "--socket=run/s.sock",
        "--ip-central=127.0.0.1",
        &port,
    ];
    let secondary =
        Process::start_with_nothing(SECONDARY, folder.path(), &[&usual[..], &more].concat());
    central.wait_for("Sincronizado");
    let order = |words: &[&str]| {
        let mut command = Command::new(SECONDARY);
        plain(&mut command).args(words).arg("--socket=run/s.sock");
        command.current_dir(folder.path()).output().unwrap()
    };
    let text = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let now = Zoned::now();
    let at = |seconds: i64| (&now + seconds.seconds()).strftime("%H:%M:%S").to_string();
    let timetable = format!("1MB/s; {}-{} 2,5MB/s", at(4), at(4000));
    let set = order(&["limite", &timetable]);
    let said = text(&set);
    assert!(
        said.contains("1,0 MB/s hasta") && said.contains(&timetable),
        "{said} {set:?}"
    );
    secondary.wait_for("Límite de subida, desde ahora: 2,5 MB/s hasta");
    let shown = order(&["limite", "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let limit = &shown["upload_limit"];
    assert_eq!(limit["bytes_per_s"], 2_500_000);
    assert_eq!(limit["timetable"], timetable);
    assert!(limit["until_ms"].is_i64(), "{shown}");
    let bad = order(&["limite", "5MB/s; 25-26 1MB/s"]);
    let why = String::from_utf8_lossy(&bad.stderr).into_owned();
    assert!(
        bad.status.code() == Some(2) && why.contains("«25-26»"),
        "{bad:?}"
    );
}

#[test]
fn a_program_is_run_for_each_file_that_comes_and_its_failure_is_a_line() {
    let cluster = cluster();
    let log = cluster.folder.path().join("registro");
    fs::write(
        cluster.folder.path().join("apunta.sh"),
        "#!/bin/sh\nsleep 0.3\nprintf '%s|%s|%s|%s\\n' \"$1\" \"$TROZOS_DONE_NAME\" \"$TROZOS_DONE_BYTES\" \"$TROZOS_DONE_OUTCOME\" >> registro\n",
    )
    .unwrap();
    let odd = "$(touch roto) `x`; 'y.bin";
    let got = script(
        &cluster,
        &[
            "descargar",
            odd,
            "pelicula.bin",
            "--al-terminar=sh apunta.sh",
        ],
    );
    assert_eq!(got.status.code(), Some(0), "{got:?}");
    let target = cluster.folder.path().join("data/descargas");
    let lines = read(&log);
    let line = format!("{}|{odd}|100000|complete", target.join(odd).display());
    assert!(lines.lines().any(|found| found == line), "{lines}");
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(!cluster.folder.path().join("roto").exists());

    // What was there already is told apart, and a failure changes no exit code.
    let failing = "--al-terminar=sh -c 'echo no queda sitio >&2; exit 7'";
    let again = script(&cluster, &["descargar", "pelicula.bin", failing]);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let told = String::from_utf8(again.stderr).unwrap();
    let line = told.lines().find(|line| line.contains("--al-terminar"));
    let line = line.unwrap_or_else(|| panic!("{told}"));
    assert!(
        line.contains('7') && line.contains("no queda sitio"),
        "{line}"
    );

    // Nothing is run for what does not come.
    let none = script(
        &cluster,
        &["descargar", "no-hay.bin", "--al-terminar=sh apunta.sh"],
    );
    assert_eq!(none.status.code(), Some(4), "{none:?}");
    assert_eq!(read(&log).lines().count(), 2);
    let open = script(&cluster, &["listar", "--al-terminar=sh 'x"]);
    assert_eq!(open.status.code(), Some(2), "{open:?}");
}

#[test]
fn the_bell_rings_at_the_prompt_and_nowhere_else() {
    let cluster = cluster();
    let mut terminal = terminal(&cluster, &["--campana"]);
    terminal.send_line("VIDEO pelicula.bin").unwrap();
    terminal.exp_string("12,0 MB en").unwrap();
    terminal.exp_string("\x07").unwrap();
    terminal.send_line("SALIR").unwrap();
    terminal.exp_eof().unwrap();
    let quiet = script(&cluster, &["descargar", "pelicula.bin", "--campana"]);
    let bytes = [quiet.stdout, quiet.stderr].concat();
    assert!(!bytes.contains(&7));
}
