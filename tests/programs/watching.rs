//! `videocliente ver`: what a player gets, and what others do not.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::scripts::{cluster, script};
use crate::support::noise;

const FILE_BYTES: usize = 5_000_000;

/// A program that watches, and where.
struct Watching {
    child: Child,
    host: String,
    path: String,
}

fn watch(mut command: std::process::Command) -> Watching {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let output = child.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    let rest = line.trim().strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    Watching {
        child,
        host: host.to_owned(),
        path: format!("/{path}"),
    }
}

impl Watching {
    fn ask(&self, method: &str, path: &str, host: &str, fields: &str) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{fields}\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), answer[end + 4..].to_vec())
    }

    fn range(&self, range: &str) -> (u16, String, Vec<u8>) {
        let field = format!("Range: bytes={range}\r\n");
        self.ask("GET", &self.path, &self.host, &field)
    }
}

#[test]
fn a_player_reads_at_any_place_and_nobody_else_finds_the_file() {
    let cluster = cluster(20_000_000);
    let mut watching = watch(script(&cluster, &["ver", "pelicula.bin"]));
    let bytes = noise(1, FILE_BYTES);
    let (status, head, body) = watching.range("4000000-4000099");
    assert_eq!(status, 206, "{head}");
    assert!(
        head.contains("content-range: bytes 4000000-4000099/5000000"),
        "{head}"
    );
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert!(body == bytes[4_000_000..4_000_100]);
    let (status, head, body) = watching.ask("HEAD", &watching.path, &watching.host, "");
    assert_eq!((status, body.len()), (200, 0), "{head}");
    assert!(head.contains("content-length: 5000000"), "{head}");
    let (status, _, body) = watching.range("-5");
    assert!(status == 206 && body == bytes[FILE_BYTES - 5..]);
    let (status, _, body) = watching.ask("GET", &watching.path, &watching.host, "");
    assert!(status == 200 && body == bytes);
    let other = format!("/{}/ver/pelicula.bin", "0".repeat(32));
    for (path, host, expected) in [
        (other.as_str(), watching.host.as_str(), 404),
        ("/", watching.host.as_str(), 404),
        (watching.path.as_str(), "evil.example", 421),
        (watching.path.as_str(), "127.0.0.1", 421),
    ] {
        let (status, ..) = watching.ask("GET", path, host, "");
        assert_eq!(status, expected, "{path} of {host}");
    }
    // Nothing is kept, and it is no failure that its user ends it.
    let child = Pid::from_child(&watching.child);
    kill_process(child, Signal::TERM).unwrap();
    assert!(watching.child.wait().unwrap().success());
    assert!(!cluster.folder.path().join("data/descargas").exists());
}

#[test]
fn what_is_kept_is_whole_when_the_player_is_closed() {
    let cluster = cluster(20_000_000);
    // `true` closes at once.
    let args = ["ver", "pelicula.bin", "--guardar", "--reproductor", "true"];
    let began = Instant::now();
    let output = script(&cluster, &args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(began.elapsed() < Duration::from_secs(60), "{said}");
    let kept = cluster.folder.path().join("data/descargas/pelicula.bin");
    assert!(fs::read(kept).unwrap() == noise(1, FILE_BYTES));
    // A program that is not there is told by its name.
    let args = ["ver", "pelicula.bin", "--reproductor", "no-hay-tal"];
    let output = script(&cluster, &args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no-hay-tal"), "{said}");
}
