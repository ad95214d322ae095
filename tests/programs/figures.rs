//! Figures through the doors of the real program, which is killed in the middle; its console from afar, and foreign clients.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::support::process::{CENTRAL, CLIENT, Process, ended, parts, plain};

/// `admin:una contrasena`
const BASIC: &str = "Authorization: Basic YWRtaW46dW5hIGNvbnRyYXNlbmE=";

struct Scene {
    folder: tempfile::TempDir,
    central: Process,
    port: u16,
}

impl Scene {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let password = folder.path().join("contrasena");
        fs::write(&password, "una contrasena\n").unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
        let central = Self::central(folder.path());
        let port = central.port();
        Self {
            folder,
            central,
            port,
        }
    }

    fn central(folder: &Path) -> Process {
        let args = [
            "-p0",
            "--ip=127.0.0.1",
            "--sin-consola",
            "--cifras-udp=0",
            "--cifras-tcp=0",
            "--cifras-tcp-procesos=0",
            "--cifras-http=0",
            "--admin-contrasena-archivo=contrasena",
        ];
        Process::start_with_nothing(CENTRAL, folder, &args)
    }

    fn password(&self) -> PathBuf {
        self.folder.path().join("contrasena")
    }

    /// Where a door is.
    fn at(&self, door: &str) -> SocketAddr {
        let line = self.central.wait_for(&format!("cifras por {door} en "));
        line.rsplit_once(' ').unwrap().1.parse().unwrap()
    }

    fn console(&self, words: &[&str]) -> (i32, String, String) {
        let place = format!("127.0.0.1:{}", self.port);
        let password = self.password();
        let mut args = vec!["consola", "--en", &place, "--admin-contrasena-archivo"];
        args.push(password.to_str().unwrap());
        args.extend(words);
        ended(CENTRAL, self.folder.path(), &args, &[])
    }
}

/// Orders that were sent, and those of them that were answered.
#[derive(Clone, Default)]
struct Told {
    sent: Arc<AtomicI64>,
    acknowledged: Arc<AtomicI64>,
}

/// Gives `orders` orders to add one; false once the central does not answer any more.
type Door = fn(SocketAddr, u32, usize, &Told) -> bool;

fn count(told: &Told, ask: impl FnOnce() -> Option<()>) -> bool {
    told.sent.fetch_add(1, Ordering::SeqCst);
    let is_answered = ask().is_some();
    if is_answered {
        told.acknowledged.fetch_add(1, Ordering::SeqCst);
    }
    is_answered
}

fn by_udp(at: SocketAddr, client: u32, orders: usize, told: &Told) -> bool {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(at).unwrap();
    let patience = Some(Duration::from_millis(500));
    socket.set_read_timeout(patience).unwrap();
    (0..orders).all(|order| {
        let line = format!("inc.1 #{client}-{order}");
        count(told, || {
            let mut answer = [0; 200];
            // It may be lost, and is said again.
            for _ in 0..20 {
                // Nobody is there: the kernel may say so at once.
                socket.send(line.as_bytes()).ok()?;
                match socket.recv(&mut answer) {
                    Ok(length) if answer[..length].starts_with(b"Estado") => return Some(()),
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => return None,
                }
            }
            None
        })
    })
}

fn by_lines(at: SocketAddr, _: u32, orders: usize, told: &Told) -> bool {
    let Ok(stream) = TcpStream::connect(at) else {
        return false;
    };
    stream.set_nodelay(true).unwrap();
    let mut stream = BufReader::new(stream);
    (0..orders).all(|_| {
        count(told, || {
            stream.get_mut().write_all(b"inc.1\n").ok()?;
            let mut answer = String::new();
            stream.read_line(&mut answer).ok()?;
            answer.starts_with("Estado Del Contador->: ").then_some(())
        })
    })
}

fn asked(at: SocketAddr, head: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(at).ok()?;
    let request = format!("{head} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n{body}");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn by_http(at: SocketAddr, _: u32, orders: usize, told: &Told) -> bool {
    (0..orders).all(|_| {
        count(told, || {
            let answer = asked(at, "GET /cambiar?counter=inc.1", "\r\n")?;
            answer.contains("Valor del Contador, ").then_some(())
        })
    })
}

fn by_api(at: SocketAddr, _: u32, orders: usize, told: &Told) -> bool {
    const ORDER: &str = r#"{"order":"inc.1"}"#;
    let rest = format!(
        "{BASIC}\r\nX-Trozos: 1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{ORDER}",
        ORDER.len()
    );
    (0..orders).all(|_| {
        count(told, || {
            let answer = asked(at, "POST /api/v1/figures/contador", &rest)?;
            answer.contains("\"value\"").then_some(())
        })
    })
}

/// All five doors at once, with so many clients each that give so many orders.
fn flood(scene: &Scene, clients: u32, orders: usize) -> (Told, Vec<thread::JoinHandle<bool>>) {
    let told = Told::default();
    let main = SocketAddr::from(([127, 0, 0, 1], scene.port));
    let doors: [(SocketAddr, Door); 5] = [
        (scene.at("udp"), by_udp),
        (scene.at("tcp"), by_lines),
        (scene.at("processes"), by_lines),
        (scene.at("http"), by_http),
        (main, by_api),
    ];
    let mut threads = Vec::new();
    for (at, door) in doors {
        for client in 0..clients {
            let told = told.clone();
            threads.push(thread::spawn(move || door(at, client, orders, &told)));
        }
    }
    (told, threads)
}

fn value(scene: &Scene) -> i64 {
    let mut stream = BufReader::new(TcpStream::connect(scene.at("tcp")).unwrap());
    stream.get_mut().write_all(b"inc.0\n").unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).unwrap();
    let (_, value) = answer.trim_end().rsplit_once(' ').unwrap();
    value.parse().unwrap()
}

fn all_are_counted(clients: u32, orders: usize) {
    let scene = Scene::start();
    let (told, threads) = flood(&scene, clients, orders);
    for thread in threads {
        assert!(thread.join().unwrap(), "{:?}", scene.central.printed());
    }
    let all = 5 * i64::from(clients) * orders as i64;
    assert_eq!(told.acknowledged.load(Ordering::SeqCst), all);
    assert_eq!(value(&scene), all);
}

#[test]
fn every_door_of_the_program_counts_each_order_once() {
    all_are_counted(2, 20);
}

#[test]
#[ignore = "takes a while: twenty clients with five hundred orders at each door"]
fn fifty_thousand_orders_are_fifty_thousand() {
    all_are_counted(20, 500);
}

#[test]
fn a_killed_central_has_counted_what_it_acknowledged_and_nothing_that_was_not_sent() {
    let mut scene = Scene::start();
    let (told, threads) = flood(&scene, 2, 100_000);
    while told.acknowledged.load(Ordering::SeqCst) < 200 {
        thread::sleep(Duration::from_millis(5));
    }
    scene.central.kill();
    for thread in threads {
        assert!(!thread.join().unwrap());
    }
    scene.central = Scene::central(scene.folder.path());
    scene.port = scene.central.port();
    let value = value(&scene);
    let (sent, acknowledged) = (
        told.sent.load(Ordering::SeqCst),
        told.acknowledged.load(Ordering::SeqCst),
    );
    assert!(
        acknowledged <= value && value <= sent,
        "{acknowledged} <= {value} <= {sent}"
    );
}

#[test]
fn the_process_of_a_connection_harms_nobody_else() {
    let scene = Scene::start();
    let at = scene.at("processes");
    let mut first = BufReader::new(TcpStream::connect(at).unwrap());
    let mut second = BufReader::new(TcpStream::connect(at).unwrap());
    let say = |stream: &mut BufReader<TcpStream>| {
        stream.get_mut().write_all(b"inc.1\n").ok()?;
        let mut answer = String::new();
        (stream.read_line(&mut answer).ok()? > 0).then_some(answer)
    };
    assert!(say(&mut first).is_some() && say(&mut second).is_some());
    let children = || {
        let path = format!("/proc/{0}/task/{0}/children", scene.central.child.id());
        let mut children: Vec<i32> = Vec::new();
        // Any of its threads may have started them.
        for task in fs::read_dir(format!("/proc/{}/task", scene.central.child.id())).unwrap() {
            let path = task.unwrap().path().join("children");
            let text = fs::read_to_string(path).unwrap_or_default();
            children.extend(
                text.split_whitespace()
                    .map(|pid| pid.parse::<i32>().unwrap()),
            );
        }
        assert!(Path::new(&path).exists());
        children.sort_unstable();
        children
    };
    let processes = children();
    assert_eq!(processes.len(), 2, "{processes:?}");
    // It is given nothing that its parent was given.
    let given = fs::read(format!("/proc/{}/environ", processes[0])).unwrap();
    assert!(given.is_empty());
    let pid = rustix::process::Pid::from_raw(processes[0]).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let answers = [
        say(&mut first),
        say(&mut first),
        say(&mut second),
        say(&mut second),
    ];
    let dead = answers.iter().filter(|answer| answer.is_none()).count();
    assert!((1..=2).contains(&dead), "{answers:?}");
    assert!(value(&scene) >= 4);
}

#[test]
fn the_console_from_afar_is_the_consoles() {
    let scene = Scene::start();
    let (code, out, _) = scene.console(&["cifra", "sala.aforo", "+5"]);
    assert_eq!((code, out.trim_end()), (0, "sala.aforo: 5"));
    let (code, out, _) = scene.console(&["cifra", "sala.aforo", "=0"]);
    assert_eq!((code, out.trim_end()), (0, "sala.aforo: 0"));
    let (code, out, _) = scene.console(&["info"]);
    assert!(code == 0 && out.contains("puerta grpc: abierto"), "{out}");
    let (code, out, _) = scene.console(&["--json", "secundarios"]);
    assert_eq!((code, out.trim_end()), (0, r#"{"secondaries":[]}"#));
    let (code, _, complaint) = scene.console(&["drenar", "9"]);
    assert_eq!(code, 4, "{complaint}");
    let (code, _, complaint) = scene.console(&["adivina"]);
    assert_eq!(code, 2, "{complaint}");
    fs::write(scene.password(), "otra contrasena\n").unwrap();
    let (code, _, complaint) = scene.console(&["estado"]);
    assert!(
        code == 3 && complaint.contains("[console-password]"),
        "{complaint}"
    );
    fs::write(scene.password(), "una contrasena\n").unwrap();

    let place = format!("127.0.0.1:{}", scene.port);
    let args = [
        "consola",
        "--en",
        &place,
        "--admin-contrasena-archivo",
        "contrasena",
    ];
    let mut prompt = Process::start(CENTRAL, scene.folder.path(), &args);
    prompt.wait_for("conectado a 127.0.0.1");
    prompt.type_line("CIFRA +7");
    prompt.wait_for("contador: 7");
    // What happens there is told here.
    let port = format!("--puerto-central={}", scene.port);
    let args = ["--ip-central=127.0.0.1", &port, "--nombre=ana"];
    let _ana = Process::start(CLIENT, scene.folder.path(), &args);
    prompt.wait_for("ana");
    prompt.type_line("salir");
    assert_eq!(prompt.exit_code(), 0);
}

/// What `.ci/run` has installed grpcio for.
fn python() -> String {
    std::env::var("GRPC_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

#[test]
#[ignore = "needs Python with grpcio, grpcio-tools, grpcio-reflection and grpcio-health-checking"]
fn a_foreign_client_does_all_that_proto_describes() {
    let scene = Scene::start();
    let port = format!("--puerto-central={}", scene.port);
    let args = ["--ip-central=127.0.0.1", &port, "--nombre=ana"];
    let ana = Process::start(CLIENT, scene.folder.path(), &args);
    scene.central.wait_for("ana");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(python());
    command
        .arg(root.join("tests/programs/foreign.py"))
        .arg(root.join("proto"))
        .arg(scene.port.to_string())
        .stdin(Stdio::null());
    let (code, out, complaint) = parts(&plain(&mut command).output().unwrap());
    assert_eq!(code, 0, "{out}\n{complaint}");
    ana.wait_for("hola, ana");
}
