//! Clients that abuse a server: each meets a limit with a name, and an honest download beside it takes about
//! as long as it does alone.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use trozos::node::{central::CentralEvent, client::DownloadEvent, secondary::RunningKind};

use crate::support::{
    Bench, Central, Client, Secondary,
    liar::{Announced, Liar, Lie, Peer, file_json},
    name, noise,
    process::{CENTRAL, Process, SECONDARY},
    put, statistics, transfer,
    unhindered::Unhindered,
};

const BYTES: usize = 12 << 20;
/// What each of three secondaries sends, in bytes per second.
const RATE: u64 = 4_000_000;
/// An honest download beside abuse may take so much of its time alone.
const MOST: f64 = 1.5;

struct Scene {
    bench: Bench,
    central: Central,
    secondaries: Vec<Secondary>,
    client: Client,
    bytes: Vec<u8>,
}

impl Scene {
    async fn start() -> Self {
        let (bench, central) = Bench::start(|config| config.max_downloads = 50).await;
        let bytes = noise(9, BYTES);
        let mut secondaries = Vec::new();
        for n in 1..=3 {
            for file in ["alone", "beside"] {
                put(&bench.served(n, file), &bytes);
            }
            let mut config = bench.secondary_config(n);
            config.upload_limit_bytes_per_s = Some(RATE);
            secondaries.push(crate::support::start_secondary(config).await);
        }
        let client = bench.client("ana").await;
        client.level(2, 3).await;
        Self {
            bench,
            central,
            secondaries,
            client,
            bytes,
        }
    }

    fn announced(&self) -> Announced {
        Announced::of("alone", &self.bytes)
    }

    async fn download(&mut self, file: &str) -> f64 {
        let clock = Unhindered::start();
        self.client.handle.download(name(file)).await.unwrap();
        let DownloadEvent::Complete(summary) = self.client.finished().await else {
            panic!("{file} is not complete");
        };
        let took = clock.elapsed().as_secs_f64();
        assert!(std::fs::read(summary.path).unwrap() == self.bytes);
        took
    }

    /// Downloads beside what has been started since the download `alone`.
    async fn beside(&mut self, alone: f64) {
        let took = self.download("beside").await;
        // As long as the limits of all three let it take, at least.
        let alone = alone.max(BYTES as f64 / (3 * RATE) as f64);
        assert!(
            took < alone * MOST,
            "{took:.2} s beside it, {alone:.2} s alone"
        );
    }

    /// Stops all; the books of the central and of the first secondary.
    async fn stop(self) -> (Value, Value) {
        self.client.handle.stop().await.unwrap();
        for secondary in self.secondaries {
            secondary.handle.stop().await.unwrap();
        }
        self.central.handle.stop().await.unwrap();
        let folder = self.bench.path("stats");
        (
            statistics(&folder.join("central.json")),
            statistics(&folder.join("secundario1.json")),
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_million_requests_end_in_a_limit() {
    let mut scene = Scene::start().await;
    let alone = scene.download("alone").await;
    let secondary = scene.secondaries[0].handle.address();
    let file = scene.announced().meta;
    let asking = tokio::spawn(async move {
        let mut ends = Vec::new();
        // The same chunk, chunks that are not there, and files without end.
        let get = |n: u32, which: u32| match which {
            0 => json!({"type":"get","chunk":0}),
            1 => json!({"type":"get","chunk":n + 1000}),
            _ => {
                json!({"type":"open","transfer":transfer(n.into()),"id":"0".repeat(64),"name":"none","manifest":true})
            }
        };
        for which in 0..3 {
            let peer = Peer::receiver(secondary, transfer(1 + u64::from(which)), &file).await;
            let (mut read, mut write) = peer.split();
            let writing = tokio::spawn(async move {
                for n in 0..10_000_000 {
                    let line = format!("{}\n", get(n, which));
                    if write.write_all(line.as_bytes()).await.is_err() {
                        return n;
                    }
                }
                10_000_000
            });
            ends.push(read.error().await);
            drop(read);
            assert!(writing.await.unwrap() < 10_000_000);
        }
        ends
    });
    scene.beside(alone).await;
    let ends = asking.await.unwrap();
    // What was on its way may cut the error off.
    let expected = ["limit-exceeded", "limit-exceeded", "no-such-content"];
    for (end, expected) in ends.iter().zip(expected) {
        assert!(end == expected || end.is_empty(), "{ends:?}");
    }
    let (_, books) = scene.stop().await;
    assert_eq!(books["refused"]["limit-exceeded"], 2, "{books:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_never_read_or_read_a_byte_per_second_take_no_share() {
    let mut scene = Scene::start().await;
    let alone = scene.download("alone").await;
    let file = scene.announced().meta;
    let mut stuck = Vec::new();
    for n in 0..30u64 {
        let secondary = scene.secondaries[n as usize % 3].handle.address();
        let stream = connect_from([127, 0, 0, 1], secondary, Some(4096))
            .await
            .unwrap();
        let mut peer = Peer::receiver_on(stream, transfer(100 + n), &file).await;
        let gets: Vec<_> = (0..12)
            .map(|chunk| json!({"type":"get","chunk":chunk}))
            .collect();
        peer.send(&gets).await;
        stuck.push(peer);
    }
    // Until the sockets are full: whoever takes bytes has a claim to them.
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = sent_bytes(&scene.secondaries).await;
        if now > 0 && std::mem::replace(&mut before, now) == now {
            break;
        }
    }
    // Half of them read a byte per second from now on.
    for mut peer in stuck.split_off(15) {
        tokio::spawn(async move {
            while peer.byte().await {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
    scene.beside(alone).await;
    drop(stuck);
    scene.stop().await;
}

/// Payload of the transfers that run.
async fn sent_bytes(secondaries: &[Secondary]) -> u64 {
    let mut sum = 0;
    for secondary in secondaries {
        for running in secondary.handle.running().await.unwrap() {
            if let RunningKind::Sending { bytes, .. } = running.kind {
                sum += bytes;
            }
        }
    }
    sum
}

#[tokio::test(flavor = "multi_thread")]
async fn healthy_servers_that_are_reported_as_down_stay() {
    let mut scene = Scene::start().await;
    let alone = scene.download("alone").await;
    let central = scene.bench.central;
    let ports: Vec<_> = scene
        .secondaries
        .iter()
        .map(|s| s.handle.address().port())
        .collect();
    let mut reporter = Peer::client(central, "eva").await;
    let reporting = tokio::spawn(async move {
        for n in 0..5_000u64 {
            let fault = ["unreachable", "digest", "stalled"][n as usize % 3];
            let report =
                json!({"type":"report","transfer":transfer(n),"source":1 + n % 3,"fault":fault});
            reporter.send(&[report]).await;
            if n % 100 == 0 {
                let mut original = TcpStream::connect(central).await.unwrap();
                let fallen =
                    json!({"accion":"caido","ip":"127.0.0.1","puerto":ports[n as usize % 3]});
                original
                    .write_all(format!("{fallen}\n").as_bytes())
                    .await
                    .unwrap();
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        }
    });
    scene.beside(alone).await;
    reporting.await.unwrap();
    let status = scene.central.handle.status().await.unwrap();
    assert!(status.secondaries.iter().all(|secondary| secondary.alive));
    while let Ok(event) = scene.central.events.try_recv() {
        let down = matches!(
            event,
            CentralEvent::Cluster(trozos::node::central::Notice::SecondaryDown { .. })
        );
        assert!(!down, "{event:?}");
    }
    scene.stop().await;
}

/// Connects from one of this machine's loopback addresses.
async fn connect_from(
    from: [u8; 4],
    to: SocketAddr,
    receive_buffer: Option<usize>,
) -> std::io::Result<TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes as u32)?;
    }
    socket.connect(to).await
}

/// What a server may open that is to run out of descriptors.
const FILES: u64 = 400;

/// A real process with a low limit of open files.
fn start_limited(program: &str, files: u64, folder: &Path, args: &[String]) -> Process {
    let mut all = vec![format!("--nofile={files}:{files}"), program.to_owned()];
    all.extend(args.iter().cloned());
    Process::start("prlimit", folder, &all)
}

/// A cluster of one central and one secondary in processes with a limit of files each.
struct Limited {
    folder: tempfile::TempDir,
    central: Process,
    secondary: Process,
    /// Where both listen.
    ports: [SocketAddr; 2],
    bytes: Vec<u8>,
}

impl Limited {
    fn start(files: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bytes = noise(5, 6 << 20);
        put(&folder.path().join("data/videos1/a.bin"), &bytes);
        let args = [
            "-p0",
            "--ip=127.0.0.1",
            "--secundarios=1",
            "--sin-consola",
            "--registro=warn",
        ];
        let args = args.map(str::to_owned);
        let central = start_limited(CENTRAL, files, folder.path(), &args);
        let central_port = central.port();
        let args = [
            "-n1",
            "-p0",
            "--ip=127.0.0.1",
            "--ip-central=127.0.0.1",
            "--sin-consola",
            "--registro=warn",
        ];
        let mut args: Vec<_> = args.map(str::to_owned).into();
        args.push(format!("--puerto-central={central_port}"));
        args.push("--limite-subida=4000000".to_owned());
        let secondary = start_limited(SECONDARY, files, folder.path(), &args);
        let ports =
            [central_port, secondary.port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        central.wait_for("Sincronizado");
        Self {
            folder,
            central,
            secondary,
            ports,
            bytes,
        }
    }

    /// An honest download, from an address of its own where the client may choose one.
    async fn download(&self, who: &str) -> Duration {
        let config = trozos::node::client::ClientConfig {
            security: Default::default(),
            centrals: ("127.0.0.1".to_owned(), self.ports[0].port()).into(),
            target: self.folder.path().join(who),
            statistics: self.folder.path().join("stats").into(),
            source_wait: Duration::from_secs(60),
            overwrite: false,
            memory: None,
            identity: None,
            patience: Default::default(),
            peering: Default::default(),
        };
        let target = config.target.clone();
        let (sender, events) = tokio::sync::mpsc::channel(1000);
        let handle = trozos::node::client::start(config, sender).await;
        let enrolled = trozos::model::ClientName::try_from(who).unwrap();
        let clock = Unhindered::start();
        handle.enrol(enrolled).await.unwrap();
        let mut client = Client {
            handle,
            events,
            target,
        };
        client.handle.download(name("a.bin")).await.unwrap();
        let end = client.finished().await;
        assert!(matches!(end, DownloadEvent::Complete(_)), "{end:?}");
        let took = clock.elapsed();
        assert!(std::fs::read(client.target.join("a.bin")).unwrap() == self.bytes);
        client.handle.stop().await.unwrap();
        took
    }

    /// How often the limit was exceeded, as far as that was saved.
    fn limit_exceeded(&self, file: &str) -> Option<u64> {
        let saved = std::fs::read(self.folder.path().join("stats").join(file)).ok()?;
        let books: Value = serde_json::from_slice(&saved).ok()?;
        books["refused"]["limit-exceeded"].as_u64()
    }
}

/// Ten thousand connections from one address, half of them with a hello and all of them idle, to a server
/// that has places for a hundred.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_connections_give_way_to_honest_clients() {
    // As many sockets of our own; this raises the process's limit as far as it goes.
    assert!(
        trozos::net::connection_permits() > 1000,
        "ulimit -n is too low"
    );
    let cluster = Limited::start(328);
    let alone = cluster.download("ana").await;
    let mut idle = Vec::new();
    for n in 0..10_000u32 {
        let server = cluster.ports[n as usize % 2];
        // As the servers close what gives way, half as many are kept here.
        let Ok(mut stream) = connect_from([127, 0, 0, 2], server, None).await else {
            continue;
        };
        if n % 4 < 2 {
            let hello = json!({"type":"hello","protocol":1,"role":"client","name":format!("x{n}")});
            let _ = stream.write_all(format!("{hello}\n").as_bytes()).await;
        }
        idle.push(stream);
        if idle.len() > 1000 {
            idle.remove(0);
        }
    }
    let took = cluster.download("bea").await;
    assert!(
        took < alone.mul_f64(MOST) + Duration::from_millis(500),
        "{took:?}, alone {alone:?}"
    );
    drop(idle);
    cluster.download("eva").await;
    let Limited {
        folder,
        mut central,
        mut secondary,
        ..
    } = cluster;
    for process in [&mut secondary, &mut central] {
        process.signal(rustix::process::Signal::TERM);
        process.exit_code();
        assert!(
            process
                .printed()
                .join("\n")
                .contains("cerrada para hacer sitio"),
            "{:#?}",
            process.printed()
        );
    }
    for file in ["central.json", "secundario1.json"] {
        let books = statistics(&folder.path().join("stats").join(file));
        assert!(
            books["refused"]["limit-exceeded"].as_u64() > Some(1000),
            "{books:#}"
        );
    }
}

/// A process that has fewer descriptors than it counted on: connections are refused, nothing is lost, and
/// with the descriptors service is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_descriptors_refuses_and_lives() {
    let cluster = Limited::start(FILES);
    cluster.download("ana").await;
    for (process, server) in [
        (&cluster.central, cluster.ports[0]),
        (&cluster.secondary, cluster.ports[1]),
    ] {
        limit_files(process, Some(10));
        let mut flood = Vec::new();
        let mut refused = 0;
        for _ in 0..60 {
            let stream = connect_from([127, 0, 0, 2], server, None).await.unwrap();
            flood.push(Peer::of(stream));
        }
        // Those that are taken in wait for their first line, the others are closed without a word.
        let began = Instant::now();
        while refused < 40 {
            assert!(
                began.elapsed() < crate::support::DEADLINE,
                "{refused} of 60"
            );
            let mut open = Vec::new();
            for mut peer in flood {
                match tokio::time::timeout(Duration::from_millis(20), peer.next()).await {
                    Ok(None) => refused += 1,
                    Ok(Some(_)) => {}
                    Err(_) => open.push(peer),
                }
            }
            flood = open;
        }
        process.wait_for("este programa no puede abrir más ficheros ni conexiones");
        // It goes on with what it has, and does not spin.
        let before = cpu_ticks(process);
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(
            cpu_ticks(process) - before < 20,
            "busy while it can do nothing"
        );
        drop(flood);
        limit_files(process, None);
    }
    // Enrolled as before, and every file still there.
    cluster.download("bea").await;
    assert!(!cluster.central.printed().join("\n").contains("ha caído"));
    let began = Instant::now();
    loop {
        // Saved every ten seconds.
        let files = ["central.json", "secundario1.json"];
        let counted = files.map(|file| cluster.limit_exceeded(file));
        if counted.iter().all(|count| *count >= Some(40)) {
            break;
        }
        assert!(began.elapsed() < crate::support::DEADLINE, "{counted:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// With no descriptor left for files, a look at the served folder says nothing, and takes nothing away.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_opened_for_want_of_descriptors_keeps_its_files() {
    let cluster = Limited::start(FILES);
    limit_files(&cluster.secondary, Some(0));
    // Something new: the folder is looked at.
    std::fs::write(cluster.folder.path().join("data/videos1/new"), b"news").unwrap();
    cluster
        .secondary
        .wait_for("the folder could not be looked at");
    limit_files(&cluster.secondary, None);
    cluster.download("ana").await;
    cluster.central.wait_for("Se ofrece new");
    let printed = [cluster.central.printed(), cluster.secondary.printed()]
        .concat()
        .join("\n");
    for lost in ["Ya no se ofrece", "ya no se puede leer", "ha caído"] {
        assert!(!printed.contains(lost), "{printed}");
    }
}

/// Lets a process open so many more files; `None` for as many as it could at first.
fn limit_files(process: &Process, more: Option<usize>) {
    let pid = process.child.id();
    let folder = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let open: Vec<u64> = folder
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    // The limit is on the number of a descriptor, and the lowest free one is taken.
    let mut free = (0..).filter(|number| !open.contains(number));
    let current = more.map_or(FILES, |more| free.nth(more).unwrap());
    let limit = rustix::process::Rlimit {
        current: Some(current),
        maximum: Some(FILES),
    };
    let pid = rustix::process::Pid::from_raw(pid as i32);
    rustix::process::prlimit(pid, rustix::process::Resource::Nofile, limit).unwrap();
}

fn cpu_ticks(process: &Process) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.child.id())).unwrap();
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// In the middle of a download the central is another one, whose catalogue has other bytes under the name.
#[tokio::test(flavor = "multi_thread")]
async fn a_central_with_another_catalogue_does_not_change_what_is_downloaded() {
    let scene = Scene::start().await;
    scene.client.handle.download(name("alone")).await.unwrap();
    crate::support::until("half of it", || async {
        let target = scene.client.target.join("alone.part");
        target.exists().then_some(())
    })
    .await;
    let address = scene.bench.central;
    let Scene {
        bench,
        central,
        secondaries,
        mut client,
        bytes,
    } = scene;
    central.handle.stop().await.unwrap();
    let other = Announced::of("alone", &noise(10, BYTES));
    let config = trozos::node::central::CentralConfig {
        listen: address,
        required_secondaries: 4,
        statistics: bench.path("otherstats"),
        ..bench.central_config()
    };
    let second = crate::support::start_central(config).await;
    let foreign: IpAddr = IpAddr::from([127, 0, 0, 1]);
    assert_eq!(second.handle.address().ip(), foreign);
    // The numbers of the others may be taken by the time it comes.
    let _liar = Liar::start_as(4, address, vec![other.clone()], Lie::WrongBytes).await;
    let end = client.finished().await;
    let DownloadEvent::Complete(summary) = end else {
        panic!("{end:?}");
    };
    assert!(std::fs::read(summary.path).unwrap() == bytes, "other bytes");
    // Everybody is at the new central by now, or soon. Whoever came first has the name there, and the others a
    // conflict.
    crate::support::until("the new catalogue", || async {
        let files = client.handle.list().await.ok()?;
        let mut listed = files.iter().map(|listed| file_json(&listed.file));
        let status = client.handle.status().await.ok()?;
        let conflicts = status.secondaries.iter().map(|s| s.conflicts).sum::<u64>();
        (listed.any(|file| file == file_json(&other.meta)) || conflicts > 0).then_some(())
    })
    .await;
    client.handle.stop().await.unwrap();
    for secondary in secondaries {
        secondary.handle.stop().await.unwrap();
    }
    second.handle.stop().await.unwrap();
}
