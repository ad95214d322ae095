//! Real processes that are killed with SIGKILL at random moments, again and again, and go on; and that meet
//! disks on which they may not write, or cannot.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use fastrand::Rng;
use trozos::{
    engine::registry::Entry,
    node::central::read_journal,
    store::{sha256, sha256_file},
};

use crate::support::{
    noise,
    process::{CLIENT, Cluster, Process},
    put,
};

const CHUNK_BYTES: u64 = 1 << 20;
const FILE: &str = "a.bin";
/// Of the moments; what a process is doing then is different each time.
const SEED: u64 = 2017;

/// Chunks that a journal says were written.
fn journalled(journal: &Path) -> BTreeSet<u32> {
    const RECORD_BYTES: usize = 16;
    let bytes = fs::read(journal).unwrap_or_default();
    let header = bytes.iter().position(|byte| *byte == b'\n');
    let records = header.map_or(&[][..], |end| &bytes[end + 1..]);
    records
        .chunks_exact(RECORD_BYTES)
        .filter(|record| record[0] == b'W')
        .map(|record| u32::from_be_bytes(record[4..8].try_into().unwrap()))
        .collect()
}

fn bytes_of(chunks: &BTreeSet<u32>, file_bytes: u64) -> u64 {
    let length = |chunk: &u32| CHUNK_BYTES.min(file_bytes - u64::from(*chunk) * CHUNK_BYTES);
    chunks.iter().map(length).sum()
}

/// Waits a random time; false when the process ended by itself before.
fn outlives(process: &mut Process, most_ms: u64, random: &mut Rng) -> bool {
    let moment = Instant::now() + Duration::from_millis(random.u64(0..most_ms));
    while Instant::now() < moment {
        if process.child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    process.child.try_wait().unwrap().is_none()
}

const CLIENTS: u64 = 4;
const KILLS_OF_EACH: u32 = 52;
const DOWNLOAD_BYTES: u64 = 40_000_123;
/// Per secondary. A client that is alone takes a second for the file.
const FAST: u64 = 20_000_000;

/// One client that is killed and started again. Whenever it comes to the end, it begins anew.
struct Victim<'a> {
    cluster: &'a Cluster,
    name: String,
    folder: PathBuf,
    digest: &'a str,
    random: Rng,
    /// Kills after which something was there.
    useful: u32,
    complete: u32,
}

impl Victim<'_> {
    fn journal(&self) -> PathBuf {
        self.folder.join(format!("{FILE}.part-diario"))
    }

    fn start(&self) -> Process {
        // So that the figures are this run's alone.
        let _ = fs::remove_dir_all(self.folder.join(".stats"));
        let args = [
            "--ip-central=127.0.0.1".to_owned(),
            format!("--puerto-central={}", self.cluster.central_port),
            format!("--nombre={}", self.name),
            format!("--destino={}", self.folder.display()),
            format!("--estadisticas={}", self.folder.join(".stats").display()),
        ];
        let mut client = Process::start(CLIENT, self.cluster.folder.path(), &args);
        client.type_line(&format!("VIDEO {FILE}"));
        client.end_input();
        client
    }

    /// Starts it and kills it at some moment; true if it was not at its end by then.
    fn killed(&mut self) -> bool {
        let had = journalled(&self.journal());
        let mut client = self.start();
        // Some are killed while they start or look at what is there, most while they download.
        if self.random.u8(..6) > 0 {
            client.wait_for("Descarga ");
        }
        if !outlives(&mut client, 500, &mut self.random) {
            self.ended(client, &had);
            return false;
        }
        client.kill();
        let target = self.folder.join(FILE);
        if target.exists() {
            assert_eq!(sha256_file(&target).unwrap().to_string(), self.digest);
        } else {
            let has = journalled(&self.journal());
            let lost: Vec<_> = had.difference(&has).collect();
            assert!(lost.is_empty(), "{}: chunks {lost:?} are lost", self.name);
            self.useful += u32::from(!has.is_empty());
        }
        true
    }

    /// It came to the end: what it asked for is what was not there, to the byte.
    fn ended(&mut self, mut client: Process, had: &BTreeSet<u32>) {
        assert_eq!(client.exit_code(), 0, "{:#?}", client.printed());
        let target = self.folder.join(FILE);
        assert_eq!(sha256_file(&target).unwrap().to_string(), self.digest);
        assert_eq!(crate::support::names(&self.folder), [FILE]);
        let statistics = self
            .folder
            .join(format!(".stats/cliente-{}.json", self.name));
        let totals = crate::support::statistics(&statistics)["totals"].clone();
        let missing = DOWNLOAD_BYTES - bytes_of(had, DOWNLOAD_BYTES);
        // One that was killed between its last chunk and its last word asks for nothing.
        if client
            .printed()
            .iter()
            .any(|line| line.contains("completa y verificada,"))
        {
            assert_eq!(totals["bytes_received"], missing, "{:#?}", client.printed());
        }
        fs::remove_file(target).unwrap();
        self.complete += 1;
    }

    fn run(mut self) -> (u32, u32) {
        let mut kills = 0;
        while kills < KILLS_OF_EACH {
            kills += u32::from(self.killed());
        }
        let had = journalled(&self.journal());
        let mut last = self.start();
        last.exit_code();
        self.ended(last, &had);
        (self.useful, self.complete)
    }
}

#[test]
fn a_client_killed_two_hundred_times_keeps_every_chunk() {
    let bytes = noise(3, DOWNLOAD_BYTES as usize);
    let digest = sha256(&bytes).to_string();
    let cluster = Cluster::start(FAST, |folder| {
        for n in 1..=3 {
            put(&folder.join(format!("data/videos{n}/{FILE}")), &bytes);
        }
    });
    cluster.central.wait_for("Sincronizado");
    let (useful, complete) = std::thread::scope(|scope| {
        let victims: Vec<_> = (0..CLIENTS)
            .map(|n| Victim {
                cluster: &cluster,
                name: format!("ana{n}"),
                folder: cluster.folder.path().join(format!("ana{n}")),
                digest: &digest,
                random: Rng::with_seed(SEED + n),
                useful: 0,
                complete: 0,
            })
            .map(|victim| scope.spawn(|| victim.run()))
            .collect();
        let ends = victims.into_iter().map(|victim| victim.join().unwrap());
        ends.fold((0, 0), |sum, end| (sum.0 + end.0, sum.1 + end.1))
    });
    // Otherwise the moments are badly chosen, and this shows little.
    assert!(
        useful >= 50,
        "only {useful} kills in the middle of something"
    );
    assert!(complete >= CLIENTS as u32);
}

const COPY_KILLS: u32 = 40;
const COPY_BYTES: u64 = 24_000_456;
/// Shared by two receivers.
const SLOW: u64 = 10_000_000;

/// Files that appear on the first secondary, one after the other.
struct Copied {
    folder: PathBuf,
    name: String,
    digest: String,
}

impl Copied {
    fn put(folder: &Path, n: u64) -> Self {
        let bytes = noise(100 + n, COPY_BYTES as usize);
        let name = format!("{n}.bin");
        put(&folder.join("new"), &bytes);
        let served = folder.join("data/videos1");
        fs::create_dir_all(&served).unwrap();
        fs::rename(folder.join("new"), served.join(&name)).unwrap();
        Self {
            folder: folder.to_owned(),
            name,
            digest: sha256(&bytes).to_string(),
        }
    }

    fn at(&self, secondary: usize) -> PathBuf {
        self.folder
            .join(format!("data/videos{secondary}/{}", self.name))
    }

    fn journal(&self, secondary: usize) -> PathBuf {
        let stem = sha256(self.name.as_bytes());
        self.folder.join(format!(
            "data/videos{secondary}/.trozos/partes/{stem}.part-diario"
        ))
    }

    /// True when it is there; then it is right.
    fn is_at(&self, secondary: usize) -> bool {
        let path = self.at(secondary);
        if !path.exists() {
            return false;
        }
        assert_eq!(sha256_file(&path).unwrap().to_string(), self.digest);
        true
    }
}

#[test]
fn a_secondary_killed_while_it_copies_keeps_every_chunk() {
    let mut random = Rng::with_seed(SEED);
    let mut files = Vec::new();
    let mut cluster = Cluster::start(SLOW, |folder| files.push(Copied::put(folder, 0)));
    let (mut kills, mut useful) = (0, 0);
    while kills < COPY_KILLS {
        let file = files.last().unwrap();
        let Some(n) = (2..=3).find(|n| !file.is_at(*n)) else {
            files.push(Copied::put(cluster.folder.path(), files.len() as u64));
            continue;
        };
        let journal = file.journal(n);
        let had = journalled(&journal);
        // Some are killed while they start.
        let began = Instant::now();
        let waits = random.u8(..6) > 0;
        while waits && journalled(&journal).len() <= had.len() && !file.is_at(n) {
            assert!(
                began.elapsed() < crate::support::DEADLINE,
                "it does not copy"
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let secondary = &mut cluster.secondaries[n - 1];
        assert!(
            outlives(secondary, 200, &mut random),
            "{:#?}",
            secondary.printed()
        );
        secondary.kill();
        kills += 1;
        if !file.is_at(n) {
            let has = journalled(&journal);
            let lost: Vec<_> = had.difference(&has).collect();
            assert!(lost.is_empty(), "chunks {lost:?} are lost");
            useful += u32::from(!has.is_empty());
        }
        cluster.secondaries[n - 1] = cluster.start_secondary(n, 0);
    }
    assert!(
        useful >= COPY_KILLS / 2,
        "only {useful} kills in the middle of something"
    );
    cluster.wait_for_level(files.len());
    for n in 2..=3 {
        assert!(files.iter().all(|file| file.is_at(n)));
        let parts = cluster
            .folder
            .path()
            .join(format!("data/videos{n}/.trozos"));
        let began = Instant::now();
        while parts.exists() {
            assert!(
                began.elapsed() < crate::support::DEADLINE,
                "parts are left over"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    cluster.stop();
}

const SMALL_BYTES: u64 = 24_000_789;
/// Somebody who owns nothing.
const NOBODY: &str = "65534";

/// A cluster whose secondaries hold one file, and a client with a folder for its downloads.
struct Household {
    cluster: Cluster,
    program: PathBuf,
    target: PathBuf,
    digest: String,
    /// Whom the client runs as, if not as whoever tests.
    user: Option<&'static str>,
}

impl Household {
    fn new(rate: u64) -> Self {
        let bytes = noise(6, SMALL_BYTES as usize);
        let cluster = Cluster::start(rate, |folder| {
            for n in 1..=3 {
                put(&folder.join(format!("data/videos{n}/{FILE}")), &bytes);
            }
        });
        let folder = cluster.folder.path().to_owned();
        let target = folder.join("descargas");
        let program = folder.join("cliente");
        fs::create_dir(&target).unwrap();
        fs::create_dir(folder.join("cifras")).unwrap();
        // Whoever the client runs as can start it here.
        fs::copy(CLIENT, &program).unwrap();
        for path in [&folder, &target, &folder.join("cifras")] {
            set_mode(path, 0o777);
        }
        cluster.central.wait_for("Sincronizado");
        Self {
            cluster,
            program,
            target,
            digest: sha256(&bytes).to_string(),
            user: None,
        }
    }

    fn part(&self) -> PathBuf {
        self.target.join(format!("{FILE}.part"))
    }

    fn journal(&self) -> PathBuf {
        self.target.join(format!("{FILE}.part-diario"))
    }

    /// Starts the client.
    fn start(&self) -> Process {
        let mut args = vec![
            "--ip-central=127.0.0.1".to_owned(),
            format!("--puerto-central={}", self.cluster.central_port),
            "--nombre=ana".to_owned(),
            format!("--destino={}", self.target.display()),
            "--estadisticas=cifras".to_owned(),
        ];
        let mut program = self.program.display().to_string();
        if let Some(user) = self.user {
            let change = ["--reuid", user, "--regid", user, "--clear-groups", &program];
            args.splice(0..0, change.map(str::to_owned));
            program = "setpriv".to_owned();
        }
        let mut client = Process::start(&program, self.cluster.folder.path(), &args);
        client.type_line(&format!("VIDEO {FILE}"));
        client.end_input();
        client
    }

    /// It fails for a reason of this side, which is told with the path; nobody else is blamed.
    fn fails(&self, mut client: Process, path: &Path, reason: &str) {
        assert_eq!(client.exit_code(), 1, "{:#?}", client.printed());
        let line = client.wait_for(&format!("falló: {}", path.display()));
        assert!(line.contains(reason), "{line}");
        let told = [client.printed(), self.cluster.central.printed()].concat();
        let is_blame = |line: &String| line.contains("ha caído") || line.contains("avisa del");
        assert!(!told.iter().any(is_blame), "{told:#?}");
    }

    fn completes(&self) -> Process {
        let mut client = self.start();
        assert_eq!(client.exit_code(), 0, "{:#?}", client.printed());
        let whole = sha256_file(&self.target.join(FILE)).unwrap();
        assert_eq!(whole.to_string(), self.digest);
        client
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_may_not_be_written_is_named_and_left_alone() {
    let mut house = Household::new(FAST);
    // To root nothing is forbidden.
    let is_root = rustix::process::geteuid().is_root();
    house.user = is_root.then_some(NOBODY);
    set_mode(&house.target, 0o555);
    house.fails(house.start(), &house.part(), "permiso denegado");
    assert!(crate::support::names(&house.target).is_empty());
    set_mode(&house.target, 0o777);
    for path in [house.part(), house.journal()] {
        fs::write(&path, b"mine").unwrap();
        set_mode(&path, 0);
        house.fails(house.start(), &path, "permiso denegado");
        set_mode(&path, 0o644);
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        fs::remove_file(&path).unwrap();
    }
    fs::write(house.target.join(FILE), b"mine").unwrap();
    house.fails(house.start(), &house.target.join(FILE), "--sobrescribir");
    assert_eq!(fs::read(house.target.join(FILE)).unwrap(), b"mine");
    fs::remove_file(house.target.join(FILE)).unwrap();
    house.completes();
}

fn mount(options: &str, at: &Path) {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "none"]).arg(at);
    assert!(command.status().unwrap().success());
}

/// Fills a disk to the last byte.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    let block = vec![1; 1 << 16];
    let full = loop {
        if let Err(error) = std::io::Write::write_all(&mut file, &block) {
            break error;
        }
    };
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
}

#[test]
#[ignore = "mounts, which needs root: run it with `unshare -m`"]
fn a_full_disk_is_named_and_with_space_the_download_goes_on() {
    // Two seconds for the file, so that the disk is full in the middle.
    let house = Household::new(4_000_000);
    mount("size=40m,mode=777", &house.target);
    let filler = house.target.join("filler");
    fill(&filler);
    house.fails(house.start(), &house.part(), "no queda sitio");
    fs::remove_file(&filler).unwrap();
    let client = house.start();
    let began = Instant::now();
    while journalled(&house.journal()).len() < 3 {
        assert!(
            began.elapsed() < crate::support::DEADLINE,
            "the download stands"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    fill(&filler);
    house.fails(client, &house.part(), "no queda sitio");
    let had = journalled(&house.journal());
    assert!(had.len() >= 3 && !house.target.join(FILE).exists());
    fs::remove_file(&filler).unwrap();
    let printed = house.completes().printed();
    let resumed = printed.iter().any(|line| line.contains("ya había"));
    assert!(resumed, "{printed:#?}");
}

#[test]
#[ignore = "mounts, which needs root: run it with `unshare -m`"]
fn a_disk_that_is_read_only_is_named() {
    let house = Household::new(FAST);
    mount("size=40m,mode=777", &house.target);
    mount("remount,ro,size=40m,mode=777", &house.target);
    house.fails(house.start(), &house.part(), "solo lectura");
    mount("remount,rw,size=40m,mode=777", &house.target);
    house.completes();
}

#[test]
#[ignore = "mounts, which needs root: run it with `unshare -m`"]
fn what_does_not_fit_is_refused_at_once_and_takes_nothing() {
    let house = Household::new(FAST);
    mount("size=40m,mode=777", &house.target);
    let filler = house.target.join("filler");
    fs::write(&filler, vec![1; 20 << 20]).unwrap();
    let before = rustix::fs::statvfs(&house.target).unwrap().f_bavail;
    house.fails(house.start(), &house.part(), "no queda sitio");
    assert_eq!(crate::support::names(&house.target), ["filler"]);
    let after = rustix::fs::statvfs(&house.target).unwrap().f_bavail;
    assert_eq!(after, before);
    fs::remove_file(&filler).unwrap();
    house.completes();
}

/// All facts that the journal of a cluster's central has since its last snapshot.
fn facts(cluster: &Cluster) -> Vec<Entry> {
    let path = cluster.folder.path().join("stats/central.diario");
    let journal = read_journal(&path).unwrap();
    let batches = journal.batches.into_iter();
    batches.flat_map(|batch| batch.entries).collect()
}

#[test]
fn what_a_person_ordered_survives_a_kill_right_after_the_answer() {
    let mut cluster = Cluster::start(5_000_000, |folder| {
        put(&folder.join("data/videos1/a.bin"), &noise(30_000_000, 1));
    });
    cluster.wait_for_level(1);
    let mut ana = cluster.client_with("ana", &[]);
    ana.type_line("VIDEO a.bin");
    ana.wait_for("a.bin");
    // The first order, its undoing, and another; the central is killed as soon as each has an answer.
    for (order, answer, number) in [
        ("DRENAR 2", "El secundario 2 termina sus envíos", Some(2)),
        ("DRENAR 3", "El secundario 3 termina sus envíos", Some(3)),
        ("DRENAR 2 NO", "El secundario 2 vuelve a participar", None),
        ("EXPULSAR ana", "Se ha expulsado a ana", None),
    ] {
        cluster.central.type_line(order);
        cluster.central.wait_for(answer);
        cluster.central.kill();
        let facts = facts(&cluster);
        let is_there = |fact: &Entry| match (order, fact) {
            ("DRENAR 2 NO", Entry::Works { number }) => number.get() == 2,
            ("EXPULSAR ana", Entry::Expelled { name, .. }) => name.as_str() == "ana",
            (_, Entry::Drained { number: drained }) => Some(drained.get()) == number,
            _ => false,
        };
        assert!(facts.iter().any(is_there), "{order}: {facts:?}");
        assert!(facts.contains(&Entry::Begun), "{facts:?}");
        cluster.restart_central();
    }
    // All of it holds.
    cluster.central.type_line("SECUNDARIOS");
    let row = cluster.central.wait_for("drenando");
    assert!(row.contains('3'), "{row}");
    let drained = cluster.central.printed();
    let drained = drained.iter().filter(|line| line.contains("drenando"));
    assert_eq!(drained.count(), 1);
}

#[test]
fn a_central_killed_at_any_moment_has_all_that_it_acknowledged() {
    let mut random = Rng::with_seed(SEED);
    let mut cluster = Cluster::start(100_000_000, |folder| {
        put(&folder.join("data/videos1/a.bin"), &noise(1_000_000, 1));
    });
    cluster.wait_for_level(1);
    let mut drained = BTreeSet::new();
    for round in 0..30 {
        let number = random.u16(1..=3);
        let on = !drained.contains(&number);
        let order = format!("DRENAR {number}{}", if on { "" } else { " NO" });
        // The first line that it prints after the order may be its answer.
        cluster.central.type_line(&order);
        std::thread::sleep(Duration::from_micros(random.u64(0..4000)));
        let printed = cluster.central.printed();
        let answers = ["termina sus envíos", "vuelve a participar"];
        let is_answer = |line: &String| answers.iter().any(|answer| line.contains(answer));
        let was_acknowledged = printed.iter().any(is_answer);
        cluster.central.kill();
        let path = cluster.folder.path().join("stats/central.diario");
        let before = read_journal(&path).unwrap().digest;
        let registry = facts(&cluster);
        let last = registry.iter().rev().find_map(|fact| match fact {
            Entry::Drained { number: n } if n.get() == number => Some(true),
            Entry::Works { number: n } if n.get() == number => Some(false),
            _ => None,
        });
        let is_drained = last.unwrap_or(false);
        assert!(
            !was_acknowledged || is_drained == on,
            "round {round}: {printed:?}"
        );
        if is_drained {
            drained.insert(number);
        } else {
            drained.remove(&number);
        }
        // Reading it changes nothing.
        assert_eq!(read_journal(&path).unwrap().digest, before);
        cluster.restart_central();
    }
}
