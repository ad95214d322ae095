//! What must not be found in any log, however much is logged: passwords, signatures of links, addresses of players.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Stdio,
};

use crate::{
    scene::{Scene, until},
    support::{
        noise,
        process::{CLIENT, hearing, plain},
        put,
    },
};

const SECRET: &str = "la clave de las pruebas, larga";
/// All that programs and their libraries have to say.
const ALL: &str = "--registro=trace,hyper=trace,hyper_util=trace,h2=trace,axum=trace,rustls=trace";

fn put_private(path: &Path, content: &str) {
    put(path, content.as_bytes());
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// What stands behind each `?t=` of a text: signatures.
fn signatures(text: &str) -> Vec<String> {
    let found = text.split("?t=").skip(1);
    let found = found.map(|rest| rest.split(['"', '<', '&', '\n', '\r', '\'', ' ']).next());
    found.flatten().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs curl"]
fn no_log_has_a_password_a_signature_or_the_address_of_a_player() {
    let bytes = noise(3, 3 << 20);
    let folder = tempfile::tempdir().unwrap();
    put_private(&folder.path().join("clave"), SECRET);
    let flags = |log: &str| {
        let log = format!("--registro-archivo={log}.log");
        vec![
            "--clave-archivo=clave".into(),
            "--http=si".into(),
            log,
            ALL.into(),
        ]
    };
    let (of_central, of_others) = (flags("central"), flags("secundarioNUMERO"));
    let files = [("peli.mp4", bytes.as_slice())];
    let scene = Scene::start_in(folder, (2, 2), [&of_central, &of_others], &files);
    until("a level cluster", || {
        let line = format!("curl -s -u 'x:{SECRET}' http://{}/metrics", scene.c);
        let figures = scene.run(&line);
        figures.contains("\ntrozos_ready 1").then_some(())
    });
    let (c, s) = (scene.c, scene.s[0]);
    let basic = format!("-u 'x:{SECRET}'");
    let mut secrets = vec![SECRET.to_owned()];
    for path in [
        "/p/peli.mp4",
        "/m3u/peli.mp4.m3u",
        "/meta4/peli.mp4.meta4",
        "/f/peli.mp4",
    ] {
        let said = scene.run(&format!("curl -s -D- {basic} http://{c}{path}"));
        let found = signatures(&said);
        assert!(!found.is_empty(), "{path}: {said}");
        secrets.extend(found);
    }
    scene.run(&format!("curl -sfL {basic} -o a http://{c}/f/peli.mp4"));
    scene.run(&format!("curl -sf {basic} http://{s}/metrics"));
    // By the links alone; and one that is not right.
    let list = scene.run(&format!("curl -s {basic} http://{c}/m3u/peli.mp4.m3u"));
    let link = list.lines().last().unwrap();
    scene.run(&format!("curl -sf -o b '{link}'"));
    scene.run(&format!("curl -sf --http2-prior-knowledge -o b '{link}'"));
    scene.run(&format!(
        "curl -s '{link}x'; curl -s -u 'x:adivinado' http://{c}/"
    ));
    secrets.push("adivinado".to_owned());
    // A client that watches.
    let mut watching = hearing(CLIENT);
    let log = "--registro-archivo=cliente.log";
    watching
        .args([
            "ver",
            "peli.mp4",
            "--ip-central=127.0.0.10",
            "--clave-archivo=../clave",
            log,
            ALL,
        ])
        .arg(format!("--puerto-central={}", c.port()))
        .current_dir(scene.others())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = plain(&mut watching).spawn().unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut url)
        .unwrap();
    let url = url.trim();
    scene.run(&format!(
        "curl -sf -r 5-99 -o c '{url}'; curl -s -o d '{url}/x' '{url}?x'"
    ));
    let token = url.split('/').nth(3).unwrap();
    assert_eq!(token.len(), 32, "{url}");
    secrets.push(token.to_owned());
    let _ = child.kill();
    let _ = child.wait();
    use base64::{Engine, engine::general_purpose::STANDARD};
    secrets.push(STANDARD.encode(format!("x:{SECRET}")));
    let logs: Vec<_> = ["central", "secundario1", "secundario2"]
        .map(|name| scene.path(&format!("{name}.log")))
        .into_iter()
        .chain([scene.others().join("cliente.log")])
        .collect();
    for log in logs {
        let text = until("its log", || fs::read_to_string(&log).ok());
        // It is a log of everything.
        assert!(text.contains("TRACE"), "{}", log.display());
        for secret in &secrets {
            // Of a signature the time alone is no secret.
            let secret = secret.rsplit('.').next().unwrap();
            assert!(!secret.is_empty());
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{}: {line:?}", log.display());
        }
    }
    let printed = scene.central.printed().join("\n");
    assert!(
        secrets
            .iter()
            .all(|secret| !printed.contains(secret.as_str()))
    );
}
