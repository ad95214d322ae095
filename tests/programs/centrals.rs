//! Real centrals on a real etcd: one hands over, one is killed, and nobody has to do anything. With `videolocal` too.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use rustix::process::Signal;
use trozos::node::central::read_journal;

use crate::{
    etcd,
    support::{
        DEADLINE, noise,
        process::{CENTRAL, CLIENT, LOCAL, Process, SECONDARY, ended, plain},
        put,
    },
};

/// The folder, and the members of etcd.
struct Scene {
    folder: tempfile::TempDir,
    engine: etcd::Cluster,
}

impl Scene {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn central(&self, node: &str) -> (Process, u16) {
        let args = [
            "-p0".to_owned(),
            "--ip=127.0.0.1".to_owned(),
            "--sin-consola".to_owned(),
            format!("--motor={}", self.engine.endpoints().join(",")),
            format!("--nodo={node}"),
            "--ttl=3s".to_owned(),
            format!("--estadisticas=stats-{node}"),
            format!("--socket={node}.socket"),
        ];
        let central = Process::start(CENTRAL, self.folder.path(), &args);
        let port = central.port();
        (central, port)
    }

    /// What a central answers to an order, as a document.
    fn order(&self, node: &str, words: &[&str]) -> serde_json::Value {
        let mut command = Command::new(CENTRAL);
        plain(&mut command).current_dir(self.folder.path());
        command
            .args(words)
            .arg(format!("--socket={node}.socket"))
            .arg("--json");
        let output = command.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// Asks until the answer is as wanted.
    fn order_until(
        &self,
        node: &str,
        words: &[&str],
        is_it: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        let began = Instant::now();
        loop {
            let answer = self.order(node, words);
            if is_it(&answer) {
                return answer;
            }
            assert!(began.elapsed() < DEADLINE, "{words:?}: {answer}");
            std::thread::yield_now();
        }
    }
}

fn has_state(answer: &serde_json::Value, node: &str, state: &str) -> bool {
    let rows = answer["centrals"].as_array();
    rows.into_iter()
        .flatten()
        .any(|row| row["node"] == node && row["state"] == state)
}

fn is_drained(answer: &serde_json::Value, number: u64) -> bool {
    let rows = answer["secondaries"].as_array();
    let mut rows = rows.into_iter().flatten();
    rows.any(|row| row["number"] == number && row["state"] == "draining")
}

fn bytes_of(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

#[test]
#[ignore = "needs etcd (etcd-server): see .ci/run"]
fn what_was_ordered_outlives_every_central_and_a_download_notices_nothing() {
    let scene = Scene {
        folder: tempfile::tempdir().unwrap(),
        engine: etcd::Cluster::start(1),
    };
    let bytes = noise(5, 60_000_000);
    for n in 1..=3 {
        put(&scene.path(&format!("v{n}/a.mp4")), &bytes);
    }
    let (first, first_port) = scene.central("c1");
    scene.order_until("c1", &["centrales"], |answer| {
        has_state(answer, "c1", "active")
    });
    let (mut second, second_port) = scene.central("c2");
    scene.order_until("c1", &["centrales"], |answer| {
        has_state(answer, "c2", "ready")
    });
    let centrals = format!("--ip-central=127.0.0.1:{first_port},127.0.0.1:{second_port}");
    let secondaries = [1, 2, 3].map(|n| {
        let args = [
            format!("-n{n}"),
            "-p0".to_owned(),
            "--ip=127.0.0.1".to_owned(),
            "--sin-consola".to_owned(),
            format!("--directorio=v{n}"),
            "--estadisticas=stats".to_owned(),
            "--limite-subida=2MB/s".to_owned(),
            "--socket=no".to_owned(),
            centrals.clone(),
        ];
        Process::start(SECONDARY, scene.folder.path(), &args)
    });
    let mut client = Process::start(
        CLIENT,
        scene.folder.path(),
        &[
            "descargar",
            "a.mp4",
            "--destino=bajado",
            "--json",
            &centrals,
        ],
    );
    scene.order_until("c1", &["clientes"], |answer| {
        answer["clients"][0]["running"] == 1
    });
    // What a person has ordered is there after a hand-over.
    assert_eq!(
        scene.order("c1", &["drenar", "3"])["drained"][0]["drained"],
        "yes"
    );
    assert_eq!(scene.order("c1", &["migrar"])["migrated"]["to"], "c2");
    scene.order_until("c2", &["secundarios"], |answer| is_drained(answer, 3));
    scene.order_until("c2", &["clientes"], |answer| {
        answer["clients"][0]["running"] == 1
    });
    let refused = scene.order("c1", &["migrar"]);
    assert_eq!(refused["migrated"]["code"], "not-active", "{refused}");
    // It is there after a kill as well.
    second.kill();
    scene.order_until("c1", &["centrales"], |answer| {
        has_state(answer, "c1", "active")
    });
    scene.order_until("c1", &["secundarios"], |answer| is_drained(answer, 3));
    scene.order_until("c1", &["clientes"], |answer| {
        answer["clients"][0]["running"] == 1
    });
    assert_eq!(client.exit_code(), 0, "{:?}", client.printed());
    assert!(bytes_of(&scene.path("bajado/a.mp4")) == bytes);
    // A central that is told to end gives the reign to one that is ready.
    let (third, _) = scene.central("c3");
    scene.order_until("c1", &["centrales"], |answer| {
        has_state(answer, "c3", "ready")
    });
    first.signal(Signal::TERM);
    scene.order_until("c3", &["centrales"], |answer| {
        has_state(answer, "c3", "active")
    });
    scene.order_until("c3", &["secundarios"], |answer| is_drained(answer, 3));
    drop((third, secondaries));
}

/// The standing of a central of `videolocal`, as its prompt shows it, once there is one.
fn wait_for_row(local: &mut Process, state: &str) {
    let began = Instant::now();
    loop {
        let before = local.printed().len();
        local.type_line("CENTRALES");
        while local.printed().len() < before + 3 {
            assert!(began.elapsed() < DEADLINE, "{:#?}", local.printed());
            std::thread::yield_now();
        }
        let rows = local.printed_after(before);
        if rows.iter().any(|row| row.contains(state)) {
            return;
        }
        assert!(began.elapsed() < DEADLINE, "{rows:#?}");
    }
}

#[test]
#[ignore = "needs etcd (etcd-server): see .ci/run"]
fn in_videolocal_the_central_dies_and_one_line_says_where_it_is_now() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = noise(5, 60_000_000);
    for n in 1..=3 {
        put(&folder.path().join(format!("data/videos{n}/a.bin")), &bytes);
    }
    // Where its servers take orders: those of tests otherwise take none where people would look for them.
    let sockets = format!("XDG_RUNTIME_DIR={}", folder.path().display());
    let unset = "--unset=TROZOS_SOCKET";
    let args = [
        unset,
        &sockets,
        LOCAL,
        "--centrales=2",
        "--limite-subida=1MB/s",
    ];
    let mut local = Process::start("env", folder.path(), &args);
    local.wait_for("Sincronizado: los 3 secundarios tienen el mismo fichero");
    wait_for_row(&mut local, "listo");
    local.type_line("INSCRIBIR ana");
    local.wait_for("Te has inscrito como ana");
    local.type_line("VIDEO a.bin");
    local.wait_for("Descarga 1: a.bin");
    let before = local.printed().len();
    local.type_line("MATAR C");
    let killed = local.wait_for("Se ha matado el central C");
    local.wait_for("El central del grupo es ahora el de 127.0.0.1");
    let told = local.printed_after(before);
    let lines = told.iter().filter(|line| !line.contains("a.bin"));
    assert_eq!(lines.count(), 2, "{killed}: {told:#?}");
    // Which one is down is known.
    local.type_line("LEVANTAR C");
    local.wait_for("Se ha levantado el central C");
    wait_for_row(&mut local, "listo");
    local.type_line("MIGRAR");
    local.wait_for("Ahora manda C");
    local.wait_for_nth("El central del grupo es ahora el de 127.0.0.1", 2);
    // One member of etcd is not missed, and one that stands still neither.
    local.type_line("MATAR E1");
    local.wait_for("Se ha matado el etcd E1");
    wait_for_row(&mut local, "listo");
    local.type_line("MIGRAR C9");
    local.wait_for("Ningún central se llama así");
    local.type_line("LEVANTAR E1");
    local.wait_for("Se ha levantado el etcd E1");
    local.type_line("CONGELAR C");
    local.wait_for("Se ha congelado el central C");
    local.wait_for_nth("El central del grupo es ahora el de 127.0.0.1", 3);
    local.type_line("DESCONGELAR C");
    local.wait_for("Se ha descongelado el central C");
    wait_for_row(&mut local, "listo");
    local.type_line("NODOS");
    local.wait_for("vivo (manda)");
    local.wait_for("completa y verificada");
    assert!(bytes_of(&folder.path().join("data/descargas/a.bin")) == bytes);
    let printed = local.printed();
    assert!(
        !printed.iter().any(|line| line.contains("Sin conexión")),
        "{printed:#?}"
    );
    local.end_input();
    assert_eq!(local.exit_code(), 0, "{:#?}", local.printed());
    // What was known is known to the next run, though all of etcd listens elsewhere.
    let mut local = Process::start("env", folder.path(), &args);
    local.wait_for("Sincronizado");
    local.end_input();
    assert_eq!(local.exit_code(), 0, "{:#?}", local.printed());
}

#[test]
fn without_etcd_videolocal_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let nowhere = [("PATH", path.as_str())];
    let (code, _, said) = ended(LOCAL, folder.path(), &["--centrales=2"], &nowhere);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("apt install etcd-server"), "{said}");
    assert!(!folder.path().join("stats").exists());
}

#[test]
#[ignore = "needs etcd (etcd-server): see .ci/run"]
fn orders_at_a_central_on_standby_name_the_one_that_reigns() {
    let scene = Scene {
        folder: tempfile::tempdir().unwrap(),
        engine: etcd::Cluster::start(1),
    };
    let (first, first_port) = scene.central("c1");
    scene.order_until("c1", &["centrales"], |answer| {
        has_state(answer, "c1", "active")
    });
    let (mut second, second_port) = scene.central("c2");
    scene.order_until("c1", &["centrales"], |answer| {
        has_state(answer, "c2", "ready")
    });
    for words in [
        &["drenar", "1"][..],
        &["expulsar", "ana"],
        &["estado"],
        &["cola"],
        &["estadisticas"],
    ] {
        let mut args = words.to_vec();
        args.push("--socket=c2.socket");
        let (code, _, said) = ended(CENTRAL, scene.folder.path(), &args, &[]);
        assert_eq!(code, 1, "{words:?}: {said}");
        let place = format!("c1 (127.0.0.1:{first_port})");
        assert!(
            said.contains(&place) && said.contains("[not-active]"),
            "{said}"
        );
    }
    // A service reads no console, and its page says it too.
    assert!(second.child.try_wait().unwrap().is_none());
    let page = ask_page(second_port);
    assert!(
        page.contains(&format!("http://127.0.0.1:{first_port}/")),
        "{page}"
    );
    drop(first);
}

/// The front page, as a browser asks for it.
fn ask_page(port: u16) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

#[test]
#[ignore = "needs etcd (etcd-server): see .ci/run"]
fn an_order_during_hand_overs_is_done_once_or_refused() {
    let scene = Scene {
        folder: tempfile::tempdir().unwrap(),
        engine: etcd::Cluster::start(1),
    };
    put(&scene.path("v1/a"), b"a");
    let nodes = ["c1", "c2"];
    let centrals = nodes.map(|node| scene.central(node));
    let places = centrals
        .each_ref()
        .map(|(_, port)| format!("127.0.0.1:{port}"));
    let args = [
        "-n1".to_owned(),
        "-p0".to_owned(),
        "--ip=127.0.0.1".to_owned(),
        "--sin-consola".to_owned(),
        "--directorio=v1".to_owned(),
        "--socket=no".to_owned(),
        format!("--ip-central={}", places.join(",")),
    ];
    let secondary = Process::start(SECONDARY, scene.folder.path(), &args);
    let is_there = |answer: &serde_json::Value| answer["secondaries"][0]["number"] == 1;
    let standing_by =
        |answer: &serde_json::Value| nodes.iter().any(|node| has_state(answer, node, "ready"));
    scene.order_until("c1", &["centrales"], standing_by);
    let give = |node: &str, words: &[&str]| {
        let mut args = words.to_vec();
        let socket = format!("--socket={node}.socket");
        args.push(&socket);
        ended(CENTRAL, scene.folder.path(), &args, &[])
    };
    let began = Instant::now();
    while !nodes
        .iter()
        .any(|node| is_there(&scene.order(node, &["secundarios"])))
    {
        assert!(began.elapsed() < DEADLINE, "no secondary");
    }
    let mut is_drained_now = false;
    let (mut done, mut refused) = (0, 0);
    std::thread::scope(|threads| {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        threads.spawn(move || {
            // One hand-over after the other, as long as there are orders.
            let ended = |stopped: &std::sync::mpsc::Receiver<()>| {
                stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Disconnected)
            };
            while !ended(&stopped) {
                for node in nodes {
                    give(node, &["migrar"]);
                }
            }
        });
        while done < 20 {
            let words: &[&str] = match is_drained_now {
                true => &["drenar", "1", "no"],
                false => &["drenar", "1"],
            };
            for node in nodes {
                let (code, _, error) = give(node, words);
                match code {
                    0 => {
                        done += 1;
                        is_drained_now = !is_drained_now;
                        break;
                    }
                    // The secondary is on its way from one central to the other.
                    4 => {}
                    _ => {
                        assert!(error.contains("[not-active]"), "{error}");
                        refused += 1;
                    }
                }
            }
        }
        drop(stop);
    });
    let began = Instant::now();
    let shown = loop {
        let mut answers = nodes.iter().map(|node| scene.order(node, &["secundarios"]));
        if let Some(shown) = answers.find(is_there) {
            break shown;
        }
        assert!(began.elapsed() < DEADLINE, "no secondary");
    };
    assert_eq!(is_drained(&shown, 1), is_drained_now, "{shown}");
    assert!(refused > 0, "no order met a hand-over");
    drop(secondary);
}

#[test]
#[ignore = "needs etcd (etcd-server): see .ci/run"]
fn a_journal_goes_into_an_empty_etcd_and_is_there_when_etcd_is_lost() {
    let mut scene = Scene {
        folder: tempfile::tempdir().unwrap(),
        engine: etcd::Cluster::start(1),
    };
    put(&scene.path("v1/a.mp4"), &noise(5, 1000));
    let by_itself = |node: &str| {
        let args = [
            "-p0".to_owned(),
            "--ip=127.0.0.1".to_owned(),
            "--sin-consola".to_owned(),
            format!("--estadisticas=stats-{node}"),
            format!("--socket={node}.socket"),
        ];
        let central = Process::start(CENTRAL, scene.folder.path(), &args);
        let port = central.port();
        (central, port)
    };
    let secondary = |port: u16| {
        let args = [
            "-n1".to_owned(),
            "-p0".to_owned(),
            "--ip=127.0.0.1".to_owned(),
            "--sin-consola".to_owned(),
            "--directorio=v1".to_owned(),
            "--estadisticas=stats".to_owned(),
            "--socket=no".to_owned(),
            "--ip-central=127.0.0.1".to_owned(),
            format!("--puerto-central={port}"),
        ];
        Process::start(SECONDARY, scene.folder.path(), &args)
    };
    let end = |mut process: Process| {
        process.signal(Signal::TERM);
        assert_eq!(process.exit_code(), 0, "{:?}", process.printed());
    };
    let (first, port) = by_itself("c1");
    let kept = secondary(port);
    first.wait_for("El secundario 1 se ha inscrito");
    let drained = scene.order("c1", &["drenar", "1"]);
    assert_eq!(drained["drained"][0]["drained"], "yes", "{drained}");
    end(kept);
    end(first);
    let (other, _) = by_itself("c2");
    end(other);
    // What it knew is in etcd.
    let (mut first, port) = scene.central("c1");
    scene.order_until("c1", &["centrales"], |answer| {
        has_state(answer, "c1", "active")
    });
    let kept = secondary(port);
    scene.order_until("c1", &["secundarios"], |answer| is_drained(answer, 1));
    // Who has another cluster's journal is not let in.
    let args = [
        "-p0".to_owned(),
        "--ip=127.0.0.1".to_owned(),
        "--sin-consola".to_owned(),
        format!("--motor={}", scene.engine.endpoints().join(",")),
        "--nodo=c2".to_owned(),
        "--estadisticas=stats-c2".to_owned(),
        "--socket=no".to_owned(),
    ];
    let mut refused = Process::start(CENTRAL, scene.folder.path(), &args);
    assert_ne!(refused.exit_code(), 0);
    refused.wait_for("etcd-other-cluster");
    // etcd is lost; the copy in the file is the journal of the next one.
    first.kill();
    drop(kept);
    let copy = read_journal(&scene.path("stats-c1/central.diario")).unwrap();
    assert!(copy.segments > 0);
    scene.engine = etcd::Cluster::start(1);
    let (first, port) = scene.central("c1");
    let active = scene.order_until("c1", &["centrales"], |answer| {
        has_state(answer, "c1", "active")
    });
    let term = active["centrals"][0]["term"].as_u64().unwrap();
    assert!(term > 1_000_000, "{term}: it began anew");
    let args = |port: u16| format!("--puerto-central={port}");
    let _kept = Process::start(
        SECONDARY,
        scene.folder.path(),
        &[
            "-n1",
            "-p0",
            "--ip=127.0.0.1",
            "--sin-consola",
            "--directorio=v1",
            "--socket=no",
            "--estadisticas=stats",
            "--ip-central=127.0.0.1",
            &args(port),
        ],
    );
    scene.order_until("c1", &["secundarios"], |answer| is_drained(answer, 1));
    drop(first);
}
