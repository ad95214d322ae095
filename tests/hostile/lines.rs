//! What nobody should send, on every port; and the original's client, which is welcome.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{noise, process::Cluster, put};

const ID: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// Sends bytes and gives all that comes until the other side closes.
fn exchange(port: u16, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(port);
    // The other side may close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let mut piece = [0; 65536];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return answer,
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return answer,
            Err(error) => panic!("neither an answer nor a close: {error}"),
        }
    }
}

fn cluster() -> Cluster {
    let bytes = noise(3, 10_000_000);
    let cluster = Cluster::start(1_000_000_000, |folder| {
        for n in 1..=3 {
            put(&folder.join(format!("data/videos{n}/a b.bin")), &bytes);
            put(&folder.join(format!("data/videos{n}/dos")), b"12");
        }
        put(&folder.join("secret"), b"nobody's business");
    });
    cluster.central.wait_for("Sincronizado");
    cluster
}

/// A download still works, to the byte.
fn still_serves(cluster: &Cluster, who: &str) {
    let mut client = cluster.client(who);
    client.type_line("VIDEO a b.bin");
    client.end_input();
    assert_eq!(client.exit_code(), 0, "{:#?}", client.printed());
    let path = cluster.folder.path().join("data/descargas/a b.bin");
    assert_eq!(std::fs::read(&path).unwrap(), noise(3, 10_000_000));
    std::fs::remove_file(path).unwrap();
}

fn resident_bytes(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let digits: String = line.chars().filter(char::is_ascii_digit).collect();
    digits.parse::<u64>().unwrap() * 1024
}

fn lines(messages: &[Value]) -> Vec<u8> {
    let text: Vec<String> = messages.iter().map(Value::to_string).collect();
    format!("{}\n", text.join("\n")).into_bytes()
}

#[test]
fn nonsense_is_answered_with_an_error_or_a_close_and_serving_goes_on() {
    let cluster = cluster();
    let client = json!({"type":"hello","protocol":1,"role":"client","name":"x"});
    let open = |name: &str| json!({"type":"open","transfer":"1-0000000000000001","id":ID,"name":name,"manifest":true});
    let to_any: Vec<Vec<u8>> = vec![
        noise(1, 100_000),
        b"\n\n\n{}\n".to_vec(),
        b"{\"type\":\"format-disk\"}\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"get / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        lines(&[json!({"type":"hello","protocol":2,"role":"client"})]),
        lines(&[json!({"type":"hello","protocol":-1,"role":"client"})]),
        lines(&[json!({"type":"hello","protocol":1,"role":"king"})]),
        lines(&[
            json!({"type":"hello","protocol":1,"role":"secondary","number":0,"incarnation":1}),
        ]),
        lines(&[client.clone(), client.clone()]),
        lines(&[client.clone(), json!({"type":"get","chunk":-1})]),
        lines(&[client.clone(), json!({"type":"get","chunk":1e300})]),
        "[".repeat(60_000).into_bytes(),
        "{\"a\":"
            .repeat(10_000)
            .into_bytes()
            .into_iter()
            .chain(*b"\n")
            .collect(),
    ];
    let to_central: Vec<Vec<u8>> = vec![
        lines(&[
            client.clone(),
            json!({"type":"download","request":1,"name":"../secret"}),
        ]),
        lines(&[
            client.clone(),
            json!({"type":"download","request":-1,"name":"a b.bin"}),
        ]),
        lines(&[
            client.clone(),
            json!({"type":"inventory","files":[],"last":true}),
        ]),
        lines(&[
            json!({"type":"hello","protocol":1,"role":"secondary","number":9,"incarnation":1}),
        ]),
    ];
    let to_secondary: Vec<Vec<u8>> = vec![
        lines(&[client.clone(), open("../secret")]),
        lines(&[client.clone(), open("/etc/passwd")]),
        lines(&[client.clone(), open("a b.bin")]),
        lines(&[client.clone(), json!({"type":"get","chunk":0})]),
        lines(&[client.clone(), json!({"type":"close"})]),
    ];
    let ports = [cluster.central_port, cluster.ports[0]];
    for (port, messages) in [(ports[0], &to_central), (ports[1], &to_secondary)] {
        for message in to_any.iter().chain(messages) {
            let answer = exchange(port, message);
            let text = String::from_utf8_lossy(&answer);
            assert!(!text.contains("nobody's business") && !text.contains("root:"));
            if text.starts_with("HTTP/") {
                // A name that this cluster does not have.
                assert!(
                    message.starts_with(b"GET ") && text.starts_with("HTTP/1.1 421 "),
                    "{text}"
                );
                continue;
            }
            if let Some(last) = text.lines().last() {
                let last: Value = serde_json::from_str(last).unwrap();
                assert_eq!(last["type"], "error", "{text}");
            }
        }
    }
    still_serves(&cluster, "ana");
}

#[test]
fn a_chunk_that_the_file_lacks_fails_and_the_rest_goes_on() {
    let cluster = cluster();
    let mut control = connect(cluster.central_port);
    let hello = json!({"type":"hello","protocol":1,"role":"client","name":"x"});
    control
        .write_all(&lines(&[hello.clone(), json!({"type":"list"})]))
        .unwrap();
    let mut text = String::new();
    while !text.contains("\"listing\"") || !text.ends_with('\n') {
        let mut piece = [0; 4096];
        let count = control.read(&mut piece).unwrap();
        text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
    let listing = text
        .lines()
        .find(|line| line.contains("\"listing\""))
        .unwrap();
    let listing: Value = serde_json::from_str(listing).unwrap();
    let file = listing["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["name"] == "dos");
    let id = &file.unwrap()["id"];
    let open = json!({"type":"open","transfer":"1-000000000000004d","id":id,"name":"dos","manifest":false});
    let get = |chunk: u32| json!({"type":"get","chunk":chunk});
    let mut data = connect(cluster.ports[0]);
    let messages = [hello, open, get(1), get(u32::MAX), get(0)];
    data.write_all(&lines(&messages)).unwrap();
    let mut text = String::new();
    let mut closing = false;
    while !text.contains("\"closed\"") {
        let mut piece = [0; 4096];
        let count = data.read(&mut piece).unwrap();
        assert!(count > 0, "{text}");
        text.push_str(std::str::from_utf8(&piece[..count]).unwrap());
        if text.ends_with("\n12") && !std::mem::replace(&mut closing, true) {
            data.write_all(&lines(&[json!({"type":"close"})])).unwrap();
        }
    }
    assert_eq!(text.matches("\"failed\"").count(), 2, "{text}");
    assert!(text.contains("\"length\":2}\n12"), "{text}");
}

#[test]
fn endless_lines_and_a_thousand_idle_connections_cost_little() {
    let cluster = cluster();
    let processes = [
        cluster.central.child.id(),
        cluster.secondaries[0].child.id(),
    ];
    let before = processes.map(resident_bytes);
    // Two thousand sockets of our own; this raises the process's limit as far as it goes.
    assert!(
        trozos::net::connection_permits() > 1000,
        "ulimit -n is too low"
    );
    let mut idle = Vec::new();
    for port in [cluster.central_port, cluster.ports[0]] {
        exchange(port, &vec![b'x'; 100 << 20]);
        for n in 0..1000 {
            let mut stream = connect(port);
            if n % 2 == 0 {
                // Half a message, and nothing more.
                stream.write_all(b"{\"type\":\"hel").unwrap();
            }
            idle.push(stream);
        }
    }
    still_serves(&cluster, "ana");
    for (process, before) in processes.into_iter().zip(before) {
        let grown = resident_bytes(process).saturating_sub(before);
        assert!(grown < 100 << 20, "{grown} bytes more");
    }
    drop(idle);
    still_serves(&cluster, "bea");
}

/// One request of the original's client to the central: the reply is read until the connection closes.
fn original(port: u16, request: &Value) -> Value {
    let answer = exchange(port, format!("{request}\n").as_bytes());
    serde_json::from_slice(&answer).unwrap_or(Value::Null)
}

#[test]
fn the_originals_client_lists_and_downloads_byte_for_byte() {
    let mut cluster = cluster();
    let port = cluster.central_port;
    let names = original(port, &json!({"accion":"listado"}));
    assert_eq!(names, json!(["a b.bin", "dos"]));
    for (name, expected) in [("a b.bin", noise(3, 10_000_000)), ("dos", b"12".to_vec())] {
        let found = original(port, &json!({"accion":"descarga","video":name}));
        assert_eq!(found["resultado"], "hallado");
        let servers = found["servidores"].as_array().unwrap();
        assert_eq!(servers.len(), 3);
        let mut whole = Vec::new();
        for (part, server) in servers.iter().enumerate() {
            assert_eq!(server["ip"], "127.0.0.1");
            let from = u16::try_from(server["puerto"].as_u64().unwrap()).unwrap();
            let ask = json!({"accion":"descarga","nombre":"ana","parte":part,"video":name});
            let answer = exchange(from, format!("{ask}\n").as_bytes());
            let (head, body) = answer.split_at(4);
            let length = i32::from_be_bytes(head.try_into().unwrap());
            assert_eq!(length as usize, body.len());
            whole.extend_from_slice(body);
        }
        assert_eq!(whole, expected);
    }
    for name in ["no such", "../secret", "/etc/passwd", ""] {
        let found = original(port, &json!({"accion":"descarga","video":name}));
        assert_eq!(found["resultado"], "no hallado", "{name}");
        assert_eq!(found["servidores"], json!([]));
    }
    for (part, name) in [
        (3, "dos"),
        (-1, "dos"),
        (0, "../secret"),
        (0, "/etc/passwd"),
    ] {
        let ask = json!({"accion":"descarga","nombre":"ana","parte":part,"video":name});
        let answer = exchange(cluster.ports[0], format!("{ask}\n").as_bytes());
        assert!(answer.is_empty(), "{part} of {name}");
    }
    // Claims change nothing that is not true.
    let fallen = json!({"accion":"caido","ip":"127.0.0.1","puerto":cluster.ports[0]});
    original(port, &fallen);
    original(
        port,
        &json!({"accion":"completado","nombre":"eva","video":"dos"}),
    );
    original(
        port,
        &json!({"accion":"completado","nombre":"ana","video":"a b.bin"}),
    );
    let found = original(port, &json!({"accion":"descarga","video":"dos"}));
    assert_eq!(found["servidores"].as_array().unwrap().len(), 3);
    cluster.stop();
    let books = cluster.statistics("central.json");
    assert_eq!(books["files"]["a b.bin"]["downloads"], 1, "{books}");
    assert_eq!(books["clients"]["eva"], Value::Null);
    assert_eq!(books["totals"]["bytes_sent"], 10_000_002, "{books}");
}
