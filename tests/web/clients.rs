//! Those who download: ranges, going on, names, a Metalink while servers die and lie.

use std::process::Command;

use rustix::process::Signal;

use crate::{
    scene::{Scene, until},
    support::{
        liar::{Announced, Liar, Lie},
        noise, put,
    },
};

const MIB: usize = 1 << 20;

#[test]
#[ignore = "needs curl and wget"]
fn ranges_and_what_goes_on() {
    let bytes = noise(1, 12 * MIB + 77);
    let scene = Scene::level(3, 0, &[("peli.mp4", &bytes)]);
    put(&scene.others().join("orig"), &bytes);
    let (c, s) = (scene.c, scene.s[0]);
    let head = |flags: &str| {
        let line = format!(
            "curl -s -D- -o cuerpo {flags} http://{s}/f/peli.mp4; stat -c 'bytes %s' cuerpo"
        );
        scene.run(&line).replace('\r', "")
    };
    for (flags, expected) in [
        ("-r 0-1", &["206", "Content-Length: 2\n", "bytes 2\n"][..]),
        ("-r -5", &["206", "Content-Length: 5\n"]),
        ("-r 5-999999999999", &["206", "-12582988/12582989\n"]),
        ("-H 'Range: items=0-1'", &["200", "bytes 12582989\n"]),
        ("-r 0-1,5-6", &["200", "bytes 12582989\n"]),
        (
            "-r 999999999999-",
            &["416", "Content-Range: bytes */12582989\n", "bytes 0\n"],
        ),
        ("-r 0-1 -H 'If-Range: \"x\"'", &["200", "bytes 12582989\n"]),
        ("-H 'If-Match: \"x\"'", &["412", "bytes 0\n"]),
    ] {
        let answer = head(flags).to_lowercase();
        for part in expected {
            assert!(
                answer.contains(&part.to_lowercase()),
                "{flags}: {part}: {answer}"
            );
        }
        scene.run("rm -f cuerpo");
    }
    let tags = scene
        .s
        .iter()
        .map(|s| scene.run(&format!("curl -sI http://{s}/f/peli.mp4 | grep -i ^etag")));
    let tags: std::collections::BTreeSet<String> = tags.collect();
    assert_eq!(tags.len(), 1, "{tags:?}");
    for line in [
        format!("curl -sfL -o a -r 0-9999999 http://{c}/f/peli.mp4"),
        format!("curl -sfL -C - -o a http://{c}/f/peli.mp4; cmp a orig"),
        // There is nothing to add.
        format!("curl -sL -C - -o a http://{c}/f/peli.mp4 || true; cmp a orig"),
        format!("head -c 5000001 orig > b; wget -q -c -O b http://{c}/f/peli.mp4; cmp b orig"),
        format!("cp orig peli.mp4; curl -sf http://{c}/sha256/peli.mp4.sha256 | sha256sum -c"),
        // One that pauses for longer than a client of lines may.
        format!("curl -sN http://{s}/f/peli.mp4 | (head -c 1M; sleep 35; cat) | cmp - orig"),
    ] {
        scene.run(&line);
    }
}

#[test]
#[ignore = "needs curl, wget and aria2"]
fn names_of_all_kinds_come_with_their_bytes() {
    let names = [
        "con espacio.mkv",
        "a&b.mkv",
        "ñandú \"uno\" #1 100%.mkv",
        "serie/temporada 1/capítulo+1?.mkv",
        // The same letters, each accent by itself.
        "serie/nin\u{303}o.mkv",
        "serie/ni\u{f1}o.mkv",
    ];
    let contents: Vec<Vec<u8>> = (0..names.len())
        .map(|n| noise(n as u64, 70_000 + n))
        .collect();
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .zip(&contents)
        .map(|(name, bytes)| (*name, bytes.as_slice()))
        .collect();
    let scene = Scene::level(1, 0, &files);
    let (c, s) = (scene.c, scene.s[0]);
    for (n, (name, bytes)) in files.iter().enumerate() {
        put(&scene.others().join("orig"), bytes);
        let path: String = name
            .bytes()
            .map(|byte| match byte {
                b'/' => "/".to_owned(),
                _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect();
        let last = name.rsplit('/').next().unwrap();
        let by = |program: &str| scene.others().join(format!("{program}{n}"));
        for (program, line) in [
            ("curl", format!("curl -sfLOJ 'http://{c}/f/{path}'")),
            (
                "wget",
                format!("wget -q --content-disposition 'http://{s}/f/{path}'"),
            ),
            (
                "aria2",
                format!("aria2c -q --no-conf 'http://{c}/f/{path}'"),
            ),
            (
                "meta4",
                format!("aria2c -q --no-conf 'http://{c}/meta4/{path}.meta4'"),
            ),
        ] {
            let folder = by(program);
            std::fs::create_dir(&folder).unwrap();
            let ran = Command::new("bash")
                .args(["-ec", &line])
                .current_dir(&folder)
                .output()
                .unwrap();
            assert!(ran.status.success(), "{program} {name}: {ran:?}");
            // Whatever it is called, the bytes are there.
            let got = scene.run(&format!(
                "find {program}{n} -type f ! -name '*.meta4' -exec cmp {{}} orig \\; -print"
            ));
            assert_eq!(got.lines().count(), 1, "{program} {name}: {got}");
            let got = got.trim_end();
            match program {
                // It takes & for a beginning that it does not know.
                "meta4" if name.contains('&') => {}
                "meta4" => assert_eq!(got, format!("{program}{n}/{name}")),
                // curl knows no names beyond ASCII, and takes its own from the address where there is a redirection.
                "curl" => {}
                // It writes some characters in a way that every file system takes.
                "wget" | "aria2" if name.contains(['"', '?', '%']) => {}
                _ => assert_eq!(got, format!("{program}{n}/{last}")),
            }
        }
    }
}

/// The third of three is a liar, the second is killed: aria2 notices both, and has the right bytes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs aria2"]
async fn aria2_survives_a_dead_server_and_a_liar() {
    let bytes = noise(3, 96 * MIB);
    let announced = Announced::of("peli.mp4", &bytes);
    let scene = Scene::start((2, 3), 24_000_000, &[("peli.mp4", &bytes)]);
    let liar = Liar::start(scene.c, vec![announced], Lie::WrongBytes).await;
    let blocking = tokio::task::spawn_blocking(move || {
        scene.wait_until_level();
        put(&scene.others().join("orig"), &bytes);
        let c = scene.c;
        let link = scene.get(&format!("http://{c}/meta4/peli.mp4.meta4"));
        let of = |host: &str| {
            link.matches(&format!("<url priority=\"1\">http://{host}:"))
                .count()
        };
        let hosts = ["127.0.0.11", "127.0.0.12", "127.0.0.1"];
        assert_eq!(hosts.map(of), [1, 1, 1], "{}", &link[link.len() - 1000..]);
        let mut aria2 = Command::new("aria2c")
            .args(["--no-conf", "-l", "log", "--log-level=info", "-d", "d"])
            .arg(format!("http://{c}/meta4/peli.mp4.meta4"))
            .current_dir(scene.others())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let sent = "trozos_sent_bytes_total{via=\"http\"}";
        until("bytes of the second", || {
            (scene.figure(scene.s[1], sent) > 4e6).then_some(())
        });
        scene.secondaries[1].signal(Signal::KILL);
        let ended = aria2.wait().unwrap();
        let log = std::fs::read_to_string(scene.others().join("log")).unwrap();
        let tail: Vec<&str> = log.lines().rev().take(20).collect();
        assert!(ended.success(), "{ended}: {tail:?}");
        scene.run("cmp d/peli.mp4 orig");
        assert!(scene.figure(scene.s[0], sent) > 4e6);
        let noticed = log
            .lines()
            .filter(|line| line.contains("Invalid checksum") || line.contains("hash"));
        assert!(noticed.count() > 0, "nobody noticed the liar");
    });
    blocking.await.unwrap();
    assert!(liar.asked_by_http() > 0, "the liar was not asked");
}
