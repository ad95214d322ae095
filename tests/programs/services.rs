//! The servers as services: what they tell a service manager, what SIGHUP does, where logs go. And what packages are
//! made of: completions and manual pages.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::support::{
    DEADLINE, noise,
    process::{CENTRAL, CLIENT, LOCAL, Process, SECONDARY, plain},
    put,
};

/// A service manager: its socket, and the folder of the service.
struct Manager {
    folder: tempfile::TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        Self { folder, socket }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn start(&self, program: &str, args: &[&str], variables: &[(&str, &str)]) -> Process {
        let mut command = Command::new(program);
        command
            .args(["-p0", "--ip=127.0.0.1", "--sin-consola"])
            .args(args)
            .env("NOTIFY_SOCKET", self.path("notify"))
            .envs(variables.iter().copied())
            .current_dir(self.folder.path());
        Process::spawn(&mut command)
    }

    fn central(&self, args: &[&str]) -> Process {
        self.start(CENTRAL, args, &[])
    }

    /// Has a service read again what may have changed, and waits until it has.
    fn reload(&self, service: &Process) {
        service.signal(Signal::HUP);
        self.hear_until("RELOADING=1");
        self.hear_until("READY=1");
    }

    fn hear(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.socket.recv(&mut buffer).expect("it says nothing");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// All that it is told, up to a message with this line.
    fn hear_until(&self, line: &str) -> Vec<String> {
        let mut heard = Vec::new();
        loop {
            heard.push(self.hear());
            if heard.last().unwrap().lines().any(|told| told == line) {
                return heard;
            }
        }
    }
}

/// A port where nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until something holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < DEADLINE, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_central_is_ready_when_it_listens_and_says_when_it_stops() {
    let manager = Manager::new();
    let mut central = manager.central(&[]);
    let heard = manager.hear_until("READY=1");
    assert_eq!(heard.len(), 1, "{heard:?}");
    let status = format!("STATUS=Servidor escuchando en 127.0.0.1:{}", central.port());
    assert!(heard[0].lines().any(|line| line == status), "{heard:?}");
    central.signal(Signal::TERM);
    manager.hear_until("STOPPING=1");
    assert_eq!(central.exit_code(), 0);
}

#[test]
fn a_secondary_is_ready_when_it_has_read_its_folder_and_tried_to_enrol() {
    for with_central in [true, false] {
        let manager = Manager::new();
        put(&manager.path("data/videos1/a.bin"), &noise(1, 3_000_000));
        let central = Process::start(CENTRAL, manager.folder.path(), &["-p0", "--ip=127.0.0.1"]);
        let port = if with_central {
            central.port()
        } else {
            closed_port()
        };
        let to_central = format!("--puerto-central={port}");
        let mut secondary = manager.start(SECONDARY, &["-n1", &to_central], &[]);
        let heard = manager.hear_until("READY=1");
        // One of the two is not enough.
        assert!(heard.len() >= 2, "{heard:?}");
        let told = heard.concat();
        assert!(told.contains("STATUS=Carpeta leída"), "{told}");
        let enrolled = told.contains("STATUS=Inscrito en el central");
        assert_eq!(enrolled, with_central, "{told}");
        assert_ne!(told.contains("STATUS=Sin conexión"), with_central, "{told}");
        // Its status from here on is how it is with the central.
        let status = if with_central { "Inscrito" } else { "Sin" };
        let at_last = heard.last().unwrap();
        assert!(at_last.contains(&format!("STATUS={status} ")), "{heard:?}");
        secondary.signal(Signal::TERM);
        manager.hear_until("STOPPING=1");
        assert_eq!(secondary.exit_code(), 0);
    }
}

#[test]
fn services_that_answer_say_that_they_are_alive() {
    let manager = Manager::new();
    let watchdog = [("WATCHDOG_USEC", "200000")];
    let to_nobody = format!("--puerto-central={}", closed_port());
    for (program, args) in [(CENTRAL, vec![]), (SECONDARY, vec!["-n1", &to_nobody])] {
        let mut service = manager.start(program, &args, &watchdog);
        for _ in 0..3 {
            manager.hear_until("WATCHDOG=1");
        }
        service.signal(Signal::TERM);
        manager.hear_until("STOPPING=1");
        assert_eq!(service.exit_code(), 0);
    }
}

#[test]
fn sighup_makes_a_service_go_on_in_a_new_log_file() {
    for format in ["texto", "json"] {
        let manager = Manager::new();
        let (log, moved) = (manager.path("central.log"), manager.path("central.log.1"));
        let form = format!("--registro-formato={format}");
        let args = ["--registro=info", &form, "--registro-archivo=central.log"];
        let mut central = manager.central(&args);
        manager.hear_until("READY=1");
        fs::rename(&log, &moved).unwrap();
        manager.reload(&central);
        let before = lines(&moved);
        assert!(!lines(&log).is_empty(), "nothing in the new file");
        let in_new = lines(&log).len();
        central.signal(Signal::HUP);
        manager.hear_until("READY=1");
        until("more in the new file", || lines(&log).len() > in_new);
        assert_eq!(lines(&moved), before, "something went to the old file");
        assert!(!before.is_empty());
        for line in before.into_iter().chain(lines(&log)) {
            let time = if format == "json" {
                let event: serde_json::Value = serde_json::from_str(&line).unwrap();
                assert!(
                    event["level"].is_string() && event["message"].is_string(),
                    "{line}"
                );
                event["timestamp"].as_str().unwrap().to_owned()
            } else {
                assert!(!line.contains('\u{1b}'), "{line}");
                line.split(' ').next().unwrap().to_owned()
            };
            assert!(time.ends_with('Z'), "not in UTC: {line}");
            let time: jiff::Timestamp = time.parse().unwrap();
            assert!(time.duration_until(jiff::Timestamp::now()).as_secs() < 600);
        }
        // It serves as before, and ends as before.
        TcpStream::connect((Ipv4Addr::LOCALHOST, central.port())).unwrap();
        central.signal(Signal::TERM);
        assert_eq!(central.exit_code(), 0);
    }
}

#[test]
fn sighup_makes_a_service_read_its_settings_again() {
    let manager = Manager::new();
    let (log, settings) = (manager.path("central.log"), manager.path("trozos.toml"));
    fs::write(
        &settings,
        "registro = \"error\"\n[central]\nmax-clientes = 2\n",
    )
    .unwrap();
    let args = ["--config=trozos.toml", "--registro-archivo=central.log"];
    let mut central = manager.central(&args);
    manager.hear_until("READY=1");
    let again = |text: &str| {
        fs::write(&settings, text).unwrap();
        manager.reload(&central);
        lines(&log)
    };
    assert_eq!(lines(&log), [""; 0]);
    let said = again("registro = \"info\"\n");
    assert!(said.concat().contains("settings read again"), "{said:?}");
    // What is wrong is said, and it goes on as before.
    let said = again("registro = \"info\"\nregistros = 1\n");
    let last = said.last().unwrap();
    assert!(
        last.contains("ERROR") && last.contains("registros"),
        "{last}"
    );
    let said = again("registro = \"=,=\"\n");
    let last = said.last().unwrap();
    assert!(last.contains("ERROR") && last.contains("«=,=»"), "{last}");
    TcpStream::connect((Ipv4Addr::LOCALHOST, central.port())).unwrap();
    central.signal(Signal::TERM);
    assert_eq!(central.exit_code(), 0);
}

#[test]
fn sighup_makes_a_service_show_its_new_certificate() {
    let manager = Manager::new();
    for authority in ["old", "new"] {
        fs::create_dir(manager.path(authority)).unwrap();
        let mut command = Command::new(CENTRAL);
        let made = plain(&mut command)
            .args(["certificados", "tls", "--nodo", "127.0.0.1"])
            .current_dir(manager.path(authority))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    }
    let install = |authority: &str| {
        for file in ["127.0.0.1.pem", "127.0.0.1-clave.pem", "ca.pem"] {
            let from = manager.path(authority).join("tls").join(file);
            fs::copy(from, manager.path(file)).unwrap();
        }
    };
    install("old");
    let mut central = manager.central(&[
        "--tls-cert=127.0.0.1.pem",
        "--tls-clave=127.0.0.1-clave.pem",
        "--tls-ca=ca.pem",
        "--clave-archivo=old/tls/clave",
    ]);
    manager.hear_until("READY=1");
    // What a client is told that has the certificate of an authority.
    let told = |authority: &str| {
        let file = |name: &str| format!("{authority}/tls/{name}");
        let mut command = Command::new(CLIENT);
        let out = plain(&mut command)
            .arg("--ip-central=127.0.0.1")
            .arg(format!("--puerto-central={}", central.port()))
            .args(["--clave-archivo=old/tls/clave", "--espera-fuentes=0s"])
            .args(["--tls-ca", &file("ca.pem")])
            .args(["--tls-cert", &file("cliente.pem")])
            .args(["--tls-clave", &file("cliente-clave.pem"), "listar"])
            .current_dir(manager.folder.path())
            .output()
            .unwrap();
        String::from_utf8(out.stderr).unwrap()
    };
    let is_served = |authority| told(authority).contains("[not-ready]");
    assert!(is_served("old"), "{}", told("old"));
    assert!(!is_served("new"), "{}", told("new"));
    install("new");
    assert!(is_served("old"), "{}", told("old"));
    manager.reload(&central);
    assert!(is_served("new"), "{}", told("new"));
    assert!(!is_served("old"), "{}", told("old"));
    // A broken one changes nothing.
    fs::write(manager.path("127.0.0.1.pem"), "nada").unwrap();
    manager.reload(&central);
    assert!(is_served("new"), "{}", told("new"));
    central.signal(Signal::TERM);
    assert_eq!(central.exit_code(), 0);
}

#[test]
fn a_log_file_that_cannot_be_written_is_said_at_the_start() {
    let manager = Manager::new();
    let mut central = manager.central(&["--registro-archivo=nada/central.log"]);
    assert_eq!(central.exit_code(), 1);
    let line = central.wait_for("error:");
    for part in ["--registro-archivo", "nada/central.log"] {
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn a_local_clusters_processes_log_as_their_parent_does() {
    let is_json = |line: &String| serde_json::from_str::<serde_json::Value>(line).is_ok();
    for to_files in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("data/videos1/a.bin"), &noise(1, 1000));
        let mut args = vec![
            "--secundarios=1",
            "--registro=info",
            "--registro-formato=json",
        ];
        args.extend(to_files.then_some("--registro-archivo=a.log"));
        let mut local = Process::start(LOCAL, folder.path(), &args);
        local.wait_for("Sincronizado: el secundario tiene");
        local.end_input();
        assert_eq!(local.exit_code(), 0, "{:?}", local.printed());
        for child in ["central", "secundario1"] {
            let own = lines(&folder.path().join(format!("a-{child}.log")));
            let printed = lines(&folder.path().join(format!("stats/registros/{child}.txt")));
            assert!(
                printed.iter().any(|line| line.starts_with("Servidor")),
                "{printed:?}"
            );
            assert_eq!(!own.is_empty(), to_files, "{own:?}");
            assert!(own.iter().all(is_json), "{own:?}");
            assert_ne!(printed.iter().any(is_json), to_files, "{printed:?}");
        }
    }
}

/// Has completions and manual pages made in this language, below `made`.
fn generate(folder: &Path, language: &str) {
    let args = ["--generar", "made", "--idioma", language];
    let mut local = Process::start(LOCAL, folder, &args);
    assert_eq!(local.exit_code(), 0, "{:?}", local.printed());
}

#[test]
fn completions_and_manual_pages_are_made_for_all_programs() {
    let folder = tempfile::tempdir().unwrap();
    generate(folder.path(), "es");
    let read = |path: String| fs::read_to_string(folder.path().join("made").join(path)).unwrap();
    for (program, flag) in [
        ("videocentral", "max-clientes"),
        ("videosecundario", "limite-subida"),
        ("videocliente", "destino"),
        ("videolocal", "demo"),
    ] {
        for path in [
            format!("bash/{program}.bash"),
            format!("zsh/_{program}"),
            format!("fish/{program}.fish"),
        ] {
            assert!(read(path.clone()).contains(flag), "{path}");
        }
        // Of a flag that takes one of a few words, the words are offered.
        let fish = read(format!("fish/{program}.fish"));
        assert!(fish.contains("\"es\\t''\nen\\t''\""), "{fish}");
        let page = read(format!("man/{program}.1"));
        // Hyphens are escaped in manual pages.
        assert!(page.replace("\\-", "-").contains(flag), "{page}");
        let script = folder.path().join(format!("made/bash/{program}.bash"));
        assert!(
            Command::new("bash")
                .arg("-n")
                .arg(script)
                .status()
                .unwrap()
                .success()
        );
    }
    assert!(read("man/videocentral-certificados.1".to_owned()).contains("CARPETA"));
}

#[test]
fn manual_pages_say_what_is_typed_how_it_ends_and_where_files_are() {
    for (language, parts) in [
        (
            "es",
            [
                "EXPULSAR <cliente>",
                "RECUPERAR <n|*>…",
                "VIDEO <nombre>…",
                "MATAR <n|C|*>…",
                "AYUDA [orden]",
            ],
        ),
        (
            "en",
            [
                "EXPEL <client>",
                "RECOVER <n|*>…",
                "GET <name>…",
                "KILL <n|C|*>…",
                "HELP [command]",
            ],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path(), language);
        let programs = [
            "videocentral",
            "videosecundario",
            "videocliente",
            "videolocal",
        ];
        let of_all = parts[4];
        for (program, command) in programs.iter().zip(parts) {
            let path = folder.path().join(format!("made/man/{program}.1"));
            let page = fs::read_to_string(path).unwrap().replace("\\-", "-");
            let other = match *program {
                "videolocal" => "videocliente(1)",
                _ => "videolocal(1)",
            };
            let history = format!("historia-{program}");
            for part in [command, of_all, "/etc/trozos/trozos.toml", &history, other] {
                assert!(page.contains(part), "{program}: {part}: {page}");
            }
            let ends = page.lines().filter(|line| line.starts_with("\\fB"));
            let codes =
                ends.filter(|line| line.trim_matches(|c: char| !c.is_ascii_digit()).len() == 1);
            assert!(codes.count() >= 3, "{page}");
        }
        let local = folder.path().join("made/man/videolocal.1");
        let local = fs::read_to_string(local).unwrap().replace("\\-", "-");
        let flag = if language == "es" {
            "--generar"
        } else {
            "--generate"
        };
        assert!(local.contains(flag), "{local}");
    }
}

#[test]
fn manual_pages_are_in_one_language_with_their_headings() {
    for (language, subcommand, title, headings, of_subcommand) in [
        (
            "es",
            "videocentral-certificados",
            "Manual de trozos",
            "NOMBRE SINOPSIS DESCRIPCIÓN OPCIONES DESCARGAS COMPAÑEROS SEGURIDAD GENERAL ÓRDENES NOTAS ÓRDENES DE LA CONSOLA ESTADO DE SALIDA FICHEROS EJEMPLOS VÉASE TAMBIÉN VERSIÓN",
            "NOMBRE SINOPSIS DESCRIPCIÓN ARGUMENTOS OPCIONES GENERAL",
        ),
        (
            "en",
            "videocentral-certificates",
            "trozos manual",
            "NAME SYNOPSIS DESCRIPTION OPTIONS DOWNLOADS PEERS SECURITY GENERAL COMMANDS NOTES PROMPT COMMANDS EXIT STATUS FILES EXAMPLES SEE ALSO VERSION",
            "NAME SYNOPSIS DESCRIPTION ARGUMENTS OPTIONS GENERAL",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path(), language);
        for (page, headings) in [("videocliente", headings), (subcommand, of_subcommand)] {
            let lines = lines(&folder.path().join(format!("made/man/{page}.1")));
            let version = env!("CARGO_PKG_VERSION");
            let first = format!(".TH {page} 1 \" \" \"trozos {version}\" \"{title}\"");
            assert!(lines.contains(&first), "{lines:?}");
            let found: Vec<&str> = lines
                .iter()
                .filter_map(|line| line.strip_prefix(".SH "))
                .map(|heading| heading.trim_matches('"'))
                .collect();
            assert_eq!(found.join(" "), headings, "{page}");
        }
    }
}
