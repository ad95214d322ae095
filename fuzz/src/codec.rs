//! Lines cut out of a stream that comes in any pieces.

use bytes::BytesMut;
use trozos::{
    model::limits::MAX_LINE_BYTES,
    proto::{LineError, Lines},
};

/// Longest stream, in bytes: a few lines of the greatest length.
const MOST_BYTES: usize = 4 * MAX_LINE_BYTES;

/// The first byte says in which pieces the rest comes. A byte 255, which is in no text, and the one after it
/// stand for many letters, so that short inputs reach the limit.
pub fn codec(data: &[u8]) {
    let Some((&step, text)) = data.split_first() else {
        return;
    };
    let stream = expand(text);
    let step = match step {
        0..=99 => usize::from(step) + 1,
        _ => (usize::from(step) - 99) * 701,
    };
    let (mut lines, mut buffer, mut seen) = (Lines::default(), BytesMut::new(), Vec::new());
    let mut too_long = false;
    'stream: for piece in stream.chunks(step) {
        buffer.extend_from_slice(piece);
        loop {
            match lines.next_line(&mut buffer) {
                Ok(Some(line)) => seen.push(line),
                Ok(None) => break,
                Err(LineError::TooLong) => {
                    too_long = true;
                    break 'stream;
                }
                Err(LineError::NotAMessage(error)) => panic!("a line was parsed: {error}"),
            }
        }
        assert!(buffer.len() < MAX_LINE_BYTES, "more is kept than a line");
    }

    let mut rest = &stream[..];
    let mut expected = Vec::new();
    while let Some(end) = rest.iter().take(MAX_LINE_BYTES).position(|b| *b == b'\n') {
        expected.push(&rest[..end]);
        rest = &rest[end + 1..];
    }
    assert_eq!(seen, expected);
    assert_eq!(too_long, rest.len() >= MAX_LINE_BYTES);
    // After a line that is too long nothing more is read.
    assert!(rest.starts_with(&buffer) && (too_long || rest.len() == buffer.len()));
}

fn expand(text: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            u8::MAX => {
                let count = bytes.next().map_or(0, |count| usize::from(*count));
                stream.resize(stream.len() + count * 257, b'x');
            }
            _ => stream.push(byte),
        }
        if stream.len() >= MOST_BYTES {
            break;
        }
    }
    stream
}
