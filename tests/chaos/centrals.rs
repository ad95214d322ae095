//! Two centrals on three members of etcd, three secondaries, and clients that download and wait, while a person gives orders.
//! Centrals and members are killed, stopped and cut off, and the reign is handed over. No download fails or stands still; the
//! journal has no gap, its terms only grow, and what was acknowledged to the person is in it once, in order.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{JoinHandle, sleep},
    time::{Duration, Instant},
};

use fastrand::Rng;
use rustix::process::Signal;
use serde_json::Value;
use trozos::{
    engine::leadership::{Answer, Request},
    net::etcd::{Etcd, EtcdConfig},
    node::central::BatchStore,
    store::{sha256, sha256_file},
};

use crate::{
    network::{bytes_to, cut_from_switch, join, join_self, switch},
    story::number,
    support::{
        noise,
        process::{CENTRAL, CLIENT, Process, SECONDARY, plain},
        put,
    },
};

const SECONDS: u64 = 60;
const MEMBERS: usize = 3;
const CENTRALS: usize = 2;
const CLIENTS: usize = 4;
/// Of each file; at the rate of the secondaries it takes some seconds.
const BYTES: usize = 12_000_000;
const RATE: u64 = 1_500_000;
/// Longest that a download may stand still. The promise is a second; the rest is for a machine that is busy.
const SILENCE: Duration = Duration::from_millis(2_500);
/// The exit code of a script that finds no central.
const UNREACHABLE: i32 = 3;
const PREFIX: &str = "/trozos/caos/";

/// A process in a namespace of its own.
struct Node {
    name: String,
    command: Vec<String>,
    folder: PathBuf,
    process: Option<Process>,
}

impl Node {
    fn new(folder: &Path, name: &str, address: &str, command: Vec<String>) -> Self {
        join(name, address);
        let mut node = Self {
            name: name.to_owned(),
            command,
            folder: folder.to_owned(),
            process: None,
        };
        node.start();
        node
    }

    fn start(&mut self) {
        let mut command = Command::new("ip");
        // It becomes the program: signals are the program's own.
        command.args(["netns", "exec", &self.name]);
        command.args(&self.command).current_dir(&self.folder);
        self.process = Some(Process::spawn(&mut command));
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    fn signal(&self, signal: Signal) {
        self.process.as_ref().unwrap().signal(signal);
    }

    /// Nothing ends by itself.
    fn assert_runs(&mut self) {
        let process = self.process.as_mut().unwrap();
        let ended = process.child.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "{}: {ended:?} {:#?}",
            self.name,
            process.printed()
        );
    }
}

fn member_address(n: usize) -> String {
    format!("10.79.0.{}", 21 + n)
}

fn central_address(n: usize) -> String {
    format!("10.79.0.{}", 1 + n)
}

fn endpoints() -> Vec<String> {
    (0..MEMBERS)
        .map(|n| format!("http://{}:2379", member_address(n)))
        .collect()
}

fn centrals_flag() -> String {
    let all: Vec<String> = (0..CENTRALS)
        .map(|n| format!("{}:7000", central_address(n)))
        .collect();
    format!("--ip-central={}", all.join(","))
}

fn member(folder: &Path, n: usize) -> Node {
    let (name, address) = (format!("tc-e{n}"), member_address(n));
    let peers: Vec<String> = (0..MEMBERS)
        .map(|n| format!("m{n}=http://{}:2380", member_address(n)))
        .collect();
    let command = [
        "etcd".to_owned(),
        format!("--name=m{n}"),
        format!("--data-dir={}", folder.join(format!("m{n}")).display()),
        format!("--listen-client-urls=http://{address}:2379"),
        format!("--advertise-client-urls=http://{address}:2379"),
        format!("--listen-peer-urls=http://{address}:2380"),
        format!("--initial-advertise-peer-urls=http://{address}:2380"),
        format!("--initial-cluster={}", peers.join(",")),
        "--initial-cluster-state=new".to_owned(),
        "--log-level=error".to_owned(),
    ];
    Node::new(folder, &name, &address, command.into())
}

fn central(folder: &Path, n: usize) -> Node {
    let (name, address) = (format!("tc-c{n}"), central_address(n));
    let command = [
        CENTRAL.to_owned(),
        format!("--ip={address}"),
        "--puerto=7000".to_owned(),
        "--sin-consola".to_owned(),
        format!("--motor={}", endpoints().join(",")),
        "--grupo=caos".to_owned(),
        format!("--nodo=c{n}"),
        "--ttl=3s".to_owned(),
        // Somebody always waits.
        format!("--max-clientes={}", CLIENTS / 2),
        format!("--estadisticas=stats-c{n}"),
        format!("--socket=c{n}.socket"),
    ];
    Node::new(folder, &name, &address, command.into())
}

fn secondary(folder: &Path, n: usize) -> Node {
    let (name, address) = (format!("tc-s{n}"), format!("10.79.0.{}", 11 + n));
    let command = [
        SECONDARY.to_owned(),
        format!("--numero={}", n + 1),
        format!("--ip={address}"),
        "--puerto=0".to_owned(),
        "--sin-consola".to_owned(),
        format!("--directorio=v{}", n + 1),
        format!("--limite-subida={RATE}"),
        "--estadisticas=stats-s".to_owned(),
        "--socket=no".to_owned(),
        centrals_flag(),
    ];
    Node::new(folder, &name, &address, command.into())
}

/// What a client did.
#[derive(Debug, Default)]
struct Done {
    downloads: u32,
    turned_away: u32,
    failed: Vec<String>,
    longest_silence: Duration,
}

/// A client that downloads its file again and again.
fn client(folder: PathBuf, n: usize, digest: String, ends: Arc<AtomicBool>) -> JoinHandle<Done> {
    std::thread::spawn(move || {
        let (name, file) = (format!("tc-k{n}"), format!("f{n}.bin"));
        let target = folder.join(format!("de-k{n}"));
        let mut done = Done::default();
        while !ends.load(Ordering::Relaxed) {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &name, CLIENT, "descargar", &file]);
            command.args([
                format!("--destino=de-k{n}"),
                format!("--nombre=k{n}"),
                centrals_flag(),
            ]);
            let mut process = Process::spawn(command.arg("--json").current_dir(&folder));
            let began = bytes_to(&name);
            let (mut last, mut at) = (began, Instant::now());
            let code = loop {
                if let Some(status) = process.child.try_wait().unwrap() {
                    break status.code();
                }
                let bytes = bytes_to(&name);
                let (got, left) = (
                    bytes - began,
                    BYTES as u64 - (bytes - began).min(BYTES as u64),
                );
                if bytes >= last + 16_384 {
                    // Of its first and last bytes there are few.
                    if got > 512 << 10 && left > 512 << 10 {
                        done.longest_silence = done.longest_silence.max(at.elapsed());
                    }
                    (last, at) = (bytes, Instant::now());
                }
                assert!(
                    at.elapsed() < Duration::from_secs(120),
                    "{name} stands still"
                );
                sleep(Duration::from_millis(20));
            };
            let whole = sha256_file(&target.join(&file)).map(|found| found.to_string());
            let is_early = bytes_to(&name) < began + (256 << 10);
            if code == Some(0) && whole.as_ref() == Ok(&digest) {
                done.downloads += 1;
            } else if code == Some(UNREACHABLE) && is_early {
                // A script that begins while nobody reigns is told so at once.
                done.turned_away += 1;
                sleep(Duration::from_millis(200));
            } else {
                done.failed
                    .push(format!("{code:?} {whole:?} {:?}", process.printed()));
            }
            let _ = fs::remove_file(target.join(&file));
        }
        done
    })
}

/// What a central answers to an order, within some seconds.
fn order(folder: &Path, n: usize, words: &[&str]) -> Value {
    let mut command = Command::new("timeout");
    plain(&mut command)
        .current_dir(folder)
        .args(["6", CENTRAL])
        .args(words);
    let output = command
        .arg(format!("--socket=c{n}.socket"))
        .arg("--json")
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// A person who drains a secondary and lets it work again: which of the orders were acknowledged, and how many may have
/// been done without that.
fn person(folder: PathBuf, ends: Arc<AtomicBool>) -> JoinHandle<(Vec<bool>, usize)> {
    std::thread::spawn(move || {
        let (mut acknowledged, mut unsure, mut on) = (Vec::new(), 0, true);
        while !ends.load(Ordering::Relaxed) {
            let words: &[&str] = if on {
                &["drenar", "3"]
            } else {
                &["drenar", "3", "no"]
            };
            let mut is_done = false;
            for n in 0..CENTRALS {
                let said = order(&folder, n, words);
                let row = &said["drained"][0];
                match row["drained"].as_str() {
                    Some(drained) if drained == if on { "yes" } else { "no" } => {
                        if row["unchanged"] == true {
                            // An order whose answer was lost has done it.
                            unsure += 1;
                        } else {
                            acknowledged.push(on);
                        }
                        is_done = true;
                        break;
                    }
                    Some(_) => {}
                    None => unsure += 1,
                }
            }
            if is_done {
                on = !on;
            }
            sleep(Duration::from_millis(100));
        }
        (acknowledged, unsure)
    })
}

fn has_state(folder: &Path, n: usize, state: &str) -> bool {
    let said = order(folder, n, &["centrales"]);
    let rows = said["centrals"].as_array().cloned().unwrap_or_default();
    rows.iter()
        .any(|row| row["node"] == format!("c{n}") && row["state"] == state)
}

/// One reigns, and the others could.
fn settle(folder: &Path) {
    let began = Instant::now();
    loop {
        let active = (0..CENTRALS)
            .filter(|n| has_state(folder, *n, "active"))
            .count();
        let ready = (0..CENTRALS)
            .filter(|n| has_state(folder, *n, "ready"))
            .count();
        if (active, ready) == (1, CENTRALS - 1) {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{active} active, {ready} ready"
        );
        sleep(Duration::from_millis(100));
    }
}

/// One thing goes wrong, and is as it was again.
fn hurt(random: &mut Rng, centrals: &mut [Node], members: &mut [Node], folder: &Path) {
    let on_centrals = random.bool();
    let nodes = if on_centrals {
        &mut *centrals
    } else {
        &mut *members
    };
    let node = random.choice(nodes).unwrap();
    let most = if on_centrals { 7_000 } else { 4_000 };
    let while_it_lasts = Duration::from_millis(random.u64(200..most));
    match random.u8(..4) {
        0 => {
            println!("kill {}", node.name);
            node.kill();
            sleep(while_it_lasts.min(Duration::from_secs(4)));
            node.start();
        }
        1 => {
            println!("stop {} for {while_it_lasts:?}", node.name);
            node.signal(Signal::STOP);
            sleep(while_it_lasts);
            node.signal(Signal::CONT);
        }
        2 => {
            println!("cut {} for {while_it_lasts:?}", node.name);
            cut_from_switch(&node.name, true);
            sleep(while_it_lasts);
            cut_from_switch(&node.name, false);
        }
        _ => {
            println!("migrate");
            for n in 0..CENTRALS {
                order(folder, n, &["migrar"]);
            }
        }
    }
    sleep(Duration::from_millis(random.u64(300..3_000)));
    for node in centrals.iter_mut().chain(members) {
        node.assert_runs();
    }
}

/// All facts about draining, in order; the batches follow each other, and terms only grow.
async fn facts() -> Vec<bool> {
    let config = EtcdConfig {
        endpoints: endpoints(),
        prefix: PREFIX.to_owned(),
        tls: None,
    };
    let store = Etcd::new(config).unwrap();
    let (mut next, mut term, mut facts) = (1, 0, Vec::new());
    loop {
        let page = store.ask(&Request::Log(next, 16)).await;
        let Ok(Answer::Page(batches, _)) = page else {
            panic!("{page:?}");
        };
        if batches.is_empty() {
            println!("{} batches, term {term}", next - 1);
            return facts;
        }
        for batch in batches {
            assert_eq!(batch.seq, next, "a gap");
            assert!(batch.term >= term, "an earlier reign wrote {next}");
            (next, term) = (batch.seq + 1, batch.term);
            for line in batch.body.split(|byte| *byte == b'\n').skip(1) {
                let fact: Value = serde_json::from_slice(line).unwrap();
                match fact["t"].as_str() {
                    Some("drained") => facts.push(true),
                    Some("works") => facts.push(false),
                    _ => {}
                }
            }
        }
    }
}

pub fn run() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().to_owned();
    let seconds = number("TROZOS_CHAOS_SECONDS").unwrap_or(SECONDS);
    let seed = number("TROZOS_CHAOS_SEED").unwrap_or(1);
    println!("TROZOS_CHAOS_SEED={seed}");
    let mut random = Rng::with_seed(seed);
    switch();
    join_self("10.79.0.254");
    let mut digests = Vec::new();
    for n in 0..CLIENTS {
        let bytes = noise(n as u64 + 1, BYTES);
        digests.push(sha256(&bytes).to_string());
        for v in 1..=3 {
            put(&folder.join(format!("v{v}/f{n}.bin")), &bytes);
        }
        join(&format!("tc-k{n}"), &format!("10.79.0.{}", 101 + n));
    }
    let mut members: Vec<Node> = (0..MEMBERS).map(|n| member(&folder, n)).collect();
    let mut centrals: Vec<Node> = (0..CENTRALS).map(|n| central(&folder, n)).collect();
    let secondaries: Vec<Node> = (0..3).map(|n| secondary(&folder, n)).collect();
    settle(&folder);
    let ends = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..)
        .zip(digests)
        .map(|(n, digest)| client(folder.clone(), n, digest, Arc::clone(&ends)))
        .collect();
    let person = person(folder.clone(), Arc::clone(&ends));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(seconds) {
        hurt(&mut random, &mut centrals, &mut members, &folder);
    }
    settle(&folder);
    ends.store(true, Ordering::Relaxed);
    let (acknowledged, unsure) = person.join().unwrap();
    let done: Vec<Done> = clients
        .into_iter()
        .map(|client| client.join().unwrap())
        .collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let facts = runtime.block_on(facts());
    println!(
        "{} orders acknowledged, {unsure} unsure, {} facts",
        acknowledged.len(),
        facts.len()
    );
    // Each that was acknowledged is there, in order; no more than may have been done are.
    let mut left = facts.iter();
    for (nth, order) in acknowledged.iter().enumerate() {
        assert!(left.any(|fact| fact == order), "order {nth} is lost");
    }
    assert!(facts.len() <= acknowledged.len() + unsure);
    assert!(acknowledged.len() > 10, "too little was ordered");
    for (n, done) in done.iter().enumerate() {
        println!(
            "client {n}: {} downloads, silent for {:?} at most, turned away {} times",
            done.downloads, done.longest_silence, done.turned_away
        );
        assert!(done.failed.is_empty(), "client {n}: {:#?}", done.failed);
        assert!(done.downloads > 0, "client {n} got nothing");
        assert!(
            done.longest_silence <= SILENCE,
            "client {n}: {:?}",
            done.longest_silence
        );
    }
    drop(secondaries);
}
