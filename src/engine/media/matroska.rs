//! Matroska and WebM (RFC 9559): elements of an id, a length and a content, each number as long as its first byte says.

use super::film::{MOST_PARTS, Media, seconds};
use crate::model::ByteRange;

const EBML: u64 = 0x1A45_DFA3;
const SEGMENT: u64 = 0x1853_8067;
const SEEK_HEAD: u64 = 0x114D_9B74;
const SEEK: u64 = 0x4DBB;
const SEEK_ID: u64 = 0x53AB;
const SEEK_POSITION: u64 = 0x53AC;
const INFO: u64 = 0x1549_A966;
const TIMESTAMP_SCALE: u64 = 0x2A_D7B1;
const DURATION: u64 = 0x4489;
const CLUSTER: u64 = 0x1F43_B675;
const CUES: u64 = 0x1C53_BB6B;

/// Nanoseconds of a unit of time, unless said otherwise.
const USUAL_SCALE: u64 = 1_000_000;

struct Element<'a> {
    id: u64,
    /// Where it begins in what was walked.
    at: usize,
    /// Its content as far as it is there, and where that begins.
    content: &'a [u8],
    content_at: usize,
    /// How long it says to be; unknown in a stream.
    length: Option<u64>,
}

/// Elements one after the other.
struct Elements<'a> {
    bytes: &'a [u8],
    at: usize,
    left: usize,
}

fn elements(bytes: &[u8]) -> Elements<'_> {
    Elements {
        bytes,
        at: 0,
        left: MOST_PARTS,
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        self.left = self.left.checked_sub(1)?;
        let rest = self.bytes.get(self.at..)?;
        let (id, id_bytes) = number(rest, Mark::Kept)?;
        let (length, length_bytes) = number(rest.get(id_bytes..)?, Mark::Cleared)?;
        let ones = (1 << (7 * length_bytes)) - 1;
        let length = (length != ones).then_some(length);
        let at = self.at;
        let content_at = at + id_bytes + length_bytes;
        let here = self.bytes.get(content_at..)?;
        let end = length.and_then(|length| usize::try_from(length).ok());
        let content = &here[..end.unwrap_or(usize::MAX).min(here.len())];
        self.at = content_at.saturating_add(end.unwrap_or(usize::MAX));
        Some(Element {
            id,
            at,
            content,
            content_at,
            length,
        })
    }
}

#[derive(PartialEq, Eq)]
enum Mark {
    /// The bit that says how long a number is is a part of it, as in ids.
    Kept,
    Cleared,
}

/// A number, and in how many bytes it was.
fn number(bytes: &[u8], mark: Mark) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let count = first.leading_zeros() as usize + 1;
    if count > 8 {
        return None;
    }
    let mut number = u64::from(first);
    if mark == Mark::Cleared {
        number &= (1 << (8 - count)) - 1;
    }
    for byte in bytes.get(1..count)? {
        number = number << 8 | u64::from(*byte);
    }
    Some((number, count))
}

fn unsigned(content: &[u8]) -> Option<u64> {
    let fits = content.len() <= 8;
    fits.then(|| {
        content
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    })
}

fn float(content: &[u8]) -> Option<f64> {
    match content.len() {
        4 => Some(f64::from(f32::from_be_bytes(content.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(content.try_into().ok()?)),
        _ => None,
    }
}

/// What the beginning of a file says; `None` when it is of another kind.
pub(super) fn look(bytes: &[u8], file_bytes: u64) -> Option<Media> {
    let mut outer = elements(bytes);
    if outer.next()?.id != EBML {
        return None;
    }
    let mut media = Media::default();
    let Some(segment) = outer.find(|element| element.id == SEGMENT) else {
        return Some(media);
    };
    let base = segment.content_at as u64;
    let mut cues_at = None;
    for element in elements(segment.content) {
        match element.id {
            SEEK_HEAD => cues_at = cues_at.or_else(|| place_of_cues(element.content)),
            INFO => media.duration = duration(element.content),
            CUES => {
                let start = base + element.at as u64;
                let end = base + element.content_at as u64;
                let end = end.saturating_add(element.length.unwrap_or(u64::MAX));
                media.index = range(start, end, file_bytes);
            }
            CLUSTER => break,
            _ => {}
        }
    }
    if media.index.is_none() {
        let start = cues_at.and_then(|at| base.checked_add(at));
        media.index = start.and_then(|start| range(start, file_bytes, file_bytes));
    }
    Some(media)
}

fn range(start: u64, end: u64, file_bytes: u64) -> Option<ByteRange> {
    let end = end.min(file_bytes);
    (start < end).then_some(ByteRange { start, end })
}

/// Where Cues begin, counted from the content of the segment.
fn place_of_cues(seek_head: &[u8]) -> Option<u64> {
    elements(seek_head)
        .filter(|element| element.id == SEEK)
        .find_map(|seek| {
            let (mut id, mut position) = (None, None);
            for element in elements(seek.content) {
                match element.id {
                    SEEK_ID => id = unsigned(element.content),
                    SEEK_POSITION => position = unsigned(element.content),
                    _ => {}
                }
            }
            position.filter(|_| id == Some(CUES))
        })
}

fn duration(info: &[u8]) -> Option<std::time::Duration> {
    let (mut scale, mut units) = (USUAL_SCALE, None);
    for element in elements(info) {
        match element.id {
            TIMESTAMP_SCALE => scale = unsigned(element.content)?,
            DURATION => units = float(element.content),
            _ => {}
        }
    }
    seconds(units? * scale as f64, 1e9)
}
