//! Where files go, with the real programs: names, folders, links, devices and pipes that `-o` and `--destino` may be
//! given, what of a person's is there already, and what is left of what did not come to its end.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::{FileTypeExt, MetadataExt, symlink},
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use crate::support::{
    DEADLINE, names, noise,
    process::{CLIENT, Cluster, hearing, plain},
    put,
};

const FILM: &str = "pelicula.bin";
const EPISODE: &str = "serie/uno.bin";

fn film() -> Vec<u8> {
    noise(1, 2_500_000)
}

fn cluster() -> Cluster {
    let cluster = Cluster::start(100_000_000, |folder| {
        for n in 1..=3 {
            let served = folder.join(format!("data/videos{n}"));
            put(&served.join(FILM), &film());
            put(&served.join(EPISODE), b"uno");
        }
    });
    cluster.central.wait_for("Sincronizado");
    cluster
}

/// A person's machine.
struct Person<'a> {
    cluster: &'a Cluster,
    folder: tempfile::TempDir,
}

impl<'a> Person<'a> {
    fn new(cluster: &'a Cluster) -> Self {
        Self {
            cluster,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = hearing(CLIENT);
        plain(&mut command)
            .args(["descargar", "--ip-central=127.0.0.1"])
            .arg(format!("--puerto-central={}", self.cluster.central_port))
            .args(args)
            .env("XDG_STATE_HOME", self.path(".state"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// The exit code, and all that was said.
    fn says(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(args);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = text(&output.stdout) + &text(&output.stderr);
        (output.status.code().unwrap(), said)
    }

    fn does(&self, args: &[&str]) {
        let (code, said) = self.says(args);
        assert_eq!(code, 0, "{args:?}: {said}");
    }

    fn refuses(&self, args: &[&str], code_said: &str) {
        let (code, said) = self.says(args);
        assert_eq!(code, 1, "{args:?}: {said}");
        assert!(said.contains(&format!("[{code_said}]")), "{args:?}: {said}");
        assert!(!said.contains("completa y verificada"), "{args:?}: {said}");
    }

    fn has(&self, name: &str, bytes: &[u8]) {
        assert!(fs::read(self.path(name)).unwrap() == bytes, "{name}");
    }
}

#[test]
fn an_output_is_a_name_or_a_folder_and_the_same_again_is_well() {
    let cluster = cluster();
    let person = Person::new(&cluster);
    fs::create_dir(person.path("carpeta")).unwrap();
    let long = "k".repeat(255);
    for (given, at) in [
        ("otro.bin", "otro.bin"),
        ("no/hay/otro.bin", "no/hay/otro.bin"),
        (".oculto", ".oculto"),
        ("a.part", "a.part"),
        ("carpeta", "carpeta/pelicula.bin"),
        ("carpeta/", "carpeta/pelicula.bin"),
        ("nueva/", "nueva/pelicula.bin"),
        (&long, &long),
    ] {
        for _ in 0..2 {
            person.does(&[FILM, "-q", "-o", given]);
            person.has(at, &film());
        }
    }
    person.does(&[EPISODE, "-q", "-o", "carpeta"]);
    person.has("carpeta/uno.bin", b"uno");
    person.refuses(&[EPISODE, "-o", "otro.bin"], "other-content-there");
    person.has("otro.bin", &film());
    person.does(&[EPISODE, "-q", "-o", "otro.bin", "--sobrescribir"]);
    person.has("otro.bin", b"uno");
    let said = person.run(&[FILM, "-q", "-o", "carpeta/../carpeta"]).stdout;
    assert_eq!(said, b"carpeta/../carpeta/pelicula.bin\n");
    person.refuses(&[FILM, "-o", "otro.bin/x"], "not-a-folder");
    assert_eq!(person.says(&[FILM, EPISODE, "-o", "carpeta"]).0, 2);
    let there = names(person.folder.path());
    assert!(
        there.iter().all(|name| !name.contains("trozos")),
        "{there:?}"
    );
}

#[test]
fn a_link_that_a_person_names_is_followed_and_one_below_a_folder_is_not() {
    let cluster = cluster();
    let person = Person::new(&cluster);
    put(&person.path("disco/viejo.bin"), b"viejo");
    symlink("disco/viejo.bin", person.path("enlace")).unwrap();
    symlink("disco/nuevo.bin", person.path("colgado")).unwrap();
    symlink("disco", person.path("carpeta")).unwrap();
    symlink("vueltas", person.path("vueltas")).unwrap();
    person.refuses(&[FILM, "-o", "enlace"], "other-content-there");
    person.does(&[FILM, "-q", "-o", "enlace", "--sobrescribir"]);
    person.does(&[FILM, "-q", "-o", "enlace"]);
    person.has("disco/viejo.bin", &film());
    person.does(&[FILM, "-q", "-o", "colgado"]);
    person.has("disco/nuevo.bin", &film());
    person.does(&[EPISODE, "-q", "--destino", "carpeta"]);
    person.has("disco/serie/uno.bin", b"uno");
    person.refuses(&[FILM, "-o", "vueltas"], "link-not-followed");
    for link in ["enlace", "colgado", "carpeta"] {
        assert!(person.path(link).is_symlink(), "{link}");
    }
    // In a folder of downloads names come from others.
    fs::create_dir(person.path("d")).unwrap();
    symlink(person.path("disco"), person.path("d/serie")).unwrap();
    symlink("../disco/viejo.bin", person.path("d").join(FILM)).unwrap();
    fs::create_dir_all(person.path("e").join(FILM)).unwrap();
    for more in [&[][..], &["--sobrescribir"]] {
        let with = |args: &[&'static str]| [args, more].concat();
        person.refuses(&with(&[EPISODE, "--destino", "d"]), "link-not-followed");
        person.refuses(&with(&[FILM, "--destino", "d"]), "link-not-followed");
        person.refuses(&with(&[FILM, "--destino", "e"]), "not-a-file");
        person.refuses(&with(&[FILM, "-o", "e"]), "not-a-file");
    }
    assert!(person.path("d").join(FILM).is_symlink());
}

#[test]
fn a_device_or_a_pipe_is_written_into_and_stays_what_it_is() {
    let cluster = cluster();
    let person = Person::new(&cluster);
    rustix::fs::mkfifoat(
        rustix::fs::CWD,
        person.path("tubo"),
        rustix::fs::Mode::from_raw_mode(0o600),
    )
    .unwrap();
    for more in [&[][..], &["--sobrescribir"]] {
        let mut reader = Command::new("cat")
            .arg(person.path("tubo"))
            .stdout(File::create(person.path("leido")).unwrap())
            .spawn()
            .unwrap();
        person.does(&[&[FILM, "-q", "-o", "tubo"], more].concat());
        assert!(reader.wait().unwrap().success());
        person.has("leido", &film());
        person.does(&[&[FILM, "-q", "-o", "/dev/null"], more].concat());
        person.refuses(&[&[FILM, "-o", "/dev/full"], more].concat(), "disk-full");
    }
    assert!(
        fs::metadata(person.path("tubo"))
            .unwrap()
            .file_type()
            .is_fifo()
    );
    assert!(
        fs::metadata("/dev/null")
            .unwrap()
            .file_type()
            .is_char_device()
    );
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        for more in [&[][..], &["--sobrescribir"]] {
            let output = person.run(&[&[FILM, "-o", name], more].concat());
            assert!(output.status.success() && output.stdout == film(), "{name}");
            // What the shell opened goes on where it is.
            let mut file = File::create(person.path("abierto")).unwrap();
            file.write_all(b"antes").unwrap();
            let mut command = person.command(&[&[FILM, "-q", "-o", name], more].concat());
            assert!(command.stdout(file).status().unwrap().success());
            person.has("abierto", &[b"antes", &film()[..]].concat());
        }
    }
    std::os::unix::net::UnixListener::bind(person.path("zocalo")).unwrap();
    person.refuses(&[FILM, "-o", "zocalo", "--sobrescribir"], "not-a-file");
}

#[test]
fn nothing_that_a_person_has_is_taken_for_ours() {
    let cluster = cluster();
    let person = Person::new(&cluster);
    put(&person.path(".mia.bin.trozos/nota"), b"nota");
    let mine = [
        "mia.bin.part",
        "mia.bin.part-diario",
        "mia.bin.part-diario~",
        ".mia.bin.part-diario",
        "stats/.trozos-cliente-ana.json-copia",
    ];
    for name in mine {
        put(&person.path(name), name.as_bytes());
    }
    let stats = person.path("stats");
    let stats = format!("--estadisticas={}", stats.display());
    person.does(&[FILM, "-q", "-o", "mia.bin", "--nombre=ana", &stats]);
    person.has("mia.bin", &film());
    person.has(".mia.bin.trozos/nota", b"nota");
    for name in mine {
        let moved = name.replace("mia.bin.part", "mia.bin.1.part");
        let at = if person.path(name).exists() {
            name
        } else {
            &moved
        };
        person.has(at, name.as_bytes());
    }
}

/// Waits for something.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < DEADLINE, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn parts(folder: &Path, n: usize) -> Vec<String> {
    let parts = folder.join(format!("data/videos{n}/.trozos/partes"));
    fs::read_dir(parts).map_or_else(
        |_| Vec::new(),
        |entries| {
            let entries = entries.flatten();
            entries
                .map(|entry| entry.file_name().into_string().unwrap())
                .collect()
        },
    )
}

#[test]
fn of_a_copy_that_nobody_wants_any_more_nothing_is_left() {
    let cluster = Cluster::start(1_000_000, |folder| {
        put(
            &folder.join("data/videos1").join(FILM),
            &noise(1, 30_000_000),
        );
    });
    let folder = cluster.folder.path();
    for n in [2, 3] {
        until("a copy", || !parts(folder, n).is_empty());
    }
    fs::remove_file(folder.join("data/videos1").join(FILM)).unwrap();
    for n in [2, 3] {
        // The folder goes after what is in it.
        let kept = folder.join(format!("data/videos{n}/.trozos"));
        until("nothing of ours", || !kept.exists());
    }
}

#[test]
fn what_a_killed_secondary_left_long_ago_ends_at_its_start() {
    let mut cluster = Cluster::start(1_000_000, |folder| {
        put(
            &folder.join("data/videos1").join(FILM),
            &noise(1, 30_000_000),
        );
    });
    let folder = cluster.folder.path().to_owned();
    until("a copy", || parts(&folder, 2).len() > 1);
    for n in [0, 1] {
        cluster.secondaries[n].kill();
    }
    let left = parts(&folder, 2);
    let week = Duration::from_secs(8 * 24 * 3600);
    for name in &left {
        let path = folder.join("data/videos2/.trozos/partes").join(name);
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::now() - week)
            .unwrap();
    }
    put(&folder.join("data/videos2/.trozos/partes/nota"), b"nota");
    cluster.restart_secondary(2);
    until("nothing of ours", || parts(&folder, 2) == ["nota"]);
}

#[test]
fn who_is_interrupted_keeps_what_came_and_gives_the_rest_of_the_space_back() {
    const BYTES: u64 = 40_000_000;
    let cluster = Cluster::start(1_000_000, |folder| {
        for n in 1..=3 {
            let served = folder.join(format!("data/videos{n}"));
            put(&served.join(FILM), &noise(1, BYTES as usize));
        }
    });
    cluster.central.wait_for("Sincronizado");
    let person = Person::new(&cluster);
    let part = person.path("d/pelicula.bin.part");
    let journal = person.path("d/pelicula.bin.part-diario");
    let mut client = person.command(&[FILM, "--destino", "d"]).spawn().unwrap();
    // The header and some records.
    until("some chunks", || {
        fs::metadata(&journal).is_ok_and(|j| j.len() > 200)
    });
    let id = rustix::process::Pid::from_child(&client);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert_eq!(client.wait().unwrap().code(), Some(130));
    let left = fs::metadata(&part).unwrap();
    assert_eq!(left.len(), BYTES);
    let taken = left.blocks() * 512;
    assert!((1 << 20..BYTES / 2).contains(&taken), "{taken} bytes");
}
