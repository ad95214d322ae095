//! A film that is made for players.

use std::{fs, process::Command};

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
