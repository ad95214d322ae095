//! A browser: it plays a film and goes to another place in it, reads the page, and does not let a hostile page do either.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use crate::{
    chromium::{Chromium, Page},
    players::film,
    scene::Scene,
    support::noise,
};

const FILM: &str = "/f/cine/peli%20uno.mp4";

/// Plays what is on a page until it has shown a picture of that second; how long that took.
fn plays_past(browser: &mut Chromium, page: &Page, second: f64) -> Duration {
    let began = Instant::now();
    let video = "document.querySelector('video')";
    browser.until(
        page,
        &format!(
            "{video} && !{video}.error && {video}.readyState >= 2 && {video}.currentTime > {second}"
        ),
    );
    began.elapsed()
}

#[test]
#[ignore = "needs chromium and ffmpeg"]
fn a_browser_plays_a_film_and_goes_to_another_place() {
    let scene = Scene::level(2, 0, &[("cine/peli uno.mp4", &film())]);
    let mut browser = Chromium::start();
    // From a secondary, and through the central, which sends on to one.
    for at in [scene.s[0], scene.c] {
        let page = browser.open(&format!("http://{at}{FILM}"));
        let video = "document.querySelector('video')";
        browser.value(&page, &format!("{video}.muted = true; {video}.play()"));
        plays_past(&mut browser, &page, 0.5);
        browser.value(&page, &format!("{video}.currentTime = 22"));
        plays_past(&mut browser, &page, 22.5);
        browser.value(&page, &format!("{video}.currentTime = 3"));
        plays_past(&mut browser, &page, 3.5);
        let played = browser.value(&page, &format!("{video}.duration"));
        assert!(played.as_f64().unwrap() > 29.0, "{played}");
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

#[test]
#[ignore = "needs chromium"]
fn the_page_shows_files_without_scripts_and_without_complaints() {
    let scene = Scene::level(2, 0, &[("cine/peli uno.mp4", &noise(1, 100_000))]);
    let mut browser = Chromium::start();
    let c = scene.c;
    let html = browser.open_without_scripts(&format!("http://{c}/?carpeta=cine/"));
    assert!(
        html.contains("peli uno.mp4") && html.contains("<table"),
        "{html}"
    );
    let page = browser.open(&format!("http://{c}/p/cine/peli%20uno.mp4"));
    let title = browser.value(&page, "document.querySelector('h1').textContent");
    assert!(title.as_str().unwrap().contains("peli uno"), "{title}");
    // More than a browser opens connections to one host.
    let pages: Vec<Page> = (0..7)
        .map(|_| browser.open(&format!("http://{c}/")))
        .collect();
    for page in &pages {
        browser.until(page, "document.querySelector('h1') != null");
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
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
    let mut browser = Chromium::start();
    let page = browser.open(&format!("http://{}/", hostile()));
    for at in [scene.c, scene.s[0]] {
        for path in ["/", "/metrics", "/f/a.js", "/healthz"] {
            let tried = format!(
                "fetch('http://{at}{path}').then(r => r.text()).then(() => 'read', () => 'refused')"
            );
            assert_eq!(browser.value(&page, &tried), "refused", "{at}{path}");
            // Without asking to read: it learns nothing of the answer.
            let tried = format!(
                "fetch('http://{at}{path}', {{mode: 'no-cors'}}).then(r => r.text()).then(t => t.length, () => 0)"
            );
            assert_eq!(browser.value(&page, &tried), 0, "{at}{path}");
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
            assert_eq!(
                browser.value(&page, &tried),
                "refused",
                "{at} {method} {kind}"
            );
        }
        // As a script, a picture, a frame.
        let script = format!(
            "new Promise(done => {{ const s = document.createElement('script'); s.src = 'http://{at}/f/a.js'; s.onload = \
             () => done('ran'); s.onerror = () => done('refused'); document.body.append(s); }})"
        );
        assert_eq!(browser.value(&page, &script), "refused", "{at}");
        assert_eq!(browser.value(&page, "window.leido === undefined"), true);
        let frame = format!(
            "new Promise(done => {{ const f = document.createElement('iframe'); f.src = 'http://{at}/'; f.onload = () => \
             {{ try {{ done(f.contentDocument === null ? 'closed' : 'open'); }} catch {{ done('closed'); }} }}; \
             document.body.append(f); }})"
        );
        assert_eq!(browser.value(&page, &frame), "closed", "{at}");
    }
    // A name that leads here is another's all the same.
    let by_name = scene.run(&format!(
        "curl -s -o /dev/null -w '%{{http_code}}' --resolve evil.example:{0}:{1} http://evil.example:{0}/metrics",
        scene.c.port(),
        scene.c.ip()
    ));
    assert_eq!(by_name, "421");
}
