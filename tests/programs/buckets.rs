//! The real programs with a bucket of a real server of S3: what they say of it, what they serve of it, and that no key of it is in
//! anything that they write.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use bytes::Bytes;
use trozos::net::objects::{Expect, Objects};

use crate::support::{
    noise,
    process::{CENTRAL, CLIENT, Process, SECONDARY, ended, plain},
    put,
};

#[path = "../support/s3.rs"]
#[allow(dead_code, unreachable_pub)]
mod s3;

/// Files below a folder in which a text is.
fn with(folder: &std::path::Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read(&path).is_ok_and(|bytes| {
                let wanted = text.as_bytes();
                bytes.windows(wanted.len()).any(|part| part == wanted)
            }) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
#[ignore = "needs trozos-s3"]
fn a_bucket_is_served_and_filled_by_the_real_programs() {
    let server = s3::s3s();
    let settings = s3::settings(server.address);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = format!("s3://{}/grupo", s3::BUCKET);
    let objects = Objects::open_with(&address, settings.clone()).unwrap();
    let (film, own) = (noise(1, 20_000_001), noise(2, 9_000_000));
    let write = |name: &str, bytes: &[u8]| {
        let bytes = Bytes::copy_from_slice(bytes);
        let put = objects.put(name, bytes, &Expect::Anything);
        runtime.block_on(put).unwrap();
    };
    write("film.mkv", &film);
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("data/videos1/own.bin"), &own);
    let usual = [
        "-p0",
        "--ip=127.0.0.1",
        "--secundarios=2",
        "--registro=debug",
    ];
    let central = Process::start(CENTRAL, folder.path(), &usual);
    let port = format!("--puerto-central={}", central.port());
    let common = ["--ip-central=127.0.0.1", "--repaso=1s", &port];
    let first = [&usual[..], &common, &["-n1"]].concat();
    let first = Process::start(SECONDARY, folder.path(), &first);
    let directory = format!("--directorio={address}");
    let second = [&usual[..], &common, &["-n2", &directory]].concat();
    let mut command = std::process::Command::new(SECONDARY);
    plain(&mut command)
        .args(&second)
        .envs(settings.clone())
        .current_dir(folder.path());
    let mut second = Process::spawn(&mut command);
    second.wait_for(&address);
    central.wait_for("Sincronizado");
    second.wait_for("own.bin");
    first.wait_for("film.mkv");
    second.type_line("ESTADO");
    second.wait_for("2 ficheros");

    // From the bucket alone: the other is gone.
    let until = std::time::Instant::now() + Duration::from_secs(60);
    let read = |name: &str| runtime.block_on(objects.read_small(name, 1 << 30)).ok();
    while read("own.bin").is_none_or(|bytes| bytes != own) {
        assert!(std::time::Instant::now() < until, "own.bin does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(first);
    let client = [
        "descargar",
        "film.mkv",
        "own.bin",
        "--ip-central=127.0.0.1",
        &port,
        "--destino=aqui",
        "--estadisticas=mias",
    ];
    let (code, out, complaint) = ended(CLIENT, folder.path(), &client, &[]);
    assert_eq!(code, 0, "{out}{complaint}");
    assert_eq!(fs::read(folder.path().join("aqui/film.mkv")).unwrap(), film);
    assert_eq!(fs::read(folder.path().join("aqui/own.bin")).unwrap(), own);

    // A range by HTTP, over the ends of what is fetched at once.
    let http = format!(
        "GET /f/film.mkv HTTP/1.1\r\nhost: 127.0.0.1:{0}\r\nrange: bytes=3999990-12000000\r\nconnection: close\r\n\r\n",
        second.port()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", second.port())).unwrap();
    stream.write_all(http.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .unwrap()
        + 4;
    assert!(answer.starts_with(b"HTTP/1.1 206 "));
    assert!(answer[head..] == film[3_999_990..=12_000_000]);

    // Keys are in nothing that is written.
    let printed = second.printed().join("\n");
    second.type_line("SALIR");
    assert_eq!(second.exit_code(), 0);
    for secret in [s3::KEY, s3::SECRET] {
        assert!(!printed.contains(secret), "{printed}");
        assert_eq!(with(folder.path(), secret), [] as [String; 0]);
    }
    let kept = runtime
        .block_on(objects.list(".trozos/indice/", 10))
        .unwrap();
    assert_eq!(kept.len(), 1);
}

#[test]
#[ignore = "needs trozos-s3"]
fn what_is_wrong_with_a_bucket_is_told_at_the_start() {
    let server = s3::s3s();
    let folder = tempfile::tempdir().unwrap();
    let tried = |place: &str, change: &[(&str, &str)]| {
        let settings = s3::settings(server.address);
        let mut variables: Vec<(&str, &str)> = settings
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        variables.extend(change);
        let directory = format!("--directorio={place}");
        let line = ["-n1", "-p0", "--ip=127.0.0.1", &directory, "--sin-consola"];
        ended(SECONDARY, folder.path(), &line, &variables)
    };
    for (place, change, code) in [
        (
            "s3://no-hay/a",
            ("AWS_REGION", "us-east-1"),
            "bucket-missing",
        ),
        (
            "s3://cubo/a",
            ("AWS_SECRET_ACCESS_KEY", "otra-clave-falsa"),
            "bucket-credentials",
        ),
        (
            "s3://cubo/a",
            ("AWS_ACCESS_KEY_ID", ""),
            "bucket-credentials",
        ),
        (
            "s3://cubo/a",
            ("AWS_ALLOW_HTTP", "false"),
            "bucket-plain-http",
        ),
    ] {
        let (exit, out, complaint) = tried(place, &[change]);
        assert_ne!(exit, 0, "{place} {change:?}: {out}");
        let told = format!("{out}{complaint}");
        assert!(told.contains(code), "{place} {change:?}: {told}");
        assert!(
            !told.contains("otra-clave-falsa") && !told.contains(s3::SECRET),
            "{told}"
        );
    }
}

/// TLS before a server, on a free port, and the certificate by which it is believed.
async fn behind_tls(server: std::net::SocketAddr) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let pem = made.cert.pem();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(server).await?;
                let mut client = acceptor.accept(client).await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    (port, pem)
}

#[test]
#[ignore = "needs trozos-s3"]
fn a_store_behind_tls_is_believed_by_its_authority_only() {
    let server = s3::s3s();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let address = format!("s3://{}/grupo", s3::BUCKET);
    let objects = Objects::open_with(&address, s3::settings(server.address)).unwrap();
    let put = objects.put("film.mkv", Bytes::from_static(b"film"), &Expect::Anything);
    runtime.block_on(put).unwrap();
    let (port, pem) = runtime.block_on(behind_tls(server.address));
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    fs::write(&authority, pem).unwrap();
    let directory = format!("--directorio={address}");
    let line = [
        "-n1",
        "-p0",
        "--ip=127.0.0.1",
        "--ip-central=127.0.0.1",
        "--puerto-central=1",
        &directory,
    ];
    let start = |authority: &str| {
        let mut command = std::process::Command::new(SECONDARY);
        plain(&mut command)
            .args(line)
            .envs(s3::settings(server.address))
            .env("AWS_ENDPOINT_URL", format!("https://127.0.0.1:{port}"))
            .env("AWS_ALLOW_HTTP", "false")
            .env("SSL_CERT_FILE", authority)
            .current_dir(folder.path());
        Process::spawn(&mut command)
    };
    let mut believes = start(authority.to_str().unwrap());
    believes.wait_for("1 fichero");
    believes.type_line("SALIR");
    assert_eq!(believes.exit_code(), 0);
    let doubts = start("/dev/null");
    doubts.wait_for("El cubo no se puede leer");
    assert!(!doubts.printed().join("\n").contains("1 fichero"));
}
