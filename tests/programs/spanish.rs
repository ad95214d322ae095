//! What the programs say in Spanish when something is wrong: every reason that can be provoked from outside, told
//! without a word of English, and with the details that help.

mod start;
mod tls;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use trozos::proto::ErrorCode;

use crate::english::english_words;
use crate::support::{
    process::{CENTRAL, CLIENT, Process, SECONDARY, plain},
    put,
};

/// What nobody should read, as it is a peer's English.
const PEERS_WORDS: &str = "the peer refuses with words that nobody should read";

/// Fails for English in what a program says to people. Lines of the log are English by design; they begin with a time.
fn check(lines: &[String]) {
    let is_log = |line: &&String| line.starts_with("20") && line.contains("Z ");
    for line in lines.iter().filter(|line| !is_log(line)) {
        let english = english_words(line);
        assert!(english.is_empty(), "{english:?} in: {line}");
        assert!(!line.contains(PEERS_WORDS), "{line}");
    }
}

/// Runs a program to its end; its errors must be Spanish and say this.
fn says(program: &str, folder: &Path, args: &[&str], expected: &str) {
    let mut command = Command::new(program);
    let output = plain(&mut command)
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    check(&lines);
    assert!(text.contains(expected), "{args:?}: {text}");
    assert!(!output.status.success(), "{args:?}");
}

/// A client's question to the central at this port.
fn asks(port: u16, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let port = format!("--puerto-central={port}");
    let args = ["listar", "--ip-central=127.0.0.1", &port];
    says(CLIENT, folder.path(), &args, expected);
}

/// A secondary that enrols at this port.
fn enrols(port: u16, own: &[&str], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let port = format!("--puerto-central={port}");
    let mut args = vec!["-p0", "--ip=127.0.0.1", "--ip-central=127.0.0.1", &port];
    args.extend(own);
    says(SECONDARY, folder.path(), &args, expected);
}

/// Somebody who listens on this port and treats everybody like this, once their first line is there.
fn listener(treat: impl Fn(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let _ = BufReader::new(stream.try_clone().unwrap()).read_line(&mut line);
            treat(stream);
        }
    });
    port
}

/// Somebody who answers every first line with these bytes and says nothing more; what is said to him he takes, so that
/// the bytes arrive.
fn answering(bytes: impl Into<Vec<u8>>) -> u16 {
    let bytes = bytes.into();
    listener(move |mut stream| {
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    })
}

fn line(message: &Value) -> Vec<u8> {
    format!("{message}\n").into_bytes()
}

/// A port where nobody listens.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn a_central_that_is_not_there_or_is_none() {
    asks(free_port(), "nadie escucha ahí");
    asks(
        answering(*b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "no es un central",
    );
    asks(answering(*b""), "cierra sin saludar: ¿es un central?");
    asks(
        answering(*b"{\"type\":\"hello\",\"protocol\":2,\"role\":\"central\",\"term\":1}\n"),
        "habla la versión 2 del protocolo y este programa la 1",
    );
    asks(answering(vec![b'x'; 70_000]), "línea demasiado larga");
    let folder = tempfile::tempdir().unwrap();
    let args = ["listar", "--ip-central=no-hay.invalid"];
    says(
        CLIENT,
        folder.path(),
        &args,
        "ninguna máquina «no-hay.invalid»",
    );
    // It takes what is said, and says nothing.
    let silent = listener(|mut stream| {
        std::thread::spawn(move || stream.read_to_end(&mut Vec::new()));
    });
    asks(silent, "no saluda: ¿es un central?");
}

#[test]
fn connections_that_end_while_they_are_used() {
    let hello = line(&json!({"type":"hello","protocol":1,"role":"central","term":1}));
    for (rest, expected) in [
        (&b""[..], "se cerró la conexión"),
        (b"{\"type\":\"sta", "se cortó a la mitad"),
        (b"{\"type\":\"weather\"}\n", "algo que no es un mensaje"),
        (b"{\"type\":\"bye\"}\n", "el central se está parando"),
    ] {
        asks(answering([&hello[..], rest].concat()), expected);
    }
}

#[test]
fn every_code_that_a_central_may_refuse_with() {
    for code in ErrorCode::CODES {
        let error = json!({"type":"error","code":code,"message":PEERS_WORDS});
        match ErrorCode::of(code) {
            // A client is told by its own words that these two sides are not started alike, or that this is none.
            ErrorCode::NotEnrolled => {
                asks(answering(line(&error)), "es un secundario y no un central")
            }
            // Somebody else's code: somebody else's words.
            ErrorCode::Unknown => {}
            _ => asks(answering(line(&error)), "error: "),
        }
    }
    let newer = json!({"type":"error","code":"full-moon","message":"not on such a night"});
    asks(answering(line(&newer)), "«not on such a night»");
}

#[test]
fn refusals_with_their_details() {
    let refusal = |code: &str, details: Value| {
        let error = json!({"type":"error","code":code,"message":PEERS_WORDS,"details":details});
        answering(line(&error))
    };
    let limit = |of: &str, most: u64| json!({"about":"limit","of":of,"most":most});
    for (of, most, expected) in [
        ("connections", 4096, "ya tiene 4096 conexiones"),
        ("files", 200_000, "más de 200\u{a0}000 ficheros"),
        ("moons", 1, "hay demasiadas peticiones"),
    ] {
        asks(refusal("limit-exceeded", limit(of, most)), expected);
    }
    let protocol = json!({"about":"protocol","version":3});
    let expected = "habla la versión 3 del protocolo";
    asks(refusal("wrong-protocol", protocol.clone()), expected);
    enrols(refusal("wrong-protocol", protocol), &["-n1"], expected);
    let numbers = json!({"about":"numbers","number":1,"most":0});
    enrols(
        refusal("number-not-allowed", numbers),
        &["-n1"],
        "los números de 1 a 0",
    );
    enrols(
        refusal("number-not-allowed", json!({})),
        &["-n1"],
        "es mayor que los que admite",
    );
}

/// A central that runs in a folder.
fn central(folder: &Path, flags: &[&str]) -> (Process, u16) {
    let mut args = vec!["-p0", "--ip=127.0.0.1", "--sin-consola"];
    args.extend(flags);
    let central = Process::start(CENTRAL, folder, &args);
    let port = central.port();
    (central, port)
}

/// Secondary number 1 of a central, in a folder.
fn secondary(folder: &Path, central: u16) -> Process {
    let to = format!("--puerto-central={central}");
    let args = [
        "-n1",
        "-p0",
        "--ip=127.0.0.1",
        "--ip-central=127.0.0.1",
        &to,
    ];
    Process::start(SECONDARY, folder, &args)
}

#[test]
fn a_number_that_is_in_use_or_too_high() {
    let folder = tempfile::tempdir().unwrap();
    let (central, port) = central(folder.path(), &[]);
    let first = secondary(folder.path(), port);
    let holder = format!("escucha en 127.0.0.1:{}", first.port());
    first.wait_for("Inscrito en el central");
    enrols(port, &["-n1"], &holder);
    enrols(port, &["-n4", "--secundarios=4"], "los números de 1 a 3");
    central.wait_for("arranca el central con --secundarios 4");
    // A client that dials it, and a secondary that does.
    asks(first.port(), "es un secundario y no un central");
    let args = ["-n2", "-p0", "--ip=127.0.0.1", "--ip-central=127.0.0.1"];
    let there = format!("--puerto-central={}", first.port());
    let second = Process::start(SECONDARY, folder.path(), &[&args[..], &[&there]].concat());
    second.wait_for("es el secundario 1 y no un central");
    for process in [&central, &first, &second] {
        check(&process.printed());
    }
}

#[test]
fn a_prompt_when_the_central_stops_or_dies() {
    let folder = tempfile::tempdir().unwrap();
    let (mut dies, port) = central(folder.path(), &["--estadisticas=a"]);
    let client = |port: u16| {
        let to = format!("--puerto-central={port}");
        let args = ["--ip-central=127.0.0.1", &to, "--nombre=ana"];
        let client = Process::start(CLIENT, folder.path(), &args);
        client.wait_for("Te has inscrito como");
        client
    };
    let mut left = client(port);
    dies.kill();
    left.wait_for("Sin conexión con el central (");
    left.type_line("LISTA_VIDEOS");
    left.wait_for("No se puede conectar con el central (127.0.0.1:");
    check(&left.printed());
    let (mut stops, port) = central(folder.path(), &["--estadisticas=b"]);
    let left = client(port);
    stops.signal(rustix::process::Signal::TERM);
    assert_eq!(stops.exit_code(), 0);
    left.wait_for("Sin conexión con el central (el central se está parando)");
    check(&left.printed());
    check(&stops.printed());
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    stream
}

/// Says something and waits for the close.
fn exchange(port: u16, bytes: &[u8]) {
    let mut stream = connect(port);
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn who_was_refused_at_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let (central, port) = central(folder.path(), &[]);
    // Says nothing for too long, while the others talk.
    let mut silent = connect(port);
    let hello = br#"{"type":"hello","protocol":1,"role":"client"}"#;
    let twice = [&hello[..], b"\n", hello, b"\n"].concat();
    for (bytes, expected) in [
        (
            &b"get / HTTP/1.1\n"[..],
            "algo que no es un mensaje de este protocolo",
        ),
        (
            b"{\"type\":\"hello\",\"protocol\":7,\"role\":\"client\"}\n",
            "habla la versión 7",
        ),
        (
            b"{\"type\":\"hello\",\"protocol\":1,\"role\":\"central\",\"term\":1}\n",
            "un mensaje inesperado",
        ),
        (
            b"{\"accion\":\"bailar\"}\n",
            "algo que no es un mensaje de este protocolo",
        ),
        (b"\x16\x03\x01\x00\x05hello", "habla TLS, y este puerto no"),
        (&vec![b'x'; 70_000], "una línea de más de 65,5 kB"),
        (&twice, "un mensaje inesperado"),
    ] {
        let said = central.printed();
        let before = said.iter().filter(|line| line.contains(expected)).count();
        exchange(port, bytes);
        central.wait_for_nth(expected, before + 1);
    }
    let _ = silent.read_to_end(&mut Vec::new());
    central.wait_for("no dijo nada en 5 s");
    check(&central.printed());
}

#[test]
fn files_that_are_not_served_and_statistics_that_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    put(
        &path.join("stats/central.json"),
        b"{\"schema\":1,\n\"node\":",
    );
    put(&path.join("stats/secundario1.json"), b"{\"schema\":9}");
    put(&path.join("data/videos1/de\\otro.bin"), b"x");
    std::os::unix::fs::symlink("/etc/passwd", path.join("data/videos1/enlace")).unwrap();
    let (central, port) = central(path, &[]);
    central.wait_for("se acaba en la línea 2, columna 7");
    let secondary = secondary(path, port);
    secondary.wait_for("es de otra versión");
    secondary.wait_for("es un enlace simbólico");
    secondary.wait_for("no puede estar en un nombre");
    check(&central.printed());
    check(&secondary.printed());
}

#[test]
fn english_is_found() {
    for text in [
        "no hay conexión (closed)",
        "error: the disk",
        "x: Connection refused",
    ] {
        assert!(!english_words(text).is_empty(), "{text}");
    }
    for text in [
        "falló «the disk» [disk-failed]",
        "usa --not-this",
        "el disco /the/disk",
    ] {
        assert_eq!(english_words(text), [""; 0], "{text}");
    }
}
