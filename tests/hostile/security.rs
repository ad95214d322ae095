//! Who may join: nobody without the secret, nobody with somebody else's words, nobody without a certificate
//! where one is asked for; and what is secret stays so. Real programs, and scripted sockets against them.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};
use trozos::{
    model::SecondaryNumber,
    net::{Authority, ClientTls, Identity, ReadError, TlsRefusal, Traffic, split},
    proto::{
        encode_line,
        handshake::{Connector, FromServer, Nonce, Opening, Secret, ServerRole, ToServer},
    },
    store::sha256_file,
};

use crate::support::{
    DEADLINE, noise,
    process::{CENTRAL, CLIENT, Cluster, Process, SECONDARY},
    put,
};

const SECRET: &str = "la clave de las pruebas, larga";
const FILE: &str = "película secreta.mp4";
const LENGTH: usize = 24_000_000;
const WITH_SECRET: &[&str] = &["--clave-archivo=clave"];

/// Writes a file that only its owner can read.
fn put_private(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn prepare(folder: &Path) {
    put_private(&folder.join("clave"), &format!("{SECRET}\n"));
    put_private(&folder.join("otra"), "another secret, long enough\n");
    for n in 1..=3 {
        put(
            &folder.join(format!("data/videos{n}/{FILE}")),
            &noise(7, LENGTH),
        );
    }
}

fn closed_cluster() -> Cluster {
    let cluster = Cluster::start_with(1_000_000_000, [WITH_SECRET, WITH_SECRET], prepare);
    cluster.central.wait_for("Sincronizado");
    cluster
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
    let limit = Some(Duration::from_secs(20));
    stream.set_read_timeout(limit).unwrap();
    stream.set_write_timeout(limit).unwrap();
    stream
}

/// All that comes until the other side closes, as text.
fn rest(mut stream: impl Read) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 65536];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("neither an answer nor a close: {error}"),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn exchange(port: u16, bytes: &[u8]) -> String {
    let mut stream = connect(port);
    let _ = stream.write_all(bytes);
    rest(stream)
}

fn lines(messages: &[Value]) -> Vec<u8> {
    let text: Vec<String> = messages.iter().map(Value::to_string).collect();
    format!("{}\n", text.join("\n")).into_bytes()
}

/// A client's first line, with a nonce.
fn hello_line() -> Vec<u8> {
    let nonce = "5a".repeat(32);
    json!({"type":"hello","protocol":1,"role":"client","name":"eva","nonce":nonce})
        .to_string()
        .into_bytes()
}

fn with_line_feed(line: &[u8]) -> Vec<u8> {
    [line, b"\n"].concat()
}

fn challenge_in(line: &str) -> Nonce {
    match serde_json::from_str(line).unwrap() {
        FromServer::Challenge { nonce } => nonce,
        other => panic!("{other:?}"),
    }
}

/// The proof line that somebody with this secret sends.
fn proof_line(secret: &Secret, server: ServerRole, nonce: Nonce) -> (Connector, Vec<u8>) {
    let hello = hello_line();
    let opening = Opening {
        hello: &hello,
        server,
        tls_session: &[],
    };
    let (connector, proof) = Connector::answer(secret, &opening, nonce);
    let mut line = Vec::new();
    encode_line(&ToServer::Proof { proof }, &mut line);
    (connector, line)
}

/// Says hello and gives the connection, all that comes on it, and the challenge.
fn challenged(port: u16) -> (TcpStream, BufReader<TcpStream>, Nonce) {
    let mut stream = connect(port);
    stream.write_all(&with_line_feed(&hello_line())).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let nonce = challenge_in(&line);
    (stream, reader, nonce)
}

fn secondary_role(n: u64) -> ServerRole {
    ServerRole::Secondary(SecondaryNumber::try_from(n).unwrap())
}

/// Nothing but refusals, and nothing of what the cluster has.
fn assert_told_nothing(answer: &str, code: &str) {
    assert!(!answer.contains("secreta"), "{answer}");
    assert!(!answer.contains("\"hello\""), "{answer}");
    for line in answer.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        match value["type"].as_str().unwrap() {
            "challenge" => {}
            "error" => assert_eq!(value["code"], code, "{answer}"),
            other => panic!("{other} in {answer}"),
        }
    }
}

/// A client's answer to a wish for the list, which ends in failure.
fn asks_for_the_list(folder: &Path, port: u16, flags: &[&str]) -> Process {
    let mut args = vec![
        "--ip-central=127.0.0.1".to_owned(),
        format!("--puerto-central={port}"),
    ];
    args.extend(flags.iter().map(|&flag| flag.to_owned()));
    let mut client = Process::start(CLIENT, folder, &args);
    client.type_line("LISTA_VIDEOS");
    client
}

/// Whom it trusts is let in: service has not begun, and that is what it hears.
fn let_in(folder: &Path, port: u16, flags: &[&str]) {
    let client = asks_for_the_list(folder, port, flags);
    client.wait_for("No hay servicio");
}

fn refused_list(folder: &Path, port: u16, flags: &[&str], says: &str) {
    let mut client = asks_for_the_list(folder, port, flags);
    // A line begins with a capital letter.
    let (first, rest) = says.split_at(says.chars().next().unwrap().len_utf8());
    client.wait_for(&format!("{}{rest}", first.to_uppercase()));
    client.end_input();
    assert_eq!(client.exit_code(), 1);
    let printed = client.printed().join("\n");
    assert!(!printed.contains("secreta"), "{printed}");
}

fn download(cluster: &Cluster, who: &str) {
    let mut client = cluster.client(who);
    client.type_line(&format!("VIDEO {FILE}"));
    client.end_input();
    assert_eq!(client.exit_code(), 0, "{:#?}", client.printed());
    assert_downloaded(cluster);
}

fn assert_downloaded(cluster: &Cluster) {
    let folder = cluster.folder.path();
    let got = folder.join("data/descargas").join(FILE);
    let original = folder.join("data/videos1").join(FILE);
    assert_eq!(sha256_file(&got).unwrap(), sha256_file(&original).unwrap());
    fs::remove_file(got).unwrap();
}

#[test]
fn nobody_without_the_secret_enrols_lists_or_downloads() {
    let cluster = closed_cluster();
    let folder = cluster.folder.path();
    let (central, data) = (cluster.central_port, cluster.ports[0]);
    let client = json!({"type":"hello","protocol":1,"role":"client","name":"eva"});
    let secondary =
        json!({"type":"hello","protocol":1,"role":"secondary","number":2,"port":1,"incarnation":9});
    let list = json!({"type":"list"});
    let copied = json!({"type":"inventory","files":[],"last":true});
    let open = json!({"type":"open","transfer":"1-0000000000000001","id":"00".repeat(32),"name":FILE,"manifest":true});
    let get = json!({"type":"get","chunk":0});
    for (port, messages) in [
        (central, vec![client.clone(), list.clone()]),
        (central, vec![secondary.clone(), copied]),
        (data, vec![client, open.clone(), get.clone()]),
        (data, vec![secondary, open, get]),
        (central, vec![json!({"accion":"listado"})]),
        (central, vec![json!({"accion":"descarga","video":FILE})]),
        (
            data,
            vec![json!({"accion":"descarga","nombre":"eva","parte":0,"video":FILE})],
        ),
    ] {
        let answer = exchange(port, &lines(&messages));
        assert_told_nothing(&answer, "secret-required");
        assert!(answer.contains("secret-required"), "{answer}");
    }
    // A request instead of a proof.
    let both = [with_line_feed(&hello_line()), lines(&[list])].concat();
    assert_told_nothing(&exchange(central, &both), "bad-message");

    refused_list(folder, central, &[], "el central pide una clave");
    let wrong = ["--clave-archivo=otra"];
    refused_list(folder, central, &wrong, "la clave no es la del central");
    cluster
        .central
        .wait_for("rechazada: su clave no es la del grupo");
    for (flags, says) in [
        (vec![], "el central pide una clave"),
        (wrong.to_vec(), "la clave no es la del central"),
    ] {
        let port = format!("--puerto-central={central}");
        let mut args = vec!["-n3", "-p0", "--ip-central=127.0.0.1", &port];
        args.extend(flags);
        let mut intruder = Process::start(SECONDARY, folder, &args);
        intruder.wait_for(says);
        assert_eq!(intruder.exit_code(), 1);
    }
    // Somebody with the secret in the environment instead of a file.
    let out = Command::new(CLIENT)
        .args([
            "--ip-central=127.0.0.1",
            &format!("--puerto-central={central}"),
        ])
        .arg("--nombre=bea")
        .env("TROZOS_CLAVE", SECRET)
        .current_dir(folder)
        .stdin(std::process::Stdio::piped())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(text.contains("Te has inscrito como bea"), "{text}");
    download(&cluster, "ana");
    let mut cluster = cluster;
    cluster.stop();
    let refused = |name: &str| -> u64 {
        let statistics = cluster.statistics(name);
        let codes = statistics["refused"].as_object().unwrap();
        codes.values().map(|count| count.as_u64().unwrap()).sum()
    };
    assert!(refused("central.json") >= 9, "{}", refused("central.json"));
    assert_eq!(refused("secundario1.json"), 3);
}

#[test]
fn words_that_were_overheard_prove_nothing() {
    let cluster = closed_cluster();
    let secret = Secret::from_text(SECRET.as_bytes()).unwrap();
    for (port, server, request) in [
        (
            cluster.central_port,
            ServerRole::Central,
            json!({"type":"list"}),
        ),
        (
            cluster.ports[0],
            secondary_role(1),
            json!({"type":"open","transfer":"1-0000000000000001","id":"00".repeat(32),"name":"x","manifest":false}),
        ),
    ] {
        // An honest one is let in, and overheard.
        let (mut stream, mut reader, nonce) = challenged(port);
        let (connector, proof) = proof_line(&secret, server, nonce);
        stream.write_all(&proof).unwrap();
        stream.write_all(&lines(&[request])).unwrap();
        let mut answers = [String::new(), String::new(), String::new()];
        for answer in &mut answers {
            reader.read_line(answer).unwrap();
        }
        let FromServer::Proof { proof: theirs } = serde_json::from_str(&answers[0]).unwrap() else {
            panic!("{answers:?}");
        };
        assert_eq!(connector.check(theirs), Ok(()));
        assert!(answers[1].contains("\"hello\""), "{answers:?}");
        assert!(!answers[2].is_empty(), "{answers:?}");

        let replayed = [with_line_feed(&hello_line()), proof.clone()].concat();
        let answer = exchange(port, &replayed);
        assert_told_nothing(&answer, "wrong-secret");
        assert!(answer.contains("wrong-secret"), "{answer}");

        // The server's own words, sent back to it.
        let (mut stream, reader, _) = challenged(port);
        stream.write_all(answers[0].as_bytes()).unwrap();
        assert_told_nothing(&rest(reader), "wrong-secret");

        // A proof that is right, but for another server.
        let (mut stream, reader, nonce) = challenged(port);
        let (_, proof) = proof_line(&secret, secondary_role(2), nonce);
        stream.write_all(&proof).unwrap();
        assert_told_nothing(&rest(reader), "wrong-secret");
    }
}

#[test]
fn a_handshake_that_is_cut_anywhere_lets_nobody_in() {
    let cluster = closed_cluster();
    let secret = Secret::from_text(SECRET.as_bytes()).unwrap();
    let port = cluster.ports[1];
    let hello = with_line_feed(&hello_line());
    for end in 0..hello.len() {
        let mut stream = connect(port);
        stream.write_all(&hello[..end]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(stream), "", "{end}");
    }
    let length = proof_line(&secret, secondary_role(2), Nonce::new([0; 32]))
        .1
        .len();
    for end in 0..length {
        let (mut stream, reader, nonce) = challenged(port);
        let (_, proof) = proof_line(&secret, secondary_role(2), nonce);
        stream.write_all(&proof[..end]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(rest(reader), "", "{end}");
    }
    // Not cut, it works.
    let (mut stream, reader, nonce) = challenged(port);
    let (_, proof) = proof_line(&secret, secondary_role(2), nonce);
    stream.write_all(&proof).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert!(rest(reader).contains("\"hello\""));
}

/// A central of somebody else's: does with each connection what it is told.
fn false_central(act: impl Fn(TcpStream, String) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            reader.read_line(&mut line).unwrap();
            act(stream, line);
            // Closing with unread bytes would take away what was said.
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
        }
    });
    port
}

fn say(stream: &mut TcpStream, message: &Value) {
    // Who does not believe it may be gone already.
    let _ = stream.write_all(&lines(std::slice::from_ref(message)));
}

#[test]
fn a_central_that_does_not_know_the_secret_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    put_private(&folder.path().join("clave"), SECRET);
    let hello = json!({"type":"hello","protocol":1,"role":"central","term":1});

    let welcoming = hello.clone();
    let port = false_central(move |mut stream, _| say(&mut stream, &welcoming));
    refused_list(folder.path(), port, WITH_SECRET, "el central no usa clave");

    // Without a proof of its own.
    let silent = hello.clone();
    let port = false_central(move |mut stream, _| {
        say(
            &mut stream,
            &json!({"type":"challenge","nonce":"00".repeat(32)}),
        );
        say(&mut stream, &silent);
    });
    refused_list(folder.path(), port, WITH_SECRET, "el central no usa clave");

    // With the client's proof for its own.
    let port = false_central(move |mut stream, line| {
        let said: Value = serde_json::from_str(&line).unwrap();
        say(
            &mut stream,
            &json!({"type":"challenge","nonce":said["nonce"]}),
        );
        let mut proof = String::new();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let _ = reader.read_line(&mut proof);
        let _ = stream.write_all(proof.as_bytes());
        say(&mut stream, &hello);
    });
    let says = "la clave no es la del central";
    refused_list(folder.path(), port, WITH_SECRET, says);
}

/// What `videocentral certificados` makes for servers at 127.0.0.1.
fn certificates(folder: &Path, names: &str) {
    let out = Command::new(CENTRAL)
        .args(["certificados", "tls", "--nodo", names])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
}

const SERVER_TLS: &[&str] = &[
    "--clave-archivo=tls/clave",
    "--tls-ca=tls/ca.pem",
    "--tls-cert=tls/127.0.0.1.pem",
    "--tls-clave=tls/127.0.0.1-clave.pem",
    "--registro=trace",
];
const CLIENT_TLS: &[&str] = &[
    "--clave-archivo=tls/clave",
    "--tls-ca=tls/ca.pem",
    "--tls-cert=tls/cliente.pem",
    "--tls-clave=tls/cliente-clave.pem",
    "--registro=trace",
];

#[test]
fn a_download_within_tls_survives_a_killed_secondary_and_shows_no_secret() {
    let mut cluster = Cluster::start_with(4_000_000, [SERVER_TLS, CLIENT_TLS], |folder| {
        prepare(folder);
        certificates(folder, "127.0.0.1");
        // One file to be copied as well.
        put(&folder.join("data/videos2/otra"), &noise(2, 3_000_000));
    });
    cluster.wait_for_level(2);
    // Nobody without TLS, and nobody with a certificate alone.
    for port in [cluster.central_port, cluster.ports[1]] {
        for first in [json!({"accion":"listado"}), json!({"type":"list"})] {
            let answer = exchange(port, &lines(&[first]));
            assert_told_nothing(&answer, "tls-required");
            assert!(answer.contains("tls-required"), "{answer}");
        }
    }
    // Whom the data plane talks to, and whom clients believe there.
    let (folder, port) = (cluster.folder.path(), cluster.ports[1]);
    expired(folder);
    let trusted = || pem(folder, "tls/ca.pem");
    let own = || {
        Some([
            pem(folder, "tls/cliente.pem"),
            pem(folder, "tls/cliente-clave.pem"),
        ])
    };
    let strange = || Some([pem(folder, "vieja.pem"), pem(folder, "vieja-clave.pem")]);
    let says_hello = within_tls(port, &trusted(), own());
    assert!(says_hello.contains("challenge"), "{says_hello}");
    for (authority, shown, code) in [
        (trusted(), None, "our-certificate"),
        (trusted(), strange(), "our-certificate"),
        (pem(folder, "vieja-ca.pem"), own(), "their-certificate"),
    ] {
        assert_eq!(within_tls(port, &authority, shown), code);
    }
    let certificate_alone = [&["--clave-archivo=otra"], &CLIENT_TLS[1..4]].concat();
    let says = "la clave no es la del central";
    let central_port = cluster.central_port;
    refused_list(
        cluster.folder.path(),
        central_port,
        &certificate_alone,
        says,
    );
    let mut client = cluster.client("ana");
    client.type_line(&format!("VIDEO {FILE}"));
    client.wait_for("empieza");
    cluster.secondaries[0].kill();
    client.wait_for("El secundario 1 ha caído");
    client.end_input();
    // The command lines, while all still run.
    let folder = cluster.folder.path().to_owned();
    let secret = fs::read_to_string(folder.join("tls/clave")).unwrap();
    let key = fs::read_to_string(folder.join("tls/127.0.0.1-clave.pem")).unwrap();
    let hidden = [secret.trim(), key.lines().nth(1).unwrap()];
    let running = [&client, &cluster.central, &cluster.secondaries[1]];
    for process in running {
        let line = fs::read(format!("/proc/{}/cmdline", process.child.id())).unwrap();
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(line.contains("clave-archivo"), "{line}");
        assert!(hidden.iter().all(|secret| !line.contains(secret)));
    }
    assert_eq!(client.exit_code(), 0, "{:#?}", client.printed().last());
    assert_downloaded(&cluster);
    cluster.restart_secondary(1);
    cluster.stop();
    let mut said = Vec::new();
    for process in cluster
        .secondaries
        .iter()
        .chain([&cluster.central, &client])
    {
        let printed = process.printed();
        let traced = printed.iter().any(|line| line.contains("TRACE"));
        assert!(traced, "nothing was logged");
        said.push(printed.join("\n"));
    }
    for entry in fs::read_dir(folder.join("stats")).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        said.push(String::from_utf8_lossy(&content).into_owned());
    }
    for text in &said {
        assert!(hidden.iter().all(|secret| !text.contains(secret)));
    }
    let books = &cluster.statistics("central.json")["totals"];
    let count = |key: &str| books[key].as_u64().unwrap();
    assert_eq!(count("bytes_received"), LENGTH as u64);
    assert_eq!(
        count("bytes_sent"),
        count("bytes_received") + count("bytes_wasted")
    );
}

fn pem(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

/// What a node at 127.0.0.1 answers to a hello within TLS, or the code of what is wrong with the TLS.
fn within_tls(port: u16, authority: &[u8], own: Option<[Vec<u8>; 2]>) -> String {
    let authority = Authority::from_pem(authority).unwrap();
    let own = own.map(|[shown, key]| Identity::from_pem(&shown, &key).unwrap());
    let tls = ClientTls::new(&authority, own.as_ref()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = async {
        let socket = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        let stream = tls
            .connect(socket.into(), "127.0.0.1", Traffic::Lines)
            .await?;
        let (mut reader, mut writer) = split(stream, DEADLINE);
        writer.send_encoded(&with_line_feed(&hello_line())).await?;
        reader.next_line().await.map_err(|error| match error {
            ReadError::Io(error) => error,
            other => std::io::Error::other(other.to_string()),
        })
    };
    match runtime.block_on(answer) {
        Ok(line) => String::from_utf8(line.unwrap().to_vec()).unwrap(),
        Err(error) => {
            let refusal = TlsRefusal::of(&error).unwrap_or_else(|| panic!("{error}"));
            refusal.code().to_owned()
        }
    }
}

/// A certificate for 127.0.0.1 that nobody has taken since last year, and its authority.
fn expired(folder: &Path) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let own = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let certificate = params.signed_by(&key, &issuer).unwrap();
    put_private(&folder.join("vieja-ca.pem"), &own.pem());
    put_private(&folder.join("vieja.pem"), &certificate.pem());
    put_private(&folder.join("vieja-clave.pem"), &key.serialize_pem());
}

#[test]
fn tls_refuses_who_cannot_show_what_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificates(folder, "127.0.0.1");
    certificates(folder, "10.9.9.9");
    fs::create_dir(folder.join("ajena")).unwrap();
    certificates(&folder.join("ajena"), "127.0.0.1");
    expired(folder);
    let central = |flags: &[&str]| {
        let mut args = vec!["-p0", "--ip=127.0.0.1"];
        args.extend_from_slice(flags);
        let central = Process::start(CENTRAL, folder, &args);
        let port = central.port();
        (central, port)
    };
    let good = &[
        "--tls-cert=tls/127.0.0.1.pem",
        "--tls-clave=tls/127.0.0.1-clave.pem",
    ];
    let wrong_name = &[
        "--tls-cert=tls/10.9.9.9.pem",
        "--tls-clave=tls/10.9.9.9-clave.pem",
    ];
    let old = &["--tls-cert=vieja.pem", "--tls-clave=vieja-clave.pem"];
    let trusting = ["--tls-ca=tls/ca.pem"];
    let of_client = [
        "--tls-cert=tls/cliente.pem",
        "--tls-clave=tls/cliente-clave.pem",
    ];
    let with_own = [&trusting[..], &of_client[..]].concat();
    let mutual = [&good[..], &trusting[..]].concat();
    let not_good = "el certificado del central no vale";

    let (tls, port) = central(good);
    refused_list(folder, port, &["--tls-ca=ajena/tls/ca.pem"], not_good);
    refused_list(folder, port, &[], "el central habla solo TLS");
    // What the original sends, too.
    let answer = exchange(port, b"{\"accion\":\"listado\"}\n");
    assert!(answer.contains("tls-required"), "{answer}");
    // Half of TLS, and nonsense that begins like it.
    for bytes in [
        &[0x16][..],
        &[0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5],
        &[0x16; 300],
    ] {
        let mut stream = connect(port);
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert!(!rest(stream).contains("hello"));
    }
    let_in(folder, port, &trusting);
    drop(tls);

    let (_named, port) = central(wrong_name);
    refused_list(folder, port, &trusting, not_good);
    let (_expired, port) = central(old);
    refused_list(folder, port, &["--tls-ca=vieja-ca.pem"], not_good);

    let (_mutual, port) = central(&mutual);
    let not_taken = "el central no acepta el certificado de este nodo";
    refused_list(folder, port, &trusting, not_taken);
    let foreign = [
        "--tls-ca=tls/ca.pem",
        "--tls-cert=ajena/tls/cliente.pem",
        "--tls-clave=ajena/tls/cliente-clave.pem",
    ];
    refused_list(folder, port, &foreign, not_taken);
    let_in(folder, port, &with_own);

    let (plain, port) = central(&[]);
    refused_list(folder, port, &trusting, "el central no habla TLS");
    plain.wait_for("el grupo está abierto");
}

#[test]
fn secrets_and_certificates_that_cannot_be_used_are_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    certificates(folder, "127.0.0.1");
    put_private(&folder.join("corta"), "quince bytes...\n");
    fs::write(folder.join("abierta"), SECRET).unwrap();
    fs::set_permissions(folder.join("abierta"), fs::Permissions::from_mode(0o640)).unwrap();
    let cert = "--tls-cert=tls/127.0.0.1.pem";
    for (flags, says) in [
        (vec!["--clave-archivo=corta"], "hacen falta al menos 16"),
        (vec!["--clave-archivo=abierta"], "chmod 600 abierta"),
        (vec!["--clave-archivo=no-hay"], "no-hay: no se puede leer"),
        (vec![cert], "--tls-cert y --tls-clave van juntos"),
        (vec!["--tls-ca=tls/ca.pem"], "el central necesita el suyo"),
        (
            vec![cert, "--tls-clave=tls/cliente-clave.pem"],
            "no van juntos",
        ),
        (
            vec![cert, "--tls-clave=tls/ca.pem"],
            "no es una clave privada",
        ),
        (
            vec!["--tls-cert=corta", "--tls-clave=tls/ca-clave.pem"],
            "no es un certificado",
        ),
        (
            vec!["certificados", "tls", "--nodo", "127.0.0.1"],
            "ya existe y no se toca",
        ),
        (
            vec!["certificados", "tls", "--nodo", "../x"],
            "no es un nombre de máquina",
        ),
    ] {
        let out = Command::new(CENTRAL)
            .args(&flags)
            .env_remove("TROZOS_CLAVE")
            .current_dir(folder)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{flags:?} {text}");
        assert!(text.contains(says), "{flags:?} {text}");
    }
    // An empty variable is a mistake, not an open cluster; and no help shows what it holds.
    let central = |secret: &str, flag: &str| {
        let mut command = Command::new(CENTRAL);
        command.arg(flag).env("TROZOS_CLAVE", secret);
        let out = command.current_dir(folder).output().unwrap();
        let text = [out.stdout, out.stderr].concat();
        (
            out.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    };
    assert_eq!(central("", "-p0").0, Some(1));
    let (code, help) = central(SECRET, "--help");
    assert_eq!(code, Some(0));
    assert!(
        help.contains("TROZOS_CLAVE") && !help.contains(SECRET),
        "{help}"
    );
}
