//! Peers that lie, one clause each: the honest client ends with the right bytes within its usual time, and
//! the lie has a name in its log and in the statistics of both sides.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use trozos::store::sha256;

use crate::support::{
    Bench, Central, Secondary,
    liar::{Announced, Liar, Lie, Peer, file_json},
    noise,
    process::{CLIENT, Process},
    put, statistics,
    unhindered::Unhindered,
};

const FILE: &str = "a.bin";
const BYTES: usize = 12 << 20;
/// What each of the two honest secondaries sends, in bytes per second.
const RATE: u64 = 4_000_000;
/// A source is suspected, and given up, after so long without a byte.
const SUSPICION: Duration = Duration::from_secs(2);
/// For a machine that is busy with other tests.
const SLACK: Duration = Duration::from_secs(4);

/// A central and two honest secondaries that hold a file, at a rate that makes times the same everywhere.
struct Scene {
    bench: Bench,
    central: Central,
    secondaries: Vec<Secondary>,
    bytes: Vec<u8>,
}

impl Scene {
    async fn start(rate: u64) -> Self {
        let (bench, central) = Bench::start(|_| {}).await;
        let bytes = noise(7, BYTES);
        let mut secondaries = Vec::new();
        for n in 1..=2 {
            put(&bench.served(n, FILE), &bytes);
            let mut config = bench.secondary_config(n);
            config.upload_limit_bytes_per_s = Some(rate);
            secondaries.push(crate::support::start_secondary(config).await);
        }
        Self {
            bench,
            central,
            secondaries,
            bytes,
        }
    }

    fn announced(&self) -> Announced {
        Announced::of(FILE, &self.bytes)
    }

    async fn until_alive(&self, secondaries: usize) {
        crate::support::until("all secondaries", || async {
            let status = self.central.handle.status().await.ok()?;
            let alive = status.secondaries.iter().filter(|s| s.alive && s.files > 0);
            (status.ready && alive.count() == secondaries).then_some(())
        })
        .await;
    }

    /// A real client, which logs what happens.
    fn client(&self, folder: &Path, wait_for_sources: u32) -> Process {
        let args = [
            format!("--puerto-central={}", self.bench.central.port()),
            "--ip-central=127.0.0.1".to_owned(),
            "--nombre=ana".to_owned(),
            "--registro=info".to_owned(),
            format!("--espera-fuentes={wait_for_sources}"),
        ];
        let client = Process::start(CLIENT, folder, &args);
        client.wait_for("Te has inscrito como");
        client
    }

    /// Downloads a file: the exit code, the time that it took, and what the client printed and counted.
    async fn download(&self, file: &str, wait_for_sources: u32) -> (i32, Duration, String, Value) {
        let folder = self.bench.path("ana");
        std::fs::create_dir_all(&folder).unwrap();
        let mut client = self.client(&folder, wait_for_sources);
        let order = format!("VIDEO {file}");
        tokio::task::spawn_blocking(move || {
            let clock = Unhindered::start();
            client.type_line(&order);
            client.end_input();
            let code = client.exit_code();
            let took = clock.elapsed();
            let books = statistics(&folder.join("stats/cliente-ana.json"));
            (code, took, client.printed().join("\n"), books)
        })
        .await
        .unwrap()
    }

    fn arrived(&self) -> Vec<u8> {
        std::fs::read(self.bench.path("ana/data/descargas").join(FILE)).unwrap()
    }

    /// Stops everybody honest; the central's books.
    async fn stop(self) -> Value {
        for secondary in self.secondaries {
            secondary.handle.stop().await.unwrap();
        }
        self.central.handle.stop().await.unwrap();
        statistics(&self.bench.path("stats/central.json"))
    }
}

/// Downloads beside a liar, and looks for the fault in the client's log and in the books of both.
async fn found_out(lie: Lie, rate: u64, fault: &str, logged: &str) {
    let scene = Scene::start(rate).await;
    let liar = Liar::start(scene.bench.central, vec![scene.announced()], lie).await;
    scene.until_alive(3).await;
    let (code, took, printed, books) = scene.download(FILE, 60).await;
    assert_eq!(code, 0, "{printed}");
    assert!(
        sha256(&scene.arrived()) == sha256(&scene.bytes),
        "other bytes"
    );
    let usual = Duration::from_secs_f64(BYTES as f64 / (2 * rate) as f64);
    assert!(
        took < usual + SUSPICION + SLACK,
        "{took:?} instead of {usual:?}"
    );
    let count = |books: &Value| books["secondaries"]["3"]["faults"][fault].as_u64();
    assert!(count(&books) >= Some(1), "{lie:?}: {books:#}\n{printed}");
    assert_eq!(books["secondaries"]["3"]["bytes_received"], 0);
    for honest in ["1", "2"] {
        let faults = books["secondaries"][honest]["faults"].as_object().unwrap();
        assert!(
            faults.values().all(|count| *count == 0),
            "{honest}: {books:#}"
        );
    }
    let log = printed.lines().find(|line| line.contains(logged));
    assert!(log.is_some(), "no «{logged}» in\n{printed}");
    // The central closes the books of a transfer once its secondaries have had time to report.
    crate::support::until("settled", || async {
        let found = scene.central.handle.downloads_per_file().await.ok()?;
        found.iter().any(|row| row.downloads == 1).then_some(())
    })
    .await;
    drop(liar);
    let books = scene.stop().await;
    assert!(count(&books) >= Some(1), "{books:#}");
    assert_eq!(books["totals"]["downloads"], 1);
}

macro_rules! lies {
    ($($name:ident: $lie:ident, $rate:expr, $fault:literal, $logged:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            found_out(Lie::$lie, $rate, $fault, $logged).await;
        }
    )*};
}

lies! {
    wrong_bytes: WrongBytes, RATE, "digest", "digest mismatch";
    short_replies: ShortReply, RATE, "broken", "ended in the middle of a message";
    replies_for_other_chunks: OtherChunk, RATE, "protocol", "was not asked for";
    extra_bytes: ExtraBytes, RATE, "protocol", "line longer than 65536 bytes";
    frames_over_the_limit: LongFrame, RATE, "protocol", "frame of 1048577 bytes";
    endless_headers: EndlessHeader, RATE, "protocol", "line longer than 65536 bytes";
    // Slow enough that the time limit of the first line ends before the download.
    never_answers: NeverAnswers, 900_000, "stalled", "no answer to hello";
    opens_and_never_sends: NeverSends, 1_500_000, "stalled", "fault: Stalled";
    announces_what_it_lacks: LacksIt, RATE, "refused", "not held here";
    refuses_every_chunk: RefusesChunks, RATE, "refused", "no such luck";
    a_manifest_that_does_not_have_the_id: WrongManifest, RATE, "digest", "not the catalogue's";
    a_manifest_of_another_length: ShortManifest, RATE, "protocol", "manifest of 32 bytes";
    answers_as_another_secondary: OtherNumber, RATE, "protocol", "answers there";
    opens_another_transfer: OtherTransfer, RATE, "protocol", "instead of opened";
}

/// A file that only the liar announces is copied by nobody and downloaded by nobody; all others are served.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_nobody_else_has_and_that_do_not_add_up_harm_no_other() {
    let scene = Scene::start(RATE).await;
    let ghost = Announced::of("ghost.bin", &noise(8, 3 << 20));
    let files = vec![scene.announced(), ghost];
    let liar = Liar::start(scene.bench.central, files, Lie::WrongManifest).await;
    scene.until_alive(3).await;
    let (code, _, printed, _) = scene.download("ghost.bin", 1).await;
    assert_eq!(code, 1, "{printed}");
    assert!(
        printed.contains("the manifest is not the catalogue's"),
        "{printed}"
    );
    let (code, took, printed, _) = scene.download(FILE, 60).await;
    assert_eq!(code, 0, "{printed}");
    assert!(
        took < Duration::from_secs(2) + SUSPICION + SLACK,
        "{took:?}"
    );
    assert!(scene.arrived() == scene.bytes);
    for n in 1..=2 {
        assert!(!scene.bench.served(n, "ghost.bin").exists());
    }
    drop(liar);
    let books = scene.stop().await;
    assert!(books["copies"]["failed"].as_u64() >= Some(1), "{books:#}");
    assert!(
        books["copies"]["faults"]["digest"].as_u64() >= Some(1),
        "{books:#}"
    );
}

/// Inventories whose files cannot be: the connection ends with a name for it.
#[tokio::test(flavor = "multi_thread")]
async fn inventories_that_do_not_add_up_are_refused() {
    let scene = Scene::start(RATE).await;
    let truth = file_json(&scene.announced().meta);
    let with = |field: &str, value: Value| {
        let mut file = truth.clone();
        file[field] = value;
        file
    };
    let lies = [
        with("chunk", json!(3)),
        with("chunk", json!(2 << 20)),
        with("length", json!((16u64 << 40) + 1)),
        with("length", json!(-1)),
        with("id", json!("00")),
        with("name", json!("../a")),
        with("name", json!("x".repeat(1025))),
    ];
    let count = lies.len();
    for file in lies {
        let mut control = Peer::connect(scene.bench.central).await;
        let hello = json!({"type":"hello","protocol":1,"role":"secondary","number":3,"port":9,"incarnation":1});
        let inventory = json!({"type":"inventory","files":[file],"last":true});
        control.send(&[hello, inventory]).await;
        assert_eq!(control.error().await, "bad-message");
    }
    let books = scene.stop().await;
    assert_eq!(books["refused"]["bad-message"], count, "{books:#}");
}

/// The number of a secondary that lives stays its own, and its service goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_anothers_is_refused_while_that_one_lives() {
    let scene = Scene::start(RATE).await;
    let honest = Liar::start(scene.bench.central, vec![scene.announced()], Lie::LacksIt).await;
    scene.until_alive(3).await;
    let before = scene.secondaries[0].handle.address();
    for incarnation in 0..20 {
        let mut control = Peer::connect(scene.bench.central).await;
        let hello = json!({"type":"hello","protocol":1,"role":"secondary","number":1,"port":9,
            "incarnation":incarnation});
        let inventory = json!({"type":"inventory","files":[],"last":true});
        control.send(&[hello, inventory]).await;
        assert_eq!(control.error().await, "number-in-use");
    }
    let status = scene.central.handle.status().await.unwrap();
    let first = &status.secondaries[0];
    assert!(first.alive && first.port == before.port(), "{status:?}");
    let (code, took, printed, books) = scene.download(FILE, 60).await;
    assert_eq!(code, 0, "{printed}");
    assert!(
        took < Duration::from_secs(2) + SUSPICION + SLACK,
        "{took:?}"
    );
    assert!(books["secondaries"]["1"]["bytes_received"].as_u64() > Some(0));
    drop(honest);
    let books = scene.stop().await;
    assert_eq!(books["refused"]["number-in-use"], 20, "{books:#}");
}
