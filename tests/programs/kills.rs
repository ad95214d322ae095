//! The central is killed with SIGKILL right after it has acknowledged something: all kinds of what a person decides, and
//! what it promised to those who wait.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::Instant,
};

use rustix::process::Signal;
use serde_json::{Value, json};
use trozos::{engine::registry::Entry, node::central::read_journal};

use crate::support::{
    DEADLINE, noise,
    process::{Cluster, Process},
    put,
};

/// `admin:the password`
const BASIC: &str = "YWRtaW46dGhlIHBhc3N3b3Jk";
const FAST: u64 = 50_000_000;
const SLOW: u64 = 100_000;

/// Asks until there is something.
fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "{what}");
        std::thread::yield_now();
    }
}

/// What the central answers an administrator, if it answers.
fn http(cluster: &Cluster, line: &str, body: &str) -> Option<Value> {
    let mut socket = TcpStream::connect(("127.0.0.1", cluster.central_port)).ok()?;
    let request = format!(
        "{line} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Basic {BASIC}\r\nX-Trozos: 1\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        cluster.central_port,
        body.len()
    );
    socket.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200"), "{line}: {answer}");
    serde_json::from_str(body).ok()
}

fn cluster(rate: u64, prepare: impl FnOnce(&Path)) -> Cluster {
    let flags = ["--admin-contrasena-archivo=contraseña"];
    Cluster::start_with(rate, [&flags, &[]], |folder| {
        let password = folder.join("contraseña");
        put(&password, b"the password\n");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(password, private).unwrap();
        prepare(folder);
    })
}

fn facts(cluster: &Cluster) -> Vec<Entry> {
    let path = cluster.folder.path().join("stats/central.diario");
    let batches = read_journal(&path).unwrap().batches.into_iter();
    batches.flat_map(|batch| batch.entries).collect()
}

fn kill_and_restart(cluster: &mut Cluster, is_there: impl Fn(&Entry) -> bool) {
    cluster.central.kill();
    let facts = facts(cluster);
    assert!(facts.iter().any(is_there), "{facts:?}");
    cluster.restart_central();
}

#[test]
fn a_resolved_conflict_stays_resolved() {
    let mut cluster = cluster(FAST, |folder| {
        for n in 1..=3 {
            put(
                &folder.join(format!("data/videos{n}/plan.txt")),
                &noise(n.min(2), 100_000),
            );
        }
    });
    cluster.central.wait_for("Conflicto: ");
    cluster.central.wait_for("El secundario 3 se ha inscrito");
    cluster.central.type_line("RESOLVER plan.txt 1");
    cluster.central.wait_for("Decidido: plan.txt");
    kill_and_restart(
        &mut cluster,
        |fact| matches!(fact, Entry::Name(record) if record.name.as_str() == "plan.txt"),
    );
    let chosen = noise(1, 100_000);
    until("the chosen content is everywhere", || {
        let folder = cluster.folder.path();
        let read = |n: u32| std::fs::read(folder.join(format!("data/videos{n}/plan.txt"))).ok();
        (1..=3)
            .all(|n| read(n).as_ref() == Some(&chosen))
            .then_some(())
    });
    let conflicts = until("an answer", || http(&cluster, "GET /api/v1/conflicts", ""));
    assert_eq!(conflicts["conflicts"], json!([]));
    let printed = cluster.central.printed();
    assert!(
        !printed.iter().any(|line| line.contains("Conflicto: ")),
        "{printed:#?}"
    );
}

#[test]
fn the_number_of_downloads_that_was_ordered_holds() {
    let mut cluster = cluster(FAST, |folder| {
        put(&folder.join("data/videos1/a.bin"), &noise(1, 1000));
    });
    cluster.wait_for_level(1);
    for most in [9, 2] {
        let body = format!("{{\"max_downloads\":{most}}}");
        let set = http(&cluster, "POST /api/v1/limits", &body).unwrap();
        assert_eq!(set["limits"]["max_downloads"], most);
        kill_and_restart(&mut cluster, |fact| {
            let ordered = Entry::MaxDownloads {
                most,
                configured: 5,
            };
            *fact == ordered
        });
        let now = until("an answer", || http(&cluster, "GET /api/v1/limits", ""));
        assert_eq!(now["limits"]["max_downloads"], most);
    }
}

/// Who waits, in the order of the line.
fn line_of(cluster: &Cluster) -> Vec<String> {
    let queue = http(cluster, "GET /api/v1/queue", "").unwrap_or_default();
    let rows = queue["queue"].as_array().cloned().unwrap_or_default();
    let client = |row: &Value| row["client"].as_str().map(str::to_owned);
    rows.iter().filter_map(client).collect()
}

#[test]
fn the_line_keeps_its_order_and_service_goes_on_without_a_secondary() {
    let mut cluster = cluster(SLOW, |folder| {
        put(&folder.join("data/videos1/a.bin"), &noise(1, 3_000_000));
    });
    // The copies are slow as well: two secondaries are enough to begin with.
    http(&cluster, "POST /api/v1/limits", "{\"max_downloads\":1}").unwrap();
    let mut clients: Vec<Process> = Vec::new();
    let mut expected: Vec<String> = Vec::new();
    for name in ["dora", "berto", "ana", "clara"] {
        let target = format!("--destino=de-{name}");
        let mut client = cluster.client_with(name, &[&target]);
        client.type_line("VIDEO a.bin");
        if !clients.is_empty() {
            expected.push(name.to_owned());
        } else {
            client.wait_for("Descarga ");
        }
        until("it waits in the line", || {
            (line_of(&cluster) == expected).then_some(())
        });
        clients.push(client);
    }
    for round in 0..3 {
        if round == 1 {
            cluster.secondaries[2].kill();
        }
        kill_and_restart(&mut cluster, |fact| *fact == Entry::Begun);
        until("the line as it was", || {
            (line_of(&cluster) == expected).then_some(())
        });
    }
    // Somebody who leaves the line is not there again after a kill.
    clients[2].type_line("CANCELAR 1");
    expected.remove(1);
    until("the line without one", || {
        (line_of(&cluster) == expected).then_some(())
    });
    cluster.central.kill();
    cluster.restart_central();
    until("the line without one", || {
        (line_of(&cluster) == expected).then_some(())
    });
    // The first one is served though a secondary is away.
    clients[0].type_line("CANCELAR 1");
    until("the next one begins", || {
        (line_of(&cluster) == expected[1..]).then_some(())
    });
}

#[test]
fn an_older_version_of_a_name_is_known_to_be_one() {
    let (old, new) = (noise(1, 200_000), noise(2, 200_000));
    let mut cluster = cluster(FAST, |folder| {
        put(&folder.join("data/videos1/plan.txt"), &old)
    });
    cluster.wait_for_level(1);
    let path = |n: u32| format!("data/videos{n}/plan.txt");
    let folder = cluster.folder.path().to_owned();
    let has =
        |n: u32, bytes: &[u8]| std::fs::read(folder.join(path(n))).is_ok_and(|read| read == bytes);
    until("a copy everywhere", || {
        (1..=3).all(|n| has(n, &old)).then_some(())
    });
    cluster.secondaries[2].signal(Signal::TERM);
    assert_eq!(cluster.secondaries[2].exit_code(), 0);
    put(&folder.join("nuevo"), &new);
    std::fs::rename(folder.join("nuevo"), folder.join(path(1))).unwrap();
    until("the new version is copied", || has(2, &new).then_some(()));
    kill_and_restart(
        &mut cluster,
        |fact| matches!(fact, Entry::Name(record) if !record.gone.is_empty()),
    );
    // Whoever was away has the old one, which is no conflict.
    cluster.restart_secondary(3);
    until("the new version is everywhere", || {
        (1..=3).all(|n| has(n, &new)).then_some(())
    });
    let printed = cluster.central.printed();
    assert!(
        !printed.iter().any(|line| line.contains("Conflicto: ")),
        "{printed:#?}"
    );
}
