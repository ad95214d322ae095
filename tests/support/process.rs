//! The real programs as child processes, with what they print.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::DEADLINE;

pub const CENTRAL: &str = env!("CARGO_BIN_EXE_videocentral");
pub const SECONDARY: &str = env!("CARGO_BIN_EXE_videosecundario");
pub const CLIENT: &str = env!("CARGO_BIN_EXE_videocliente");
pub const LOCAL: &str = env!("CARGO_BIN_EXE_videolocal");

/// Whatever whoever runs the tests has set for people: the programs are to speak Spanish, to read no files of theirs, and
/// to take no orders where these would look for them. Nothing can be below /dev/null, and nothing is left there.
pub fn plain(command: &mut Command) -> &mut Command {
    for variable in [
        "LC_ALL",
        "LC_MESSAGES",
        "LANG",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "HOME",
        "USER",
        "LOGNAME",
        "XDG_STATE_HOME",
    ] {
        command.env_remove(variable);
    }
    command
        .env("XDG_CONFIG_HOME", "/dev/null")
        .env("TROZOS_SOCKET", "no")
}

/// A program that hears signals, however the tests were started: in the background of a script SIGINT is ignored, and
/// with `nohup` SIGHUP.
pub fn hearing(program: &str) -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,HUP", program]);
    command
}

/// Runs a program in a folder to its end: its exit code, and what it printed.
pub fn ended(
    program: &str,
    folder: &Path,
    args: &[&str],
    variables: &[(&str, &str)],
) -> (i32, String, String) {
    let mut command = Command::new(program);
    plain(&mut command)
        .args(args)
        .envs(variables.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null());
    parts(&command.output().unwrap())
}

/// The exit code of a program, and what it printed.
pub fn parts(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}

/// A program that runs; killed when it is dropped.
pub struct Process {
    pub child: Child,
    input: Option<ChildStdin>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Process {
    /// Starts a program in a folder, with standard input from a pipe.
    pub fn start(program: &str, folder: &Path, args: &[impl AsRef<OsStr>]) -> Self {
        Self::spawn(Command::new(program).args(args).current_dir(folder))
    }

    /// Starts a program with standard input from /dev/null.
    pub fn start_with_nothing(program: &str, folder: &Path, args: &[impl AsRef<OsStr>]) -> Self {
        let mut command = Command::new(program);
        Self::spawn_with(command.args(args).current_dir(folder), Stdio::null())
    }

    /// Starts a command, with standard input from a pipe.
    pub fn spawn(command: &mut Command) -> Self {
        Self::spawn_with(command, Stdio::piped())
    }

    fn spawn_with(command: &mut Command, input: Stdio) -> Self {
        let mut child = plain(command)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let outputs: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for output in outputs {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    lines.lock().unwrap().push(line);
                }
            });
        }
        let input = child.stdin.take();
        Self {
            child,
            input,
            lines,
        }
    }

    /// All that it printed so far.
    pub fn printed(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// What it printed after that many lines.
    pub fn printed_after(&self, lines: usize) -> Vec<String> {
        let all = self.lines.lock().unwrap();
        all.get(lines..).unwrap_or_default().to_vec()
    }

    /// The first line with this text, once there is one.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_for_nth(text, 1)
    }

    /// The n-th line with this text, once there is one.
    pub fn wait_for_nth(&self, text: &str, n: usize) -> String {
        let began = Instant::now();
        loop {
            let printed = self.printed();
            let found = printed.iter().filter(|line| line.contains(text)).nth(n - 1);
            if let Some(line) = found {
                return line.clone();
            }
            assert!(
                began.elapsed() < DEADLINE,
                "never «{text}» in:\n{}",
                printed.join("\n")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The port of `Servidor escuchando en IP:PUERTO`.
    pub fn port(&self) -> u16 {
        let line = self.wait_for("Servidor escuchando en ");
        line.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// Types a line; false when nobody reads any more.
    pub fn try_type(&mut self, line: &str) -> bool {
        let written =
            |input: &mut ChildStdin| writeln!(input, "{line}").and_then(|()| input.flush());
        self.input
            .as_mut()
            .is_some_and(|input| written(input).is_ok())
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
        input.flush().unwrap();
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id() as i32).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its exit code, once it has ended by itself.
    pub fn exit_code(&mut self) -> i32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(
                began.elapsed() < DEADLINE,
                "it does not end:\n{}",
                self.printed().join("\n")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cluster of real processes in a temporary folder.
pub struct Cluster {
    pub folder: tempfile::TempDir,
    pub central: Process,
    pub central_port: u16,
    pub secondaries: Vec<Process>,
    pub ports: Vec<u16>,
    upload_limit: u64,
    /// Flags of all servers, and of all clients.
    server_flags: Vec<String>,
    client_flags: Vec<String>,
}

impl Cluster {
    /// Starts a central and three secondaries whose uploads are limited, in bytes per second.
    pub fn start(upload_limit: u64, prepare: impl FnOnce(&Path)) -> Self {
        Self::start_with(upload_limit, [&[], &[]], prepare)
    }

    /// The same with more flags, of all servers and of all clients.
    pub fn start_with(upload_limit: u64, flags: [&[&str]; 2], prepare: impl FnOnce(&Path)) -> Self {
        let [server_flags, client_flags] = flags.map(|flags| {
            flags
                .iter()
                .map(|&flag| flag.to_owned())
                .collect::<Vec<_>>()
        });
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let mut args = vec!["-p0".to_owned(), "--ip=127.0.0.1".to_owned()];
        args.extend(server_flags.clone());
        let central = Process::start(CENTRAL, folder.path(), &args);
        let central_port = central.port();
        let mut cluster = Self {
            folder,
            central,
            central_port,
            secondaries: Vec::new(),
            ports: Vec::new(),
            upload_limit,
            server_flags,
            client_flags,
        };
        for n in 1..=3 {
            let secondary = cluster.start_secondary(n, 0);
            cluster.ports.push(secondary.port());
            cluster.secondaries.push(secondary);
        }
        cluster
    }

    pub fn start_secondary(&self, n: usize, port: u16) -> Process {
        let mut args = vec![
            format!("-n{n}"),
            format!("-p{port}"),
            "--ip=127.0.0.1".to_owned(),
            "--ip-central=127.0.0.1".to_owned(),
            format!("--puerto-central={}", self.central_port),
            format!("--limite-subida={}", self.upload_limit),
        ];
        args.extend(self.server_flags.clone());
        Process::start(SECONDARY, self.folder.path(), &args)
    }

    /// Starts a secondary again where it was.
    pub fn restart_secondary(&mut self, n: usize) {
        let started = self.start_secondary(n, self.ports[n - 1]);
        assert_eq!(started.port(), self.ports[n - 1]);
        self.secondaries[n - 1] = started;
    }

    pub fn restart_central(&mut self) {
        let port = format!("-p{}", self.central_port);
        let mut args = vec![port, "--ip=127.0.0.1".to_owned()];
        args.extend(self.server_flags.clone());
        self.central = Process::start(CENTRAL, self.folder.path(), &args);
        assert_eq!(self.central.port(), self.central_port);
    }

    /// A client with a name.
    pub fn client(&self, name: &str) -> Process {
        self.client_with(name, &[])
    }

    /// A client with a name and more flags.
    pub fn client_with(&self, name: &str, flags: &[&str]) -> Process {
        let mut args = vec![
            "--ip-central=127.0.0.1".to_owned(),
            format!("--puerto-central={}", self.central_port),
            format!("--nombre={name}"),
        ];
        args.extend(flags.iter().map(|flag| (*flag).to_owned()));
        args.extend(self.client_flags.clone());
        let client = Process::start(CLIENT, self.folder.path(), &args);
        client.wait_for("Te has inscrito como");
        client
    }

    /// Waits until all three hold everything.
    pub fn wait_for_level(&self, files: usize) {
        let began = Instant::now();
        let folder = |n: u32| self.folder.path().join(format!("data/videos{n}"));
        loop {
            let trees: Vec<_> = (1..=3).map(|n| super::names(&folder(n))).collect();
            let served = |process: &Process| {
                let served = process.printed();
                served.iter().any(|line| line.contains("Sincronizado"))
            };
            if trees.iter().all(|tree| tree.len() == files) && served(&self.central) {
                return;
            }
            assert!(began.elapsed() < DEADLINE, "never level: {trees:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn statistics(&self, name: &str) -> serde_json::Value {
        super::statistics(&self.folder.path().join("stats").join(name))
    }

    /// Stops all in order; every one of them must end well.
    pub fn stop(&mut self) {
        for secondary in &mut self.secondaries {
            secondary.signal(Signal::TERM);
            assert_eq!(secondary.exit_code(), 0, "{:?}", secondary.printed());
        }
        self.central.signal(Signal::TERM);
        assert_eq!(self.central.exit_code(), 0, "{:?}", self.central.printed());
    }
}
