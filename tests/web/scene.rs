//! A central and secondaries, each at an address of its own: aria2 takes no two servers of one host. The programs of others run
//! in a folder beside theirs.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output},
    time::{Duration, Instant},
};

use crate::support::{
    DEADLINE,
    process::{CENTRAL, Process, SECONDARY, plain},
    put,
};

pub(crate) struct Scene {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) central: Process,
    pub(crate) secondaries: Vec<Process>,
    /// Where they listen: `127.0.0.10:PORT`, and 127.0.0.11 to 13.
    pub(crate) c: SocketAddr,
    pub(crate) s: Vec<SocketAddr>,
}

/// Where a server listens, once it does.
fn address(process: &Process) -> SocketAddr {
    let line = process.wait_for("Servidor escuchando en ");
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

impl Scene {
    /// So many secondaries of the required ones, each with these files, which send at most so fast; 0 for no limit.
    pub(crate) fn start(
        (count, required): (usize, usize),
        upload_limit: u64,
        files: &[(&str, &[u8])],
    ) -> Self {
        let more = match upload_limit {
            0 => Vec::new(),
            limit => vec![format!("--limite-subida={limit}")],
        };
        let folder = tempfile::tempdir().unwrap();
        Self::start_in(folder, (count, required), [&[], &more], files)
    }

    /// The same in a folder, with these flags of the central and of the secondaries besides.
    pub(crate) fn start_in(
        folder: tempfile::TempDir,
        (count, required): (usize, usize),
        [of_central, of_secondaries]: [&[String]; 2],
        files: &[(&str, &[u8])],
    ) -> Self {
        fs::create_dir(folder.path().join("otros")).unwrap();
        let required = format!("--secundarios={required}");
        let mut args = vec!["-p0", "--ip=127.0.0.10", &required, "--sin-consola"];
        args.extend(of_central.iter().map(String::as_str));
        let central = Process::start(CENTRAL, folder.path(), &args);
        let c = address(&central);
        let mut scene = Self {
            folder,
            central,
            secondaries: Vec::new(),
            c,
            s: Vec::new(),
        };
        for n in 1..=count {
            for (name, bytes) in files {
                put(&scene.path(&format!("data/videos{n}/{name}")), bytes);
            }
            let mut args = vec![
                format!("-n{n}"),
                "-p0".to_owned(),
                format!("--ip=127.0.0.1{n}"),
                required.clone(),
                "--ip-central=127.0.0.10".to_owned(),
                format!("--puerto-central={}", c.port()),
                "--sin-consola".to_owned(),
            ];
            let more = of_secondaries.iter();
            args.extend(more.map(|flag| flag.replace("NUMERO", &n.to_string())));
            let secondary = Process::start(SECONDARY, scene.folder.path(), &args);
            scene.s.push(address(&secondary));
            scene.secondaries.push(secondary);
        }
        scene
    }

    /// The same, once all is served.
    pub(crate) fn level(count: usize, upload_limit: u64, files: &[(&str, &[u8])]) -> Self {
        let scene = Self::start((count, count), upload_limit, files);
        scene.wait_until_level();
        scene
    }

    pub(crate) fn wait_until_level(&self) {
        until("a level cluster", || {
            let figures = self.get(&format!("http://{}/metrics", self.c));
            let is_level = figures.contains("\ntrozos_ready 1")
                && figures.contains("\ntrozos_files_underreplicated 0")
                && !figures.contains("\ntrozos_files 0");
            is_level.then_some(())
        });
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Where the programs of others run.
    pub(crate) fn others(&self) -> PathBuf {
        self.path("otros")
    }

    /// Runs a line of bash there.
    pub(crate) fn bash(&self, line: &str) -> Output {
        let mut bash = Command::new("bash");
        bash.args(["-ec", line]).current_dir(self.others());
        plain(&mut bash).output().unwrap()
    }

    /// The same; it must go well. Gives what it printed.
    pub(crate) fn run(&self, line: &str) -> String {
        let ran = self.bash(line);
        let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
        assert!(ran.status.success(), "{line}: {said}");
        said
    }

    /// What curl gets; empty when it gets nothing.
    pub(crate) fn get(&self, url: &str) -> String {
        let got = Command::new("curl").args(["-s", "-m", "10", url]).output();
        String::from_utf8_lossy(&got.unwrap().stdout).into_owned()
    }

    /// A row of a server's figures.
    pub(crate) fn figure(&self, at: SocketAddr, row: &str) -> f64 {
        let text = self.get(&format!("http://{at}/metrics"));
        let line = text.lines().find_map(|line| line.strip_prefix(row));
        line.map_or(0.0, |value| value.trim().parse().unwrap())
    }
}

/// Waits until something is there.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
