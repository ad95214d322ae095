//! How the real programs end, and what they say of it: the exit code, the document and the files agree, whatever cannot
//! be written meanwhile.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions, Permissions},
    io::{Read, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::PermissionsExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{
    DEADLINE, noise,
    process::{CENTRAL, CLIENT, Cluster, plain},
    put,
};

/// Three secondaries with so many files of two kilobytes.
fn cluster(files: u64) -> Cluster {
    let cluster = Cluster::start(50_000_000, |folder| {
        for n in 1..=3 {
            for file in 0..files {
                let path = format!("data/videos{n}/f{file}.bin");
                put(&folder.join(path), &noise(file, 2000));
            }
        }
    });
    cluster.central.wait_for("Sincronizado");
    cluster
}

fn client(cluster: &Cluster, folder: &Path, args: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(CLIENT);
    plain(&mut command)
        .args(args)
        .arg("--ip-central=127.0.0.1")
        .arg(format!("--puerto-central={}", cluster.central_port))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Takes no byte, as a full disk.
fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn names(folder: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name()).collect()
}

#[test]
fn results_that_cannot_be_written_are_a_failure() {
    let cluster = cluster(2);
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| client(&cluster, folder.path(), args);
    for args in [
        &["listar"][..],
        &["listar", "--json"],
        &["estado"],
        &["descargar", "f0.bin"],
        &["descargar", "f0.bin", "--json"],
        &["descargar", "f0.bin", "-o", "-"],
        &["descargar", "f0.bin", "--progreso=json"],
        &["--help"],
        &["--version"],
        &["--mostrar-config"],
    ] {
        let output = run(args).stdout(full()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), 1, "{args:?}: {said}");
        assert!(said.contains("salida estándar"), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
    // What is said beside the results, and logged, decides nothing.
    let args = ["descargar", "f1.bin", "--registro=debug"];
    let output = run(&args).stderr(full()).output().unwrap();
    assert_eq!(code(&output), 0);
    assert_eq!(output.stdout, b"data/descargas/f1.bin\n");
    // Commands at a pipe have results as well.
    let mut command = run(&["--nombre=ana"]);
    let mut prompt = command
        .stdin(Stdio::piped())
        .stdout(full())
        .spawn()
        .unwrap();
    prompt
        .stdin
        .take()
        .unwrap()
        .write_all(b"LISTA_VIDEOS\n")
        .unwrap();
    let output = prompt.wait_with_output().unwrap();
    assert_eq!(code(&output), 1, "{output:?}");
}

#[test]
fn a_reader_who_has_gone_is_no_failure() {
    let cluster = cluster(1);
    let folder = tempfile::tempdir().unwrap();
    for args in [&["listar"][..], &["descargar", "f0.bin", "--json"]] {
        let mut running = client(&cluster, folder.path(), args).spawn().unwrap();
        drop(running.stdout.take());
        let output = running.wait_with_output().unwrap();
        assert_eq!(code(&output), 0, "{args:?}: {output:?}");
    }
}

#[test]
fn paths_that_are_not_text_are_paths() {
    let cluster = cluster(3);
    let folder = tempfile::tempdir().unwrap();
    let odd = OsStr::from_bytes(b"d\xff");
    let flag = |flag: &str, value: &OsStr| {
        let mut flag = OsString::from(flag);
        flag.push(value);
        flag
    };
    let target = flag("--destino=", odd);
    let args = [OsStr::new("descargar"), OsStr::new("f0.bin"), &target];
    let output = client(&cluster, folder.path(), &args).output().unwrap();
    assert_eq!(output.stdout, b"d\xff/f0.bin\n", "{output:?}");
    assert_eq!(code(&output), 0);
    let path = folder.path().join(odd).join("f0.bin");
    assert_eq!(fs::read(path).unwrap(), noise(0, 2000));
    // A document is text.
    for outcome in ["complete", "already"] {
        let args = ["descargar", "f1.bin", "--json"].map(OsString::from);
        let args = [&args[..], std::slice::from_ref(&target)].concat();
        let output = client(&cluster, folder.path(), &args).output().unwrap();
        let document = document(&output);
        assert_eq!(document["files"][0]["outcome"], outcome);
        assert_eq!(document["files"][0]["path"], "d\u{fffd}/f1.bin");
        assert_eq!(document["files"][0]["bytes"], 2000);
        let digest = document["files"][0]["sha256"].as_str().unwrap();
        assert_eq!(digest.len(), 64, "{document}");
    }
    for of_file in ["--estadisticas=", "--registro-archivo="] {
        let args = [
            OsString::from("listar"),
            flag(of_file, OsStr::from_bytes(b"x\xfe")),
        ];
        let output = client(&cluster, folder.path(), &args).output().unwrap();
        assert_eq!(code(&output), 0, "{output:?}");
    }
    // A file of a configuration that is not there is missed under any name.
    let args = [
        OsString::from("listar"),
        flag("--config=", OsStr::from_bytes(b"c\xfe")),
    ];
    let output = client(&cluster, folder.path(), &args).output().unwrap();
    assert_eq!(code(&output), 2, "{output:?}");
    let args = [
        OsString::from("descargar"),
        OsString::from_vec(b"n\xfe".to_vec()),
    ];
    let output = client(&cluster, folder.path(), &args).output().unwrap();
    assert_eq!(code(&output), 2, "{output:?}");
}

#[test]
fn statistics_and_logs_decide_nothing() {
    let cluster = cluster(2);
    let folder = tempfile::tempdir().unwrap();
    // Nobody has asked for them.
    for args in [
        &["listar"][..],
        &["descargar", "f0.bin"],
        &["estado", "--nombre=ana"],
    ] {
        let output = client(&cluster, folder.path(), args).output().unwrap();
        assert_eq!(code(&output), 0, "{output:?}");
    }
    assert_eq!(names(folder.path()), ["data"]);
    // Somebody has.
    let args = [
        "descargar",
        "f1.bin",
        "--estadisticas=cifras",
        "--nombre=ana",
    ];
    assert_eq!(
        code(&client(&cluster, folder.path(), &args).output().unwrap()),
        0
    );
    let kept = folder.path().join("cifras/cliente-ana.json");
    assert_eq!(crate::support::statistics(&kept)["totals"]["downloads"], 1);
    // They cannot be kept.
    put(&folder.path().join("file"), b"");
    for args in [
        &["listar", "--json", "--estadisticas=file"][..],
        &["descargar", "f1.bin", "--json", "--estadisticas=file"],
        &["listar", "--json", "--registro-archivo=file/log"],
    ] {
        let output = client(&cluster, folder.path(), args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(code(&output), 0, "{args:?}: {said}");
        assert!(said.contains("aviso: "), "{args:?}: {said}");
        let document = document(&output);
        assert_eq!(
            (&document["exit"], &document["ok"]),
            (&Value::from(0), &Value::from(true))
        );
    }
    let prompt = client(&cluster, folder.path(), &["--estadisticas=file"]);
    let output = { prompt }.output().unwrap();
    assert_eq!(code(&output), 0, "{output:?}");
}

#[test]
fn programs_of_one_name_add_to_one_file() {
    let mut cluster = cluster(4);
    let mut waits = cluster.client("ana");
    let folder = cluster.folder.path().to_owned();
    let run = |args: &[&str]| client(&cluster, &folder, args).output().unwrap();
    for file in ["f0.bin", "f1.bin"] {
        assert_eq!(
            code(&run(&[
                "descargar",
                file,
                "--nombre=ana",
                "--estadisticas=stats"
            ])),
            0
        );
    }
    // It is somebody's name here who keeps statistics.
    let began = Instant::now();
    while !folder.join("stats/cliente-ana.json").exists() {
        assert!(began.elapsed() < DEADLINE, "never there");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(code(&run(&["descargar", "f2.bin", "--nombre=ana"])), 0);
    waits.type_line("VIDEO f3.bin");
    waits.wait_for("completa y");
    waits.end_input();
    assert_eq!(waits.exit_code(), 0);
    let totals = cluster.statistics("cliente-ana.json")["totals"].clone();
    assert_eq!(
        (&totals["downloads"], &totals["bytes_received"]),
        (&4.into(), &8000.into())
    );
    // Books that cannot be added up are kept apart.
    let mut second =
        crate::support::process::Process::start(CENTRAL, &folder, &["-p0", "--ip=127.0.0.1"]);
    let said = second.wait_for("central-2.json");
    assert!(said.contains("central.json"), "{said}");
    second.signal(rustix::process::Signal::TERM);
    assert_eq!(second.exit_code(), 0);
    assert!(folder.join("stats/central-2.json").exists());
    cluster.stop();
    let books = cluster.statistics("central.json");
    assert_eq!(books["totals"]["downloads"], 4);
}

/// Reads a child's standard output once it has written all that fits into the pipe.
fn slowly(child: &mut Child) -> String {
    let pipe = child.stdout.take().unwrap();
    let (began, mut before) = (Instant::now(), 0);
    loop {
        let waiting = rustix::io::ioctl_fionread(&pipe).unwrap();
        if waiting > 0 && waiting == before {
            break;
        }
        assert!(began.elapsed() < DEADLINE, "nothing comes");
        before = waiting;
        std::thread::sleep(Duration::from_millis(200));
    }
    let mut text = String::new();
    { pipe }.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn every_end_is_told_at_a_pipe_however_slow_its_reader() {
    const FILES: u64 = 400;
    let cluster = cluster(FILES);
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<String> = (0..FILES).map(|file| format!("f{file}.bin")).collect();

    let mut command = client(&cluster, folder.path(), &["--nombre=ana", "--destino=a"]);
    let mut prompt = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = prompt.stdin.take().unwrap();
    let wishes: String = paths.iter().map(|path| format!("VIDEO {path}\n")).collect();
    let typing = std::thread::spawn(move || input.write_all(wishes.as_bytes()));
    let text = slowly(&mut prompt);
    typing.join().unwrap().unwrap();
    assert_eq!(prompt.wait().unwrap().code(), Some(0));
    let told = |path: &String| text.contains(&format!("a/{path}\n"));
    let untold: Vec<&String> = paths.iter().filter(|path| !told(path)).collect();
    assert!(untold.is_empty(), "{} not told", untold.len());

    let mut command = client(
        &cluster,
        folder.path(),
        &["descargar", "*", "--destino=b", "-q"],
    );
    let mut script = command.spawn().unwrap();
    let text = slowly(&mut script);
    assert_eq!(script.wait().unwrap().code(), Some(0));
    let mut printed: Vec<&str> = text.lines().collect();
    printed.sort_unstable();
    let mut expected: Vec<String> = paths.iter().map(|path| format!("b/{path}")).collect();
    expected.sort_unstable();
    assert_eq!(printed, expected);
}

#[test]
#[ignore = "needs root, for users who may have few threads: see .ci/run"]
fn with_too_few_threads_nothing_is_said_to_be_there_that_is_not() {
    let cluster = cluster(1);
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
    // Where everybody can run it.
    let program: PathBuf = folder.path().join("videocliente");
    fs::copy(CLIENT, &program).unwrap();
    let most = std::thread::available_parallelism().unwrap().get() as u32 + 7;
    let mut ends = Vec::new();
    for threads in 1..=most {
        let user = (61_000 + threads).to_string();
        let target = folder.path().join(format!("d{threads}"));
        let mut command = Command::new("setpriv");
        plain(&mut command)
            .args(["--reuid", &user, "--regid", &user, "--clear-groups"])
            .args(["prlimit", &format!("--nproc={threads}")])
            .arg(&program)
            .args(["descargar", "f0.bin", "--ip-central=127.0.0.1"])
            .arg(format!("--puerto-central={}", cluster.central_port))
            .arg(format!("--destino={}", target.display()))
            .current_dir(folder.path());
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!said.contains("panicked"), "{threads}: {said}");
        let is_there = fs::read(target.join("f0.bin")).is_ok_and(|file| file == noise(0, 2000));
        assert_eq!(code(&output) == 0, is_there, "{threads}: {said}");
        ends.push(code(&output));
    }
    // Both ends were met.
    assert!(ends.contains(&0) && ends.contains(&1), "{ends:?}");
}
