//! Two real centrals on a real etcd: one hands over, one is killed, and nobody has to do anything.

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
        process::{CENTRAL, CLIENT, Process, SECONDARY, plain},
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
