use std::time::Duration;

use super::*;
use crate::model::ByteRange;

fn part(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = (content.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend_from_slice(kind);
    bytes.extend_from_slice(content);
    bytes
}

fn mvhd(scale: u32, duration: u32) -> Vec<u8> {
    let mut content = vec![0; 12];
    content.extend_from_slice(&scale.to_be_bytes());
    content.extend_from_slice(&duration.to_be_bytes());
    content.extend_from_slice(&[0; 80]);
    part(b"mvhd", &content)
}

fn long_mvhd(scale: u32, duration: u64) -> Vec<u8> {
    let mut content = vec![1];
    content.extend_from_slice(&[0; 19]);
    content.extend_from_slice(&scale.to_be_bytes());
    content.extend_from_slice(&duration.to_be_bytes());
    part(b"mvhd", &content)
}

fn look(bytes: &[u8], file_bytes: u64) -> Option<Media> {
    Media::look(bytes, 0, file_bytes)
}

fn ftyp() -> Vec<u8> {
    part(b"ftyp", b"isom\0\0\0\0")
}

#[test]
fn an_index_at_the_beginning_says_how_long_the_film_is() {
    for (header, seconds) in [
        (mvhd(600, 600 * 90), 90),
        (long_mvhd(1000, 3_600_000), 3600),
    ] {
        let moov = part(b"moov", &[header, part(b"trak", &[0; 40])].concat());
        let file = [ftyp(), moov.clone(), part(b"mdat", &[7; 1000])].concat();
        let bytes = file.len() as u64;
        let media = look(&file, bytes).unwrap();
        assert_eq!(media.duration, Some(Duration::from_secs(seconds)));
        let (start, end) = (16, 16 + moov.len() as u64);
        assert_eq!(media.index, Some(ByteRange { start, end }));
        // Cut after the header it still knows.
        let cut = look(&file[..200.min(file.len())], bytes).unwrap();
        assert_eq!(cut, media);
        assert_eq!(media.bytes_per_second(seconds * 500), Some(500));
    }
}

#[test]
fn an_index_at_the_end_is_found_behind_the_pictures() {
    let moov = part(b"moov", &mvhd(1, 10));
    let mut head = ftyp();
    // A length of 64 bits.
    head.extend_from_slice(&1u32.to_be_bytes());
    head.extend_from_slice(b"mdat");
    head.extend_from_slice(&5_000_000_016u64.to_be_bytes());
    let behind = head.len() as u64 + 5_000_000_000;
    let bytes = behind + moov.len() as u64;
    let media = look(&head, bytes).unwrap();
    assert_eq!(media.duration, None);
    let index = media.index.unwrap();
    assert_eq!((index.start, index.end), (behind, bytes));
    let then = Media::look(&moov, index.start, bytes).unwrap();
    assert_eq!(then.duration, Some(Duration::from_secs(10)));
    assert_eq!(then.index, Some(index));
    // Pictures up to the end: there is no index.
    let mut endless = ftyp();
    endless.extend_from_slice(b"\0\0\0\0mdat");
    let media = look(&endless, 1 << 20).unwrap();
    assert_eq!(media, Media::default());
}

#[test]
fn films_in_fragments_know_their_length_from_elsewhere() {
    let mehd = part(b"mehd", &[[0; 4], 45_000u32.to_be_bytes()].concat());
    let moov = [mvhd(1000, 0), part(b"mvex", &mehd)].concat();
    let file = [ftyp(), part(b"moov", &moov)].concat();
    let media = look(&file, file.len() as u64).unwrap();
    assert_eq!(media.duration, Some(Duration::from_secs(45)));

    let mut sidx = vec![0; 8];
    sidx.extend_from_slice(&90_000u32.to_be_bytes());
    sidx.extend_from_slice(&[0; 8]);
    sidx.extend_from_slice(&[0, 0, 0, 2]);
    for _ in 0..2 {
        sidx.extend_from_slice(&[0; 4]);
        sidx.extend_from_slice(&450_000u32.to_be_bytes());
        sidx.extend_from_slice(&[0; 4]);
    }
    let moov = part(b"moov", &mvhd(1000, u32::MAX));
    let file = [ftyp(), moov, part(b"sidx", &sidx)].concat();
    let media = look(&file, file.len() as u64).unwrap();
    assert_eq!(media.duration, Some(Duration::from_secs(10)));
}

/// An element with a length of two bytes.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16 | 0x4000;
    [id, &length.to_be_bytes(), content].concat()
}

fn info(scale: Option<u32>, duration: &[u8]) -> Vec<u8> {
    let scale = scale.map(|scale| element(&[0x2A, 0xD7, 0xB1], &scale.to_be_bytes()));
    let duration = element(&[0x44, 0x89], duration);
    element(
        &[0x15, 0x49, 0xA9, 0x66],
        &[scale.unwrap_or_default(), duration].concat(),
    )
}

fn seek_head(position: u16) -> Vec<u8> {
    let seek = [
        element(&[0x53, 0xAB], &[0x1C, 0x53, 0xBB, 0x6B]),
        element(&[0x53, 0xAC], &position.to_be_bytes()),
    ];
    element(
        &[0x11, 0x4D, 0x9B, 0x74],
        &element(&[0x4D, 0xBB], &seek.concat()),
    )
}

fn matroska(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = element(&[0x1A, 0x45, 0xDF, 0xA3], &[0x42, 0x86, 0x81, 1]);
    // As long as it comes.
    bytes.extend_from_slice(&[0x18, 0x53, 0x80, 0x67, 0xFF]);
    bytes.extend_from_slice(&parts.concat());
    bytes
}

#[test]
fn matroska_says_how_long_it_is_and_where_its_index_lies() {
    let cluster = element(&[0x1F, 0x43, 0xB6, 0x75], &[0; 100]);
    let base = matroska(&[]).len() as u64;
    for (scale, duration, seconds) in [
        (None, 5000f32.to_be_bytes().to_vec(), 5),
        (Some(1_000_000), 5000f64.to_be_bytes().to_vec(), 5),
        (Some(100_000), 5000f64.to_be_bytes().to_vec(), 0),
    ] {
        let file = matroska(&[seek_head(700), info(scale, &duration), cluster.clone()]);
        let media = look(&file, 1000).unwrap();
        let expected = match seconds {
            0 => Duration::from_millis(500),
            seconds => Duration::from_secs(seconds),
        };
        assert_eq!(media.duration, Some(expected));
        let index = media.index.unwrap();
        assert_eq!((index.start, index.end), (base + 700, 1000));
    }
    // Before the pictures it has an end.
    let cues = element(&[0x1C, 0x53, 0xBB, 0x6B], &[0; 10]);
    let file = matroska(&[cues, cluster]);
    let index = look(&file, 1000).unwrap().index.unwrap();
    assert_eq!(index.end, base + 16);
    // Beyond the end there is none.
    let file = matroska(&[seek_head(2000)]);
    assert_eq!(look(&file, 1000), Some(Media::default()));
}

#[test]
fn what_is_no_film_or_not_true_says_nothing() {
    for bytes in [
        &b""[..],
        b"PK\x03\x04....",
        b"\0\0\0\x08",
        b"\0\0\0\x08free",
    ] {
        let media = look(bytes, bytes.len() as u64);
        assert_eq!(media.unwrap_or_default().duration, None, "{bytes:?}");
    }
    assert_eq!(look(b"some text and nothing else", 26), None);
    for (scale, duration) in [(0, 5), (5, 0), (1, u32::MAX - 1)] {
        let file = [ftyp(), part(b"moov", &mvhd(scale, duration))].concat();
        let media = look(&file, file.len() as u64).unwrap();
        assert_eq!(media.duration, None, "{scale} {duration}");
    }
    for duration in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
        let file = matroska(&[info(None, &duration.to_be_bytes())]);
        assert_eq!(look(&file, 1000).unwrap().duration, None, "{duration}");
    }
    // Longer than its file.
    let mut file = ftyp();
    file.extend_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF]);
    file.extend_from_slice(b"moov");
    let media = look(&file, file.len() as u64).unwrap();
    assert_eq!(media.duration, None);
}

#[test]
fn a_film_of_empty_boxes_is_not_walked_for_ever() {
    let boxes = part(b"free", &[]).repeat(100_000);
    let media = look(&boxes, boxes.len() as u64 + 8).unwrap();
    assert_eq!(media.duration, None);
    let empty = matroska(&[[0xEC, 0x80].repeat(100_000)]);
    assert_eq!(look(&empty, 1 << 30), Some(Media::default()));
}
