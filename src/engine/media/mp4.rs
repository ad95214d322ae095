//! MP4 and QuickTime (ISO 14496-12): boxes of a length, a type and a content, which may be boxes again.

use super::film::{MOST_PARTS, Media, seconds};
use crate::model::ByteRange;

/// What files of this kind begin with.
const FIRST: [&[u8; 4]; 7] = [
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"styp",
];

/// A box whose header is there.
struct Part<'a> {
    kind: [u8; 4],
    start: u64,
    /// Where the next one begins.
    end: u64,
    /// Where its content begins, and the content as far as that is there.
    inner: u64,
    content: &'a [u8],
}

/// Boxes one after the other.
struct Parts<'a> {
    bytes: &'a [u8],
    /// Where these bytes begin, and where what they are a part of ends.
    at: u64,
    end: u64,
    left: usize,
}

impl<'a> Parts<'a> {
    fn new(bytes: &'a [u8], at: u64, end: u64) -> Self {
        Self {
            bytes,
            at,
            end,
            left: MOST_PARTS,
        }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        self.left = self.left.checked_sub(1)?;
        let short = u64::from(number32(self.bytes, 0)?);
        let kind = array(self.bytes, 4)?;
        let (header, length) = match short {
            0 => (8, self.end.checked_sub(self.at)?),
            1 => (16, number64(self.bytes, 8)?),
            length => (8, length),
        };
        let end = self.at.checked_add(length)?;
        if length < header || end > self.end {
            return None;
        }
        let here = self
            .bytes
            .len()
            .min(usize::try_from(length).unwrap_or(usize::MAX));
        let content = self.bytes.get(header as usize..here).unwrap_or(&[]);
        let part = Part {
            kind,
            start: self.at,
            end,
            inner: self.at + header,
            content,
        };
        self.bytes = self.bytes.get(here..).unwrap_or(&[]);
        self.at = end;
        Some(part)
    }
}

/// What boxes say that begin at `at`.
pub(super) fn look(bytes: &[u8], at: u64, file_bytes: u64) -> Option<Media> {
    let mut media = Media::default();
    // Where the first box begins whose header is not there.
    let mut rest = at;
    let mut is_first = true;
    for part in Parts::new(bytes, at, file_bytes) {
        if std::mem::take(&mut is_first) && !FIRST.contains(&&part.kind) {
            return None;
        }
        rest = part.end;
        match &part.kind {
            b"moov" => {
                media.index = Some(ByteRange {
                    start: part.start,
                    end: part.end,
                });
                media.duration = film(&part).or(media.duration);
            }
            // The index of a stream of fragments.
            b"sidx" => media.duration = media.duration.or_else(|| segments(part.content)),
            _ => {}
        }
    }
    if is_first {
        return None;
    }
    if media.index.is_none() && rest < file_bytes {
        media.index = Some(ByteRange {
            start: rest,
            end: file_bytes,
        });
    }
    Some(media)
}

/// How long the film of a `moov` is.
fn film(moov: &Part<'_>) -> Option<std::time::Duration> {
    let (mut scale, mut whole, mut fragments) = (None, None, None);
    for part in Parts::new(moov.content, moov.inner, moov.end) {
        match &part.kind {
            b"mvhd" => {
                let is_long = part.content.first() == Some(&1);
                scale = number32(part.content, if is_long { 20 } else { 12 });
                whole = length(part.content, is_long, if is_long { 24 } else { 16 });
            }
            b"mvex" => {
                let mut inside = Parts::new(part.content, 0, part.content.len() as u64);
                let mehd = inside.find(|inner| &inner.kind == b"mehd");
                let mehd = mehd.map_or(&[][..], |mehd| mehd.content);
                fragments = length(mehd, mehd.first() == Some(&1), 4);
            }
            _ => {}
        }
    }
    // A film in fragments has no pictures of its own.
    let units = whole.or(fragments)?;
    seconds(units as f64, f64::from(scale.filter(|scale| *scale > 0)?))
}

/// A length of four or eight bytes; zero and all ones mean that it is not known.
fn length(content: &[u8], is_long: bool, at: usize) -> Option<u64> {
    let (length, unknown) = if is_long {
        (number64(content, at)?, u64::MAX)
    } else {
        (u64::from(number32(content, at)?), u64::from(u32::MAX))
    };
    (length != 0 && length != unknown).then_some(length)
}

/// How long all that a `sidx` lists is together.
fn segments(content: &[u8]) -> Option<std::time::Duration> {
    let scale = number32(content, 8).filter(|scale| *scale > 0)?;
    let times = if content.first() == Some(&1) { 16 } else { 8 };
    let count_at = 12 + times + 2;
    let count = usize::from(u16::from_be_bytes(array(content, count_at)?));
    let mut units = 0;
    for n in 0..count {
        units += u64::from(number32(content, count_at + 2 + n * 12 + 4)?);
    }
    seconds(units as f64, f64::from(scale))
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn number32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

fn number64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}
