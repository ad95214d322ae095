//! A browser: it plays a film and goes to another place in it, reads the page, and does not let a hostile page do either.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use trozos_browser::{Chromium, Page};

use crate::{film::film, scene::Scene, support::noise};

const FILM: &str = "/f/cine/peli%20uno.mp4";

/// Plays what is on a page until it has shown a picture of that second; how long that took.
fn plays_past(page: &Page, second: f64) -> Duration {
    let began = Instant::now();
    let video = "document.querySelector('video')";
    page.until(&format!(
        "{video} && !{video}.error && {video}.readyState >= 2 && {video}.currentTime > {second}"
    ));
    began.elapsed()
}

/// The browser has found nothing wrong with what it was shown.
fn assert_no_complaints(browser: &Chromium) {
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
#[ignore = "needs chromium and ffmpeg"]
fn a_browser_plays_a_film_and_goes_to_another_place() {
    let scene = Scene::level(2, 0, &[("cine/peli uno.mp4", &film())]);
    let browser = Chromium::start();
    // From a secondary, and through the central, which sends on to one.
    for at in [scene.s[0], scene.c] {
        let page = browser.open(&format!("http://{at}{FILM}"));
        let video = "document.querySelector('video')";
        page.value(&format!("{video}.muted = true; {video}.play()"));
        plays_past(&page, 0.5);
        page.value(&format!("{video}.currentTime = 22"));
        plays_past(&page, 22.5);
        page.value(&format!("{video}.currentTime = 3"));
        plays_past(&page, 3.5);
        let played = page.value(&format!("{video}.duration"));
        assert!(played.as_f64().unwrap() > 29.0, "{played}");
    }
    assert_no_complaints(&browser);
}

#[test]
#[ignore = "needs chromium and ffmpeg"]
fn the_page_of_a_film_plays_it_through_the_central_and_survives_a_dead_secondary() {
    let scene = Scene::level(
        3,
        0,
        &[
            ("cine/peli uno.mp4", &film()),
            (
                "cine/peli uno.es.srt",
                b"1\n00:00:01,000 --> 00:00:25,000\nHola\n",
            ),
        ],
    );
    let browser = Chromium::start();
    let c = scene.c;
    let page = browser.open(&format!("http://{c}/p/cine/peli%20uno.mp4"));
    let video = "document.querySelector('video')";
    let source = page.value(&format!("{video}.currentSrc"));
    assert!(source.as_str().unwrap().contains("/ver/"), "{source}");
    page.value(&format!("{video}.muted = true; {video}.play()"));
    plays_past(&page, 0.5);
    page.value(&format!("{video}.currentTime = 20"));
    let took = plays_past(&page, 20.2);
    // As long as what was to be played took, and a moment.
    assert!(took < Duration::from_secs(5), "{took:?}");
    page.until(&format!(
        "{video}.textTracks[0].mode = 'showing', {video}.textTracks[0].cues?.length === 1"
    ));
    scene.secondaries[1].signal(rustix::process::Signal::KILL);
    page.value(&format!("{video}.currentTime = 4"));
    plays_past(&page, 5.0);
    // Who comes again is where it was.
    page.until("localStorage.length > 0");
    // The film that was played came from the secondaries once, whoever sought what.
    let metric = |row: &str| scene.figure(c, row);
    assert!(metric("trozos_stream_seeks_total") >= 2.0);
    assert_eq!(
        metric("trozos_stream_first_byte_seconds_bucket{le=\"10\"}"),
        metric("trozos_stream_first_byte_seconds_count")
    );
    assert_no_complaints(&browser);
}

#[test]
#[ignore = "needs chromium"]
fn the_page_follows_what_happens() {
    let scene = Scene::level(2, 0, &[("foto.png", &noise(1, 100_000))]);
    let browser = Chromium::start();
    let page = browser.open(&format!("http://{}/?idioma=en", scene.c));
    let row = "document.querySelector('#secundarios tr[data-key=\"2\"]')";
    page.until(&format!("{row} != null"));
    page.value("document.body.dataset.tried = 'same'");
    scene.secondaries[1].signal(rustix::process::Signal::KILL);
    scene.central.wait_for("El secundario 2");
    page.until(&format!(
        "{row}.querySelector('[data-f=state]').dataset.state !== 'up'"
    ));
    // Those who cannot see it are told.
    page.until("document.querySelector('[aria-live]').textContent !== ''");
    // Without being loaded again.
    assert_eq!(page.value("document.body.dataset.tried"), "same");
    assert_no_complaints(&browser);
}

#[test]
#[ignore = "needs chromium"]
fn the_page_shows_files_without_scripts_and_without_complaints() {
    let scene = Scene::level(2, 0, &[("cine/peli uno.mp4", &noise(1, 100_000))]);
    let browser = Chromium::start();
    let c = scene.c;
    let html = browser.open_without_scripts(&format!("http://{c}/?carpeta=cine/"));
    assert!(
        html.contains("peli uno.mp4") && html.contains("<table"),
        "{html}"
    );
    let page = browser.open(&format!("http://{c}/p/cine/peli%20uno.mp4"));
    let title = page.value("document.querySelector('h1').textContent");
    assert!(title.as_str().unwrap().contains("peli uno"), "{title}");
    // More than a browser opens connections to one host.
    let pages: Vec<Page> = (0..7)
        .map(|_| browser.open(&format!("http://{c}/")))
        .collect();
    for page in &pages {
        page.until("document.querySelector('h1') != null");
    }
    assert_no_complaints(&browser);
}

/// A web server with one empty page, of another origin.
fn hostile() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while matches!(reader.read_line(&mut line), Ok(3..)) {
                line.clear();
            }
            let page = "<!doctype html><title>x</title><body>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
        }
    });
    address
}

#[test]
#[ignore = "needs chromium"]
fn a_page_of_another_origin_can_neither_read_nor_write() {
    let scene = Scene::level(
        1,
        0,
        &[
            ("foto.png", &noise(2, 1000)),
            ("a.js", b"window.leido = true"),
        ],
    );
    let browser = Chromium::start();
    let page = browser.open(&format!("http://{}/", hostile()));
    for at in [scene.c, scene.s[0]] {
        for path in ["/", "/metrics", "/f/a.js", "/healthz"] {
            let tried = format!(
                "fetch('http://{at}{path}').then(r => r.text()).then(() => 'read', () => 'refused')"
            );
            assert_eq!(page.value(&tried), "refused", "{at}{path}");
            // Without asking to read: it learns nothing of the answer.
            let tried = format!(
                "fetch('http://{at}{path}', {{mode: 'no-cors'}}).then(r => r.text()).then(t => t.length, () => 0)"
            );
            assert_eq!(page.value(&tried), 0, "{at}{path}");
        }
        for (method, kind) in [
            ("POST", "application/json"),
            ("DELETE", "text/plain"),
            ("POST", "text/plain"),
        ] {
            let tried = format!(
                "fetch('http://{at}/api/v1/rescan', {{method: '{method}', body: '{{}}', headers: {{'Content-Type': \
                 '{kind}'}}}}).then(() => 'answered', () => 'refused')"
            );
            assert_eq!(page.value(&tried), "refused", "{at} {method} {kind}");
        }
        // As a script, a picture, a frame.
        let script = format!(
            "new Promise(done => {{ const s = document.createElement('script'); s.src = 'http://{at}/f/a.js'; s.onload = \
             () => done('ran'); s.onerror = () => done('refused'); document.body.append(s); }})"
        );
        assert_eq!(page.value(&script), "refused", "{at}");
        assert_eq!(page.value("window.leido === undefined"), true);
        // As a film, and by what browsers let pages of other sites send without asking.
        let film = format!(
            "new Promise(done => {{ const v = document.createElement('video'); v.src = 'http://{at}/f/foto.png'; v.onerror = \
             () => done('refused'); v.onloadedmetadata = () => done('played'); }})"
        );
        assert_eq!(page.value(&film), "refused", "{at}");
        let picture = format!(
            "new Promise(done => {{ const i = new Image(); i.src = 'http://{at}/f/foto.png'; i.onerror = () => \
             done('refused'); i.onload = () => done('shown'); }})"
        );
        assert_eq!(page.value(&picture), "refused", "{at}");
        let events = format!(
            "new Promise(done => {{ const e = new EventSource('http://{at}/api/v1/events'); e.onerror = () => {{ e.close(); \
             done('refused'); }}; e.onmessage = () => done('heard'); e.onopen = () => done('open'); }})"
        );
        assert_eq!(page.value(&events), "refused", "{at}");
        let form = format!(
            "new Promise(done => {{ const f = document.createElement('form'); f.method = 'post'; f.enctype = 'text/plain'; \
             f.action = 'http://{at}/api/v1/rescan'; const i = document.createElement('iframe'); i.name = 'x'; f.target = \
             'x'; i.onload = () => done('sent'); document.body.append(i, f); f.submit(); }})"
        );
        assert_eq!(page.value(&form), "sent", "{at}");
        let frame = format!(
            "new Promise(done => {{ const f = document.createElement('iframe'); f.src = 'http://{at}/'; f.onload = () => \
             {{ try {{ done(f.contentDocument === null ? 'closed' : 'open'); }} catch {{ done('closed'); }} }}; \
             document.body.append(f); }})"
        );
        assert_eq!(page.value(&frame), "closed", "{at}");
    }
    // What forms sent changed nothing.
    for at in [scene.c, scene.s[0]] {
        let text = scene.get(&format!("http://{at}/metrics"));
        let done = text.lines().filter(|line| {
            line.starts_with("trozos_http_requests_total{endpoint=\"api\",method=\"POST\"")
        });
        for row in done {
            let is_refusal = ["403", "404", "405", "415"]
                .iter()
                .any(|code| row.contains(code));
            assert!(is_refusal, "{row}");
        }
    }
    // A name that leads here is another's all the same.
    let by_name = scene.run(&format!(
        "curl -s -o /dev/null -w '%{{http_code}}' --resolve evil.example:{0}:{1} http://evil.example:{0}/metrics",
        scene.c.port(),
        scene.c.ip()
    ));
    assert_eq!(by_name, "421");
}
