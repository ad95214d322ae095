//! How long it takes until another central goes on: real processes on real members of etcd, which is installed.
//!
//! ```sh
//! cargo run --locked --example relevo                     # ten kills for each life of a lease, and twenty hand-overs
//! cargo run --locked --example relevo -- 3 5 100 --json   # so many of both, and commits; the last line is for programs
//! ```
//!
//! Three centrals that are nothing but their reign, on three members. The active one is killed (SIGKILL), or ordered to hand
//! over; the time is from there to the first batch that the next one has durable, and the silence from the last batch of the
//! one before. In the end the journal is read: everything that was acknowledged is in it, once. Then one central writes one
//! batch after the other, and so does a client of etcd that does nothing else.
//!
//! With `RELEVO_REGISTRO=1` centrals log what they do.
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
    engine::leadership::{Active, Answer, Batch, Config, Fence, Request, Standing},
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
        _ => {
            let is_json = arguments.iter().any(|argument| argument == "--json");
            let mut numbers = arguments
                .iter()
                .filter_map(|argument| argument.parse().ok());
            let mut next = |usual| numbers.next().unwrap_or(usual);
            let (kills, moves, commits) = (next(10), next(20), next(500));
            let mut rows = Vec::new();
            for ttl in [3, 5] {
                rows.extend(measure(&runtime, ttl, kills, moves));
            }
            let commits = runtime.block_on(measure_commits(commits));
            if is_json {
                println!(
                    "{}",
                    serde_json::json!({ "moves": rows, "commits": commits })
                );
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

fn measure(
    runtime: &tokio::runtime::Runtime,
    ttl: u64,
    kills: usize,
    moves: usize,
) -> Vec<serde_json::Value> {
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
    let (mut times, mut silences, mut rows) = (Vec::new(), Vec::new(), Vec::new());
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
    let wanted = (ttl + 1) * 1000;
    rows.extend(show(
        &format!("SIGKILL of the active, TTL {ttl} s"),
        &mut times,
        wanted,
    ));
    for _ in 0..moves {
        let active = scene.settle();
        // The order is for one that is known to be ready.
        std::thread::sleep(Duration::from_millis(1200));
        let ordered = now_us();
        writeln!(scene.processes[active].stdin, "migrate").unwrap();
        let last = std::cell::Cell::new(ordered);
        let (_, at) = scene.wait(|nth, kind, at| {
            if nth == active && kind == "ack" {
                last.set(last.get().max(at));
            }
            nth != active && kind == "ack" && at > ordered
        });
        times.push(at - ordered);
        silences.push(at.saturating_sub(last.get()));
    }
    rows.extend(show(&format!("hand-over, TTL {ttl} s"), &mut times, 100));
    rows.extend(show(
        &format!("of that in silence, TTL {ttl} s"),
        &mut silences,
        100,
    ));
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
    rows
}

/// Prints times, in microseconds, and gives them as a row in milliseconds.
fn show(what: &str, times: &mut Vec<u64>, wanted: u64) -> Option<serde_json::Value> {
    times.sort_unstable();
    let count = times.len();
    let ms = |nth: usize| times.get(nth).map(|at| *at as f64 / 1000.0);
    let (least, median, most) = (ms(0)?, ms(count / 2)?, ms(count - 1)?);
    let p99 = ms((count * 99).div_ceil(100) - 1)?;
    println!(
        "{what}: {count} times, {least:.2} to {most:.2} ms, median {median:.2} ms, p99 {p99:.2} ms"
    );
    let row = serde_json::json!({
        "what": what, "times": count, "least": least, "median": median, "p99": p99, "most": most,
        "wanted": wanted,
    });
    times.clear();
    Some(row)
}

/// One batch after the other: by etcd's client alone, and by a central.
async fn measure_commits(count: usize) -> Vec<serde_json::Value> {
    let cluster = etcd::Cluster::start(3);
    let config = EtcdConfig {
        endpoints: cluster.endpoints(),
        prefix: "/trozos/solo/".to_owned(),
        tls: None,
    };
    let store = Etcd::new(config).unwrap();
    let ask = async |request: Request| loop {
        // Members that have just started do not answer yet.
        if let Ok(answer) = store.ask(&request).await {
            return answer;
        }
    };
    let Answer::Granted(lease) = ask(Request::Grant(Duration::from_secs(600))).await else {
        panic!("no lease");
    };
    let active = Active {
        node: "solo".to_owned(),
        address: "127.0.0.1:1".to_owned(),
        lease: Some(lease),
        fence: Fence(Default::default()),
    };
    let Answer::Won(fence) = ask(Request::Campaign(active)).await else {
        panic!("somebody else is there");
    };
    let text = "x".repeat(200);
    let (mut times, mut rows) = (Vec::new(), Vec::new());
    for seq in 1..=count as u64 {
        let body = text.clone().into();
        let began = std::time::Instant::now();
        let answer = ask(Request::Append(fence, Batch { seq, term: 1, body })).await;
        assert!(matches!(answer, Answer::Done(_)), "{answer:?}");
        times.push(began.elapsed().as_micros() as u64);
    }
    rows.extend(show("a commit by etcd's client alone", &mut times, 0));
    let endpoints = cluster.endpoints().join(",");
    let central = Central::start(client(&endpoints), Config::new("c0", "127.0.0.1:1"));
    let serves = |seen: &reigning::Seen| seen.standing == Some(Standing::Serving);
    central.until("it serves", serves).await;
    for _ in 0..count {
        let began = std::time::Instant::now();
        assert!(central.write(&text).await.is_some());
        times.push(began.elapsed().as_micros() as u64);
    }
    rows.extend(show("a commit by a central", &mut times, 0));
    rows
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
