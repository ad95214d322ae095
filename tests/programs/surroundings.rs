//! The system around the real programs: values as people give them, names and addresses, signals that were ignored
//! before, and what strangers can make a log say.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::support::{
    DEADLINE,
    process::{CENTRAL, CLIENT, Process, SECONDARY, plain},
    put,
};

/// Runs a program to its end.
fn run(program: &str, folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder);
    plain(&mut command).envs(variables.iter().copied());
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).unwrap()
}

/// A flag's value and its origin, as `--mostrar-config` shows them.
fn shown(output: &Output, flag: &str) -> (String, String) {
    let all = text(output);
    assert!(output.status.success(), "{all}");
    let line = all
        .lines()
        .find(|line| line.split('|').next().unwrap().trim() == flag)
        .unwrap_or_else(|| panic!("{flag}: {all}"));
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    (cells[1].to_owned(), cells[2].to_owned())
}

/// Waits until something holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < DEADLINE, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_port_behind_an_address_is_the_port_unless_one_was_given_with_more_weight() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.toml"), "ip-central = \"g:6000\"\n").unwrap();
    let file = ["--config", "t.toml"];
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: [Case; 9] = [
        (&["--ip-central", "h:7"], &[], "7", "línea de órdenes"),
        (&["--ip-central", "[::1]:7"], &[], "7", "línea de órdenes"),
        (&["--ip-central", "[::1]"], &[], "50000", "por defecto"),
        (
            &[],
            &[("TROZOS_IP_CENTRAL", "h:7")],
            "7",
            "variable TROZOS_PUERTO_CENTRAL",
        ),
        (
            &["--puerto-central", "8"],
            &[("TROZOS_IP_CENTRAL", "h:7")],
            "8",
            "línea de órdenes",
        ),
        (
            &["--ip-central", "h:7"],
            &[("TROZOS_PUERTO_CENTRAL", "8")],
            "7",
            "línea de órdenes",
        ),
        (
            &["--ip-central", "h:7", "--puerto-central", "7"],
            &[],
            "7",
            "línea de órdenes",
        ),
        (&file, &[], "6000", "t.toml"),
        // Its port went with the address that is not used.
        (
            &["--config", "t.toml", "--ip-central", "h"],
            &[],
            "50000",
            "por defecto",
        ),
    ];
    for (args, variables, port, origin) in cases {
        let args: Vec<&str> = args.iter().copied().chain(["--mostrar-config"]).collect();
        let output = run(CLIENT, folder.path(), &args, variables);
        let expected = (port.to_owned(), origin.to_owned());
        assert_eq!(
            shown(&output, "puerto-central"),
            expected,
            "{args:?} {variables:?}"
        );
    }
    let two = ["--ip-central", "h:7", "--puerto-central", "8"];
    let output = run(CLIENT, folder.path(), &two, &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output);
    assert!(
        said.contains("h:7") && said.contains("--puerto-central 8"),
        "{said}"
    );
    let args = ["--ip", "[::1]:7", "--mostrar-config"];
    let output = run(CENTRAL, folder.path(), &args, &[]);
    assert_eq!(shown(&output, "puerto").0, "7");
}

#[test]
fn what_surrounds_a_value_or_repeats_it_does_not_change_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut content = b"\xef\xbb\xbf".to_vec();
    content.extend(b"puerto = 7\r\nregistro = \"\"\r\n[central]\r\nmax-clientes = \" 9 \"\r\n");
    fs::write(folder.path().join("t.toml"), content).unwrap();
    let args = [
        "--config",
        " t.toml\r",
        "--secundarios",
        " 4\r",
        "--sin-consola",
        "--sin-consola",
        "--ip",
        "10.0.0.1",
        "--ip= 10.0.0.1",
        "--mostrar-config",
    ];
    let variables = [
        ("TROZOS_PUERTO", ""),
        ("TROZOS_MAX_CLIENTES", "  "),
        ("TROZOS_IDIOMA", " es\r"),
    ];
    let output = run(CENTRAL, folder.path(), &args, &variables);
    for (flag, value, origin) in [
        ("puerto", "7", "t.toml"),
        ("registro", "warn", "por defecto"),
        ("max-clientes", "9", "t.toml"),
        ("sin-consola", "true", "línea de órdenes"),
    ] {
        let (shown, from) = shown(&output, flag);
        assert_eq!((shown.trim(), from.as_str()), (value, origin), "{flag}");
    }
    for (args, variables, parts) in [
        (vec!["--puerto="], vec![], vec!["--puerto", "está vacío"]),
        (
            vec!["--estadisticas", " "],
            vec![],
            vec!["--estadisticas", "está vacío"],
        ),
        (
            vec!["-p1", "--puerto=2"],
            vec![],
            vec!["--puerto", "se da dos veces", "1, 2"],
        ),
        (
            vec![],
            vec![("TROZOS_PUERTO", "x")],
            vec!["TROZOS_PUERTO", "«x»"],
        ),
        (
            vec![],
            vec![("TROZOS_SIN_CONSOLA", "quizá")],
            vec!["«quizá»", "sí o no"],
        ),
        (
            vec!["--ip", "::1:50000"],
            vec![],
            vec!["::1:50000", "[::1]:50000"],
        ),
        (
            vec!["--ip", "http://h:1"],
            vec![],
            vec!["http://h:1", "no es una URL"],
        ),
    ] {
        let output = run(CENTRAL, folder.path(), &args, &variables);
        let said = text(&output);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?} {variables:?}: {said}"
        );
        for part in parts {
            assert!(said.contains(part), "{args:?} {variables:?}: {said}");
        }
    }
    for (content, part) in [
        (
            &b"puerto = 1\npuerto = 2\n"[..],
            "línea 2: la clave se da dos veces",
        ),
        (
            b"max_clientes = 1\nmax-clientes = 2\n",
            "«max-clientes» se da dos veces",
        ),
        (b"\xff\xfep\0=\0x\0", "no es UTF-8"),
        (
            b"[central]\npuerto = \"x\"\n",
            "t.toml: --puerto <PUERTO>: «x» no vale",
        ),
    ] {
        fs::write(folder.path().join("t.toml"), content).unwrap();
        let output = run(CENTRAL, folder.path(), &["--config=t.toml"], &[]);
        let said = text(&output);
        assert!(
            output.status.code() == Some(2) && said.contains(part),
            "{said}"
        );
    }
}

#[test]
fn a_tilde_is_the_home_wherever_a_path_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("casa");
    let here = folder.path().join("aquí");
    for path in [&home, &here] {
        fs::create_dir(path).unwrap();
    }
    fs::write(here.join("t.toml"), "registro-archivo = \"~/c.log\"\n").unwrap();
    let at_home = home.to_str().unwrap();
    // A program that ends at once, after it has opened its log.
    let usual = ["-p0", "--ip=127.0.0.1", "--estadisticas=~/s"];
    for (args, variables, log) in [
        (vec!["--registro-archivo=~/a.log"], vec![], "a.log"),
        (vec!["--registro-archivo", "~/a2.log"], vec![], "a2.log"),
        (
            vec![],
            vec![("TROZOS_REGISTRO_ARCHIVO", "~/b.log")],
            "b.log",
        ),
        (vec!["--config", "t.toml"], vec![], "c.log"),
    ] {
        let mut command = Command::new(CENTRAL);
        command.args(usual).args(&args).current_dir(&here);
        let mut variables = variables;
        variables.push(("HOME", at_home));
        // What `plain` takes away comes back through `env`.
        let mut program = Command::new("env");
        program.current_dir(&here);
        program.args(
            variables
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        program.arg(CENTRAL).args(usual).args(&args);
        let mut central = Process::spawn(&mut program);
        central.port();
        assert!(home.join(log).is_file(), "{log}: {:?}", central.printed());
        central.signal(Signal::TERM);
        assert_eq!(central.exit_code(), 0);
    }
    assert!(home.join("s/central.json").is_file());
    let names: Vec<_> = fs::read_dir(&here)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["t.toml"]);
    for (path, variables, part) in [
        ("~ana/x", vec![("HOME", at_home)], "./~ana/x"),
        ("~/x", vec![], "HOME"),
        ("~/x", vec![("HOME", "")], "HOME"),
    ] {
        let output = run(CENTRAL, &here, &["--estadisticas", path], &variables);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(path) && said.contains(part), "{said}");
    }
}

#[test]
fn a_secret_is_the_same_however_its_file_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let secret = |name: &str, content: &[u8]| {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        format!("--clave-archivo={name}")
    };
    let plain = secret("a", b"una clave de ejemplo larga\n");
    let central = Process::start(CENTRAL, folder.path(), &["-p0", "--ip=127.0.0.1", &plain]);
    let port = format!("--puerto-central={}", central.port());
    let state = |flag: &str| {
        run(
            CLIENT,
            folder.path(),
            &["estado", "--ip-central=127.0.0.1", &port, flag],
            &[],
        )
    };
    let as_it_is = state(&plain);
    for content in [
        &b"\xef\xbb\xbfuna clave de ejemplo larga\r\n"[..],
        b" una clave de ejemplo larga \n\n",
    ] {
        let other = state(&secret("b", content));
        assert_eq!(
            other.status.code(),
            as_it_is.status.code(),
            "{}",
            text(&other)
        );
        assert_eq!(other.stdout, as_it_is.stdout);
    }
    for (content, part) in [(&b"\xff\xfeu\0n\0a\0"[..], "UTF-16"), (b"\r\n", "vacía")] {
        let output = state(&secret("b", content));
        let said = text(&output);
        assert!(
            !output.status.success() && said.contains("b: ") && said.contains(part),
            "{said}"
        );
    }
    let empty = run(CENTRAL, folder.path(), &["-p0"], &[("TROZOS_CLAVE", "")]);
    let said = text(&empty);
    assert!(
        !empty.status.success() && said.contains("TROZOS_CLAVE"),
        "{said}"
    );
}

#[test]
fn signals_that_were_ignored_before_stop_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' INT HUP; exec \"$@\"", "x", CENTRAL])
        .args(["-p0", "--ip=127.0.0.1", "--registro=info"])
        .current_dir(folder.path());
    let mut central = Process::spawn(&mut command);
    let port = central.port();
    // Twice would end it at once.
    for signal in [Signal::INT, Signal::HUP, Signal::INT, Signal::HUP] {
        central.signal(signal);
    }
    let at = format!("--ip-central=127.0.0.1:{port}");
    let output = run(CLIENT, folder.path(), &["estado", "--json", &at], &[]);
    assert!(text(&output).contains("\"ready\""), "{}", text(&output));
    central.signal(Signal::TERM);
    assert_eq!(central.exit_code(), 0);
    let printed = central.printed();
    let heard = printed
        .iter()
        .filter(|line| line.contains("signal="))
        .count();
    assert_eq!(heard, 1, "{printed:?}");
}

#[test]
fn names_of_hosts_are_taken_where_addresses_are() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("data/videos1/a.bin"), b"some bytes");
    let args = ["-p0", "--ip=localhost", "--secundarios=1"];
    let central = Process::start(CENTRAL, folder.path(), &args);
    let at = format!("--ip-central=localhost:{}", central.port());
    let args = [
        "-n1",
        "-p0",
        "--ip=localhost",
        "--ip-anunciada=localhost",
        &at,
    ];
    let secondary = Process::start(SECONDARY, folder.path(), &args);
    secondary.wait_for("Inscrito en el central");
    central.wait_for("Sincronizado");
    let output = run(CLIENT, folder.path(), &["descargar", "a.bin", &at], &[]);
    assert!(output.status.success(), "{}", text(&output));
    let got = fs::read(folder.path().join("data/descargas/a.bin")).unwrap();
    assert_eq!(got, b"some bytes");
    for (args, part) in [
        (&["-p0", "--ip=no-hay.invalid"][..], "no-hay.invalid"),
        (&["-p0", "--ip=fe80::1%eth99"], "eth99"),
    ] {
        let output = run(CENTRAL, folder.path(), args, &[]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(part) && said.contains("[host-unknown]"),
            "{said}"
        );
    }
}

/// Says something to a server that it does not understand, and waits until it has closed the connection.
fn say(port: u16, line: &[u8]) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.write_all(line).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // A reset is an end too.
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn strangers_cannot_forge_lines_of_a_log_or_a_console() {
    let forged = "x\n2026-01-01T00:00:00Z  WARN trozos: forged \u{1b}[2J\u{9b}\u{202e}\u{2028}";
    let types = serde_json::json!({ "type": forged }).to_string();
    let raw = "{\"type\":\"x\u{1b}[2J\u{202e}\",\n";
    let name = serde_json::json!({"type": "hello", "protocol": 1, "role": forged, "name": forged});
    for format in ["texto", "json"] {
        for level in ["info", "trace"] {
            let folder = tempfile::tempdir().unwrap();
            let args = [
                "-p0",
                "--ip=127.0.0.1",
                "--registro-archivo=a.log",
                &format!("--registro={level}"),
                &format!("--registro-formato={format}"),
            ];
            let mut central = Process::start(CENTRAL, folder.path(), &args);
            let port = central.port();
            for line in [&format!("{types}\n"), raw, &format!("{name}\n")] {
                say(port, line.as_bytes());
            }
            let log = folder.path().join("a.log");
            let read = || fs::read_to_string(&log).unwrap();
            until("three are refused", || {
                read().matches("refused").count() >= 3
            });
            central.signal(Signal::TERM);
            assert_eq!(central.exit_code(), 0);
            let printed = central.printed().join("\n") + &read();
            let harmful = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2028}".contains(c);
            assert!(!printed.contains(harmful), "{printed:?}");
            assert!(
                !printed
                    .lines()
                    .any(|line| line.starts_with("2026-01-01T00:00:00Z")),
                "{printed}"
            );
            assert!(read().contains("forged"), "{printed}");
            if format == "json" {
                for line in read().lines() {
                    serde_json::from_str::<serde_json::Value>(line).expect(line);
                }
            }
        }
    }
}

#[test]
fn a_working_folder_that_was_removed_is_named_as_the_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let script = "cd \"$1\" && rmdir \"$1\" && exec \"$2\" -p0 --ip=127.0.0.1";
    let gone = folder.path().join("gone");
    fs::create_dir(&gone).unwrap();
    let args = ["-c", script, "x", gone.to_str().unwrap(), CENTRAL];
    let output = run("sh", folder.path(), &args, &[]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("la carpeta de trabajo ya no existe"),
        "{said}"
    );
}

#[test]
fn commands_saved_by_any_editor_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(CENTRAL);
    command
        .args(["-p0", "--ip=127.0.0.1"])
        .current_dir(folder.path());
    let mut central = Process::spawn(&mut command);
    central.port();
    central.type_line("\u{feff}QUIT\r");
    assert_eq!(central.exit_code(), 0);
    assert!(
        !central.printed().iter().any(|line| line.contains("QUIT")),
        "{:?}",
        central.printed()
    );
}

#[test]
fn names_of_files_are_read_from_lists_of_any_editor_and_each_is_meant_once() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("data/videos1/a b.bin"), b"some bytes");
    let args = ["-p0", "--ip=127.0.0.1", "--secundarios=1"];
    let central = Process::start(CENTRAL, folder.path(), &args);
    let at = format!("--ip-central=127.0.0.1:{}", central.port());
    let args = ["-n1", "-p0", "--ip=127.0.0.1", &at];
    let _secondary = Process::start(SECONDARY, folder.path(), &args);
    central.wait_for("Sincronizado");
    let args = [
        "descargar",
        "a b.bin",
        "\u{feff}a b.bin\r",
        "a b.bin",
        "-qq",
        &at,
    ];
    let output = run(CLIENT, folder.path(), &args, &[]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(text(&output), "data/descargas/a b.bin\n");
    // A flag of a command may stand in a variable too; the line has the last word.
    let (quiet, json) = (("TROZOS_SILENCIOSO", "sí"), ("TROZOS_JSON", "1"));
    let args = ["verificar", "a b.bin", "-v", &at];
    let output = run(CLIENT, folder.path(), &args, &[quiet, json]);
    let told = String::from_utf8(output.stderr).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        document["ok"] == true && told.contains("[1] a b.bin"),
        "{document}: {told}"
    );
    let output = run(
        CLIENT,
        folder.path(),
        &args[..2],
        &[quiet, ("TROZOS_IP_CENTRAL", &at[13..])],
    );
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        text(&output)
    );
    let output = run(CLIENT, folder.path(), &["descargar", "", &at], &[]);
    let said = text(&output);
    assert!(
        output.status.code() == Some(2) && said.contains("está vacío"),
        "{said}"
    );
}

#[test]
fn a_home_that_is_none_is_no_trouble() {
    let folder = tempfile::tempdir().unwrap();
    for home in ["/dev/null", "/nonexistent/home", "relative", ""] {
        let mut command = Command::new("env");
        command.args(["-u", "XDG_CONFIG_HOME", "-u", "XDG_STATE_HOME"]);
        command.arg(format!("HOME={home}")).arg(CENTRAL);
        command.arg("--mostrar-config").current_dir(folder.path());
        let output = plain(&mut command).output().unwrap();
        assert_eq!(shown(&output, "puerto").0, "50000", "{home}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
