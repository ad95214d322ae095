//! `videocliente` without a prompt: what goes to which output, JSON, exit codes, configuration and languages.

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{
    noise,
    process::{CENTRAL, CLIENT, Cluster, SECONDARY, ended, hearing, parts, plain},
    put,
};

/// Three secondaries with three files.
pub(super) fn cluster(upload_limit: u64) -> Cluster {
    let cluster = Cluster::start(upload_limit, |folder| {
        for n in 1..=3 {
            let served = folder.join(format!("data/videos{n}"));
            put(&served.join("pelicula.bin"), &noise(1, 5_000_000));
            put(&served.join("serie/capítulo 1.bin"), &noise(2, 100_000));
            put(&served.join("serie/capítulo 2.bin"), &noise(3, 100_000));
        }
    });
    cluster.central.wait_for("Sincronizado");
    cluster
}

pub(super) fn script(cluster: &Cluster, args: &[&str]) -> Command {
    let mut command = hearing(CLIENT);
    plain(&mut command)
        .args(args)
        .arg("--ip-central=127.0.0.1")
        .arg(format!("--puerto-central={}", cluster.central_port))
        .current_dir(cluster.folder.path())
        .stdin(Stdio::null());
    command
}

fn run(cluster: &Cluster, args: &[&str]) -> (i32, String, String) {
    let output = script(cluster, args).output().unwrap();
    parts(&output)
}

#[test]
fn results_are_json_and_ends_are_exit_codes() {
    let cluster = cluster(50_000_000);
    let (code, out, _) = run(&cluster, &["listar", "--json"]);
    let listing: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, listing["files"].as_array().unwrap().len()), (0, 3));
    assert_eq!(listing["files"][0]["bytes"], 5_000_000);

    let (code, out, err) = run(
        &cluster,
        &["descargar", "pelicula.bin", "serie/*", "--json"],
    );
    assert_eq!(code, 0, "{err}");
    assert_eq!(err, "");
    let done: Value = serde_json::from_str(&out).unwrap();
    let files = done["files"].as_array().unwrap();
    assert_eq!(files.len(), 3, "{done}");
    assert!(
        files.iter().all(|file| file["outcome"] == "complete"),
        "{done}"
    );
    let film = files
        .iter()
        .find(|file| file["name"] == "pelicula.bin")
        .unwrap();
    let path = cluster.folder.path().join(film["path"].as_str().unwrap());
    assert_eq!(fs::read(path).unwrap(), noise(1, 5_000_000));
    let brought: u64 = film["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(brought, 5_000_000);

    // For people: the paths alone on standard output.
    let (code, out, err) = run(&cluster, &["get", "pelicula.bin"]);
    assert_eq!(
        (code, out.trim()),
        (0, "data/descargas/pelicula.bin"),
        "{err}"
    );
    assert!(err.contains("ya estaba completa"), "{err}");

    let (code, out, err) = run(&cluster, &["descargar", "pelicula.vin", "--json"]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("¿querías decir pelicula.bin?"), "{err}");
    let missing: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&missing["ok"], &missing["exit"]),
        (&Value::Bool(false), &Value::from(4))
    );
    assert_eq!(missing["files"][0]["outcome"], "not_found");

    assert_eq!(run(&cluster, &["descargar", "*.iso"]).0, 4);
    assert_eq!(run(&cluster, &["descargar"]).0, 2);
    assert_eq!(run(&cluster, &["descargar", "a", "b", "-o", "x"]).0, 2);
    let (code, out, _) = run(&cluster, &["estado", "--json"]);
    let status: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &status["ready"]), (0, &Value::Bool(true)));
    assert_eq!(status["secondaries"].as_array().unwrap().len(), 3);
}

#[test]
fn a_central_that_is_not_there_is_code_3() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there any more.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    let args = [
        "descargar",
        "a",
        "--ip-central",
        "127.0.0.1",
        "--puerto-central",
        &port,
    ];
    let (code, out, err) = ended(CLIENT, folder.path(), &args, &[]);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.contains("no se puede conectar con el central"), "{err}");
}

#[test]
fn a_file_goes_to_standard_output_in_order() {
    let cluster = cluster(50_000_000);
    for args in [
        ["descargar", "pelicula.bin", "-o", "-"].as_slice(),
        ["descargar", "pelicula.bin", "--destino", "-"].as_slice(),
    ] {
        let output = script(&cluster, args).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.stdout == noise(1, 5_000_000));
    }
    assert!(!cluster.folder.path().join("data/descargas").exists());
    // Whoever reads may have enough.
    let mut child = script(&cluster, &["descargar", "pelicula.bin", "-o", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1000];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(first, noise(1, 5_000_000)[..1000]);
}

#[test]
fn a_file_gets_the_name_that_is_asked_for() {
    let cluster = cluster(50_000_000);
    let to = cluster.folder.path().join("otra.bin");
    let (code, out, err) = run(
        &cluster,
        &["descargar", "serie/capítulo 1.bin", "-o", "otra.bin"],
    );
    assert_eq!((code, out.trim()), (0, "otra.bin"), "{err}");
    assert_eq!(fs::read(&to).unwrap(), noise(2, 100_000));
    // What is there already is not touched.
    let (code, _, err) = run(
        &cluster,
        &["descargar", "serie/capítulo 2.bin", "-o", "otra.bin"],
    );
    assert_eq!(code, 1);
    assert!(
        err.contains("otra.bin") && err.contains("--sobrescribir"),
        "{err}"
    );
    assert_eq!(fs::read(&to).unwrap(), noise(2, 100_000));
    let names: Vec<_> = fs::read_dir(cluster.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("otra"))
        .collect();
    assert_eq!(names, ["otra.bin"]);
}

#[test]
fn damaged_files_are_mended_by_their_bad_chunks_alone() {
    let cluster = cluster(50_000_000);
    assert_eq!(run(&cluster, &["descargar", "pelicula.bin"]).0, 0);
    let path = cluster.folder.path().join("data/descargas/pelicula.bin");
    let mut bytes = fs::read(&path).unwrap();
    bytes[3_000_000] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let (code, out, err) = run(&cluster, &["verificar", "pelicula.bin", "--json"]);
    assert_eq!(code, 0, "{err}");
    let done: Value = serde_json::from_str(&out).unwrap();
    let chunks: u64 = done["files"][0]["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["chunks"].as_u64().unwrap())
        .sum();
    assert_eq!(chunks, 1, "{done}");
    assert_eq!(fs::read(&path).unwrap(), noise(1, 5_000_000));
    let (code, out, _) = run(&cluster, &["verificar", "pelicula.bin", "--json"]);
    assert_eq!(code, 0);
    assert!(out.contains("\"already\""), "{out}");
    assert_eq!(run(&cluster, &["verificar", "serie/capítulo 1.bin"]).0, 4);
}

#[test]
fn a_signal_is_code_130_and_nothing_is_lost() {
    let cluster = cluster(300_000);
    let mut child = script(
        &cluster,
        &["descargar", "pelicula.bin", "--progreso", "json"],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let part = cluster
        .folder
        .path()
        .join("data/descargas/pelicula.bin.part");
    let began = Instant::now();
    while !part.exists() {
        assert!(began.elapsed() < crate::support::DEADLINE);
        std::thread::sleep(Duration::from_millis(10));
    }
    // Long enough for a line of progress.
    let mut byte = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut byte)
        .unwrap();
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let mut out = byte.to_vec();
    out.extend(output.stdout);
    let lines: Vec<Value> = String::from_utf8(out)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["name"], "pelicula.bin");
    assert_eq!(lines.last().unwrap()["exit"], 130);
    assert!(part.exists());
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("t.toml"),
        "registro = \"info\"\npuerto-central = 7\n[secundario]\nnumero = 2\nlimite-subida = \"20MB/s\"\n",
    )
    .unwrap();
    let args = [
        "--config",
        "t.toml",
        "--mostrar-config",
        "--ip-central",
        "h",
    ];
    let variables = [("TROZOS_PUERTO_CENTRAL", "8"), ("TROZOS_SIN_CONSOLA", "1")];
    let (code, out, err) = ended(SECONDARY, folder.path(), &args, &variables);
    assert_eq!(code, 0, "{err}");
    let row = |flag: &str| {
        let line = out
            .lines()
            .find(|line| line.split(" | ").next().unwrap().trim() == flag);
        let cells: Vec<&str> = line.unwrap().split('|').map(str::trim).collect();
        (cells[1].to_owned(), cells[2].to_owned())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(row("ip-central"), pair("h", "línea de órdenes"));
    assert_eq!(
        row("puerto-central"),
        pair("8", "variable TROZOS_PUERTO_CENTRAL")
    );
    assert_eq!(row("sin-consola"), pair("1", "variable TROZOS_SIN_CONSOLA"));
    assert_eq!(row("limite-subida"), pair("20MB/s", "t.toml"));
    assert_eq!(row("numero"), pair("2", "t.toml"));
    assert_eq!(row("ip"), pair("0.0.0.0", "por defecto"));

    fs::write(
        folder.path().join("mal.toml"),
        "[secundario]\nlimite-suvida = 1\n",
    )
    .unwrap();
    let (code, _, err) = ended(SECONDARY, folder.path(), &["--config", "mal.toml"], &[]);
    assert_eq!(code, 2);
    assert!(
        err.contains("limite-suvida") && err.contains("limite-subida"),
        "{err}"
    );
    let (code, _, err) = ended(CENTRAL, folder.path(), &["--config", "no.toml"], &[]);
    assert_eq!(code, 2);
    assert!(err.contains("no.toml"), "{err}");
}

#[test]
fn wrong_lines_are_explained_in_the_language_of_the_locale() {
    let folder = tempfile::tempdir().unwrap();
    for (args, variables, part) in [
        (
            vec!["--puerto", "x"],
            vec![],
            "--puerto <PUERTO>: «x» no vale: escribe un número de 0 a 65535",
        ),
        (
            vec!["--puerto", "x"],
            vec![("LANG", "en_GB.UTF-8")],
            "--port <PORT>: “x” is not valid: write a number from 0 to 65535",
        ),
        (
            vec!["--puerto", "x"],
            vec![("LANG", "en_GB"), ("LC_ALL", "es_ES")],
            "no vale",
        ),
        (
            vec!["--puerto", "x", "--idioma", "en"],
            vec![("LC_ALL", "es_ES")],
            "is not valid",
        ),
        (vec!["--puerto", "x"], vec![("LANG", "C.UTF-8")], "no vale"),
        (vec!["--purto", "1"], vec![], "¿querías decir --puerto?"),
        (vec!["--secundarios", "65"], vec![], "de 1 a 64"),
        (vec!["--secundarios", "65"], vec![("LANG", "en")], "1 to 64"),
        (vec!["certificado"], vec![], "certificado"),
    ] {
        let (code, out, err) = ended(CENTRAL, folder.path(), &args, &variables);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}");
        assert!(err.contains(part), "{args:?} {variables:?}: {err}");
    }
    let (code, help, _) = ended(
        CLIENT,
        folder.path(),
        &["--help"],
        &[("LANG", "en_US.UTF-8")],
    );
    assert_eq!(code, 0);
    for part in [
        "Usage: videocliente [OPTIONS]",
        "Downloads:",
        "--destination <FOLDER>",
        "Downloads folder",
        "[default: 60s]",
        "Commands:",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
    let (_, help, _) = ended(CLIENT, folder.path(), &["descargar", "--help"], &[]);
    for part in [
        "Uso: videocliente descargar [OPCIONES] <NOMBRE>...",
        "Salida:",
        "Argumentos:",
        "«-» es la salida",
    ] {
        assert!(help.contains(part), "{part}: {help}");
    }
    for english in ["Usage", "Options:", "Print", "default:", "possible values"] {
        assert!(!help.contains(english), "{english}: {help}");
    }
}
