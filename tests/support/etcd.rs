//! etcd, started for one test on free ports and in folders of its own, killed and stopped for real, and gone with the test.

use std::{
    fs::File,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub struct Cluster {
    members: Vec<Member>,
    _folder: TempDir,
}

struct Member {
    arguments: Vec<String>,
    client: String,
    log: PathBuf,
    child: Option<Child>,
}

/// So many ports that nobody listens on.
fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
        .collect();
    held.iter()
        .map(|listener| listener.local_addr().unwrap().port())
        .collect()
}

impl Cluster {
    /// Starts so many members; they answer a little later.
    pub fn start(count: usize) -> Self {
        Self::start_with(count, None)
    }

    /// Starts a member that speaks TLS with clients that have a certificate of the authority: PEM of that, of the
    /// member's certificate and of its key.
    pub fn start_with_tls(pem: [&str; 3]) -> Self {
        Self::start_with(1, Some(pem))
    }

    fn start_with(count: usize, tls: Option<[&str; 3]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = free_ports(2 * count);
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let peers: Vec<String> = (0..count)
            .map(|nth| format!("m{nth}={}", url(ports[2 * nth + 1])))
            .collect();
        let members = (0..count).map(|nth| {
            let (mut client, peer) = (url(ports[2 * nth]), url(ports[2 * nth + 1]));
            let mut secure = Vec::new();
            if let Some(pem) = tls {
                client = client.replace("http:", "https:");
                secure.push("--client-cert-auth".to_owned());
                for (flag, pem) in ["--trusted-ca-file", "--cert-file", "--key-file"]
                    .iter()
                    .zip(pem)
                {
                    let path = folder.path().join(format!("pem{}", secure.len()));
                    std::fs::write(&path, pem).unwrap();
                    secure.extend([(*flag).to_owned(), path.display().to_string()]);
                }
            }
            let data = folder.path().join(format!("m{nth}"));
            let arguments = [
                ("--name", format!("m{nth}")),
                ("--data-dir", data.display().to_string()),
                ("--listen-client-urls", client.clone()),
                ("--advertise-client-urls", client.clone()),
                ("--listen-peer-urls", peer.clone()),
                ("--initial-advertise-peer-urls", peer),
                ("--initial-cluster", peers.join(",")),
                ("--initial-cluster-state", "new".to_owned()),
                ("--logger", "zap".to_owned()),
                ("--log-outputs", "stderr".to_owned()),
            ];
            Member {
                arguments: (arguments.into_iter())
                    .flat_map(|(flag, value)| [flag.to_owned(), value])
                    .chain(secure)
                    .collect(),
                client,
                log: folder.path().join(format!("m{nth}.log")),
                child: None,
            }
        });
        let mut cluster = Self {
            members: members.collect(),
            _folder: folder,
        };
        for nth in 0..count {
            cluster.revive(nth);
        }
        cluster
    }

    pub fn endpoints(&self) -> Vec<String> {
        self.members
            .iter()
            .map(|member| member.client.clone())
            .collect()
    }

    pub fn kill(&mut self, nth: usize) {
        if let Some(mut child) = self.members[nth].child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts a member again, on its own folder.
    pub fn revive(&mut self, nth: usize) {
        let member = &mut self.members[nth];
        let log = File::options()
            .create(true)
            .append(true)
            .open(&member.log)
            .unwrap();
        let child = Command::new("etcd")
            .args(&member.arguments)
            // Its own settings would come from there.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("etcd is installed");
        member.child = Some(child);
    }

    /// It stands still, and its kernel goes on taking connections.
    pub fn freeze(&self, nth: usize) {
        self.signal(nth, Signal::STOP);
    }

    pub fn thaw(&self, nth: usize) {
        self.signal(nth, Signal::CONT);
    }

    fn signal(&self, nth: usize, signal: Signal) {
        let child = self.members[nth].child.as_ref().unwrap();
        kill_process(Pid::from_child(child), signal).unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for nth in 0..self.members.len() {
            self.kill(nth);
        }
    }
}
