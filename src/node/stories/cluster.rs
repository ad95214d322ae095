//! A cluster in one process: its network, its folders, its nodes, and what stories ask of them.

use std::{
    fs,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use parking_lot::Mutex;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use crate::{
    model::{ClientName, SecondaryNumber, samples::name},
    net::{
        Network,
        memory::{MemoryNetwork, ip},
    },
    node::{
        Gateway,
        central::{self, CentralConfig, CentralDoor, CentralHandle},
        client::{
            self, ClientConfig, ClientEvent, ClientHandle, DownloadEvent, DownloadState, Summary,
        },
        face::{Face, FaceMaker, Visit},
        secondary::{self, SecondaryConfig, SecondaryHandle},
    },
};

/// How long anything may take, in the story.
const DEADLINE: Duration = Duration::from_secs(300);
/// How often it is looked at, at first and at the least, as a part of how long it has been waited for.
const LOOK_AFTER: Duration = Duration::from_millis(20);
const LOOKS: u32 = 20;
/// What an index is given each time, in the world.
const OTHERS: Duration = Duration::from_millis(1);
const SAVE_EVERY: Duration = Duration::from_secs(10);
const EVENTS: usize = 100_000;
const PORT: u16 = 50_000;

/// How many secondaries there are; each is on the host of its number.
pub(super) const SECONDARIES: u8 = 3;
/// The host of the central.
pub(super) const CENTRAL: u8 = 100;
/// The host of another one, if there is one.
pub(super) const OTHER: u8 = 101;
/// The hosts of two clients.
pub(super) const ANA: u8 = 201;
pub(super) const LUIS: u8 = 202;

/// See the module.
pub(super) struct Cluster {
    pub(super) network: MemoryNetwork,
    folder: tempfile::TempDir,
    doors: Doors,
    central: Option<CentralHandle>,
    secondaries: Vec<Option<SecondaryHandle>>,
}

pub(super) struct Client {
    pub(super) host: u8,
    pub(super) handle: ClientHandle,
    pub(super) events: mpsc::Receiver<ClientEvent>,
    pub(super) target: PathBuf,
}

/// Bytes that look random and are always the same for a seed.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut bytes = vec![0; length];
    random.fill(&mut bytes);
    bytes
}

/// Where nobody reads what happens.
fn nobody<T: Send + 'static>() -> mpsc::Sender<T> {
    let (sender, mut events) = mpsc::channel(EVENTS);
    tokio::spawn(async move { while events.recv().await.is_some() {} });
    sender
}

/// Waits until something holds.
pub(super) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        let waited = began.elapsed();
        assert!(waited < DEADLINE, "never: {what}");
        sleep(LOOK_AFTER.max(waited / LOOKS)).await;
    }
}

/// Waits until something holds that an index must find: it is given time, while the clock stands still.
pub(super) async fn until_found<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        let others = tokio::task::spawn_blocking(|| std::thread::sleep(OTHERS));
        others.await.unwrap();
        if let Some(found) = ask().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "never: {what}");
        sleep(LOOK_AFTER).await;
    }
}

impl Cluster {
    /// A central and three secondaries, of which the first has these files; goes on once all have all of them. The links
    /// are those of a LAN of 100 Mbit/s.
    pub(super) async fn start(seed: u64, files: &[(&str, &[u8])]) -> Self {
        fastrand::seed(seed);
        let network = MemoryNetwork::default();
        network.set_latency(Duration::from_millis(1));
        network.set_uplinks(12_500_000);
        // Where a sync costs nothing, if there is such a place.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        let mut cluster = Self {
            network,
            folder: folder.unwrap(),
            doors: Doors::default(),
            central: None,
            secondaries: (0..SECONDARIES).map(|_| None).collect(),
        };
        for (file, bytes) in files {
            cluster.put(1, file, bytes);
        }
        cluster.start_central().await;
        for number in 1..=SECONDARIES {
            cluster.start_secondary(number).await;
        }
        cluster.level(files.len()).await;
        cluster
    }

    pub(super) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Where a secondary serves a file.
    pub(super) fn served(&self, number: u8, file: &str) -> PathBuf {
        self.path(&format!("served{number}/{file}"))
    }

    /// Writes a file that looks as if nobody had touched it for long.
    pub(super) fn put(&self, number: u8, file: &str, bytes: &[u8]) {
        let path = self.served(number, file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        let long_ago = SystemTime::now() - Duration::from_secs(60);
        file.set_modified(long_ago).unwrap();
    }

    pub(super) async fn start_central(&mut self) {
        let (config, network) = self.central_on(CENTRAL, "statistics");
        let started = central::start_on(&network, config, nobody(), SAVE_EVERY);
        self.central = Some(started.await.unwrap());
    }

    /// A second central, of a later term, whose reign has not begun.
    pub(super) async fn start_other(&self) -> CentralHandle {
        let folder = self.path("statistics-other");
        fs::create_dir(&folder).unwrap();
        // No clock is as late for decades.
        fs::write(
            folder.join("central.json"),
            r#"{"schema":1,"term":4000000000}"#,
        )
        .unwrap();
        let (config, network) = self.central_on(OTHER, "statistics-other");
        let started = central::start_on(&network, config, nobody(), SAVE_EVERY);
        started.await.unwrap()
    }

    fn central_on(&self, host: u8, statistics: &str) -> (CentralConfig, Network) {
        let config = CentralConfig {
            announce: None,
            listen: (ip(host), PORT).into(),
            required_secondaries: u16::from(SECONDARIES),
            max_downloads: 5,
            statistics: self.path(statistics),
            journal: None,
            several: None,
            accounts: true,
            administrator: None,
            security: Default::default(),
            face: Some(self.doors.clone().maker()),
        };
        (config, self.network.host(host))
    }

    /// What was the second central is the first from now on.
    pub(super) fn replace_central(&mut self, other: CentralHandle) -> CentralHandle {
        self.central.replace(other).unwrap()
    }

    /// The gateway of the central.
    pub(super) fn gateway(&self) -> Gateway {
        let door = self.doors.0.lock();
        door.as_ref().unwrap().gateway().clone()
    }

    pub(super) fn central(&self) -> &CentralHandle {
        self.central.as_ref().unwrap()
    }

    /// As SIGKILL would: nobody is told anything, and nothing that it still says or saves is of any effect.
    pub(super) async fn kill_central(&mut self) {
        self.network.kill(CENTRAL);
        let saved = self.saved("central");
        self.central.take().unwrap().stop().await.unwrap();
        saved.restore();
    }

    pub(super) async fn start_secondary(&mut self, number: u8) {
        let config = SecondaryConfig {
            number: SecondaryNumber::try_from(u64::from(number)).unwrap(),
            listen: (ip(number), PORT).into(),
            announced_ip: None,
            announced_port: None,
            centrals: (ip(CENTRAL).to_string(), PORT).into(),
            folder: self.path(&format!("served{number}")),
            statistics: self.path("statistics"),
            upload_limit_bytes_per_s: None,
            retired: Default::default(),
            quiet: Duration::from_millis(10),
            scrub_every: None,
            forget_disks: false,
            security: Default::default(),
            face: None,
        };
        let network = self.network.host(number);
        let started = secondary::start_on(&network, config, nobody()).await;
        self.secondaries[usize::from(number) - 1] = Some(started.unwrap());
    }

    /// As [`Self::kill_central`].
    pub(super) async fn kill_secondary(&mut self, number: u8) {
        self.network.kill(number);
        let saved = self.saved(&format!("secundario{number}"));
        let killed = self.secondaries[usize::from(number) - 1].take();
        killed.unwrap().stop().await.unwrap();
        saved.restore();
    }

    pub(super) async fn client(&self, host: u8) -> Client {
        let target = self.path(&format!("downloads{host}"));
        let config = ClientConfig {
            centrals: (ip(CENTRAL).to_string(), PORT).into(),
            target: target.clone(),
            statistics: self.path("statistics").into(),
            source_wait: Duration::from_secs(60),
            overwrite: false,
            memory: None,
            identity: None,
            patience: Default::default(),
            peering: Default::default(),
            security: Default::default(),
        };
        let (sender, events) = mpsc::channel(EVENTS);
        let handle = client::start_on(self.network.host(host), config, sender);
        let client = ClientName::try_from(format!("client{host}").as_str()).unwrap();
        // The central may be away.
        let _ = handle.enrol(client).await;
        Client {
            host,
            handle,
            events,
            target,
        }
    }

    /// As [`Self::kill_central`].
    pub(super) async fn kill_client(&self, client: Client) {
        self.network.kill(client.host);
        let saved = self.saved(&format!("cliente-client{}", client.host));
        client.handle.stop().await.unwrap();
        saved.restore();
    }

    /// What a node has on its disk beside the files.
    fn saved(&self, node: &str) -> Saved {
        let folder = self.path("statistics");
        let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
        let own = entries.filter(|entry| {
            let name = entry.file_name().into_string().unwrap();
            name.starts_with(&format!("{node}."))
        });
        let files = own.map(|entry| (entry.path(), fs::read(entry.path()).unwrap()));
        Saved(files.collect())
    }

    /// Waits until all secondaries are there and have so many files.
    pub(super) async fn level(&self, files: usize) {
        until_found("level", async || {
            let status = self.central().status().await.ok()?;
            let there = status.secondaries.iter().filter(|one| one.alive);
            let is_whole = there.count() == usize::from(SECONDARIES);
            (is_whole && status.level && status.files == files as u64).then_some(())
        })
        .await;
    }

    /// Ends all nodes, once nobody is waited for any more.
    pub(super) async fn stop(&mut self, clients: Vec<Client>) {
        until("the books are closed", async || {
            let books = self.central().statistics().await.ok()?;
            (books["open"] == serde_json::json!([])).then_some(())
        })
        .await;
        for client in clients {
            client.handle.stop().await.unwrap();
        }
        for secondary in &mut self.secondaries {
            secondary.take().unwrap().stop().await.unwrap();
        }
        self.central.take().unwrap().stop().await.unwrap();
    }
}

/// Keeps what a face is given, and serves nobody.
#[derive(Clone, Debug, Default)]
struct Doors(Arc<Mutex<Option<CentralDoor>>>);

impl Doors {
    fn maker(self) -> FaceMaker<CentralDoor> {
        FaceMaker::new(move |door| {
            *self.0.lock() = Some(door);
            Arc::new(self.clone())
        })
    }
}

impl Face for Doors {
    fn serve(&self, _: Visit) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async {})
    }
}

/// Files as they were.
struct Saved(Vec<(PathBuf, Vec<u8>)>);

impl Saved {
    fn restore(self) {
        for (path, bytes) in self.0 {
            fs::write(path, bytes).unwrap();
        }
    }
}

impl Client {
    pub(super) async fn download(&self, file: &str) {
        let answer = self.handle.download(name(file)).await;
        answer.unwrap();
    }

    /// How much of the last download is here and verified.
    pub(super) async fn have_bytes(&self) -> u64 {
        let downloads = self.handle.downloads().await.unwrap();
        let last = &downloads.last().unwrap().state;
        if let DownloadState::Running(snapshot) = last {
            snapshot.have_bytes
        } else {
            0
        }
    }

    /// Waits until so much is.
    pub(super) async fn has(&self, bytes: u64) {
        until("the first bytes", async || {
            (self.have_bytes().await >= bytes).then_some(())
        })
        .await;
    }

    /// The end of a download that brings the file.
    pub(super) async fn completed(&mut self, file: &str, bytes: &[u8]) -> Summary {
        let end = self.finished().await;
        let DownloadEvent::Complete(summary) = end else {
            panic!("{file}: {end:?}");
        };
        assert!(fs::read(self.target.join(file)).unwrap() == bytes, "{file}");
        summary
    }

    /// What a download came to.
    pub(super) async fn finished(&mut self) -> DownloadEvent {
        until("the end of the download", async || {
            while let Ok(event) = self.events.try_recv() {
                if let ClientEvent::Download { what, .. } = event
                    && is_an_end(&what)
                {
                    return Some(what);
                }
            }
            None
        })
        .await
    }
}

fn is_an_end(what: &DownloadEvent) -> bool {
    matches!(
        what,
        DownloadEvent::Complete(_)
            | DownloadEvent::AlreadyComplete { .. }
            | DownloadEvent::Failed { .. }
            | DownloadEvent::Cancelled
    )
}
