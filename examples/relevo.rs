//! How long it takes until another central goes on: real processes on real members of etcd, which is installed.
//!
//! ```sh
//! cargo run --locked --example relevo          # ten kills for each life of a lease, and twenty hand-overs
//! cargo run --locked --example relevo -- 3 5   # so many of both
//! ```
//!
//! Three centrals that are nothing but their reign, on three members. The active one is killed (SIGKILL), or ordered to hand
//! over; the time is from there to the first batch that the next one has durable. In the end the journal is read: everything
//! that was acknowledged is in it, once.
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub, dead_code)]

#[path = "../tests/support/etcd.rs"]
mod etcd;
#[path = "../tests/support/reigning.rs"]
mod reigning;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, mpsc},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use trozos::{
    engine::leadership::{Answer, Config, Request, Standing},
    net::etcd::{Etcd, EtcdConfig},
    node::central::BatchStore,
};

use reigning::Central;

fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_micros().try_into().unwrap()
}

fn client(endpoints: &str) -> Arc<Etcd> {
    let config = EtcdConfig {
        endpoints: endpoints.split(',').map(str::to_owned).collect(),
        prefix: "/trozos/relevo/".to_owned(),
        tls: None,
    };
    Arc::new(Etcd::new(config).unwrap())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match arguments.first().map(String::as_str) {
        Some("central") => runtime.block_on(central(&arguments[1], &arguments[2], &arguments[3])),
        first => {
            let kills = first.map_or(10, |given| given.parse().unwrap());
            let moves = arguments.get(1).map_or(20, |given| given.parse().unwrap());
            for ttl in [3, 5] {
                measure(&runtime, ttl, kills, moves);
            }
        }
    }
}

/// One central, as a process: writes a text each ten milliseconds while it is active, and says what it does.
async fn central(name: &str, ttl: &str, endpoints: &str) {
    if std::env::var_os("RELEVO_REGISTRO").is_some() {
        let log = tracing_subscriber::fmt().with_writer(std::io::stderr);
        log.with_max_level(tracing::Level::DEBUG).init();
    }
    let config = Config {
        ttl: Duration::from_secs(ttl.parse().unwrap()),
        snapshot_batches: u64::MAX,
        ..Config::new(name, "127.0.0.1:1")
    };
    let central = Arc::new(Central::start(client(endpoints), config));
    let ordered = Arc::clone(&central);
    let runtime = tokio::runtime::Handle::current();
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines() {
            let end = runtime.block_on(ordered.migrate(None));
            println!("moved {} {:?}", now_us(), end.is_ok());
        }
        std::process::exit(0);
    });
    for nth in 0.. {
        if central.seen.borrow().standing == Some(Standing::Serving) {
            let text = format!("text {name} {} {nth}", std::process::id());
            if central.write(&text).await.is_some() {
                println!("ack {} {text}", now_us());
            }
        } else if central.seen.borrow().ready {
            println!("ready {}", now_us());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

struct Process {
    child: Child,
    stdin: ChildStdin,
}

struct Scene {
    processes: Vec<Process>,
    said: mpsc::Receiver<(usize, String)>,
    say: mpsc::Sender<(usize, String)>,
    endpoints: String,
    ttl: u64,
    acknowledged: Vec<String>,
}

impl Scene {
    fn start(&self, nth: usize) -> Process {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "central",
                &format!("c{nth}"),
                &self.ttl.to_string(),
                &self.endpoints,
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let say = self.say.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if say.send((nth, line)).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take().unwrap();
        Process { child, stdin }
    }

    /// The next line that is wanted; all acknowledgements are kept.
    fn wait(&mut self, wanted: impl Fn(usize, &str, u64) -> bool) -> (usize, u64) {
        loop {
            let (nth, line) = self.said.recv_timeout(Duration::from_secs(60)).unwrap();
            let (kind, rest) = line.split_once(' ').unwrap();
            let (at, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let at = at.parse().unwrap();
            if kind == "ack" {
                self.acknowledged.push(text.to_owned());
            }
            if wanted(nth, kind, at) {
                return (nth, at);
            }
        }
    }

    /// Waits until all others are ready, and one writes.
    fn settle(&mut self) -> usize {
        let start = now_us();
        let mut kinds = BTreeMap::new();
        loop {
            let found = std::cell::RefCell::new((0, String::new()));
            self.wait(|nth, kind, at| {
                *found.borrow_mut() = (nth, kind.to_owned());
                at > start
            });
            let (nth, kind) = found.into_inner();
            kinds.insert(nth, kind);
            let active: Vec<usize> = kinds
                .iter()
                .filter(|(_, kind)| *kind == "ack")
                .map(|(nth, _)| *nth)
                .collect();
            if kinds.len() == self.processes.len() && active.len() == 1 {
                return active[0];
            }
        }
    }
}

fn measure(runtime: &tokio::runtime::Runtime, ttl: u64, kills: usize, moves: usize) {
    let cluster = etcd::Cluster::start(3);
    let (say, said) = mpsc::channel();
    let mut scene = Scene {
        processes: Vec::new(),
        said,
        say,
        endpoints: cluster.endpoints().join(","),
        ttl,
        acknowledged: Vec::new(),
    };
    for nth in 0..3 {
        let process = scene.start(nth);
        scene.processes.push(process);
    }
    let mut times = Vec::new();
    for _ in 0..kills {
        let active = scene.settle();
        std::thread::sleep(Duration::from_millis(fastrand::u64(..1000)));
        scene.processes[active].child.kill().unwrap();
        scene.processes[active].child.wait().unwrap();
        let killed = now_us();
        let (_, at) = scene.wait(|nth, kind, at| nth != active && kind == "ack" && at > killed);
        times.push(at - killed);
        scene.processes[active] = scene.start(active);
    }
    show(&format!("SIGKILL of the active, TTL {ttl} s"), &mut times);
    for _ in 0..moves {
        let active = scene.settle();
        // The order is for one that is known to be ready.
        std::thread::sleep(Duration::from_millis(1200));
        let ordered = now_us();
        writeln!(scene.processes[active].stdin, "migrate").unwrap();
        let (_, at) = scene.wait(|nth, kind, at| nth != active && kind == "ack" && at > ordered);
        times.push(at - ordered);
    }
    show(&format!("hand-over, TTL {ttl} s"), &mut times);
    for process in &mut scene.processes {
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }
    scene.processes.clear();
    while let Ok((_, line)) = scene.said.recv_timeout(Duration::from_millis(200)) {
        if let Some(rest) = line.strip_prefix("ack ") {
            scene
                .acknowledged
                .push(rest.split_once(' ').unwrap().1.to_owned());
        }
    }
    runtime.block_on(audit(&scene));
}

fn show(what: &str, times: &mut Vec<u64>) {
    times.sort_unstable();
    if times.is_empty() {
        return;
    }
    let ms = |at: u64| at as f64 / 1000.0;
    let (first, last) = (times[0], times[times.len() - 1]);
    println!(
        "{what}: {} times, {:.0} to {:.0} ms, median {:.0} ms",
        times.len(),
        ms(first),
        ms(last),
        ms(times[times.len() / 2])
    );
    times.clear();
}

async fn audit(scene: &Scene) {
    let store = client(&scene.endpoints);
    let (mut next, mut counts) = (1, BTreeMap::<String, u32>::new());
    loop {
        match store.ask(&Request::Log(next, 16)).await {
            Ok(Answer::Page(batches, _)) if batches.is_empty() => break,
            Ok(Answer::Page(batches, _)) => {
                for batch in batches {
                    assert_eq!(batch.seq, next, "a gap");
                    next += 1;
                    for line in std::str::from_utf8(&batch.body).unwrap().lines() {
                        *counts.entry(line.to_owned()).or_default() += 1;
                    }
                }
            }
            other => println!("{other:?}"),
        }
    }
    for text in &scene.acknowledged {
        assert_eq!(counts.get(text), Some(&1), "{text}");
    }
    println!(
        "{} acknowledged, each in the journal once; {} batches without a gap",
        scene.acknowledged.len(),
        next - 1
    );
}
