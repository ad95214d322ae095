//! Orders to servers that run, from other programs of this machine.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    noise,
    process::{CENTRAL, Process, SECONDARY, plain},
    put,
};

/// A central and a secondary without consoles, which take orders.
struct Servers {
    folder: tempfile::TempDir,
    central: Process,
    secondary: Process,
}

impl Servers {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("data/videos1/a.mp4"), &noise(1, 1000));
        let usual = ["-p0", "--ip=127.0.0.1", "--sin-consola"].map(str::to_owned);
        let start = |program: &str, more: &[String]| {
            let args = [&usual, more].concat();
            Process::start_with_nothing(program, folder.path(), &args)
        };
        let central = start(
            CENTRAL,
            &["--socket=run/c.sock", "--secundarios=1"].map(str::to_owned),
        );
        let port = format!("--puerto-central={}", central.port());
        let at = ["-n1", "--socket=run/s.sock", "--ip-central=127.0.0.1"].map(str::to_owned);
        let secondary = start(SECONDARY, &[&at[..], &[port]].concat());
        central.wait_for("Sincronizado");
        Self {
            folder,
            central,
            secondary,
        }
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.folder.path().join("run").join(name)
    }

    fn central(&self, words: &[&str]) -> Output {
        order(CENTRAL, &self.socket("c.sock"), words)
    }

    fn secondary(&self, words: &[&str]) -> Output {
        order(SECONDARY, &self.socket("s.sock"), words)
    }
}

/// What a program answers that is given an order.
fn order(program: &str, socket: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(words).arg("--socket").arg(socket);
    plain(&mut command).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", text(output), complaint(output)))
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn a_central_without_a_console_does_what_it_is_ordered() {
    let servers = Servers::start();
    let status = servers.central(&["estado", "--json"]);
    assert_eq!(
        (code(&status), &json(&status)["status"]["ready"]),
        (0, &true.into())
    );

    let secondaries = servers.central(&["secondaries", "--idioma=en"]);
    assert!(
        text(&secondaries).contains("127.0.0.1:"),
        "{}",
        text(&secondaries)
    );
    let rows = json(&servers.central(&["secundarios", "--json"]));
    assert_eq!(rows["secondaries"][0]["state"], "up");

    let drained = servers.central(&["drenar", "1"]);
    assert_eq!((code(&drained), text(&drained).is_empty()), (0, false));
    let rows = json(&servers.central(&["secundarios", "--json"]));
    assert_eq!(rows["secondaries"][0]["state"], "draining");
    assert_eq!(code(&servers.central(&["drain", "1", "off"])), 0);

    let none = servers.central(&["drenar", "9"]);
    assert_eq!((code(&none), text(&none).as_str()), (4, ""));
    assert!(complaint(&none).contains('9'), "{}", complaint(&none));
    let nobody = servers.central(&["expulsar", "ana", "--json"]);
    assert_eq!(
        (code(&nobody), &json(&nobody)["expelled"]["clients"]),
        (4, &0.into())
    );
    let rows = json(&servers.central(&["numero-descargas-video", "--json"]));
    assert_eq!(rows["downloads_per_file"][0]["name"], "a.mp4");
    for words in [["clientes"], ["COLA"], ["conflictos"], ["ESTADÍSTICAS"]] {
        assert_eq!(code(&servers.central(&words)), 0, "{words:?}");
    }
}

#[test]
fn a_secondary_without_a_console_does_what_it_is_ordered() {
    let servers = Servers::start();
    let status = json(&servers.secondary(&["estado", "--json"]));
    assert_eq!(status["status"]["files"], 1);
    let limited = servers.secondary(&["limite", "20MB/s", "--json"]);
    assert_eq!(json(&limited)["upload_limit"]["bytes_per_s"], 20_000_000);
    let status = json(&servers.secondary(&["status", "--json"]));
    assert_eq!(status["status"]["upload_limit_bytes_per_s"], 20_000_000);
    assert_eq!(code(&servers.secondary(&["reindexar"])), 0);
    assert_eq!(code(&servers.secondary(&["-n1", "estado"])), 0);

    // A limit that was set past the timetable is what `LIMITE` shows; see `nodes/api` for how it is set over HTTP.
    let shown = json(&servers.secondary(&["LÍMITE", "--json"]));
    assert_eq!(shown["upload_limit"]["bytes_per_s"], 20_000_000);

    // What goes for good needs agreement.
    let aside = servers
        .folder
        .path()
        .join("data/videos1/.trozos/retirados/b.mp4");
    put(&aside, b"old");
    let listed = json(&servers.secondary(&["retirados", "--json"]));
    let number = listed["retired"][0]["number"].to_string();
    let asked = servers.secondary(&["vaciar", &number]);
    assert_eq!(code(&asked), 1);
    assert!(complaint(&asked).contains("b.mp4") && aside.exists());
    let removed = servers.secondary(&["vaciar", &number, "--si", "--json"]);
    assert_eq!(json(&removed)["removed"]["files"], 1);
    assert!(!aside.exists());
}

#[test]
fn orders_that_cannot_be_given_say_why() {
    let mut servers = Servers::start();
    for (words, part) in [
        (&["drenar"][..], "videocentral drenar <"),
        (&["drenar", "dos"], "«dos»"),
        (&["expulsar"], "videocentral expulsar <"),
    ] {
        let bad = servers.central(words);
        assert_eq!(code(&bad), 2, "{words:?}");
        assert!(complaint(&bad).contains(part), "{}", complaint(&bad));
    }
    servers.central.signal(Signal::TERM);
    assert_eq!(servers.central.exit_code(), 0);
    assert!(!servers.socket("c.sock").exists());
    let gone = servers.central(&["cola"]);
    assert_eq!(code(&gone), 3);
    assert!(complaint(&gone).contains("c.sock"), "{}", complaint(&gone));
    // One that was killed leaves its socket behind, which the next one takes over.
    servers.secondary.kill();
    assert_eq!(code(&servers.secondary(&["estado"])), 3);
    let again = [
        "-n1",
        "-p0",
        "--ip=127.0.0.1",
        "--sin-consola",
        "--socket=run/s.sock",
    ];
    let again = Process::start_with_nothing(SECONDARY, servers.folder.path(), &again);
    again.port();
    assert_eq!(code(&servers.secondary(&["estado"])), 0);
}

#[test]
fn a_secondary_is_found_by_its_number_wherever_it_listens() {
    let folder = tempfile::tempdir().unwrap();
    let own = |command: &mut Command| {
        plain(command)
            .env_remove("TROZOS_SOCKET")
            .env_remove("RUNTIME_DIRECTORY")
            .env("XDG_RUNTIME_DIR", folder.path())
            .current_dir(folder.path());
    };
    let start = |n: u8| {
        let mut command = Command::new("env");
        own(&mut command);
        command.args(["TROZOS_SOCKET=", SECONDARY]);
        command.args([format!("-n{n}"), "--estadisticas=stats".to_owned()]);
        command.args(["-p0", "--ip=127.0.0.1", "--sin-consola"]);
        Process::spawn(&mut command)
    };
    let secondaries = [1, 2].map(start);
    for secondary in &secondaries {
        secondary.port();
    }
    let answer = |words: &[&str]| {
        let mut command = Command::new(SECONDARY);
        own(&mut command);
        command.args(words).output().unwrap()
    };
    for number in ["1", "2"] {
        let status = json(&answer(&["estado", "-n", number, "--json"]));
        assert_eq!(status["status"]["number"].to_string(), number);
    }
    let none = answer(&["estado", "-n3"]);
    assert_eq!(code(&none), 3);
    assert!(
        complaint(&none).contains("número 3"),
        "{}",
        complaint(&none)
    );
    let several = answer(&["estado"]);
    assert!(
        complaint(&several).contains("--numero"),
        "{}",
        complaint(&several)
    );
}

#[test]
fn the_usual_socket_is_private_and_found_by_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let here = |command: &mut Command| {
        plain(command)
            .env_remove("TROZOS_SOCKET")
            .env_remove("RUNTIME_DIRECTORY")
            .env("XDG_RUNTIME_DIR", folder.path())
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let start = || {
        let mut command = Command::new("env");
        command
            .arg("TROZOS_SOCKET=")
            .arg(format!("XDG_RUNTIME_DIR={}", folder.path().display()))
            .args([CENTRAL, "-p0", "--ip=127.0.0.1", "--sin-consola"])
            .arg("--estadisticas=stats")
            .current_dir(folder.path());
        Process::spawn(&mut command)
    };
    let first = start();
    let port = first.port();
    let path = folder.path().join(format!("trozos/central-{port}.sock"));
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
    let above = path.parent().unwrap().metadata().unwrap();
    assert_eq!(above.permissions().mode() & 0o777, 0o700);
    assert_eq!(code(&here(Command::new(CENTRAL).arg("cola"))), 0);
    let second = start();
    second.port();
    let which = here(Command::new(CENTRAL).arg("cola"));
    assert_eq!(code(&which), 3);
    assert!(
        complaint(&which).contains("--puerto"),
        "{}",
        complaint(&which)
    );
    let port = port.to_string();
    for words in [
        ["cola", "-p", &port],
        ["-p", &port, "cola"],
        ["--port", &port, "queue"],
    ] {
        let answer = here(Command::new(CENTRAL).args(words));
        assert_eq!(code(&answer), 0, "{words:?}: {}", complaint(&answer));
    }
    // One that was killed leaves its socket behind and is none of several.
    let mut first = first;
    first.kill();
    assert!(path.exists());
    assert_eq!(code(&here(Command::new(CENTRAL).arg("cola"))), 0);
}
