//! Players, with a film that is made for them.

use std::{fs, path::Path, process::Command};

use crate::scene::Scene;

/// A film of half a minute, with its index at its end, as cameras and encoders write it.
pub(crate) fn film() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=640x360:rate=24",
        ])
        .args(["-f", "lavfi", "-i", "sine=frequency=440", "-t", "30"])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-b:v",
            "3M",
            "-g",
            "48",
            "-pix_fmt",
            "yuv420p",
        ])
        .args(["-c:a", "aac", "-shortest", "film.mp4"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let bytes = fs::read(folder.path().join("film.mp4")).unwrap();
    let index = bytes.windows(4).rposition(|four| four == b"moov").unwrap();
    assert!(index > bytes.len() / 2, "the index is at the beginning");
    bytes
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
