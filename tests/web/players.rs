//! Players, in front of servers and of gateways.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    film::film,
    scene::{Scene, until},
    support::{
        process::{CLIENT, hearing, plain},
        put,
    },
};

/// Ten minutes of it, one after the other.
fn long_film() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("film.mp4"), film()).unwrap();
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-stream_loop",
            "19",
            "-i",
            "film.mp4",
            "-c",
            "copy",
        ])
        .arg("long.mp4")
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    fs::read(folder.path().join("long.mp4")).unwrap()
}

fn mpv(folder: &Path, url: &str) -> String {
    let played = Command::new("timeout")
        .args([
            "60",
            "mpv",
            "--no-config",
            "--vo=null",
            "--ao=null",
            "--start=60%",
            "--length=5",
        ])
        .args(["--msg-level=all=v", url])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&played.stdout).into_owned();
    assert!(played.status.success(), "{url}: {said}");
    said
}

#[test]
#[ignore = "needs mpv and ffmpeg"]
fn mpv_plays_from_the_middle() {
    let scene = Scene::level(2, 0, &[("cine/peli uno.mp4", &film())]);
    for url in [
        format!("http://{}/f/cine/peli%20uno.mp4", scene.c),
        format!("http://{}/f/cine/peli%20uno.mp4", scene.s[0]),
        format!("http://{}/m3u/cine/peli%20uno.mp4.m3u", scene.c),
    ] {
        let said = mpv(&scene.others(), &url);
        assert!(said.contains("first video frame"), "{url}: {said}");
    }
    let aborted = "trozos_http_requests_total{endpoint=\"f\",method=\"GET\",code=\"416\"}";
    assert_eq!(scene.figure(scene.s[0], aborted), 0.0);
}

#[test]
#[ignore = "needs mpv and ffmpeg"]
fn mpv_plays_through_the_central_and_does_not_stop_when_a_secondary_dies() {
    let film = long_film();
    // Each sends a film at twice the rate at which it plays.
    let mut scene = Scene::level(3, 750_000, &[("peli.mp4", &film)]);
    let url = format!("http://{}/ver/peli.mp4", scene.c);
    let said = mpv(&scene.others(), &url);
    assert!(said.contains("first video frame"), "{said}");
    // Five seconds of it, and what the player and the window have ahead, are not two thirds of the film.
    let sent: f64 = scene
        .s
        .iter()
        .map(|s| scene.figure(*s, "trozos_sent_bytes_total{via=\"lines\"}"))
        .sum();
    assert!(sent < film.len() as f64 * 0.66, "{sent} of {}", film.len());
    let began = Instant::now();
    let playing = Command::new("mpv")
        .args(["--no-config", "--vo=null", "--ao=null", "--start=20%"])
        .args([
            "--length=8",
            "--demuxer-max-bytes=2MiB",
            "--msg-level=all=v",
            &url,
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut playing = Killed(playing);
    let mut lines = BufReader::new(playing.0.stdout.take().unwrap()).lines();
    let first = lines.find(|line| line.as_ref().unwrap().contains("first video frame"));
    assert!(first.is_some(), "it plays nothing");
    scene.secondaries[0].signal(Signal::KILL);
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(playing.0.wait().unwrap().success(), "{rest:#?}");
    // It has never run out of film.
    let stops = rest.iter().filter(|line| line.contains("Enter buffering"));
    assert_eq!(stops.count(), 0, "{rest:#?}");
    assert!(began.elapsed() < Duration::from_secs(20));
    scene.secondaries.clear();
}

/// A program that ends with the test, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs vlc and ffmpeg"]
fn vlc_plays_a_list_from_the_middle() {
    let scene = Scene::level(2, 0, &[("cine/peli uno.mp4", &film())]);
    // It does not run for root.
    let root = rustix::process::geteuid().is_root();
    let mut vlc = match root {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "cvlc"]);
            command
        }
        false => Command::new("cvlc"),
    };
    let url = format!("http://{}/m3u/cine/peli%20uno.mp4.m3u", scene.c);
    vlc.args([
        "-I", "dummy", "--vout", "dummy", "--aout", "dummy", "--no-lua", "-vv",
    ])
    .args([
        "--start-time",
        "20",
        "--run-time",
        "3",
        "--play-and-exit",
        &url,
    ])
    .arg("vlc://quit")
    .env("HOME", "/tmp")
    .env("XDG_RUNTIME_DIR", "/tmp")
    .current_dir("/");
    let played = Command::new("timeout")
        .arg("60")
        .arg(vlc.get_program())
        .args(vlc.get_args())
        .env("HOME", "/tmp")
        .current_dir("/")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[played.stdout, played.stderr].concat()).into_owned();
    assert!(played.status.success(), "{said}");
    // It went to the place, by a range whose tag it gave back.
    let asked = "trozos_http_requests_total{endpoint=\"ver\",method=\"GET\",code=";
    let of = |code: &str| scene.figure(scene.c, &format!("{asked}\"{code}\"}}"));
    assert!(of("206") >= 1.0, "{said}");
    assert_eq!((of("412"), of("416")), (0.0, 0.0), "{said}");
    assert!(scene.figure(scene.c, "trozos_stream_sent_bytes_total") > 500_000.0);
}

#[test]
#[ignore = "needs ffmpeg"]
fn seeking_costs_little_and_leaves_nobody_behind() {
    let film = long_film();
    let scene = Scene::level(3, 0, &[("peli.mp4", &film)]);
    let mut watching = hearing(CLIENT);
    watching
        .args(["ver", "peli.mp4", "--ip-central=127.0.0.10"])
        .arg(format!("--puerto-central={}", scene.c.port()))
        .current_dir(scene.others())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut watching = Killed(plain(&mut watching).spawn().unwrap());
    let mut url = String::new();
    let output = watching.0.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut url).unwrap();
    let central = format!("http://{}/ver/peli.mp4", scene.c);
    for url in [url.trim(), &central] {
        for tenth in [1, 5, 9, 3, 7] {
            let at = tenth * 60;
            scene.run(&format!(
                "timeout 20 ffmpeg -v error -ss {at} -i '{url}' -frames:v 1 -f null -"
            ));
        }
    }
    until("nobody reads", || {
        let readers = scene.figure(scene.c, "trozos_stream_readers");
        (readers == 0.0).then_some(())
    });
    kill_process(Pid::from_child(&watching.0), Signal::INT).unwrap();
    assert!(watching.0.wait().unwrap().success());
    // Five places, each with a window and two chunks, twice: at home and through the central.
    let most = 5.0 * f64::from((8 + 2) << 20);
    let cancelled = scene.figure(scene.c, "trozos_stream_cancelled_bytes_total");
    assert!(cancelled < most, "{cancelled}");
    let (mut sent, mut wasted) = (0.0, 0.0);
    until("the client's books", || {
        sent = scene
            .s
            .iter()
            .map(|s| scene.figure(*s, "trozos_sent_bytes_total{via=\"lines\"}"))
            .sum();
        wasted = scene.figure(scene.c, "trozos_wasted_bytes_total");
        let booked = scene.figure(scene.c, "trozos_received_bytes_total");
        (booked > 0.0).then_some(())
    });
    assert!(wasted < most, "{wasted}");
    // Both ends of the film, and a few seconds at five places, are not half of it.
    assert!(sent < film.len() as f64, "{sent} of twice {}", film.len());
    // One who pauses goes on.
    put(&scene.others().join("orig"), &film);
    scene.run(&format!(
        "curl -sfN {central} | (head -c 1M; sleep 35; cat) | cmp - orig"
    ));
}

#[test]
#[ignore = "needs curl and ffmpeg"]
fn who_asks_for_all_the_rest_again_and_again_is_sent_what_it_plays() {
    let scene = Scene::level(2, 0, &[("peli.mp4", &long_film())]);
    let url = format!("http://{}/ver/peli.mp4", scene.c);
    // As Safari begins: two bytes, all of which it wants to know.
    let head = scene.run(&format!("curl -s -D- -o dos -r 0-1 {url}; stat -c %s dos"));
    assert!(head.contains(" 206 ") && head.ends_with("2\n"), "{head}");
    scene.run(&format!(
        "for i in $(seq 0 29); do timeout 0.5 curl -s -r $((i*1048576))- -o /dev/null {url} || true; done"
    ));
    let sent = scene.figure(scene.c, "trozos_stream_sent_bytes_total");
    let most = f64::from((2 * (30 + 16)) << 20);
    assert!(sent < most && sent > 1e6, "{sent}");
}
