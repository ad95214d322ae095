//! What a shell offers after `videocliente descargar`: the names of the cluster's files.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command, time::Instant};

use rustix::process::Signal;

use crate::support::{
    noise,
    process::{CLIENT, Cluster, LOCAL, Process, plain},
    put,
};

const NAMES: [&str; 3] = ["mi película 1.bin", "mi película's 2.bin", "otra.bin"];

fn cluster() -> Cluster {
    let cluster = Cluster::start(500_000, |folder| {
        for n in 1..=3 {
            for (seed, name) in (1..).zip(NAMES) {
                let path = folder.join(format!("data/videos{n}")).join(name);
                put(&path, &noise(seed, 1000));
            }
        }
    });
    cluster.central.wait_for("Sincronizado");
    let args = ["--generar", "made"];
    let mut local = Process::start(LOCAL, cluster.folder.path(), &args);
    assert_eq!(local.exit_code(), 0, "{:?}", local.printed());
    cluster
}

/// What bash offers at the end of a line that begins with the program.
fn offered(cluster: &Cluster, rest: &str) -> Vec<String> {
    let program = Path::new(CLIENT);
    // The words are what bash would make of such a line; the script looks at the line.
    let script = r#"
        source made/bash/videocliente.bash
        COMP_LINE="videocliente $REST"; COMP_POINT=${#COMP_LINE}
        COMP_WORDS=(videocliente $REST); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
        function=$(complete -p videocliente); function=${function#*-F }; function=${function%% *}
        $function videocliente "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        (( ${#COMPREPLY[@]} )) && printf '%s\n' "${COMPREPLY[@]}"
        exit 0
    "#;
    let folder = program.parent().unwrap().to_str().unwrap();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap());
    let rest = rest.replace("CENTRAL", &format!("127.0.0.1:{}", cluster.central_port));
    let output = plain(&mut Command::new("bash"))
        .args(["--norc", "-c", script])
        .env("REST", rest)
        .env("PATH", path)
        .env("LC_ALL", "C.UTF-8")
        .env("XDG_CACHE_HOME", cluster.folder.path().join("cache"))
        .current_dir(cluster.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn names_of_the_clusters_files_are_offered_as_bash_needs_them() {
    let cluster = cluster();
    for (line, names) in [
        (
            "--ip-central=CENTRAL descargar mi",
            &[r"mi\ película''\ 1.bin", r"mi\ película\'s\ 2.bin"][..],
        ),
        (
            "get --ip-central CENTRAL \"mi película'",
            &["mi película's 2.bin"],
        ),
        (
            "listar --ip-central=CENTRAL MI\\ PELICULA\\ ",
            &[r"mi\ película\ 1.bin"],
        ),
        (
            "descargar --ip-central=CENTRAL otra.bin o",
            // Nothing twice: what is offered else is the flags, of which none begins so.
            &[],
        ),
        // Only what is there can be compared.
        ("verificar --ip-central=CENTRAL o", &[]),
        // A flag's value is no name.
        ("--ip-central=CENTRAL listar --idioma e", &["es", "en"]),
        ("--ip-central=CENTRAL est", &["estado"]),
    ] {
        let offered = offered(&cluster, line);
        assert_eq!(offered, names, "{line}");
    }
    put(&cluster.folder.path().join("data/descargas/otra.bin"), b"x");
    let offered = offered(&cluster, "verificar --ip-central=CENTRAL o");
    assert_eq!(offered, ["otra.bin"]);
}

#[test]
fn names_are_kept_for_a_while_and_a_silent_central_is_not_waited_for() {
    let cluster = cluster();
    let line = "descargar --ip-central=CENTRAL ot";
    assert_eq!(offered(&cluster, line), ["otra.bin"]);
    cluster.central.signal(Signal::STOP);
    assert_eq!(offered(&cluster, line), ["otra.bin"]);
    let cache = cluster.folder.path().join("cache/trozos");
    let kept: Vec<_> = fs::read_dir(&cache).unwrap().map(Result::unwrap).collect();
    assert_eq!(kept.len(), 1);
    let mode = kept[0].metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "others can read the names");
    fs::remove_file(kept[0].path()).unwrap();
    let began = Instant::now();
    assert_eq!(offered(&cluster, line), [""; 0]);
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    cluster.central.signal(Signal::CONT);
}
