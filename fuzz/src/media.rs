//! What is said of films and subtitles, whose bytes are anybody's.

use trozos::{engine::media::Media, http::fuzzing::to_vtt};

/// The first two bytes say how much of a file the rest is, and where it begins.
pub fn media(data: &[u8]) {
    let [more, at, part @ ..] = data else {
        return;
    };
    let at = u64::from(*at);
    let file_bytes = at + part.len() as u64 + (u64::from(*more) << 20);
    let Some(media) = Media::look(part, at, file_bytes) else {
        return;
    };
    if let Some(index) = media.index {
        assert!(index.start < index.end && index.end <= file_bytes);
    }
    if let Some(duration) = media.duration {
        assert!(!duration.is_zero());
        assert!(media.bytes_per_second(file_bytes) != Some(0));
    }
}

/// A file of subtitles.
pub fn subtitles(data: &[u8]) {
    let vtt = to_vtt(data);
    assert!(vtt.starts_with("WEBVTT"));
    assert!(!vtt.contains(['\0', '\r']));
    assert!(vtt.len() <= data.len() * 8 + 16);
    // What was converted is not converted again.
    assert_eq!(to_vtt(vtt.as_bytes()), vtt);
}
