//! Real servers of S3, each with an empty bucket: `trozos-s3` (package in s3/, over a folder) and moto (`pip install moto[server]`,
//! in memory).

use std::{
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub const BUCKET: &str = "cubo";
pub const KEY: &str = "quien";
pub const SECRET: &str = "secreto-de-prueba";

/// A server that runs until it is dropped.
#[derive(Debug)]
pub struct S3 {
    pub address: SocketAddr,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a client is told of a server at an address.
pub fn settings(address: SocketAddr) -> Vec<(String, String)> {
    let pairs = [
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
    ];
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// The one over a folder. Its program lies beside those of trozos.
pub fn s3s() -> S3 {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(BUCKET)).unwrap();
    let mut program = std::env::current_exe().unwrap();
    program.pop();
    program.set_file_name("trozos-s3");
    let mut child = Command::new(&program)
        .arg(folder.path())
        .args([KEY, SECRET])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; build s3/ first", program.display()));
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let port: u16 = line.trim().parse().unwrap();
    S3 {
        address: (Ipv4Addr::LOCALHOST, port).into(),
        child,
        _folder: folder,
    }
}

/// The one of Python's, by the interpreter that `TROZOS_PYTHON` names.
pub fn moto() -> S3 {
    let python = std::env::var_os("TROZOS_PYTHON").unwrap_or("python3".into());
    let script = "
import sys, threading
from moto.server import ThreadedMotoServer
import socket
with socket.socket() as s:
    s.bind(('127.0.0.1', 0))
    port = s.getsockname()[1]
server = ThreadedMotoServer(ip_address='127.0.0.1', port=port, verbose=False)
server.start()
import boto3
boto3.client('s3', endpoint_url=f'http://127.0.0.1:{port}', region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b').create_bucket(Bucket=sys.argv[1])
print(port, flush=True)
sys.stdin.read()
";
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(&python)
        .args(["-c", script, BUCKET])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let port: u16 = line.trim().parse().unwrap_or_else(|_| {
        panic!(
            "{python:?} has no moto: pip install 'moto[server]' boto3, and name it in TROZOS_PYTHON"
        )
    });
    let address = (Ipv4Addr::LOCALHOST, port).into();
    let until = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(address).is_err() {
        assert!(Instant::now() < until, "moto does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    S3 {
        address,
        child,
        _folder: folder,
    }
}
