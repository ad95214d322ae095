//! A whole cluster in one process: real sockets on loopback, real files in temporary folders.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // Each test file uses its own share of it.

mod basics;
pub mod liar;
pub mod process;
pub mod samples;
pub mod schema;
pub mod unhindered;

pub use self::{basics::*, samples::*};

use std::{
    fs,
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use trozos::{
    model::{ListedFile, Term, TransferId},
    node::{central, client, secondary},
    store::sha256,
};

/// A transfer that no central of these tests has granted.
pub fn transfer(number: u64) -> TransferId {
    TransferId::new(Term(1), number)
}

/// Waits until something holds; asks again every few milliseconds.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

pub struct Central {
    pub handle: central::CentralHandle,
    pub events: mpsc::Receiver<central::CentralEvent>,
}

pub struct Secondary {
    pub handle: secondary::SecondaryHandle,
    pub events: mpsc::Receiver<secondary::SecondaryEvent>,
}

pub struct Client {
    pub handle: client::ClientHandle,
    pub events: mpsc::Receiver<client::ClientEvent>,
    pub target: PathBuf,
}

/// Temporary folders and the nodes' configurations.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub central: SocketAddr,
}

const EVENTS: usize = 100_000;

impl Bench {
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub fn served(&self, n: u64, file: &str) -> PathBuf {
        self.path(&format!("videos{n}/{file}"))
    }

    pub async fn start(config: impl FnOnce(&mut central::CentralConfig)) -> (Self, Central) {
        let mut bench = Self {
            folder: tempfile::tempdir().unwrap(),
            central: loopback(),
        };
        let mut central_config = bench.central_config();
        config(&mut central_config);
        let central = start_central(central_config).await;
        bench.central = central.handle.address();
        (bench, central)
    }

    /// A central where the one of this bench is, or was.
    pub fn central_config(&self) -> central::CentralConfig {
        central::CentralConfig {
            announce: None,
            listen: self.central,
            required_secondaries: 3,
            max_downloads: 5,
            statistics: self.path("stats"),
            journal: None,
            several: None,
            accounts: true,
            administrator: None,
            security: Default::default(),
            face: None,
        }
    }

    pub fn secondary_config(&self, n: u64) -> secondary::SecondaryConfig {
        secondary::SecondaryConfig {
            number: number(n),
            listen: loopback(),
            announced_ip: None,
            announced_port: None,
            centrals: (self.central.ip().to_string(), self.central.port()).into(),
            folder: self.path(&format!("videos{n}")),
            look_every: None,
            statistics: self.path("stats"),
            upload_limit_bytes_per_s: None,
            retired: Default::default(),
            quiet: Duration::from_secs(1),
            scrub_every: None,
            forget_disks: false,
            security: Default::default(),
            face: None,
        }
    }

    pub async fn secondary(&self, n: u64) -> Secondary {
        start_secondary(self.secondary_config(n)).await
    }

    pub async fn client(&self, who: &str) -> Client {
        self.client_with(who, |_| {}).await
    }

    pub async fn client_with(
        &self,
        who: &str,
        change: impl FnOnce(&mut client::ClientConfig),
    ) -> Client {
        let target = self.path(&format!("descargas-{who}"));
        let mut config = client::ClientConfig {
            centrals: (self.central.ip().to_string(), self.central.port()).into(),
            target: target.clone(),
            statistics: self.path("stats").into(),
            source_wait: Duration::from_secs(60),
            overwrite: false,
            memory: None,
            identity: None,
            patience: Default::default(),
            peering: Default::default(),
            security: Default::default(),
        };
        change(&mut config);
        let (sender, events) = mpsc::channel(EVENTS);
        let handle = client::start(config, sender).await;
        let client = client_name(who);
        handle.enrol(client).await.unwrap();
        Client {
            handle,
            events,
            target,
        }
    }
}

pub async fn start_central(config: central::CentralConfig) -> Central {
    let (sender, events) = mpsc::channel(EVENTS);
    let handle = central::start(config, sender).await.unwrap();
    Central { handle, events }
}

pub async fn start_secondary(config: secondary::SecondaryConfig) -> Secondary {
    let (sender, events) = mpsc::channel(EVENTS);
    let handle = secondary::start(config, sender).await.unwrap();
    Secondary { handle, events }
}

impl Client {
    /// The listing, once it holds.
    pub async fn listing(&self, what: &str, holds: impl Fn(&[ListedFile]) -> bool) {
        until(what, || async {
            self.handle.list().await.ok().filter(|files| holds(files))
        })
        .await;
    }

    /// Waits until every file is on all of `secondaries`.
    pub async fn level(&self, files: usize, secondaries: u16) {
        self.listing("level", |listed| {
            listed.len() == files && listed.iter().all(|f| f.holders == secondaries)
        })
        .await;
    }

    /// What a download came to.
    pub async fn finished(&mut self) -> client::DownloadEvent {
        loop {
            let event = tokio::time::timeout(DEADLINE, self.events.recv()).await;
            let event = event.expect("no end of the download").expect("no client");
            if let client::ClientEvent::Download { what, .. } = event {
                match what {
                    client::DownloadEvent::Complete(_)
                    | client::DownloadEvent::AlreadyComplete { .. }
                    | client::DownloadEvent::Failed { .. }
                    | client::DownloadEvent::Cancelled => return what,
                    _ => {}
                }
            }
        }
    }
}

/// Every file below a folder with the digest of its content, hidden ones too.
pub fn tree(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(folder).unwrap();
                let digest = sha256(&fs::read(&path).unwrap());
                found.push((below.display().to_string(), digest.to_string()));
            }
        }
    }
    found.sort();
    found
}
